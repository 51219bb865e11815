// Package lab is a network namespace with one TUN device in it, seen from
// both ends: the kernel end through sockets, /proc and sock_diag, the wire
// end through forged segments. Everything happens on one locked thread and
// in order: a segment written to the device has been handled by the kernel
// when the write returns, so its answers are already waiting.
package lab

import (
	"fmt"
	"net"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

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
func Do(f func(*Lab)) (err error) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread dies with f
		var err error
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
			done <- err
		}()
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return
		}
		// One processor: the kernel keeps timers where they were started.
		var cpu unix.CPUSet
		cpu.Set(0)
		unix.SchedSetaffinity(0, &cpu)
		l := &Lab{}
		if err = l.openTun(); err != nil {
			return
		}
		defer unix.Close(l.tun)
		l.Restart()
		f(l)
	}()
	return <-done
}

// openTun creates tun0, gives it 10.0.0.1/8 and brings it up.
func (l *Lab) openTun() error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("/dev/net/tun: %w", err)
	}
	l.tun = fd
	var req [40]byte
	copy(req[:], "tun0")
	*(*uint16)(unsafe.Pointer(&req[16])) = unix.IFF_TUN | unix.IFF_NO_PI
	if err := ioctl(fd, unix.TUNSETIFF, &req); err != nil {
		return fmt.Errorf("TUNSETIFF: %w", err)
	}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	addr := func(a, b, c, d byte) (r [40]byte) {
		copy(r[:], "tun0")
		*(*uint16)(unsafe.Pointer(&r[16])) = unix.AF_INET
		copy(r[20:], []byte{a, b, c, d})
		return r
	}
	for _, step := range []struct {
		op  uint
		req [40]byte
	}{
		{unix.SIOCSIFADDR, addr(10, 0, 0, 1)},
		{unix.SIOCSIFNETMASK, addr(255, 0, 0, 0)},
		{unix.SIOCSIFFLAGS, func() (r [40]byte) {
			copy(r[:], "tun0")
			*(*uint16)(unsafe.Pointer(&r[16])) = unix.IFF_UP | unix.IFF_RUNNING
			return r
		}()},
		{unix.SIOCSIFTXQLEN, func() (r [40]byte) {
			copy(r[:], "tun0")
			*(*int32)(unsafe.Pointer(&r[16])) = 10000
			return r
		}()},
	} {
		if err := ioctl(s, step.op, &step.req); err != nil {
			return fmt.Errorf("tun0 set-up %#x: %w", step.op, err)
		}
	}
	return addV6()
}

// addV6 gives tun0 the server's IPv6 address, if this kernel has IPv6.
func addV6() error {
	s, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(s)
	i, err := net.InterfaceByName("tun0")
	if err != nil {
		return err
	}
	var req [40]byte // struct in6_ifreq: address, prefix length, index
	copy(req[:], wire.Prefix[:])
	copy(req[12:], Server[:])
	*(*uint32)(unsafe.Pointer(&req[16])) = 96
	*(*int32)(unsafe.Pointer(&req[20])) = int32(i.Index)
	if err := ioctl(s, unix.SIOCSIFADDR, &req); err != nil {
		return fmt.Errorf("tun0 IPv6 address: %w", err)
	}
	return nil
}

func ioctl(fd int, op uint, req *[40]byte) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(op), uintptr(unsafe.Pointer(req))); e != 0 {
		return e
	}
	return nil
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
