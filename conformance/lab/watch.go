package lab

import (
	"time"

	"example.com/linuxtcp/conformance/wire"
)

// A Change is a moment at which the sockets of a port changed.
type Change struct {
	T      float64        `json:"t"`
	States map[string]int `json:"states"`
}

// Watch collects what the kernel sends until the time end, and notes when
// the rows of a port change. It looks at the rows whenever a segment came,
// every 20 ms around the times at which a first timer of one second and its
// doublings end, and otherwise twice a second. React, if not nil, is called
// with segments as they come.
func (l *Lab) Watch(port int, end time.Duration, react func([]Got)) (got []Got, changes []Change) {
	var last map[string]int
	look := func() {
		now := l.Now()
		if s := l.States(port); !same(s, last) {
			changes = append(changes, Change{Seconds(now), s})
			last = s
		}
	}
	look()
	for l.Now() < end {
		g := l.waitAny(min(nextLook(l.Now()), end))
		if len(g) > 0 {
			got = append(got, g...)
			if react != nil {
				react(g)
			}
		}
		look()
	}
	return got, changes
}

// nextLook is the time of the look after one at t.
func nextLook(t time.Duration) time.Duration {
	next := t + 500*time.Millisecond
	for e := time.Second; e < 100*time.Second; e = 2*e + time.Second {
		from, to := e-20*time.Millisecond, e+e/14+100*time.Millisecond
		if t >= from && t < to {
			return t + 20*time.Millisecond
		}
		if t < from && next > from {
			return from
		}
	}
	return next
}

// waitAny collects what the kernel sends, until t or until it sent something.
func (l *Lab) waitAny(t time.Duration) []Got {
	for {
		got, left := l.Drain(), t-l.Now()
		if got != nil || left <= 0 {
			return got
		}
		l.poll(left)
	}
}

func same(a, b map[string]int) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// A Round is a burst of SYN-ACKs, and to whom, in the order of sending.
type Round struct {
	T     float64 `json:"t"`
	Last  float64 `json:"last"`
	N     int     `json:"n"`
	Order []int   `json:"order"`
}

// Rounds groups SYN-ACKs into bursts with at least gap of silence between
// them. Order has the last byte of each address.
func Rounds(got []Got, gap time.Duration) []Round {
	var rounds []Round
	var last time.Duration
	for _, g := range got {
		if !g.Is(wire.SYN | wire.ACK) {
			continue
		}
		if rounds == nil || g.At-last >= gap {
			rounds = append(rounds, Round{T: Seconds(g.At)})
		}
		last = g.At
		r := &rounds[len(rounds)-1]
		r.Last, r.N, r.Order = Seconds(g.At), r.N+1, append(r.Order, int(g.Dst[3]))
	}
	return rounds
}

// Times lists when SYN-ACKs were sent.
func Times(got []Got) []float64 {
	t := []float64{}
	for _, g := range got {
		if g.Is(wire.SYN | wire.ACK) {
			t = append(t, Seconds(g.At))
		}
	}
	return t
}
