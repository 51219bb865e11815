package fuzz

import (
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

const (
	syn = host.FlagSYN
	ack = host.FlagACK
	fin = host.FlagFIN
	rst = host.FlagRST
)

// right is the segment that the peer of a flow would send now.
func (g *generator) right(f *flow, flags host.Flags) script.Segment {
	s := script.Segment{Flags: flags, Seq: script.Number{N: f.seq}}
	if flags&ack != 0 {
		s.Ack = script.Number{N: f.hostNext()}
	}
	if f.ts && flags&rst == 0 {
		s.Timestamp, s.TSVal = true, f.born+uint32(g.now/time.Millisecond)
		if flags&ack != 0 {
			s.TSEcr = script.Echo{Last: true}
		}
	}
	if flags&syn != 0 {
		s.MSS = 1460
		if g.chance(10) {
			s.MSS = pick[uint16](g.draw, 0, 536, 1400)
		}
		if g.chance(20) {
			s.WindowScale = 1 // a shift of 0
		}
		s.SACK = g.chance(20)
	}
	return s
}

// opening is a SYN that may follow what there was on the flow before.
func (g *generator) opening(f *flow) script.Segment {
	s := g.right(f, syn)
	switch {
	case f.sent == 0:
		s.Seq.N = 0
	case f.state == host.TimeWait || f.state == host.Closed:
		s.Seq.N = f.seq + pick[int32](g.draw, 1, 1, 1, 100000, 0, -1, -100000)
	default:
		s.Seq.N = f.seq + pick[int32](g.draw, 1, 0, 0, -1, 100000, -100000, 60000, 1000)
	}
	return s
}

// disturbed is a segment in which one thing, seldom two, is not as it should be.
func (g *generator) disturbed(f *flow, s script.Segment) script.Segment {
	for range 1 + g.below(6)/5 {
		choose(g.draw, []weighted[func()]{
			{6, func() { s.Seq.N = f.rcv + choose(g.draw, offsets) }},
			{5, func() {
				if s.Flags&ack != 0 {
					s.Ack = g.wrongAck(f)
				}
			}},
			{4, func() { g.disturbTimestamp(f, &s) }},
			{1, func() { s.Len += uint32(g.between(1, 30)) }},
			{1, func() { s.Flags ^= ack; s.Ack = script.Number{}; s.TSEcr = script.Echo{} }},
		})()
	}
	return g.sound(f, s)
}

// offsets are where a segment may lie, from the next number that the host expects. None is near the edge of the
// window, see the avoidances.
var offsets = []weighted[int32]{
	{6, 1}, {6, -1}, {2, 2}, {2, -2}, {3, -10}, {2, 10}, {2, 1000}, {2, -1000},
	{2, 29200}, {2, 60000}, {2, 200000}, {1, 100000},
	{2, -100000}, {1, -60000}, {1, 1 << 30}, {1, -1 << 30},
}

func (g *generator) wrongAck(f *flow) script.Number {
	n := f.hostNext()
	acks := wrongAcks(n)
	if f.opened > 1 { // there is an old number
		acks = append(acks, weighted[script.Number]{2, script.Number{Base: script.FromOld, N: n}})
	}
	if f.state == host.Closed || f.state == host.SynSent { // elsewhere its place depends on a random number
		acks = append(acks, weighted[script.Number]{2, script.Number{Base: script.FromZero}})
	}
	return choose(g.draw, acks)
}

func wrongAcks(n int32) []weighted[script.Number] {
	return []weighted[script.Number]{
		{4, script.Number{N: n + 1}},
		{4, script.Number{N: n - 1}},
		{2, script.Number{N: n - 2}},
		{2, script.Number{N: n + 100000}},
		{2, script.Number{N: n - 100000}},
		{1, script.Number{N: n + 1<<30}},
		{1, script.Number{N: n - 1<<30}},
	}
}

func (g *generator) disturbTimestamp(f *flow, s *script.Segment) {
	if !s.Timestamp {
		s.Timestamp, s.TSVal = true, f.born+uint32(g.now/time.Millisecond)
		if s.Flags&ack != 0 {
			s.TSEcr = script.Echo{Last: true}
		}
		if f.ts {
			return
		}
	}
	choose(g.draw, []weighted[func()]{
		{3, func() { s.Timestamp, s.TSVal, s.TSEcr = false, 0, script.Echo{} }},
		{4, func() { s.TSVal = f.last.TSVal - 1 }},
		{2, func() { s.TSVal = f.last.TSVal }},
		{2, func() { s.TSVal -= 5000 }},
		{1, func() { s.TSVal = f.last.TSVal - 1000000 }},
		{1, func() { s.TSVal += 1 << 30 }},
		{1, func() { s.TSVal += 1<<31 + 5 }},
		{1, func() { s.TSVal = 0 }},
		{2, func() { s.TSEcr = script.Echo{} }},
		{2, func() { s.TSEcr = script.Echo{Last: true, N: pick[int32](g.draw, 1, -1, 100000, -100000)} }},
	})()
}

// stray is a segment that no peer in its right mind would send on this flow now.
func (g *generator) stray(f *flow) script.Segment {
	flags := choose(g.draw, []weighted[host.Flags]{
		{6, rst}, {3, rst | ack}, {6, syn}, {3, syn | ack}, {4, ack}, {2, fin | ack}, {1, fin}, {1, 0},
		{1, syn | fin}, {1, syn | rst}, {1, syn | fin | ack}, {1, fin | rst},
	})
	s := g.right(f, flags)
	if flags&syn != 0 && g.chance(70) {
		s = g.opening(f)
		if s.Flags = flags; flags&ack != 0 {
			s.Ack = script.Number{N: f.hostNext()}
		}
	}
	switch {
	case flags&rst != 0 && g.chance(50):
		s.Seq.N = f.rcv + choose(g.draw, offsets)
	case g.chance(30):
		return g.disturbed(f, s)
	}
	return g.sound(f, s)
}

// sound makes a segment one that scripts have and that the avoidances allow, see the
// package documentation.
func (g *generator) sound(f *flow, s script.Segment) script.Segment {
	if n := f.hostNext(); s.Len > 0 && s.Flags&ack != 0 && nearNext(f, s.Seq.N) && (s.Ack.Base != script.FromISN || s.Ack.N < n) {
		s.Ack = script.Number{N: n} // header prediction
	}
	if f.crossed() && s.Ack == (script.Number{}) && s.Flags&ack != 0 {
		s.Ack.N = 1 // it would open the connection and acknowledge nothing
	}
	if s.Flags&ack == 0 {
		s.Ack = script.Number{}
		s.TSEcr = script.Echo{N: s.TSEcr.N}
		if s.TSEcr.N < 0 {
			s.TSEcr.N = 0
		}
	}
	if s.Flags&syn == 0 {
		s.MSS, s.WindowScale, s.SACK = 0, 0, false
	} else {
		s.Len = 0
	}
	if !s.Timestamp {
		s.TSVal, s.TSEcr = 0, script.Echo{}
	}
	s.Window, s.ZeroWindow = 0, false
	return s
}

// nearNext reports whether a number may be the next that the host expects, the picture being wrong by some data at times.
func nearNext(f *flow, n int32) bool { return n-f.rcv < 3000 && f.rcv-n < 3000 }
