package main

import (
	"fmt"

	"example.com/linuxtcp/conformance/wire"
)

// packets are those of a volley, for stacks that take them from a wire.
type packets struct {
	out      [volley][]byte
	from     int            // the number of its first peer
	answered []wire.Segment // the SYN-ACKs
}

func packet(s wire.Segment) []byte {
	s.Dst, s.DPort, s.Window = source.As4(), 80, synWindow
	return s.Marshal()
}

// ready makes the SYNs.
func (v *packets) ready(from int) {
	v.from, v.answered = from, v.answered[:0]
	for i := range v.out {
		p := peer(from + i)
		v.out[i] = packet(wire.Segment{Src: p.Addr().As4(), SPort: p.Port(), Seq: uint32(from + i), Flags: wire.SYN, MSS: 1460})
	}
}

// take keeps an answer to a SYN of the volley. Others are those that a timer sent again to who came earlier.
func (v *packets) take(b []byte) error {
	s, err := wire.Parse(b)
	if err != nil {
		return err
	}
	if n := int(s.Ack - 1); n < v.from || n >= v.from+volley {
		return nil
	}
	if !s.Is(wire.SYN | wire.ACK) {
		return fmt.Errorf("not a SYN-ACK but %s", wire.FlagNames(s.Flags))
	}
	v.answered = append(v.answered, s)
	return nil
}

// all tells whether every SYN was answered.
func (v *packets) all() error {
	if len(v.answered) != volley {
		return fmt.Errorf("%d of %d SYNs were answered", len(v.answered), volley)
	}
	return nil
}

// none tells whether no SYN was.
func (v *packets) none() error {
	if len(v.answered) != 0 {
		return fmt.Errorf("%d of %d SYNs were answered", len(v.answered), volley)
	}
	return nil
}

// acks makes the final ACKs of the first who were answered.
func (v *packets) acks(first int) {
	clear(v.out[:])
	for i, s := range v.answered[:first] {
		v.out[i] = packet(wire.Segment{Src: s.Dst, SPort: s.DPort, Seq: s.Ack, Ack: s.Seq + 1, Flags: wire.ACK})
	}
}

// resets makes RSTs of all who were answered.
func (v *packets) resets() {
	clear(v.out[:])
	for i, s := range v.answered {
		v.out[i] = packet(wire.Segment{Src: s.Dst, SPort: s.DPort, Seq: s.Ack, Flags: wire.RST})
	}
}

// A stackOnWire exchanges a volley of packets.
type stackOnWire interface {
	send() error    // what is in packets.out
	receive() error // what answers it
	syn(k admission) error
}

// fill fills the queue of a listener: for cookie that of SYNs, for dropped the accept queue.
func fill(s stackOnWire, v *packets, k admission) error {
	volleys := map[admission]int{cookie: 2 * halfOpen / volley, dropped: 1}[k]
	for i := range volleys {
		v.ready(peers + i*volley)
		if err := s.send(); err != nil {
			return err
		}
		if err := s.receive(); err != nil {
			return err
		}
	}
	if k != dropped {
		return nil
	}
	v.acks(shallow + 1)
	return s.send()
}
