// Package lab is a network namespace with one TUN device in it, seen from
// both ends: the kernel end through sockets, /proc and sock_diag, the wire
// end through forged segments. Everything happens on one locked thread and
// in order: a segment written to the device has been handled by the kernel
// when the write returns, so its answers are already waiting.
package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/netns"
	"example.com/linuxtcp/conformance/wire"
)

// Server is the address of the kernel end; over IPv6 it follows wire.Prefix.
var Server = [4]byte{10, 0, 0, 1}

// A Lab is one network namespace. Its methods must be called on the
// goroutine that Do gave it to.
type Lab struct {
	// V6 makes new listeners and peers use IPv6.
	V6 bool

	tun  int
	base time.Duration // start of the experiment, on the boot clock
}

// A Got is a segment that the kernel sent, and when it was read.
type Got struct {
	At time.Duration // since the last Restart
	wire.Segment
}

// Do runs f in a new network namespace on a thread of its own and waits for
// it. The namespace ends with the thread.
func Do(f func(*Lab)) error {
	return netns.Do(0, func() error {
		fd, err := netns.OpenTUN(Server)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		var addr [16]byte
		copy(addr[:], wire.Prefix[:])
		copy(addr[12:], Server[:])
		if err := netns.AddIPv6(addr); err != nil {
			return err
		}
		l := &Lab{tun: fd}
		l.Restart()
		f(l)
		return nil
	})
}

// Inject hands a segment to the kernel and does not look for answers.
func (l *Lab) Inject(s wire.Segment) {
	if _, err := unix.Write(l.tun, s.Marshal()); err != nil {
		panic(fmt.Sprintf("write to tun0: %v", err))
	}
}

// Drain returns what the kernel has sent so far, without waiting.
func (l *Lab) Drain() []Got {
	var got []Got
	buf := make([]byte, 70000)
	for {
		n, err := unix.Read(l.tun, buf)
		if err != nil {
			return got
		}
		s, err := wire.Parse(append([]byte(nil), buf[:n]...))
		if err == nil {
			got = append(got, Got{l.Now(), s})
		}
	}
}

// Exchange hands a segment to the kernel and returns the answers. If there
// is none at once it looks again after three milliseconds.
func (l *Lab) Exchange(s wire.Segment) []Got {
	l.Inject(s)
	if got := l.Drain(); got != nil {
		return got
	}
	return l.Wait(3 * time.Millisecond)
}

// Wait collects what the kernel sends during d.
func (l *Lab) Wait(d time.Duration) []Got { return l.WaitUntil(l.Now() + d) }

// WaitUntil collects what the kernel sends until t (since Restart).
func (l *Lab) WaitUntil(t time.Duration) []Got {
	var got []Got
	for {
		got = append(got, l.Drain()...)
		left := t - l.Now()
		if left <= 0 {
			return got
		}
		l.poll(left)
	}
}

// poll sleeps until the kernel sends something, at most for d.
func (l *Lab) poll(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.Ppoll([]unix.PollFd{{Fd: int32(l.tun), Events: unix.POLLIN}}, &ts, nil)
}
