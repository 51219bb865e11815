package portalloc_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

func kernelNamed(release string) *kernel.Semantics {
	s := kernel.MustParse(release).Semantics()
	return &s
}

// connect() takes exactly 3 s now and then, or 1 s: which kernels can it be?
func ExampleHasRace() {
	for _, release := range []string{"2.6.32.69", "2.6.32-220.el6.x86_64", "2.6.32-358.el6.x86_64", "2.6.32-431.el6.x86_64", "2.6.33", "3.10.108"} {
		fmt.Println(release, portalloc.HasRace(kernelNamed(release)))
	}
	// Output:
	// 2.6.32.69 true
	// 2.6.32-220.el6.x86_64 true
	// 2.6.32-358.el6.x86_64 true
	// 2.6.32-431.el6.x86_64 false
	// 2.6.33 false
	// 3.10.108 false
}

// All that two connect() calls can do to each other, before and after the fix.
func ExampleExploreRace() {
	for _, release := range []string{"2.6.32-358.el6.x86_64", "2.6.32-431.el6.x86_64", "2.6.33"} {
		race, err := portalloc.ExploreRace(kernelNamed(release), portalloc.RaceConfig{Entry: portalloc.EntryTaken})
		fmt.Printf("%s, %v\n%v\n", release, err, race)
	}
	// Output:
	// 2.6.32-358.el6.x86_64, <nil>
	// the first candidate holds a TIME_WAIT entry that connect() may take over; the range is that one port; two CPUs
	// 94420 interleavings, 250 states, 6 ends; 92036 with two equal SYNs
	//      46018  A and B take one entry over: two equal SYNs, A gets every answer and B starves (TWRecycled 2)
	//      46018  A and B take one entry over: two equal SYNs, B gets every answer and A starves (TWRecycled 2)
	//       1192  A EADDRNOTAVAIL, B takes the entry over (TWRecycled 1)
	//       1192  A takes the entry over, B EADDRNOTAVAIL (TWRecycled 1)
	// 2.6.32-431.el6.x86_64, <nil>
	// the first candidate holds a TIME_WAIT entry that connect() may take over; the range is that one port; two CPUs
	// 2230 interleavings, 128 states, 2 ends; 0 with two equal SYNs
	//       1115  A EADDRNOTAVAIL, B takes the entry over (TWRecycled 1)
	//       1115  A takes the entry over, B EADDRNOTAVAIL (TWRecycled 1)
	// 2.6.33, <nil>
	// the first candidate holds a TIME_WAIT entry that connect() may take over; the range is that one port; two CPUs
	// 4440 interleavings, 112 states, 2 ends; 0 with two equal SYNs
	//       2220  A EADDRNOTAVAIL, B takes the entry over (TWRecycled 1)
	//       2220  A takes the entry over, B EADDRNOTAVAIL (TWRecycled 1)
}

// The story of one race.
func ExampleSchedule() {
	race, err := portalloc.ExploreRace(kernelNamed("2.6.32"), portalloc.RaceConfig{Entry: portalloc.EntryTaken})
	if err != nil {
		panic(err)
	}
	for _, o := range race.Outcomes {
		if o.Winner == portalloc.ThreadB {
			fmt.Println(o.Example)
			fmt.Println(o.RaceResult)
		}
	}
	// Output:
	// A S0  read the hint of the next port: the first candidate is port 0
	// A S1  lock the candidate's chain of bound ports: port 0
	// A S2  look the port up: connections have it: is this one among them?
	// A S3  lock the connection's hash chain
	// A S4  search TIME_WAIT entries, and established sockets if there is none: an entry that may go: its sequence number + 65537 and its timestamp are taken over, established sockets are not looked at
	// A S5  insert the socket at the head of the hash chain: established sockets, from the head: A
	// A S6  unlock the hash chain and count TWRecycled: TWRecycled 1
	// A S7  move the hint past the port and join its owners
	// A S8  unlock the port
	// A S9  take the entry off its timer
	// B S0  read the hint of the next port: the first candidate is port 0
	// B S1  lock the candidate's chain of bound ports: port 0
	// B S2  look the port up: connections have it: is this one among them?
	// B S3  lock the connection's hash chain
	// B S4  search TIME_WAIT entries, and established sockets if there is none: an entry that may go: its sequence number + 65537 and its timestamp are taken over, established sockets are not looked at
	// B S5  insert the socket at the head of the hash chain: established sockets, from the head: B, A
	// B S6  unlock the hash chain and count TWRecycled: TWRecycled 2
	// B S7  move the hint past the port and join its owners
	// B S8  unlock the port
	// B S9  take the entry off its timer
	// B S10 take the entry out of the hash: it is out now
	// B S11 take the entry out of the port's owners
	// B S12 let the entry go
	// B S13 choose a sequence number unless an entry gave one: the entry's + 65537
	// B S14 send the SYN and wait: from port 0
	// A S10 take the entry out of the hash: it is out already
	// A S12 let the entry go
	// A S13 choose a sequence number unless an entry gave one: the entry's + 65537
	// A S14 send the SYN and wait: from port 0
	// A and B take one entry over: two equal SYNs, B gets every answer and A starves (TWRecycled 2)
}

// ... and how it ends for the connect() that starves.
func ExampleStarve() {
	for _, release := range []string{"2.6.32-220.el6.x86_64", "2.6.32-358.el6.x86_64"} {
		sem := kernelNamed(release)
		for _, closed := range []time.Duration{50 * time.Millisecond, portalloc.StaysOpen} {
			s, err := portalloc.Starve(sem, kernel.DefaultSYNTimer(sem), closed)
			fmt.Println(s, err)
		}
	}
	// Output:
	// its SYN is sent again after 3s; connected 3s late <nil>
	// its SYN is sent again after 3s, 9s; ETIMEDOUT after 21s <nil>
	// its SYN is sent again after 1s; connected 1s late <nil>
	// its SYN is sent again after 1s, 3s, 7s, 15s, 31s; ETIMEDOUT after 1m3s <nil>
}

// A schedule of one's own: B waits for the port's lock and gets it before A has taken the
// entry out.
func ExampleRunRace() {
	const a, b = portalloc.ThreadA, portalloc.ThreadB
	order := []portalloc.Thread{
		a, b, a, // S0, S0, S1: B has to wait at S1
		a, a, a, a, a, a, a, // S2 to S8: A's socket is in
		b, b, b, b, b, b, b, b, // S1 to S8: B finds the entry again
		a, a, a, a, b, b, b, // S9 to S12: the entry goes
		a, a, b, b, // S13, S14: the SYNs
	}
	_, result, err := portalloc.RunRace(kernelNamed("2.6.32"), portalloc.RaceConfig{Entry: portalloc.EntryTaken}, order)
	fmt.Println(result, err)
	// Output:
	// A and B take one entry over: two equal SYNs, B gets every answer and A starves (TWRecycled 2) <nil>
}

func ExampleRaceSteps() {
	for _, s := range portalloc.RaceSteps(kernelNamed("2.6.33"))[:9] {
		fmt.Println(s)
	}
	// Output:
	// S0  read the hint of the next port  (__inet_hash_connect)
	// S1  lock the candidate's chain of bound ports  (__inet_hash_connect) takes the port's lock until S8 or X2
	// S2  look the port up  (__inet_hash_connect)
	// S3  lock the connection's hash chain  (__inet_check_established) takes the connection hash's lock until S6 or X1
	// S4  search TIME_WAIT entries, and established sockets if there is none  (__inet_check_established, tcp_twsk_unique)
	// S5  insert the socket at the head of the hash chain and take the entry out  (__sk_nulls_add_node_rcu)
	// S6  unlock the hash chain and count TWRecycled  (__inet_check_established)
	// S7  move the hint past the port, join its owners and take the entry out of them  (__inet_hash_connect, inet_bind_hash)
	// S8  unlock the port  (__inet_hash_connect)
}
