package host

import (
	"strings"

	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/timewait"
)

// A Stop is where a segment's walk through the host ends.
type Stop uint8

const (
	AtConn     Stop = iota + 1 // a full socket: connect() made it, or a finished handshake
	AtRequest                  // a half-open request, from 4.4 on
	AtTimeWait                 // an entry of TIME-WAIT, or of FIN-WAIT-2 without a process
	AtListener                 // a listener, to 4.3 with its requests
	AtNobody                   // no socket
	AtForeign                  // it was not sent to an address of the host, or claims to come from one
)

var stopNames = [...]string{
	AtConn: "socket", AtRequest: "request", AtTimeWait: "TIME-WAIT", AtListener: "listener", AtNobody: "no socket", AtForeign: "not for this host",
}

// String names the place.
func (p Stop) String() string { return words.Name("Stop", stopNames[:], uint8(p)) }

// A Verdict is what became of a segment: where its walk ended, and what each piece that took
// part decided. It is a comparable value; the zero Verdict is none.
type Verdict struct {
	Place Stop // where the walk ended
	// TimeWait is the decision of a TIME-WAIT entry. Where it reopens the connection, the
	// SYN went on to the listener, and Place is where it ended.
	TimeWait timewait.Verdict
	// Listener is the decision of a listener or one of its requests.
	Listener queue.Verdict
	// Conn is the decision of a full socket. After a Listener that made the connection it is
	// that of the new socket about the data or FIN that came with the last ACK.
	Conn ConnVerdict
	// Reset says that a segment for nobody was answered with a RST.
	Reset bool
}

// Counters are the counters that the decisions raised, in their order.
func (v Verdict) Counters() kernel.CounterSet {
	c := v.TimeWait.Counters
	for _, more := range [...]kernel.CounterSet{v.Listener.Counters, v.Conn.Counters} {
		for k := range more.All() {
			c = c.With(k)
		}
	}
	if v.Reset {
		c = c.With(kernel.OutRsts)
	}
	return c
}

// String is a sentence for each piece that took part.
func (v Verdict) String() string {
	var parts []string
	if v.TimeWait.Action != 0 {
		parts = append(parts, "TIME-WAIT: "+v.TimeWait.String())
	}
	if v.Listener.Action != 0 {
		at := "listener: "
		if v.Place == AtRequest {
			at = "request: "
		}
		parts = append(parts, at+v.Listener.String())
	}
	if v.Conn.Action != 0 {
		parts = append(parts, "socket: "+v.Conn.String())
	}
	switch {
	case v.Place == AtNobody && v.Reset:
		parts = append(parts, "no socket: send a RST (OutRsts)")
	case v.Place == AtNobody:
		parts = append(parts, "no socket: drop it, since a RST is not answered")
	case v.Place == AtForeign:
		parts = append(parts, "drop it: it is not for this host")
	}
	return strings.Join(parts, "; ")
}
