package host

import "example.com/linuxtcp/kernel/serial"

// A Span is a range of sequence numbers.
type Span struct {
	From, To uint32 // its first number, and the one after its last
	FIN      bool   // the last of them is the peer's FIN
	// Beyond is where that ends which came after the FIN and touches it, 0 for nothing: it is never read, but
	// acknowledged selectively.
	Beyond uint32
}

// edge is where the range ends as selective acknowledgements have it.
func (s Span) edge() uint32 {
	if s.Beyond != 0 {
		return s.Beyond
	}
	return s.To
}

// Ahead is what came after a gap and waits for what is missing (out_of_order_queue), oldest number first. The
// unused ones are zero. A kernel keeps as many ranges as its receive buffer holds; here a fifth one is acknowledged
// as a gap is and then forgotten.
type Ahead [4]Span

const spansKept = len(Ahead{})

// add keeps a range. What touches is joined; of what comes after the peer's FIN only the end is kept.
func (a *Ahead) add(n Span) {
	kept := *a
	*a = Ahead{}
	var list [spansKept + 1]Span
	used, placed := 0, false
	for _, s := range kept {
		switch {
		case s.From == s.To:
			continue
		case serial.Before(s.To, n.From):
		case serial.After(s.From, n.To):
			if !placed {
				list[used], placed = n, true
				used++
			}
		default:
			n = n.join(s)
			continue
		}
		list[used] = s
		used++
	}
	if !placed {
		list[used] = n
		used++
	}
	if used > spansKept {
		*a = kept
		return
	}
	copy(a[:], list[:used])
}

// edge is where the last range ends, and false if nothing came after a gap.
func (a *Ahead) edge() (edge uint32, ok bool) {
	for _, s := range a {
		if s.From != s.To {
			edge, ok = s.edge(), true
		}
	}
	return edge, ok
}

// join is both of two ranges that touch.
func (s Span) join(t Span) Span {
	end := s.edge()
	if serial.After(t.edge(), end) {
		end = t.edge()
	}
	if serial.Before(t.From, s.From) {
		s.From = t.From
	}
	switch {
	case s.FIN && t.FIN && serial.Before(t.To, s.To), t.FIN && !s.FIN, !s.FIN && serial.After(t.To, s.To):
		s.To, s.FIN = t.To, t.FIN
	}
	s.Beyond = 0
	if s.FIN && end != s.To {
		s.Beyond = end
	}
	return s
}

// take returns the number after what follows next without a gap, and whether it ends with the peer's FIN. What it
// covers is forgotten.
func (a *Ahead) take(next uint32) (end uint32, fin bool) {
	end = next
	rest, used := Ahead{}, 0
	for _, s := range *a {
		switch {
		case s.From == s.To:
		case serial.After(s.From, end):
			rest[used] = s
			used++
		case serial.After(s.To, end):
			end, fin = s.To, s.FIN
		}
	}
	*a = rest
	return end, fin
}
