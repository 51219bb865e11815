package script

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/host"
)

// floodName is what answers call the peers of floods, all of them together.
const floodName = "flood"

// mostFlood is the most SYNs that a flood may have: the addresses of 10.3.0.0/16.
const mostFlood = 65535

// floodFrom is the address of a flood's first peer unless it says otherwise, and floodPort the port of each.
var floodFrom = netip.AddrFrom4([4]byte{10, 3, 0, 1})

const floodPort = 40000

// A Flood is N SYNs at once, each from another address, that nobody follows up.
type Flood struct {
	N    int            // how many SYNs
	From netip.Addr     // of the first; the others count up from it. Zero for 10.3.0.1.
	To   netip.AddrPort // the listener's endpoint; [HostAddr] if the address was left out

	Timestamp bool   // each SYN has this timestamp
	TSVal     uint32 // their timestamp, if Timestamp is set
}

// peer is the endpoint of SYN i.
func (f Flood) peer(i int) netip.AddrPort {
	from := f.From
	if !from.IsValid() {
		from = floodFrom
	}
	a := from.As4()
	n := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	n += uint32(i)
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), floodPort)
}

// Segment is SYN i, counted from 0.
func (f Flood) Segment(i int) host.Segment {
	p := f.peer(i)
	return host.Segment{
		From: p, To: f.To, Flags: host.FlagSYN, Seq: PeerISN(p, f.To), Window: usualWindow, MSS: 1460,
		Timestamp: f.Timestamp, TSVal: f.TSVal,
	}
}

// String is what a script has after the word flood.
func (f Flood) String() string {
	text := fmt.Sprintf("%d > %s", f.N, f.To)
	if f.From.IsValid() {
		text += " from " + f.From.String()
	}
	if f.Timestamp {
		text += fmt.Sprintf(" ts %d", f.TSVal)
	}
	return text
}

// parseFlood reads what String writes.
func parseFlood(words []string) (Flood, error) {
	var f Flood
	if len(words) < 3 || words[1] != ">" || len(words)%2 == 0 {
		return f, errors.New("flood is written as: flood N > ADDRESS:PORT, then from ADDRESS, ts VAL")
	}
	n, err := strconv.ParseUint(words[0], 10, 31)
	if err != nil {
		return f, fmt.Errorf("flood: %q is not a number", words[0])
	}
	f.N = int(n)
	if f.To, err = parseAddr(words[2]); err != nil {
		return f, err
	}
	for words = words[3:]; len(words) > 0; words = words[2:] {
		switch {
		case words[0] == "from" && !f.From.IsValid():
			f.From, err = netip.ParseAddr(words[1])
			if err == nil && !f.From.Is4() {
				err = fmt.Errorf("%s: scripts are about IPv4", words[1])
			}
		case words[0] == "ts" && !f.Timestamp:
			n, err = strconv.ParseUint(words[1], 10, 32)
			f.Timestamp, f.TSVal = true, uint32(n)
		default:
			err = errors.New("neither from nor ts, or it stands twice")
		}
		if err != nil {
			return f, fmt.Errorf("flood: %s: %w", words[0], err)
		}
	}
	return f, nil
}

// check reports what is wrong with the flood itself.
func (f Flood) check() error {
	switch {
	case f.N < 1 || f.N > mostFlood:
		return fmt.Errorf("flood of %d SYNs: from 1 to %d", f.N, mostFlood)
	case f.From.IsValid() && !f.From.Is4():
		return fmt.Errorf("flood from %s: scripts are about IPv4", f.From)
	case !f.To.IsValid() || !f.To.Addr().Is4():
		return fmt.Errorf("flood to %s: not an address and port of IPv4", f.To)
	}
	first, last := f.peer(0).Addr(), f.peer(f.N-1).Addr()
	if !peers.Contains(first) || !peers.Contains(last) {
		return fmt.Errorf("flood from %s to %s: peers are in %s", first, last, peers)
	}
	if first.Compare(HostAddr) <= 0 && HostAddr.Compare(last) <= 0 {
		return fmt.Errorf("flood from %s to %s: %s is the host", first, last, HostAddr)
	}
	return nil
}

// A round are segments of the host to peers of floods that came together: the same flags, within the time by which a
// kernel's timer wheel spreads what was sent at once.
type round struct {
	flags host.Flags
	at    time.Duration
	quiet time.Duration
	n     int
}

type rounds []round

// add counts a segment, in a round that is there or a new one. Outside of a wait there is one round of each kind.
func (r *rounds) add(s *Sent, quiet time.Duration, wait bool) {
	flags := s.Flags &^ host.FlagPSH
	for i := range *r {
		if o := &(*r)[i]; o.flags == flags && (!wait || s.At-o.at <= tolerance(quiet, defaultHZ)) {
			o.n++
			return
		}
	}
	*r = append(*r, round{flags, s.At, quiet, 1})
}

// answer is the line of a round.
func (o round) answer() Answer {
	return Answer{Text: fmt.Sprintf("%s < %s x %d", floodName, o.flags, o.n)}
}

// floodStates compares how many peers of floods there are in each state with the step before.
func (r *runner) floodStates(now map[host.State]int) []Answer {
	var states []host.State
	for s, n := range now {
		if r.flooded[s] != n {
			states = append(states, s)
		}
	}
	for s := range r.flooded {
		if now[s] == 0 {
			states = append(states, s)
		}
	}
	slices.Sort(states)
	var answers []Answer
	for _, s := range states {
		answers = append(answers, Answer{Text: fmt.Sprintf("ss %s %s %d", floodName, s, now[s])})
	}
	r.flooded = now
	return answers
}

// totals are the answers of a check: all sockets by state, and what the counters have risen by since
// the script began.
func (r *runner) totals(sockets []host.SocketInfo) []Answer {
	count := make(map[host.State]int)
	for _, s := range sockets {
		count[s.State]++
	}
	var answers []Answer
	var text strings.Builder
	for s := host.Closed; s <= host.TimeWait; s++ {
		if n := count[s]; n > 0 {
			fmt.Fprintf(&text, " %s %d", s, n)
		}
	}
	if text.Len() > 0 {
		answers = append(answers, Answer{Text: "ss total" + text.String()})
	}
	text.Reset()
	for c, n := range r.counters.All() {
		fmt.Fprintf(&text, " %s %d", c, n)
	}
	if text.Len() > 0 {
		answers = append(answers, Answer{Text: "nstat total" + text.String()})
	}
	return answers
}
