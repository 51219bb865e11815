package sim

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// A Node is a host in a world: its segments travel, its timers fire, and programs hear of what concerns
// them.
type Node struct {
	w      *World
	name   string
	h      *host.Host
	sem    kernel.Semantics
	uptime time.Duration
	addrs  []netip.Addr

	due      time.Duration // the moment of the next event for its timers
	armed    bool
	woken    []wake
	waking   bool // woken is being worked off, or an event will do so
	watchers map[pair]func()
	sockets  map[host.Socket]func()
	servers  map[uint16][]*ServerRun
	verdicts map[host.Verdict]uint64
	peak     Sample
}

// pair names a connection by its ends, the own one first.
type pair struct{ local, remote netip.AddrPort }

// wake is a reason to look after a program.
type wake struct {
	p        pair
	listener bool        // a listener decided
	socket   host.Socket // whose connection is over, or 0
}

// AddNode puts a host into the world. Its name stands in traces and reports. uptime is how long it has run
// when the world begins: hosts with different uptimes have different timestamp clocks, as two phones have.
// A Config without Key gets one from the world's seed and the name. Config.Trace and Config.Ended are the
// world's own: giving one is an error, and so are a name or an address that is taken, a negative
// uptime, and what [host.New] refuses.
func (w *World) AddNode(name string, cfg host.Config, uptime time.Duration) (*Node, error) {
	if cfg.Trace != nil || cfg.Ended != nil {
		return nil, errors.New("sim: host.Config.Trace and Ended are the world's own: use sim.Config.Trace")
	}
	if uptime < 0 {
		return nil, fmt.Errorf("sim: node %s: uptime %v is negative", name, uptime)
	}
	for _, n := range w.nodes {
		if n.name == name {
			return nil, fmt.Errorf("sim: there is a node %q already", name)
		}
	}
	n := &Node{
		w: w, name: name, sem: cfg.Semantics, uptime: uptime, addrs: slices.Clone(cfg.Addrs), watchers: map[pair]func(){}, sockets: map[host.Socket]func(){},
		servers: map[uint16][]*ServerRun{}, verdicts: map[host.Verdict]uint64{},
	}
	for i, a := range n.addrs {
		a = a.WithZone("")
		n.addrs[i] = a
		if w.byAddr[a] != nil || w.nats[a] != nil {
			return nil, fmt.Errorf("sim: node %s: address %v is taken", name, a)
		}
	}
	if cfg.Key == 0 {
		cfg.Key = w.stream("key " + name).Uint64()
	}
	cfg.Trace = n.arrived
	cfg.Ended = func(_ time.Duration, s host.Socket) { n.woken = append(n.woken, wake{socket: s}) }
	h, err := host.New(cfg)
	if err != nil {
		return nil, err
	}
	if _, err := h.Advance(uptime); err != nil {
		return nil, err
	}
	n.h = h
	w.nodes = append(w.nodes, n)
	for _, a := range n.addrs {
		w.byAddr[a] = n
	}
	return n, nil
}

// Name returns the node's name.
func (n *Node) Name() string { return n.name }

// Host returns its kernel, to look at: counters, sockets, queues. What changes it goes through [Node.Do].
func (n *Node) Host() *host.Host { return n.h }

// HostNow returns the time that its kernel knows: the world's and its uptime.
func (n *Node) HostNow() time.Duration { return n.w.now + n.uptime }

// Do makes a call of the kernel at the world's time, sends off what came of it, and returns the rest. An
// error ends the world, and is returned.
//
//	o, err := n.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) {
//		return h.Listen(now, s, 128)
//	})
func (n *Node) Do(call func(h *host.Host, now time.Duration) (host.Outcome, error)) (host.Outcome, error) {
	o, err := call(n.h, n.HostNow())
	if err != nil {
		n.w.fail(fmt.Errorf("%s: %w", n.name, err))
		return o, err
	}
	n.after(o)
	if len(n.woken) > 0 && !n.waking {
		n.waking = true
		n.w.At(n.w.now, n.wakeUp)
	}
	o.Sent = nil
	return o, nil
}

// after sends off what a call sent and sees to the next timer.
func (n *Node) after(o host.Outcome) {
	for _, s := range o.Sent {
		n.w.send(n, s.Segment)
	}
	n.arm()
}

// arm makes an event for the next timer, if there is none that is early enough. One that is too early finds
// nothing to do and makes another.
func (n *Node) arm() {
	due, ok := n.h.Next()
	if !ok {
		return
	}
	due = max(due-n.uptime, n.w.now)
	if n.armed && n.due <= due {
		return
	}
	n.armed, n.due = true, due
	n.w.At(due, func() {
		if n.due != due || !n.armed {
			return
		}
		n.armed = false
		n.fire()
	})
}

// fire lets its timers fire that are due.
func (n *Node) fire() {
	o, err := n.h.Advance(n.HostNow())
	n.w.fail(err)
	n.after(o)
	n.wakeUp()
}

// receive is a segment's arrival over the network.
func (n *Node) receive(s host.Segment) {
	o, err := n.h.Receive(n.HostNow(), s)
	if err != nil {
		n.w.fail(fmt.Errorf("%s: %w", n.name, err))
		return
	}
	n.after(o)
	n.wakeUp()
}

// arrived is called by the host for every segment that it has dealt with.
func (n *Node) arrived(_ time.Duration, s host.Segment, v host.Verdict) {
	n.verdicts[v]++
	n.woken = append(n.woken, wake{p: pair{s.To, s.From}, listener: v.Listener.Action == queue.Establish})
	if n.w.cfg.Trace != nil {
		n.w.cfg.Trace(Event{At: n.w.now, Kind: Arrived, Where: n.name, Segment: s, Verdict: v})
	}
}

// wakeUp lets the programs look at what has happened, in the order in which it happened.
func (n *Node) wakeUp() {
	n.waking = true
	for i := 0; i < len(n.woken); i++ {
		k := n.woken[i]
		if k.socket != 0 {
			if look := n.sockets[k.socket]; look != nil {
				look()
			}
			continue
		}
		if look := n.watchers[k.p]; look != nil {
			look()
		}
		if k.listener {
			for _, s := range n.servers[k.p.local.Port()] {
				s.wake()
			}
		}
	}
	n.woken = n.woken[:0]
	n.waking = false
}

// watch has look called when a segment arrives for a socket, and when its connection is over, until unwatch.
func (n *Node) watch(s host.Socket, p pair, look func()) {
	n.watchers[p] = look
	n.sockets[s] = look
}

func (n *Node) unwatch(s host.Socket, p pair) {
	delete(n.watchers, p)
	delete(n.sockets, s)
}

// say puts what a program did into the trace.
func (n *Node) say(who, format string, args ...any) {
	if n.w.cfg.Trace != nil {
		n.w.cfg.Trace(Event{At: n.w.now, Kind: Said, Where: n.name, Text: who + ": " + fmt.Sprintf(format, args...)})
	}
}
