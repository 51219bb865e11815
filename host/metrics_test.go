package host

import (
	"testing"
	"time"
)

// A connection with a long round trip lengthens the first timeout of the next to the same address, for an hour.
func TestPastTrips(t *testing.T) {
	h, _ := newHost(t, "6.18.44")
	ms := time.Millisecond
	open := func(at, trip time.Duration) (rto uint32) {
		t.Helper()
		out, _ := h.Open(at, Options{})
		k := out.Socket
		out, err := h.Connect(at, k, farServer)
		if err != nil {
			t.Fatal(err)
		}
		syn := out.Sent[len(out.Sent)-1].Segment
		s := Segment{From: syn.To, To: syn.From, Flags: FlagSYN | FlagACK, Ack: syn.Seq + 1, Window: 65535}
		if _, err = h.Receive(at+trip, s); err != nil {
			t.Fatal(err)
		}
		rto = h.open[k].c.RTO
		s.Flags, s.Seq = FlagFIN|FlagACK, 1
		h.Receive(at+trip, s)
		h.Close(at+trip, k)
		s.Flags, s.Seq, s.Ack = FlagACK, 2, syn.Seq+2
		h.Receive(at+2*trip, s) // LAST-ACK ends
		return rto
	}
	if rto := open(0, 80*ms); rto != 70 { // 280 ms
		t.Error(rto)
	}
	if rto := open(time.Second, ms); rto < 69 || rto > 70 {
		t.Error("forgotten:", rto)
	}
	if rto := open(2*time.Hour, ms); rto > 53 {
		t.Error("not forgotten:", rto)
	}
}
