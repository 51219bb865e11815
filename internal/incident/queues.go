package incident

import (
	"time"

	"example.com/linuxtcp/sim"
)

// SixThreeOne is when ten clients connect so that six are established, three believe to be, and one
// times out: S1..S5, A1..A4, S6..S9, A5, A6, A7..A9, S10, where S is a SYN and A the ACK that completes it.
// The order is that of the recorded script accept-queue/six-three-one.
func SixThreeOne() sim.Times {
	const us = time.Microsecond
	return sim.Times{0, 100 * us, 200 * us, 300 * us, 400 * us, 1320 * us, 1340 * us, 1360 * us, 1380 * us, 3 * ms}
}

// InTurn is when ten clients connect one after the other.
func InTurn() (at sim.Times) {
	for i := range time.Duration(10) {
		at = append(at, i*10*ms)
	}
	return at
}

// TenClients is D3: ten clients of one host, a round trip of 1 ms away, connect at these times to a listener
// with backlog 5 that nobody accepts from. They give up after 5 s.
func TenClients(release string, at sim.Times) (*Scene, error) {
	s := New(sim.Config{Seed: 1})
	s.Server = s.node("server", release, At.Addr().String(), 0, nil)
	s.Client = s.node("client", release, "10.0.0.9", 0, nil)
	s.join(s.Client, s.Server, sim.Path{Delay: ms / 2})
	s.serve(sim.Server{Name: "server", Node: s.Server, At: At, Backlog: 5, NeverAccept: true})
	s.connect(sim.Client{
		Name: "client", Node: s.Client, Arrivals: at, Timeout: 5 * time.Second, CloseFirst: true, Hold: sim.Exactly(time.Hour),
	})
	return s.done()
}
