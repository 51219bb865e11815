package portalloc

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"example.com/linuxtcp/kernel"
)

// StaysOpen is a time that never comes: a connection that is not closed.
const StaysOpen = time.Duration(math.MaxInt64)

// A Starving is what becomes of the connect() that starves after a race.
type Starving struct {
	// Resent is when its SYN is sent again, from the first SYN on: the same sequence
	// number and timestamp echo, a newer timestamp.
	Resent []time.Duration
	// Connected says that it gets its connection after all, at At; if not, connect()
	// returns ETIMEDOUT at At. The network's round-trip time is to be added.
	Connected bool
	At        time.Duration
}

// String is a sentence.
func (s Starving) String() string {
	times := make([]string, len(s.Resent))
	for i, at := range s.Resent {
		times[i] = at.String()
	}
	again := "its SYN is sent again after " + strings.Join(times, ", ")
	if s.Connected {
		return fmt.Sprintf("%s; connected %v late", again, s.At)
	}
	return fmt.Sprintf("%s; ETIMEDOUT after %v", again, s.At)
}

// Starve tells what becomes of the socket that was inserted first into the hash chain
// when two connect() calls took one TIME_WAIT entry over: how long it waits, and how
// that ends. closed is when the connection of the winner is closed on both sides,
// counted from the SYNs; [StaysOpen] if it never is.
//
// Both SYNs are equal. The server makes one connection of them and sends the same SYN-ACK
// twice; both SYN-ACKs find the socket at the head of the chain, which is the one that
// was inserted second, and it drops the other as a duplicate. The first one has its
// retransmission timer only. While the winner's connection is open its SYN meets that
// connection, which answers with an ACK that again goes to the winner. Once that is
// closed the SYN makes a new connection, or, if the server closed first, reopens its
// TIME_WAIT by a newer timestamp. So connect() takes very nearly 3 s now and then, or 1 s
// on RHEL 6.3 and 6.4 ([kernel.SYNTimer]).
//
//	kernel               SYN again after       winner closed in time   winner stays open
//	2.6.32, RHEL 6.0-6.2 3 s, 9 s              connected after 3 s     ETIMEDOUT after 21 s
//	RHEL 6.3, 6.4        1 s, 3 s, ... 31 s    connected after 1 s     ETIMEDOUT after 63 s
//
// A kernel without the race ([HasRace]), a closed below zero and a timer that
// [kernel.SYNTimer.Timeline] refuses are errors.
//
// Evidence: observed on RHEL 6 build 357: connected after 1.0021 to 1.0059 s (four
// times), ETIMEDOUT after 63.007 s with the winner open, the winner before the starving
// socket in /proc/net/tcp. The times of 2.6.32 observed for a SYN that nobody answers.
func Starve(sem *kernel.Semantics, timer kernel.SYNTimer, closed time.Duration) (Starving, error) {
	line, err := timer.Timeline(sem)
	switch {
	case err != nil:
		return Starving{}, err
	case !HasRace(sem):
		return Starving{}, errors.New("portalloc: this kernel does not have the race: nobody starves")
	case closed < 0:
		return Starving{}, fmt.Errorf("portalloc: the winner is closed at %v: must not be negative", closed)
	}
	s := Starving{At: line.TimedOut}
	for _, at := range line.Sent[1:] {
		s.Resent = append(s.Resent, at)
		if at >= closed {
			s.Connected, s.At = true, at
			break
		}
	}
	return s, nil
}
