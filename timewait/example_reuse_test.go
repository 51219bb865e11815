package timewait_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/timewait"
)

// How old must an entry be for connect() to take it over, tcp_tw_reuse being 1?
func ExampleReuse() {
	for _, release := range []string{"4.18", "6.12", "6.18"} {
		sem, sys := semantics(release), defaults(release)
		sys.TCPTWReuse = 1
		// 1.2 s have passed, in which the clock of seconds moved on by one.
		r := timewait.Reuse{State: timewait.TimeWait, SeenAt: 100, Now: 101, EntryMs: 100_000, NowMs: 101_200}
		fmt.Println(release, timewait.DecideReuse(&sem, &sys, r).Action)
	}
	// Output:
	// 4.18 connect() cannot have the port
	// 6.12 connect() takes the entry over
	// 6.18 connect() takes the entry over
}

// In how many of the 96 cases can connect() have the port, kernel by kernel?
func ExampleReuseCase() {
	for _, release := range []string{"3.10", "6.12"} {
		sem := semantics(release)
		taken := 0
		for _, c := range timewait.ReuseTable(&sem) {
			if c.Verdict.Action == timewait.Take {
				taken++
			}
		}
		fmt.Println(release, taken)
	}
	// Output:
	// 3.10 32
	// 6.12 27
}

// What does a connection that follows TIME_WAIT inherit, so that the peer takes its SYN for a new one?
func ExampleInheritance() {
	t := closed("6.12")
	sys := defaults("6.12")
	sys.TCPTWReuse = 1
	if err := t.SetSysctls(12*time.Second, sys); err != nil {
		fmt.Println(err)
		return
	}
	v, in, err := t.Connect(12*time.Second, web, user, false)
	fmt.Println(v, err)
	fmt.Println("ISN", in.ISN, "echo", in.TSRecent)
	// Output:
	// connect() takes the entry over: tcp_tw_reuse allows it, and the entry is old enough (TWRecycled) <nil>
	// ISN 70537 echo 70
}

// With TCP_LINGER2 negative nobody waits for the peer's FIN.
func ExampleOrphan() {
	const rto = 200 * time.Millisecond
	for _, linger2 := range []time.Duration{-1, 0} {
		fmt.Printf("%+v\n", timewait.PlanFinWait2(90*time.Second, linger2, rto))
	}
	// Output:
	// {Abort:true Full:0s Entry:0s}
	// {Abort:false Full:30s Entry:30s}
}

// Which check stood in the way?
func ExampleCheck() {
	sem, sys := semantics("6.12"), defaults("6.12")
	for _, c := range timewait.ExplainReuse(&sem, &sys, timewait.Reuse{State: timewait.TimeWait, SeenAt: 100, Now: 200}).Checks {
		if c.Hit {
			fmt.Println(c.Name, "-", c.Detail, "-", c.Func)
		}
	}
	// Output: tcp_tw_reuse - 2: loopback connections only, which this is not - tcp_twsk_unique
}

func ExampleExplanation() {
	sem, sys := semantics("6.12"), defaults("6.12")
	e := timewait.ExplainReuse(&sem, &sys, timewait.Reuse{State: timewait.TimeWait, Bound: true, SeenAt: 100, Now: 100})
	fmt.Println(e)
	// Output:
	// timestamps     the old connection used them  (tcp_twsk_unique)
	// * bound port     bound before: take  (tcp_twsk_unique)
	// = connect() takes the entry over: the port was bound to, and the old connection used timestamps (TWRecycled)
}

// The rules of TIME_WAIT that end it before its time.
func ExampleRule() {
	sem := semantics("6.12")
	for _, r := range timewait.Decisions(&sem) {
		if r.State == timewait.TimeWait && (r.Action == timewait.Remove || r.Action == timewait.Reopen) {
			fmt.Println(r)
		}
	}
	// Output:
	// T1 TIME_WAIT: RST, timestamp not too old, seq = rcv_nxt, tcp_rfc1337 off -> remove the entry, send nothing
	// T4 TIME_WAIT: SYN, no RST, no ACK, timestamp not too old, seq after rcv_nxt; or SYN, no RST, no ACK, timestamp not too old, newer timestamp -> remove the entry, hand the SYN to the listener; without a listener: send an ACK, keep the entry
}
