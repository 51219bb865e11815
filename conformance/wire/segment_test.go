package wire

import (
	"reflect"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	s := Segment{
		Src: [4]byte{10, 0, 1, 2}, Dst: [4]byte{10, 0, 0, 1}, SPort: 40000, DPort: 80,
		Seq: 1 << 31, Ack: 7, Flags: SYN | ACK, Window: 65535, TTL: 64,
		MSS: 1460, SACK: true, TS: true, TSVal: 5, TSEcr: 6, Scaled: true, WScale: 7,
		Data: []byte("hello"),
	}
	b := s.Marshal()
	if fold(sum(0, b[:20])) != 0xffff {
		t.Error("IP header checksum does not verify")
	}
	if fold(sum(sum(0, b[12:20])+6+uint32(len(b)-20), b[20:])) != 0xffff {
		t.Error("TCP checksum does not verify")
	}
	v6 := s
	v6.V6 = true
	b6 := v6.Marshal()
	if fold(sum(sum(0, b6[8:40])+6+uint32(len(b6)-40), b6[40:])) != 0xffff {
		t.Error("TCP checksum over IPv6 does not verify")
	}
	if got, err := Parse(b6); err != nil || !reflect.DeepEqual(got, v6) {
		t.Errorf("Parse(Marshal) = %+v, %v; want %+v", got, err, v6)
	}
	got, err := Parse(b)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("Parse(Marshal) = %+v, %v; want %+v", got, err, s)
	}
}

func TestFlagNames(t *testing.T) {
	for f, want := range map[uint8]string{0: "none", SYN | ACK: "SYN|ACK", RST: "RST", FIN | ACK: "FIN|ACK", SYN | FIN: "SYN|FIN"} {
		if got := FlagNames(f); got != want {
			t.Errorf("FlagNames(%d) = %q, want %q", f, got, want)
		}
	}
}
