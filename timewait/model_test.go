package timewait

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// A dumb table: a slice of entries, and timers found by looking at all of them. The
// death row is eight and 32 slices. No hashing, no buckets, no reuse of memory.
type dumb struct {
	sem   kernel.Semantics
	clock kernel.Clock
	now   time.Duration
	all   []*dumbEntry
	seq   int
	count map[kernel.Counter]int

	// the death row
	cells          [8][]*dumbEntry
	rows           [32][]*dumbEntry
	hand, row      int
	slow, fast     time.Duration // 0 for off
	rowJiffy       uint64
	fastOn, slowOn bool
	endedAt        []string
}

type dumbEntry struct {
	port    uint16
	state   State
	rcv     uint32
	due     time.Duration
	level   int
	seq     int
	short   bool
	waiting bool
}

func (d *dumb) waiting() (n int) {
	for _, e := range d.all {
		if e.waiting {
			n++
		}
	}
	return n
}

func (d *dumb) schedule(e *dumbEntry, timeout time.Duration) {
	d.seq++
	e.short = timeout <= 4*time.Second
	if d.sem.TimeWaitTimers {
		due, level := d.clock.TimerExpiry(d.now, timeout, kernel.TimerExact), d.clock.WheelLevel(timeout)
		if d.sem.Wheel != kernel.WheelCoarse && timeout == Length {
			level = 60 // of TIME_WAIT's length: these run first in 4.1 to 4.7
		}
		if !e.waiting || e.due != due || e.level != level {
			e.seq = d.seq
		}
		e.due, e.level, e.waiting = due, level, true
		return
	}
	if e.waiting {
		d.unlink(e)
		e.waiting = false
	}
	hz := d.clock.HZ()
	shift := map[int]uint{100: 4, 250: 5, 300: 6, 1000: 7}[hz]
	j := uint64((timeout*time.Duration(hz) + time.Second - 1) / time.Second)
	slot := (j + 1<<shift - 1) >> shift
	first := d.waiting() == 0
	e.waiting = true
	if slot >= 32 {
		k := int((timeout + 7499*time.Millisecond + 999999) / (7500 * time.Millisecond))
		if k > 7 {
			k = 7
		}
		d.cells[(d.hand+k)%8] = append(d.cells[(d.hand+k)%8], e)
	} else {
		now := d.clock.Jiffies(d.now)
		at := d.clock.TimerExpiry(d.now, time.Duration(slot<<shift)*d.clock.Tick(), kernel.TimerSlack)
		if !d.fastOn {
			d.row, d.rowJiffy, d.fast, d.fastOn = 0, now, at, true
		} else {
			if d.clock.Jiffies(d.fast) > now+slot<<shift {
				d.fast = at
			}
			slot += uint64(d.row)
		}
		d.rows[slot%32] = append(d.rows[slot%32], e)
	}
	if first {
		d.slow, d.slowOn = d.clock.TimerExpiry(d.now, 7500*time.Millisecond, kernel.TimerSlack), true
	}
}

func (d *dumb) unlink(e *dumbEntry) {
	gone := func(x *dumbEntry) bool { return x == e }
	for i := range d.cells {
		d.cells[i] = slices.DeleteFunc(d.cells[i], gone)
	}
	for i := range d.rows {
		d.rows[i] = slices.DeleteFunc(d.rows[i], gone)
	}
}

func (d *dumb) kill(e *dumbEntry) {
	d.unlink(e)
	d.all = slices.DeleteFunc(d.all, func(x *dumbEntry) bool { return x == e })
	if d.waiting() == 0 {
		d.slowOn = false
	}
}

func (d *dumb) next() (time.Duration, bool) {
	var due time.Duration
	ok := false
	see := func(at time.Duration) {
		if !ok || at < due {
			due, ok = at, true
		}
	}
	if d.sem.TimeWaitTimers {
		for _, e := range d.all {
			see(e.due)
		}
	}
	if d.slowOn {
		see(d.slow)
	}
	if d.fastOn {
		see(d.fast)
	}
	return due, ok
}

func (d *dumb) end(e *dumbEntry, killed bool) {
	d.unlink(e)
	d.all = slices.DeleteFunc(d.all, func(x *dumbEntry) bool { return x == e })
	d.endedAt = append(d.endedAt, fmt.Sprint(d.now, e.port, e.state))
	if !d.sem.TimeWaitCountedAtEntry {
		d.counts(killed)
	}
}

func (d *dumb) counts(killed bool) {
	if killed {
		d.count[kernel.TWKilled]++
	} else {
		d.count[kernel.TW]++
	}
}

func (d *dumb) drain(list []*dumbEntry, killed bool) int {
	list = slices.Clone(list)
	slices.Reverse(list)
	for _, e := range list {
		d.end(e, killed)
	}
	return len(list)
}

func (d *dumb) advance(now time.Duration) {
	for {
		due, ok := d.next()
		if !ok || due > now {
			break
		}
		d.now = due
		if d.sem.TimeWaitTimers {
			list := slices.DeleteFunc(slices.Clone(d.all), func(e *dumbEntry) bool { return e.due != due })
			slices.SortFunc(list, func(a, b *dumbEntry) int {
				switch coarse := d.sem.Wheel == kernel.WheelCoarse; {
				case coarse && a.level != b.level:
					return b.level - a.level
				case coarse:
					return b.seq - a.seq
				case (a.level == 60) != (b.level == 60):
					return b.level - a.level
				}
				return a.seq - b.seq
			})
			for _, e := range list {
				d.end(e, e.short)
			}
			continue
		}
		if d.slowOn && d.slow == due {
			d.slowOn = false
			if d.waiting() > 0 {
				n := d.drain(d.cells[d.hand], false)
				if n >= 101 || d.waiting() > 0 {
					d.slow, d.slowOn = d.clock.TimerExpiry(d.now, 7500*time.Millisecond, kernel.TimerSlack), true
				}
				if n < 101 {
					d.hand = (d.hand + 1) % 8
				}
			}
		}
		if d.fastOn && d.fast == due {
			d.tick()
		}
	}
	d.now = now
}

func (d *dumb) tick() {
	now := d.clock.Jiffies(d.now)
	step := uint64(1) << map[int]uint{100: 4, 250: 5, 300: 6, 1000: 7}[d.clock.HZ()]
	d.fastOn = false
	row, base, moved := d.row, d.rowJiffy, false
	for n := range uint64(32) {
		r := (row + int(n)) % 32
		if base+n*step <= now {
			d.drain(d.rows[r], true)
			continue
		}
		if !moved {
			moved, d.row, d.rowJiffy = true, r, base+n*step
		}
		if len(d.rows[r]) > 0 {
			d.fast, d.fastOn = d.clock.TimerExpiry(d.now, time.Duration(base+n*step-now)*d.clock.Tick(), kernel.TimerSlack), true
			break
		}
	}
	if d.waiting() == 0 {
		d.slowOn = false
	}
}

// The table and the dumb one agree about every entry's end, order and counters, in all
// three eras, whatever comes.
func TestTableAgreesWithDumbModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom([]string{"2.6.32", "3.10", "4.4", "5.10", "6.18"}).Draw(t, "release")
		sem := *semOf(release)
		hz := rapid.SampledFrom([]int{100, 250, 300, 1000}).Draw(t, "HZ")
		sys := kernel.Sysctls{TCPMaxTWBuckets: rapid.SampledFrom([]int{5, 1000, -1}).Draw(t, "max"), TCPFinTimeout: 60}
		if sem.TWReuseDelay {
			sys.TCPTWReuseDelay, sys.TCPRTOMaxMs = 1000, 120000
		}
		if sem.Recycle != kernel.RecycleGone {
			sys.TCPTwRecycle = rapid.SampledFrom([]int{0, 1}).Draw(t, "recycle")
		}
		tab, err := New(Config{Semantics: sem, Sysctls: sys, HZ: hz})
		if err != nil {
			t.Fatal(err)
		}
		d := &dumb{sem: sem, clock: must(kernel.NewClock(sem, hz)), count: map[kernel.Counter]int{}}
		var ended []string
		advance := func(now time.Duration) {
			d.advance(now)
			if _, err := tab.Advance(now, func(e Ended) { ended = append(ended, fmt.Sprint(e.At, e.Remote.Port(), e.State)) }); err != nil {
				t.Fatal(err)
			}
		}
		remote := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(theirs.Addr(), port) }
		find := func(port uint16) *dumbEntry {
			i := slices.IndexFunc(d.all, func(e *dumbEntry) bool { return e.port == port })
			if i < 0 {
				return nil
			}
			return d.all[i]
		}
		now := time.Second
		rearm := func(e *dumbEntry) { d.schedule(e, Length) }
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			step := rapid.OneOf(rapid.Just(time.Duration(0)), rapid.Custom(func(t *rapid.T) time.Duration {
				return time.Duration(rapid.Int64Range(0, int64(200*time.Millisecond)).Draw(t, "ns"))
			}), rapid.Custom(func(t *rapid.T) time.Duration {
				return time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "ns"))
			})).Draw(t, "pause")
			now += step
			advance(now)
			port := rapid.Uint16Range(1, 12).Draw(t, "port")
			e := find(port)
			burst := 1
			switch op := rapid.SampledFrom([]string{"enter", "enter", "burst", "RST", "ACK", "FIN", "connect"}).Draw(t, "op"); op {
			case "burst":
				burst = rapid.SampledFrom([]int{2, 100, 101, 102}).Draw(t, "n")
				port = uint16(rapid.IntRange(100, 400).Draw(t, "from"))
				fallthrough
			case "enter":
				state := rapid.SampledFrom([]State{TimeWait, FinWait2}).Draw(t, "state")
				timeout := time.Duration(rapid.Int64Range(0, int64(70*time.Second)).Draw(t, "timeout"))
				for range burst {
					_, err := tab.Enter(now, Socket{Local: ours, Remote: remote(port), State: state, Timeout: timeout, RcvNxt: 100, Timestamps: true, TSRecent: 1, TSAt: now})
					switch {
					case find(port) != nil:
						if err == nil {
							t.Fatal("two entries of one connection")
						}
					case err != nil:
						t.Fatal(err)
					case len(d.all) >= sys.TCPMaxTWBuckets && (sys.TCPMaxTWBuckets >= 0 || release != "6.18"):
						if sem.TimeWaitOverflowCounter {
							d.count[kernel.TCPTimeWaitOverflow]++
						}
					default:
						x := &dumbEntry{port: port, state: state, rcv: 100}
						d.all = append(d.all, x)
						wait := max(timeout, 700*time.Millisecond)
						if state == TimeWait {
							wait = Length
							if sys.TCPTwRecycle != 0 {
								wait = 700 * time.Millisecond
							}
						}
						d.schedule(x, wait)
						if sem.TimeWaitCountedAtEntry {
							d.counts(x.short)
						}
					}
					port++
				}
			case "connect":
				v, _, err := tab.Connect(now, ours, remote(port), true)
				if err != nil {
					t.Fatal(err)
				}
				if (v.Action == Take) != (e != nil) {
					t.Fatalf("connect: %v", v)
				}
				if e != nil {
					d.count[kernel.TWRecycled]++
					d.kill(e)
				}
			default:
				s := Segment{From: remote(port), To: ours, Flags: FlagACK, Seq: 99}
				if e != nil {
					s.Seq = e.rcv
				}
				switch op {
				case "RST":
					s.Flags = FlagRST
				case "FIN":
					s.Flags |= FlagFIN
				}
				_, ok, err := tab.Receive(now, s)
				if err != nil || ok != (e != nil) {
					t.Fatal(ok, err)
				}
				switch {
				case e == nil:
				case op == "RST":
					d.kill(e)
				case op == "ACK" && e.state == TimeWait:
					rearm(e)
				case op == "FIN" && e.state == FinWait2:
					e.state, e.rcv = TimeWait, 101
					if sys.TCPTwRecycle != 0 {
						d.schedule(e, 700*time.Millisecond)
					} else {
						rearm(e)
					}
				case op == "FIN":
					rearm(e)
				}
			}
			if tab.Len() != len(d.all) {
				t.Fatalf("%d entries, dumb has %d", tab.Len(), len(d.all))
			}
			if e := find(port); e != nil {
				if st, ok := tab.Find(ours, remote(port)); !ok || st != e.state {
					t.Fatalf("port %d: %v %v, dumb has %v", port, st, ok, e.state)
				}
			}
			a, aok := tab.Next()
			b, bok := d.next()
			if aok != bok || aok && a != b {
				t.Fatalf("next %v %v, dumb %v %v", a, aok, b, bok)
			}
		}
		advance(now + 300*time.Second)
		if len(d.all) != 0 || tab.Len() != 0 {
			t.Fatalf("%d and %d entries live for ever", tab.Len(), len(d.all))
		}
		if release == "4.4" { // which leaves the order within a jiffy open
			slices.Sort(ended)
			slices.Sort(d.endedAt)
		}
		if !slices.Equal(ended, d.endedAt) {
			for i := range min(len(ended), len(d.endedAt)) {
				if ended[i] != d.endedAt[i] {
					t.Fatalf("end %d: %s, dumb %s", i, ended[i], d.endedAt[i])
				}
			}
			t.Fatalf("%d ends, dumb %d", len(ended), len(d.endedAt))
		}
		for c, n := range d.count {
			if tab.Counters().Get(c) != uint64(n) {
				t.Fatalf("%v: %d, dumb %d", c, tab.Counters().Get(c), n)
			}
		}
	})
}
