package machine

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const procHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func TestParseProcNetTCP(t *testing.T) {
	// A listener and a half-open request as 6.18.44 printed them.
	text := procHead +
		"   0: 00000000:1F90 00000000:0000 0A 00000000:00000006 00:00000000 00000000     0        0 109572 7 00000000cd08360b 100 0 0 10 0           \n" +
		"   2: 0100090A:1B9E 0E1E090A:9C40 03 00000000:00000000 01:0000008D 00000001     0        0 0 0 00000000256000a0                             \n"
	rows, err := ParseTable([]byte(text))
	want := []Row{
		{Local: netip.MustParseAddrPort("0.0.0.0:8080"), Remote: netip.MustParseAddrPort("0.0.0.0:0"), State: Listen, Rx: 6, Inode: 109572},
		{Local: netip.MustParseAddrPort("10.9.0.1:7070"), Remote: netip.MustParseAddrPort("10.9.30.14:40000"), State: SynRecv, Timer: 1, Retransmits: 1},
	}
	if err != nil || !reflect.DeepEqual(rows, want) {
		t.Errorf("got %v, %v; want %v", rows, err, want)
	}
}

func TestParseProcNetTCP6(t *testing.T) {
	line := "   1: 0000000000000000FFFF00000100090A:2382 B80D0120000000000000000001000000:9C40 03 00000000:00000000 01:0000008C 00000001     0        0 0 0 0\n"
	rows, err := ParseTable([]byte(procHead + line))
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %v, %v", rows, err)
	}
	if got, want := rows[0].Local, netip.MustParseAddrPort("[::ffff:10.9.0.1]:9090"); got != want {
		t.Errorf("local %v, want %v", got, want)
	}
	if got, want := rows[0].Remote, netip.MustParseAddrPort("[2001:db8::1]:40000"); got != want {
		t.Errorf("remote %v, want %v", got, want)
	}
}

// A row that makes no sense is named, and the others are read.
func TestParseProcNetTCPBadRows(t *testing.T) {
	good := "   0: 00000000:1F90 00000000:0000 0A 00000000:00000006 00:00000000 00000000 0 0 5 1 0\n"
	for _, bad := range []struct{ line, want string }{
		{"   0: 00000000:1F90\n", "line 2: 2 columns, at least 10 expected"},
		{strings.Replace(good, "00000000:1F90", "000000:1F90", 1), `line 2: address "000000:1F90" is not hexadecimal ADDRESS:PORT`},
		{strings.Replace(good, "00000000:1F90", "000000001F90", 1), `line 2: address "000000001F90" is not hexadecimal ADDRESS:PORT`},
		{strings.Replace(good, "00000000:1F90", "00000000:1F900", 1), `line 2: address "00000000:1F900" is not hexadecimal ADDRESS:PORT`},
		{strings.Replace(good, " 0A ", " 10A ", 1), `line 2: state "10A" is not a hexadecimal byte`},
		{strings.Replace(good, "00000000:00000006", "0000000000000006", 1), `line 2: queues "0000000000000006" are not two hexadecimal numbers`},
		{strings.Replace(good, "00:00000000", "0000000000", 1), `line 2: timer "0000000000" is not two hexadecimal numbers`},
		{strings.Replace(good, "00:00000000 00000000", "00:00000000 x", 1), `line 2: retrnsmt "x" is not a hexadecimal number`},
		{strings.Replace(good, " 5 1 0", " -5 1 0", 1), `line 2: inode "-5" is not a number`},
	} {
		rows, err := ParseTable([]byte(procHead + bad.line + good))
		if err == nil || err.Error() != bad.want {
			t.Errorf("%q: error %v, want %s", bad.line, err, bad.want)
		}
		if len(rows) != 1 {
			t.Errorf("%q: %d rows, want the good one", bad.line, len(rows))
		}
	}
}

func TestParseNetstat(t *testing.T) {
	got, err := ParseNetstat([]byte("TcpExt: A B\nTcpExt: 1 18446744073709551615\nTcp: MaxConn C\nTcp: -1 3\n"))
	want := map[string]uint64{"TcpExtA": 1, "TcpExtB": 1<<64 - 1, "TcpC": 3}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for text, want := range map[string]string{
		"TcpExt A\n":               `line 1: "TcpExt" is not a prefix and a colon`,
		"TcpExt: A\n":              "line 1: names without values",
		"TcpExt: A\nTcp: 1\n":      `line 2: values of "Tcp:" stand under names of "TcpExt:"`,
		"TcpExt: A B\nTcpExt: 1\n": "line 2: 1 values stand under 2 names",
		"TcpExt: A\nTcpExt: x\n":   `line 2: "x" is not a number`,
	} {
		if _, err := ParseNetstat([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

// seed adds what the cases of testdata have under a name to a fuzz target.
func seed(f *testing.F, names ...string) {
	files, _ := filepath.Glob("../../examples/backlog/testdata/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			_, after, ok := bytes.Cut(text, []byte("-- "+name+" --\n"))
			if ok {
				section, _, _ := bytes.Cut(after, []byte("\n-- "))
				f.Add(section)
			}
		}
	}
}

// FuzzProcNetTCP checks that any text is read without a panic, and that each row
// read can be printed as the kernel prints it and is then read as the same row.
func FuzzProcNetTCP(f *testing.F) {
	seed(f, "net/tcp", "net/tcp6")
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := ParseTable(text)
		if lines := bytes.Count(text, []byte("\n")); len(rows) > lines+1 {
			t.Fatalf("%d rows of %d lines", len(rows), lines)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("error %v names no line", err)
		}
		for _, row := range rows {
			line := fmt.Sprintf("   0: %s %s %02X 00000000:%08X %02X:00000000 %08X 0 0 %d 1 0\n",
				printHex(row.Local), printHex(row.Remote), uint8(row.State), row.Rx, row.Timer, row.Retransmits, row.Inode)
			again, err := ParseTable([]byte(procHead + line))
			if err != nil || len(again) != 1 || again[0] != row {
				t.Fatalf("%+v printed as %q is read as %+v, %v", row, line, again, err)
			}
		}
	})
}

// printHex prints an address as a little-endian kernel does.
func printHex(a netip.AddrPort) string {
	raw := a.Addr().AsSlice()
	var b strings.Builder
	for i := 0; i < len(raw); i += 4 {
		fmt.Fprintf(&b, "%02X%02X%02X%02X", raw[i+3], raw[i+2], raw[i+1], raw[i])
	}
	return fmt.Sprintf("%s:%04X", b.String(), a.Port())
}

// FuzzNetstat checks that any text is read without a panic, and that what was read
// without an error can be printed and read again.
func FuzzNetstat(f *testing.F) {
	seed(f, "net/netstat", "net/snmp")
	f.Fuzz(func(t *testing.T, text []byte) {
		values, err := ParseNetstat(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Errorf("error %v names no line", err)
			}
			return
		}
		names, numbers := "X:", "X:"
		for name, value := range values {
			names += " " + name
			numbers += fmt.Sprintf(" %d", value)
		}
		again, err := ParseNetstat([]byte(names + "\n" + numbers + "\n"))
		if err != nil || len(again) != len(values) {
			t.Fatalf("%v printed is read as %v, %v", values, again, err)
		}
		for name, value := range values {
			if again["X"+name] != value {
				t.Fatalf("%s %d is read as %d", name, value, again["X"+name])
			}
		}
	})
}
