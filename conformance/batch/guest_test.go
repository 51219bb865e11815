package batch

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/linuxtcp/conformance/boot"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/script"
)

// TestGuest boots the kernel of the tree that the variable LINUXTCP_TREE names. COUNT and WIDTH are how many
// scripts, and how many of them side by side.
func TestGuest(t *testing.T) {
	tree := os.Getenv("LINUXTCP_TREE")
	if tree == "" {
		t.Skip("needs an unpacked kernel package, named by LINUXTCP_TREE")
	}
	number := func(name string, n int) int {
		if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return v
		}
		return n
	}
	guest := filepath.Join(t.TempDir(), "guest")
	c := exec.Command("go", "build", "-o", guest, "../cmd/guest")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var scripts []*script.Script
	for count := number("COUNT", 3); len(scripts) < count; {
		scripts = append(scripts, load(t)...)
	}
	g := Guest{Name: tree, Machine: boot.Machine{Tree: tree, Guest: guest, Icount: "shift=1,sleep=off"}, Width: number("WIDTH", 16), Log: func(s string) { t.Log(s) }}
	start := time.Now()
	traces, err := g.Run(scripts)
	if err != nil {
		t.Fatal(err)
	}
	steps, gaps, late := 0, []time.Duration{}, []time.Duration{}
	for i := range traces {
		if traces[i].Err != "" {
			t.Errorf("%s: %s", traces[i].Script, traces[i].Err)
		}
		late = append(late, traces[i].Late)
		s := traces[i].Steps
		timers(t, &traces[i])
		steps += len(s)
		for j := 1; j < len(s); j++ {
			gaps = append(gaps, s[j].Seen.At-s[j-1].Seen.End)
		}
	}
	took := time.Since(start)
	t.Logf("%+v", traces[0].Kernel)
	t.Logf("%d scripts, %d steps in %v: %.0f scripts/min; beyond its time median %v 90%% %v max %v; between steps median %v 90%% %v max %v", len(traces), steps, took,
		float64(len(traces))/took.Minutes(), at(late, .5), at(late, .9), at(late, 1), at(gaps, .5), at(gaps, .9), at(gaps, 1))
}

// timers checks that SYNs are sent again when a timer of one second is due by the jiffies counter, to the jiffy.
func timers(t *testing.T, tr *Trace) {
	clock, err := kernel.NewClock(kernel.MustParse(tr.Kernel.Release).Semantics(), tr.Kernel.HZ)
	if err != nil {
		t.Fatal(err)
	}
	for j := 1; j < len(tr.Steps); j++ {
		first, wait := &tr.Steps[j-1], &tr.Steps[j]
		if first.Call.Op != script.OpConnect || wait.Call.Op != script.OpWait || len(wait.Seen.Sent) == 0 {
			continue
		}
		due := clock.TimerExpiry(first.Seen.At, time.Second, kernel.TimerExact)
		if late := wait.Seen.Sent[0].At - due; late < 0 || late > clock.Tick()/2 {
			t.Errorf("%s: SYN sent again %v after the timer was due; blurred %d", tr.Script, late, tr.Blurred)
		} else {
			t.Logf("%s: SYN sent again %v after the timer was due", tr.Script, late)
		}
	}
}

// at is a quantile.
func at(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[int(q*float64(len(d)-1))]
}
