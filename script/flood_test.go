package script

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/host"
)

// A flood of 600 SYNs, tcp_max_syn_backlog 128, tcp_syncookies 0: three quarters and one get in.
const lastQuarter = `sysctl net.ipv4.tcp_syncookies 0
sysctl net.ipv4.tcp_max_syn_backlog 128
sysctl net.ipv4.tcp_synack_retries 1
socket s
bind s 10.0.0.1:80
listen s 1024
	ss s LISTEN 0/1024
flood 600 > 10.0.0.1:80
	flood < SYN|ACK x 97
	ss flood SYN-RECV 97
	nstat ListenDrops 503
check
	ss total LISTEN 1 SYN-RECV 97
	nstat total ListenDrops 503
wait 2s
	flood < SYN|ACK x 97 @0.94
	nstat TCPTimeouts 97 TCPSynRetrans 97 RetransSegs 97
wait 2s
	ss flood SYN-RECV 0
	nstat TCPTimeouts 97

kernel 6.1.192 hz 250
`

func TestFloodIsToldInSums(t *testing.T) {
	needsHost(t)
	if err := Replay(mustParse(t, lastQuarter), "6.1.192"); err != nil {
		t.Error(err)
	}
	wrong := mustParse(t, strings.Replace(lastQuarter, "SYN|ACK x 97 @", "SYN|ACK x 96 @", 1))
	var d *Difference
	if err := Replay(wrong, "6.1.192"); !errors.As(err, &d) || d.Step != 8 {
		t.Errorf("96 of 97 SYN-ACKs expected in the wait: %v", err)
	}
}

func TestFloodPeers(t *testing.T) {
	f := mustParse(t, "flood 300 > :80 ts 5\n").Steps[0].Flood
	first, last := f.Segment(0), f.Segment(299)
	if got := first.From.String(); got != "10.3.0.1:40000" {
		t.Errorf("first peer is %s", got)
	}
	if got := last.From.String(); got != "10.3.1.44:40000" {
		t.Errorf("peer 300 is %s", got)
	}
	if !first.Timestamp || first.TSVal != 5 || first.MSS != 1460 || first.Flags != host.FlagSYN || first.Seq != PeerISN(first.From, first.To) {
		t.Errorf("%+v", first)
	}
}

func TestFloodRounds(t *testing.T) {
	var r rounds
	at := func(d time.Duration, f host.Flags) *Sent { return &Sent{At: d, Segment: host.Segment{Flags: f}} }
	const sa = host.FlagSYN | host.FlagACK
	for _, d := range []time.Duration{0, 30 * time.Millisecond, 130 * time.Millisecond} { // the wheel spreads a second's timers by an eighth
		r.add(at(time.Second+d, sa), time.Second, true)
	}
	r.add(at(time.Second, host.FlagRST), time.Second, true)
	r.add(at(3*time.Second, sa), 2*time.Second, true)
	var got []string
	for _, o := range r {
		got = append(got, fmt.Sprint(o.answer(), " ", o.at))
	}
	want := "[flood < SYN|ACK x 3 1s flood < RST x 1 1s flood < SYN|ACK x 1 3s]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	// Outside of a wait all of a kind are one.
	r = nil
	r.add(at(0, sa), 0, false)
	r.add(at(time.Second, sa|host.FlagPSH), 0, false)
	if len(r) != 1 || r[0].n != 2 {
		t.Errorf("%+v", r)
	}
}

func TestBadFloods(t *testing.T) {
	for text, want := range map[string]string{
		"flood":                             "flood is written as",
		"flood 1 > :80 from":                "flood is written as",
		"flood 0 > :80":                     "from 1 to 65535",
		"flood 70000 > :80":                 "from 1 to 65535",
		"flood -1 > :80":                    `"-1" is not a number`,
		"flood 1 > 80":                      "not ADDRESS:PORT",
		"flood 1 > :80 from 10.3.0.1 ts x":  "ts",
		"flood 1 > :80 ts 1 ts 1":           "it stands twice",
		"flood 1 > :80 from ::1":            "IPv4",
		"flood 2 > :80 from 10.255.255.255": "peers are in 10.0.0.0/8",
		"flood 9 > :80 from 10.0.0.0":       "10.0.0.1 is the host",
		"check all":                         "check takes nothing",
		"peer flood 10.1.0.1:1 > :80":       "has a meaning of its own",
		"socket total":                      "has a meaning of its own",
		"check\n\tss total LISTEN":          "is no answer",
		"check\n\tss total LISTEN x":        "is no answer",
		"check\n\tnstat total":              "is no answer",
		"check\n\tnstat total TW 1 TW 1":    "is no answer",
		"check\n\tss flood LISTEN 1 TW 1":   "is no answer",
	} {
		_, err := Parse("x", text+"\n")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "x") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
