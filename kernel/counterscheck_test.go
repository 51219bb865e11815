package kernel_test

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/script"
)

// Every reason for which a model decides anything is played in some release, so that no decision that raises a counter
// can be missing.
func TestEveryReasonIsPlayed(t *testing.T) {
	played := map[string]bool{}
	for _, r := range rowtest.Mainline() {
		if r.String() != "2.6.32.0" && r.String() != "3.5.0" && r.String() != "4.1.0" && r.String() != "4.4.0" && r.String() != "5.11.0" && r.String() != "7.2.0" {
			continue
		}
		sem := r.Semantics()
		play(&sem, func(s seen) {
			if s.name == "" {
				played[s.pkg+"."+reasonNames()[s.pkg][s.reason-1]] = true
			}
		})
	}
	not := []string{
		"host.NoRule",
		"host.PAWSOld", "host.PAWSTooSoon", // package paws says more
		"paws.NoTimestamp", "paws.NothingStored", "paws.IdlePassed", "paws.ZeroPassed", "paws.Disordered", // it passes
		"paws.EchoGood", "paws.EchoUnknown", // in host.EchoNeverWas
		"paws.NotJudged", "paws.HostUnknown", "paws.HostLapsed", "paws.HostOlder", "paws.HostNoStamp", // in queue.RecycleReject
	}
	for pkg, names := range reasonNames() {
		if len(names) < 10 {
			t.Errorf("package %s has %d reasons: its source is not read", pkg, len(names))
		}
		for _, name := range names {
			if full := pkg + "." + name; played[full] == slices.Contains(not, full) {
				t.Errorf("%s: played %v", full, played[full])
			}
		}
	}
}

func TestEveryCounterHasADecision(t *testing.T) {
	for c := range kernel.AllCounters() {
		if len(linesOf(c)) == 0 {
			t.Errorf("nothing that is played raises %v", c)
		}
	}
}

// What nine running kernels and 3.10.108 counted in the scripts of package script is raised by some decision of that
// very release.
func TestRecordedCountersAreListed(t *testing.T) {
	scripts, err := script.ReadFS(os.DirFS("../script/testdata"))
	if err != nil || len(scripts) < 300 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	releases := map[string]table{}
	counted := 0
	for _, s := range scripts {
		for _, k := range s.Kernels {
			if releases[k.Name] == nil {
				releases[k.Name] = tableOf(kernel.MustParse(k.Name).Semantics())
			}
			for i := range s.Steps {
				for _, a := range s.Answers(i, k.Name) {
					for _, c := range countersIn(a.Text) {
						counted++
						if !raises(releases[k.Name], c) {
							t.Errorf("%s: %s counted %v, which no decision of that release raises", s.Name, k.Name, c)
						}
					}
				}
			}
		}
	}
	if counted < 10_000 {
		t.Errorf("the scripts count only %d times", counted)
	}
}

// raises reports whether any decision raises a counter.
func raises(all table, c kernel.Counter) bool {
	for l := range all {
		if l.counter == c {
			return true
		}
	}
	return false
}

// countersIn are those of an answer that says which counters rose: "nstat TW 1 TWRecycled 1".
func countersIn(answer string) (all []kernel.Counter) {
	for i, word := range strings.Fields(answer) {
		if i == 0 && word != "nstat" {
			return nil
		}
		if c, err := kernel.ParseCounter(word); err == nil {
			all = append(all, c)
		}
	}
	return all
}

// Whatever segments and calls a host meets at random: each verdict that raises a counter is listed with it, in that
// release.
func TestRandomCountersAreListed(t *testing.T) {
	mainline, checked := rowtest.Mainline(), 0
	for n, r := range mainline {
		all := tables()[n]
		names := func(pkg string, reason uint8, text string, set kernel.CounterSet) {
			for c := range set.All() {
				checked++
				if _, ok := all[line{c, pkg, reasonNames()[pkg][reason-1], text}]; !ok {
					t.Errorf("%v: %s.%s raises %v, which is not listed", r, pkg, reasonNames()[pkg][reason-1], c)
				}
			}
		}
		trace := func(_ time.Duration, _ host.Segment, v host.Verdict) {
			names("timewait", uint8(v.TimeWait.Reason), v.TimeWait.Reason.String(), v.TimeWait.Counters)
			names("queue", uint8(v.Listener.Reason), v.Listener.Reason.String(), v.Listener.Counters)
			if v.Conn.Reason != host.PAWSOld && v.Conn.Reason != host.PAWSTooSoon {
				names("host", uint8(v.Conn.Reason), v.Conn.Reason.String(), v.Conn.Counters)
			}
		}
		h := randomHost(r.Semantics(), rand.New(rand.NewPCG(uint64(n), 1)), trace)
		for c := range h.Counters().All() {
			if !raises(all, c) {
				t.Errorf("%v: %v was raised, which no decision of that release does", r, c)
			}
		}
		if t.Failed() {
			return
		}
	}
	if checked < 1000 {
		t.Errorf("only %d counters were raised", checked)
	}
}

// randomHost is a host after a few hundred calls and segments, with peers that answer most of what it sends.
func randomHost(sem kernel.Semantics, r *rand.Rand, trace func(time.Duration, host.Segment, host.Verdict)) *host.Host {
	sys := playSysctls(&sem)
	sys.TCPTWReuse, sys.TCPSyncookies, sys.TCPFinTimeout = r.IntN(2), r.IntN(2), 5
	h, err := host.New(host.Config{Semantics: sem, Sysctls: sys, Addrs: []netip.Addr{stageOwn}, Trace: trace})
	if err != nil {
		panic(err)
	}
	now := 1000 * time.Second
	var socks []host.Socket
	var sent []host.Segment
	for range 600 {
		var out host.Outcome
		sock := host.Socket(1)
		if len(socks) > 0 {
			sock = socks[r.IntN(len(socks))]
		}
		switch r.IntN(16) {
		case 0:
			out, _ = h.Open(now, host.Options{ReuseAddr: true, Linger2: r.IntN(3) - 1})
		case 1:
			_, _ = h.Bind(now, sock, stagePort)
			out, _ = h.Listen(now, sock, r.IntN(3))
		case 2, 3:
			out, _ = h.Connect(now, sock, stageFar)
		case 4:
			out, _ = h.Accept(now, sock)
		case 5:
			out, _ = h.Shutdown(now, sock)
		case 6:
			if r.IntN(3) == 0 {
				out, _ = h.Close(now, sock)
			}
		case 7:
			now += []time.Duration{time.Millisecond, time.Second, 30 * time.Second}[r.IntN(3)]
			out, _ = h.Advance(now)
		default:
			s := host.Segment{
				From: netip.AddrPortFrom(stageFar.Addr(), uint16(5000+r.IntN(8))), To: stagePort, Flags: host.FlagSYN, Seq: r.Uint32(), Window: 65535,
				Timestamp: true, TSVal: uint32(now / time.Millisecond),
			}
			if len(sent) > 0 && r.IntN(4) > 0 {
				last := sent[max(0, len(sent)-1-r.IntN(4))]
				s.From, s.To, s.Seq, s.Ack, s.TSEcr = last.To, last.From, last.Ack, last.End(), last.TSVal
				s.Flags = []host.Flags{host.FlagACK, host.FlagACK, host.FlagFIN | host.FlagACK, host.FlagSYN | host.FlagACK, host.FlagRST, host.FlagSYN}[r.IntN(6)]
				switch r.IntN(8) {
				case 0:
					s.Seq += uint32(r.IntN(200000)) - 100000
				case 1:
					s.Ack += uint32(r.IntN(5)) - 2
				case 2:
					s.Len = 10
				case 3:
					s.TSVal -= 100000
				}
			}
			out, _ = h.Receive(now, s)
		}
		if out.Socket != 0 {
			socks = append(socks, out.Socket)
		}
		for _, s := range out.Sent {
			sent = append(sent, s.Segment)
		}
	}
	return h
}
