package suite

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() {
	groups["pawsestab"] = func() []Case { return append(pawsEstablished(), pawsSYNSent()...) }
	groups["pawsidle"] = pawsIdle
	groups["twsysctl"] = twSysctls
}

// pawsEstablished: one segment to an established connection, by timestamp.
func pawsEstablished() []Case {
	var cs []Case
	kinds := []probe{
		{flags: wire.ACK | wire.PSH, n: 10}, {flags: wire.ACK | wire.PSH, n: 10, dseq: -5}, {flags: wire.ACK | wire.PSH, n: 10, dseq: 20}, {flags: wire.ACK}, {flags: wire.ACK, dseq: -1}, {flags: wire.ACK, dseq: 1},
		{flags: wire.RST}, {flags: wire.RST, dseq: 1}, {flags: wire.RST, dseq: -1}, {flags: wire.RST | wire.ACK}, {flags: wire.SYN}, {flags: wire.SYN, dseq: 1000}, {flags: wire.SYN | wire.ACK}, {flags: wire.FIN | wire.ACK}, {flags: wire.FIN | wire.ACK, dseq: -1}, {flags: 0},
	}
	for _, first := range []uint32{firstTS, 0, 1} {
		for _, b := range kinds {
			in := M{"flags": wire.FlagNames(b.flags), "len": b.n, "dseq": b.dseq, "firstTSVal": first, "acked": true}
			list := []int64{-1 << 31, -1000000, -2, -1, 0, 1, 1<<31 - 1}
			in["dts"] = append([]any{"absent"}, anys(list)...)
			cs = append(cs, Case{Exp: "paws-estab", In: in, Run: func(l *lab.Lab) M { return stampRows(l, b, first, append([]int64{absent}, list...), nil) }})
		}
	}
	// A disordered ACK is let through for as long as a retransmission takes.
	list := []int64{-1, -2, -100, -199, -200, -203, -204, -205, -206, -210, -220, -238, -239, -240, -241, -242, -243, -244, -245, -246, -247, -248, -250, -260, -300, -1000}
	for _, v := range []struct {
		what string
		edit func(*conn, *wire.Segment)
	}{
		{"same window", nil}, {"larger window", func(_ *conn, s *wire.Segment) { s.Window += 100 }}, {"smaller window", func(_ *conn, s *wire.Segment) { s.Window -= 100 }},
		{"old ack", func(_ *conn, s *wire.Segment) { s.Ack-- }}, {"ack of unsent data", func(_ *conn, s *wire.Segment) { s.Ack++ }},
	} {
		in := M{"flags": "ACK", "len": 0, "dseq": 0, "firstTSVal": firstTS, "variant": v.what, "dts": list}
		cs = append(cs, Case{Exp: "paws-disordered", In: in, Run: func(l *lab.Lab) M { return stampRows(l, probe{flags: wire.ACK}, firstTS, list, v.edit) }})
	}
	return cs
}

// pawsIdle: an old timestamp after a silence.
func pawsIdle() []Case {
	var cs []Case
	for _, b := range []probe{{flags: wire.RST}, {flags: wire.ACK | wire.PSH, n: 10}} {
		for _, silent := range []int{59, 61, 2140, 2155} {
			in := M{"flags": wire.FlagNames(b.flags), "len": b.n, "silentSeconds": silent, "dts": -2}
			cs = append(cs, Case{Exp: "paws-idle", In: in, Idle: true, Run: func(l *lab.Lab) M {
				s := l.Listen(port, 64)
				c := dial(l, s, 0, true)
				defer c.close()
				l.Wait(time.Duration(silent) * time.Second)
				return stampRow(l, c, probe{flags: b.flags, n: b.n, ts: true, dts: -2}, nil)
			}})
		}
	}
	return cs
}

// absent stands for a segment without timestamp.
const absent = 1 << 40

func anys(list []int64) (out []any) {
	for _, v := range list {
		out = append(out, v)
	}
	return out
}

func stampRows(l *lab.Lab, b probe, first uint32, list []int64, edit func(*conn, *wire.Segment)) M {
	s := l.Listen(port, 64)
	rows := []M{}
	for i, dts := range list {
		c := dialTS(l, s, i, true, first)
		b.ts, b.dts = dts != absent, dts
		row := stampRow(l, c, b, edit)
		row["dts"] = dts
		if dts == absent {
			row["dts"] = "absent"
		}
		rows = append(rows, row)
		c.close()
		l.Exchange(c.Segment(wire.RST))
		l.Wait(time.Millisecond)
	}
	return M{"rows": rows}
}

func stampRow(l *lab.Lab, c *conn, b probe, edit func(*conn, *wire.Segment)) M {
	row := M{"rtoUs": rto(c.fd)}
	seg := c.probe(b)
	if edit != nil {
		edit(c, &seg)
	}
	before := l.Read()
	row["answers"] = c.answers(c.own(l.Exchange(seg)))
	row["counters"], row["state"] = l.Since(before), c.entry().State
	n, err := unix.Read(c.fd, make([]byte, 100))
	row["read"] = n
	if err != nil {
		row["read"] = num(err)
	}
	// What the server sends next tells ts_recent.
	if _, err := unix.Write(c.fd, []byte{0}); err == nil {
		for _, g := range c.own(settle(l)) {
			if g.TS && len(g.Data) > 0 {
				row["tsRecentAfter"] = fmt.Sprintf("first%+d", int32(g.TSEcr-c.TSVal))
			}
		}
	}
	return row
}

// rto is tcpi_rto.
func rto(fd int) uint32 {
	var b [104]byte
	n := uint32(len(b))
	unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP, unix.TCP_INFO, uintptr(unsafe.Pointer(&b)), uintptr(unsafe.Pointer(&n)), 0)
	return binary.NativeEndian.Uint32(b[8:])
}

// pawsSYNSent: a SYN-ACK that echoes a timestamp that was not sent.
func pawsSYNSent() []Case {
	var cs []Case
	for _, d := range []int64{0, -1, 1, -1000, 1000, 1 << 30} {
		cs = append(cs, Case{Exp: "paws-synsent", In: M{"tsecrMinusSent": d}, Run: func(l *lab.Lab) M {
			fd, syn, _ := connect(l, nil)
			defer unix.Close(fd)
			p := l.Peer(remote, 443, int(syn.SPort))
			p.TS, p.TSVal, p.TSEcr, p.Ack = true, firstTS, syn.TSVal+uint32(d), syn.Seq+1
			s := p.Segment(wire.SYN | wire.ACK)
			s.MSS = 1460
			before := l.Read()
			out := M{"answers": (&conn{p, l, -1, 0}).answers(l.Exchange(s))}
			out["counters"], out["states"] = l.Since(before), l.States(int(syn.SPort))
			return out
		}})
	}
	return cs
}

// twSysctls: what the sysctls of closing are and take.
func twSysctls() []Case {
	names := []string{
		"net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_tw_reuse_delay", "net.ipv4.tcp_tw_recycle",
		"net.ipv4.tcp_rfc1337", "net.ipv4.tcp_invalid_ratelimit", "net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_max_orphans",
	}
	cs := []Case{{Exp: "defaults", Init: true, Run: defaults}, {Exp: "defaults-netns", Run: defaults}}
	for _, name := range names {
		cs = append(cs, Case{Exp: "sysctl", In: M{"name": name}, Run: func(l *lab.Lab) M { return accepts(l, name) }})
	}
	for _, v := range []int{1, 200, 59999, 60000, 60001} {
		cs = append(cs, Case{Exp: "sysctl-set", In: M{"name": "net.ipv4.tcp_tw_reuse_delay", "value": v}, Run: func(l *lab.Lab) M {
			err := l.Set("net.ipv4.tcp_tw_reuse_delay", v)
			return M{"set": num(err), "reads": l.Sysctl("net.ipv4.tcp_tw_reuse_delay")}
		}})
	}
	return cs
}
