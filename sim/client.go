package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
)

// A Client is a program that opens connections, holds them and closes them. Each arrival is one connection
// that somebody wants; it takes as many attempts as it is told to make.
//
//	socket(), bind() if From is set, connect()
//	connected within Timeout?            no: close(), after Pause the next attempt, or it has failed
//	CloseFirst: waits for Hold, close()
//	otherwise:  waits for the peer's FIN, close()
type Client struct {
	Name string // stands in traces and reports
	Node *Node  // the host that it runs on
	// To are the destinations, in turn.
	To []netip.AddrPort
	// From is what its sockets are bound to; port 0 leaves the port to bind(). The zero From leaves all to
	// connect().
	From    netip.AddrPort
	Options host.Options               // of its sockets, given before bind()
	from    func(n int) netip.AddrPort // From by connection, for a Load

	// Arrivals begin at Start. Count ends them early; 0 does not.
	Arrivals Arrivals
	Start    time.Duration
	Count    int

	// Timeout is how long it waits for connect() at most; 0 means as long as its kernel does.
	Timeout time.Duration
	// Attempts is how often it tries in all; 0 means once. Pause is the time between two.
	Attempts int
	Pause    time.Duration

	// CloseFirst says that it closes, after Hold; otherwise it waits for the peer to close.
	CloseFirst bool
	Hold       Span
	// Abort closes with SO_LINGER and a time of 0: a RST and no TIME-WAIT.
	Abort bool

	// Each is called when a connection is there or has failed. nil: for none.
	Each func(Connection)
}

// A Connection is what a client's wish came to.
type Connection struct {
	N             int            // of the client's, from 1
	Asked, Ended  time.Duration  // the first connect(), and when it was connected or had failed
	Attempts      int            // that it took
	Failure       Failure        // of the last; the zero Failure for a connection that is there
	Local, Remote netip.AddrPort // the client's end and the server's
}

// A Failure is why an attempt to connect failed. The zero Failure is none.
type Failure struct {
	Errno   host.Errno // what connect() ended with, 0 if it was the client's own timeout
	Timeout bool       // the client's own
}

// String is the errno, "own timeout", or "none".
func (f Failure) String() string {
	switch {
	case f.Timeout:
		return "own timeout"
	case f.Errno != 0:
		return f.Errno.String()
	}
	return "none"
}

// A ClientRun is a client at work in a world.
type ClientRun struct {
	Client
	rng  *rand.Rand
	next func() (time.Duration, bool)

	asked, connected, failed, closed, resets, attempts uint64
	failures                                           map[Failure]uint64 // of attempts
	connect, session                                   histogram
}

// AddClient puts a client to work. No node, no destination, no arrivals, a negative time or number, and options that
// no socket takes, are errors.
func (w *World) AddClient(c Client) (*ClientRun, error) {
	switch {
	case c.Node == nil || c.Node.w != w:
		return nil, fmt.Errorf("sim: client %s: Node is none of this world", c.Name)
	case len(c.To) == 0:
		return nil, fmt.Errorf("sim: client %s: To has no destination", c.Name)
	case c.Arrivals == nil:
		return nil, fmt.Errorf("sim: client %s: Arrivals is nil", c.Name)
	case c.Start < 0 || c.Timeout < 0 || c.Pause < 0 || c.Hold.Mean < 0 || c.Count < 0 || c.Attempts < 0:
		return nil, fmt.Errorf("sim: client %s: a time or a number is negative", c.Name)
	}
	for _, to := range c.To {
		if !to.IsValid() || to.Port() == 0 {
			return nil, fmt.Errorf("sim: client %s: destination %v has no address or no port", c.Name, to)
		}
	}
	who := c.Name + " on " + c.Node.name
	for _, other := range w.clients {
		if other.Name == c.Name && other.Node == c.Node {
			who += ", another"
		}
	}
	r := &ClientRun{Client: c, rng: w.stream("client " + who), failures: map[Failure]uint64{}}
	r.next = c.Arrivals.Begin(w.stream("arrivals " + who))
	w.clients = append(w.clients, r)
	r.arrive()
	return r, nil
}

// arrive has the next connection begin when its time comes.
func (r *ClientRun) arrive() {
	if r.Count > 0 && r.asked == uint64(r.Count) {
		return
	}
	at, ok := r.next()
	if !ok {
		return
	}
	r.Node.w.At(r.Start+at, func() {
		r.asked++
		c := &call{r: r, n: int(r.asked), asked: r.Node.w.now}
		c.try()
		r.arrive()
	})
}

// call is one connection of a client.
type call struct {
	r     *ClientRun
	n     int
	asked time.Duration
	tries int
	up    bool // it is connected
	s     host.Socket
	p     pair
}

// try makes an attempt.
func (c *call) try() {
	r, n := c.r, c.r.Node
	c.tries++
	r.attempts++
	o, err := n.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Open(now, r.Options) })
	if err != nil {
		return
	}
	c.s = o.Socket
	from := r.From
	if r.from != nil {
		from = r.from(c.n)
	}
	if from.IsValid() {
		o, err = n.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Bind(now, c.s, from) })
		if err != nil {
			return
		}
		if o.Errno != 0 {
			c.say("bind() to %v: %v", from, o.Errno)
			c.failedWith(Failure{Errno: o.Errno})
			return
		}
	}
	to := r.To[(c.n-1)%len(r.To)]
	o, err = n.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Connect(now, c.s, to) })
	if err != nil {
		return
	}
	if o.Errno != host.EINPROGRESS {
		c.say("connect() to %v: %v", to, o.Errno)
		c.failedWith(Failure{Errno: o.Errno})
		return
	}
	i, _ := n.h.Info(c.s)
	c.p = pair{i.Local, i.Remote}
	c.say("connect() to %v from port %d", to, i.Local.Port())
	n.watch(c.s, c.p, c.look)
	if r.Timeout > 0 {
		s := c.s
		n.w.After(r.Timeout, func() {
			if !c.up && c.s == s {
				c.say("has waited for %v: gives up", r.Timeout)
				c.failedWith(Failure{Timeout: true})
			}
		})
	}
	c.look() // over loopback it is connected already
}

// say puts what the client does into the trace.
func (c *call) say(format string, args ...any) {
	if n := c.r.Node; n.w.cfg.Trace != nil {
		n.say(fmt.Sprintf("%s %d", c.r.Name, c.n), format, args...)
	}
}

// look is what the client does when something happened to its socket.
func (c *call) look() {
	n := c.r.Node
	if c.s == 0 {
		return
	}
	if !c.up {
		i, ok := n.h.Info(c.s)
		switch {
		case !ok || i.State == host.SynSent || i.State == host.SynRecv:
		case i.State == host.Closed:
			o, err := n.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Error(now, c.s) })
			if err == nil {
				c.say("connect() failed: %v", o.Errno)
				c.failedWith(Failure{Errno: o.Errno})
			}
		default:
			c.connected()
		}
		return
	}
	o, err := n.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Recv(now, c.s) })
	switch {
	case err != nil || o.Errno == host.EAGAIN:
	case o.Errno != 0:
		c.say("the connection is over: %v", o.Errno)
		c.r.resets++
		c.end(false)
	case !c.r.CloseFirst && o.N == 0:
		c.say("the peer has closed: closes too")
		c.end(c.r.Abort)
	}
}

// connected is what happens after connect().
func (c *call) connected() {
	r, n := c.r, c.r.Node
	c.up = true
	r.connected++
	took := n.w.now - c.asked
	r.connect.Add(took)
	c.say("connected after %v", took)
	c.tell(Failure{})
	if !r.CloseFirst {
		c.look() // the peer may have closed
		return
	}
	if r.Hold == (Span{}) {
		c.leave()
		return
	}
	s := c.s
	n.w.After(r.Hold.draw(r.rng), func() {
		if c.s == s {
			c.leave()
		}
	})
}

func (c *call) leave() {
	c.say("closes")
	c.end(c.r.Abort)
}

// end closes the socket of a connection that was there.
func (c *call) end(abort bool) {
	c.r.closed++
	c.r.session.Add(c.r.Node.w.now - c.asked)
	c.drop(abort)
}

// drop closes the socket.
func (c *call) drop(abort bool) {
	s := c.s
	c.r.Node.unwatch(s, c.p)
	c.s = 0
	_, _ = c.r.Node.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { // an error has ended the world
		if abort {
			return h.Abort(now, s)
		}
		return h.Close(now, s)
	})
}

// failedWith ends an attempt.
func (c *call) failedWith(f Failure) {
	r := c.r
	r.failures[f]++
	c.drop(false)
	if c.tries < r.Attempts {
		r.Node.w.After(r.Pause, c.try)
		return
	}
	r.failed++
	c.tell(f)
}

func (c *call) tell(f Failure) {
	if c.r.Each != nil {
		c.r.Each(Connection{
			N: c.n, Asked: c.asked, Ended: c.r.Node.w.now, Attempts: c.tries, Failure: f, Local: c.p.local, Remote: c.p.remote,
		})
	}
}
