package main

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/kernel"
)

// A ward makes a patient: a release with sysctls ("name=value"), looked at twice.
func ward(t testing.TB, release string, sysctls ...string) *patient {
	t.Helper()
	proc := fstest.MapFS{
		"sys/kernel/osrelease": {Data: []byte(release)}, "meminfo": {Data: []byte("MemTotal: 524288 kB\n")},
		"sys/net/ipv4/tcp_timestamps": {Data: []byte("1")}, orphansFile: {Data: []byte("100")},
	}
	for _, s := range sysctls {
		name, value, _ := strings.Cut(s, "=")
		dir := "sys/net/ipv4/"
		if name == "somaxconn" {
			dir = "sys/net/core/"
		}
		proc[dir+name] = &fstest.MapFile{Data: []byte(value)}
	}
	p := &patient{interval: 10 * time.Second, before: &look{}}
	if err := p.identify(options{}, proc); err != nil {
		t.Fatal(err)
	}
	return p
}

// about are the findings about a subject, a line each: severity and text.
func about(x *examination, subject string) string {
	var b strings.Builder
	for _, f := range x.findings {
		if f.About == subject {
			fmt.Fprintf(&b, "%s: %s\n", f.Severity, f.Text)
			for _, c := range f.Changes {
				fmt.Fprintf(&b, "  %s -> %s\n", c.Set, c.Then)
			}
		}
	}
	return b.String()
}

// Settings that harm or do nothing, on both sides of the releases that make the difference.
func TestSettings(t *testing.T) {
	for _, test := range []struct {
		release, sysctl string
		want            string // "" for no finding
	}{
		{"4.11", "tcp_tw_recycle=1", "tcp_tw_recycle is set"}, {"4.11", "tcp_tw_recycle=0", ""},
		{"4.12", "tcp_tw_recycle=1", ""}, // no such sysctl
		{"4.0", "somaxconn=65535", ""}, {"3.10.5", "somaxconn=65536", "gets 0"}, {"3.10.5", "somaxconn=70000", "gets 4464"}, {"4.1", "somaxconn=65536", ""},
		{"6.18", "tcp_syncookies=1", ""}, {"6.18", "tcp_syncookies=0", "turns clients away"},
		{"3.11", "tcp_syncookies=2", "takes as 1"}, {"3.12", "tcp_syncookies=2", "every SYN"},
		{"4.4", "tcp_max_syn_backlog=8192", "does nothing"}, {"4.3", "tcp_max_syn_backlog=8192", ""},
		{"6.18", "tcp_max_syn_backlog=128", ""}, {"6.18", "tcp_max_syn_backlog=129", "does nothing"}, // half a GiB: 128
		{"6.18", "tcp_abort_on_overflow=1", "gets a RST"},
		{"6.18", "tcp_fin_timeout=60", ""}, {"6.18", "tcp_fin_timeout=30", "lasts 30 s with it, and 60 s with 60"}, {"6.18", "tcp_fin_timeout=61", "lasts 2 s with it"},
		{"4.18", "tcp_tw_reuse=1", ""}, {"4.18", "tcp_tw_reuse=2", "takes as 1"}, {"4.19", "tcp_tw_reuse=2", ""}, {"4.19", "tcp_tw_reuse=1", ""},
		{"5.17", "tcp_max_tw_buckets=-1", "no TIME-WAIT at all"}, {"5.18", "tcp_max_tw_buckets=-1", "no limit"}, {"6.18", "tcp_max_tw_buckets=0", "no TIME-WAIT at all"},
		{"6.18", "tcp_max_tw_buckets=2048", ""}, {"6.18", "tcp_max_tw_buckets=1024", ""}, {"6.18", "tcp_max_tw_buckets=1000", "above 16.4 closes/s"}, {"6.18", "tcp_max_tw_buckets=900000", ""}, {"6.18", "tcp_max_tw_buckets=3000", ""},
		{"4.5", "ip_local_port_range=61000 61002", ""}, {"4.6", "ip_local_port_range=61000 61002", "an odd number"}, {"4.6", "ip_local_port_range=61000 61003", ""},
		{"6.18", "ip_local_reserved_ports=32768-46883", "14116 of the 28232"}, {"6.18", "ip_local_reserved_ports=32768-46882", ""},
	} {
		x := &examination{}
		ward(t, test.release, test.sysctl).examineSettings(x)
		got := about(x, "sysctl")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s %s: %q, want %q", test.release, test.sysctl, got, test.want)
		}
	}
	x := &examination{}
	ward(t, "6.18", "tcp_tw_reuse=1", "tcp_timestamps=0").examineSettings(x)
	if got := about(x, "sysctl"); !strings.Contains(got, "used no timestamps") || !strings.Contains(got, "tcp_timestamps=1, on both sides -> connect() takes the entry over") {
		t.Error(got)
	}
}

// What a full listener is told to try, and what the models say of it.
func TestChangesOfAListener(t *testing.T) {
	for _, test := range []struct {
		release   string
		limit     uint32
		somaxconn string
		set, then string
	}{
		{"6.18", 5, "128", "listen(128) in the program", "holds 129 in place of 6; the SYN queue holds 129 in place of 6; the next SYN: queue a request"},
		{"6.18", 5, "128", "somaxconn=4096 alone", "nothing changes for this listener."},
		{"6.18", 128, "128", "somaxconn=4096, and the program restarted", "holds 4097 in place of 129"},
		{"6.18", 129, "128", "somaxconn=4096 and listen(4096) in the program", "holds 4097 in place of 130"}, // of before somaxconn was lowered
		{"6.18", 4096, "4096", "somaxconn=8192, and", "holds 8193 in place of 4097"},
		{"3.10.108", 5, "65535", "listen(32768) in the program", "the accept queue holds 32769 in place of 6"},
		{"3.10.108", 5, "128", "somaxconn=4096 alone", "nothing changes"},
	} {
		p, x := ward(t, test.release, "somaxconn="+test.somaxconn), &examination{}
		p.now.listeners = []machine.Listener{{Local: netip.MustParseAddrPort("0.0.0.0:80"), AcceptLen: test.limit + 1, Limit: test.limit, HasLimit: true, Sharing: 1, Requests: 2, Young: 2}}
		p.examineListeners(x)
		got := about(x, "listener")
		_, after, ok := strings.Cut(got, test.set)
		line, _, _ := strings.Cut(after, "\n")
		if !ok || !strings.Contains(line, test.then) || !strings.HasPrefix(got, "losing: 0.0.0.0:80: the accept queue is full") {
			t.Errorf("%+v: %s", test, got)
		}
	}
	// Without cookies, a full SYN queue.
	p, x := ward(t, "6.18", "somaxconn=128", "tcp_syncookies=0", "tcp_max_syn_backlog=16"), &examination{}
	p.now.listeners = []machine.Listener{{Local: netip.MustParseAddrPort("0.0.0.0:80"), Limit: 128, HasLimit: true, Sharing: 2, Requests: 13, Young: 13}}
	p.examineListeners(x)
	for _, want := range []string{"SO_REUSEPORT", "tcp_syncookies=1, at once -> the SYN queue holds 129 in place of 13; the next SYN: queue a request", "tcp_max_syn_backlog=512 -> the SYN queue holds 129 in place of 13; the next SYN: queue a request"} {
		if got := about(x, "listener"); !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func row(local, remote string, state machine.State, inode uint64) machine.Row {
	r := machine.Row{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote), State: state, Inode: inode}
	if state == machine.TimeWait {
		r.Timer = 3
	}
	return r
}

// TIME-WAIT is near its limit from three quarters on, and lost at it.
func TestTimeWaitLimits(t *testing.T) {
	for n, want := range map[int]string{74: "", 75: "near", 99: "near", 100: "losing", 101: "losing"} {
		p, x := ward(t, "6.18", "tcp_max_tw_buckets=100"), &examination{}
		p.now.sockstat = &machine.Sockstat{TW: n}
		p.examineTimeWait(x)
		if got, _, _ := strings.Cut(about(x, "time-wait"), ":"); got != want {
			t.Errorf("%d of 100: %q, want %q", n, got, want)
		}
		if want == "" && len(x.healthy) != 1 {
			t.Error(x.healthy)
		}
	}
	p, x := ward(t, "6.18", "tcp_max_tw_buckets=2"), &examination{}
	p.now.rows = []machine.Row{row("10.0.0.1:1", "10.0.0.2:1", machine.TimeWait, 0), {State: machine.FinWait2, Timer: 3}, {State: machine.FinWait2, Inode: 5}}
	if p.examineTimeWait(x); !strings.Contains(about(x, "time-wait"), "2 of 2 entries (/proc/net/tcp") {
		t.Errorf("without sockstat: %q", about(x, "time-wait"))
	}
}

// Orphans are near their limit where four times as many are above it.
func TestOrphanLimits(t *testing.T) {
	for n, want := range map[int]string{25: "", 26: "near", 100: "near", 101: "losing"} {
		p, x := ward(t, "6.18"), &examination{}
		p.now.sockstat = &machine.Sockstat{Orphan: n}
		p.examineOrphans(x)
		if got, _, _ := strings.Cut(about(x, "orphans"), ":"); got != want {
			t.Errorf("%d of 100: %q, want %q", n, got, want)
		}
	}
}

// connections makes n connections to a destination on ports from 61000 on, some in TIME-WAIT.
func connections(n, timeWait int) (rows []machine.Row) {
	for i := range n {
		state, inode := machine.TimeWait, uint64(0)
		if i >= timeWait {
			state, inode = machine.Established, 7
		}
		rows = append(rows, row(fmt.Sprintf("10.0.0.1:%d", 61000+i), "10.0.0.2:443", state, inode))
	}
	return rows
}

// Ports are near their end from nine tenths on, and TIME-WAIT does not count where connect()
// may take it over.
func TestPortLimits(t *testing.T) {
	const span = "ip_local_port_range=61000 61099"
	for _, test := range []struct {
		release, reuse string
		n, timeWait    int
		want           string
	}{
		{"6.18", "2", 89, 0, ""}, {"6.18", "2", 90, 0, "near"}, {"6.18", "2", 99, 99, "near"}, {"6.18", "2", 100, 0, "losing"},
		{"6.18", "1", 100, 20, ""}, {"6.18", "1", 100, 5, "near"}, {"6.18", "0", 100, 100, "losing"}, {"3.10.108", "1", 100, 100, ""},
	} {
		p, x := ward(t, test.release, span, "tcp_tw_reuse="+test.reuse), &examination{}
		p.now.rows = connections(test.n, test.timeWait)
		p.examinePorts(x)
		if got, _, _ := strings.Cut(about(x, "ports"), ":"); got != test.want {
			t.Errorf("%+v: %q", test, about(x, "ports"))
		}
	}
}

// From 4.6 on a search is dear from half of the range on, and before it is not.
func TestPortsPerParity(t *testing.T) {
	for _, test := range []struct {
		release string
		n       int
		want    bool
	}{{"6.18", 1999, false}, {"6.18", 2000, true}, {"4.5", 2000, false}} {
		p, x := ward(t, test.release, "ip_local_port_range=61000 64999"), &examination{}
		p.now.rows = connections(test.n, 0)
		p.examinePorts(x)
		if got := about(x, "ports"); strings.Contains(got, "candidates") != test.want {
			// 1999 of 2000 leave one even port: 1000 candidates on average.
			if test.n != 1999 || !strings.Contains(got, "1000 candidates") {
				t.Errorf("%+v: %q", test, got)
			}
		}
	}
}

// What counts as a connection that this machine opened.
func TestOutlets(t *testing.T) {
	p := ward(t, "6.18", "ip_local_port_range=61000 61099")
	p.now.rows = []machine.Row{
		row("10.0.0.1:61000", "10.0.0.2:443", machine.Established, 1),
		row("[::ffff:10.0.0.1]:61001", "[::ffff:10.0.0.2]:443", machine.SynSent, 2), // the same source and destination
		row("10.0.0.1:61002", "10.0.0.2:443", machine.TimeWait, 0),
		row("10.0.0.1:61003", "10.0.0.2:444", machine.Established, 3), // another destination
		row("10.0.0.1:443", "10.0.0.2:61000", machine.Established, 4), // not in the range
		row("10.0.0.1:61005", "10.0.0.2:5", machine.SynRecv, 0),       // came in
		row("10.0.0.1:61006", "10.0.0.2:6", machine.Established, 6),   // came in at the listener
		row("0.0.0.0:61006", "0.0.0.0:0", machine.Listen, 7),
	}
	p.now.listeners, _ = machine.Listeners(p.now.rows, func() ([]machine.DiagSocket, error) { return nil, nil }, "")
	list, all := p.outlets(kernel.PortRange{Low: 61000, High: 61099})
	if len(list) != 2 || len(list[0].ports) != 3 || len(list[0].timeWait) != 1 || len(list[1].ports) != 1 || all != 4 {
		t.Errorf("%d outlets, %d ports: %+v", len(list), all, list)
	}
	if pool := p.pool(); len(pool.Excluded) != 1 || pool.Excluded[0].Low != 61006 {
		t.Errorf("excluded: %v", pool.Excluded)
	}
}

// Leaks are sockets that stood still, by the same file, between the looks.
func TestCloseWaitStandsStill(t *testing.T) {
	old := row("10.0.0.1:80", "10.0.0.2:1000", machine.CloseWait, 5)
	for _, test := range []struct {
		before, now machine.Row
		want        string
	}{
		{old, old, "1 of them the same 10 s ago"},
		{row("10.0.0.1:80", "10.0.0.2:1000", machine.CloseWait, 6), old, ""},                      // another socket
		{row("10.0.0.1:80", "10.0.0.2:1000", machine.Established, 5), old, ""},                    // it was open then
		{old, row("10.0.0.1:80", "10.0.0.2:1000", machine.CloseWait, 0), "that no process holds"}, // not accepted
		{old, row("10.0.0.1:80", "10.0.0.2:1000", machine.LastAck, 0), ""},                        // closed since
	} {
		p, x := ward(t, "6.18"), &examination{}
		p.before.rows, p.now.rows = []machine.Row{test.before}, []machine.Row{test.now}
		p.examineCloseWait(x)
		if got := about(x, "close-wait"); test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%+v: %q", test, got)
		}
	}
	p, x := ward(t, "6.18"), &examination{}
	p.before, p.now.rows = nil, []machine.Row{old}
	if p.examineCloseWait(x); !strings.Contains(about(x, "close-wait"), "one look does not tell for how long") {
		t.Error(about(x, "close-wait"))
	}
}

// A counter of losses is a loss while it rises, and a memory if it does not.
func TestCountersRise(t *testing.T) {
	for _, test := range []struct {
		release     string
		counter     string
		before, now uint64
		want        string
	}{
		{"6.18", "TcpExtListenOverflows", 5, 5, "past: ListenOverflows 5 since boot, none in the last 10 s"},
		{"6.18", "TcpExtListenOverflows", 5, 30, "losing: ListenOverflows +25 in 10 s (2.5/s), 30 since boot"},
		{"6.18", "TcpExtTCPReqQFullDoCookies", 0, 1, "near: TCPReqQFullDoCookies +1"},
		{"4.6", "TcpExtListenDrops", 5, 30, "losing: ListenDrops +25 in 10 s (2.5/s), 30 since boot, beyond"},
		{"6.18", "TcpExtTCPAbortOnMemory", 0, 1, "losing: TCPAbortOnMemory +1"},
		{"6.18", "TcpExtTW", 0, 100, ""},
	} {
		p, x := ward(t, test.release), &examination{}
		p.before.counters, p.now.counters = map[string]uint64{test.counter: test.before}, map[string]uint64{test.counter: test.now}
		p.examineCounters(x)
		if got := about(x, "counter"); !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// A counter that the first look could not read has not risen.
func TestCountersUnreadAtFirst(t *testing.T) {
	p, x := ward(t, "6.18"), &examination{}
	p.now.counters = map[string]uint64{"TcpExtListenOverflows": 9}
	p.examineCounters(x)
	if got := about(x, "counter"); !strings.HasPrefix(got, "past: ListenOverflows 9 since boot, none") {
		t.Error(got)
	}
}

// Cookies are drops to ListenDrops on 3.8 to 4.6, and are left out there.
func TestListenDropsOfCookies(t *testing.T) {
	for release, want := range map[string]bool{"3.7": true, "3.8": false, "4.6": false, "4.7": true} {
		p, x := ward(t, release), &examination{}
		p.before = nil
		p.now.counters = map[string]uint64{"TcpExtListenDrops": 50, "TcpExtSyncookiesSent": 50}
		p.examineCounters(x)
		if got := strings.Contains(about(x, "counter"), "ListenDrops 50"); got != want {
			t.Errorf("%s: %q", release, about(x, "counter"))
		}
	}
}

func TestParseSS(t *testing.T) {
	// As ss of iproute2 6.1 printed it.
	text := "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n" +
		"LISTEN 0      128          0.0.0.0:2024      0.0.0.0:*    ino:1067 sk:68a cgroup:/ <->\n" +
		"LISTEN 3      511                *:80              *:*    uid:33 ino:2001 sk:2 cgroup:/ v6only:0 <->\n" +
		"LISTEN 0      10             [::1]:631          [::]:*    ino:9 sk:3 cgroup:/ v6only:1 <->\n" +
		"LISTEN 0      10     127.0.0.1%lo:53         0.0.0.0:*    ino:10 sk:4 cgroup:/ <->\n"
	got, err := parseSS(text)
	want := []machine.DiagSocket{
		{Local: netip.MustParseAddrPort("0.0.0.0:2024"), AcceptLimit: 128, Inode: 1067},
		{Local: netip.MustParseAddrPort("[::]:80"), AcceptLen: 3, AcceptLimit: 511, Inode: 2001},
		{Local: netip.MustParseAddrPort("[::1]:631"), AcceptLimit: 10, V6Only: true, Inode: 9},
		{Local: netip.MustParseAddrPort("127.0.0.1:53"), AcceptLimit: 10, Inode: 10},
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for line, want := range map[string]string{
		"LISTEN 0 1":                            "file ss, line 1: 3 columns, at least 5 expected",
		"LISTEN x 1 0.0.0.0:1 0.0.0.0:*":        `file ss, line 1: queues "x" and "1" are not two numbers`,
		"LISTEN 0 1 0.0.0.0 0.0.0.0:*":          `file ss, line 1: address "0.0.0.0" is not ADDRESS:PORT`,
		"LISTEN 0 1 0.0.0.0:ssh 0.0.0.0:*":      `file ss, line 1: address "0.0.0.0:ssh" is not ADDRESS:PORT in numbers (ss -n)`,
		"LISTEN 0 1 0.0.0.0:1 0.0.0.0:*":        "file ss, line 1: no ino: give ss the flag -e",
		"LISTEN 0 1 0.0.0.0:1 0.0.0.0:* ino:-1": `file ss, line 1: "ino:-1" is not the number of an inode`,
	} {
		if _, err := parseSS(line + "\n"); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
}

func TestUptime(t *testing.T) {
	for text, want := range map[string]time.Duration{"33866.06 100.00\n": 33866*time.Second + 60*time.Millisecond, "": 0, "x 1": 0, "-1 1": 0} {
		got, err := uptime(fstest.MapFS{"uptime": {Data: []byte(text)}})
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// FuzzSS: any text is read or refused with its line.
func FuzzSS(f *testing.F) {
	f.Add("LISTEN 0 128 0.0.0.0:2024 0.0.0.0:* ino:1067 sk:68a cgroup:/ <->\n")
	f.Add("LISTEN 0 1 *:1 *:* ino:1 v6only:1\n")
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parseSS(text)
		if err != nil && !strings.HasPrefix(err.Error(), "file ss, line ") {
			t.Error(err)
		}
		for _, s := range found {
			if !s.Local.IsValid() || s.Inode == 0 {
				t.Errorf("%+v", s)
			}
		}
	})
}
