package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/boot"
	"example.com/linuxtcp/script"
)

// A Kernel is one that can be asked.
type Kernel interface {
	// String is how the user named it.
	String() string
	// Run runs scripts and returns a trace for each that this kernel was asked, in their
	// order; see [Trace].Err for those that failed. An error means that the kernel could
	// not be asked at all.
	Run(scripts []*script.Script) ([]Trace, error)
}

// Own is the running kernel.
type Own struct {
	// Width is how many scripts run side by side; 0 means 16.
	Width int
	// Longest: scripts that wait for longer in all are passed over; they have no trace. 0 means that
	// none is.
	Longest time.Duration
}

// String names it in messages.
func (Own) String() string { return "own" }

// Waits is how long a script waits in all, settling not counted.
func Waits(s *script.Script) (sum time.Duration) {
	for i := range s.Steps {
		if s.Steps[i].Op == script.OpWait {
			sum += s.Steps[i].Wait
		}
	}
	return sum
}

// Run needs the right to make network namespaces.
func (o Own) Run(scripts []*script.Script) ([]Trace, error) {
	width := o.Width
	if width == 0 {
		width = 16
	}
	asked := short(scripts, o.Longest)
	traces := make([]Trace, len(asked))
	err := Here(asked, width, func(i int, t Trace) { traces[i] = t })
	return traces, err
}

// Narrow is the kernel that runs so many scripts at once, 1 for alone, and passes none over.
func Narrow(k Kernel, width int) Kernel {
	switch k := k.(type) {
	case Own:
		return Own{Width: width}
	case *Guest:
		narrow := *k
		narrow.Width, narrow.Longest = width, 0
		return &narrow
	}
	return k
}

// short are the scripts that wait for no longer than that in all, 0 for any time.
func short(scripts []*script.Script, longest time.Duration) (asked []*script.Script) {
	for _, s := range scripts {
		if longest == 0 || Waits(s) <= longest {
			asked = append(asked, s)
		}
	}
	return asked
}

// A Guest is a kernel that is booted in a virtual machine for each batch.
type Guest struct {
	Name string
	boot.Machine
	// Width is how many scripts run side by side; 0 means 8. With more of them steps
	// take place many milliseconds after their time.
	Width int
	// Longest is as for [Own].
	Longest time.Duration
	// Log is called with what the machine says besides; nil for nobody.
	Log func(line string)
}

// String is its name.
func (g *Guest) String() string { return g.Name }

// guestScript is a script on its way to a guest.
type guestScript struct{ Name, Text string }

const (
	scriptsFile = "scripts"
	batchDone   = "#batch done"
)

// Run boots the kernel once, and once more for the scripts of which no whole trace came.
func (g *Guest) Run(scripts []*script.Script) ([]Trace, error) {
	scripts = short(scripts, g.Longest)
	traces := make([]Trace, len(scripts))
	left := make([]int, len(scripts))
	for i := range left {
		left[i] = i
	}
	var failed error
	for try := range 2 {
		if len(left) == 0 {
			break
		}
		got, reasons, err := g.boot(scripts, left)
		if len(got) == 0 && err != nil {
			if try > 0 {
				return nil, errors.Join(failed, err)
			}
			failed = err
		}
		var still []int
		for _, i := range left {
			if t, ok := got[i]; ok {
				traces[i] = t
				continue
			}
			traces[i] = Trace{Script: scripts[i].Name, Err: fmt.Sprintf("%v; %v", reasons[i], err)}
			still = append(still, i)
		}
		left = still
	}
	return traces, nil
}

// boot runs the scripts with these indices. reasons has those of which no trace came.
func (g *Guest) boot(scripts []*script.Script, which []int) (got map[int]Trace, reasons map[int]error, err error) {
	var list []guestScript
	for _, i := range which {
		list = append(list, guestScript{scripts[i].Name, scripts[i].Bare().String()})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, nil, err
	}
	m := g.Machine
	m.Files = append([]boot.File{boot.Regular(scriptsFile, text)}, m.Files...)
	width := g.Width
	if width == 0 {
		width = 8
	}
	var r Reader
	var last []string // of what else it said
	done := false
	err = m.Run("batch=/"+scriptsFile+" width="+strconv.Itoa(width), func(line string) {
		switch {
		case r.Line(line):
		case strings.Contains(line, batchDone):
			done = true
		case strings.TrimSpace(line) != "":
			if last = append(last, line); len(last) > 20 {
				last = last[1:]
			}
			if g.Log != nil {
				g.Log(line)
			}
		}
	})
	if err == nil && !done {
		err = fmt.Errorf("the machine ended early; the last that it said:\n%s", strings.Join(last, "\n"))
	}
	got, reasons = map[int]Trace{}, map[int]error{}
	for n, i := range which {
		t, e := r.Trace(n)
		if e != nil {
			reasons[i] = e
			continue
		}
		got[i] = t
	}
	return got, reasons, err
}

// InGuest is the guest's part of [Guest.Run]: it runs the scripts of a file and prints their
// traces.
func InGuest(file string, width int) error {
	// A collection stops all threads, those that run ahead of all others too.
	debug.SetGCPercent(-1)
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err == nil {
		debug.SetMemoryLimit(int64(info.Totalram) * int64(info.Unit) / 2)
	}
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return err
	}
	var list []guestScript
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	scripts := make([]*script.Script, len(list))
	for i, s := range list {
		if scripts[i], err = script.Parse(s.Name, s.Text); err != nil {
			return err
		}
	}
	err = InWaves(scripts, width, func(i int, t Trace) {
		if err := WriteTrace(os.Stdout, i, &t); err != nil {
			fmt.Println("trace", i, err)
		}
	})
	if err != nil {
		return err
	}
	fmt.Println("\n" + batchDone)
	return nil
}
