package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// floodResult sends SYNs from as many hosts to a new listener and answers no SYN-ACK.
func (s *subject) floodResult() (string, error) {
	l, err := queue.NewListener(queue.Config{Semantics: s.sem, Sysctls: s.sys, HZ: s.hz, Key: 1})
	if err != nil {
		return "", err
	}
	if err := l.Listen(0, int(s.backlog)); err != nil {
		return "", err
	}
	var did [3]int // queued, cookies, dropped
	for i := range s.flood {
		from := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		out, err := l.Receive(0, queue.Segment{From: netip.AddrPortFrom(from, 40000), Flags: queue.FlagSYN, Seq: uint32(i), MSS: 1460})
		switch {
		case err != nil:
			return "", err
		case out.Action == queue.SendSYNACK:
			did[0]++
		case out.Action == queue.SendCookie:
			did[1]++
		default:
			did[2]++
		}
	}
	counts := l.Counters()
	return fmt.Sprintf("%d queued in SYN-RECV, %d answered with cookies, %d dropped; ListenDrops +%d", did[0], did[1], did[2], counts.Get(kernel.ListenDrops)), nil
}

// collision lets a connection be half closed by its client, whose side is forgotten after a
// minute, and connects from the same port again. Both sides are one host, over loopback.
func (s *subject) collision() (string, error) {
	own := netip.MustParseAddr("10.0.0.1")
	server, from := netip.AddrPortFrom(own, 80), netip.AddrPortFrom(own, 20000)
	h, err := host.New(host.Config{Semantics: s.sem, Sysctls: s.sys, HZ: s.hz, Addrs: []netip.Addr{own}, Wall: 1_500_000_000 * time.Second})
	if err != nil {
		return "", err
	}
	var errs []error
	do := func(o host.Outcome, err error) host.Outcome { errs = append(errs, err); return o }
	dial := func() host.Socket {
		c := do(h.Open(h.Now(), host.Options{ReuseAddr: true})).Socket
		do(h.Bind(h.Now(), c, from))
		do(h.Connect(h.Now(), c, server))
		return c
	}
	l := do(h.Open(0, host.Options{})).Socket
	do(h.Bind(0, l, server))
	do(h.Listen(0, l, 5))
	first := dial()
	leftover := do(h.Accept(h.Now(), l)).Socket
	do(h.Close(h.Now(), first))
	do(h.Advance(h.Now() + time.Hour))
	if i, _ := h.Info(leftover); i.State != host.CloseWait || errors.Join(errs...) != nil {
		return "", fmt.Errorf("the leftover is in %v: %w", i.State, errors.Join(errs...))
	}
	begin, second := h.Now(), dial()
	for {
		i, _ := h.Info(second)
		due, armed := h.Next()
		if i.State != host.SynSent || !armed || errors.Join(errs...) != nil {
			return s.collisionEnd(h, second, i.State, h.Now()-begin), errors.Join(errs...)
		}
		do(h.Advance(due))
	}
}

func (s *subject) collisionEnd(h *host.Host, c host.Socket, state host.State, took time.Duration) string {
	if state == host.Established {
		return fmt.Sprintf("is connected after %s, and the leftover is reset", seconds(took))
	}
	failure, _ := h.Error(h.Now(), c)
	return fmt.Sprintf("fails with %v after %s", failure.Errno, seconds(took))
}

// decide is what a connection with nothing outstanding does with a segment. It expects
// number 2000 in a window of 60000, and its own next number is 1000.
func (s *subject) decide(state host.State, seg host.Segment) string {
	c := host.Conn{
		State: state, SndUna: 1000, SndNxt: 1000, RcvNxt: 2000, RcvWup: 2000, RcvWnd: 60000,
		SndWnd: 5000, MaxWindow: 5000, SndWl1: 1999, BytesAcked: 1000, RTO: 50,
	}
	return host.Decide(&s.sem, &s.sys, c, &seg, host.Moment{Jiffies: 1000, Seconds: 100, HZ: s.hz}).Verdict.String()
}

func (s *subject) synOutside() string {
	return s.decide(host.CloseWait, host.Segment{Flags: host.FlagSYN, Seq: 3_000_000_000})
}

func (s *subject) rstInWindow() string {
	return s.decide(host.Established, host.Segment{Flags: host.FlagRST, Seq: 2010})
}

func (s *subject) ackUnsent() string {
	return s.decide(host.Established, host.Segment{Flags: host.FlagACK, Seq: 2000, Ack: 1001})
}

func (s *subject) challenges() string {
	switch lo, hi := host.ChallengeLimit(&s.sem); {
	case lo < 0:
		return "no limit"
	case lo == hi:
		return fmt.Sprintf("at most %d", hi)
	default:
		return fmt.Sprintf("at most %d to %d, drawn at random", lo, hi)
	}
}

func (s *subject) window() string {
	return fmt.Sprintf("%d bytes", kernel.InitialWindow(&s.sem, 1460))
}
