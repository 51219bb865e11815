package script

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/linuxtcp/host"
)

func TestPeerISN(t *testing.T) {
	h := addr("10.0.0.1:80")
	seen := make(map[uint32]string)
	for _, peer := range []string{"10.1.0.1:40001", "10.1.0.2:40001", "10.1.1.1:40001", "10.1.0.1:40002", "10.1.0.1:40003"} {
		isn := PeerISN(addr(peer), h)
		if was := seen[isn]; was != "" {
			t.Errorf("%s and %s both begin at %d", peer, was, isn)
		}
		seen[isn] = peer
	}
	if PeerISN(addr("10.1.0.1:40001"), h) == PeerISN(addr("10.1.0.1:40001"), addr("10.0.0.1:81")) {
		t.Error("the host's port makes no difference")
	}
	if isn := PeerISN(addr("10.1.0.1:40000"), h); isn+3 != 0 {
		t.Errorf("port 40000 begins at %d", isn)
	}
	if isn := PeerISN(addr("10.1.0.1:40001"), h); isn != PeerISN(addr("[::ffff:10.1.0.1]:40001"), h) {
		t.Error("the same address as IPv6 makes a difference")
	}
}

func TestFarNumbers(t *testing.T) {
	f := flow{isn: 100, iss: 1 << 30, known: true, oldISS: 1 << 31, oldKnown: true}
	for _, c := range []struct {
		flags host.Flags
		seq   uint32
		ack   uint32
		text  Number
		want  string
	}{
		{host.FlagACK, 1<<30 + near, 0, Number{}, "16777216"},
		{host.FlagACK, 1<<30 - near, 0, Number{}, "-16777216"},
		{host.FlagACK, 1<<30 + near + 1, 0, Number{}, "?"},
		{host.FlagACK, 1<<31 - near, 0, Number{}, "old-16777216"},
		{host.FlagACK, 1<<31 - near - 1, 0, Number{}, "?"},
		// A RST repeats what it was asked about, wherever that lies.
		{host.FlagRST, 1<<30 + near + 1, 1<<30 + near + 1, Number{N: near + 1}, "16777217"},
		{host.FlagRST, 1<<30 + 7, 1<<30 + 7, Number{FromZero, 1<<30 + 7}, "=1073741831"},
		{host.FlagRST, 1<<30 + 7, 1<<30 + 7, Number{FromOld, 1<<30 + 7}, "old+1073741831"},
		{host.FlagRST, 1<<30 + 7, 1<<30 + 8, Number{FromZero, 1<<30 + 8}, "7"},
		{host.FlagRST | host.FlagACK, 0, 0, Number{}, "=0"},
	} {
		s := host.Segment{Flags: c.flags, Seq: c.seq}
		if got := f.number(&s, question{c.ack, c.text, true}); got != c.want {
			t.Errorf("%s of %d is written %s, want %s", c.flags, c.seq, got, c.want)
		}
	}
	// The 0 of a RST is one even where the host's first number is near it.
	f.iss = 5
	if got := f.number(&host.Segment{Flags: host.FlagRST | host.FlagACK}, question{}); got != "=0" {
		t.Error(got)
	}
	if got := relative(0, near); got != "-16777216" {
		t.Error(got)
	}
	if got := relative(0, near+1); got != "=0" {
		t.Error(got)
	}
}

func TestTolerance(t *testing.T) {
	for _, c := range []struct {
		quiet time.Duration
		hz    int
		want  time.Duration
	}{{0, 250, 13 * time.Millisecond}, {0, 0, 13 * time.Millisecond}, {8 * time.Second, 1000, 1007 * time.Millisecond}, {0, 100, 25 * time.Millisecond}} {
		if got := tolerance(c.quiet, c.hz); got != c.want {
			t.Errorf("tolerance(%s, %d) = %s, want %s", c.quiet, c.hz, got, c.want)
		}
	}
}

// Recorded times leave no gap where none can matter, and keep on which side of a tick they stood.
func TestRecordedTimes(t *testing.T) {
	const us = time.Microsecond
	trace := Trace{
		{At: 3999999 * time.Nanosecond, End: 8001 * us},
		{At: 11999 * us, End: 15999 * us}, // the same jiffy at 250 Hz: 8 to 12 ms
		{At: 16000 * us, End: 20000 * us}, // the next one
	}
	at, end := times(trace, 250)
	if want := []time.Duration{3990 * us, 11990 * us, 16000 * us}; !slices.Equal(at, want) {
		t.Errorf("begin %v, want %v", at, want)
	}
	if want := []time.Duration{11990 * us, 15990 * us, 20000 * us}; !slices.Equal(end, want) {
		t.Errorf("end %v, want %v", end, want)
	}
	if _, end = times(trace, 1000); end[0] != 8000*us {
		t.Errorf("at 1000 Hz the first ends at %s", end[0])
	}
}

func TestRecordedPorts(t *testing.T) {
	s := mustParse(t, `socket c
connect c 10.1.0.1:80
	[5.10.223] = EINPROGRESS port 40000
	[6.1.192] = EINPROGRESS port 40002
	c < SYN seq 0
wait 1s
kernel 5.10.223
kernel 6.1.192
`)
	if got := s.ports("6.1.192"); !slices.Equal(got, []uint16{0, 40002, 0}) {
		t.Errorf("%v", got)
	}
}

func TestReadFS(t *testing.T) {
	fsys := fstest.MapFS{
		"b.script":   {Data: []byte("wait 1s\n")},
		"a/c.script": {Data: []byte("wait 2s\n")},
		"README.md":  {Data: []byte("no script")},
	}
	scripts, err := ReadFS(fsys)
	if err != nil || len(scripts) != 2 || scripts[0].Name != "a/c.script" || scripts[1].Name != "b.script" {
		t.Fatalf("%v, %v", scripts, err)
	}
	fsys["z.script"] = &fstest.MapFile{Data: []byte("\nwait\n")}
	if _, err = ReadFS(fsys); err == nil || !strings.HasPrefix(err.Error(), "z.script:2: ") {
		t.Error(err)
	}
}

func TestBareAndWithout(t *testing.T) {
	s := mustParse(t, "socket s\n\tss s gone\nwait 1s\nclose s\nkernel 6.1.192\n")
	text := s.String()
	if got := s.Without(1, 2).String(); got != "socket s\nclose s\n" {
		t.Errorf("%q", got)
	}
	if err := s.Without(0, 1).Check(); err == nil || err.Error() != `test:4: no line before makes a socket "s"` {
		t.Errorf("%v", err)
	}
	if s.String() != text {
		t.Errorf("the script itself changed:\n%s", s)
	}
}
