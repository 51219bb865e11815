package script

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.com/linuxtcp/kernel"
)

// HostAddr is the address that the host has besides 127.0.0.1.
var HostAddr = netip.AddrFrom4([4]byte{10, 0, 0, 1})

// peers is where forged peers are; the host's own address is among them.
var peers = netip.MustParsePrefix("10.0.0.0/8")

// Check reports the first thing in the script that makes no sense whatever the kernel: a socket
// or a flow that no line introduces, a name for two things, an address that nobody has, an expectation of a kernel without a
// recording, a recording with another number of steps. The error begins with the
// script's name and the line.
func (s *Script) Check() error {
	c := checker{s: s, is: make(map[string]what), of: make(map[string]Options)}
	for _, p := range s.Peers {
		switch {
		case !peers.Contains(p.From.Addr()) || p.From.Addr() == HostAddr:
			return fmt.Errorf("%s: peer %s at %s, which is not among 10.0.0.0/8 or is the host's own", s.Name, p.Name, p.From.Addr())
		case p.To.Addr() != HostAddr:
			return fmt.Errorf("%s: peer %s sends to %s, and the host is %s", s.Name, p.Name, p.To.Addr(), HostAddr)
		}
		if err := c.introduce(p.Name, aPeer); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if s.Settle < 0 || s.Settle > longest {
		return fmt.Errorf("%s: settle %s is not from 0s to %s", s.Name, s.Settle, longest)
	}
	for i := range s.Limits {
		if err := s.Limits[i].check(); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	for i := range s.Steps {
		if err := c.step(&s.Steps[i]); err != nil {
			return s.errorAt(i, err)
		}
	}
	for i, k := range s.Kernels {
		_, err := kernel.Parse(k.Name)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", s.Name, err)
		case slices.ContainsFunc(s.Kernels[:i], func(o Kernel) bool { return o.Name == k.Name }):
			return fmt.Errorf("%s: kernel %s stands twice", s.Name, k.Name)
		case len(k.At) != 0 && len(k.At) != len(s.Steps):
			return fmt.Errorf("%s: kernel %s has times for %d steps, the script has %d steps", s.Name, k.Name, len(k.At), len(s.Steps))
		case len(k.End) != len(k.At):
			return fmt.Errorf("%s: kernel %s: %d steps begin and %d end", s.Name, k.Name, len(k.At), len(k.End))
		case !k.forward():
			return fmt.Errorf("%s: kernel %s: the times of steps go back", s.Name, k.Name)
		}
	}
	return nil
}

// forward reports whether no step is over before it begins, or begins before the one before is over.
func (k *Kernel) forward() bool {
	var last time.Duration
	for i := range k.At {
		if k.At[i] < last || k.End[i] < k.At[i] {
			return false
		}
		last = k.End[i]
	}
	return true
}

// errorAt puts the place of step i before an error.
func (s *Script) errorAt(i int, err error) error {
	if line := s.Steps[i].Line; line > 0 {
		return fmt.Errorf("%s:%d: %w", s.Name, line, err)
	}
	return fmt.Errorf("%s: step %d: %w", s.Name, i+1, err)
}

// what a name stands for.
type what uint8

const (
	aPeer what = iota + 1
	aSocket
	anAccepted
)

type checker struct {
	s  *Script
	is map[string]what
	of map[string]Options // what sockets were made with
}

func (c *checker) introduce(name string, as what) error {
	if name == floodName || name == totalName {
		return fmt.Errorf("the name %s has a meaning of its own", name)
	}
	if !goodName(name) {
		return fmt.Errorf("%q is no name: a lower-case letter, then letters, digits and _", name)
	}
	// What accept() gives has the same name however often it was tried in vain.
	if was := c.is[name]; was != 0 && (was != anAccepted || as != anAccepted) {
		return fmt.Errorf("the name %s is taken", name)
	}
	c.is[name] = as
	return nil
}

func goodName(name string) bool {
	if name == "" || name[0] < 'a' || name[0] > 'z' || len(name) > 32 {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func (c *checker) step(s *Step) error {
	for _, e := range s.Expect {
		for _, k := range e.Kernels {
			if _, ok := c.s.Kernel(k); !ok {
				return fmt.Errorf("an answer of %s, of which there is no \"kernel\" line", k)
			}
		}
	}
	switch s.Op {
	case OpSegment:
		if c.is[s.Flow] == 0 {
			if _, ok := defaultPeer(s.Flow); !ok {
				return fmt.Errorf("flow %q is neither a peer nor a socket", s.Flow)
			}
			return c.introduce(s.Flow, aPeer)
		}
	case OpWait:
		if s.Wait < 0 || s.Wait > longest {
			return fmt.Errorf("wait %s is not from 0s to %s", s.Wait, longest)
		}
	case OpSysctl:
		if s.Sysctl == "" || s.Value == "" {
			return fmt.Errorf("sysctl %q without a name or a value", s.Sysctl)
		}
	case OpSocket:
		if o := s.Options; o.V6Only && !o.IPv6 {
			return errors.New("v6only of a socket of IPv4")
		}
		c.of[s.Socket] = s.Options
		return c.introduce(s.Socket, aSocket)
	case OpAccept:
		if err := c.socket(s.Listener); err != nil {
			return err
		}
		// Whoever listens at other times under this name does so in the same family: names are given once.
		c.of[s.Socket] = c.of[s.Listener]
		return c.introduce(s.Socket, anAccepted)
	case OpConnect:
		if a := s.Addr.Addr(); !peers.Contains(a) && !a.IsLoopback() {
			return fmt.Errorf("connect to %s, to which there is no route: only 10.0.0.0/8, 127.0.0.0/8 and ::1", s.Addr)
		}
		return c.family(s)
	case OpFlood:
		return s.Flood.check()
	case OpCheck:
	case OpBind:
		return c.family(s)
	case OpListen, OpShutdown, OpClose, OpAbort, OpRecv, OpError:
		return c.socket(s.Socket)
	default:
		return fmt.Errorf("%s is no step", s.Op)
	}
	return nil
}

// family checks that a socket is there and takes the address of a step.
func (c *checker) family(s *Step) error {
	if err := c.socket(s.Socket); err != nil {
		return err
	}
	switch o := c.of[s.Socket]; {
	case !s.Addr.Addr().Is4() && !o.IPv6:
		return fmt.Errorf("%s: %s is a socket of IPv4", s.Addr, s.Socket)
	case s.Addr.Addr().Is4() && o.V6Only:
		return fmt.Errorf("%s: %s takes IPv6 only", s.Addr, s.Socket)
	}
	return nil
}

func (c *checker) socket(name string) error {
	if is := c.is[name]; is != aSocket && is != anAccepted {
		return fmt.Errorf("no line before makes a socket %q", name)
	}
	return nil
}

// defaultPeer is what the names p1 to p250 stand for where no line declares them: peer
// N at 10.1.0.N, from port 40000+N, to port 80 of the host.
func defaultPeer(name string) (Peer, bool) {
	var n int
	digits, ok := strings.CutPrefix(name, "p")
	if !ok || len(digits) == 0 || len(digits) > 3 || digits[0] == '0' {
		return Peer{}, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return Peer{}, false
		}
		n = n*10 + int(d-'0')
	}
	if n > 250 {
		return Peer{}, false
	}
	from := netip.AddrFrom4([4]byte{10, 1, 0, byte(n)})
	return Peer{Name: name, From: netip.AddrPortFrom(from, uint16(40000+n)), To: netip.AddrPortFrom(HostAddr, 80)}, true
}
