package main

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
	listener := func(s string, v6only bool) liveListener {
		return liveListener{local: netip.MustParseAddrPort(s), v6only: v6only}
	}
	exact, any4, any6 := listener("10.0.0.1:80", false), listener("0.0.0.0:80", false), listener("[::]:80", false)
	only6 := listener("[::]:80", true)
	tests := []struct {
		found []liveListener
		local string
		want  string // "" for none
	}{
		{[]liveListener{any4, exact, any6}, "10.0.0.1:80", "10.0.0.1:80"},
		{[]liveListener{any4, exact, any6}, "10.0.0.2:80", "0.0.0.0:80"},
		{[]liveListener{exact, any6}, "10.0.0.2:80", "[::]:80"},
		{[]liveListener{any6}, "[::ffff:10.0.0.2]:80", "[::]:80"},
		{[]liveListener{any4, any6}, "[2001:db8::1]:80", "[::]:80"},
		{[]liveListener{only6}, "10.0.0.2:80", ""},
		{[]liveListener{only6}, "[2001:db8::1]:80", "[::]:80"},
		{[]liveListener{any4}, "[2001:db8::1]:80", ""},
		{[]liveListener{any4, exact, any6}, "10.0.0.1:81", ""},
	}
	for _, test := range tests {
		got, ok := listenerFor(test.found, netip.MustParseAddrPort(test.local))
		if ok != (test.want != "") || ok && got != netip.MustParseAddrPort(test.want) {
			t.Errorf("%s among %v: %v, %v; want %q", test.local, test.found, got, ok, test.want)
		}
	}
}

// Without IPv6 there is no tcp6, which is nothing to report; without both there is
// nothing to say.
func TestReadListenersMissing(t *testing.T) {
	noDiag := func() ([]diagSocket, error) { return nil, nil }
	found, unread, err := readListeners(fstest.MapFS{"net/tcp": {Data: []byte(procHead)}}, noDiag)
	if err != nil || len(unread) != 0 || len(found) != 0 {
		t.Errorf("without tcp6: %v, %v, %v", found, unread, err)
	}
	_, unread, err = readListeners(fstest.MapFS{"net/tcp6": {Data: []byte(procHead)}}, noDiag)
	if err != nil || len(unread) != 1 {
		t.Errorf("without tcp: %v, %v", unread, err)
	}
	if _, _, err := readListeners(fstest.MapFS{}, noDiag); err == nil {
		t.Error("without both: no error")
	}
	_, unread, err = readListeners(fstest.MapFS{"net/tcp": {Data: []byte(procHead)}}, func() ([]diagSocket, error) { return nil, errors.New("x") })
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
	found, unread, err := readListeners(os.DirFS("/proc"), readDiag)
	if err != nil {
		t.Skip(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	for _, f := range found {
		if int(f.local.Port()) != port {
			continue
		}
		if f.local.Addr() != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("address %v", f.local)
		}
		if f.acceptLen > 1 {
			t.Errorf("%d connections wait, one was made", f.acceptLen)
		}
		if !f.hasLimit && len(unread) == 0 {
			t.Error("no limit, and nothing said about it")
		}
		if f.hasLimit && f.limit == 0 {
			t.Error("the limit is 0; Go asks for somaxconn")
		}
		return
	}
	t.Errorf("port %d is not among %v", port, found)
}
