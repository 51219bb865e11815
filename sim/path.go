package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"example.com/linuxtcp/host"
)

// A Path is the way between two nodes, A and B in the order in which [World.Join] names them. Its boxes stand
// at A's end, the first one next to A: a segment from A passes them at once and then travels, one from B
// travels and then passes them. The zero Path delays and loses nothing.
type Path struct {
	// Delay is the time of one way, so half a round trip.
	Delay time.Duration
	// Jitter is added to the delay of each segment: a random time from 0 to less than this. Segments may
	// then overtake each other.
	Jitter time.Duration
	// Loss is the share of segments that get lost, each way: 0 to 1.
	Loss float64
	// Boxes are what stands on the way. One box may stand on several paths: two phones behind one NAT.
	Boxes []Box
}

// A Box is a thing on a path that looks at segments: a [NAT], a [Firewall], a [Filter].
type Box interface {
	// Name stands in traces and reports.
	Name() string
	// Pass takes a segment that came to the box at a time of the world, outward (away from A) or
	// inward.
	Pass(now time.Duration, outward bool, s host.Segment) Passage
}

// A Passage is what a box did with a segment.
type Passage struct {
	// Segment goes on, unless Stop says why not.
	Segment host.Segment
	Stop    string
	// Reply is sent back the way that the segment came; its zero Flags mean none.
	Reply host.Segment
}

// Filter is a box that stops the segments for which Drop says so, and forgets everything at once.
type Filter struct {
	Label string                                                     // its name in traces and reports
	Drop  func(now time.Duration, outward bool, s host.Segment) bool // reports whether a segment is stopped; outward is from A to B
}

// Name is its label.
func (f *Filter) Name() string { return f.Label }

// Pass asks Drop.
func (f *Filter) Pass(now time.Duration, outward bool, s host.Segment) Passage {
	if f.Drop != nil && f.Drop(now, outward, s) {
		return Passage{Stop: "filtered"}
	}
	return Passage{Segment: s}
}

// path is a Path in a world.
type path struct {
	Path
	a, b *Node
	rng  *rand.Rand
	lost [2]uint64 // to B, to A
	box  []boxCount
}

// boxCount counts what a box stopped on a path, by its reason.
type boxCount struct {
	name, why string
	n         uint64
}

// Join makes the path between two nodes. There is at most one between two. A loss outside of 0 to 1, a
// negative time, and a box without a value are errors.
func (w *World) Join(a, b *Node, p Path) error {
	switch {
	case a == nil || b == nil || a.w != w || b.w != w || a == b:
		return fmt.Errorf("sim: a path joins two nodes of this world")
	case w.paths[[2]*Node{a, b}] != nil:
		return fmt.Errorf("sim: %s and %s are joined already", a.name, b.name)
	case !(p.Loss >= 0 && p.Loss <= 1):
		return fmt.Errorf("sim: Path.Loss %v is not between 0 and 1", p.Loss)
	case p.Delay < 0 || p.Jitter < 0:
		return fmt.Errorf("sim: Path.Delay %v, Jitter %v: a time on the way is not negative", p.Delay, p.Jitter)
	}
	for _, x := range p.Boxes {
		if x == nil {
			return fmt.Errorf("sim: Path.Boxes has a nil box")
		}
	}
	for _, x := range p.Boxes {
		if nat, ok := x.(*NAT); ok {
			if n := w.byAddr[nat.Outside]; n != nil {
				return fmt.Errorf("sim: NAT %s: its address %v is that of node %s", nat.Label, nat.Outside, n.name)
			}
			if other := w.nats[nat.Outside]; other != nil && other != nat {
				return fmt.Errorf("sim: NAT %s: its address %v is that of NAT %s", nat.Label, nat.Outside, other.Label)
			}
			w.nats[nat.Outside] = nat
		}
	}
	link := &path{Path: p, a: a, b: b, rng: w.stream("path " + a.name + " " + b.name)}
	w.paths[[2]*Node{a, b}], w.paths[[2]*Node{b, a}] = link, link
	w.links = append(w.links, link)
	return nil
}

// send puts a segment on its way.
func (w *World) send(from *Node, s host.Segment) {
	w.trace(Sent, from.name, s, "")
	to := w.byAddr[s.To.Addr()]
	if to == nil {
		if nat := w.nats[s.To.Addr()]; nat != nil {
			inside, ok := nat.Inside(w.now, s)
			if !ok {
				w.trace(Stopped, nat.Label, s, noMapping)
				w.unrouted++
				return
			}
			to = w.byAddr[inside.Addr()]
		}
	}
	p := w.paths[[2]*Node{from, to}]
	if to == nil || p == nil {
		w.trace(Lost, from.name, s, "no path leads there")
		w.unrouted++
		return
	}
	if p.a == from {
		w.through(p, 0, true, s)
	} else {
		w.travel(p, false, s)
	}
}

// through gives a segment to the boxes from i on, outward or inward.
func (w *World) through(p *path, i int, outward bool, s host.Segment) {
	for step := map[bool]int{true: 1, false: -1}[outward]; i >= 0 && i < len(p.Boxes); i += step {
		x := p.Boxes[i]
		got := x.Pass(w.now, outward, s)
		if got.Reply.Flags != 0 {
			w.trace(Replied, x.Name(), got.Reply, "")
			back := i - step
			w.At(w.now, func() { w.through(p, back, !outward, got.Reply) }) // whoever sends is still at it
		}
		if got.Stop != "" {
			w.trace(Stopped, x.Name(), s, got.Stop)
			p.stopped(x.Name(), got.Stop)
			return
		}
		if got.Segment != s {
			w.trace(Changed, x.Name(), got.Segment, "")
		}
		s = got.Segment
	}
	if outward {
		w.travel(p, true, s)
	} else {
		p.a.receive(s)
	}
}

func (p *path) stopped(name, why string) {
	for i := range p.box {
		if p.box[i].name == name && p.box[i].why == why {
			p.box[i].n++
			return
		}
	}
	p.box = append(p.box, boxCount{name, why, 1})
}

// travel is the way from one end to the other, which a segment may not survive.
func (w *World) travel(p *path, outward bool, s host.Segment) {
	if p.Loss > 0 && p.rng.Float64() < p.Loss {
		way := 0
		if !outward {
			way = 1
		}
		p.lost[way]++
		w.trace(Lost, p.a.name+"-"+p.b.name, s, "lost on the way")
		return
	}
	wait := p.Delay
	if p.Jitter > 0 {
		wait += time.Duration(p.rng.Int64N(int64(p.Jitter)))
	}
	w.After(wait, func() {
		if outward {
			p.b.receive(s)
		} else {
			w.through(p, len(p.Boxes)-1, false, s)
		}
	})
}
