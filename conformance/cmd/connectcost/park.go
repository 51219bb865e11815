package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// mostRights is how many descriptors one message carries (SCM_MAX_FD), and mostMessages
// how many of them fit into the buffer of a pair.
const (
	mostRights   = 253
	mostMessages = 64
)

// A garage keeps sockets open without a file descriptor: under way in messages between
// two ends of a pair that nobody reads. A full range of ports takes more
// descriptors than many machines allow a process, and root may have as many under way as
// it likes (CAP_SYS_ADMIN).
type garage struct {
	waiting []int // descriptors that are still ours
	pairs   [][2]int
	sent    int // messages in the last pair
}

// park takes the descriptors over.
func (g *garage) park(fds ...int) error {
	g.waiting = append(g.waiting, fds...)
	if len(g.waiting) < mostRights {
		return nil
	}
	if len(g.pairs) == 0 || g.sent == mostMessages {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		g.pairs = append(g.pairs, pair)
		g.sent = 0
	}
	some := g.waiting[:mostRights]
	end := g.pairs[len(g.pairs)-1][0]
	if err := unix.Sendmsg(end, []byte{0}, unix.UnixRights(some...), nil, unix.MSG_DONTWAIT); err != nil {
		return fmt.Errorf("%d descriptors cannot be kept under way: %w", len(some), err)
	}
	g.sent++
	for _, fd := range some {
		unix.Close(fd)
	}
	g.waiting = append(g.waiting[:0], g.waiting[mostRights:]...)
	return nil
}

// clear closes all that was parked.
func (g *garage) clear() {
	for _, fd := range g.waiting {
		unix.Close(fd)
	}
	for _, pair := range g.pairs {
		unix.Close(pair[0])
		unix.Close(pair[1])
	}
	*g = garage{}
}
