package sim

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Arrivals say when clients come. Begin starts them anew: each call of what it returns is the time of the
// next, since the first moment, which never goes back; false says that there are no more.
type Arrivals interface {
	Begin(r *rand.Rand) func() (time.Duration, bool) // starts them anew; r is what random ones draw from
}

// seconds is a time in seconds, as long as one can be.
func seconds(s float64) time.Duration {
	if !(s < math.MaxInt64/2/1e9) {
		return math.MaxInt64 / 2
	}
	return time.Duration(s * 1e9)
}

// exponential draws from the exponential distribution of mean 1 by comparing uniform numbers (von Neumann), which
// has the same result on every processor, as a logarithm has not. The conversions to float64 in sums of products
// are there for the same reason: without them a processor may leave out a rounding (.ci/run looks for what is left).
func exponential(r *rand.Rand) float64 {
	var pair uint64 // two numbers of 32 bits, which is fine enough for nanoseconds of what lasts seconds
	drawn := 0
	draw := func() uint32 {
		if drawn++; drawn&1 == 1 {
			pair = r.Uint64()
			return uint32(pair)
		}
		return uint32(pair >> 32)
	}
	for whole := 0.0; ; whole++ {
		first := draw()
		run := 1
		for last := first; ; run++ {
			next := draw()
			if next >= last {
				break
			}
			last = next
		}
		if run&1 == 1 {
			return whole + float64(float64(first)/(1<<32))
		}
	}
}

// Constant is a rate per second, evenly: the first comes at 0. A rate that is not above 0 brings nobody.
type Constant float64

// Begin starts them.
func (rate Constant) Begin(*rand.Rand) func() (time.Duration, bool) {
	n := 0
	return func() (time.Duration, bool) {
		if !(rate > 0) {
			return 0, false
		}
		n++
		return seconds(float64(n-1) / float64(rate)), true
	}
}

// Poisson is a mean rate per second of arrivals that know nothing of each other. A rate that is not above 0
// brings nobody.
type Poisson float64

// Begin starts them.
func (rate Poisson) Begin(r *rand.Rand) func() (time.Duration, bool) {
	at := 0.0
	return func() (time.Duration, bool) {
		if !(rate > 0) {
			return 0, false
		}
		at += float64(exponential(r) / float64(rate))
		return seconds(at), true
	}
}

// Bursts are Size arrivals at the same moment, again after each Period.
type Bursts struct {
	Size   int           // arrivals of one burst
	Period time.Duration // from one burst to the next
}

// Begin starts them. A Size or a Period that is not above 0 brings nobody.
func (b Bursts) Begin(*rand.Rand) func() (time.Duration, bool) {
	n := 0
	return func() (time.Duration, bool) {
		if b.Size <= 0 || b.Period <= 0 {
			return 0, false
		}
		n++
		return time.Duration((n-1)/b.Size) * b.Period, true
	}
}

// OnOff lets arrivals come for a time, none for a time, and so on. The time of Arrivals stands still while
// they are off.
type OnOff struct {
	Arrivals Arrivals      // who come while they are on
	On, Off  time.Duration // the time on, then the time off
}

// Begin starts them. A nil Arrivals or an On that is not above 0 brings nobody.
func (o OnOff) Begin(r *rand.Rand) func() (time.Duration, bool) {
	if o.Arrivals == nil || o.On <= 0 {
		return func() (time.Duration, bool) { return 0, false }
	}
	next := o.Arrivals.Begin(r)
	return func() (time.Duration, bool) {
		at, ok := next()
		return at + at/o.On*max(o.Off, 0), ok
	}
}

// Ramp is a rate per second that grows, or falls, from one value to another within a time, evenly spaced as
// the rate of the moment wants it, and then ends.
type Ramp struct {
	From, To float64       // the rates per second at the beginning and at the end
	For      time.Duration // how long it takes from one to the other
}

// Begin starts them. A negative rate, or a time that is not above 0, brings nobody.
func (p Ramp) Begin(*rand.Rand) func() (time.Duration, bool) {
	n, length := 0.0, p.For.Seconds()
	slope := (p.To - p.From) / length
	return func() (time.Duration, bool) {
		if !(p.From >= 0 && p.To >= 0 && length > 0) {
			return 0, false
		}
		// n arrivals have come when from*t + slope*t*t/2 = n.
		at := 0.0
		if slope == 0 {
			at = n / p.From
		} else if root := float64(p.From*p.From) + float64(2*slope*n); root >= 0 {
			at = (math.Sqrt(root) - p.From) / slope
		} else {
			return 0, false
		}
		n++
		return seconds(at), at < length
	}
}

// Times are arrivals at these times, in any order.
type Times []time.Duration

// Begin starts them.
func (ts Times) Begin(*rand.Rand) func() (time.Duration, bool) {
	sorted := slices.Clone(ts)
	slices.Sort(sorted)
	return func() (time.Duration, bool) {
		if len(sorted) == 0 {
			return 0, false
		}
		at := sorted[0]
		sorted = sorted[1:]
		return max(at, 0), true
	}
}

// ReadTimes reads a trace: a time in seconds a line ("0.25"), or one with a unit ("250ms"). Empty lines and what
// follows a # are passed over. The error names the line.
func ReadTimes(r io.Reader) (Times, error) {
	var ts Times
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		text, _, _ := strings.Cut(in.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		at, err := time.ParseDuration(text)
		if s, e := strconv.ParseFloat(text, 64); e == nil && s >= 0 && s < 1e9 {
			at, err = seconds(s), nil
		}
		if err != nil || at < 0 {
			return nil, fmt.Errorf("sim: line %d: %q is no time: give seconds, as 0.25, or a unit, as 250ms", n, text)
		}
		ts = append(ts, at)
	}
	return ts, in.Err()
}

// A Span is a length of time, as drawn for each who needs one. The zero Span is no time.
type Span struct {
	Mean time.Duration // its mean
	// Exponential draws it from the exponential distribution; otherwise it is always Mean.
	Exponential bool
}

// Exactly is always the same time.
func Exactly(d time.Duration) Span { return Span{Mean: d} }

// Exponential is a time from the exponential distribution.
func Exponential(mean time.Duration) Span { return Span{Mean: mean, Exponential: true} }

func (s Span) draw(r *rand.Rand) time.Duration {
	if s.Exponential {
		return seconds(exponential(r) * s.Mean.Seconds())
	}
	return s.Mean
}
