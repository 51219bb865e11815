package host

import (
	"math"
	"testing"

	"example.com/linuxtcp/kernel"
)

func TestChallengeBudget(t *testing.T) {
	top := func() uint32 { return math.MaxUint32 }
	for _, c := range []struct {
		release string
		limit   int
		draw    func() uint32
		want    int // of 2000 in one second
	}{
		{"3.6", 0, top, 100}, {"4.6", 0, nil, 100}, {"4.6", 7, top, 7}, {"4.6", -1, top, 0},
		{"4.7", 0, nil, 500}, {"5.19", 0, top, 1499}, {"4.7", 1, nil, 1}, {"4.7", 2, top, 2}, {"4.7", 3, nil, 2}, {"4.7", 3, top, 4}, {"4.7", -1, top, 0},
		{"6.0", 0, nil, 2000}, {"7.2", math.MaxInt32, nil, 2000}, {"6.0", 1000, nil, 500}, {"6.0", 1000, top, 1499}, {"6.0", -1, top, 0},
	} {
		sem := kernel.MustParse(c.release).Semantics()
		b := ChallengeBudget{Limit: c.limit}
		for _, second := range []uint32{5, 6, 0} {
			sent := 0
			for range 2000 {
				spent := b.Spent(&sem, second)
				if ok := b.Spend(&sem, second, c.draw); ok == spent {
					t.Fatalf("%s, limit %d: Spent %v and then Spend %v", c.release, c.limit, spent, ok)
				} else if ok {
					sent++
				}
			}
			if sent != c.want {
				t.Errorf("%s, limit %d, second %d: %d, want %d", c.release, c.limit, second, sent, c.want)
			}
		}
	}
}

// A spent budget holds a challenge ACK back, but counts the SYN and stamps the socket.
func TestSpentBudget(t *testing.T) {
	sem := kernel.MustParse("4.9").Semantics()
	at := Moment{Jiffies: 1000, ChallengesSpent: true}
	s := Segment{Flags: FlagSYN, Seq: 5}
	d := Decide(&sem, &rowSysctls, rowConn(CloseWait), &s, at)
	if d.Verdict.Reason != OverBudget || d.Verdict.Counters.String() != "TCPSYNChallenge" || d.Reply.Flags != 0 || !d.ChallengeSpent || d.After.Answered != 1000 {
		t.Errorf("%v, %+v", d.Verdict, d)
	}
	at.Jiffies = 1001
	d = Decide(&sem, &rowSysctls, d.After, &s, at)
	if d.Verdict.Reason != TooSoon || d.ChallengeSpent {
		t.Errorf("the second: %v", d.Verdict)
	}
}

// Data and FINs earned a challenge ACK each time to 4.7.
func TestChallengeExempt(t *testing.T) {
	for _, c := range []struct {
		release string
		held    bool
	}{{"3.19", false}, {"4.0", false}, {"4.7", false}, {"4.8", true}} {
		sem := kernel.MustParse(c.release).Semantics()
		conn := rowConn(FinWait2)
		conn.Answered = 990
		d := Decide(&sem, &rowSysctls, conn, &Segment{Flags: FlagRST, Seq: 2005, Len: 3}, Moment{Jiffies: 1000})
		if got := d.Verdict.Reason == TooSoon; got != c.held {
			t.Errorf("%s: %v", c.release, d.Verdict)
		}
		bare := Decide(&sem, &rowSysctls, conn, &Segment{Flags: FlagRST, Seq: 2005}, Moment{Jiffies: 1000})
		if got := bare.Verdict.Reason == TooSoon; got != sem.PAWSACKRateLimited {
			t.Errorf("%s, without data: %v", c.release, bare.Verdict)
		}
	}
}
