package machine

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"
)

// diagMessage builds a struct inet_diag_msg of a listener, with the attributes.
func diagMessage(family uint8, addr netip.Addr, port uint16, attrs ...byte) []byte {
	b := make([]byte, diagMessageLen, diagMessageLen+len(attrs))
	b[0], b[1] = family, uint8(Listen)
	binary.BigEndian.PutUint16(b[4:], port)
	copy(b[8:24], addr.AsSlice())
	binary.NativeEndian.PutUint32(b[56:], 6)
	binary.NativeEndian.PutUint32(b[60:], 5)
	binary.NativeEndian.PutUint32(b[68:], 4711)
	return append(b, attrs...)
}

func v6OnlyAttr(value byte) []byte {
	b := make([]byte, 8)
	binary.NativeEndian.PutUint16(b, 5)
	binary.NativeEndian.PutUint16(b[2:], attrV6Only)
	b[4] = value
	return b
}

func TestParseDiag(t *testing.T) {
	got, ok := parseDiag(diagMessage(syscall.AF_INET, netip.MustParseAddr("10.0.0.1"), 8080))
	want := DiagSocket{Local: netip.MustParseAddrPort("10.0.0.1:8080"), AcceptLen: 6, AcceptLimit: 5, Inode: 4711}
	if !ok || got != want {
		t.Errorf("got %+v, %v; want %+v", got, ok, want)
	}
	any6 := netip.IPv6Unspecified()
	got, ok = parseDiag(diagMessage(syscall.AF_INET6, any6, 80, v6OnlyAttr(1)...))
	want = DiagSocket{Local: netip.AddrPortFrom(any6, 80), AcceptLen: 6, AcceptLimit: 5, Inode: 4711, V6Only: true}
	if !ok || got != want {
		t.Errorf("got %+v, %v; want %+v", got, ok, want)
	}
	if got, _ := parseDiag(diagMessage(syscall.AF_INET6, any6, 80, v6OnlyAttr(0)...)); got.V6Only {
		t.Error("a dual-stack socket is taken for one that refuses IPv4")
	}
	for name, b := range map[string][]byte{
		"short":          make([]byte, diagMessageLen-1),
		"not listening":  make([]byte, diagMessageLen),
		"another family": diagMessage(syscall.AF_UNIX, any6, 80),
	} {
		if s, ok := parseDiag(b); ok {
			t.Errorf("%s: read as %+v", name, s)
		}
	}
}

// FuzzDiag checks that no answer makes the parser panic or loop.
func FuzzDiag(f *testing.F) {
	f.Add(diagMessage(syscall.AF_INET, netip.MustParseAddr("10.0.0.1"), 8080))
	f.Add(diagMessage(syscall.AF_INET6, netip.IPv6Unspecified(), 80, v6OnlyAttr(1)...))
	f.Add(diagMessage(syscall.AF_INET6, netip.IPv6Unspecified(), 80, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, ok := parseDiag(b); ok && !s.Local.Addr().IsValid() {
			t.Errorf("no address in %+v", s)
		}
	})
}
