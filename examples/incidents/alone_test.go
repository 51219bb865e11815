package main

import (
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// Which SYNs of a client alone die: those that the rule of the facts says (timewait_paws.md, 6.2 and 6.3), worked out here
// once more from what is on the wire. A client whose connections share a clock never loses one; one of 4.10, or with the
// change of 7.0, loses about every second connection's first SYN while the last timestamp is fresh.
func TestAloneByTheRule(t *testing.T) {
	for _, c := range []struct {
		server, client string
		timestamps     int
		apart          bool // each connection has a clock of its own
		tests          bool // the server looks
	}{
		{"2.6.32", "4.10", 1, true, true}, {"3.10.108", "4.9", 1, false, true}, {"3.10.108", "4.10", 1, true, true}, {"3.10.108", "4.10", 2, false, true},
		{"3.10.108", "4.11", 1, false, true}, {"3.18", "4.10", 1, true, true}, {"4.10", "4.10", 1, true, true}, {"4.11", "4.10", 1, true, true},
		{"4.12", "4.10", 1, true, false}, {"3.10.108", "6.12.43", 1, false, true}, {"3.10.108", "6.12.117", 1, true, true},
		{"3.10.108", "7.2.13", 1, true, true}, {"7.2.13", "7.2.13", 1, true, false},
	} {
		s, err := alone(c.server, c.client, c.timestamps, aloneMany)
		if err != nil {
			t.Fatal(err)
		}
		var cached uint32 // timestamp, and the second it was seen in
		var seen int64
		fresh, died, all := 0, 0, 0
		first := map[uint16]bool{}
		for _, e := range s.Events {
			if e.Kind != sim.Arrived || e.Where != "server" {
				continue
			}
			now := int64((e.At + 1000*time.Second) / time.Second)
			switch ts := e.Segment.TSVal; e.Segment.Flags {
			case host.FlagSYN:
				want := c.tests && seen != 0 && now-seen < 60 && int32(cached-ts) > 1
				got := e.Verdict.Counters().Has(kernel.PAWSPassive)
				if got != want {
					t.Errorf("%+v at %v: %v; by the rule it dies: %v", c, e.At, e.Verdict, want)
				}
				if got {
					all++
				}
				if seen != 0 && now-seen < 60 && !first[e.Segment.From.Port()] {
					fresh++
					if got {
						died++
					}
				}
				first[e.Segment.From.Port()] = true
			case host.FlagFIN | host.FlagACK: // the server has closed first: TIME_WAIT
				if int32(cached-ts) <= 0 || now-seen > 60 {
					cached, seen = ts, now
				}
			}
		}
		if n := incident.Raised(s.Server, kernel.PAWSPassive); int(n) != all {
			t.Errorf("%+v: PAWSPassive %d, %d SYNs died", c, n, all)
		}
		if c.apart && c.tests {
			if 4*died < fresh || 4*died > 3*fresh {
				t.Errorf("%+v: %d of %d first SYNs died; about half should", c, died, fresh)
			}
		} else if all != 0 {
			t.Errorf("%+v: %d SYNs died", c, all)
		}
	}
}

// A SYN in the window of the leaked socket: ports_collisions.md, E.2, of which 2.6.32.67, RHEL 6 build 357, 3.10.108,
// 4.4.155 to 6.1.192, 6.12.107 and 7.2.13 were asked.
func TestCollisionInWindow(t *testing.T) {
	reset := map[kernel.Counter]uint64{kernel.TCPAbortOnSyn: 1, kernel.EstabResets: 1, kernel.OutRsts: 1, kernel.TCPSYNChallenge: 0}
	challenge := map[kernel.Counter]uint64{kernel.TCPAbortOnSyn: 0, kernel.EstabResets: 1, kernel.TCPSYNChallenge: 1, kernel.TCPChallengeACK: 1}
	silence := map[kernel.Counter]uint64{kernel.TCPAbortOnSyn: 0, kernel.EstabResets: 0, kernel.TCPSYNChallenge: 0, kernel.TCPChallengeACK: 0}
	for _, c := range []struct {
		release  string
		end      host.Errno
		leaked   int // sockets in CLOSE-WAIT then: none, the new one, or the old one
		counters map[kernel.Counter]uint64
	}{
		{"2.6.32", host.ECONNREFUSED, 0, reset}, {"2.6.32-358.el6", host.ECONNREFUSED, 0, reset}, {"3.1", host.ECONNREFUSED, 0, reset}, {"3.5", host.ECONNREFUSED, 0, reset},
		{"2.6.32-431.el6", 0, 1, challenge}, {"3.6", 0, 1, challenge}, {"3.7", 0, 1, challenge},
		{"3.8", host.ETIMEDOUT, 1, silence}, {"3.10.108", host.ETIMEDOUT, 1, silence}, {"3.17", host.ETIMEDOUT, 1, silence},
		{"3.18", 0, 1, challenge}, {"4.4.155", 0, 1, challenge}, {"5.10.223", 0, 1, challenge}, {"6.12.117", 0, 1, challenge}, {"7.2.13", 0, 1, challenge},
	} {
		s, second, err := collide(c.release, filterNone, true)
		if err != nil {
			t.Fatal(err)
		}
		if second.Failure.Errno != c.end || count(s, host.CloseWait) != c.leaked {
			t.Errorf("%s: %v, %d in CLOSE-WAIT", c.release, second.Failure, count(s, host.CloseWait))
		}
		for name, want := range c.counters {
			if got := incident.Raised(s.Server, name); got != want {
				t.Errorf("%s: %v %d, want %d", c.release, name, got, want)
			}
		}
		// The SYN is in the window indeed, 3,123 above what the server expects; the RST has its number plus one.
		var expects uint32
		for _, e := range s.Events {
			switch {
			case e.Kind == sim.Sent && e.Where == "client" && e.Segment.Flags == host.FlagFIN|host.FlagACK:
				expects = e.Segment.Seq + 1
			case e.Kind == sim.Sent && e.Where == "client" && e.Segment.Flags == host.FlagSYN && e.At == incident.InWindow:
				if got := int32(e.Segment.Seq - expects); got != 3123 {
					t.Errorf("%s: the SYN is %d above what the server expects", c.release, got)
				}
			case e.Kind == sim.Sent && e.Where == "server" && e.Segment.Flags&host.FlagRST != 0:
				if e.Segment.Flags != host.FlagRST|host.FlagACK || e.Segment.Seq != 0 || e.Segment.Ack != expects+3123+1 {
					t.Errorf("%s: %v", c.release, e.Segment)
				}
			}
		}
		if took := second.Ended - second.Asked; c.end == host.ECONNREFUSED && took != 2*time.Millisecond {
			t.Errorf("%s: refused after %v", c.release, took)
		}
	}
}
