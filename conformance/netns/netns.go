// Package netns makes network namespaces, one for each experiment, and the TUN
// devices at which the forged peers stand.
package netns

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Device is the name of the TUN device.
const Device = "tun0"

// Do runs f in a new network namespace, on a thread of its own that stays on one
// processor, and waits for it. The namespace ends with the thread, except that what f
// left open keeps it. A panic of f is an error.
//
// The processor is number cpu, modulo how many there are: the kernel keeps a timer on the
// processor where it was started.
func Do(cpu int, f func() error) error {
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
			err = fmt.Errorf("a network namespace cannot be made: %w", err)
			return
		}
		var set unix.CPUSet
		set.Set(cpu % max(runtime.NumCPU(), 1))
		unix.SchedSetaffinity(0, &set)
		err = f()
	}()
	return <-done
}

// ifreq is struct ifreq: a name of 16 bytes, then what the request is about.
type ifreq [40]byte

func request(device string) (r ifreq) {
	copy(r[:15], device)
	return r
}

func (r ifreq) flags(f uint16) ifreq {
	*(*uint16)(unsafe.Pointer(&r[16])) = f
	return r
}

func (r ifreq) number(n int32) ifreq {
	*(*int32)(unsafe.Pointer(&r[16])) = n
	return r
}

func (r ifreq) addr(a [4]byte) ifreq {
	r = r.flags(unix.AF_INET)
	copy(r[20:], a[:])
	return r
}

func ioctl(fd int, op uint, req *ifreq) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(op), uintptr(unsafe.Pointer(req))); e != 0 {
		return e
	}
	return nil
}

// OpenTUN creates the device in this thread's namespace, gives it an address with the
// network 10.0.0.0/8 and brings it up. Reading its file descriptor, which does not
// block, gives what the kernel sends; what is written to it is received.
func OpenTUN(addr [4]byte) (fd int, err error) {
	fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("/dev/net/tun: %w", err)
	}
	req := request(Device).flags(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := ioctl(fd, unix.TUNSETIFF, &req); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("TUNSETIFF: %w", err)
	}
	for _, step := range []struct {
		op  uint
		req ifreq
	}{
		{unix.SIOCSIFADDR, request(Device).addr(addr)},
		{unix.SIOCSIFNETMASK, request(Device).addr([4]byte{255, 0, 0, 0})},
		{unix.SIOCSIFFLAGS, request(Device).flags(unix.IFF_UP | unix.IFF_RUNNING)},
		{unix.SIOCSIFTXQLEN, request(Device).number(10000)},
	} {
		if err := control(step.op, step.req); err != nil {
			unix.Close(fd)
			return -1, fmt.Errorf("%s set-up %#x: %w", Device, step.op, err)
		}
	}
	return fd, nil
}

// UpLoopback brings the loopback device up.
func UpLoopback() error {
	if err := control(unix.SIOCSIFFLAGS, request("lo").flags(unix.IFF_UP|unix.IFF_RUNNING)); err != nil {
		return fmt.Errorf("lo: %w", err)
	}
	return nil
}

// AddAddr gives a device, or an alias of it ("lo:1"), an IPv4 address.
func AddAddr(device string, addr [4]byte) error {
	if err := control(unix.SIOCSIFADDR, request(device).addr(addr)); err != nil {
		return fmt.Errorf("%s: %w", device, err)
	}
	return nil
}

func control(op uint, req ifreq) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	return ioctl(s, op, &req)
}

// WithoutIPv6 keeps devices that are made from now on from having IPv6, so that the
// kernel sends nothing on its own account. Loopback has it.
func WithoutIPv6() error {
	for _, c := range []struct{ name, disabled string }{{"all", "1"}, {"default", "1"}, {"lo", "0"}} {
		err := os.WriteFile("/proc/sys/net/ipv6/conf/"+c.name+"/disable_ipv6", []byte(c.disabled), 0)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// AddIPv6 gives the device an IPv6 address with a network of 96 bits, if this kernel has IPv6.
func AddIPv6(addr [16]byte) error {
	s, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(s)
	i, err := net.InterfaceByName(Device)
	if err != nil {
		return err
	}
	var req ifreq // struct in6_ifreq: address, prefix length, index
	copy(req[:], addr[:])
	*(*uint32)(unsafe.Pointer(&req[16])) = 96
	*(*int32)(unsafe.Pointer(&req[20])) = int32(i.Index)
	if err := ioctl(s, unix.SIOCSIFADDR, &req); err != nil {
		return fmt.Errorf("%s IPv6 address: %w", Device, err)
	}
	return nil
}
