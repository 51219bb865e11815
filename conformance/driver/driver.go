// Package driver makes a running kernel a [script.System]: one network namespace with the
// address 10.0.0.1 on a TUN device at which forged peers stand, and the loopback device. System
// calls are bare ones. What the kernel sends is stamped with the time at which it does, counters
// are those of /proc/net/snmp and /proc/net/netstat, socket tables come from sock_diag.
//
// Times are those of the kernel's jiffies counter: see [Clock].
package driver

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/netns"
	"example.com/linuxtcp/conformance/sockdiag"
	"example.com/linuxtcp/conformance/wire"
	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/script"
)

// Addr is the host's own address.
var Addr = netip.AddrFrom4([4]byte{10, 0, 0, 1})

// A Driver is a network namespace of the running kernel. Its methods must be called on the
// goroutine that [Do] gave it to.
type Driver struct {
	clock    Clock
	tun      int
	capture  *capture
	counters *counters
	diag     *sockdiag.Conn
	scales   scales
	sockets  map[string]int
	last     kernel.Counters
	junk     []byte
	early    []captured // what the kernel sent before a call was over
	// Late is the longest that a step took beyond its time, at most two jiffies of it
	// because looks wait for a jiffy of their own: see [Driver.Do].
	Late time.Duration
	// Blurred is how many calls did not begin and end within one jiffy, or looks at what
	// they brought about: which timers came before and which after is then not certain.
	Blurred int
}

var _ script.System = (*Driver)(nil)

// Do runs f on a new namespace, which ends with it, and waits for it. cpu is as for [netns.Do].
func Do(cpu int, f func(*Driver) error) error {
	clock := ThisClock()
	return netns.Do(cpu, func() (err error) {
		d := &Driver{clock: clock, tun: -1, scales: scales{}, sockets: map[string]int{}, junk: make([]byte, 1<<17)}
		defer d.close()
		if err := netns.WithoutIPv6(); err != nil {
			return err
		}
		if err := netns.UpLoopback(); err != nil {
			return err
		}
		if d.tun, err = netns.OpenTUN(Addr.As4()); err != nil {
			return err
		}
		if d.capture, err = openCapture(); err != nil {
			return err
		}
		if d.counters, err = openCounters(); err != nil {
			return err
		}
		if d.diag, err = sockdiag.Open(); err != nil {
			return err
		}
		if d.last, err = d.counters.read(); err != nil {
			return err
		}
		// Last, so that making a namespace disturbs none at work. Not everyone may: then
		// times are those of a busy machine.
		_ = Realtime()
		return f(d)
	})
}

// close closes all there is, the sockets in a way that leaves nothing behind.
func (d *Driver) close() {
	for name := range d.sockets {
		d.abort(name)
	}
	if d.diag != nil {
		d.diag.Close()
	}
	if d.counters != nil {
		d.counters.close()
	}
	if d.capture != nil {
		d.capture.close()
	}
	if d.tun >= 0 {
		unix.Close(d.tun)
	}
}

// Do carries out a call. The call begins and ends within one jiffy, unless the kernel takes longer; for
// that it may begin up to a jiffy late.
func (d *Driver) Do(call script.Call) (script.Seen, error) {
	var seen script.Seen
	d.clock.room(callNeeds)
	before, _ := d.clock.jiffy()
	at := monotonic()
	wait := call.Settle
	if call.Op == script.OpWait {
		wait = call.Wait
	} else if err := d.carryOut(call, &seen); err != nil {
		return seen, fmt.Errorf("%v: %w", call.Op, err)
	}
	if after, _ := d.clock.jiffy(); after != before {
		d.Blurred++
	}
	got, end, err := d.collect(at+wait, &seen)
	if err != nil {
		return seen, err
	}
	for _, g := range got {
		seen.Sent = append(seen.Sent, script.Sent{At: g.at + d.clock.Ahead, Segment: d.segment(g.Segment)})
	}
	d.Late = max(d.Late, end-at-wait)
	seen.At, seen.End = at+d.clock.Ahead, end+d.clock.Ahead
	return seen, nil
}

// collect waits until a time and looks at everything, within one jiffy, so that no timer comes
// between two looks.
func (d *Driver) collect(until time.Duration, seen *script.Seen) (got []captured, end time.Duration, err error) {
	got, d.early = d.early, nil
	for left := until - monotonic(); left > 0; left = until - monotonic() {
		d.poll(left)
		if got, err = d.drain(got); err != nil {
			return nil, 0, err
		}
	}
	var now kernel.Counters
	for try := 0; ; try++ {
		d.clock.room(collectNeeds)
		jiffy, _ := d.clock.jiffy()
		end = monotonic()
		if now, err = d.counters.read(); err != nil {
			return nil, 0, err
		}
		if seen.Sockets, err = d.table(); err != nil {
			return nil, 0, err
		}
		if got, err = d.drain(got); err != nil {
			return nil, 0, err
		}
		if after, _ := d.clock.jiffy(); after == jiffy {
			break
		}
		if try == 5 {
			d.Blurred++
			break
		}
	}
	seen.Counters = now.Sub(d.last)
	d.last = now
	return got, end, nil
}

// drain reads what the kernel sent, from the capture; what the device itself has is the same and makes
// room.
func (d *Driver) drain(got []captured) ([]captured, error) {
	got, err := d.capture.drain(got)
	for err == nil {
		if _, e := unix.Read(d.tun, d.junk); e != nil && e != unix.EINTR {
			break
		}
	}
	return got, err
}

// poll sleeps until the kernel sends something, at most for a time.
func (d *Driver) poll(left time.Duration) {
	ts := unix.NsecToTimespec(int64(left))
	unix.Ppoll([]unix.PollFd{{Fd: int32(d.capture.fd), Events: unix.POLLIN}}, &ts, nil)
}

// segment is what the kernel sent, in the terms of a script.
func (d *Driver) segment(w wire.Segment) host.Segment {
	g := host.Segment{
		From:  netip.AddrPortFrom(netip.AddrFrom4(w.Src), w.SPort),
		To:    netip.AddrPortFrom(netip.AddrFrom4(w.Dst), w.DPort),
		Flags: host.Flags(w.Flags) & (host.FlagFIN | host.FlagSYN | host.FlagRST | host.FlagPSH | host.FlagACK),
		Seq:   w.Seq, Ack: w.Ack, Len: uint32(len(w.Data)),
		Timestamp: w.TS, TSVal: w.TSVal, TSEcr: w.TSEcr,
		MSS: w.MSS, SACK: w.SACK,
	}
	if w.Scaled {
		g.WindowScale = w.WScale + 1
	}
	g.Window = d.scales.sent(&g, w.Window)
	return g
}

// inject makes the kernel receive a segment. When it returns, the kernel has.
func (d *Driver) inject(g host.Segment) error {
	if !g.From.Addr().Is4() || !g.To.Addr().Is4() {
		return fmt.Errorf("segment from %v to %v: this namespace has IPv4 only", g.From, g.To)
	}
	if g.Len > 65000 {
		return fmt.Errorf("segment of %d bytes: more than 65000", g.Len)
	}
	w := wire.Segment{
		Src: g.From.Addr().As4(), Dst: g.To.Addr().As4(), SPort: g.From.Port(), DPort: g.To.Port(),
		Seq: g.Seq, Ack: g.Ack, Flags: uint8(g.Flags), Window: d.scales.forged(&g),
		MSS: g.MSS, SACK: g.SACK, TS: g.Timestamp, TSVal: g.TSVal, TSEcr: g.TSEcr, Data: make([]byte, g.Len),
	}
	if g.WindowScale != 0 {
		w.Scaled, w.WScale = true, g.WindowScale-1
	}
	b := w.Marshal()
	if _, _, e := unix.RawSyscall(unix.SYS_WRITE, uintptr(d.tun), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))); e != 0 {
		return fmt.Errorf("write to %s: %w", netns.Device, e)
	}
	return nil
}

var states = [...]host.State{
	1: host.Established, 2: host.SynSent, 3: host.SynRecv, 4: host.FinWait1, 5: host.FinWait2, 6: host.TimeWait,
	7: host.Closed, 8: host.CloseWait, 9: host.LastAck, 10: host.Listen, 11: host.Closing, 12: host.SynRecv,
}

// table is the socket table.
func (d *Driver) table() ([]host.SocketInfo, error) {
	rows, err := d.diag.Dump(unix.AF_INET, sockdiag.TableStates, 0)
	if err != nil {
		return nil, err
	}
	ipv4 := len(rows)
	if rows6, err := d.diag.Dump(unix.AF_INET6, sockdiag.TableStates, 0); err == nil { // a kernel may be without
		rows = append(rows, rows6...)
	}
	infos := make([]host.SocketInfo, 0, len(rows))
	for n, r := range rows {
		address := func(a [16]byte) netip.Addr {
			if n < ipv4 {
				return netip.AddrFrom4([4]byte(a[:4]))
			}
			return netip.AddrFrom16(a).Unmap()
		}
		if int(r.State) >= len(states) {
			return nil, fmt.Errorf("sock_diag: state %d", r.State)
		}
		i := host.SocketInfo{
			State:  states[r.State],
			Local:  netip.AddrPortFrom(address(r.Src), r.SPort),
			Remote: netip.AddrPortFrom(address(r.Dst), r.DPort),
		}
		if i.State == host.Listen {
			i.RecvQ, i.SendQ = r.RQueue, r.WQueue
		}
		infos = append(infos, i)
	}
	return infos, nil
}

// sysctl writes one of the namespace. One that the kernel does not have there is EINVAL.
func (d *Driver) sysctl(name, value string) (host.Errno, error) {
	fd, err := unix.Open(sysctlPath(name), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		return host.EINVAL, nil
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(value))
	return errno(err)
}

// errno is a script's name for an error of a system call.
func errno(err error) (host.Errno, error) {
	if err == nil {
		return 0, nil
	}
	var e unix.Errno
	if errors.As(err, &e) {
		if n, ok := errnos[e]; ok {
			return n, nil
		}
	}
	return 0, err
}

var errnos = map[unix.Errno]host.Errno{
	unix.EADDRINUSE: host.EADDRINUSE, unix.EADDRNOTAVAIL: host.EADDRNOTAVAIL, unix.ECONNREFUSED: host.ECONNREFUSED,
	unix.ECONNRESET: host.ECONNRESET, unix.EPIPE: host.EPIPE, unix.ETIMEDOUT: host.ETIMEDOUT, unix.EINPROGRESS: host.EINPROGRESS,
	unix.EALREADY: host.EALREADY, unix.EISCONN: host.EISCONN, unix.ENOTCONN: host.ENOTCONN, unix.EAGAIN: host.EAGAIN,
	unix.EINVAL: host.EINVAL, unix.ECONNABORTED: host.ECONNABORTED,
}
