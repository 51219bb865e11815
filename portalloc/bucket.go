package portalloc

// bucket is a port that somebody has (struct inet_bind_bucket). A port without owners
// has none.
type bucket struct {
	head     uint32 // the slot of an owner
	owners   int32  // sockets, TIME_WAIT entries not counted
	bound    int32  // owners, of either kind, that did not find the port by connect()
	reuse    int8   // fastreuse
	port     int8   // fastreuseport: -1, 0, 1, or strict
	byUser   bool   // uid is set
	uid      uint32
	fastAddr Address
}

const strict = 2 // fastreuseport where the address counts, from 4.11 on

// bucket returns the place of a port's bucket.
func (a *Allocator) bucket(port int) *bucket {
	p := a.pages[port>>8]
	if p == nil {
		p = new([256]bucket)
		a.pages[port>>8] = p
	}
	return &p[port&255]
}

// review brings blocked up to date for one port.
func (a *Allocator) review(port int) {
	on := a.reserved.has(port)
	if p := a.pages[port>>8]; p != nil && !on {
		b := &p[port&255]
		on = b.head != 0 && !ConnectMayShare(&a.sem, int(b.reuse), int(b.port))
	}
	if on {
		a.blocked.add(port)
	} else {
		a.blocked.remove(port)
	}
}

// own makes a socket an owner of a port (inet_bind_hash). The flags of the bucket are the
// caller's.
func (a *Allocator) own(i uint32, port int) {
	k, b := &a.socks[i-1], a.bucket(port)
	k.port = uint16(port)
	k.next, k.prev = b.head, 0
	if b.head != 0 {
		a.socks[b.head-1].prev = i
	}
	b.head = i
	b.owners++
	a.live++
	if !k.auto {
		b.bound++
	}
}

// release ends that. From 6.18 on, a port that only connect() found is left as such.
func (a *Allocator) release(i uint32) {
	k := &a.socks[i-1]
	port := int(k.port)
	b := a.bucket(port)
	if k.prev != 0 {
		a.socks[k.prev-1].next = k.next
	} else {
		b.head = k.next
	}
	if k.next != 0 {
		a.socks[k.next-1].prev = k.prev
	}
	if k.state != TimeWait {
		b.owners--
		a.live--
	}
	if !k.auto {
		b.bound--
	}
	switch {
	case b.head == 0:
		*b = bucket{}
	case a.sem.PortRestored && b.bound == 0:
		b.reuse, b.port = -1, -1
	default:
		return
	}
	a.review(port)
}

// unchecked reports whether a socket may join a port without a look at its owners
// (tb->fastreuse, sk_reuseport_match).
func (a *Allocator) unchecked(b *bucket, k *Owner) bool {
	return b.reuse > 0 && k.ReuseAddr && !k.Listening || a.sameUser(b, k)
}

func (a *Allocator) sameUser(b *bucket, k *Owner) bool {
	return a.sem.ReusePort && b.port > 0 && k.ReusePort && b.byUser && b.uid == k.UID &&
		(b.port != strict || overlap(b.fastAddr, k.Address, true, false))
}

// join sets the flags of a bucket that a socket comes to (inet_csk_update_fastreuse).
// fresh says that it has no owner yet.
func (a *Allocator) join(b *bucket, k *Owner, fresh bool) {
	reuse := k.ReuseAddr && !k.Listening
	if a.sem.BindFlagsInverted {
		fresh = !fresh
	}
	if fresh {
		b.reuse, b.port = 0, 0
		if reuse {
			b.reuse = 1
		}
		if k.ReusePort {
			b.port = 1
			b.remember(k)
		}
		return
	}
	if !reuse {
		b.reuse = 0
	}
	switch {
	case !a.sem.ReusePort:
	case !k.ReusePort:
		b.port = 0
	case a.sem.BindStrictAddress:
		if !a.sameUser(b, k) {
			b.port = strict
			b.remember(k)
		}
	case !b.byUser || b.uid != k.UID:
		b.port = 0
	}
}

func (b *bucket) remember(k *Owner) { b.byUser, b.uid, b.fastAddr = true, k.UID, k.Address }

// conflict reports whether any other owner of a port keeps a socket from it.
func (a *Allocator) conflict(i uint32, b *bucket, how Strictness) bool {
	k := &a.socks[i-1]
	for j := b.head; j != 0; j = a.socks[j-1].next {
		if j != i && Conflicts(&a.sem, &k.own, &a.socks[j-1].own, how) {
			return true
		}
	}
	return false
}
