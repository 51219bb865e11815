package script_test

import (
	"errors"
	"fmt"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/script"
)

// A script that says what 6.1 does with a SYN that meets a full accept queue, held against the models of two kernels:
// 3.5 lets it in, for it drops only while more than one request is young.
func ExampleDifference() {
	fmt.Println(script.Replay(parse(overflow), "6.1.192"))

	s := parse(overflow)
	s.Kernels[0].Name = "3.5"
	for i := range s.Steps {
		for j := range s.Steps[i].Expect {
			s.Steps[i].Expect[j].Kernels = nil
		}
	}
	var d *script.Difference
	if errors.As(script.Replay(s, "3.5"), &d) {
		fmt.Println("step", d.Step, "expected", d.Want, "found", d.Got)
	}
	// Output:
	// <nil>
	// step 5 expected [nstat ListenOverflows 1 ListenDrops 1] found [p2 < SYN|ACK seq 0 ack 1 mss 1460 ss p2 SYN-RECV]
}

// What a kernel does, step by step.
func ExampleTrace() {
	for _, r := range run(parse(overflow), "3.5") {
		fmt.Println(r.Call.Op, r.Answers)
	}
	// Output:
	// socket []
	// bind []
	// listen [ss s LISTEN 0/0]
	// > [p1 < SYN|ACK seq 0 ack 1 mss 1460 ss p1 SYN-RECV]
	// > [ss p1 ESTAB ss s LISTEN 1/0 nstat PassiveOpens 1]
	// > [p2 < SYN|ACK seq 0 ack 1 mss 1460 ss p2 SYN-RECV]
}

// How long a step took, and what came of it.
func ExampleResult() {
	r := run(parse("wait 5s\n"), "6.1.192")[0]
	fmt.Println(r.End-r.At, r.Answers)
	// Output: 5s []
}

// run runs a script on the model of a release.
func run(s *script.Script, release string) script.Trace {
	m, err := script.NewModel(config(release))
	if err != nil {
		panic(err)
	}
	trace, err := script.Run(s, m)
	if err != nil {
		panic(err)
	}
	return trace
}

func config(release string) script.ModelConfig {
	cfg, err := script.ModelOf(script.Kernel{Name: release})
	if err != nil {
		panic(err)
	}
	return cfg
}

// The host behind a model can be looked at between steps.
func ExampleModel() {
	m, err := script.NewModel(config("6.1.192"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := script.Run(parse(overflow), m); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Host().Counters())
	// Output: ListenOverflows 1, ListenDrops 1, PassiveOpens 1
}

// A kernel of one's own making: 3.5 with two backports.
func ExampleModelConfig() {
	cfg := config("3.5")
	for _, id := range []string{"accept-full-alone", "syn-drop-counters"} {
		if row, ok := kernel.ChangeByID(id); ok {
			row.Apply(&cfg.Semantics)
		}
	}
	m, err := script.NewModel(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	trace, err := script.Run(parse(overflow), m)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trace[5].Answers)
	// Output: [nstat ListenOverflows 1 ListenDrops 1]
}

// recorder is a System that notes what it is asked to do and lets another one do it.
type recorder struct{ script.System }

func (r recorder) Do(c script.Call) (script.Seen, error) {
	seen, err := r.System.Do(c)
	fmt.Println(c.Op, seen.Errno, len(seen.Sent), "segments", seen.Counters)
	return seen, err
}

// A System of one's own stands where a model or a kernel does: here one that tells what it is asked.
func ExampleSystem() {
	m, err := script.NewModel(config("6.1.192"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := script.Run(parse("socket c\nconnect c 10.1.0.1:80\nwait 2s\n"), recorder{m}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// socket success 0 segments none
	// connect EINPROGRESS 1 segments ActiveOpens 1
	// wait success 1 segments TCPTimeouts 1, TCPSynRetrans 1, RetransSegs 1
}

// A call to a System: names and numbers are resolved.
func ExampleCall() {
	m, err := script.NewModel(config("6.1.192"))
	if err != nil {
		fmt.Println(err)
		return
	}
	seen, err := m.Do(script.Call{Op: script.OpSocket, Socket: "s", Settle: time.Millisecond})
	fmt.Println(seen.Errno, seen.End-seen.At, err)
	// Output: success 1ms <nil>
}

// What there is to see of a segment for nobody.
func ExampleSeen() {
	m, err := script.NewModel(config("6.1.192"))
	if err != nil {
		fmt.Println(err)
		return
	}
	p := parse("peer p 10.0.7.7:5000 > :80\n\np > SYN seq 0\n").Peers[0]
	seen, err := m.Do(script.Call{Op: script.OpSegment, Segment: host.Segment{From: p.From, To: p.To, Flags: host.FlagSYN, Seq: 7}})
	fmt.Println(len(seen.Sent), seen.Counters, len(seen.Sockets), err)
	// Output: 1 OutRsts 1 0 <nil>
}

// When a segment left the host.
func ExampleSent() {
	m, err := script.NewModel(config("6.1.192"))
	if err != nil {
		fmt.Println(err)
		return
	}
	p := parse("peer p 10.0.7.7:5000 > :80\n\np > SYN seq 0\n").Peers[0]
	seen, err := m.Do(script.Call{Op: script.OpSegment, Segment: host.Segment{From: p.From, To: p.To, Flags: host.FlagSYN, Seq: 7}})
	for _, s := range seen.Sent {
		fmt.Println(s.At-seen.At, s.Flags, s.To, s.Ack)
	}
	fmt.Println(err)
	// Output:
	// 0s RST|ACK 10.0.7.7:5000 8
	// <nil>
}
