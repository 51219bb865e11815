package paws

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

var (
	server = netip.MustParseAddr("10.0.0.1")
	client = netip.MustParseAddr("10.0.0.2")
)

func semantics(release string) *kernel.Semantics {
	s := kernel.MustParse(release).Semantics()
	return &s
}

// recycling returns the cache of a release with tcp_tw_recycle on, where that exists.
func recycling(t testing.TB, release string, set ...func(*Config)) *Cache {
	t.Helper()
	r := kernel.MustParse(release)
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Semantics: r.Semantics(), Sysctls: sys, HZ: 1000, Wall: 1_700_000_000 * time.Second}
	if cfg.Semantics.Recycle != kernel.RecycleGone {
		cfg.Sysctls.TCPTwRecycle = 1
	}
	for _, f := range set {
		f(&cfg)
	}
	c, err := NewCache(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
