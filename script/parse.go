package script

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/host"
)

// longest is the longest wait that a script may have, and the longest step of a recording.
const longest = 24 * time.Hour

// resolution is that of the times of a recording. A jiffy is a multiple of it at every usual HZ
// but 300.
const resolution = 10 * time.Microsecond

// Parse reads a script. name is its file, for errors, which begin with it and the line:
// "accept.script:12: ...". What it returns has passed [Script.Check].
func Parse(name, text string) (*Script, error) {
	p := parser{s: &Script{Name: name}}
	for line := range strings.Lines(text) {
		p.number++
		if err := p.line(strings.TrimRight(line, " \t\r\n")); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, p.number, err)
		}
	}
	p.toEnd()
	if err := p.s.Check(); err != nil {
		return nil, err
	}
	return p.s, nil
}

type parser struct {
	s       *Script
	number  int
	pending []string // comments whose step is yet to come
	blank   bool     // an empty line stands before it
}

func (p *parser) line(line string) error {
	words := strings.Fields(line)
	switch {
	case len(words) == 0:
		if p.atTop() {
			p.toTop()
		}
		p.blank = true
		return nil
	case words[0][0] == '#':
		_, text, _ := strings.Cut(line, "#")
		p.pending = append(p.pending, strings.TrimPrefix(text, " "))
		return nil
	case line[0] == ' ' || line[0] == '\t':
		return p.expectation(words)
	case words[0] == "kernel" && (len(words) < 2 || words[1] != ">"):
		p.toEnd()
		k, err := parseKernel(words)
		p.s.Kernels = append(p.s.Kernels, k)
		return err
	case len(p.s.Kernels) > 0:
		return errors.New("a step after the recordings: \"kernel\" lines are the last")
	case len(words) > 1 && words[1] == ">":
	case words[0] == "settle":
		return p.settle(words)
	case words[0] == "peer":
		return p.peer(words)
	case words[0] == "limit":
		return p.limit(words)
	}
	step, err := parseStep(words)
	if err != nil {
		return err
	}
	step.Comment, p.pending = p.pending, nil
	step.Blank, p.blank = p.blank && len(p.s.Steps) > 0, false
	step.Line = p.number
	p.s.Steps = append(p.s.Steps, step)
	return nil
}

// atTop reports whether nothing but comments and directives came yet.
func (p *parser) atTop() bool { return len(p.s.Steps) == 0 && len(p.s.Kernels) == 0 }

func (p *parser) toTop() {
	p.s.Comment = append(p.s.Comment, p.pending...)
	p.pending = nil
}

// toEnd takes comments after the last step; where there is no step, they are about the script.
func (p *parser) toEnd() {
	if len(p.s.Steps) == 0 {
		p.toTop()
		return
	}
	p.s.Remarks = append(p.s.Remarks, p.pending...)
	p.pending = nil
}

func (p *parser) settle(words []string) error {
	if !p.atTop() {
		return errors.New("settle stands before the first step")
	}
	if len(words) != 2 {
		return errors.New("settle takes one duration: settle 60ms")
	}
	d, err := parseDuration(words[1])
	if err != nil {
		return err
	}
	p.toTop()
	p.s.Settle = d
	return nil
}

func (p *parser) peer(words []string) error {
	if !p.atTop() {
		return errors.New("peer stands before the first step")
	}
	if len(words) != 5 || words[3] != ">" {
		return errors.New("a peer is declared as: peer NAME ADDRESS:PORT > ADDRESS:PORT")
	}
	from, err := parseAddr(words[2])
	if err != nil {
		return err
	}
	to, err := parseAddr(words[4])
	if err != nil {
		return err
	}
	p.toTop()
	p.s.Peers = append(p.s.Peers, Peer{Name: words[1], From: from, To: to})
	return nil
}

func (p *parser) expectation(words []string) error {
	if len(p.s.Steps) == 0 {
		return errors.New("an indented line, an expectation, before the first step")
	}
	if len(p.s.Kernels) > 0 {
		return errors.New("an expectation after the recordings")
	}
	var e Expect
	if words[0][0] == '[' {
		text := strings.Join(words, " ")
		names, rest, ok := strings.Cut(text[1:], "]")
		if e.Kernels = strings.Fields(names); !ok || len(e.Kernels) == 0 {
			return fmt.Errorf("%q does not begin with kernels in brackets: [5.10.223 6.1.192]", text)
		}
		words = strings.Fields(rest)
	}
	if len(words) == 0 {
		return errors.New("kernels in brackets without an answer after them")
	}
	var err error
	if e.Answer, err = parseAnswer(words); err != nil {
		return err
	}
	step := &p.s.Steps[len(p.s.Steps)-1]
	step.Expect = append(step.Expect, e)
	return nil
}

// parseStep reads the line of a step.
func parseStep(words []string) (Step, error) {
	if len(words) > 1 && words[1] == ">" {
		seg, err := parseSegment(words[2:])
		return Step{Op: OpSegment, Flow: words[0], Segment: seg}, err
	}
	i := slices.Index(opNames[:], words[0])
	s := Step{Op: Op(max(i, 0))}
	takes := func(n int, form string) error {
		if len(words) != n+1 {
			return fmt.Errorf("%s is written as: %s %s", words[0], words[0], form)
		}
		return nil
	}
	var err error
	switch s.Op {
	case OpWait:
		if err = takes(1, "3s"); err == nil {
			s.Wait, err = parseDuration(words[1])
		}
	case OpSysctl:
		if len(words) < 3 {
			return s, errors.New("sysctl is written as: sysctl NAME VALUE")
		}
		s.Sysctl, s.Value = words[1], strings.Join(words[2:], " ")
	case OpSocket:
		if len(words) < 2 {
			return s, errors.New("socket is written as: socket NAME, then options")
		}
		s.Socket = words[1]
		s.Options, err = parseOptions(words[2:])
	case OpBind, OpConnect:
		if err = takes(2, "NAME ADDRESS:PORT"); err == nil {
			s.Socket = words[1]
			s.Addr, err = parseAddr(words[2])
		}
	case OpListen:
		if err = takes(2, "NAME BACKLOG"); err == nil {
			s.Socket = words[1]
			var n int64
			n, err = strconv.ParseInt(words[2], 10, 32)
			s.Backlog = int(n)
		}
	case OpAccept:
		if err = takes(2, "NAME LISTENER"); err == nil {
			s.Socket, s.Listener = words[1], words[2]
		}
	case OpFlood:
		s.Flood, err = parseFlood(words[1:])
	case OpCheck:
		if len(words) > 1 {
			err = errors.New("check takes nothing")
		}
	case OpShutdown, OpClose, OpAbort, OpRecv, OpError:
		if err = takes(1, "NAME"); err == nil {
			s.Socket = words[1]
		}
	default:
		return s, fmt.Errorf("%q is neither a step nor a directive", words[0])
	}
	return s, err
}

func parseOptions(words []string) (Options, error) {
	var o Options
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		var n *int
		switch word {
		case "reuseaddr":
			o.ReuseAddr = true
		case "reuseport":
			o.ReusePort = true
		case "bind_address_no_port":
			o.BindAddressNoPort = true
		case "ipv6":
			o.IPv6 = true
		case "v6only":
			o.IPv6, o.V6Only = true, true
		case "defer_accept":
			n = &o.DeferAccept
		case "syncnt":
			n = &o.SYNCount
		case "linger2":
			n = &o.Linger2
		case "port_range":
			if len(words) == 0 {
				return o, errors.New("port_range without its bounds")
			}
			if err := parsePortRange(words[0], &o); err != nil {
				return o, err
			}
			words = words[1:]
		default:
			return o, fmt.Errorf("%q is not a socket option", word)
		}
		if n == nil {
			continue
		}
		if len(words) == 0 {
			return o, fmt.Errorf("%s without its number", word)
		}
		v, err := strconv.ParseInt(words[0], 10, 32)
		if err != nil {
			return o, fmt.Errorf("%s: %q is not a number", word, words[0])
		}
		*n, words = int(v), words[1:]
	}
	return o, nil
}

func parsePortRange(word string, o *Options) error {
	low, high, ok := strings.Cut(word, "-")
	l, err := strconv.ParseUint(low, 10, 16)
	h, err2 := strconv.ParseUint(high, 10, 16)
	if !ok || err != nil || err2 != nil || l > h && h != 0 {
		return fmt.Errorf("port_range: %q is not two ports, the lower first: 40000-40003, and 0 for a bound that is not set", word)
	}
	o.RangeLow, o.RangeHigh = uint16(l), uint16(h)
	return nil
}

func parseSegment(words []string) (Segment, error) {
	var s Segment
	if len(words) == 0 {
		return s, errors.New("a segment without flags: p1 > SYN seq 0")
	}
	flags, err := parseFlags(words[0])
	if err != nil {
		return s, err
	}
	s.Flags = flags
	words = words[1:]
	next := func() string { // "" fails every number
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	seen := make(map[string]bool)
	for len(words) > 0 && err == nil {
		word := next()
		if seen[word] {
			return s, fmt.Errorf("%s stands twice", word)
		}
		seen[word] = true
		var n uint64
		switch word {
		case "seq":
			s.Seq, err = parseNumber(next())
			if err == nil && s.Seq.Base == FromOld {
				err = errors.New("seq: only the host has old numbers")
			}
		case "ack":
			s.Ack, err = parseNumber(next())
		case "len":
			n, err = strconv.ParseUint(next(), 10, 16)
			s.Len = uint32(n)
		case "win":
			n, err = strconv.ParseUint(next(), 10, 16)
			s.Window, s.ZeroWindow = uint32(n), n == 0
		case "ts":
			n, err = strconv.ParseUint(next(), 10, 32)
			if s.Timestamp, s.TSVal = true, uint32(n); err == nil {
				s.TSEcr, err = parseEcho(next())
			}
		case "mss":
			n, err = strconv.ParseUint(next(), 10, 16)
			if s.MSS = uint16(n); err == nil && n == 0 {
				err = errors.New("mss 0: leave the option out instead")
			}
		case "wscale":
			n, err = strconv.ParseUint(next(), 10, 8)
			if s.WindowScale = uint8(n) + 1; err == nil && n > 14 {
				err = fmt.Errorf("wscale %d is above 14", n)
			}
		case "sack":
			s.SACK = true
		default:
			return s, fmt.Errorf("%q is not a field of a segment: seq ack len win ts mss wscale sack", word)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", word, err)
		}
	}
	switch {
	case err != nil:
	case !seen["seq"]:
		err = errors.New("a segment without seq")
	case s.Flags&host.FlagACK != 0 != seen["ack"]:
		err = errors.New("a segment has ack if it has the flag ACK, and only then")
	case s.Flags&host.FlagSYN == 0 && (seen["mss"] || seen["wscale"] || seen["sack"]):
		err = errors.New("mss, wscale and sack without SYN")
	}
	return s, err
}

func parseFlags(text string) (host.Flags, error) {
	if text == host.Flags(0).String() {
		return 0, nil
	}
	var flags host.Flags
	for name := range strings.SplitSeq(text, "|") {
		found := false
		for f := host.FlagFIN; f <= host.FlagACK; f <<= 1 {
			if f.String() == name {
				flags, found = flags|f, true
			}
		}
		if !found {
			return 0, fmt.Errorf("%q is not among the flags SYN FIN RST PSH ACK, joined by |", name)
		}
	}
	return flags, nil
}

func parseNumber(text string) (Number, error) {
	if abs, ok := strings.CutPrefix(text, "="); ok {
		n, err := strconv.ParseUint(abs, 10, 32)
		return Number{FromZero, int32(uint32(n))}, err
	}
	if rest, ok := strings.CutPrefix(text, "old"); ok {
		n, err := parseOffset(rest)
		return Number{FromOld, n}, err
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return Number{FromISN, int32(n)}, err
}

func parseEcho(text string) (Echo, error) {
	if rest, ok := strings.CutPrefix(text, "last"); ok {
		n, err := parseOffset(rest)
		return Echo{Last: true, N: n}, err
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return Echo{N: int32(uint32(n))}, err
}

// parseOffset reads what offset writes.
func parseOffset(text string) (int32, error) {
	if text == "" {
		return 0, nil
	}
	if text[0] != '+' && text[0] != '-' {
		return 0, fmt.Errorf("%q has no sign", text)
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return int32(n), err
}

// parseAddr reads ADDRESS:PORT; without an address it is the host's.
func parseAddr(text string) (netip.AddrPort, error) {
	if strings.HasPrefix(text, ":") {
		text = HostAddr.String() + text
	}
	a, err := netip.ParseAddrPort(text)
	switch {
	case err != nil:
		return a, fmt.Errorf("%q is not ADDRESS:PORT", text)
	case a.Addr().Zone() != "" || a.Addr().Is4In6():
		return a, fmt.Errorf("%s: an address has no zone, and what is ::ffff:10.0.0.1 to a socket of IPv6 is written 10.0.0.1", text)
	}
	return a, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > longest {
		return 0, fmt.Errorf("%q is not a duration from 0s to %s", text, longest)
	}
	return d, nil
}

// parseOffsetTime reads how far one clock is from another.
func parseOffsetTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d.Abs() > longest {
		return 0, fmt.Errorf("monotonic %q is not a duration from -%s to %s", text, longest, longest)
	}
	return d, nil
}

func parseKernel(words []string) (Kernel, error) {
	var k Kernel
	if len(words) < 2 {
		return k, errors.New("a kernel is written as: kernel NAME hz HZ at SECONDS, then the MILLISECONDS that each step took")
	}
	k.Name = words[1]
	words = words[2:]
	if len(words) > 1 && words[0] == "hz" {
		n, err := strconv.ParseUint(words[1], 10, 16)
		if err != nil || n == 0 {
			return k, fmt.Errorf("hz %q is not a number from 1 to 65535", words[1])
		}
		k.HZ, words = int(n), words[2:]
	}
	if len(words) > 1 && words[0] == "ehash" {
		n, err := strconv.ParseUint(words[1], 10, 31)
		if err != nil || n == 0 || n&(n-1) != 0 {
			return k, fmt.Errorf("ehash %q is not a power of two below 2^31", words[1])
		}
		k.EHash, words = n, words[2:]
	}
	if len(words) > 1 && words[0] == "cpus" {
		n, err := strconv.ParseUint(words[1], 10, 16)
		if err != nil || n == 0 {
			return k, fmt.Errorf("cpus %q is not a number from 1 to 65535", words[1])
		}
		k.CPUs, words = int(n), words[2:]
	}
	if len(words) > 1 && words[0] == "monotonic" {
		d, err := parseOffsetTime(words[1])
		if err != nil {
			return k, err
		}
		k.Monotonic, words = d, words[2:]
	}
	if len(words) > 1 && words[0] == "wall" {
		d, err := parseSeconds(words[1])
		if err != nil {
			return k, fmt.Errorf("wall: %w", err)
		}
		k.Wall, words = d, words[2:]
	}
	if len(words) > 0 && words[0] == "partly" {
		k.Partly, words = true, words[1:]
	}
	if len(words) == 0 {
		return k, nil
	}
	if words[0] != "at" {
		return k, fmt.Errorf("%q where hz, ehash, cpus, monotonic, wall, partly or at is due", words[0])
	}
	if len(words) < 2 {
		return k, errors.New("at without the time of the first step")
	}
	at, err := parseSeconds(words[1])
	if err != nil {
		return k, err
	}
	at = at.Truncate(resolution)
	for _, word := range words[2:] {
		length, gap, gaps := strings.Cut(word, "+")
		d, err := parseSeconds(length)
		if err != nil {
			return k, err
		}
		k.At = append(k.At, at)
		at += (d / 1000).Truncate(resolution)
		k.End = append(k.End, at)
		if gaps {
			if d, err = parseSeconds(gap); err != nil {
				return k, err
			}
			at += (d / 1000).Truncate(resolution)
		}
	}
	return k, nil
}
