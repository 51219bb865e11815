package paws

import (
	"errors"
	"net/netip"
)

// locals numbers our own addresses, of which a host has few, so that an entry holds a
// small number in their place. Number 0 is for kernels that do not tell them apart.
type locals struct {
	number map[netip.Addr]uint16
	last   netip.Addr // the one asked for last, and its number; 0 while none has one
	lastN  uint16
}

// find returns the number of one of our addresses, if it has one.
func (l *locals) find(a netip.Addr, tell bool) (uint16, bool) {
	if !tell {
		return 0, true
	}
	if l.lastN != 0 && l.last == a {
		return l.lastN, true
	}
	n, ok := l.number[a.Unmap()]
	if ok {
		l.last, l.lastN = a, n
	}
	return n, ok
}

var errLocals = errors.New("paws: more than 16383 of our own addresses, the most that a Cache tells apart")

// get returns the number of one of our addresses, and gives it one if it has none.
func (l *locals) get(a netip.Addr, tell bool) (uint16, error) {
	if n, ok := l.find(a, tell); ok {
		return n, nil
	}
	if len(l.number)+1 >= maxLocals {
		return 0, errLocals
	}
	if l.number == nil {
		l.number = make(map[netip.Addr]uint16)
	}
	n := uint16(len(l.number) + 1)
	l.number[a.Unmap()] = n
	l.last, l.lastN = a, n
	return n, nil
}
