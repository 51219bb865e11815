package kernel_test

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// A desk is a listener at which segments arrive and timers fire, and each decision is told.
type desk struct {
	l    *queue.Listener
	sys  kernel.Sysctls
	now  time.Duration
	tell func(seen)
}

func newDesk(sem *kernel.Semantics, tell func(seen), backlog, deferAccept int, change func(*kernel.Sysctls)) *desk {
	d := &desk{sys: playSysctls(sem), now: 1000 * time.Second, tell: tell}
	if change != nil {
		change(&d.sys)
	}
	l, err := queue.NewListener(queue.Config{Semantics: *sem, Sysctls: d.sys, Key: 1, DeferAccept: deferAccept})
	if err != nil || l.Listen(d.now, backlog) != nil {
		return nil // this kernel does not take the sysctls
	}
	d.l = l
	return d
}

func (d *desk) verdict(v queue.Verdict) {
	d.tell(seen{pkg: "queue", reason: uint8(v.Reason), text: v.Reason.String(), counters: v.Counters})
}

// get has a segment of a client arrive.
func (d *desk) get(client int, s queue.Segment) queue.Outcome {
	s.From = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(client >> 8), byte(client)}), 999)
	if out, err := d.l.Receive(d.now, s); err == nil {
		d.verdict(out.Verdict)
		return out
	}
	return queue.Outcome{}
}

// wait lets time pass.
func (d *desk) wait(t time.Duration) {
	d.now += t
	events, _ := d.l.Advance(d.now) // time goes on
	for _, e := range events {
		d.verdict(e.Verdict)
	}
}

// syn is a client's SYN, ack the segment that finishes its handshake.
func syn(stamped bool) queue.Segment {
	return queue.Segment{Flags: queue.FlagSYN, Seq: 100, MSS: 1460, WindowScale: 8, SACK: true, Timestamp: stamped, TSVal: 5000}
}

func ack(first queue.Segment, answer queue.Outcome) queue.Segment {
	return queue.Segment{Flags: queue.FlagACK, Seq: 101, Ack: answer.Reply.Seq + 1, Timestamp: first.Timestamp, TSVal: 5001, TSEcr: answer.Reply.TSVal}
}

// playListener has listeners meet every segment in every situation.
func playListener(sem *kernel.Semantics, tell func(seen)) {
	playAdmission(sem, tell)
	for n := range 4 {
		playRequest(sem, tell, n&1 != 0, n>>1*3)
		playCookie(sem, tell, n&1 != 0, n>>1 != 0)
	}
	playEnd(sem, tell)
}

// playAdmission is the decisions that are functions of numbers.
func playAdmission(sem *kernel.Semantics, tell func(seen)) {
	verdict := (&desk{tell: tell}).verdict
	for n := range 1 << 12 {
		bit := func(i int) bool { return n>>i&1 != 0 }
		sys := playSysctls(sem)
		sys.TCPSyncookies = n & 3 % 3
		if sem.Recycle != kernel.RecycleGone && bit(2) {
			sys.TCPTwRecycle = 1
		}
		q := queue.Queues{AcceptLimit: 5, SYNLimit: queue.SYNQueueLimit(sem, 5, 128, 8), Young: uint32(n >> 3 & 1 * 3)}
		if bit(4) {
			q.AcceptLen = 6
		}
		if bit(11) {
			q.SYNLimit = queue.SYNQueueLimit(sem, 128, 128, 128)
		}
		q.Requests = []uint32{0, 7, 100}[n>>5&3%3]
		syn := queue.SYN{Timestamp: true, TimeWait: bit(7), NotUnicast: bit(8), Unroutable: bit(9), Peer: queue.Peer{Judged: bit(10), Rejected: bit(10)}}
		verdict(queue.DecideSYN(sem, &sys, q, syn))
		sys.TCPAbortOnOverflow = n & 1
		verdict(queue.DecideFinalACK(sem, &sys, q))
		verdict(queue.DecideCookieACK(sem, q))
	}
}

// playRequest has a half-open request meet every segment, each three times: at once, again a moment later, and when
// the rate limit has passed.
func playRequest(sem *kernel.Semantics, tell func(seen), stamped bool, deferAccept int) {
	first := syn(stamped)
	for kind := range 16 {
		d := newDesk(sem, tell, 5, deferAccept, nil)
		s := ack(first, d.get(1, first))
		switch kind {
		case 0:
			s = first
		case 1: // the ACK as it ought to be
		case 2:
			s.Len = 10
		case 3:
			s.Ack++
		case 4:
			s.Seq += 1 << 20
		case 5:
			s.Seq, s.Len = s.Seq+1<<20, 10
		case 6:
			s.TSVal = 1
		case 7:
			s.TSVal, s.Len = 1, 10
		case 8:
			s.TSEcr += 1 << 20
		case 9:
			s.Flags = queue.FlagRST
		case 10:
			s.Flags, s.Seq = queue.FlagRST, s.Seq+50
		case 11:
			s.Flags, s.Seq = queue.FlagSYN, s.Seq+50
		case 12:
			s.Flags = queue.FlagPSH
		case 13:
			s.Flags |= queue.FlagSYN
		case 14:
			s.Flags, s.TSVal = queue.FlagRST, 1
		case 15:
			s.Flags, s.Seq = queue.FlagRST, s.Seq+1<<20
		}
		for _, pause := range []time.Duration{time.Millisecond, time.Millisecond, 600 * time.Millisecond} {
			d.now += pause
			d.get(1, s)
		}
		for range 10 {
			d.wait(10 * time.Second)
		}
	}
}

// playCookie has a listener whose SYN queue is full meet the ACKs of cookies, its accept queue being full or not.
func playCookie(sem *kernel.Semantics, tell func(seen), stamped, full bool) {
	for kind := range 6 {
		d := newDesk(sem, tell, 5, 0, nil)
		first := syn(stamped)
		flood := 0
		var answer queue.Outcome
		for ; flood < 100; flood++ {
			if answer = d.get(flood, first); answer.Action == queue.SendCookie {
				break
			}
		}
		s := ack(first, answer)
		switch kind {
		case 1:
			s.Ack += 9
		case 2: // what the cookie promises is off now
			d.sys.TCPSack, d.sys.TCPWindowScaling = 0, 0
			_ = d.l.SetSysctls(d.now, d.sys)
		case 3: // its client has got a request since
			d.get(0, queue.Segment{Flags: queue.FlagRST, Seq: 101})
			d.get(flood, first)
		case 4: // after a long time
			d.wait(300 * time.Second)
		}
		for i := 1; full && i < 8; i++ { // fills the accept queue
			d.sys.TCPSyncookies = 2
			if d.l.SetSysctls(d.now, d.sys) == nil {
				d.get(200+i, ack(first, d.get(200+i, first)))
			}
		}
		if kind == 5 {
			s.Flags = queue.FlagRST
		}
		d.get(flood, s)
	}
}

// playEnd is what ends requests: timers, a queue that fills up, and close(); and segments that belong to nothing.
func playEnd(sem *kernel.Semantics, tell func(seen)) {
	d := newDesk(sem, tell, 16, 0, func(s *kernel.Sysctls) { s.TCPSynackRetries = 5 })
	d.get(0, syn(false))
	d.wait(8 * time.Second)
	for i := 1; i < 16; i++ {
		d.get(i, syn(false))
		d.wait(200 * time.Millisecond)
	}
	for range 40 {
		d.wait(2 * time.Second)
	}
	for _, flags := range []queue.Flags{0, queue.FlagACK, queue.FlagRST, queue.FlagSYN | queue.FlagFIN} {
		d.get(9, queue.Segment{Flags: flags, Seq: 5, Ack: 7})
	}
	var answers [4]queue.Outcome
	for i := range answers {
		answers[i] = d.get(i, syn(false))
	}
	_, _ = d.l.Close(d.now) // it listens
	d.get(0, ack(syn(false), answers[0]))
	d.get(1, queue.Segment{Flags: queue.FlagRST, Seq: 101})
	d.get(2, syn(false))
	for range 10 {
		d.wait(20 * time.Second)
	}
	d.get(9, syn(false))
	d.get(9, queue.Segment{Flags: queue.FlagRST, Seq: 101})
}
