package machine

import "testing"

func TestParseSockstat(t *testing.T) {
	// As 6.18.44 printed it.
	text := "sockets: used 15\nTCP: inuse 1 orphan 3 tw 18 alloc 1 mem 54\nUDP: inuse 0 mem 0\n"
	if got, err := ParseSockstat([]byte(text)); err != nil || got != (Sockstat{Orphan: 3, TW: 18, Mem: 54}) {
		t.Errorf("%+v, %v", got, err)
	}
	for text, want := range map[string]string{
		"":                               "no line of TCP in it",
		"TCP: inuse 1 orphan 2 tw 3\n":   `its line of TCP lacks orphan, tw or mem: "TCP: inuse 1 orphan 2 tw 3"`,
		"TCP: orphan x tw 1 mem 1\n":     `orphan "x" is not a number`,
		"TCP6: inuse 1\nTCP: inuse 2 tw": `its line of TCP lacks orphan, tw or mem: "TCP: inuse 2 tw"`,
	} {
		if got, err := ParseSockstat([]byte(text)); err == nil || err.Error() != want || got != (Sockstat{}) {
			t.Errorf("%q: %+v, %v, want %s", text, got, err, want)
		}
	}
}

// What tcp_max_tw_buckets counts: entries, not the sockets of processes.
func TestEntry(t *testing.T) {
	for _, test := range []struct {
		row  Row
		want bool
	}{
		{Row{State: TimeWait, Timer: 3}, true},
		{Row{State: FinWait2, Timer: 3}, true},
		{Row{State: FinWait2, Timer: 2}, false}, // a socket that waits for longer than 60 s
		{Row{State: FinWait2, Timer: 3, Inode: 7}, false},
		{Row{State: FinWait1}, false},
	} {
		if got := test.row.Entry(); got != test.want {
			t.Errorf("%+v: %v", test.row, got)
		}
	}
	if CloseWait.String() != "CLOSE-WAIT" || Closing.String() != "CLOSING" || State(99).String() != "State(99)" {
		t.Error("names of states")
	}
}
