package portalloc

import "example.com/linuxtcp/kernel"

// SuggestPort makes the next connect() or bind() that looks for a port begin where it comes
// to that port, as one whose secret or random number happened to be so. Where a kernel
// begins cannot be known; a recording of what it did says which port came out, and whoever
// replays it suggests that port.
//
// Only the beginning is replaced, and by one that the kernel can have. So what the search
// comes to is always a port that some beginning leads to, which is the suggested one if any
// beginning leads there, and another where none does: where it is taken, reserved or out of
// the range, and from 4.6 on where it has the parity that is tried last and ports of the
// other are free. connect() goes on from there the next time, as far as it keeps a count.
//
// 0 takes a suggestion back. One that no search has used stays until the next one.
func (a *Allocator) SuggestPort(port uint16) { a.suggested = port }

// suggestedSum is the sum from which connect() comes to a port first, or as early as from
// any; false if the port is not in the range.
func suggestedSum(sem *kernel.Semantics, r kernel.PortRange, narrowed bool, port int) (uint32, bool) {
	if port == 0 || port < r.Low || port > r.High {
		return 0, false
	}
	size := uint32(max(r.Size(), 1))
	off := uint32(port - r.Low)
	switch {
	case sem.PortSearch == kernel.PortSearchNext:
		return off - 1, true
	case sem.PortSearch == kernel.PortSearchEven:
		if off%2 != 0 && size%2 != 0 {
			return off + size, true // even, and the same place
		}
		return off &^ 1, true
	case narrowed && sem.PortRangeOptionNoParity:
		return off, true
	}
	return lastOfOdd(off, size) &^ 1, true
}

// lastOfOdd is the offset to begin at for the one port that an odd range has too many, the
// highest: no pass begins there, and the one before it is the best there is.
func lastOfOdd(off, size uint32) uint32 {
	if size > 1 && off == size&^1 {
		return max(off, 2) - 2
	}
	return off
}

// oddBegin is where a search of an odd range begins that should come to the suggested port in
// its second pass: sum, unless the first pass would come to a free port on its way that
// another beginning leaves out. The lowest port belongs to the searches that begin there, the
// highest to all others.
func (a *Allocator) oddBegin(g *group, r kernel.PortRange, narrowed bool, sum uint32) uint32 {
	if a.sem.PortSearch != kernel.PortSearchParity || narrowed && a.sem.PortRangeOptionNoParity || r.Size()%2 == 0 || r.Size() < 4 {
		return sum
	}
	if want := int(a.suggested); want == r.Low+int(sum) || want == r.High {
		return sum // it is in the first pass
	}
	free := func(port int) bool { return g.next(&a.blocked, port, port, parityOf(2, port), false) == port }
	switch low, high := free(r.Low), free(r.High); {
	case high && !low:
		return 0
	case low && !high && sum == 0:
		return uint32(r.Size())&^1 - 2 // whose second pass comes round to its lowest port next
	}
	return sum
}

// bindDraw is the random number of one scan of bind() to port 0.
func (a *Allocator) bindDraw(part kernel.PortRange) uint32 {
	port := int(a.suggested)
	if port == 0 || port < part.Low || port > part.High {
		return a.draw()
	}
	off, size := uint32(port-part.Low), uint32(max(part.Size(), 1))
	if !a.sem.BindOddFirst {
		return off
	}
	return lastOfOdd(off, size)
}
