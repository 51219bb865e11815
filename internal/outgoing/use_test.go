package outgoing

import (
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// What a port costs depends on who closes first, on tcp_tw_reuse, and on who picks the port.
func TestUse(t *testing.T) {
	for _, test := range []struct {
		name, release string
		edit          func(u *Use)
		serverFirst   bool
		reuse         bool
		hold          portalloc.Span
		sure          float64 // rounded down
	}{
		{"client first", "4.4", func(*Use) {}, false, false, span(59996*time.Millisecond, time.Minute), 470},
		{"wheel", "6.12.107", func(*Use) {}, false, false, span(time.Minute, 62048*time.Millisecond), 455},
		{"server first", "6.12.107", func(*Use) {}, true, false, portalloc.Span{}, -1},
		{"loopback", "6.12.107", func(u *Use) { u.Loopback = true }, false, true, span(0, time.Second), 28232},
		{"reuse", "4.4", func(u *Use) { u.Sys.TCPTWReuse = 1 }, false, true, span(time.Second, 2*time.Second), 14116},
		{"reuse without timestamps", "4.4", func(u *Use) { u.Sys.TCPTWReuse, u.Sys.TCPTimestamps = 1, 0 }, false, false, span(59996*time.Millisecond, time.Minute), 470},
		{"bound", "4.4", func(u *Use) { u.Sys.TCPTWReuse, u.Pool.Picker = 1, portalloc.BindPicks }, false, false, span(59996*time.Millisecond, time.Minute), 470},
		{"bound, and blind to TIME_WAIT", "6.1.0", func(u *Use) { u.Pool.Picker, u.Open = portalloc.BindPicks, time.Second }, false, false, span(time.Second, time.Second), 28232},
		{"death row, busy", "3.10.108", func(*Use) {}, false, false, span(97500*time.Millisecond, 112500*time.Millisecond*257/256), 249},
		{"death row, idle", "3.10.108", func(u *Use) { u.Pool.Range = kernel.PortRange{Low: 61000, High: 61499} }, false, false, span(52500*time.Millisecond, time.Minute*257/256), 8},
	} {
		sem := kernel.MustParse(test.release).Semantics()
		sys, err := kernel.Defaults(kernel.MustParse(test.release), kernel.Machine{MemoryBytes: 4 << 30})
		if err != nil {
			t.Fatal(err)
		}
		u := Use{Sem: &sem, Sys: &sys, HZ: 250, Pool: portalloc.Pool{Picker: portalloc.ConnectPicks, Range: sys.LocalPorts(&sem), Sources: 1, Destinations: 1}}
		test.edit(&u)
		w := u.Way(test.serverFirst)
		hold, _, sure, _, err := u.Sustained(w)
		if test.sure < 0 { // a port that is kept for no time gives any rate
			if err == nil {
				t.Errorf("%s: %v, %v", test.name, hold, sure)
			}
			continue
		}
		if err != nil || w.Reuse != test.reuse || w.ServerFirst != test.serverFirst || hold != test.hold || float64(int(sure)) != test.sure {
			t.Errorf("%s: %+v, %v, %v/s, %v", test.name, w, hold, sure, err)
		}
	}
}

func span(lo, hi time.Duration) portalloc.Span { return portalloc.Span{Min: lo, Max: hi} }
