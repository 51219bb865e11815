package queue

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// CookieOptions are the options of a SYN that a cookie remembers in the low bits of
// the SYN-ACK's timestamp, from where the client's ACK brings them back. Without
// timestamps a connection that came by a cookie has no window scaling, no SACK and
// no ECN.
type CookieOptions struct {
	// WindowScale is the client's shift plus one, 0 without the option. Kernels
	// before 2.6.36 cannot tell a shift of 0 from an absent option.
	WindowScale uint8
	SACK        bool // the client takes selective acknowledgements
	ECN         bool // lost before 2.6.36
}

// CookieTimestamp returns the timestamp of a cookie SYN-ACK that carries o:
// the clock, with its low 6 bits (9 before 2.6.36) taken by the options and the
// rest stepped back where it would otherwise lie in the future
// (cookie_init_timestamp). Of the 9 bits four are the shift of the kernel's own
// window, which is not modelled and left 0. Evidence: from source.
func CookieTimestamp(sem *kernel.Semantics, clock uint32, o CookieOptions) uint32 {
	sem = given.Kernel(sem)
	bits := sem.CookieTSBits
	mask := uint32(1)<<bits - 1
	v := o.encode(bits)
	ts := clock&^mask | v
	if ts > clock {
		ts = (clock>>bits-1)<<bits | v
	}
	return ts
}

func (o CookieOptions) encode(bits int) uint32 {
	var v uint32
	if bits == 9 {
		if o.WindowScale > 0 {
			v = uint32(o.WindowScale-1) & 15
		}
		if o.SACK {
			v |= 1 << 8
		}
		return v
	}
	v = uint32(o.WindowScale-1) & 15 // none is 15
	if o.SACK {
		v |= 1 << 4
	}
	if o.ECN {
		v |= 1 << 5
	}
	return v
}

// CookieOptionsFrom reads the options back from the timestamp echo of a cookie's
// ACK. ok is false if they claim SACK or window scaling while tcp_sack or
// tcp_window_scaling forbids it: such an ACK gets a RST (cookie_timestamp_decode,
// from 2.6.36 on). Evidence: from source.
func CookieOptionsFrom(sem *kernel.Semantics, sys *kernel.Sysctls, tsecr uint32) (o CookieOptions, ok bool) {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	if sem.CookieTSBits == 9 {
		o.SACK = tsecr>>8&1 != 0
		if shift := uint8(tsecr & 15); shift != 0 {
			o.WindowScale = shift + 1
		}
		return o, true
	}
	o.SACK = tsecr>>4&1 != 0
	o.ECN = tsecr>>5&1 != 0
	if o.SACK && sys.TCPSack == 0 {
		return o, false
	}
	if shift := uint8(tsecr & 15); shift != 15 {
		o.WindowScale = shift + 1
		return o, sys.TCPWindowScaling != 0
	}
	return o, true
}
