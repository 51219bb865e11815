package batch

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"example.com/linuxtcp/conformance/driver"
	"example.com/linuxtcp/script"
)

// Here runs scripts on the running kernel, width of them side by side, and calls done with each
// trace, never twice at once. i is the script's index. As soon as one is over the next begins.
func Here(scripts []*script.Script, width int, done func(i int, t Trace)) error {
	k, err := driver.ThisKernel()
	if err != nil {
		return err
	}
	defer manyThreads(width)()
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan int, width)
	for i := range width {
		slots <- i
	}
	for i, s := range scripts {
		slot := <-slots
		wg.Go(func() {
			t := one(k, s, slot, func() {})
			mu.Lock()
			done(i, t)
			mu.Unlock()
			slots <- slot
		})
	}
	wg.Wait()
	return nil
}

// InWaves is Here where time costs nothing while nobody works: width scripts begin together, once all have their
// namespaces, and nothing else begins before they are over. To make and to end a namespace
// takes a kernel that cannot be interrupted 10 ms at a time, in which no script would come to its steps.
// Scripts that take about as long go together.
func InWaves(scripts []*script.Script, width int, done func(i int, t Trace)) error {
	k, err := driver.ThisKernel()
	if err != nil {
		return err
	}
	defer manyThreads(width)()
	order := make([]int, len(scripts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(Length(scripts[a]), Length(scripts[b])) })
	for wave := range slices.Chunk(order, width) {
		traces := make([]Trace, len(wave))
		var ready, over sync.WaitGroup
		start := make(chan struct{})
		ready.Add(len(wave))
		for n, i := range wave {
			over.Go(func() {
				there := sync.OnceFunc(ready.Done)
				defer there() // of one that did not get that far
				traces[n] = one(k, scripts[i], n, func() {
					there()
					<-start
					// Their steps take about the same time: let them not come all at once.
					time.Sleep(time.Duration(n) * settle(scripts[i]) / time.Duration(len(wave)))
				})
			})
		}
		ready.Wait()
		close(start)
		over.Wait()
		for n, i := range wave {
			done(i, traces[n])
		}
		time.Sleep(time.Second) // for the namespaces to end
	}
	return nil
}

// manyThreads gives each of width threads a P whenever it likes to run, until the function that it
// returns is called.
func manyThreads(width int) func() {
	before := runtime.GOMAXPROCS(width + 4)
	return func() { runtime.GOMAXPROCS(before) }
}

func settle(s *script.Script) time.Duration { return cmp.Or(s.Settle, script.DefaultSettle) }

// Length is how long a script takes at least.
func Length(s *script.Script) (sum time.Duration) {
	for i := range s.Steps {
		if s.Steps[i].Op == script.OpWait {
			sum += s.Steps[i].Wait
		} else {
			sum += settle(s)
		}
	}
	return sum
}

// one runs a script once begin returns, and gives it up when it takes much longer than it ought to; its
// thread is then left behind.
func one(k driver.Running, s *script.Script, cpu int, begin func()) Trace {
	result := make(chan Trace, 1)
	go func() {
		t := Trace{Script: s.Name, Kernel: k}
		err := driver.Do(cpu, func(d *driver.Driver) error {
			begin()
			r := recorder{system: d}
			_, err := script.Run(s, &r)
			t.Steps, t.Late, t.Blurred = r.steps, d.Late, d.Blurred
			return err
		})
		if err != nil {
			t.Err = err.Error()
		}
		if n := len(t.Steps); n > 0 {
			t.Took = t.Steps[n-1].Seen.End - t.Steps[0].Seen.At
		}
		result <- t
	}()
	limit := 2*Length(s) + time.Minute
	select {
	case t := <-result:
		return t
	case <-time.After(limit):
		return Trace{Script: s.Name, Kernel: k, Err: fmt.Sprintf("cut off: not over after %v", limit)}
	}
}
