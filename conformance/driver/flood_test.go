package driver

import (
	"testing"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/script"
)

// A flood of more SYNs than the device holds answers: each answer is seen.
func TestFlood(t *testing.T) {
	needNamespace(t)
	const syns = 2000
	err := Do(0, func(d *Driver) error {
		p := play{t, d}
		p.ok(script.Call{Op: script.OpSysctl, Sysctl: "net.ipv4.tcp_syncookies", Value: "1"})
		p.listen(10)
		seen, err := d.Do(script.Call{Op: script.OpFlood, Settle: 1e7, Flood: script.Flood{N: syns, To: server}})
		if err != nil {
			return err
		}
		if len(seen.Sent) != syns {
			t.Errorf("%d answers to %d SYNs", len(seen.Sent), syns)
		}
		for _, s := range seen.Sent {
			if !s.Has(host.FlagSYN | host.FlagACK) {
				t.Fatalf("answer %+v", s)
			}
		}
		requests := 0
		for _, s := range seen.Sockets {
			if s.State == host.SynRecv {
				requests++
			}
		}
		if cookies := seen.Counters.Get(kernel.SyncookiesSent); int(cookies)+requests != syns || requests < 10 || requests > 11 {
			t.Errorf("%d requests and %d cookies for %d SYNs", requests, cookies, syns)
		}
		if seen, err = d.Do(script.Call{Op: script.OpWait}); err != nil || len(seen.Sent) != 0 {
			t.Errorf("a wait of 0: %d segments, %v", len(seen.Sent), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
