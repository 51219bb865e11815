package fuzz

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

// pretend is a system with one rule: a SYN to a port that listens is answered, unless the fault is
// planted and there was a write of tcp_syncookies before, and a wait of more than a second.
type pretend struct {
	fault            bool
	now              time.Duration
	sockets          map[string]uint16
	listens          map[uint16]bool
	cookies, patient bool
}

func (p *pretend) Do(c script.Call) (script.Seen, error) {
	seen := script.Seen{At: p.now}
	d := c.Settle
	switch c.Op {
	case script.OpWait:
		d = c.Wait
		p.patient = p.patient || d > time.Second
	case script.OpSysctl:
		p.cookies = p.cookies || strings.HasSuffix(c.Sysctl, "syncookies")
	case script.OpBind:
		p.sockets[c.Socket] = c.Addr.Port()
	case script.OpListen:
		p.listens[p.sockets[c.Socket]] = true
	case script.OpAccept:
		seen.Errno = host.EAGAIN
	case script.OpSegment:
		if g := c.Segment; g.Flags == host.FlagSYN && p.listens[g.To.Port()] && !(p.fault && p.cookies && p.patient) {
			seen.Sent = append(seen.Sent, script.Sent{At: p.now, Segment: host.Segment{
				From: g.To, To: g.From, Flags: host.FlagSYN | host.FlagACK, Ack: g.Seq + 1,
			}})
		}
	}
	p.now += d
	seen.End = p.now
	return seen, nil
}

// twins asks one pretended system, and another one with the fault for its model.
type twins struct{ asked, questions int }

func (w *twins) Ask(scripts []*script.Script) ([]Verdict, error) {
	w.questions++
	w.asked += len(scripts)
	var verdicts []Verdict
	for _, s := range scripts {
		fresh := func(fault bool) *pretend {
			return &pretend{fault: fault, sockets: map[string]uint16{}, listens: map[uint16]bool{}}
		}
		v := Verdict{Kernel: "6.1.192", Recorded: s.Bare()}
		trace, err := script.Run(s, fresh(false))
		if err == nil {
			err = script.Record(v.Recorded, script.Kernel{Name: v.Kernel}, trace)
		}
		if err != nil {
			return nil, fmt.Errorf("%w in\n%s", err, s)
		}
		if trace, err = script.Run(s, fresh(true)); err != nil {
			return nil, err
		}
		errors.As(script.Compare(v.Recorded, v.Kernel, trace), &v.Difference)
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}

// What is left of a script is what the planted fault needs: a listener, the sysctl, the wait, the SYN.
func TestShrinkFindsThePlantedFault(t *testing.T) {
	var a twins
	c := Campaign{Seed: 2, N: 300, Batch: 100}
	r, err := c.Run(&a)
	if err != nil {
		t.Fatal(err)
	}
	if r.Scripts != 300 || r.Differ < 10 || r.Failed != 0 {
		t.Fatalf("%s", r)
	}
	if len(r.Cases) != 1 || r.Cases[0].Alike != r.Differ {
		t.Fatalf("one fault is more than one kind: %s", r)
	}
	got := r.Cases[0].Recording()
	if n := len(got.Steps); n != 6 {
		t.Errorf("shrunk to %d steps, not 6:\n%s", n, got)
	}
	for _, want := range []string{"socket", "bind", "listen", "sysctl net.ipv4.tcp_syncookies", "wait", "> SYN seq"} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("shrunk without %q:\n%s", want, got)
		}
	}
	if _, err := script.Parse("saved", got.String()); err != nil {
		t.Errorf("%v in\n%s", err, got)
	}
	if a.questions > 3+DefaultRounds {
		t.Errorf("asked %d times", a.questions)
	}
	names, err := r.Save(t.TempDir())
	if err != nil || len(names) != 1 {
		t.Errorf("saved %v: %v", names, err)
	}
	t.Logf("asked %d times, %d scripts\n%s\n%s", a.questions, a.asked, r, got)
}

func TestKindLeavesNamesAndNumbersOut(t *testing.T) {
	of := func(op string, want, got string) string {
		s, err := script.Parse("k", "socket s\n"+op)
		if err != nil {
			t.Fatal(err)
		}
		d := &script.Difference{Script: s, Step: 1}
		for text, to := range map[string]*[]script.Answer{want: &d.Want, got: &d.Got} {
			if text != "" {
				*to = []script.Answer{{Text: text}}
			}
		}
		return Kind(d)
	}
	for _, c := range []struct{ op, want, got, kind string }{
		{"p1 > ACK seq 1 ack -7", "p1 < RST seq -7", "", `ACK: kernel "NAME < RST seq N", model "nothing"`},
		{"p12 > ACK seq 1 ack -7 len 3", "", "p12 < ACK seq old+2 ack 3 ts * 7", `ACK with data: kernel "nothing", model "NAME < ACK seq old+N ack N ts * N"`},
		{"wait 1s", "nstat TW 1 TWKilled 2", "nstat TW 1 TWRecycled 1", `wait: kernel "nstat TWKilled N", model "nstat TWRecycled N"`},
		{"wait 1s", "ss 10.0.0.1:80/10.1.0.3:40003 gone", "ss c3 ESTAB", `wait: kernel "ss NAME gone", model "ss NAME ESTAB"`},
		{"p1 > SYN seq 0", "ss l1 LISTEN 1/2", "ss l1 LISTEN 0/2", `SYN: kernel "ss NAME LISTEN", model "ss NAME LISTEN"`},
	} {
		if got := of(c.op, c.want, c.got); got != c.kind {
			t.Errorf("kind %s\nwant %s", got, c.kind)
		}
	}
}
