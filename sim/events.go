package sim

import "time"

// An event is something that is to happen at a moment of the world's time. Of one moment they happen in
// the order in which they were put in.
type event struct {
	at    time.Duration
	order uint64
	do    func()
}

// agenda has the events to come: a binary heap, the next one first.
type agenda struct {
	heap []event
	last uint64
}

func (a *agenda) less(i, j int) bool {
	if a.heap[i].at != a.heap[j].at {
		return a.heap[i].at < a.heap[j].at
	}
	return a.heap[i].order < a.heap[j].order
}

func (a *agenda) put(at time.Duration, do func()) {
	a.last++
	a.heap = append(a.heap, event{at, a.last, do})
	for i := len(a.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !a.less(i, up) {
			break
		}
		a.heap[i], a.heap[up] = a.heap[up], a.heap[i]
		i = up
	}
}

// take removes the next event. There has to be one.
func (a *agenda) take() event {
	first := a.heap[0]
	n := len(a.heap) - 1
	a.heap[0] = a.heap[n]
	a.heap[n] = event{}
	a.heap = a.heap[:n]
	for i := 0; ; {
		next := i
		for child := 2*i + 1; child <= 2*i+2 && child < n; child++ {
			if a.less(child, next) {
				next = child
			}
		}
		if next == i {
			return first
		}
		a.heap[i], a.heap[next] = a.heap[next], a.heap[i]
		i = next
	}
}
