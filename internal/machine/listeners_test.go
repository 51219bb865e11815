package machine

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"testing/fstest"
)

// A request belongs to the most exact listener that the kernel would find.
func TestListenerFor(t *testing.T) {
	listener := func(s string, v6only bool) Listener {
		return Listener{Local: netip.MustParseAddrPort(s), V6Only: v6only}
	}
	exact, any4, any6 := listener("10.0.0.1:80", false), listener("0.0.0.0:80", false), listener("[::]:80", false)
	only6 := listener("[::]:80", true)
	tests := []struct {
		found []Listener
		local string
		want  string // "" for none
	}{
		{[]Listener{any4, exact, any6}, "10.0.0.1:80", "10.0.0.1:80"},
		{[]Listener{any4, exact, any6}, "10.0.0.2:80", "0.0.0.0:80"},
		{[]Listener{exact, any6}, "10.0.0.2:80", "[::]:80"},
		{[]Listener{any6}, "[::ffff:10.0.0.2]:80", "[::]:80"},
		{[]Listener{any4, any6}, "[2001:db8::1]:80", "[::]:80"},
		{[]Listener{only6}, "10.0.0.2:80", ""},
		{[]Listener{only6}, "[2001:db8::1]:80", "[::]:80"},
		{[]Listener{any4}, "[2001:db8::1]:80", ""},
		{[]Listener{any4, exact, any6}, "10.0.0.1:81", ""},
	}
	for _, test := range tests {
		got, ok := ListenerFor(test.found, netip.MustParseAddrPort(test.local))
		if ok != (test.want != "") || ok && got != netip.MustParseAddrPort(test.want) {
			t.Errorf("%s among %v: %v, %v; want %q", test.local, test.found, got, ok, test.want)
		}
	}
}

// Without IPv6 there is no tcp6, which is nothing to report; without both there is
// nothing to say.
func TestReadListenersMissing(t *testing.T) {
	noDiag := func() ([]DiagSocket, error) { return nil, nil }
	found, unread, err := ReadListeners(fstest.MapFS{"net/tcp": {Data: []byte(procHead)}}, noDiag, "x")
	if err != nil || len(unread) != 0 || len(found) != 0 {
		t.Errorf("without tcp6: %v, %v, %v", found, unread, err)
	}
	_, unread, err = ReadListeners(fstest.MapFS{"net/tcp6": {Data: []byte(procHead)}}, noDiag, "x")
	if err != nil || len(unread) != 1 {
		t.Errorf("without tcp: %v, %v", unread, err)
	}
	if _, _, err := ReadListeners(fstest.MapFS{}, noDiag, "x"); err == nil {
		t.Error("without both: no error")
	}
	_, unread, err = ReadListeners(fstest.MapFS{"net/tcp": {Data: []byte(procHead)}}, func() ([]DiagSocket, error) { return nil, errors.New("x") }, "x")
	if err != nil || len(unread) != 1 {
		t.Errorf("without netlink: %v, %v", unread, err)
	}
}

// TestLive asks the kernel that runs the test about a listener of its own: what
// /proc and netlink tell has to agree, or be reported as not to be had.
func TestLive(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc to read")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found, unread, err := ReadListeners(os.DirFS("/proc"), ReadDiag, "x")
	if err != nil {
		t.Skip(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	for _, f := range found {
		if int(f.Local.Port()) != port {
			continue
		}
		if f.Local.Addr() != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("address %v", f.Local)
		}
		if f.AcceptLen > 1 {
			t.Errorf("%d connections wait, one was made", f.AcceptLen)
		}
		if !f.HasLimit && len(unread) == 0 {
			t.Error("no limit, and nothing said about it")
		}
		if f.HasLimit && f.Limit == 0 {
			t.Error("the limit is 0; Go asks for somaxconn")
		}
		return
	}
	t.Errorf("port %d is not among %v", port, found)
}
