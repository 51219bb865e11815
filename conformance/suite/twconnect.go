package suite

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() { groups["twconnect"] = twConnect }

// A reuse is one connect() onto a port that is in TIME_WAIT.
type reuse struct {
	reuse    int
	delay    int    // tcp_tw_reuse_delay, 0: not set
	to       string // "peer", "127.0.0.1", "own address", "address of lo, bound to lo"
	noTS     bool
	bound    bool   // bind() to the port, with SO_REUSEADDR on both sockets
	substate string // "" is TIME_WAIT
	phase    int    // ms past the whole second at entry
	wait     int    // ms from entry
	refresh  string // a segment from the peer 1900 ms after entry
}

func (r reuse) in() M {
	s := r.substate
	if s == "" {
		s = "TIME_WAIT"
	}
	return M{"tcp_tw_reuse": r.reuse, "tcp_tw_reuse_delay": r.delay, "to": r.to, "ts": !r.noTS, "bound": r.bound, "substate": s,
		"phaseMs": r.phase, "waitMs": r.wait, "refresh": r.refresh}
}

// twConnect: tcp_tw_reuse and its clock.
func twConnect() []Case {
	var rs []reuse
	for _, phase := range []int{100, 600, 950} {
		for _, wait := range []int{20, 300, 900, 990, 1010, 1100, 2100} {
			rs = append(rs, reuse{reuse: 1, to: "peer", phase: phase, wait: wait})
		}
	}
	for _, to := range []string{"127.0.0.1", "own address", "address of lo, bound to lo"} {
		for _, v := range []int{0, 1, 2} {
			for _, wait := range []int{20, 500, 1100, 2100} {
				rs = append(rs, reuse{reuse: v, to: to, phase: 100, wait: wait})
			}
			rs = append(rs, reuse{reuse: v, to: to, phase: 100, wait: 2100, noTS: true}, reuse{reuse: v, to: to, phase: 100, wait: 2100, substate: "FIN_WAIT2"},
				reuse{reuse: v, to: to, phase: 100, wait: 20, bound: true}, reuse{reuse: v, to: to, phase: 100, wait: 20, bound: true, substate: "FIN_WAIT2"},
				reuse{reuse: v, to: to, phase: 100, wait: 2100, bound: true, noTS: true})
		}
	}
	for _, v := range []int{0, 1, 2} {
		rs = append(rs, reuse{reuse: v, to: "peer", phase: 100, wait: 2100}, reuse{reuse: v, to: "peer", phase: 100, wait: 20, bound: true}, reuse{reuse: v, to: "peer", phase: 100, wait: 2100, bound: true},
			reuse{reuse: v, to: "peer", phase: 100, wait: 20, bound: true, noTS: true}, reuse{reuse: v, to: "peer", phase: 100, wait: 2100, noTS: true},
			reuse{reuse: v, to: "peer", phase: 100, wait: 1100, substate: "FIN_WAIT2"}, reuse{reuse: v, to: "peer", phase: 100, wait: 2100, substate: "FIN_WAIT2"},
			reuse{reuse: v, to: "peer", phase: 100, wait: 20, bound: true, substate: "FIN_WAIT2"}, reuse{reuse: v, to: "peer", phase: 100, wait: 2100, bound: true, substate: "FIN_WAIT2"})
	}
	for _, refresh := range []string{"ACK", "newer ACK", "old data"} {
		for _, wait := range []int{1910, 2050, 2950} {
			rs = append(rs, reuse{reuse: 1, to: "peer", phase: 50, wait: wait, refresh: refresh})
		}
	}
	for _, d := range []struct{ delay, wait int }{{1, 0}, {1, 5}, {1, 20}, {200, 180}, {200, 190}, {200, 210}, {200, 300}, {1500, 1100}, {1500, 1480}, {1500, 1520}, {60000, 3000}} {
		rs = append(rs, reuse{reuse: 1, delay: d.delay, to: "peer", phase: 100, wait: d.wait})
	}
	var cs []Case
	for _, r := range rs {
		cs = append(cs, Case{Exp: "tw-connect", In: r.in(), Idle: true, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_tw_reuse", r.reuse)
			out := M{}
			if r.delay != 0 {
				out["setDelay"] = num(l.Set("net.ipv4.tcp_tw_reuse_delay", r.delay))
			}
			if r.to == "peer" {
				r.outside(l, out)
			} else {
				r.inside(l, out)
			}
			return out
		}})
	}
	return cs
}

// before prepares a socket ahead of connect(2).
func (r reuse) before(fd int) error {
	if r.to == "address of lo, bound to lo" {
		if err := unix.BindToDevice(fd, "lo"); err != nil {
			return err
		}
	}
	if !r.bound {
		return nil
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: highPort}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// outside is a connection to the forged server.
func (r reuse) outside(l *lab.Lab, out M) {
	defer holdPort(l)()
	a := outward(l, !r.noTS, r.before)
	if r.substate == "" {
		a.close()
		l.WaitPhase(time.Duration(r.phase) * time.Millisecond)
	} else {
		l.WaitPhase(time.Duration(r.phase) * time.Millisecond)
		a.close()
	}
	l.Restart()
	entered := lab.Monotonic()
	if r.substate == "" {
		a.finish()
	}
	if r.refresh != "" {
		l.WaitUntil(1900 * time.Millisecond)
		s := a.Segment(wire.ACK)
		switch r.refresh {
		case "newer ACK":
			s.TSVal++
		case "old data":
			s.Seq, s.Data = s.Seq-1, []byte{0}
		}
		out["toRefresh"] = len(l.Exchange(s))
	}
	l.WaitUntil(time.Duration(r.wait) * time.Millisecond)
	l.Drain()
	out["before"] = l.States(int(a.port))
	before, at := l.Read(), lab.Monotonic()
	syn, err := a.again(r.before)
	out["counters"], out["err"], out["enteredAt"], out["connectAt"] = l.Since(before), num(err), entered, at
	out["samePort"] = syn != nil && syn.SPort == a.port
	if syn != nil {
		out["isnMinusSndNxt"] = int32(syn.Seq - a.sndNxt)
		out["tsecr"] = "0"
		if syn.TSEcr != 0 {
			out["tsecr"] = fmt.Sprintf("last%+d", int32(syn.TSEcr-a.TSVal))
		}
	}
}

// inside is a connection of the kernel with itself.
func (r reuse) inside(l *lab.Lab, out M) {
	l.LoopbackUp()
	if r.noTS {
		l.MustSet("net.ipv4.tcp_timestamps", 0)
	}
	defer holdPort(l)()
	to := &unix.SockaddrInet4{Port: 443, Addr: lab.Server}
	switch r.to {
	case "127.0.0.1":
		to.Addr = [4]byte{127, 0, 0, 1}
	case "address of lo, bound to lo":
		to.Addr = [4]byte{192, 0, 2, 1}
		l.LoopbackAddr(to.Addr)
	}
	srv := socket()
	defer unix.Close(srv)
	unix.SetsockoptInt(srv, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err := unix.Bind(srv, to); err != nil {
		panic(err)
	}
	if err := unix.Listen(srv, 8); err != nil {
		panic(err)
	}
	dial := func() (int, error) {
		fd := socket()
		err := r.before(fd)
		if err == nil {
			if err = unix.Connect(fd, to); err == unix.EINPROGRESS {
				err = nil
			}
		}
		return fd, err
	}
	fd, err := dial()
	if err != nil {
		panic("first connect: " + err.Error())
	}
	l.Wait(3 * time.Millisecond)
	child, _, err := unix.Accept(srv)
	if err != nil {
		panic("accept: " + err.Error())
	}
	if r.substate == "" {
		unix.Close(fd)
		l.Wait(3 * time.Millisecond)
		l.WaitPhase(time.Duration(r.phase) * time.Millisecond)
	} else {
		l.WaitPhase(time.Duration(r.phase) * time.Millisecond)
		unix.Close(fd)
	}
	l.Restart()
	entered := lab.Monotonic()
	if r.substate == "" {
		unix.Close(child)
	} else {
		defer unix.Close(child)
	}
	l.WaitUntil(time.Duration(r.wait) * time.Millisecond)
	out["before"] = l.States(highPort)
	before, at := l.Read(), lab.Monotonic()
	again, err := dial()
	defer unix.Close(again)
	l.Wait(3 * time.Millisecond)
	out["counters"], out["err"], out["enteredAt"], out["connectAt"] = l.Since(before), num(err), entered, at
	out["after"] = l.States(highPort)
}
