package kernel

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPortRangeValidation(t *testing.T) {
	for _, c := range []struct {
		release   string
		low, high int
		says      string
	}{
		{"2.6.32", 0, 0, ""},
		{"2.6.32", 1, 65535, ""},
		{"2.6.32", 61000, 61000, ""},
		{"6.18.44", 61000, 61000, ""},
		{"6.18.44", 65535, 65535, ""},
		{"2.6.32", 0, 5, "a bound is 1 to 65535"},
		{"2.6.32", 5, 0, "a bound is 1 to 65535"},
		{"2.6.32", 5, 65536, "a bound is 1 to 65535"},
		{"2.6.32", 65536, 65536, "a bound is 1 to 65535"},
		{"2.6.32", 61001, 61000, "the upper bound is below the lower one"},
		{"4.10", 1023, 2000, ""},
		{"4.11", 1023, 2000, "no lower bound below net.ipv4.ip_unprivileged_port_start = 1024"},
		{"4.11", 1024, 2000, ""},
	} {
		s := mustDefaults(t, c.release, large)
		s.IPLocalPortRange = PortRange{c.low, c.high}
		err := s.Validate(MustParse(c.release).Semantics())
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s, %d to %d: %v, want %q", c.release, c.low, c.high, err, c.says)
		}
	}
	s := mustDefaults(t, "6.18.44", large)
	sem := MustParse("6.18.44").Semantics()
	s.IPUnprivilegedPortStart = 32768
	if err := s.Validate(sem); err != nil {
		t.Error(err)
	}
	s.IPUnprivilegedPortStart = 32769
	if err := s.Validate(sem); err == nil {
		t.Error("ip_unprivileged_port_start above the range") // refused on 6.18.44
	}
	s.IPLocalPortRange = PortRange{}
	if err := s.Validate(sem); err == nil || !strings.Contains(err.Error(), "32768 60999, the default") {
		t.Errorf("above the default range: %v", err)
	}
}

func TestLocalPorts(t *testing.T) {
	old, young := MustParse("4.1").Semantics(), MustParse("4.2").Semantics()
	var s Sysctls
	if r := s.LocalPorts(&old); r != (PortRange{32768, 61000}) || r.Size() != 28233 {
		t.Errorf("4.1: %v", r)
	}
	if r := s.LocalPorts(&young); r != (PortRange{32768, 60999}) || r.Size() != 28232 || !r.Contains(60999) || r.Contains(61000) || r.Contains(32767) {
		t.Errorf("4.2: %v", r)
	}
	s.IPLocalPortRange = PortRange{5, 5}
	if r := s.LocalPorts(&young); r != (PortRange{5, 5}) || r.Size() != 1 {
		t.Errorf("set: %v", r)
	}
}

func TestParsePortList(t *testing.T) {
	for text, want := range map[string][]PortRange{
		"":                         nil,
		"0":                        {{0, 0}},
		"65535":                    {{65535, 65535}},
		"0,1":                      {{0, 1}}, // 6.18.44 prints 0-1
		"9000-9002,8080,9001-9010": {{8080, 8080}, {9000, 9010}},
		"5-9,6":                    {{5, 9}},
	} {
		if got, err := ParsePortList(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"5-4", "65536", "-1", "1,", ",", "1-2 3", "8080, 9000", "x", "1-2-3"} {
		if got, err := ParsePortList(bad); err == nil || got != nil || !strings.Contains(err.Error(), "port") {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
	s := Sysctls{IPLocalReservedPorts: "8080"}
	if err := s.Validate(MustParse("2.6.34").Semantics()); err == nil || !strings.Contains(err.Error(), "no such sysctl") {
		t.Errorf("2.6.34: %v", err)
	}
	r := mustDefaults(t, "3.10", large)
	r.IPLocalReservedPorts = "8080, 9000"
	if err := r.Validate(MustParse("3.10").Semantics()); err == nil {
		t.Error("a blank is refused")
	}
}

func TestReadingPorts(t *testing.T) {
	s, unread, err := ParseSysctls(strings.NewReader("net.ipv4.ip_local_port_range = 1024\t65535\nnet/ipv4/ip_local_reserved_ports = \n"), Sysctls{IPLocalReservedPorts: "7"})
	if err != nil || s.IPLocalPortRange != (PortRange{1024, 65535}) || s.IPLocalReservedPorts != "" || slices.Contains(unread, "net.ipv4.ip_local_port_range") {
		t.Errorf("%+v, %v, %v", s, unread, err)
	}
	for _, bad := range []string{"net.ipv4.ip_local_port_range = 5", "net.ipv4.ip_local_port_range = 5 6 7", "net.ipv4.ip_local_port_range = a b",
		"net.ipv4.ip_local_reserved_ports = x", "net.ipv4.ip_local_port_range 5 6"} {
		if got, _, err := ParseSysctls(strings.NewReader(bad), s); err == nil || got != s || !strings.Contains(err.Error(), "line 1: net.ipv4.ip_local_") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	tree := fstest.MapFS{"net/ipv4/ip_local_port_range": {Data: []byte("32768\t60999\n")}, "net/ipv4/ip_local_reserved_ports": {Data: []byte("x\n")}}
	if got, _, err := ReadSysctls(tree, s); err == nil || got != s || !strings.Contains(err.Error(), "net/ipv4/ip_local_reserved_ports") {
		t.Errorf("bad file: %v", err)
	}
	tree["net/ipv4/ip_local_reserved_ports"] = &fstest.MapFile{Data: []byte("8080\n")}
	if got, _, err := ReadSysctls(tree, s); err != nil || got.IPLocalPortRange != (PortRange{32768, 60999}) || got.IPLocalReservedPorts != "8080" {
		t.Errorf("%+v, %v", got, err)
	}
}
