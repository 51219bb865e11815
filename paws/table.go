package paws

// A table holds entries sorted by the bucket that their host hashes to, in an array
// with gaps: linear probing in which no entry stands before its home, and every run
// is in order. So all entries of a bucket stand together, a search ends early, and
// the array may have any size, which keeps it nearly full: it grows by a fifteenth
// when nine slots of ten are taken.
type table[K comparable] struct {
	keys  []K     // of the slots: apart, so that a search looks at little memory
	slots []entry // the last one stays free
	home  uint64  // slots that a bucket may have as its home
	used  int
	limit int  // of used, before it grows
	shift uint // buckets are the upper bits of a hash: hash >> shift
	hash  func(K) uint32
}

// An entry is what stands beside a key: 16 bytes.
type entry struct {
	ts    uint32
	stamp uint32
	use   uint32 // jiffies at its last use, lower half
	useHi uint16 // and the 16 bits above
	meta  uint16
}

const (
	entryLive  = 1 << 15        // the slot is taken
	entryRTT   = 1 << 14        // a round-trip time is remembered
	entryLocal = entryRTT - 1   // which of our addresses
	maxLocals  = entryLocal + 1 // and how many there may be
)

func (e *entry) live() bool      { return e.meta&entryLive != 0 }
func (e *entry) lastUse() uint64 { return uint64(e.useHi)<<32 | uint64(e.use) }

func (e *entry) touch(jiffies uint64) {
	e.use, e.useHi = uint32(jiffies), uint16(jiffies>>32)
}

func (e *entry) host() Host { return Host{TS: e.ts, Stamp: e.stamp} }

func (e *entry) setRTT(known bool) {
	e.meta &^= entryRTT
	if known {
		e.meta |= entryRTT
	}
}

const (
	tableSlack = 32 // slots behind the last home
	tableMin   = 32 // homes of the smallest table
)

// bucket is where a host hashes to.
func (t *table[K]) bucket(k K) uint32 { return t.hash(k) >> t.shift }

// homeOf is the first slot in which an entry of that bucket may stand.
func (t *table[K]) homeOf(bucket uint32) int {
	return int(uint64(bucket<<t.shift) * t.home >> 32)
}

// find returns the entry of a host and one of our addresses, or nil.
func (t *table[K]) find(k K, local uint16) *entry {
	if i := t.findAt(k, local); i >= 0 {
		return &t.slots[i]
	}
	return nil
}

// findAt returns the slot of that entry, or -1.
func (t *table[K]) findAt(k K, local uint16) int {
	if t.used == 0 {
		return -1
	}
	var none K // what stands in a free slot, and is a key as well
	b := t.bucket(k)
	want := local | entryLive
	home := t.homeOf(b)
	for i := home; ; i++ {
		key := t.keys[i]
		if key == k && t.slots[i].meta&^entryRTT == want {
			return i
		}
		// Every eighth slot is asked whether the bucket lies behind: to hash costs more than
		// to look at a few slots too many.
		if key == none && !t.slots[i].live() || (i-home)&7 == 7 && t.bucket(key) > b {
			return -1
		}
	}
}

// scan returns how many entries a bucket has and which of them was not used for
// longest; of several the youngest, which is first in the kernel's chain.
func (t *table[K]) scan(bucket uint32) (n, oldest int) {
	oldest = -1
	if t.used == 0 {
		return 0, -1
	}
	for i := t.homeOf(bucket); t.slots[i].live(); i++ {
		switch b := t.bucket(t.keys[i]); {
		case b > bucket:
			return n, oldest
		case b == bucket:
			n++
			if oldest < 0 || t.slots[i].lastUse() <= t.slots[oldest].lastUse() {
				oldest = i
			}
		}
	}
	return n, oldest
}

// insert adds an entry, behind those of its bucket, and returns it. The table must not
// have it yet.
func (t *table[K]) insert(k K, e entry) *entry {
	if t.used >= t.limit {
		t.grow()
	}
	b := t.bucket(k)
	for {
		i := t.homeOf(b)
		for t.slots[i].live() && t.bucket(t.keys[i]) <= b {
			i++
		}
		end := i
		for t.slots[end].live() {
			end++
		}
		if end == len(t.slots)-1 { // the last slot ends every search
			t.grow()
			continue
		}
		copy(t.slots[i+1:end+1], t.slots[i:end])
		copy(t.keys[i+1:end+1], t.keys[i:end])
		t.slots[i], t.keys[i] = e, k
		t.used++
		return &t.slots[i]
	}
}

// remove takes out the entry at slot i and moves up those behind it.
func (t *table[K]) remove(i int) {
	for ; ; i++ {
		if !t.slots[i+1].live() || t.homeOf(t.bucket(t.keys[i+1])) == i+1 {
			break
		}
		t.slots[i], t.keys[i] = t.slots[i+1], t.keys[i+1]
	}
	var none K
	t.slots[i], t.keys[i] = entry{}, none
	t.used--
}

// sweep takes out every entry that drop names.
func (t *table[K]) sweep(drop func(*entry) bool) {
	for i := 0; i < len(t.slots); {
		if e := &t.slots[i]; e.live() && drop(e) {
			t.remove(i)
			continue
		}
		i++
	}
}

// grow makes the table larger. Its entries are in order already.
func (t *table[K]) grow() {
	was, keys := t.slots, t.keys
	t.home = max(tableMin, t.home+t.home/15+1)
	t.limit = int(t.home * 9 / 10)
	for {
		t.slots, t.keys = make([]entry, int(t.home)+tableSlack), make([]K, int(t.home)+tableSlack)
		next := 0
		for i := range was {
			if !was[i].live() {
				continue
			}
			next = max(next, t.homeOf(t.bucket(keys[i])))
			if next >= len(t.slots)-1 {
				next = -1
				break
			}
			t.slots[next], t.keys[next] = was[i], keys[i]
			next++
		}
		if next >= 0 {
			return
		}
		t.home += tableMin
	}
}
