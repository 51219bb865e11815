package paws

// An entry is what stands beside a host's address in a table: 16 bytes.
type entry struct {
	ts    uint32
	stamp uint32
	use   uint32 // jiffies at its last use, the lower half
	upper uint16 // the 13 bits above, which last for 1100 years, and its place in the bucket
	meta  uint16
}

const (
	useBits = 13
	useMask = 1<<useBits - 1

	entryRTT   = 1 << 14        // a round-trip time is remembered
	entryLocal = entryRTT - 1   // which of our addresses
	maxLocals  = entryLocal + 1 // and how many there may be
)

// newEntry is one of which nothing is known yet.
func newEntry(local uint16, place int, jiffies uint64) entry {
	e := entry{meta: local, upper: uint16(place) << useBits}
	e.touch(jiffies)
	return e
}

func (e *entry) lastUse() uint64 { return uint64(e.upper&useMask)<<32 | uint64(e.use) }

func (e *entry) touch(jiffies uint64) {
	e.use = uint32(jiffies)
	e.upper = e.upper&^useMask | uint16(jiffies>>32)&useMask
}

// place is where the entry stands in the chain of its bucket: 0 is the tail, where the
// first one came.
func (e *entry) place() int { return int(e.upper >> useBits) }

// before reports whether an entry of a bucket gives its place up before another.
func (e *entry) before(o *entry) bool {
	return e.lastUse() < o.lastUse() || e.lastUse() == o.lastUse() && e.place() > o.place()
}

func (e *entry) local() uint16 { return e.meta & entryLocal }

func (e *entry) host() Host { return Host{TS: e.ts, Stamp: e.stamp} }

func (e *entry) rtt() bool { return e.meta&entryRTT != 0 }

func (e *entry) setRTT(known bool) {
	e.meta &^= entryRTT
	if known {
		e.meta |= entryRTT
	}
}
