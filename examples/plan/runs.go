package main

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/sim"
)

var serverAddrs = []netip.Addr{netip.MustParseAddr("10.0.0.1")}

// incoming is the question of the server side.
type incoming struct {
	c     *config
	o     options
	w     *workload
	p     *progress
	users host.Config
	own   string // the run of seed 1, once it is asked for
}

// An outcome is what of a run is kept when many are compared.
type outcome struct {
	lost    float64 // share: see the command's documentation
	asked   uint64
	drops   uint64
	peak    uint32 // of the accept queue
	synPeak uint32
	err     error
}

// lossOf is the share that a run lost.
func lossOf(r *sim.Report) (share float64, drops uint64) {
	n := r.Nodes[0]
	drops = n.DroppedSYNs + n.DroppedACKs
	if asked := r.Clients[0].Asked; asked > 0 {
		share = min(1, float64(drops)/float64(asked))
	}
	return share, drops
}

// detail runs one seed and returns all of it, with samples at a pause.
func (q *incoming) detail(c *config, backlog int, seed uint64, sample time.Duration) (sim.Report, error) {
	l := q.load(c, seed, backlog)
	if sample > 0 {
		l.Sample = sample
	}
	last := time.Duration(-1)
	l.Progress = func(at time.Duration) {
		if at-last >= l.For/20 && at < l.For { // a line for each twentieth
			last = at
			q.p.run(fmt.Sprintf("Linux %s, backlog %d", c.release, backlog), at, l.For)
		}
	}
	r, err := l.Run()
	q.p.run(fmt.Sprintf("Linux %s, backlog %d", c.release, backlog), l.For, l.For)
	return r, err
}

// batch runs several seeds beside each other, as many at a time as there are processors. Each has its own result, so
// that the order in which they end does not matter.
func (q *incoming) batch(c *config, backlog int, seeds []uint64) []outcome {
	list := make([]outcome, len(seeds))
	next := make(chan int, len(seeds))
	for i := range seeds {
		next <- i
	}
	close(next)
	var all sync.WaitGroup
	for range min(len(seeds), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := range next {
				r, err := q.detail(c, backlog, seeds[i], 0)
				if err != nil {
					list[i].err = err
					continue
				}
				list[i] = outcome{asked: r.Clients[0].Asked, peak: r.Servers[0].AcceptQueue.Peak, synPeak: r.Servers[0].SYNQueue.Peak}
				list[i].lost, list[i].drops = lossOf(&r)
			}
		})
	}
	all.Wait()
	return list
}

// seeds are n seeds from 1 on.
func seeds(n int) []uint64 {
	list := make([]uint64, n)
	for i := range list {
		list[i] = uint64(i + 1)
	}
	return list
}

// allows is the configuration with a somaxconn that a backlog fits into.
func (c *config) allows(backlog int) *config {
	if backlog <= c.sys.Somaxconn || c.sys.Somaxconn < 0 {
		return c
	}
	more := *c
	more.sys.Somaxconn = backlog
	return &more
}

// largestBacklog is the largest that is tried: what the kernel takes, up to a million.
func largestBacklog(sem *kernel.Semantics) int {
	if sem.BacklogBits == 16 {
		return 65534 // of 65535 the queue's length wraps before it is full
	}
	return min(sem.SomaxconnMax, 1<<20)
}

// limit is how many connections wait, less one, after listen(backlog).
func (c *config) limit(backlog int) uint32 {
	return queue.AcceptLimit(&c.sem, int32(backlog), int32(c.sys.Somaxconn))
}
