package main

import (
	"runtime"
	"slices"

	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/sim"
)

// A trial is the runs of one configuration, by backlog and seed, none of which is run twice, nor one that goes the same
// way as another.
type trial struct {
	q    *incoming
	c    *config
	n    int // seeds
	runs map[int]map[uint64]outcome
	free map[uint64]outcome // runs that lost nothing
}

func (q *incoming) trial(c *config, n int) *trial {
	return &trial{q, c, n, make(map[int]map[uint64]outcome), make(map[uint64]outcome)}
}

// need finds out about some seeds with a backlog, whatever somaxconn allows.
func (t *trial) need(backlog int, list []uint64) {
	if t.runs[backlog] == nil {
		t.runs[backlog] = make(map[uint64]outcome)
	}
	var missing []uint64
	for _, seed := range list {
		if _, ok := t.runs[backlog][seed]; ok {
			continue
		}
		if x, ok := t.free[seed]; ok && t.same(x, backlog) {
			t.runs[backlog][seed] = x
			continue
		}
		missing = append(missing, seed)
	}
	for i, x := range t.q.batch(t.c.allows(backlog), backlog, missing) {
		t.runs[backlog][missing[i]] = x
	}
}

// same reports whether a run that lost nothing goes the same way with another backlog: neither queue was ever longer
// than its limit will be, so that no test of a limit has another result. The SYN queue's largest length was seen just
// after a request had left it.
func (t *trial) same(x outcome, backlog int) bool {
	c := t.c.allows(backlog)
	if c.sem.BacklogBits == 16 && backlog > largestBacklog(&c.sem) {
		return false
	}
	limit := queue.SYNQueueLimit(&c.sem, int32(backlog), int32(c.sys.Somaxconn), int32(c.sys.TCPMaxSynBacklog))
	return x.peak <= c.limit(backlog) && uint64(x.synPeak)+1 <= queue.SYNQueueCapacity(&c.sem, limit)
}

// all finds out about every seed with a backlog.
func (t *trial) all(backlog int) ([]outcome, error) {
	t.need(backlog, seeds(t.n))
	list := make([]outcome, t.n)
	for i := range list {
		if list[i] = t.runs[backlog][uint64(i+1)]; list[i].err != nil {
			return nil, list[i].err
		}
	}
	return list, nil
}

// lost is what sim.Smallest asks. Where it has no answer it runs the next seeds too, one for each processor, for they
// are asked about next.
func (t *trial) lost(backlog int, seed uint64) (float64, error) {
	if _, ok := t.runs[backlog][seed]; !ok {
		var list []uint64
		for s := seed; s <= uint64(t.n) && len(list) < runtime.GOMAXPROCS(0); s++ {
			list = append(list, s)
		}
		t.need(backlog, list)
	}
	x := t.runs[backlog][seed]
	return x.lost, x.err
}

// smallest searches the smallest backlog that loses nothing, or no more than the share allowed. given are the runs with
// the program's backlog, if there are any.
//
// A run that loses nothing tells by its queue's largest length what it needs: a limit of that length is enough, for
// the queue is full above it; one less may be, if nobody came at that moment. That is where the search begins,
// from the runs given or else from those with the largest backlog; what it ends with has been run, or is the same as
// a run that has been.
func (t *trial) smallest(given []outcome, allowed float64) (r NeededReport, err error) {
	high := largestBacklog(&t.c.sem)
	r.Largest = high
	list := given
	if given == nil || slices.ContainsFunc(given, func(x outcome) bool { return x.drops > 0 }) {
		if list, err = t.all(high); err != nil {
			return r, err
		}
	}
	r.LeastPeak = uint32(high) + 1
	low, top := 0, 0
	for i, x := range list {
		if x.drops > 0 {
			r.LeastPeak, r.MostPeak, top = 0, 0, high
			break
		}
		t.free[uint64(i+1)] = x
		r.LeastPeak, r.MostPeak = min(r.LeastPeak, x.peak), max(r.MostPeak, x.peak)
		top = int(r.MostPeak)
	}
	if allowed == 0 && top < high {
		low = max(top-2, 0)
	}
	a, err := sim.Smallest(low, top, t.n, allowed, t.lost)
	switch {
	case err != nil:
		return r, err
	case !a.Found && top < high: // it does not go by the accept queue alone
		a, err = sim.Smallest(top+1, high, t.n, allowed, t.lost)
	case a.Found && a.Value == low && low > 0: // two less are enough as well
		a, err = sim.Smallest(0, low, t.n, allowed, t.lost)
	}
	if err != nil || !a.Found {
		return r, err
	}
	r.Found, r.Backlog, r.Lost, r.Runs, r.Risk = true, a.Value, a.Lost, t.n, a.Risk()
	for seed := range uint64(t.n) { // the search stops at the first that loses too much
		if x, ok := t.runs[a.Value-1][seed+1]; ok && x.lost > allowed {
			r.OneLess, r.OneLessLosses, r.OneLessOf = x.lost, x.drops, x.asked
			break
		}
	}
	return r, nil
}
