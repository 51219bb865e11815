package script

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/host"
)

// usualWindow is what a forged segment offers unless it says otherwise.
const usualWindow = 64240

// String is the text of the script, as [Parse] reads it.
func (s *Script) String() string {
	var b strings.Builder
	p := printer{&b}
	p.comment(s.Comment)
	if len(s.Comment) > 0 {
		p.line("")
	}
	if s.Settle != 0 {
		p.line("settle " + duration(s.Settle))
	}
	for _, peer := range s.Peers {
		p.line(fmt.Sprintf("peer %s %s > %s", peer.Name, peer.From, peer.To))
	}
	for _, l := range s.Limits {
		p.line(l.String())
	}
	if s.Settle != 0 || len(s.Peers) > 0 || len(s.Limits) > 0 {
		p.line("")
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		if i > 0 && step.Blank {
			p.line("")
		}
		p.comment(step.Comment)
		p.line(step.String())
		for _, e := range step.Expect {
			p.line("\t" + e.String())
		}
	}
	if len(s.Remarks) > 0 {
		p.line("")
		p.comment(s.Remarks)
	}
	if len(s.Kernels) > 0 {
		p.line("")
	}
	for _, k := range s.Kernels {
		p.line(k.String())
	}
	return b.String()
}

// WriteTo writes the text of the script.
func (s *Script) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, s.String())
	return int64(n), err
}

type printer struct{ b *strings.Builder }

func (p printer) line(text string) { p.b.WriteString(text + "\n") }

func (p printer) comment(lines []string) {
	for _, c := range lines {
		p.line(strings.TrimRight("# "+c, " "))
	}
}

// String is the line of the step, without its comment and its expectations.
func (s *Step) String() string {
	switch s.Op {
	case OpSegment:
		return s.Flow + " > " + s.Segment.String()
	case OpWait:
		return "wait " + duration(s.Wait)
	case OpSysctl:
		return "sysctl " + s.Sysctl + " " + s.Value
	case OpSocket:
		return "socket " + s.Socket + s.Options.String()
	case OpBind, OpConnect:
		return s.Op.String() + " " + s.Socket + " " + s.Addr.String()
	case OpListen:
		return "listen " + s.Socket + " " + strconv.Itoa(s.Backlog)
	case OpFlood:
		return "flood " + s.Flood.String()
	case OpCheck:
		return "check"
	case OpAccept:
		return "accept " + s.Socket + " " + s.Listener
	}
	return s.Op.String() + " " + s.Socket
}

var opNames = [...]string{
	OpSegment: ">", OpWait: "wait", OpSysctl: "sysctl", OpSocket: "socket", OpBind: "bind", OpListen: "listen",
	OpConnect: "connect", OpAccept: "accept", OpShutdown: "shutdown", OpClose: "close", OpAbort: "abort",
	OpRecv: "recv", OpError: "error", OpFlood: "flood", OpCheck: "check",
}

// String is the word that a script has for it; ">" for a segment.
func (o Op) String() string {
	if o == 0 || int(o) >= len(opNames) {
		return "Op(" + strconv.Itoa(int(o)) + ")"
	}
	return opNames[o]
}

// String is what a script has after the name of the socket, each option after a space.
func (o Options) String() string {
	var b strings.Builder
	flag := func(on bool, word string) {
		if on {
			b.WriteString(" " + word)
		}
	}
	number := func(n int, word string) {
		if n != 0 {
			fmt.Fprintf(&b, " %s %d", word, n)
		}
	}
	flag(o.ReuseAddr, "reuseaddr")
	flag(o.ReusePort, "reuseport")
	flag(o.BindAddressNoPort, "bind_address_no_port")
	flag(o.IPv6 && !o.V6Only, "ipv6")
	flag(o.V6Only, "v6only")
	number(o.DeferAccept, "defer_accept")
	number(o.SYNCount, "syncnt")
	number(o.Linger2, "linger2")
	if o.RangeLow != 0 || o.RangeHigh != 0 {
		fmt.Fprintf(&b, " port_range %d-%d", o.RangeLow, o.RangeHigh)
	}
	return b.String()
}

// String is the segment as a step has it: "ACK seq 1 ack 1 len 10".
func (s *Segment) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s seq %s", s.Flags, s.Seq)
	if s.Flags&host.FlagACK != 0 {
		fmt.Fprintf(&b, " ack %s", s.Ack)
	}
	if s.Len != 0 {
		fmt.Fprintf(&b, " len %d", s.Len)
	}
	if s.Window != 0 || s.ZeroWindow {
		fmt.Fprintf(&b, " win %d", s.Window)
	}
	if s.Timestamp {
		fmt.Fprintf(&b, " ts %d %s", s.TSVal, s.TSEcr)
	}
	if s.MSS != 0 {
		fmt.Fprintf(&b, " mss %d", s.MSS)
	}
	if s.WindowScale != 0 {
		fmt.Fprintf(&b, " wscale %d", s.WindowScale-1)
	}
	if s.SACK {
		b.WriteString(" sack")
	}
	return b.String()
}

// String is the number as a script has it: "1", "-1", "=0", "old+1".
func (n Number) String() string {
	switch n.Base {
	case FromZero:
		return "=" + strconv.FormatUint(uint64(uint32(n.N)), 10)
	case FromOld:
		return "old" + offset(n.N)
	}
	return strconv.Itoa(int(n.N))
}

// String is the echo as a script has it: "0", "last", "last-1".
func (e Echo) String() string {
	if e.Last {
		return "last" + offset(e.N)
	}
	return strconv.FormatUint(uint64(uint32(e.N)), 10)
}

// offset is what stands after a base: nothing for 0, otherwise the number with its sign.
func offset(n int32) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%+d", n)
}

// String is the line without its tab: "[6.1.192] ss p1 ESTAB".
func (e Expect) String() string {
	if len(e.Kernels) == 0 {
		return e.Answer.String()
	}
	return "[" + strings.Join(e.Kernels, " ") + "] " + e.Answer.String()
}

// String is the line of the kernel: "kernel 6.1.192 hz 250 at 4.2 60 60.01+4 60".
func (k Kernel) String() string {
	var b strings.Builder
	b.WriteString("kernel " + k.Name)
	if k.HZ != 0 {
		fmt.Fprintf(&b, " hz %d", k.HZ)
	}
	if k.EHash != 0 {
		fmt.Fprintf(&b, " ehash %d", k.EHash)
	}
	if k.CPUs != 0 {
		fmt.Fprintf(&b, " cpus %d", k.CPUs)
	}
	if k.Monotonic != 0 {
		sign := ""
		if k.Monotonic < 0 {
			sign = "-"
		}
		b.WriteString(" monotonic " + sign + duration(k.Monotonic.Abs()))
	}
	if k.Wall != 0 {
		b.WriteString(" wall " + seconds(k.Wall))
	}
	if k.Partly {
		b.WriteString(" partly")
	}
	for i, at := range k.At {
		if i == 0 {
			b.WriteString(" at " + seconds(at))
		} else if gap := at - k.End[i-1]; gap != 0 {
			b.WriteString("+" + milliseconds(gap))
		}
		b.WriteString(" " + milliseconds(k.End[i]-at))
	}
	return b.String()
}

func milliseconds(d time.Duration) string { return seconds(d * 1000) }

// duration writes a duration in one unit: "60ms", "1.5s".
func duration(d time.Duration) string {
	if d < time.Second && d%time.Millisecond == 0 {
		return strconv.FormatInt(int64(d/time.Millisecond), 10) + "ms"
	}
	return seconds(d) + "s"
}
