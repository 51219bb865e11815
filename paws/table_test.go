package paws

import (
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// TestTableAgainstMap fills and empties a table of few and of many buckets, and of many
// hosts of one hash.
func TestTableAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := &table[uint32]{bucket: rapid.SampledFrom([]uint32{0, 1<<32 - 1<<27, 1<<32 - 1}).Draw(t, "bucket")}
		mask := rapid.SampledFrom([]uint32{0, 1, 1 << 31, 0xff, 1<<32 - 1}).Draw(t, "bits of the hash")
		tab.hash = func(k uint32) uint32 { return mix(uint64(k)) & mask }
		want := map[uint32]uint32{}
		for i := range rapid.IntRange(1, 300).Draw(t, "ops") {
			k := rapid.Uint32Range(0, 99).Draw(t, "key")
			found := tab.find(tab.hash(k), k, 3)
			if v, ok := want[k]; ok != (found != nil) || ok && found.ts != v {
				t.Fatalf("find %d: %v, want %v %v", k, found, v, ok)
			}
			switch {
			case found == nil:
				e := newEntry(3, 0, uint64(i))
				e.ts, e.stamp = uint32(i), k
				if got := tab.insert(k, e); *got != e {
					t.Fatalf("inserted %v, stands as %v", e, got)
				}
				want[k] = uint32(i)
			case rapid.Bool().Draw(t, "remove"):
				tab.remove(k, 3)
				delete(want, k)
			}
			n, oldest := 0, ^uint32(0)
			for o, v := range want {
				if (tab.hash(o)^tab.hash(k))&tab.bucket == 0 {
					n, oldest = n+1, min(oldest, v)
				}
			}
			if got, s := tab.oldest(tab.hash(k)); got != n || n > 0 && s.ts != oldest || (n == 0) != (s == nil) {
				t.Fatalf("bucket of %d has %d, want %d", k, got, n)
			}
			if tab.find(tab.hash(k), k, 4) != nil {
				t.Fatal("found under another address of ours")
			}
			if slots := len(tab.slots); slots > 4*tab.used+100 {
				t.Fatalf("%d slots for %d", slots, tab.used)
			}
		}
		odd := rapid.Uint32Range(2, 5).Draw(t, "divisor")
		tab.sweep(func(e *entry) bool { return e.stamp%odd == 0 })
		live := 0
		tab.each(func(s *slot[uint32]) {
			live++
			if e := tab.find(tab.hash(s.key), s.key, 3); e != &s.entry {
				t.Fatalf("%v found as %v", s, e)
			}
		})
		for k, v := range want {
			if e := tab.find(tab.hash(k), k, 3); (e == nil) != (k%odd == 0) || e != nil && e.ts != v {
				t.Fatalf("%d after a sweep: %v", k, e)
			}
			if k%odd != 0 {
				live--
			}
		}
		if live != 0 || tab.used != tab.len() {
			t.Fatalf("%d too many, %d counted", live, tab.used)
		}
	})
}

func (t *table[K]) len() (n int) {
	t.each(func(*slot[K]) { n++ })
	return n
}

func (t *table[K]) bytes() int {
	return 8*len(t.tags) + int(unsafe.Sizeof(slot[K]{}))*len(t.slots)
}

// A bucket's entries stand in two blocks whatever moves, so that a search ends there.
func TestTableWithoutRoom(t *testing.T) {
	for _, buckets := range []uint{8, 14, 17, 18, 20, 32} {
		tab := &table[uint32]{bucket: ^uint32(0) << (32 - buckets)}
		tab.hash = func(k uint32) uint32 { return hash4(7, k) }
		for i := range uint32(200_000) {
			if n, _ := tab.oldest(tab.hash(i)); n < metricsDepth {
				tab.insert(i, newEntry(0, 0, 0))
			}
		}
		bytes := float64(tab.bytes()) / float64(tab.used)
		limit := 24.0
		if tab.used < 200_000*9/10 {
			limit = 26 // every bucket is full
		}
		if bytes > limit || len(tab.rest) > 0 {
			t.Errorf("2^%d buckets: %d hosts, %.2f bytes each, %d rest", buckets, tab.used, bytes, len(tab.rest))
		}
	}
}
