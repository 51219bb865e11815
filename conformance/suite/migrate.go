package suite

import (
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
)

func init() { groups["migrate"] = migrate }

// migrate: two listeners share a port, each has requests, one is closed.
// What becomes of its requests, with tcp_migrate_req off and on, when their
// timers fire and when their final ACKs come.
func migrate() []Case {
	var cs []Case
	for _, on := range []int{0, 1} {
		for _, ackAt := range []int{100, 1600} {
			in := M{"tcp_migrate_req": on, "listeners": 2, "syns": 8, "ackAtMs": ackAt}
			cs = append(cs, Case{Exp: "migrate", In: in, Run: func(l *lab.Lab) M { return migrateOne(l, on, ackAt) }})
		}
	}
	return cs
}

func migrateOne(l *lab.Lab, on, ackAt int) M {
	out := M{"set": num(l.Set("net.ipv4.tcp_migrate_req", on))}
	share := func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }
	a := l.Listen(port, 64, share)
	b := l.Listen(port, 64, share)
	var peers []*lab.Peer
	for i := range 8 {
		p := l.Peer(lab.Addr(i), uint16(40000+i), port)
		p.SYN()
		peers = append(peers, p)
	}
	out["before"] = b.States()
	before := l.Read()
	l.Restart()
	a.Close()
	got := l.WaitUntil(time.Duration(ackAt) * time.Millisecond)
	out["untilACK"] = M{"rounds": lab.Rounds(got, 300*time.Millisecond), "counters": l.Since(before), "states": b.States()}
	before = l.Read()
	answers := []M{}
	for _, p := range peers {
		answers = append(answers, M{"host": p.Addr[3], "answers": p.Describe(p.ACK())})
	}
	out["acks"] = M{"each": answers, "counters": l.Since(before), "states": b.States()}
	n := 0
	for {
		fd, err := b.Accept()
		if err != nil {
			break
		}
		n++
		defer closeFD(fd)
	}
	out["accepted"] = n
	return out
}
