package queue

import "time"

// timerLists orders the requests' own timers (4.1 and later). All requests that
// have seen as many timeouts wait equally long, so each number of timeouts has a
// list that is in order of expiry as new entries come to its end.
//
// Timers due in the same jiffy run as the kernel's wheel runs them since 4.8: the
// higher level of the wheel first, and within a bucket the last one armed first.
// Who is pruned in a burst depends on it. Before, they run in the order armed.
//
// The machine's other CPUs would run theirs at the same time; this is one CPU.
type timerLists struct {
	lists [8]timerList
	lifo  bool
	armed uint32 // counts armings: orders timers of one bucket
	next  int32  // the first to run, 0 for none; see stale
	stale bool   // next has to be looked for
}

// A timerList is a doubly linked list of slab indices. mark is the first of the
// entries that expire together with the tail, if known; an entry of that moment is
// put before it.
type timerList struct{ head, tail, mark int32 }

// arm puts request i on the list for its number of timeouts.
func (l *timerLists) arm(slab []request, i int32, expires time.Duration, level int) {
	r := &slab[i]
	l.armed++
	r.expires, r.level, r.order = expires, uint8(level), l.armed
	r.list = min(r.timeouts, uint8(len(l.lists)-1))
	list := &l.lists[r.list]
	at := int32(0) // the entry to stand before, 0 for the end
	switch {
	case list.tail == 0 || slab[list.tail].expires < expires:
		list.mark = i
	case slab[list.tail].expires > expires || slab[list.tail].level != r.level:
		at = list.search(slab, r, l.lifo)
	case l.lifo:
		if list.mark == 0 {
			list.mark = list.search(slab, r, true)
		}
		at, list.mark = list.mark, i
	}
	r.aft = at
	if at != 0 {
		r.before, slab[at].before = slab[at].before, i
	} else {
		r.before, list.tail = list.tail, i
	}
	if r.before != 0 {
		slab[r.before].aft = i
	} else {
		list.head = i
	}
	if !l.stale && (l.next == 0 || runsBefore(r, &slab[l.next], l.lifo)) {
		l.next = i
	}
}

// search finds the entry that r stands before. Only a change of the timeouts'
// length at run time makes it necessary, or the end of a group.
func (l *timerList) search(slab []request, r *request, lifo bool) int32 {
	at := l.head
	for at != 0 && runsBefore(&slab[at], r, lifo) {
		at = slab[at].aft
	}
	return at
}

// runsBefore reports whether a runs before b.
func runsBefore(a, b *request, lifo bool) bool {
	switch {
	case a.expires != b.expires:
		return a.expires < b.expires
	case a.level != b.level:
		return a.level > b.level
	case lifo:
		return int32(a.order-b.order) > 0
	}
	return int32(a.order-b.order) < 0
}

// disarm takes request i off its list.
func (l *timerLists) disarm(slab []request, i int32) {
	r := &slab[i]
	list := &l.lists[r.list]
	if list.mark == i {
		list.mark = 0
		if r.aft != 0 && slab[r.aft].expires == r.expires && slab[r.aft].level == r.level {
			list.mark = r.aft
		}
	}
	if r.before != 0 {
		slab[r.before].aft = r.aft
	} else {
		list.head = r.aft
	}
	if r.aft != 0 {
		slab[r.aft].before = r.before
	} else {
		list.tail = r.before
	}
	r.before, r.aft = 0, 0
	if l.next == i {
		l.stale = true
	}
}

// first returns the request whose timer is next, 0 if none is armed.
func (l *timerLists) first(slab []request) int32 {
	if l.stale {
		l.next, l.stale = 0, false
		for i := range l.lists {
			head := l.lists[i].head
			if head != 0 && (l.next == 0 || runsBefore(&slab[head], &slab[l.next], l.lifo)) {
				l.next = head
			}
		}
	}
	return l.next
}
