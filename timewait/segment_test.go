package timewait

import "testing"

// Each flag has its name, in the order of the header's bits.
func TestFlagsString(t *testing.T) {
	for f, want := range map[Flags]string{
		0: "none", FlagFIN: "FIN", FlagSYN: "SYN", FlagRST: "RST", FlagPSH: "PSH", FlagACK: "ACK", FlagSYN | FlagACK: "SYN|ACK", FlagFIN | FlagPSH | FlagACK: "FIN|PSH|ACK",
	} {
		if got := f.String(); got != want {
			t.Errorf("%#x: %s, want %s", uint8(f), got, want)
		}
	}
}
