package portalloc

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// Places returns in how many places a kernel keeps how far connect() has come: 1, from
// 5.12 on 256, from 5.18 on (and late 5.15.y, 5.10.y) 65536. From 6.1 on it is a build
// option (CONFIG_INET_TABLE_PERTURB_ORDER), 65536 unless set otherwise.
//
// Evidence: from source.
func Places(sem *kernel.Semantics) int {
	switch given.Kernel(sem).PortOffsets {
	case kernel.PortOffsets256:
		return 256
	case kernel.PortOffsets65536:
		return 65536
	}
	return 1
}

// StartSum tells where connect() begins, given the hash of its addresses and
// destination port ([Key.Hash]): at which place it finds how far connect() has come, and
// which number is added to that, in 32 bits.
//
// Evidence: from source; that the sum moves by the advance observed on 3.10.108,
// 5.10.223, 6.18.44.
func StartSum(sem *kernel.Semantics, hash uint64) (place int, add uint32) {
	switch given.Kernel(sem).PortOffsets {
	case kernel.PortOffsets256:
		return int(uint32(hash) * 0x61c88647 >> 24), uint32(hash) // hash_32
	case kernel.PortOffsets65536:
		return int(hash & 0xffff), uint32(hash >> 32)
	}
	return 0, uint32(hash)
}

// Advance returns how far a search that succeeded with candidate k of its pass (from 0)
// moves the place, given its step ([Search].Step). draw is called for a random number if
// the kernel draws one.
//
//   - To 4.1: k + 1. So ports to one destination go up by one, and each connection
//     elsewhere leaves a gap of one.
//   - 4.2 to 4.5: k + 2, bit 0 cleared.
//   - 4.6 to 5.11: 2k + 2.
//   - 5.12 to 5.17: the same, but in one of 16 cases 4 if k is 0.
//   - From 5.18 on: at least the step times 1 to 8 at random: 2 to 16, 9 on average.
//
// Evidence: observed on 2.6.32.67, 3.10.108, 4.4.155, 4.9.154, 4.19.78, 5.10.223,
// 6.1.192, 6.12.107, 6.18.44, 7.2.13; 5.12 to 5.17 from source.
func Advance(sem *kernel.Semantics, k, step int, draw func() uint32) uint32 {
	sem = given.Kernel(sem)
	switch sem.PortSearch {
	case kernel.PortSearchNext:
		return uint32(k) + 1
	case kernel.PortSearchEven:
		return (uint32(k) + 2) &^ 1
	}
	i := k * step
	switch sem.PortOffsets {
	case kernel.PortOffsets256:
		if i == 0 && draw()%16 == 0 {
			i = 2
		}
	case kernel.PortOffsets65536:
		i = max(i, step*int(draw()%8))
	}
	return uint32(i + step)
}

// Stride returns the random step width, in candidates, of a search of n candidates a
// pass under net.ipv4.ip_local_port_step_width = width (from 7.1 on): 1 to width, and
// with no divisor in common with n, so that every candidate is met once. 1 if the width
// is 0. draw is called once if it is not.
//
// Evidence: from source.
func Stride(width, n int, draw func() uint32) int {
	if width <= 0 || n < 1 {
		return 1
	}
	most := min(n, width)
	s := int(draw()%uint32(most)) + 1
	for gcd(s, n) != 1 {
		s++
		if s > most {
			return 1
		}
	}
	return s
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// HashEpoch returns the number of the time span in which the hash stays the same: 300 s
// long to 3.0, where the kernel makes a new key then; without end from 3.1 to 5.17
// (always 0); 10 s of jiffies from 5.18 on.
//
// Evidence: from source.
func HashEpoch(sem *kernel.Semantics, clock kernel.Clock, now time.Duration) uint64 {
	switch given.Kernel(sem).PortHash {
	case kernel.PortHashRekeyed:
		return uint64(max(now, 0) / (300 * time.Second))
	case kernel.PortHashSipTime:
		return clock.Jiffies(now) / uint64(10*clock.HZ())
	}
	return 0
}

// A Key is the secret of a kernel: of its hash of addresses and destination port, and of
// what its table begins with.
type Key [16]byte

// Hash returns the hash of a connection's addresses and destination port from which
// connect() begins, in the time span epoch. The local port has no part in it.
//
// It stands for the kernel's half MD4, MD5 or SipHash under a secret that nobody sees:
// what counts is that equal input gives equal numbers, and other input unrelated ones.
// This one is SipHash-2-4 in every release, so a port sequence here is one of those that
// a kernel may show, and not that of a given machine.
func (k Key) Hash(src netip.Addr, dst netip.AddrPort, epoch uint64) uint64 {
	a, b := src.Unmap().As16(), dst.Addr().Unmap().As16()
	be := binary.BigEndian
	return k.sip(be.Uint64(a[:]), be.Uint64(a[8:]), be.Uint64(b[:]), be.Uint64(b[8:]), uint64(dst.Port()), epoch)
}

// first is what a place of the table begins with.
func (k Key) first(place int) uint32 { return uint32(k.sip(uint64(place), 1)) }

// sip is SipHash-2-4 over whole words.
func (k Key) sip(words ...uint64) uint64 {
	k0, k1 := binary.LittleEndian.Uint64(k[:]), binary.LittleEndian.Uint64(k[8:])
	v := [4]uint64{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	for _, w := range words {
		v[3] ^= w
		sipRound(&v)
		sipRound(&v)
		v[0] ^= w
	}
	end := uint64(len(words)*8) << 56
	v[3] ^= end
	sipRound(&v)
	sipRound(&v)
	v[0] ^= end
	v[2] ^= 0xff
	for range 4 {
		sipRound(&v)
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3]
}

func sipRound(v *[4]uint64) {
	v[0] += v[1]
	v[2] += v[3]
	v[1] = bits.RotateLeft64(v[1], 13) ^ v[0]
	v[3] = bits.RotateLeft64(v[3], 16) ^ v[2]
	v[0] = bits.RotateLeft64(v[0], 32)
	v[2] += v[1]
	v[0] += v[3]
	v[1] = bits.RotateLeft64(v[1], 17) ^ v[2]
	v[3] = bits.RotateLeft64(v[3], 21) ^ v[0]
	v[2] = bits.RotateLeft64(v[2], 32)
}
