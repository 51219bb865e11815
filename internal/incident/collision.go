package incident

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/sim"
)

// Again is when the second connection of [Collision] begins. It is not 300 s, when the jiffies counter is 0
// and a challenge ACK of that moment is not remembered.
const Again = 310 * time.Second

// InWindow is when the second connection of [CollisionAt] has a number in the window of the first, 3,123 above the one
// that the server expects: a client's clock of sequence numbers, of 64 ns, goes round every 2^38 ns, 274.9 s. (To 3.0 a
// kernel also changes its secret every 300 s, which takes a SYN anywhere; a Host does not.)
const InWindow = 1<<38 + 200*time.Microsecond

// Collision is D0: a server that leaks the socket of a first connection, which the client closes after 1 s,
// and a second connection from the same port when the client's FIN-WAIT-2 is over. boxes stand between
// the two.
func Collision(release string, boxes ...sim.Box) (*Scene, error) {
	return CollisionAt(release, Again, boxes...)
}

// CollisionAt is [Collision] with another time for the second connection, later than 61 s.
func CollisionAt(release string, again time.Duration, boxes ...sim.Box) (*Scene, error) {
	s := New(sim.Config{Seed: 3})
	s.Server = s.node("server", release, At.Addr().String(), 0, nil)
	s.Client = s.node("client", release, "10.0.0.9", 0, nil)
	s.join(s.Client, s.Server, sim.Path{Delay: ms, Boxes: boxes})
	s.serve(sim.Server{Name: "server", Node: s.Server, At: At, Backlog: 5, Leak: 1})
	s.connect(sim.Client{
		Name: "client", Node: s.Client, From: netip.MustParseAddrPort("10.0.0.9:40000"), Options: host.Options{ReuseAddr: true},
		Arrivals: sim.Times{0, again}, CloseFirst: true, Hold: sim.Exactly(time.Second),
	})
	return s.done()
}
