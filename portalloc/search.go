package portalloc

import (
	"iter"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// A Search is the order in which one call tries ports: the plan of connect() or of one
// scan of bind(). All numbers are known before the first port is looked at. The zero
// Search has no candidates.
type Search struct {
	// Low and High are the bounds, both included.
	Low, High int
	// Offsets is where each pass begins, counted from Low. On kernels to 4.5 the first
	// may be any 32-bit number, and sums wrap at 2^32.
	Offsets [2]uint32
	// Modulus is what positions wrap by: the number of ports, made even where parity
	// counts.
	Modulus uint32
	// Step is 2 where parity counts, and 1 where not. Stride is how far the next
	// candidate is: Step, or a multiple of it under ip_local_port_step_width.
	Step, Stride int
	// Passes is 1, or 2 for one parity after the other.
	Passes int
}

// ConnectSearch returns the order in which connect() tries the ports of the range r
// (__inet_hash_connect). sum is where it begins: what is kept of earlier calls plus the
// hash ([StartSum]). narrowed says that the socket has IP_LOCAL_PORT_RANGE set; stride
// is [Stride]'s, 1 without ip_local_port_step_width.
//
//   - To 4.1: all ports upwards from Low + (sum+1) mod R, and round.
//   - 4.2 to 4.5: the same from sum with bit 0 cleared, so that with an even R the
//     parity of Low comes first in each call, but not after it.
//   - From 4.6 on: M is R made even. All ports at the even offset sum mod M, bit 0
//     cleared, and every second from there, then those one above. With an odd R one port
//     is left out: High if the offset is 0, else Low.
//   - From 6.8 on, narrowed: all ports upwards from Low + sum mod R.
//
// sum is a 32-bit number and wraps: on kernels to 4.5 the order jumps where it does.
//
// Evidence: observed on 3.10.108, 5.10.223, 6.18.44 and others; 6.8 from source.
func ConnectSearch(sem *kernel.Semantics, r kernel.PortRange, narrowed bool, sum uint32, stride int) Search {
	sem = given.Kernel(sem)
	size := uint32(max(r.Size(), 1))
	s := Search{Low: r.Low, High: r.High, Modulus: size, Step: 1, Stride: 1, Passes: 1}
	switch {
	case sem.PortSearch == kernel.PortSearchNext:
		s.Offsets[0] = sum + 1
		return s
	case sem.PortSearch == kernel.PortSearchEven:
		s.Offsets[0] = sum &^ 1
		return s
	case narrowed && sem.PortRangeOptionNoParity:
		s.Offsets[0] = sum % size
		s.Stride = max(stride, 1)
		return s
	}
	s.Step = 2
	if size > 1 {
		s.Modulus &^= 1
		s.Passes = 2
	}
	s.Stride = s.Step * max(stride, 1)
	s.Offsets[0] = sum % s.Modulus &^ 1
	s.Offsets[1] = s.Offsets[0] + 1
	return s
}

// BindSearch returns the order in which one scan of bind() to port 0 tries the ports of
// r, which is the range or a half of it ([BindScan]); draw is a random number
// (inet_csk_get_port).
//
//   - To 4.5: all ports upwards from Low + draw mod R, and round.
//   - From 4.6 on: M is R made even. All ports at the odd offset (draw mod M) with bit 0
//     set, and every second from there, then those one below. So what connect() tries
//     first comes last here.
//
// Evidence: observed on 3.10.108, 5.10.223, 6.18.44 and others.
func BindSearch(sem *kernel.Semantics, r kernel.PortRange, draw uint32) Search {
	size := uint32(max(r.Size(), 1))
	s := Search{Low: r.Low, High: r.High, Modulus: size, Step: 1, Stride: 1, Passes: 1}
	if !given.Kernel(sem).BindOddFirst {
		s.Offsets[0] = draw % size
		return s
	}
	if size > 1 {
		s.Modulus &^= 1
	}
	s.Step, s.Stride, s.Passes = 2, 2, 2
	s.Offsets[0] = draw%s.Modulus | 1
	s.Offsets[1] = s.Offsets[0] - 1
	return s
}

// BindScan returns the part of the range r that a scan of bind() to port 0 goes
// through. half is 0 for a socket without SO_REUSEADDR, and 1 and 2 for its first and
// second scan with it: the lower and the upper half from 4.2 on.
//
//   - 4.2 to 4.5: Low to the middle, then the middle to High: the middle twice.
//   - From 4.6 on: an even number of ports, then the rest; a range below 4 ports is not
//     halved.
//
// last reports whether this is the last scan.
//
// Evidence: observed on 5.10.223 and 6.18.44; others from source.
func BindScan(sem *kernel.Semantics, r kernel.PortRange, half int) (part kernel.PortRange, last bool) {
	sem = given.Kernel(sem)
	if half == 0 || !sem.BindHalves || sem.BindOddFirst && r.Size() < 4 {
		return r, true
	}
	lower, upper := r, r
	if sem.BindOddFirst {
		upper.Low = r.Low + r.Size()>>2<<1
		lower.High = upper.Low - 1
	} else {
		lower.High = r.Low + (r.High-r.Low)>>1
		upper.Low = lower.High
	}
	if half == 1 {
		return lower, false
	}
	return upper, true
}

// perPass is the number of candidates in a pass.
func (s *Search) perPass() int { return max(s.steps(int(s.Modulus)), 1) }

// steps is n / Step.
func (s *Search) steps(n int) int { return n >> max(s.Step-1, 0) }

// Len returns how many candidates there are: what a search that fails examines.
func (s *Search) Len() int { return s.Passes * s.perPass() }

// Port returns the candidate of number i, from 0 to Len-1; 0 for any other.
func (s *Search) Port(i int) int {
	n := s.perPass()
	if i < 0 || i >= s.Len() || i/n >= len(s.Offsets) || s.Modulus == 0 {
		return 0
	}
	return s.Low + int(s.position(s.Offsets[i/n], uint32(i%n)))
}

// position is candidate k of a pass that begins at offset o, counted from Low.
func (s *Search) position(o, k uint32) uint32 {
	if k == 0 && o < s.Modulus {
		return o
	}
	x := (o + k*uint32(s.Stride)) % s.Modulus // in 32 bits, as the kernel has it
	if x == 0 && s.Step == 2 && int(s.Modulus) <= s.High-s.Low {
		return s.Modulus // the kernel goes back only beyond High
	}
	return x
}

// All yields the candidates in order, with their numbers.
func (s *Search) All() iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i := range s.Len() {
			if !yield(i, s.Port(i)) {
				return
			}
		}
	}
}
