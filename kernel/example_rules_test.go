package kernel_test

import (
	"fmt"

	"example.com/linuxtcp/kernel"
)

// In which order does connect() try ports?
func ExamplePortSearchRule() {
	names := map[kernel.PortSearchRule]string{
		kernel.PortSearchNext: "one after the other", kernel.PortSearchEven: "from an even offset, one after the other",
		kernel.PortSearchParity: "the even offsets, then the odd ones",
	}
	for _, release := range []string{"4.1", "4.4.155", "6.12"} {
		fmt.Println(release, names[kernel.MustParse(release).Semantics().PortSearch])
	}
	// Output:
	// 4.1 one after the other
	// 4.4.155 from an even offset, one after the other
	// 6.12 the even offsets, then the odd ones
}

// Do connections to two destinations take the same ports away from each other's search?
func ExamplePortOffsetsRule() {
	for _, release := range []string{"5.10", "5.10.223", "5.12"} {
		shared := kernel.MustParse(release).Semantics().PortOffsets == kernel.PortOffsetHint
		fmt.Println(release, "one number for all destinations:", shared)
	}
	// Output:
	// 5.10 one number for all destinations: true
	// 5.10.223 one number for all destinations: false
	// 5.12 one number for all destinations: false
}

// From when on does the port that connect() begins at depend on the time?
func ExamplePortHashRule() {
	for _, release := range []string{"3.0", "3.10.108", "5.12", "5.18"} {
		switch kernel.MustParse(release).Semantics().PortHash {
		case kernel.PortHashRekeyed:
			fmt.Println(release, "another key every 300 s")
		case kernel.PortHashMD5, kernel.PortHashSip:
			fmt.Println(release, "one key a boot")
		case kernel.PortHashSipTime:
			fmt.Println(release, "one key a boot, and the time in steps of 10 s")
		}
	}
	// Output:
	// 3.0 another key every 300 s
	// 3.10.108 one key a boot
	// 5.12 one key a boot
	// 5.18 one key a boot, and the time in steps of 10 s
}

// May bind() to port 0 give out a port that another address has, while others are unused?
func ExampleBindAutoRule() {
	for _, release := range []string{"2.6.32", "3.4", "6.12"} {
		fmt.Println(release, kernel.MustParse(release).Semantics().BindAuto != kernel.BindAutoUnused)
	}
	// Output:
	// 2.6.32 false
	// 3.4 true
	// 6.12 true
}

// Is there a limit on the challenge ACKs of a whole host?
func ExampleChallengeBudgetRule() {
	for _, release := range []string{"3.5", "4.4", "4.9.154", "6.12"} {
		switch kernel.MustParse(release).Semantics().ChallengeBudget {
		case kernel.ChallengeBudgetNone:
			fmt.Println(release, "has none to limit")
		case kernel.ChallengeBudgetFixed:
			fmt.Println(release, "100 a second")
		case kernel.ChallengeBudgetRandom:
			fmt.Println(release, "500 to 1499 a second")
		case kernel.ChallengeBudgetOff:
			fmt.Println(release, "no limit unless one is set")
		}
	}
	// Output:
	// 3.5 has none to limit
	// 4.4 100 a second
	// 4.9.154 500 to 1499 a second
	// 6.12 no limit unless one is set
}

// tcp_syn_retries 6 means 6 retries, but for a few releases in which it means 4.
func ExampleSYNExpiryRule() {
	for _, release := range []string{"4.19.76", "4.19.77", "4.19.209", "6.1"} {
		sem := kernel.MustParse(release).Semantics()
		line, err := kernel.SYNTimer{Retries: 6}.Timeline(&sem)
		fmt.Println(release, sem.SYNExpiry == kernel.SYNExpiryCountOr200ms, len(line.Sent)-1, line.TimedOut, err)
	}
	// Output:
	// 4.19.76 false 6 2m7s <nil>
	// 4.19.77 true 4 31s <nil>
	// 4.19.209 false 6 2m7s <nil>
	// 6.1 false 6 2m7s <nil>
}

// When does connect() to a host that is off return, with net.ipv4.tcp_syn_retries 2?
func ExampleSYNTimeline() {
	sem := kernel.MustParse("6.1").Semantics()
	line, err := kernel.SYNTimer{Retries: 2}.Timeline(&sem)
	fmt.Println("SYNs at", line.Sent, "ETIMEDOUT at", line.TimedOut, err)
	// Output: SYNs at [0s 1s 3s] ETIMEDOUT at 7s <nil>
}
