package main

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

// hostWorks are SYNs of hosts of which the last timestamp is remembered, as tcp_tw_recycle did until 4.11. A kernel of
// today and gVisor have no such memory.
func hostWorks() []work {
	plain := []side{
		{"netip-map", func(sc scale) (worker, error) { return newAddrMap(sc.hosts), nil }},
		{"uint32-map", func(sc scale) (worker, error) { return newWordMap(sc.hosts), nil }},
	}
	var all []work
	for _, release := range []string{"2.6.32", "3.10.108", "4.4.155"} {
		all = append(all, work{
			name: "PAWS check of a host, 1 M hosts (" + release + ")", bench: "Hosts/release=" + release, what: "host", nanoseconds: 50, bytes: 24,
			sides: append([]side{{"linuxtcp", func(sc scale) (worker, error) { return newCache(release, sc.hosts) }}}, plain...),
		})
	}
	return all
}

// knownHost is the n-th host: they are all over the address space, each once.
func knownHost(n uint32) netip.Addr {
	n *= 2654435761
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// A draw is a sequence of hosts at random.
type draw struct{ random, hosts uint32 }

func (d *draw) next() uint32 {
	d.random = d.random*1664525 + 1013904223
	return uint32(uint64(d.random) * uint64(d.hosts) >> 32)
}

// cacheWorker is linuxtcp's: package paws.
type cacheWorker struct {
	c *paws.Cache
	draw
}

func newCache(release string, hosts int) (*cacheWorker, error) {
	const wall = 1_700_000_000 * time.Second
	r := kernel.MustParse(release)
	sys := must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20}))
	sys.TCPTwRecycle = 1
	sem := r.Semantics()
	c, err := paws.NewCache(paws.Config{
		Semantics: sem, Sysctls: sys, HZ: 1000, Wall: wall, MetricsSlots: 1 << 20, PeerThreshold: 2 << 20,
	})
	if err != nil {
		return nil, err
	}
	for i := range uint32(hosts) {
		ending := paws.Closing{From: knownHost(i), To: here.Addr(), TS: i, Stamp: uint32(paws.ClockSeconds(&sem, time.Minute, wall))}
		if _, short, err := c.EnterTimeWait(time.Minute, ending); err != nil || !short {
			return nil, fmt.Errorf("host %d is not remembered: %v", i, err)
		}
	}
	return &cacheWorker{c, draw{1, uint32(hosts)}}, nil
}

func (w *cacheWorker) Do(n int, m *meter) error {
	m.start()
	for range n {
		if _, _, rejected := w.c.Lookup(time.Minute, knownHost(w.next()), here.Addr(), true, 0); rejected {
			sum++
		}
	}
	m.stop(n)
	return nil
}

func (w *cacheWorker) Entries() int { return w.c.Len() }
func (w *cacheWorker) Close()       {}

// An addrMap and a wordMap are Go maps of the same hosts; the second knows IPv4 only. They look the host up and
// compare its timestamp, and know no releases, no two protocols, no ages and no limit of their size.
type addrMap struct {
	hosts map[netip.Addr]paws.Host
	draw
}

func newAddrMap(hosts int) *addrMap {
	w := &addrMap{make(map[netip.Addr]paws.Host, hosts), draw{1, uint32(hosts)}}
	for i := range uint32(hosts) {
		w.hosts[knownHost(i)] = paws.Host{TS: i}
	}
	return w
}

func (w *addrMap) Do(n int, m *meter) error {
	m.start()
	for range n {
		if h, ok := w.hosts[knownHost(w.next())]; ok && int32(h.TS) > 1 {
			sum++
		}
	}
	m.stop(n)
	return nil
}

func (w *addrMap) Entries() int { return len(w.hosts) }
func (w *addrMap) Close()       {}

type wordMap struct {
	hosts map[uint32]paws.Host
	draw
}

func newWordMap(hosts int) *wordMap {
	w := &wordMap{make(map[uint32]paws.Host, hosts), draw{1, uint32(hosts)}}
	for i := range uint32(hosts) {
		w.hosts[i*2654435761] = paws.Host{TS: i}
	}
	return w
}

func (w *wordMap) Do(n int, m *meter) error {
	m.start()
	for range n {
		if h, ok := w.hosts[w.next()*2654435761]; ok && int32(h.TS) > 1 {
			sum++
		}
	}
	m.stop(n)
	return nil
}

func (w *wordMap) Entries() int { return len(w.hosts) }
func (w *wordMap) Close()       {}
