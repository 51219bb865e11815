package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var half, large = Machine{MemoryBytes: 512 << 20}, Machine{MemoryBytes: 24 << 30}

func mustDefaults(t testing.TB, release string, m Machine) Sysctls {
	t.Helper()
	s, err := Defaults(MustParse(release), m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What running kernels started with: guests of 512 MiB, and a machine of 24 GiB.
func TestDefaultsAreThoseObserved(t *testing.T) {
	want := Sysctls{Somaxconn: 128, TCPMaxSynBacklog: 128, TCPSyncookies: 1, TCPSynackRetries: 5, TCPTimestamps: 1, TCPSack: 1, TCPWindowScaling: 1,
		TCPFinTimeout: 60, TCPMaxTWBuckets: 2048, TCPSynRetries: 6, TCPRetries2: 15, IPLocalPortRange: PortRange{32768, 61000}}
	if diff := cmp.Diff(want, mustDefaults(t, "3.10.108", half)); diff != "" {
		t.Errorf("3.10.108: %s", diff)
	}
	want.Somaxconn, want.TCPInvalidRatelimit, want.TCPTWReuse = 4096, 500, 2
	want.IPLocalPortRange, want.IPUnprivilegedPortStart = PortRange{32768, 60999}, 1024
	if diff := cmp.Diff(want, mustDefaults(t, "5.10.223", half)); diff != "" {
		t.Errorf("5.10.223: %s", diff)
	}
	want.TCPMaxSynBacklog, want.TCPRTOMaxMs = 2048, 120000
	want.TCPMaxTWBuckets, want.TCPTWReuseDelay, want.TCPSynLinearTimeouts = 131072, 1000, 4
	if diff := cmp.Diff(want, mustDefaults(t, "6.18.44", large)); diff != "" {
		t.Errorf("6.18.44: %s", diff)
	}
	if diff := cmp.Diff(want, mustDefaults(t, "6.18.44", Machine{EHashBuckets: 262144})); diff != "" {
		t.Errorf("6.18.44 by its buckets: %s", diff)
	}
	if s := mustDefaults(t, "2.6.32-754.el6.x86_64", half); s.TCPSyncookies != 0 {
		t.Error("RHEL 6 starts with cookies")
	}
}

func TestEstablishedBuckets(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for _, c := range []struct {
		release string
		memory  uint64
		want    uint64
	}{
		{"3.10.108", 512 * mib, 4096},
		{"5.10.223", 512 * mib, 4096},
		{"5.10.223", 480 * mib, 4096}, // MemTotal of the same
		{"5.10.223", 512*mib + 128<<10, 8192},
		{"6.18.44", 25276510208, 262144},
		{"6.18.44", 64 * gib, 524288},
		{"6.18.44", 64*gib + 1<<17, 524288},
		{"6.18.44", 1 << 50, 524288},
		{"6.18.44", 1, 1},
		{"3.8", 4 * gib, 32768},
		{"3.7", 4 * gib, 524288},
		{"3.7", 1 * gib, 131072},
		{"3.7", 512 * mib, 65536},
		{"3.7", 512*mib - 1, 16384},
		{"3.7", 256 * mib, 8192},
	} {
		m := Machine{MemoryBytes: c.memory}
		if got := m.EstablishedBuckets(MustParse(c.release).Semantics()); got != c.want {
			t.Errorf("%s with %d bytes: %d buckets, want %d", c.release, c.memory, got, c.want)
		}
		m.EHashBuckets = 1024
		if got := m.EstablishedBuckets(MustParse(c.release).Semantics()); got != 1024 {
			t.Errorf("%s: %d buckets where the machine says 1024", c.release, got)
		}
	}
}

func TestDefaultMaxSynBacklogFollowsTheHash(t *testing.T) {
	for _, c := range []struct {
		release string
		buckets uint64
		want    int
	}{
		{"5.3", 65536, 256}, {"5.4", 65536, 512},
		{"5.3", 524288, 2048}, {"5.4", 524288, 4096},
		{"5.3", 32768, 128}, {"5.4", 16384, 128}, {"5.4", 32768, 256}, {"6.18.44", 1, 128},
		{"2.6.36", 65536, 256}, {"2.6.36", 1 << 31, 8388608},
		// By the pages of the bind hash, of 16-byte buckets: 1024 buckets are 4 pages.
		{"2.6.35", 512, 128}, {"2.6.35", 1024, 128}, {"2.6.35", 2048, 256},
		{"2.6.35", 4096, 1024}, {"2.6.35", 65536, 1024}, {"2.6.35", 524288, 1024},
		{"2.6.32.69", 524288, 2048}, {"2.6.32.2", 524288, 1024},
	} {
		if got := mustDefaults(t, c.release, Machine{EHashBuckets: c.buckets}).TCPMaxSynBacklog; got != c.want {
			t.Errorf("%s with %d buckets: tcp_max_syn_backlog %d, want %d", c.release, c.buckets, got, c.want)
		}
	}
}

// The order rule of old kernels, step by step: the smallest number of pages, a
// power of two, that holds the table.
func TestBindHashRuleAgainstItsOrder(t *testing.T) {
	for shift := range 25 {
		buckets := uint64(1) << shift
		order := 0
		for bytes := min(buckets, 65536) * 16; uint64(4096)<<order < bytes; {
			order++
		}
		want := 256
		if order >= 4 {
			want = 1024
		} else if order < 3 {
			want = 128
		}
		if got := maxSynBacklogByBindHash(buckets); got != want {
			t.Errorf("%d buckets, order %d: %d, want %d", buckets, order, got, want)
		}
	}
}

func TestDefaultsRefuses(t *testing.T) {
	r := MustParse("6.1")
	for _, c := range []struct {
		r    Release
		m    Machine
		says string
	}{
		{Release{}, large, "zero Release"},
		{r, Machine{}, "MemoryBytes or EHashBuckets"},
		{r, Machine{EHashBuckets: 5000}, "5000 buckets of the established hash are not a power of two"},
		{r, Machine{EHashBuckets: 1 << 32}, "4294967296 buckets"},
	} {
		if s, err := Defaults(c.r, c.m); err == nil || !strings.Contains(err.Error(), c.says) || s != (Sysctls{}) {
			t.Errorf("Defaults(%v, %+v) = %v, %v; want an error that says %q", c.r, c.m, s, err, c.says)
		}
	}
	c, _ := SysctlByName("net.ipv4.tcp_max_syn_backlog")
	if got := c.Default(r.Semantics(), Machine{}); got != 0 {
		t.Errorf("tcp_max_syn_backlog on a machine that tells nothing: %d", got)
	}
}

func TestDefaultsAreValidOnEveryKernel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRelease(t)
		m := Machine{MemoryBytes: rapid.Uint64Range(1, 1<<45).Draw(t, "memory")}
		if rapid.Bool().Draw(t, "buckets given") {
			m.EHashBuckets = 1 << rapid.IntRange(0, 31).Draw(t, "log2 buckets")
		}
		s, err := Defaults(r, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(r.Semantics()); err != nil {
			t.Fatalf("%v: %v", r, err)
		}
		if s.TCPMaxSynBacklog < 128 {
			t.Fatalf("%v: tcp_max_syn_backlog %d", r, s.TCPMaxSynBacklog)
		}
	})
}

// Every range on both sides of both ends, for kernels on both sides of the release
// that changed it.
func TestRanges(t *testing.T) {
	const lo, hi = math.MinInt32, math.MaxInt32
	bytes := []string{"tcp_syncookies", "tcp_abort_on_overflow", "tcp_synack_retries", "tcp_timestamps", "tcp_sack", "tcp_window_scaling", "tcp_no_metrics_save", "tcp_rfc1337", "tcp_retries2", "tcp_orphan_retries"}
	type rangeCase struct {
		release, name string
		lo, hi        int
	}
	cases := []rangeCase{
		{"3.9", "net.core.somaxconn", lo, hi},
		{"3.10.105", "net.core.somaxconn", 0, 65535},
		{"3.11", "net.core.somaxconn", 0, 65535},
		{"4.0", "net.core.somaxconn", 0, 65535},
		{"4.1", "net.core.somaxconn", 0, hi},
		{"6.18.44", "net.core.somaxconn", 0, hi},
		{"2.6.32", "net.ipv4.tcp_max_syn_backlog", lo, hi},
		{"6.18.44", "net.ipv4.tcp_max_syn_backlog", lo, hi},
		{"4.11", "net.ipv4.tcp_tw_recycle", lo, hi},
		{"4.12", "net.ipv4.tcp_tw_recycle", 0, 0},
		{"3.19", "net.ipv4.tcp_invalid_ratelimit", 0, 0},
		{"4.0", "net.ipv4.tcp_invalid_ratelimit", 0, hi},
		{"6.14", "net.ipv4.tcp_rto_max_ms", 0, 0},
		{"6.15", "net.ipv4.tcp_rto_max_ms", 1000, 120000},
		{"2.6.32", "net.ipv4.tcp_syn_retries", 0, 127},
		{"6.4", "net.ipv4.tcp_syn_linear_timeouts", 0, 0},
		{"6.5", "net.ipv4.tcp_syn_linear_timeouts", 0, 127},
		{"5.13", "net.ipv4.tcp_migrate_req", 0, 0},
		{"5.14", "net.ipv4.tcp_migrate_req", 0, 1},
		{"7.2", "net.ipv4.tcp_fin_timeout", lo, hi},
		{"7.2", "net.ipv4.tcp_max_tw_buckets", lo, hi},
		{"4.18", "net.ipv4.tcp_tw_reuse", lo, hi},
		{"4.19", "net.ipv4.tcp_tw_reuse", 0, 2},
		{"6.13", "net.ipv4.tcp_tw_reuse_delay", 0, 0},
		{"6.14", "net.ipv4.tcp_tw_reuse_delay", 1, 60000},
		{"5.6", "net.ipv4.ip_autobind_reuse", 0, 0},
		{"5.7", "net.ipv4.ip_autobind_reuse", 0, 1},
		{"7.0", "net.ipv4.ip_local_port_step_width", 0, 0},
		{"7.1", "net.ipv4.ip_local_port_step_width", 0, hi},
		{"4.10", "net.ipv4.ip_unprivileged_port_start", 0, 0},
		{"4.11", "net.ipv4.ip_unprivileged_port_start", 0, 65535},
	}
	for _, name := range bytes {
		cases = append(cases, rangeCase{"5.12", "net.ipv4." + name, lo, hi}, rangeCase{"5.10.223", "net.ipv4." + name, 0, 255}, rangeCase{"5.13", "net.ipv4." + name, 0, 255})
	}
	tested := map[string]bool{}
	for _, c := range cases {
		tested[c.name] = true
		sem := MustParse(c.release).Semantics()
		base := mustDefaults(t, c.release, large)
		base.IPLocalPortRange = PortRange{65535, 65535} // so that ip_unprivileged_port_start is free
		for _, v := range []int{math.MinInt32, -1, 0, 1, 255, 256, 65535, 65536, 999, 120001, math.MaxInt32, c.lo - 1, c.lo, c.hi, c.hi + 1} {
			s := base
			row, ok := SysctlByName(c.name)
			if !ok {
				t.Fatalf("no sysctl %s", c.name)
			}
			*row.field(&s) = v
			err := s.Validate(sem)
			if want := v >= c.lo && v <= c.hi; (err == nil) != want {
				t.Errorf("%s: %s = %d: %v", c.release, c.name, v, err)
			}
			if err != nil && !strings.Contains(err.Error(), fmt.Sprintf("%s = %d", c.name, v)) {
				t.Errorf("%s: error %q does not name the sysctl and its value", c.release, err)
			}
			rule := fmt.Sprintf("takes %d to %d", c.lo, c.hi)
			if c.lo == 0 && c.hi == 0 {
				rule = "no such sysctl"
			}
			if err != nil && !strings.Contains(err.Error(), rule) && !strings.Contains(err.Error(), "32 bits") {
				t.Errorf("%s: error %q does not say the rule, %s", c.release, err, rule)
			}
		}
	}
	for _, name := range SysctlNames() {
		if !tested[name] {
			t.Errorf("the range of %s is not tested", name)
		}
	}
	if err := (Sysctls{}).Validate(Semantics{}); err == nil {
		t.Error("valid on no kernel")
	}
}

// One row per field, in the same order, each with its texts.
func TestTableCoversTheStruct(t *testing.T) {
	var s Sysctls
	v := reflect.ValueOf(&s).Elem()
	if v.NumField() != len(sysctlTable)+len(textSysctls) {
		t.Fatalf("%d fields, %d and %d rows", v.NumField(), len(sysctlTable), len(textSysctls))
	}
	for i, c := range sysctlTable {
		if got := v.Field(i).Addr().Interface().(*int); got != c.field(&s) {
			t.Errorf("row %d, %s, is not about field %s", i, c.Name, v.Type().Field(i).Name)
		}
		flat := strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(c.Name, "net.core."), "net.ipv4."), "_", "")
		if !strings.EqualFold(flat, v.Type().Field(i).Name) {
			t.Errorf("%s is field %s", c.Name, v.Type().Field(i).Name)
		}
		if c.Unit == "" || c.Zero == "" || !strings.HasSuffix(c.Meaning, ".") {
			t.Errorf("%s: %q %q %q", c.Name, c.Unit, c.Meaning, c.Zero)
		}
		negative := false
		for _, name := range allSeries {
			lo, hi := c.Range(MustParse(name).Semantics())
			negative = negative || lo < 0
			if lo > hi {
				t.Errorf("%s on %s: %d to %d", c.Name, name, lo, hi)
			}
		}
		if negative != (c.Negative != "") {
			t.Errorf("%s: negative values: %v, text %q", c.Name, negative, c.Negative)
		}
	}
}

func TestSetAndGet(t *testing.T) {
	var s Sysctls
	for i, name := range SysctlNames() {
		if err := s.Set(name, 100+i); err != nil {
			t.Error(err)
		}
		if v, err := s.Get(strings.ReplaceAll(name, ".", "/")); v != 100+i || err != nil {
			t.Errorf("Get(%s) = %d, %v", name, v, err)
		}
	}
	i := 0
	for name, v := range s.All() {
		if name != SysctlNames()[i] || v != 100+i {
			t.Errorf("All: %s %d in place %d", name, v, i)
		}
		i++
	}
	for range s.All() {
		break // stopping early is fine
	}
	was := s
	for _, c := range []struct {
		name  string
		value int64
		says  string
	}{
		{"net.core.nothing", 1, `"net.core.nothing" is not a sysctl`},
		{"", 1, `"" is not a sysctl`},
		{"net/core/somaxconn", math.MaxInt32 + 1, "net.core.somaxconn = 2147483648: a sysctl has 32 bits"},
		{"net.core.somaxconn", math.MinInt32 - 1, "net.core.somaxconn = -2147483649: a sysctl has 32 bits"},
	} {
		if int64(int(c.value)) != c.value {
			continue // int has 32 bits here
		}
		if err := s.Set(c.name, int(c.value)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Set(%q, %d): %v", c.name, c.value, err)
		}
	}
	if s != was {
		t.Error("a failed Set changed something")
	}
	if _, err := s.Get("net.core.nothing"); err == nil || !strings.Contains(err.Error(), "net.core.nothing") {
		t.Errorf("Get of nothing: %v", err)
	}
	for _, v := range []int{math.MinInt32, math.MaxInt32} {
		if err := s.Set("net.core.somaxconn", v); err != nil || s.Somaxconn != v {
			t.Errorf("Set(%d): %v", v, err)
		}
	}
}

func anySysctls(t *rapid.T) Sysctls {
	var s Sysctls
	for _, c := range sysctlTable {
		*c.field(&s) = int(rapid.Int32().Draw(t, c.Name))
	}
	s.IPLocalPortRange = PortRange{int(rapid.Int32().Draw(t, "low")), int(rapid.Int32().Draw(t, "high"))}
	s.IPLocalReservedPorts = rapid.SampledFrom([]string{"", "1", "8080,9000-9010"}).Draw(t, "reserved")
	return s
}

func TestReadingWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anySysctls(t)
		got, unread, err := ParseSysctls(strings.NewReader(want.String()), Sysctls{})
		if err != nil || unread != nil || got != want {
			t.Fatalf("text: %v, unread %v, %v", got, unread, err)
		}
		tree := fstest.MapFS{
			"net/ipv4/ip_local_port_range":     {Data: fmt.Appendf(nil, "%d\t%d\n", want.IPLocalPortRange.Low, want.IPLocalPortRange.High)},
			"net/ipv4/ip_local_reserved_ports": {Data: []byte(want.IPLocalReservedPorts + "\n")},
		}
		for name, v := range want.All() {
			tree[strings.ReplaceAll(name, ".", "/")] = &fstest.MapFile{Data: fmt.Appendf(nil, "%d\n", v)}
		}
		got, unread, err = ReadSysctls(tree, Sysctls{})
		if err != nil || unread != nil || got != want {
			t.Fatalf("tree: %v, unread %v, %v", got, unread, err)
		}
	})
}

// failing gives an error for one file.
type failing struct {
	fs.FS
	file string
	err  error
}

func (f failing) Open(name string) (fs.File, error) {
	if name == f.file {
		return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
	}
	return f.FS.Open(name)
}

// allNames are the names of all sysctls, in the order of the fields.
func allNames() []string {
	names := SysctlNames()
	for _, c := range textSysctls {
		names = append(names, c.name)
	}
	return names
}

func TestReadSysctls(t *testing.T) {
	base := mustDefaults(t, "3.10.108", half)
	tree := fstest.MapFS{
		"net/core/somaxconn":           {Data: []byte("1024\n")},
		"net/ipv4/tcp_max_syn_backlog": {Data: []byte("-5\n")},
		"net/ipv4/tcp_syncookies":      {Data: []byte("2")},
		"net/ipv4/tcp_keepalive_time":  {Data: []byte("x")},
	}
	want := base
	want.Somaxconn, want.TCPMaxSynBacklog, want.TCPSyncookies = 1024, -5, 2
	got, unread, err := ReadSysctls(tree, base)
	if err != nil || got != want || !slices.Equal(unread, allNames()[3:]) {
		t.Errorf("%v, unread %v, %v", got, unread, err)
	}

	got, unread, err = ReadSysctls(failing{tree, "net/core/somaxconn", fs.ErrPermission}, base)
	want.Somaxconn = base.Somaxconn
	if err != nil || got != want || !slices.Equal(unread, append([]string{"net.core.somaxconn"}, allNames()[3:]...)) {
		t.Errorf("without permission: %v, unread %v, %v", got, unread, err)
	}

	broken := errors.New("the disk is on fire")
	if got, unread, err := ReadSysctls(failing{tree, "net/ipv4/tcp_syncookies", broken}, base); !errors.Is(err, broken) || !strings.Contains(err.Error(), "net.ipv4.tcp_syncookies") || got != base || unread != nil {
		t.Errorf("a failing file: %v, unread %v, %v", got, unread, err)
	}

	for _, bad := range []string{"", "\n", "x", "1 2", "4096x", "0x10", "2147483648", "-2147483649", "1.5", "99999999999999999999", strings.Repeat("7", 60), strings.Repeat("7", 61)} {
		tree["net/ipv4/tcp_syncookies"] = &fstest.MapFile{Data: []byte(bad)}
		got, unread, err := ReadSysctls(tree, base)
		if err == nil || got != base || unread != nil {
			t.Errorf("%q: %v, unread %v, %v", bad, got, unread, err)
			continue
		}
		quoted := fmt.Sprintf("%q", strings.TrimSpace(bad))
		if len(bad) > 60 {
			quoted = fmt.Sprintf("%q", bad[:60]+"...")
		}
		if msg := err.Error(); !strings.Contains(msg, "net/ipv4/tcp_syncookies") || !strings.Contains(msg, quoted) {
			t.Errorf("%q: error %q does not name the file and the value", bad, msg)
		}
	}
}

func TestParseSysctls(t *testing.T) {
	base := mustDefaults(t, "6.18.44", large)
	want := base
	want.Somaxconn, want.TCPMaxSynBacklog, want.TCPSyncookies, want.TCPSack, want.TCPMigrateReq = 512, 64, 0, 0, 1
	got, unread, err := ParseSysctls(strings.NewReader(`
# a comment
; another: net.ipv4.tcp_timestamps = 0
abi.vsyscall32 = 1
net.core.somaxconn = 1024
net.ipv4.tcp_rmem = 4096	131072	6291456
sysctl: permission denied on key 'net.ipv4.tcp_fastopen_key'
sysctl: reading key "net.ipv6.conf.all.stable_secret"
sysctl: permission denied on key "net.ipv4.tcp_timestamps"
net/ipv4/tcp_max_syn_backlog=64
	net.ipv4.tcp_syncookies	=	0	`+"\r"+`
-net.ipv4.tcp_sack = 0
=
= 5
no equals sign
net.core.somaxconn = 512
net.ipv4.tcp_migrate_req = 1`), base)
	if err != nil || got != want {
		t.Errorf("%v, %v", cmp.Diff(want, got), err)
	}
	if want := []string{"net.ipv4.tcp_abort_on_overflow", "net.ipv4.tcp_synack_retries", "net.ipv4.tcp_tw_recycle", "net.ipv4.tcp_timestamps", "net.ipv4.tcp_window_scaling", "net.ipv4.tcp_invalid_ratelimit", "net.ipv4.tcp_rto_max_ms", "net.ipv4.tcp_no_metrics_save", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_tw_reuse_delay", "net.ipv4.tcp_rfc1337",
		"net.ipv4.ip_autobind_reuse", "net.ipv4.ip_local_port_step_width", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syn_retries", "net.ipv4.tcp_syn_linear_timeouts", "net.ipv4.tcp_retries2", "net.ipv4.tcp_orphan_retries", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"}; !slices.Equal(unread, want) {
		t.Errorf("unread: %v", unread)
	}

	for text, says := range map[string]string{
		"net.core.somaxconn = lots":                        `line 1: net.core.somaxconn: "lots"`,
		"\n\nnet/ipv4/tcp_sack =":                          `line 3: net.ipv4.tcp_sack: ""`,
		"net.core.somaxconn = 1\nnet.core.somaxconn = 1 2": `line 2: net.core.somaxconn: "1 2"`,
		"net.core.somaxconn = 2147483648":                  `"2147483648" is not a number of 32 bits`,
		"net.core.somaxconn=1=2":                           `"1=2"`,
		"net.ipv4.tcp_sack = 0\nnet.core.somaxconn 128":    `line 2: net.core.somaxconn has no "="`,
		"net.ipv4.tcp_sack = 0\nnet.core.somaxconn\t128":   `line 2: net.core.somaxconn has no "="`,
		"net.core.somaxconn":                               `line 1: net.core.somaxconn has no "="`,
	} {
		got, unread, err := ParseSysctls(strings.NewReader(text), base)
		if err == nil || !strings.Contains(err.Error(), says) || got != base || unread != nil {
			t.Errorf("%q: %v, unread %v, %v; want an error that says %q", text, got, unread, err, says)
		}
	}

	broken := errors.New("the pipe broke")
	if got, unread, err := ParseSysctls(iotest.ErrReader(broken), base); err != broken || got != base || unread != nil {
		t.Errorf("a failing reader: %v, unread %v, %v", got, unread, err)
	}
	if got, unread, err := ParseSysctls(strings.NewReader(""), base); err != nil || got != base || !slices.Equal(unread, allNames()) {
		t.Errorf("nothing: %v, unread %v, %v", got, unread, err)
	}
}

func FuzzParseSysctls(f *testing.F) {
	f.Add("net.core.somaxconn = 4096\nnet/ipv4/tcp_sack=0\n")
	f.Add("sysctl: permission denied on key 'net.ipv4.tcp_fastopen_key'\n# x\n-net.ipv4.tcp_syncookies = 2")
	f.Add("net.core.somaxconn 128")
	f.Fuzz(func(t *testing.T, text string) {
		base := Sysctls{Somaxconn: 7, TCPSack: -1}
		s, unread, err := ParseSysctls(strings.NewReader(text), base)
		if err != nil {
			if s != base || unread != nil {
				t.Fatalf("an error changed something: %v %v", s, unread)
			}
			return
		}
		for _, name := range unread {
			v, err := s.Get(name)
			if was, _ := base.Get(name); err == nil && v != was {
				t.Fatalf("%s is said to be unread, and is %d", name, v)
			}
		}
		again, rest, err := ParseSysctls(strings.NewReader(s.String()), Sysctls{})
		if err != nil || rest != nil || again != s {
			t.Fatalf("read back: %v, unread %v, %v", again, rest, err)
		}
	})
}

// What a kernel lets be written: tcp_syn_retries 1 to 127, observed on 5.10.223, 6.1.192, 6.12.117, 6.18.44, 7.2.13.
func TestSysctlTakes(t *testing.T) {
	old, late := MustParse("2.6.32").Semantics(), MustParse("7.2.13").Semantics()
	for _, c := range []struct {
		name  string
		sem   Semantics
		value int
		want  bool
	}{
		{"net.ipv4.tcp_syn_retries", late, 0, false}, {"net.ipv4.tcp_syn_retries", late, 1, true}, {"net.ipv4.tcp_syn_retries", late, 127, true},
		{"net.ipv4.tcp_syn_retries", late, 128, false}, {"net.ipv4.tcp_synack_retries", late, 0, true}, {"net.ipv4.tcp_synack_retries", late, 256, false},
		{"net.ipv4.tcp_synack_retries", late, -1, false}, {"net.ipv4.tcp_syn_linear_timeouts", old, 0, false},
	} {
		s, ok := SysctlByName(c.name)
		if !ok || s.Takes(c.sem, c.value) != c.want {
			t.Errorf("%s = %d: taken %v, want %v", c.name, c.value, !c.want, c.want)
		}
	}
}

// SysctlByName gives the zero Sysctl for a name that it does not know. No kernel has it.
func TestZeroSysctl(t *testing.T) {
	sem := MustParse("6.12").Semantics()
	c, ok := SysctlByName("net.ipv4.tcp_no_such")
	if lo, hi := c.Range(sem); ok || c.Exists(sem) || c.Default(sem, Machine{}) != 0 || lo != 0 || hi != 0 || c.Takes(sem, 0) {
		t.Error(c, ok, lo, hi)
	}
}
