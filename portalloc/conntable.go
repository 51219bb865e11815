package portalloc

// connTable finds a connection by its group and local port: chains through the sockets.
type connTable struct {
	heads []uint32 // slots, from 1; a power of two
	n     int
}

func (t *connTable) head(group uint32, port uint16) *uint32 {
	h := group*0x9e3779b1 + uint32(port)
	return &t.heads[h&uint32(len(t.heads)-1)]
}

// conn returns the slot of a connection, 0 if there is none.
func (a *Allocator) conn(group uint32, port uint16) uint32 {
	if a.table.n == 0 {
		return 0
	}
	i := *a.table.head(group, port)
	for i != 0 {
		if k := &a.socks[i-1]; k.port == port && k.group == group {
			break
		} else {
			i = k.chain
		}
	}
	return i
}

// link puts a connection into the table.
func (a *Allocator) link(i uint32) {
	t := &a.table
	if t.n >= len(t.heads) {
		old := t.heads
		t.heads = make([]uint32, max(64, 2*len(old)))
		for _, j := range old {
			for j != 0 {
				k := &a.socks[j-1]
				next := k.chain
				head := t.head(k.group, k.port)
				k.chain, *head = *head, j
				j = next
			}
		}
	}
	t.n++
	k := &a.socks[i-1]
	head := t.head(k.group, k.port)
	k.chain, *head = *head, i
}

// unlink takes it out.
func (a *Allocator) unlink(i uint32) {
	k := &a.socks[i-1]
	at := a.table.head(k.group, k.port)
	for *at != i {
		at = &a.socks[*at-1].chain
	}
	*at, k.chain = k.chain, 0
	a.table.n--
}
