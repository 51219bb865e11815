package script

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"example.com/linuxtcp/host"
)

var sameScript = cmp.Options{
	cmpopts.IgnoreFields(Step{}, "Line"), cmpopts.IgnoreFields(Script{}, "Name"), cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

// anyComment draws comment lines without trailing blanks, which a script does not keep.
func anyComment(t *rapid.T, label string) []string {
	return rapid.SliceOfN(rapid.StringMatching(`( ?[a-z#@=]+)?`), 0, 2).Draw(t, label)
}

func anyAddr(t *rapid.T) netip.AddrPort {
	last := rapid.Byte().Draw(t, "host")
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, last}), rapid.Uint16().Draw(t, "port"))
}

func anyDuration(t *rapid.T, unit time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(0, int64(2*time.Minute/unit)).Draw(t, "duration")) * unit
}

func anyNumber(t *rapid.T, most Base) Number {
	return Number{rapid.SampledFrom([]Base{FromISN, FromZero, FromOld}[:most+1]).Draw(t, "base"), rapid.Int32().Draw(t, "n")}
}

func anySegment(t *rapid.T) Segment {
	s := Segment{
		Flags:  host.Flags(rapid.IntRange(0, 31).Draw(t, "flags")),
		Seq:    anyNumber(t, FromZero),
		Len:    uint32(rapid.Uint16().Draw(t, "len")),
		Window: uint32(rapid.Uint16().Draw(t, "window")),
	}
	if s.Window == 0 {
		s.ZeroWindow = rapid.Bool().Draw(t, "zero window")
	}
	if s.Flags&host.FlagACK != 0 {
		s.Ack = anyNumber(t, FromOld)
	}
	if rapid.Bool().Draw(t, "ts") {
		s.Timestamp, s.TSVal = true, rapid.Uint32().Draw(t, "tsval")
		s.TSEcr = Echo{rapid.Bool().Draw(t, "last"), rapid.Int32().Draw(t, "ecr")}
	}
	if s.Flags&host.FlagSYN != 0 {
		s.MSS = rapid.Uint16().Draw(t, "mss")
		s.WindowScale = rapid.Uint8Range(0, 15).Draw(t, "wscale")
		s.SACK = rapid.Bool().Draw(t, "sack")
	}
	return s
}

func anyStep(t *rapid.T, i int, sockets *[]string, flows *[]string) Step {
	s := Step{Op: Op(rapid.IntRange(1, int(OpCheck)).Draw(t, "op")), Comment: anyComment(t, "comment")}
	if len(*sockets) == 0 && s.Op >= OpBind && s.Op < OpFlood {
		s.Op = OpSocket
	}
	fresh := fmt.Sprintf("s_%d", i)
	switch s.Op {
	case OpSegment:
		s.Flow = rapid.SampledFrom(*flows).Draw(t, "flow")
		s.Segment = anySegment(t)
	case OpWait:
		s.Wait = anyDuration(t, time.Microsecond)
	case OpSysctl:
		s.Sysctl, s.Value = "net.ipv4.ip_local_port_range", "32768 60999"
	case OpCheck:
	case OpFlood:
		s.Flood = Flood{N: rapid.IntRange(1, 1000).Draw(t, "n"), To: netip.AddrPortFrom(HostAddr, rapid.Uint16().Draw(t, "port"))}
		if rapid.Bool().Draw(t, "from") {
			s.Flood.From = netip.AddrFrom4([4]byte{10, 4, rapid.Byte().Draw(t, "from"), 1})
		}
		if rapid.Bool().Draw(t, "ts") {
			s.Flood.Timestamp, s.Flood.TSVal = true, rapid.Uint32().Draw(t, "tsval")
		}
	case OpSocket:
		s.Socket = fresh
		b := func(l string) bool { return rapid.Bool().Draw(t, l) }
		n := func(l string) int { return int(rapid.Int32().Draw(t, l)) }
		s.Options = Options{b("ra"), b("rp"), b("bind"), n("defer"), n("syncnt"), n("linger2"), 0, 0, false, false}
		if b("IPv6") {
			s.Options.IPv6, s.Options.V6Only = true, b("v6only")
		}
		if rapid.Bool().Draw(t, "range") {
			s.Options.RangeLow = rapid.Uint16().Draw(t, "low")
			s.Options.RangeHigh = rapid.Uint16Min(s.Options.RangeLow).Draw(t, "high")
		}
		if !s.Options.V6Only { // it would take no address of anyAddr
			*sockets = append(*sockets, fresh)
		}
	case OpAccept:
		s.Listener = rapid.SampledFrom(*sockets).Draw(t, "listener")
		s.Socket = fresh
		*sockets = append(*sockets, fresh)
	default:
		s.Socket = rapid.SampledFrom(*sockets).Draw(t, "socket")
		switch s.Op {
		case OpBind, OpConnect:
			s.Addr = anyAddr(t)
		case OpListen:
			s.Backlog = int(rapid.Int32().Draw(t, "backlog"))
		}
	}
	return s
}

func anyScript(t *rapid.T) *Script {
	s := &Script{Comment: anyComment(t, "top"), Settle: anyDuration(t, time.Millisecond)}
	flows := []string{"p1", "p250"}
	for i := range rapid.IntRange(0, 3).Draw(t, "peers") {
		name := fmt.Sprintf("peer%d", i)
		s.Peers = append(s.Peers, Peer{name, anyAddr(t), netip.AddrPortFrom(HostAddr, 80)})
		flows = append(flows, name)
	}
	kernels := []string{"5.10.223", "6.1.192"}[:rapid.IntRange(0, 2).Draw(t, "kernels")]
	var sockets []string
	for i := range rapid.IntRange(0, 8).Draw(t, "steps") {
		step := anyStep(t, i, &sockets, &flows)
		for range rapid.IntRange(0, 3).Draw(t, "answers") {
			e := Expect{Answer: rapid.SampledFrom([]Answer{
				{Text: "= EAGAIN"}, {Text: "p1 < SYN|ACK seq 0 ack 1"}, {Text: "ss s LISTEN 1/5"}, {Text: "ss p1 gone"}, {Text: "nstat TW 1"},
				{Text: "ss flood SYN-RECV 97"}, {Text: "ss total LISTEN 1 SYN-RECV 97"}, {Text: "nstat total TW 0"}, {Text: "flood < SYN|ACK x 97"},
				{Text: "10.0.0.1:80/10.1.0.1:2 < RST seq =0", Timed: true, At: anyDuration(t, time.Millisecond)},
			}).Draw(t, "answer")}
			if len(kernels) > 0 && rapid.Bool().Draw(t, "of one") {
				e.Kernels = kernels[:1]
			}
			step.Expect = append(step.Expect, e)
		}
		step.Blank = i > 0 && rapid.Bool().Draw(t, "blank")
		s.Steps = append(s.Steps, step)
	}
	for _, name := range kernels {
		k := Kernel{Name: name, HZ: rapid.SampledFrom([]int{0, 100, 250, 1000}).Draw(t, "hz"), EHash: rapid.SampledFrom([]uint64{0, 4096}).Draw(t, "ehash")}
		k.CPUs = rapid.SampledFrom([]int{0, 1, 2}).Draw(t, "cpus")
		k.Monotonic = time.Duration(rapid.SampledFrom([]int{0, 96, -4, 1500}).Draw(t, "monotonic")) * time.Millisecond
		k.Wall = anyDuration(t, 10*time.Microsecond)
		at := time.Duration(0)
		if rapid.Bool().Draw(t, "times") {
			for i := range s.Steps {
				if i == 0 || rapid.Bool().Draw(t, "gap") {
					at += anyDuration(t, 10*time.Microsecond)
				}
				k.At = append(k.At, at)
				at += anyDuration(t, 10*time.Microsecond)
				k.End = append(k.End, at)
			}
		}
		s.Kernels = append(s.Kernels, k)
	}
	if len(s.Steps) > 0 {
		s.Remarks = anyComment(t, "remarks")
	}
	return s
}

func TestParseReadsWhatIsPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyScript(t)
		got, err := Parse("x", want.String())
		if err != nil {
			t.Fatalf("%v in\n%s", err, want)
		}
		if d := cmp.Diff(want, got, sameScript); d != "" {
			t.Fatalf("%s\n%s", d, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("# about\n\nsettle 60ms\npeer p1 10.1.0.1:4 > :80\n\n# step\nsocket s reuseaddr\np1 > ACK seq 0 ack old+1 ts 1 last-2\n\t[6.1.1] p1 < SYN seq 0 @1.5\nkernel 6.1.1 hz 250 at 1.5 60 60+4 10\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("f", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		again, err := Parse("f", s.String())
		if err != nil {
			t.Fatalf("%v in what was printed:\n%s", err, s)
		}
		if d := cmp.Diff(s, again, sameScript); d != "" {
			t.Fatalf("%s\n%s", d, s)
		}
	})
}
