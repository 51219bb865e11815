package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"example.com/linuxtcp/internal/listening"
	"example.com/linuxtcp/kernel"
)

func assessOf(t *testing.T, args string) ListenerReport {
	t.Helper()
	c, o := configOf(t, args)
	s, err := hypothetical(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return assess(c, s)
}

// TestBounds: what ends each queue, on both sides of each comparison.
func TestBounds(t *testing.T) {
	tests := []struct {
		args             string
		acceptCapacity   uint64
		acceptBound      string
		synCapacity      uint64
		synBound, health string
	}{
		{"-release 6.18.44 -backlog 128 -somaxconn 128", 129, "backlog", 129, "accept limit", "ok"},
		{"-release 6.18.44 -backlog 129 -somaxconn 128", 129, "somaxconn", 129, "accept limit", "ok"},
		{"-release 6.18.44 -backlog -1 -somaxconn 128", 129, "somaxconn", 129, "accept limit", "ok"},
		{"-release 3.10 -backlog 65535 -somaxconn 65536", 65536, "backlog", 256, "tcp_max_syn_backlog", "ok"},
		{"-release 3.10 -backlog 65536 -somaxconn 65536", 1, "16 bits", 256, "tcp_max_syn_backlog", "ok"},
		{"-release 4.1 -backlog 65536 -somaxconn 65536", 65537, "backlog", 256, "tcp_max_syn_backlog", "ok"},
		{"-release 3.10 -backlog 128 -tcp_max_syn_backlog 128", 129, "backlog", 256, "accept limit", "ok"},
		{"-release 3.10 -backlog 128 -tcp_max_syn_backlog 127", 129, "backlog", 128, "tcp_max_syn_backlog", "ok"},
		{"-release 3.10 -backlog 5", 6, "backlog", 16, "accept limit", "ok"},
		// At 97 requests the SYN queue is found full before the last quarter is looked at.
		{"-release 5.10.223 -backlog 97 -tcp_max_syn_backlog 128 -tcp_syncookies 0", 98, "backlog", 97, "accept limit", "ok"},
		{"-release 5.10.223 -backlog 98 -tcp_max_syn_backlog 128 -tcp_syncookies 0", 99, "backlog", 97, "tcp_max_syn_backlog", "ok"},
		{"-release 5.10.223 -backlog 98 -tcp_max_syn_backlog 128 -tcp_syncookies 1", 99, "backlog", 98, "accept limit", "ok"},
		// A strict tw_recycle switches the last quarter off.
		{"-release 4.4.155 -backlog 128 -tcp_max_syn_backlog 16 -tcp_syncookies 0 -tcp_tw_recycle 1", 129, "backlog", 128, "accept limit", "ok"},
		{"-release 3.10.108 -backlog 128 -tcp_max_syn_backlog 16 -tcp_syncookies 0 -tcp_tw_recycle 1", 129, "backlog", 13, "tcp_max_syn_backlog", "ok"},
		{"-release 6.18.44 -backlog 7 -accept 5", 8, "backlog", 8, "accept limit", "ok"},
		{"-release 6.18.44 -backlog 7 -accept 6", 8, "backlog", 8, "accept limit", "filling"},
		{"-release 6.18.44 -backlog 7 -synrecv 5", 8, "backlog", 8, "accept limit", "ok"},
		{"-release 6.18.44 -backlog 7 -synrecv 6 -young 6", 8, "backlog", 8, "accept limit", "filling"},
		{"-release 6.18.44 -backlog 7 -synrecv 8", 8, "backlog", 8, "accept limit", "cookies"},
		{"-release 6.18.44 -backlog 7 -synrecv 8 -tcp_syncookies 0", 8, "backlog", 8, "accept limit", "dropping"},
		{"-release 6.18.44 -backlog 7 -accept 8", 8, "backlog", 8, "accept limit", "dropping"},
		{"-release 6.18.44 -backlog 7 -tcp_syncookies 2", 8, "backlog", 8, "tcp_syncookies", "ok"},
	}
	for _, test := range tests {
		r := assessOf(t, test.args)
		if r.Accept.Capacity != test.acceptCapacity || r.Accept.Bound != test.acceptBound ||
			r.SYN.Capacity != test.synCapacity || r.SYN.Bound != test.synBound || r.Health != test.health {
			t.Errorf("%s:\naccept %d by %s, SYN %d by %s, %s; want\naccept %d by %s, SYN %d by %s, %s", test.args,
				r.Accept.Capacity, r.Accept.Bound, r.SYN.Capacity, r.SYN.Bound, r.Health,
				test.acceptCapacity, test.acceptBound, test.synCapacity, test.synBound, test.health)
		}
	}
}

// To 2.6.37 the last quarter is no matter of IPv6.
func TestLastQuarterIPv6(t *testing.T) {
	for release, want := range map[string]uint64{"2.6.37": 256, "2.6.38": 13} {
		c, o := configOf(t, "-release "+release+" -backlog 128 -somaxconn 128 -tcp_max_syn_backlog 128 -tcp_syncookies 0")
		s, err := hypothetical(c, o)
		if err != nil {
			t.Fatal(err)
		}
		s.IPv6 = true
		c.sys.TCPMaxSynBacklog = 16
		if got := listening.SYNQueue(&c.sem, &c.sys, s.Socket).Capacity; got != want {
			t.Errorf("%s: %d requests of IPv6, want %d", release, got, want)
		}
	}
}

// Advice to raise the backlog says whether somaxconn stands in the way.
func TestAdviceNamesSomaxconn(t *testing.T) {
	const words = "and somaxconn has to allow it"
	for args, want := range map[string]bool{
		"-release 6.18.44 -backlog 128 -somaxconn 128 -accept 129": true,
		"-release 6.18.44 -backlog 128 -somaxconn 129 -accept 129": false,
	} {
		if got := strings.Contains(strings.Join(assessOf(t, args).Advice, "\n"), words); got != want {
			t.Errorf("%s: advice says %q: %v, want %v", args, words, got, want)
		}
	}
}

// A value that the kernel asked about could not have is replaced, and said so.
func TestClampSays(t *testing.T) {
	o, err := parseFlags(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := resolve(o, environment{proc: fstest.MapFS{
		"sys/kernel/osrelease":        {Data: []byte("6.18.44\n")},
		"sys/net/ipv4/tcp_syncookies": {Data: []byte("300\n")},
		"meminfo":                     {Data: []byte("MemTotal: 524288 kB\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := "net.ipv4.tcp_syncookies is 300, which 6.18.44 does not take: 255 is used."
	if c.sys.TCPSyncookies != 255 || len(c.notes) != 1 || c.notes[0] != want {
		t.Errorf("tcp_syncookies %d, notes %q; want 255, %q", c.sys.TCPSyncookies, c.notes, want)
	}
}

// Every counter has a sentence on every release that has the counter.
func TestMeanings(t *testing.T) {
	for _, name := range []string{"2.6.32", "3.0", "3.7", "3.8", "4.6", "4.7", "4.10", "4.11", "4.12", "7.2"} {
		sem := kernel.MustParse(name).Semantics()
		for _, c := range machineCounters {
			absent := !sem.ReqQFullCounters && (c == kernel.TCPReqQFullDrop || c == kernel.TCPReqQFullDoCookies) ||
				sem.Recycle == kernel.RecycleGone && c == kernel.PAWSPassive
			m := meaning(c, sem)
			if (m == "") != absent {
				t.Errorf("%s on %s: %q, absent %v", c, name, m, absent)
			}
			if m != "" && strings.Count(m, ".") != 1 {
				t.Errorf("%s on %s is not one sentence: %q", c, name, m)
			}
		}
	}
}
