package queue

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/internal/recorded"
	"example.com/linuxtcp/kernel"
	"github.com/google/go-cmp/cmp"
)

// An observation is what a running kernel answered in one experiment.
type observation = recorded.Line

// replays holds how the models take each experiment. An experiment without an entry
// here must stand in notReplayed.
var replays = map[string]func(*testing.T, *bench, observation){
	"defaults":     replayDefaults,
	"flood":        replayFlood,
	"acceptq":      replayAcceptQueue,
	"overflowack":  replayOverflowACK,
	"cookie":       replayCookie,
	"cookie-bogus": replayCookieBogus,
	"synackretx":   replaySYNACKTimes,

	"rst-rate":              replayRSTRate,
	"rst":                   replayOddSegment,
	"odd-segment":           replayOddSegment,
	"bare-flags":            replayBareFlags,
	"paws":                  replayPAWS,
	"cookie-offset":         replayCookieOffsets,
	"max-syn-backlog":       replayMaxSYNBacklogEdge,
	"clamp":                 replayClamp,
	"sysctl":                replaySysctl,
	"relisten":              replayRelisten,
	"abort":                 replayAbort,
	"close":                 replayClose,
	"proven":                replayProven,
	"silent":                replaySilent,
	"retries":               replayRetries,
	"dup-syn":               anyPhase(replayDupSYN),
	"oow-repeat":            replayOutOfWindowRepeat,
	"defer-value":           replayDeferValue,
	"defer-accept":          anyPhase(replayDeferAccept),
	"cookie-gate":           replayCookieGate,
	"cookie-gate-uptime":    replayCookieGate,
	"cookie-age":            replayCookieAge,
	"cookie-mss":            replayCookieMSS,
	"cookie-beside-request": replayCookieBesideRequest,
	"sock-drops":            replaySockDrops,
	"flood-log":             replayFloodLog,
	"twsyn-full":            replayTimeWaitSYN,
}

// notReplayed gives the reason for every experiment in the files that no model
// takes.
var notReplayed = map[string]string{
	"6.18.44 flood-log": "the machine's log and its rate limit were shared with other programs",
	"migrate":           "two listeners of a SO_REUSEPORT group; the models have one listener",
	"show":              "columns of /proc/net/tcp and sock_diag; the models have no such rows, the package documentation quotes them",
}

// TestObservations replays every recorded answer of every kernel and compares.
func TestObservations(t *testing.T) {
	cases := 0
	lines := recorded.Read(t)
	for _, o := range lines {
		why, ok := notReplayed[o.Exp]
		if !ok {
			why, ok = notReplayed[o.Kernel+" "+o.Exp]
		}
		if ok {
			t.Logf("%s: %s is left out: %s", o.Place(), o.Exp, why)
			continue
		}
		name, v6 := strings.CutSuffix(o.Exp, "-v6")
		replay := replays[name]
		if replay == nil {
			t.Errorf("%s: nothing replays %q, and no reason is given", o.Place(), o.Exp)
			continue
		}
		cases++
		t.Run(o.Name(), func(t *testing.T) {
			b := newBench(t, o.Kernel)
			b.v6 = v6
			replay(t, b, o)
			if t.Failed() {
				t.Logf("observed: %s", o.Text)
			}
		})
	}
	t.Logf("replayed %d answers of %d", cases, len(lines))
}

// A bench is a listener of the observed kernel with the peer's side forged, as the
// recorder did it.
type bench struct {
	*testing.T
	sem kernel.Semantics
	sys kernel.Sysctls
	now time.Duration
	l   *Listener

	hz                    int
	synCount, deferAccept int // socket options

	window uint32      // of the SYN-ACK, 0 for the default
	peers  PeerHistory // what is remembered of hosts

	v6    bool      // the peers have IPv6 addresses
	trial *[]string // where errors go that do not count yet

	established int // connections made, accepted or not
	clients     map[int]*client
}

type client struct {
	from netip.AddrPort
	isn  uint32
	ack  uint32 // what to acknowledge: the SYN-ACK's number plus one
}

// benchStart is the guests' uptime when an experiment ran: a minute or so, at no
// round moment.
const benchStart = 61*time.Second + 234567*time.Microsecond

func newBench(t *testing.T, release string) *bench {
	t.Helper()
	r, err := kernel.Parse(release)
	if err != nil {
		t.Fatal(err)
	}
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{T: t, sem: r.Semantics(), sys: sys, hz: hzOf(release), now: benchStart, clients: map[int]*client{}}
}

// addr is a peer's address.
func (b *bench) addr(w, x, y, z byte, port uint16) netip.AddrPort {
	if b.v6 {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 0xfd, 12: w, 13: x, 14: y, 15: z}), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{w, x, y, z}), port)
}

func (b *bench) listen(backlog int) {
	b.Helper()
	l, err := NewListener(Config{Semantics: b.sem, Sysctls: b.sys, HZ: b.hz, Key: 1, Window: b.window, Peers: b.peers, SYNCount: b.synCount, DeferAccept: b.deferAccept})
	if err == nil {
		err = l.Listen(b.now, backlog)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.l = l
}

func (b *bench) advance(d time.Duration) []Event {
	b.Helper()
	b.now += d
	events, err := b.l.Advance(b.now)
	if err != nil {
		b.Fatal(err)
	}
	return events
}

// advanceFrom lets the time between a moment and now pass.
func (b *bench) advanceFrom(then time.Duration) {
	b.Helper()
	d := b.now - then
	b.now = then
	b.advance(d)
}

func (b *bench) receive(s Segment) Outcome {
	b.Helper()
	out, err := b.l.Receive(b.now, s)
	if err != nil {
		b.Fatal(err)
	}
	if out.Action == Establish {
		b.established++
	}
	return out
}

// syn sends the SYN of client n and remembers the SYN-ACK, if there is one.
func (b *bench) syn(n int) (answered bool) {
	b.Helper()
	c := &client{
		from: b.addr(10, 1, byte(n>>8), byte(n), 40000),
		isn:  uint32(n)*64000 + 7,
	}
	b.clients[n] = c
	out := b.receive(Segment{From: c.from, Flags: FlagSYN, Seq: c.isn, MSS: 1460})
	if out.Reply.Flags == FlagSYN|FlagACK {
		c.ack = out.Reply.Seq + 1
		return true
	}
	return false
}

// ack sends data, or none, from client n at its first sequence number.
func (b *bench) ack(n int, data uint32) Outcome {
	b.Helper()
	c := b.clients[n]
	return b.receive(Segment{From: c.from, Flags: FlagACK, Seq: c.isn + 1, Ack: c.ack, Len: data})
}

// states is what /proc/net/tcp shows for the listener's port.
func (b *bench) states() map[string]int {
	s := map[string]int{"LISTEN": 1}
	if b.established > 0 {
		s["ESTABLISHED"] = b.established
	}
	if q := b.l.Queues().Requests; q > 0 {
		s["SYN_RECV"] = int(q)
	}
	return s
}

// counters drops from a kernel's counters what is no listener's: gauges, and what
// established connections count.
func counters(t *testing.T, seen map[string]int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for name, n := range seen {
		switch name {
		case "CurrEstab", "TCPPureAcks", "DelayedACKs", "TCPOFOQueue", "TCPOrigDataSent", "TCPDelivered", "TcpTimeoutRehash", "TCPLostRetransmit":
			continue
		}
		if _, err := kernel.ParseCounter(name); err != nil {
			t.Errorf("the kernel counted %s, which the models do not know", name)
		}
		got[name] = n
	}
	return got
}

func counted(c kernel.Counters) map[string]int {
	m := map[string]int{}
	for k, n := range c.All() {
		m[k.String()] = int(n)
	}
	return m
}

// Errorf reports a difference, or keeps it if this is only a trial.
func (b *bench) Errorf(format string, args ...any) {
	b.Helper()
	if b.trial != nil {
		*b.trial = append(*b.trial, fmt.Sprintf(format, args...))
		return
	}
	b.T.Errorf(format, args...)
}

func (b *bench) same(what string, observed, model any) {
	b.Helper()
	if d := cmp.Diff(observed, model); d != "" {
		b.Errorf("%s (-kernel +model):\n%s", what, d)
	}
}

func decode[T any](t *testing.T, raw json.RawMessage) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
