package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// configOf resolves flags without any /proc.
func configOf(t *testing.T, args string) (*config, options) {
	t.Helper()
	o, err := parseFlags(strings.Fields(args + " -memory 512"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := resolve(o, environment{proc: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	return c, o
}

func floodOf(t *testing.T, args string) *FloodReport {
	t.Helper()
	c, o := configOf(t, args)
	s, err := hypothetical(c, o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := flood(c, s, *o.flood)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFloodsObserved are floods of 600 that running kernels were asked about
// (queue's testdata/observations): how many requests stay in SYN-RECV, how many
// get a cookie, and by how much ListenDrops rises.
func TestFloodsObserved(t *testing.T) {
	const small = "-backlog 128 -somaxconn 128 -tcp_max_syn_backlog 512"
	quarter := func(m int) string {
		return fmt.Sprintf("-backlog 1024 -somaxconn 1024 -tcp_max_syn_backlog %d -tcp_syncookies 0", m)
	}
	tests := []struct {
		release, config        string
		queued, cookies, drops int
	}{
		{"3.10.108", small + " -tcp_syncookies 0", 256, 0, 344},
		{"4.4.155", small + " -tcp_syncookies 0", 128, 0, 472},
		{"5.10.223", small + " -tcp_syncookies 0", 128, 0, 472},
		{"6.1.192", small + " -tcp_syncookies 0", 129, 0, 471},
		{"6.12.107", small + " -tcp_syncookies 0", 129, 0, 471},
		{"6.18.44", small + " -tcp_syncookies 0", 129, 0, 471},
		{"7.2.13", small + " -tcp_syncookies 0", 129, 0, 471},
		{"3.10.108", small, 256, 344, 344},
		{"4.4.155", small, 128, 472, 472},
		{"4.9.154", small, 128, 472, 0},
		{"6.18.44", small, 129, 471, 0},
		{"3.10.108", "-backlog 5", 16, 584, 584},
		{"4.19.78", "-backlog 5", 5, 595, 0},
		{"6.18.44", "-backlog 5", 6, 594, 0},
		{"6.18.44", "-backlog 5 -tcp_syncookies 2", 0, 600, 0},
		{"4.19.78", quarter(128), 97, 0, 503},
		{"7.2.13", quarter(128), 97, 0, 503},
		{"6.18.44", quarter(256), 193, 0, 407},
		{"5.10.223", quarter(512), 385, 0, 215},
		{"5.10.223", quarter(16), 13, 0, 587},
		{"5.10.223", quarter(4), 4, 0, 596},
	}
	for _, test := range tests {
		f := floodOf(t, "-release "+test.release+" -flood 600 "+test.config)
		drops := 0
		for _, c := range f.Counters {
			if c.Name == kernel.ListenDrops.String() {
				drops = int(c.Count)
			}
		}
		if f.Queued != test.queued || f.Cookies != test.cookies || drops != test.drops {
			t.Errorf("%s %s: SYN-RECV %d, cookies %d, ListenDrops %d; want %d, %d, %d",
				test.release, test.config, f.Queued, f.Cookies, drops, test.queued, test.cookies, test.drops)
		}
		if f.Queued+f.Cookies+f.Dropped != f.SYNs {
			t.Errorf("%s %s: %d + %d + %d are not %d", test.release, test.config, f.Queued, f.Cookies, f.Dropped, f.SYNs)
		}
	}
}

// TestFloodLater: a flooded listen(64) of 6.18.44 had 65 in SYN-RECV until after
// 3.5 s and 32 after 8.2 s.
func TestFloodLater(t *testing.T) {
	f := floodOf(t, "-release 6.18.44 -backlog 64 -flood 200")
	var got []uint32
	for _, m := range f.Later {
		got = append(got, m.SYNRecv)
	}
	if fmt.Sprint(got) != "[65 65 65 32 0]" {
		t.Errorf("SYN-RECV after 0, 1, 3, 7 and 63 s: %v", got)
	}
	if f.EndSeconds < 63 || f.EndSeconds > 71 {
		t.Errorf("the last request ends after %v s", f.EndSeconds)
	}
}

// A flood starts from the state that flags give, on every era of kernels.
func TestFloodFillsQueues(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.10.108", "4.4.155", "4.19.78", "5.10.223", "6.18.44", "7.2.13"} {
		for _, cookies := range []int{0, 1, 2} {
			c, o := configOf(t, fmt.Sprintf("-release %s -backlog 16 -accept 17 -synrecv 12 -young 5 -tcp_syncookies %d -flood 1", release, cookies))
			s, err := hypothetical(c, o)
			if err != nil {
				t.Fatal(err)
			}
			f, err := flood(c, s, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Notes) != 0 {
				t.Errorf("%s, tcp_syncookies %d: %v", release, cookies, f.Notes)
			}
			syn := queue.DecideSYN(&c.sem, &c.sys, s.Queues, queue.SYN{Timestamp: true})
			if dropped := syn.Action == queue.Drop; dropped != (f.Dropped == 1) {
				t.Errorf("%s, tcp_syncookies %d: the flood's SYN and DecideSYN differ: %+v, %v", release, cookies, f, syn)
			}
		}
	}
}

// Consecutive eras of -across differ in an answer, and each names the change that
// begins it.
func TestAcrossRowsDiffer(t *testing.T) {
	for _, args := range []string{"", "-flood 100", "-tcp_syncookies 0 -flood 100 -backlog 8", "-tcp_syncookies 2", "-backlog 0", "-backlog 100000 -somaxconn 100000"} {
		c, o := configOf(t, "-across -release 6.18.44 "+args)
		s, err := hypothetical(c, o)
		if err != nil {
			t.Fatal(err)
		}
		a := across(c, s, o)
		for i, row := range a.Rows[:len(a.Rows)-len(vendorBuilds)] {
			if i == 0 {
				continue
			}
			if row.Answers == a.Rows[i-1].Answers {
				t.Errorf("%q: rows %s and %s have the same answers", args, a.Rows[i-1].From, row.From)
			}
			if len(row.Changes) == 0 {
				t.Errorf("%q: no change is named that begins %s", args, row.From)
			}
		}
	}
}

// Where a change is dated to a stable series, the row of its era and the late stable
// release agree.
func TestAcrossBackports(t *testing.T) {
	c, o := configOf(t, "-across -release 6.18.44 -flood 600")
	s, err := hypothetical(c, o)
	if err != nil {
		t.Fatal(err)
	}
	answers := func(name string) AcrossAnswers {
		r := kernel.MustParse(name)
		return acrossRow(c, s, o, r, r.Semantics())
	}
	for _, pair := range [][2]string{{"6.1.125", "6.13"}, {"6.1.124", "6.12"}, {"4.9.166", "4.10"}, {"5.10.234", "7.2"}} {
		if a, b := answers(pair[0]), answers(pair[1]); a != b {
			t.Errorf("%s answers %+v, %s answers %+v", pair[0], a, pair[1], b)
		}
	}
}

// A flag goes before a file, a file before /proc, /proc before the default.
func TestSysctlPrecedence(t *testing.T) {
	proc := fstest.MapFS{
		"sys/kernel/osrelease":             {Data: []byte("6.18.44\n")},
		"sys/net/core/somaxconn":           {Data: []byte("1000\n")},
		"sys/net/ipv4/tcp_max_syn_backlog": {Data: []byte("2000\n")},
		"meminfo":                          {Data: []byte("MemTotal: 524288 kB\n")},
	}
	ask := func(args ...string) *config {
		o, err := parseFlags(args)
		if err != nil {
			t.Fatal(err)
		}
		c, err := resolve(o, environment{proc: proc, stdin: strings.NewReader("net.core.somaxconn = 3000\n")})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	tests := []struct {
		args        []string
		somaxconn   int
		source      string
		maxSYN      int
		maxSYNFound string
	}{
		{nil, 1000, "/proc/sys", 2000, "/proc/sys"},
		{[]string{"-somaxconn", "5"}, 5, "flag", 2000, "/proc/sys"},
		{[]string{"-sysctl", "-"}, 3000, "file", 256, "default"},
		{[]string{"-sysctl", "-", "-somaxconn", "5"}, 5, "flag", 256, "default"},
		{[]string{"-release", "6.12"}, 4096, "default", 128, "default"},
		{[]string{"-release", "6.12", "-port", "80"}, 1000, "/proc/sys", 2000, "/proc/sys"},
	}
	for _, test := range tests {
		c := ask(test.args...)
		if c.sys.Somaxconn != test.somaxconn || c.source["net.core.somaxconn"] != test.source ||
			c.sys.TCPMaxSynBacklog != test.maxSYN || c.source["net.ipv4.tcp_max_syn_backlog"] != test.maxSYNFound {
			t.Errorf("%v: somaxconn %d (%s), tcp_max_syn_backlog %d (%s); want %+v", test.args, c.sys.Somaxconn, c.source["net.core.somaxconn"],
				c.sys.TCPMaxSynBacklog, c.source["net.ipv4.tcp_max_syn_backlog"], test)
		}
	}
}

func BenchmarkFloodMillion(b *testing.B) {
	o, err := parseFlags(strings.Fields("-release 6.18.44 -backlog 128 -flood 1000000 -memory 512"))
	if err != nil {
		b.Fatal(err)
	}
	c, err := resolve(o, environment{proc: fstest.MapFS{}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := hypothetical(c, o)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := flood(c, s, *o.flood); err != nil {
			b.Fatal(err)
		}
	}
}
