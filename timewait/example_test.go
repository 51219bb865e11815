package timewait_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
)

func semantics(release string) kernel.Semantics { return kernel.MustParse(release).Semantics() }

func defaults(release string) kernel.Sysctls {
	s, err := kernel.Defaults(kernel.MustParse(release), kernel.Machine{MemoryBytes: 16 << 30})
	if err != nil {
		panic(err)
	}
	return s
}

// Is TIME_WAIT a problem here, and how many will I have? A proxy that closes 2000
// connections a second.
func ExamplePopulation() {
	for _, release := range []string{"3.10", "6.12"} {
		sem, sys := semantics(release), defaults(release)
		n := timewait.Population(&sem, 250, 2000)
		fmt.Printf("%s: %.0f entries, %.0f MiB, tcp_max_tw_buckets %d\n", release, n, n*float64(timewait.EntryBytes(&sem, false))/(1<<20), sys.TCPMaxTWBuckets)
	}
	// Output:
	// 3.10: 210000 entries, 38 MiB, tcp_max_tw_buckets 65536
	// 6.12: 122048 entries, 29 MiB, tcp_max_tw_buckets 65536
}

// Does tcp_fin_timeout shorten TIME_WAIT? No.
func ExamplePlanFinWait2() {
	sem, sys := semantics("6.12"), defaults("6.12")
	for _, seconds := range []int{10, 60, 61, 120} {
		sys.TCPFinTimeout = seconds
		fw2 := timewait.PlanFinWait2(timewait.FinTime(&sys, 0, 200*time.Millisecond), 0, 200*time.Millisecond)
		lo, hi := timewait.Lifetime(&sem, 250, timewait.EntryTimeout(timewait.TimeWait, 0, 200*time.Millisecond, false), false)
		fmt.Printf("tcp_fin_timeout %3d: FIN_WAIT2 %v, TIME_WAIT %v to %v\n", seconds, fw2.Total(), lo, hi)
	}
	// Output:
	// tcp_fin_timeout  10: FIN_WAIT2 10s, TIME_WAIT 1m0s to 1m2.048s
	// tcp_fin_timeout  60: FIN_WAIT2 1m0s, TIME_WAIT 1m0s to 1m2.048s
	// tcp_fin_timeout  61: FIN_WAIT2 2s, TIME_WAIT 1m0s to 1m2.048s
	// tcp_fin_timeout 120: FIN_WAIT2 2m0s, TIME_WAIT 1m0s to 1m2.048s
}

// tw_reuse or tw_recycle? A client that connects again to the same service 1.2 s after
// it closed, with its only port.
func ExampleDecideReuse() {
	r := timewait.Reuse{State: timewait.TimeWait, SeenAt: 100, Now: 101, EntryMs: 100_000, NowMs: 101_200}
	for _, release := range []string{"3.10", "4.19", "6.18"} {
		sem, sys := semantics(release), defaults(release)
		fmt.Printf("%-5s tcp_tw_reuse %d: %v\n", release, sys.TCPTWReuse, timewait.DecideReuse(&sem, &sys, r))
		sys.TCPTWReuse = 1
		fmt.Printf("%-5s tcp_tw_reuse %d: %v\n", release, sys.TCPTWReuse, timewait.DecideReuse(&sem, &sys, r))
		fmt.Printf("%-5s tcp_tw_recycle exists: %v\n", release, sem.Recycle != kernel.RecycleGone)
	}
	// Output:
	// 3.10  tcp_tw_reuse 0: connect() cannot have the port: tcp_tw_reuse is 0
	// 3.10  tcp_tw_reuse 1: connect() cannot have the port: the entry is too young
	// 3.10  tcp_tw_recycle exists: true
	// 4.19  tcp_tw_reuse 2: connect() cannot have the port: tcp_tw_reuse is 2 and this is no loopback connection
	// 4.19  tcp_tw_reuse 1: connect() takes the entry over: tcp_tw_reuse allows it, and the entry is old enough (TWRecycled)
	// 4.19  tcp_tw_recycle exists: false
	// 6.18  tcp_tw_reuse 2: connect() cannot have the port: tcp_tw_reuse is 2 and this is no loopback connection
	// 6.18  tcp_tw_reuse 1: connect() takes the entry over: tcp_tw_reuse allows it, and the entry is old enough (TWRecycled)
	// 6.18  tcp_tw_recycle exists: false
}

// What does tcp_max_tw_buckets kill? Nothing that is there: sockets that close later
// get no TIME_WAIT.
func ExampleTable() {
	sys := defaults("6.12")
	sys.TCPMaxTWBuckets = 2
	t, err := timewait.New(timewait.Config{Semantics: semantics("6.12"), Sysctls: sys})
	if err != nil {
		panic(err)
	}
	k := timewait.Socket{Local: netip.MustParseAddrPort("10.0.0.1:443"), State: timewait.TimeWait}
	for port := uint16(1); port <= 3; port++ {
		k.Remote = netip.AddrPortFrom(netip.MustParseAddr("10.0.0.9"), port)
		v, err := t.Enter(time.Second, k)
		fmt.Println(v, err)
	}
	due, _ := t.Next()
	n, err := t.Advance(due, func(e timewait.Ended) { fmt.Println(e.At, e.Remote, e.State) })
	fmt.Println(n, err, t.Counters())
	// Output:
	// begin an entry: tcp_max_tw_buckets allows one more (TW) <nil>
	// begin an entry: tcp_max_tw_buckets allows one more (TW) <nil>
	// close the socket without an entry: there are tcp_max_tw_buckets already (TCPTimeWaitOverflow) <nil>
	// 1m2.432s 10.0.0.9:2 TIME_WAIT
	// 1m2.432s 10.0.0.9:1 TIME_WAIT
	// 2 <nil> TW 2, TCPTimeWaitOverflow 1
}

// A client's port is used again while the server has it in TIME_WAIT.
func ExampleExplainSegment() {
	sem := semantics("6.12")
	v := timewait.View{State: timewait.TimeWait, RcvNxt: 1000, SndNxt: 5000, TSRecent: 70, SeenAt: 3, Now: 9}
	fmt.Println(timewait.ExplainSegment(&sem, &v, &timewait.Segment{Flags: timewait.FlagSYN, Seq: 900, Timestamp: true, TSVal: 71, Listener: true}))
	// Output:
	//   PAWS           last timestamp 70, this one +1: passes  (tcp_paws_reject)
	//   T1             RST, timestamp not too old, seq = rcv_nxt, tcp_rfc1337 off  (tcp_timewait_state_process)
	//   T2             RST, timestamp not too old, seq = rcv_nxt  (tcp_timewait_state_process)
	//   T3             timestamp not too old, seq = rcv_nxt, empty  (tcp_timewait_state_process)
	// * T4             seq is rcv_nxt-100: SYN, no RST, no ACK, timestamp not too old, seq after rcv_nxt; or SYN, no RST, no ACK, timestamp not too old, newer timestamp  (tcp_timewait_state_process)
	// * listener       somebody listens  (tcp_v4_rcv)
	// = remove the entry, hand the SYN to the listener: a SYN newer than the connection
}

func ExampleExplainReuse() {
	sem, sys := semantics("4.18"), defaults("4.18")
	sys.TCPTWReuse = 1
	fmt.Println(timewait.ExplainReuse(&sem, &sys, timewait.Reuse{State: timewait.TimeWait, SeenAt: 100, Now: 101}))
	// Output:
	//   timestamps     the old connection used them  (tcp_twsk_unique)
	//   bound port     connect() looks for a port  (tcp_twsk_unique)
	//   tcp_tw_reuse   1: allowed  (tcp_twsk_unique)
	// * age            1 second boundaries since the last timestamp, more than 1: too young  (tcp_twsk_unique)
	// = connect() cannot have the port: the entry is too young
}

func ExampleDecisions() {
	sem := semantics("6.12")
	fmt.Println(timewait.Decisions(&sem)[0])
	// Output:
	// F1 FIN_WAIT2: timestamp too old; or out of the window -> send an ACK, keep the entry; rate limited
}

func ExampleReuseTable() {
	sem := semantics("6.12")
	fmt.Println(timewait.ReuseTable(&sem)[95])
	// Output:
	// bound port timestamps      tcp_tw_reuse=2 loopback     old       FIN_WAIT2 -> connect() takes the entry over: the port was bound to, and the old connection used timestamps
}

func ExampleLinger2() {
	for _, release := range []string{"5.7", "5.8"} {
		sem, sys := semantics(release), defaults(release)
		fmt.Println(release, timewait.Linger2(&sem, &sys, 90), timewait.Linger2(&sem, &sys, 300))
	}
	// Output:
	// 5.7 0s 0s
	// 5.8 1m30s 2m0s
}
