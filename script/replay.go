package script

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Replay runs a script on the model of a kernel that is recorded in it, at the recorded times, and
// compares. It returns nil if they agree, a *[Difference] if not, and any other error
// if the script cannot be run.
//
// A kernel notices a new second of CLOCK_MONOTONIC up to a jiffy late (paws.ClockSeconds), so that a recording is replayed
// with seconds that begin a jiffy later as well, if it does not agree at first. And of a kernel with several
// processors, or of which it is not known where its clocks stood (Kernel.CPUs, Kernel.Monotonic), timers may come a
// jiffy late: there all times are tried one jiffy later and one earlier, too. The
// difference returned is the one that comes latest.
func Replay(s *Script, kernelName string) error {
	k, ok := s.Kernel(kernelName)
	if !ok {
		return fmt.Errorf("%s: no recording of kernel %s", s.Name, kernelName)
	}
	cfg, err := ModelOf(k)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	cfg.Ports = s.ports(kernelName)
	return ReplayOn(s, kernelName, cfg)
}

// ReplayOn is Replay on a model of one's own making: a vendor's kernel, or other
// defaults of sysctls.
func ReplayOn(s *Script, kernelName string, cfg ModelConfig) error {
	hz := cfg.HZ
	if hz == 0 {
		hz = defaultHZ
	}
	jiffy := time.Second / time.Duration(hz)
	var tries []clocks
	switch {
	case len(cfg.At) == 0:
		tries = []clocks{{}}
	case cfg.Punctual:
		tries = []clocks{{}, {second: jiffy}}
	default:
		tries = []clocks{{}, {second: jiffy}, {all: jiffy}, {jiffy, jiffy}, {all: -jiffy}, {-jiffy, jiffy}}
	}
	var best *Difference
	var with clocks
	for _, c := range tries {
		d, err := replayOnce(s, kernelName, cfg, c, false)
		if err != nil || d == nil {
			return err
		}
		if best == nil || d.Step > best.Step {
			best, with = d, c
		}
	}
	if again, err := replayOnce(s, kernelName, cfg, with, true); err == nil && again != nil {
		best = again
	}
	return best
}

// clocks is how much later than recorded all steps take place, and seconds of the monotonic clock begin.
type clocks struct{ all, second time.Duration }

// replayOnce replays with clocks that are off.
func replayOnce(s *Script, kernelName string, cfg ModelConfig, off clocks, explain bool) (*Difference, error) {
	cfg.At, cfg.End = slices.Clone(cfg.At), slices.Clone(cfg.End)
	for i := range cfg.At {
		cfg.At[i] += off.all
		cfg.End[i] += off.all
	}
	cfg.Monotonic -= off.all + off.second
	m, err := NewModel(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	m.explain = explain
	reasons := make([]string, 0, len(s.Steps))
	trace, err := run(s, m, func() { reasons = append(reasons, m.reason) })
	if err != nil {
		return nil, err
	}
	var d *Difference
	if errors.As(Compare(s, kernelName, trace), &d) {
		if s.Steps[d.Step].Op == OpSegment {
			d.Explain = reasons[d.Step]
		}
	}
	return d, nil
}

// ports returns the port that each step is recorded to have chosen, 0 for none.
func (s *Script) ports(kernelName string) []uint16 {
	ports := make([]uint16, len(s.Steps))
	for i := range s.Steps {
		for _, a := range s.Answers(i, kernelName) {
			if _, text, ok := strings.Cut(a.Text, " port "); ok && strings.HasPrefix(a.Text, "= ") {
				if n, err := strconv.ParseUint(text, 10, 16); err == nil {
					ports[i] = uint16(n)
				}
			}
		}
	}
	return ports
}

// ReplayTrace is Replay of what a kernel has just done with a script, without regard to what the
// script expects: the model beside the kernel. k.At and k.End are taken from the trace. The script is not changed.
func ReplayTrace(s *Script, k Kernel, trace Trace) error {
	bare := s.Bare()
	if err := Record(bare, k, trace); err != nil {
		return err
	}
	return Replay(bare, k.Name)
}
