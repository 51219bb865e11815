package script

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

const (
	defaultHZ    = 250
	defaultEHash = 4096
	// defaultStart is when a script without recorded times begins, since boot.
	defaultStart = 100 * time.Second
)

// A ModelConfig describes the kernel that a Model is of.
type ModelConfig struct {
	Semantics kernel.Semantics // how the kernel behaves
	Machine   kernel.Machine   // on which defaults of sysctls depend
	Sysctls   kernel.Sysctls   // as the namespace starts
	HZ        int              // 0 means 250
	// Monotonic and Wall are those of package host.
	Monotonic, Wall time.Duration
	Key             uint64 // of package host
	// Punctual: At, End and Monotonic are those of a kernel that did all in the jiffy in which it was due, so
	// that a replay tries no other times. See [Replay].
	Punctual bool
	// NewNamespace: the namespace is not the machine's first, so that sysctls that are
	// the machine's in this release are not there to be written: EINVAL. See
	// kernel.Semantics.PerNetns.
	NewNamespace bool
	// At and End are when each step begins and is over, since boot. Empty: the first begins at 100
	// s, each takes as long as it says, and the next begins when it is over.
	At, End []time.Duration
	// Ports are those that the kernel is to choose at each step, if it can: see
	// [host.Host.SuggestPort]. It may be shorter than the script.
	Ports []uint16
}

// A Model is a System whose kernel is package host's. It serves one run of one script.
type Model struct {
	cfg      ModelConfig
	h        *host.Host
	sysctls  kernel.Sysctls
	sockets  map[string]host.Socket
	counters kernel.Counters
	now      time.Duration
	step     int
	explain  bool
	reason   string // what the model said of the last segment
}

// ModelOf returns the configuration of a recorded kernel's model: its release's semantics, the sysctls
// that its machine starts with, its HZ and the times of its steps. It fails if the
// name is not a release that package kernel knows.
func ModelOf(k Kernel) (ModelConfig, error) {
	r, err := kernel.Parse(k.Name)
	if err != nil {
		return ModelConfig{}, err
	}
	m := kernel.Machine{EHashBuckets: k.EHash}
	if k.EHash == 0 {
		m.EHashBuckets = defaultEHash
	}
	sysctls, err := kernel.Defaults(r, m)
	if err != nil {
		return ModelConfig{}, err
	}
	return ModelConfig{Semantics: r.Semantics(), Machine: m, Sysctls: sysctls, HZ: k.HZ, Monotonic: k.Monotonic, Wall: k.Wall,
		Punctual: k.CPUs == 1 && k.Monotonic != 0, NewNamespace: len(k.At) > 0 && !k.Partly, At: k.At, End: k.End}, nil
}

// NewModel returns a model before its first step. The error is that of host.New.
func NewModel(cfg ModelConfig) (*Model, error) {
	if cfg.HZ == 0 {
		cfg.HZ = defaultHZ
	}
	h, err := host.New(host.Config{
		Semantics: cfg.Semantics, Sysctls: cfg.Sysctls, HZ: cfg.HZ, Monotonic: cfg.Monotonic, Wall: cfg.Wall,
		Addrs: []netip.Addr{HostAddr}, Key: cfg.Key,
	})
	if err != nil {
		return nil, err
	}
	m := &Model{cfg: cfg, h: h, sysctls: cfg.Sysctls, sockets: make(map[string]host.Socket), now: defaultStart}
	return m, nil
}

// Host is the model itself, to look at between steps.
func (m *Model) Host() *host.Host { return m.h }

// skip goes on to the next of the recorded times without a call.
func (m *Model) skip() { m.step++ }

// Do carries out a call at the time of its step.
func (m *Model) Do(call Call) (Seen, error) {
	seen := Seen{At: m.now}
	length := call.Settle
	if call.Op == OpWait {
		length = call.Wait
	}
	seen.End = seen.At + length
	if m.step < min(len(m.cfg.At), len(m.cfg.End)) {
		seen.At = m.cfg.At[m.step]
		seen.End = max(seen.At, m.cfg.End[m.step])
	}
	if m.step < len(m.cfg.Ports) && m.cfg.Ports[m.step] != 0 {
		m.h.SuggestPort(m.cfg.Ports[m.step])
	}
	m.step++
	m.now = seen.End

	take := func(o host.Outcome) {
		for _, s := range o.Sent {
			seen.Sent = append(seen.Sent, Sent(s))
		}
	}
	out, err := m.h.Advance(seen.At)
	if err != nil {
		return seen, err
	}
	take(out)
	if out, err = m.do(&call, seen.At); err != nil {
		return seen, err
	}
	take(out)
	seen.Errno, seen.N = out.Errno, out.N
	switch call.Op {
	case OpBind, OpListen, OpConnect, OpAccept:
		if info, ok := m.h.Info(m.sockets[call.Socket]); ok && (call.Op != OpAccept || out.Errno == 0) {
			seen.Local, seen.Remote = info.Local, info.Remote
		}
	}
	if out, err = m.h.Advance(seen.End); err != nil {
		return seen, err
	}
	take(out)
	counters := m.h.Counters()
	seen.Counters, m.counters = counters.Sub(m.counters), counters
	seen.Sockets = m.h.Sockets()
	return seen, nil
}

func (m *Model) do(call *Call, now time.Duration) (host.Outcome, error) {
	s, there := m.sockets[call.Socket]
	switch call.Op {
	case OpBind, OpListen, OpConnect, OpShutdown, OpClose, OpAbort, OpRecv, OpError:
		if !there {
			return host.Outcome{}, fmt.Errorf("script: the model has no socket %q", call.Socket)
		}
	}
	switch call.Op {
	case OpSegment:
		if m.reason = ""; m.explain {
			var err error
			if m.reason, err = m.h.Explain(now, call.Segment); err != nil {
				m.reason = err.Error()
			}
		}
		return m.h.Receive(now, call.Segment)
	case OpWait:
		return host.Outcome{}, nil
	case OpFlood:
		return m.flood(&call.Flood, now)
	case OpSysctl:
		return m.sysctl(call, now)
	case OpSocket:
		o := call.Options
		if sem := &m.cfg.Semantics; o.RangeLow|o.RangeHigh != 0 && !sem.PortRangeOption || o.ReusePort && !sem.ReusePort || o.BindAddressNoPort && !sem.BindAddressNoPort {
			return host.Outcome{Errno: host.ENOPROTOOPT}, nil
		}
		out, err := m.h.Open(now, host.Options{
			ReuseAddr: o.ReuseAddr, ReusePort: o.ReusePort, BindAddressNoPort: o.BindAddressNoPort,
			DeferAccept: o.DeferAccept, SYNCount: o.SYNCount, Linger2: o.Linger2,
			RangeLow: o.RangeLow, RangeHigh: o.RangeHigh, IPv6: o.IPv6, V6Only: o.V6Only,
		})
		if err == nil && out.Errno == 0 {
			m.sockets[call.Socket] = out.Socket
		}
		return out, err
	case OpBind:
		return m.h.Bind(now, s, call.Addr)
	case OpListen:
		return m.h.Listen(now, s, call.Backlog)
	case OpConnect:
		return m.h.Connect(now, s, call.Addr)
	case OpAccept:
		l, ok := m.sockets[call.Listener]
		if !ok {
			return host.Outcome{}, fmt.Errorf("script: the model has no socket %q", call.Listener)
		}
		out, err := m.h.Accept(now, l)
		if err == nil && out.Errno == 0 {
			m.sockets[call.Socket] = out.Socket
		}
		return out, err
	case OpShutdown:
		return m.h.Shutdown(now, s)
	case OpClose:
		delete(m.sockets, call.Socket)
		return m.h.Close(now, s)
	case OpAbort:
		delete(m.sockets, call.Socket)
		return m.h.Abort(now, s)
	case OpRecv:
		return m.h.Recv(now, s)
	case OpError:
		return m.h.Error(now, s)
	}
	return host.Outcome{}, fmt.Errorf("script: %s is no operation", call.Op)
}

// flood receives the SYNs of a flood, all at one time.
func (m *Model) flood(f *Flood, now time.Duration) (host.Outcome, error) {
	var sent []host.Sent
	for i := range f.N {
		out, err := m.h.Receive(now, f.Segment(i))
		if err != nil {
			return out, err
		}
		sent = append(sent, out.Sent...)
	}
	return host.Outcome{Sent: sent}, nil
}

// sysctl writes a sysctl; what the kernel would refuse, or does not have, is EINVAL.
func (m *Model) sysctl(call *Call, now time.Duration) (host.Outcome, error) {
	refused := host.Outcome{Errno: host.EINVAL}
	c, known := kernel.SysctlByName(call.Sysctl)
	if known && !c.Exists(m.cfg.Semantics) || m.cfg.NewNamespace && !m.cfg.Semantics.PerNetns(call.Sysctl) {
		return refused, nil
	}
	if n, err := strconv.Atoi(call.Value); known && err == nil && !c.Takes(m.cfg.Semantics, n) {
		return refused, nil
	}
	s, unread, err := kernel.ParseSysctls(strings.NewReader(call.Sysctl+" = "+call.Value), m.sysctls)
	if err != nil || s.Validate(m.cfg.Semantics) != nil {
		return refused, nil
	}
	if _, all, _ := kernel.ParseSysctls(strings.NewReader(""), m.sysctls); len(unread) == len(all) {
		return refused, fmt.Errorf("script: the models have no sysctl %s", call.Sysctl)
	}
	if err := m.h.SetSysctls(now, s); err != nil {
		return refused, err
	}
	m.sysctls = s
	return host.Outcome{}, nil
}
