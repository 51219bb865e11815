package portalloc

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/internal/recorded"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
)

// An observation is what a running kernel answered in one experiment.
type observation = recorded.Line

var replays = map[string]func(*testing.T, observation){
	"ports":     replayPorts,
	"portorder": replayOrder,
	"bindports": replayBind,
	"twreuse":   replayReuse,
}

func TestObservations(t *testing.T) {
	seen := map[string]map[string]int{}
	for _, o := range recorded.Read(t) {
		replay := replays[o.Exp]
		if replay == nil {
			t.Errorf("%s: nothing replays %q", o.Place(), o.Exp)
			continue
		}
		if seen[o.File] == nil {
			seen[o.File] = map[string]int{}
		}
		seen[o.File][o.Exp]++
		t.Run(o.Name(), func(t *testing.T) {
			replay(t, o)
			if t.Failed() {
				t.Logf("observed: %.1500s", o.Text)
			}
		})
	}
	for file, n := range seen {
		if n["ports"] != 5 || n["portorder"] != 1 || n["bindports"] != 2 || n["twreuse"] != 30 {
			t.Errorf("%s: %v", file, n)
		}
	}
}

const (
	noneLeft = "cannot assign requested address"
	inUse    = "address already in use"
)

// replayPorts checks that the order of ports is one that the kernel's model may show, and
// that the model runs out of ports after as many.
func replayPorts(t *testing.T, o observation) {
	var in struct{ Range [2]int }
	var out struct {
		Dst1, Dst2 []int
		Err1, Err2 string
		Port       int
	}
	o.Decode(t, &in, &out)
	lo, hi := in.Range[0], in.Range[1]
	if lo == hi {
		out.Dst1, out.Dst2, out.Err1, out.Err2 = []int{out.Port}, []int{out.Port}, noneLeft, noneLeft
	}
	for _, seen := range []struct {
		ports []int
		err   string
	}{{out.Dst1, out.Err1}, {out.Dst2, out.Err2}} {
		if seen.err != noneLeft {
			t.Errorf("error %q", seen.err)
		}
		if err := allowed(o.Kernel, lo, hi, seen.ports, true); err != nil {
			t.Error(err)
		}
	}
	// And the Allocator's own sequences are allowed too, whatever its secret.
	for seed := range 20 {
		a := allocator(t, o.Kernel, lo, hi, uint64(seed), nil)
		var got []int
		for {
			r := must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0]))
			if r.Errno != 0 {
				break
			}
			got = append(got, int(r.Port))
		}
		if err := allowed(o.Kernel, lo, hi, got, true); err != nil || len(got) < hi-lo {
			t.Errorf("the model gave %v: %v", got, err)
		}
	}
}

func replayOrder(t *testing.T, o observation) {
	var in struct{ Range string }
	var out struct{ ClosedAtOnce, ManyDst, SameDst []int }
	o.Decode(t, &in, &out)
	var lo, hi int
	fmt.Sscan(in.Range, &lo, &hi)
	if len(out.SameDst) != 24 || len(out.ManyDst) != 24 || len(out.ClosedAtOnce) != 24 {
		t.Fatal("24 of each")
	}
	if err := allowed(o.Kernel, lo, hi, out.SameDst, false); err != nil {
		t.Error(err)
	}
	c := newChecker(o.Kernel, lo, hi)
	for i, port := range out.ClosedAtOnce {
		if !c.next(port, false) {
			t.Errorf("closed at once: port %d cannot come at place %d", port, i)
		}
	}
	// Each of many destinations begins at a place of its own, of the first parity.
	for _, port := range out.ManyDst {
		if c := newChecker(o.Kernel, lo, hi); !c.next(port, true) {
			t.Errorf("the first port to a destination cannot be %d", port)
		}
	}
}

// allocator is a kernel with its defaults, a range, and draws by a seed or by a function.
func allocator(t interface{ Helper() }, release string, lo, hi int, seed uint64, draw func() uint32) *Allocator {
	t.Helper()
	r := kernel.MustParse(release)
	cfg := Config{Semantics: r.Semantics(), Sysctls: must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20})), Rand: draw}
	cfg.Sysctls.IPLocalPortRange = kernel.PortRange{Low: lo, High: hi}
	for i := range 8 {
		cfg.Key[i] = byte((seed + 1) * 0x9e3779b97f4a7c15 >> (8 * i))
	}
	if draw == nil {
		state := seed
		cfg.Rand = func() uint32 { state = state*6364136223846793005 + 1442695040888963407; return uint32(state >> 33) }
	}
	return must(New(cfg))
}

// replayBind finds for each bind() a draw with which the model answers the same.
func replayBind(t *testing.T, o observation) {
	var in struct {
		Range     string
		ReuseAddr bool
	}
	var out struct {
		ConnectErr, Err string
		Distinct        int
		Ports           []int
	}
	o.Decode(t, &in, &out)
	var lo, hi int
	fmt.Sscan(in.Range, &lo, &hi)
	var draws []uint32
	play := func(draws []uint32) (a *Allocator, last Result) {
		var now uint32
		a = allocator(t, o.Kernel, lo, hi, 1, func() uint32 { return now })
		for _, now = range draws {
			last = must(a.Bind(must(a.Open(Options{ReuseAddr: in.ReuseAddr})), netip.MustParseAddrPort("10.0.0.1:0")))
		}
		return a, last
	}
	for i, port := range out.Ports {
		found := false
		for draw := range uint32(hi - lo + 1) {
			if _, r := play(append(draws, draw)); r.Errno == 0 && int(r.Port) == port {
				draws, found = append(draws, draw), true
				break
			}
		}
		if !found {
			t.Fatalf("no draw gives %d at place %d", port, i)
		}
	}
	slices.Sort(out.Ports)
	if n := len(slices.Compact(out.Ports)); n != out.Distinct || n != hi-lo+1 {
		t.Errorf("%d distinct ports", n)
	}
	a, _ := play(draws)
	if out.Err == inUse {
		if _, r := play(append(draws, 0)); r.Errno != EADDRINUSE {
			t.Errorf("one more: %v", r)
		}
	} else if _, r := play(append(draws, 0)); r.Errno != 0 {
		t.Errorf("one more: %v", r)
	}
	r := must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0]))
	if r.Errno != EADDRNOTAVAIL || r.Examined != hi-lo+1 || out.ConnectErr != noneLeft {
		t.Errorf("connect: %v, observed %q", r, out.ConnectErr)
	}
}

// table lets a timewait.Table answer an Allocator.
type table struct {
	*timewait.Table
	sem *kernel.Semantics
	sys *kernel.Sysctls
}

func (t table) Possible(src, dst netip.Addr) bool {
	r := timewait.Reuse{State: timewait.TimeWait, Loopback: timewait.IsLoopback(src, dst, false), SeenAt: 1, Now: 1000, EntryMs: 0, NowMs: 100000}
	return timewait.DecideReuse(t.sem, t.sys, r).Action == timewait.Take
}

func (t table) Take(now time.Duration, local, remote netip.AddrPort, bound bool) bool {
	v, _, err := t.Connect(now, local, remote, bound)
	return err == nil && v.Action == timewait.Take
}

// replayReuse has one port bound and one in TIME_WAIT.
func replayReuse(t *testing.T, o observation) {
	var in struct {
		Loopback, TS  bool
		Reuse, WaitMs int
	}
	var out struct {
		Counters map[string]int
		Err      string
		SamePort bool
	}
	o.Decode(t, &in, &out)
	src, dst := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddrPort("10.2.0.1:443")
	r := kernel.MustParse(o.Kernel)
	possible := false
	for phase := time.Duration(0); phase < time.Second; phase += 50 * time.Millisecond { // within the second; not recorded
		now := 61*time.Second + phase
		sys := must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20}))
		sys.TCPTWReuse = in.Reuse
		sys.IPLocalPortRange = kernel.PortRange{Low: 40000, High: 40001}
		sem := r.Semantics()
		tw := must(timewait.New(timewait.Config{Semantics: sem, Sysctls: sys}))
		a := must(New(Config{Semantics: sem, Sysctls: sys, Rand: func() uint32 { return 0 }, TimeWaits: table{tw, &sem, &sys}}))
		must(a.Bind(must(a.Open(Options{})), netip.MustParseAddrPort("0.0.0.0:40000")))
		s := must(a.Open(Options{}))
		first := must(a.Connect(now, s, src, dst))
		if first.Port != 40001 {
			t.Fatal(first)
		}
		must(tw.Enter(now, timewait.Socket{Local: netip.AddrPortFrom(src, 40001), Remote: dst, State: timewait.TimeWait, Timestamps: in.TS, TSAt: now}))
		if err := a.TimeWait(s); err != nil {
			t.Fatal(err)
		}
		got := must(a.Connect(now+time.Duration(in.WaitMs+10)*time.Millisecond, must(a.Open(Options{})), src, dst))
		if (got.Errno == 0) != out.SamePort {
			continue
		}
		possible = true
		if got.Errno != 0 && (got.Errno != EADDRNOTAVAIL || out.Err != noneLeft) || got.Errno == 0 && (got.Port != 40001 || !got.TookOver) {
			t.Errorf("%v", got)
		}
		if n := a.Counters().Get(kernel.TWRecycled); int(n) != out.Counters["TWRecycled"] {
			t.Errorf("TWRecycled %d", n)
		}
		if _, ok := a.Info(s); ok == out.SamePort {
			t.Errorf("the entry is still there: %v", ok)
		}
	}
	if !possible {
		t.Error("no phase of the second gives what was observed")
	}
}
