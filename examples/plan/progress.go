package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A progress tells on a terminal how far runs are, on one line that it writes again and again.
type progress struct {
	out  io.Writer
	on   bool
	lock sync.Mutex
	wide int
	runs int
}

// run says that a run has come to a moment. A run that is at its end counts.
func (p *progress) run(what string, at, end time.Duration) {
	if !p.on {
		return
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	if at >= end {
		p.runs++
	}
	text := fmt.Sprintf("plan: %d runs done; %s: %s of %s", p.runs, what, spanText(at.Truncate(time.Millisecond)), spanText(end))
	fmt.Fprintf(p.out, "\r%s%s", text, strings.Repeat(" ", max(0, p.wide-len(text))))
	p.wide = len(text)
}

// clear takes the line away.
func (p *progress) clear() {
	if p.wide > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.wide))
		p.wide = 0
	}
}
