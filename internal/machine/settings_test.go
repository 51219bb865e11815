package machine

import (
	"slices"
	"testing"

	"example.com/linuxtcp/kernel"
)

// What is read replaces defaults, what the kernel lacks stays absent, what nobody wants
// stays as it was, and what is out of range is moved into it.
func TestSettings(t *testing.T) {
	r := kernel.MustParse("6.18.44")
	s, err := DefaultSettings(r, kernel.Machine{MemoryBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	read := s.Values
	read.Somaxconn, read.TCPTwRecycle, read.TCPSyncookies, read.TCPFinTimeout, read.TCPMaxSynBacklog = 7, 1, 300, 30, 5
	defaults := s.Take(read, []string{"net.ipv4.tcp_max_syn_backlog"}, FromProc, func(name string) bool { return name != "net.ipv4.tcp_fin_timeout" })
	if !slices.Equal(defaults, []string{"net.ipv4.tcp_max_syn_backlog"}) {
		t.Error(defaults)
	}
	if v := s.Values; v.Somaxconn != 7 || v.TCPTwRecycle != 0 || v.TCPFinTimeout != 60 || v.TCPMaxSynBacklog == 5 || v.TCPSyncookies != 300 {
		t.Error(v)
	}
	for name, want := range map[string]string{"net.core.somaxconn": FromProc, "net.ipv4.tcp_tw_recycle": Absent, "net.ipv4.tcp_max_syn_backlog": FromDefault, "net.ipv4.tcp_fin_timeout": FromDefault} {
		if s.Source[name] != want {
			t.Errorf("%s from %s, want %s", name, s.Source[name], want)
		}
	}
	if notes := s.Clamp(r); len(notes) != 1 || notes[0] != "net.ipv4.tcp_syncookies is 300, which 6.18.44 does not take: 255 is used." || s.Values.TCPSyncookies != 255 {
		t.Error(notes, s.Values.TCPSyncookies)
	}
	if _, err := DefaultSettings(r, kernel.Machine{}); err == nil {
		t.Error("no error for a machine without memory")
	}
}
