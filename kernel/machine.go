package kernel

import (
	"errors"
	"fmt"
	"math/bits"
)

// A Machine is what some sysctls follow when the kernel starts: how much memory
// there is, and so how large the kernel made its table of established connections.
// The zero Machine tells nothing, and [Defaults] refuses it.
type Machine struct {
	// MemoryBytes is the memory that the kernel manages, in bytes; on 32-bit kernels
	// the low memory only. MemTotal of /proc/meminfo is a little less, which matters
	// only beside a power of two. It is not looked at where EHashBuckets is set.
	MemoryBytes uint64
	// EHashBuckets is the number of buckets of the table of established connections:
	// a power of two, which the kernel logs at boot ("TCP established hash table
	// entries: 262144"), or the thash_entries parameter sets, or, since 6.1,
	// net.ipv4.tcp_child_ehash_entries for a network namespace. 0 derives it from
	// memory.
	EHashBuckets uint64
}

// maxEHash is the most buckets that the kernel makes by itself.
const maxEHash = 512 * 1024

// EstablishedBuckets returns the number of buckets of the table of established
// connections: EHashBuckets if it is set; else memory divided by 128 KiB (before
// 3.8 by 8 KiB, or by 32 KiB below 512 MiB: Semantics.EHashShift), rounded up to a
// power of two, and at most 524288.
//
// From source (alloc_large_system_hash); observed: 4096 buckets on 512 MiB
// (3.10.108, 5.10.223) and 262144 on 24 GiB (6.18.44). A kernel makes no table
// smaller than a page; that many buckets are too few for any default here to show it.
func (m Machine) EstablishedBuckets(sem Semantics) uint64 {
	if m.EHashBuckets != 0 {
		return m.EHashBuckets
	}
	shift := sem.EHashShift
	if shift == 13 && m.MemoryBytes < 512<<20 {
		shift = 15
	}
	n := max(m.MemoryBytes>>shift, 1)
	return min(uint64(1)<<bits.Len64(n-1), maxEHash)
}

// check refuses machines that no default can be derived from.
func (m Machine) check() error {
	switch {
	case m.EHashBuckets&(m.EHashBuckets-1) != 0:
		return fmt.Errorf("kernel: %d buckets of the established hash are not a power of two", m.EHashBuckets)
	case m.EHashBuckets > 1<<31:
		return fmt.Errorf("kernel: %d buckets of the established hash are more than 2147483648, the most a kernel can count", m.EHashBuckets)
	case m.EHashBuckets == 0 && m.MemoryBytes == 0:
		return errors.New("kernel: a Machine needs MemoryBytes or EHashBuckets: tcp_max_syn_backlog starts at a value that follows them")
	}
	return nil
}

// defaultMaxSynBacklog is what tcp_max_syn_backlog starts as: 128 or a fraction of
// the established hash, whichever is more (tcp_init, since 5.4 tcp_sk_init).
func defaultMaxSynBacklog(sem Semantics, m Machine) int {
	if m.check() != nil {
		return 0
	}
	buckets := m.EstablishedBuckets(sem)
	if sem.MaxSYNBacklogDivisor == 0 {
		return maxSynBacklogByBindHash(buckets)
	}
	return max(128, int(buckets/uint64(sem.MaxSYNBacklogDivisor)))
}

// maxSynBacklogByBindHash is the rule to 2.6.35 (tcp_init; from source): it goes
// by the pages of the bind hash, which is as large as the established hash, with
// 16 bytes a bucket and at most 65536 of them.
func maxSynBacklogByBindHash(established uint64) int {
	pages := min(established, 65536) * 16 / 4096
	switch {
	case pages > 8: // order 4 and more
		return 1024
	case pages > 4: // order 3: the value compiled in
		return 256
	}
	return 128
}

// defaultMaxTWBuckets is what tcp_max_tw_buckets starts as: half the established
// hash, and to 2.6.35 a number that follows the pages of the bind hash (tcp_init,
// later tcp_sk_init; from source).
func defaultMaxTWBuckets(sem Semantics, m Machine) int {
	if m.check() != nil {
		return 0
	}
	buckets := m.EstablishedBuckets(sem)
	if sem.MaxTWBucketsByEHash {
		return int(buckets / 2)
	}
	pages := min(buckets, 65536) * 16 / 4096
	switch {
	case pages > 8: // order 4 and more
		return 180000
	case pages > 4:
		return 16384
	case pages > 2:
		return 16384 >> 1
	case pages > 1:
		return 16384 >> 2
	}
	return 16384 >> 3
}
