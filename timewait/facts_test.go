package timewait

import (
	"testing"

	"example.com/linuxtcp/kernel/serial"
	"pgregory.net/rapid"
)

// observeAll is every fact of a segment, whoever looks at it.
func observeAll(sem string, v *View, s *Segment) facts {
	end := s.Seq + s.Len
	for _, flag := range []Flags{FlagFIN, FlagSYN} {
		if s.Flags&flag != 0 {
			end++
		}
	}
	counts := s.Timestamp && v.SeenAt != 0
	var all facts
	for f, holds := range map[facts]bool{
		isFIN: s.Flags&FlagFIN != 0, isSYN: s.Flags&FlagSYN != 0, isRST: s.Flags&FlagRST != 0, isACK: s.Flags&FlagACK != 0,
		inWindow: serial.InWindow(s.Seq, end, v.RcvNxt, v.RcvNxt+v.Window),
		atNext:   s.Seq == v.RcvNxt, seqAfter: serial.After(s.Seq, v.RcvNxt), seqBefore: serial.Before(s.Seq, v.RcvNxt),
		endAfter: serial.After(end, v.RcvNxt), endOne: end == v.RcvNxt+1, isEmpty: end == s.Seq,
		rfc1337: v.RFC1337, stamped: counts, newerTS: counts && serial.Before(v.TSRecent, s.TSVal),
		isOld: counts && PAWSRejects(semOf(sem), v.TSRecent, s.TSVal, v.SeenAt, v.Now, s.Flags&FlagRST != 0),
	} {
		if holds {
			all |= f
		}
	}
	return all
}

// The facts that a state's rows ask for are observed in that state, and they are true.
func TestObserveIsWhatTheRowsAskFor(t *testing.T) {
	asked := map[State]facts{}
	for _, r := range decisions {
		for _, term := range r.when {
			asked[r.state] |= term.yes | term.no
		}
		if r.does&learns != 0 {
			asked[r.state] |= stamped
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		near := rapid.OneOf(rapid.SampledFrom([]uint32{0, 1, 1<<32 - 1, 1 << 31, 1<<31 - 1, 1<<31 + 1, 500}), rapid.Uint32())
		v := View{
			State: rapid.SampledFrom([]State{FinWait2, TimeWait}).Draw(t, "state"), RcvNxt: near.Draw(t, "rcv_nxt"),
			Window: rapid.SampledFrom([]uint32{0, 1, 500, 65535}).Draw(t, "window"), TSRecent: near.Draw(t, "last timestamp"),
			SeenAt: rapid.Uint32Range(0, 2).Draw(t, "seen"), RFC1337: rapid.Bool().Draw(t, "rfc1337"),
		}
		v.Now = v.SeenAt + rapid.SampledFrom([]uint32{0, 59, 60, 2146, 2147, 24*86400 - 1, 24 * 86400}).Draw(t, "age")
		s := Segment{
			Flags: Flags(rapid.Byte().Draw(t, "flags")), Seq: v.RcvNxt + near.Draw(t, "seq"), Len: rapid.Uint32Range(0, 2).Draw(t, "len"),
			Timestamp: rapid.Bool().Draw(t, "timestamp"), TSVal: v.TSRecent + near.Draw(t, "tsval"),
		}
		release := rapid.SampledFrom([]string{"2.6.32", "4.4", "5.10", "7.2"}).Draw(t, "release")
		got, want := observe(semOf(release), &v, &s), observeAll(release, &v, &s)
		if ask := asked[v.State]; got&ask != want&ask || got&^want != 0 {
			t.Fatalf("%016b, want %016b of %016b", got, want&ask, ask)
		}
		if exempt(got) != AnswerExempt(&s) {
			t.Fatal("exempt")
		}
	})
}
