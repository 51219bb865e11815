package driver

import (
	"testing"

	"example.com/linuxtcp/host"
)

// TestScales: windows are shifted only where both SYNs have the option, and never in a SYN.
func TestScales(t *testing.T) {
	in := func(f host.Flags, seq, ack, window uint32, scale uint8) *host.Segment {
		return &host.Segment{From: client, To: server, Flags: f, Seq: seq, Ack: ack, Window: window, WindowScale: scale}
	}
	out := func(f host.Flags, ack uint32, scale uint8) *host.Segment {
		return &host.Segment{From: server, To: client, Flags: f, Ack: ack, WindowScale: scale}
	}
	for _, c := range []struct {
		name          string
		peer, host    uint8
		wire, window  uint16
		onWire, bytes uint32
	}{
		{"both", 9, 8, 10, 500, 10, 500 << 7},
		{"peer only", 9, 0, 2560, 500, 2560, 500},
		{"host only", 0, 8, 2560, 500, 2560, 500},
		{"more than 14", 16, 16, 0, 1, 0, 1 << 14},
	} {
		m := scales{}
		if w := m.forged(in(host.FlagSYN, 100, 0, 64240, c.peer)); w != 64240 {
			t.Errorf("%s: SYN with window %d", c.name, w)
		}
		m.forged(in(host.FlagSYN, 555, 0, 64240, 3)) // another SYN, that is not answered
		if w := m.sent(out(host.FlagSYN|host.FlagACK, 101, c.host), 65535); w != 65535 {
			t.Errorf("%s: SYN-ACK with window %d", c.name, w)
		}
		if w := m.forged(in(host.FlagACK, 101, 1, 2560, 0)); w != c.wire {
			t.Errorf("%s: 2560 bytes are %d on the wire, want %d", c.name, w, c.wire)
		}
		if w := m.sent(out(host.FlagACK, 101, 0), c.window); w != c.bytes {
			t.Errorf("%s: %d on the wire are %d bytes, want %d", c.name, c.window, w, c.bytes)
		}
	}
	m := scales{}
	m.sent(&host.Segment{From: server, To: client, Flags: host.FlagSYN, WindowScale: 8}, 64240)
	m.forged(in(host.FlagSYN|host.FlagACK, 7, 1, 64240, 3))
	if w := m.forged(in(host.FlagACK, 8, 1, 2560, 0)); w != 640 {
		t.Errorf("connect: 2560 bytes are %d on the wire", w)
	}
	if w := m.forged(in(host.FlagACK, 8, 1, 1<<24, 0)); w != 65535 {
		t.Errorf("a window that has no place is %d on the wire", w)
	}
}
