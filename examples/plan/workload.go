package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/sim"
)

// A workload is what users do and how fast the program is.
type workload struct {
	arrivals sim.Arrivals
	text     string  // "3000 connections per second (Poisson)"
	mean     float64 // connections per second, over the length of a run
	steady   bool    // at all times
}

// readWorkload reads -arrivals.
func readWorkload(o options, env environment) (*workload, error) {
	kind, value, given := strings.Cut(o.arrivals, "=")
	wrong := func(rule string) error { return asked.Mistakef("-arrivals %q: %s", o.arrivals, rule) }
	rate := func(text string) string {
		return fmt.Sprintf("%s connections per second (%s)", strconv.FormatFloat(o.rate, 'f', -1, 64), text)
	}
	span := func(text string) (time.Duration, bool) {
		d, err := time.ParseDuration(text)
		return d, err == nil && d >= time.Millisecond && d <= mostTime
	}
	switch {
	case kind == "poisson" && !given:
		return &workload{sim.Poisson(o.rate), rate("Poisson"), o.rate, true}, nil
	case kind == "constant" && !given:
		return &workload{sim.Constant(o.rate), rate("evenly"), o.rate, true}, nil
	case kind == "bursts":
		period, ok := span(value)
		size := math.Round(o.rate * period.Seconds())
		if !ok || size < 1 || size > 1<<30 {
			return nil, wrong("the time between two bursts is needed, in which -rate brings a connection at least: bursts=1s")
		}
		return &workload{sim.Bursts{Size: int(size), Period: period}, rate(fmt.Sprintf("%.0f at once every %s", size, spanText(period))), size / period.Seconds(), false}, nil
	case kind == "onoff":
		on, off, _ := strings.Cut(value, "/")
		d, ok := span(on)
		pause, fine := span(off)
		if !ok || !fine {
			return nil, wrong("how long they come and how long they do not are needed: onoff=2s/8s")
		}
		share := float64(d) / float64(d+pause)
		return &workload{sim.OnOff{Arrivals: sim.Poisson(o.rate), On: d, Off: pause}, rate(fmt.Sprintf("Poisson, %s on, %s off", spanText(d), spanText(pause))), o.rate * share, false}, nil
	case kind == "ramp":
		from, err := strconv.ParseFloat(value, 64)
		if err != nil || !(from >= 0) || from > mostRate {
			return nil, wrong("the rate at the beginning is needed, which becomes -rate at the end of -for: ramp=100")
		}
		text := rate(fmt.Sprintf("at the end of a ramp from %s on", strconv.FormatFloat(from, 'f', -1, 64)))
		return &workload{sim.Ramp{From: from, To: o.rate, For: o.length}, text, (from + o.rate) / 2, false}, nil
	case kind == "file" && value != "":
		return readTrace(o, env, value)
	}
	return nil, wrong("poisson, constant, bursts=1s, onoff=2s/8s, ramp=100 or file=NAME is needed")
}

// readTrace reads arrivals from a file.
func readTrace(o options, env environment, name string) (*workload, error) {
	f, err := env.open(name)
	if err != nil {
		return nil, asked.Mistakef("-arrivals file=%s: %w", name, asked.PlainError(err))
	}
	defer f.Close()
	times, err := sim.ReadTimes(f)
	if err != nil {
		return nil, asked.Mistakef("-arrivals file=%s: %w", name, err)
	}
	n := 0
	for _, at := range times {
		if at < o.length {
			n++
		}
	}
	if n == 0 {
		return nil, asked.Mistakef("-arrivals file=%s: nobody comes within the %v of -for", name, o.length)
	}
	return &workload{times, fmt.Sprintf("the %d connections of a file", n), float64(n) / o.length.Seconds(), false}, nil
}

// loadText is the load in words.
func (o *options) loadText(w *workload) string {
	text := w.text
	if o.stall > 0 {
		text += fmt.Sprintf(", a stall of %s every %s", spanText(o.stall), spanText(o.every))
	}
	return text
}

// programText is the program in words.
func (o *options) programText() string {
	text := "as many connections at a time as come"
	if o.workers > 0 {
		text = fmt.Sprintf("%d at a time", o.workers)
	}
	how := "on average, exponentially"
	if o.fixed {
		how = "each"
	}
	text = fmt.Sprintf("serves %s, %s %s", text, spanText(o.service), how)
	if o.accept > 0 {
		text += fmt.Sprintf("; calls accept() every %s at most", spanText(o.accept))
	}
	return text
}

// busy is the share of its time that the program would need: from 1 on no queue is long enough. what is what it lacks.
func (o *options) busy(w *workload) (share float64, what string) {
	awake := 1.0
	if o.stall > 0 {
		awake = 1 - float64(o.stall)/float64(o.every)
	}
	if o.workers > 0 {
		share, what = w.mean*o.service.Seconds()/(float64(o.workers)*awake), "workers"
	}
	if n := w.mean * o.accept.Seconds() / awake; n > share {
		share, what = n, "accept()"
	}
	return share, what
}

// workersNeeded is how many keep up, with a tenth of their time to spare.
func (o *options) workersNeeded(w *workload) int {
	share, _ := o.busy(w)
	return int(math.Ceil(share * float64(o.workers) / 0.9))
}

// load is the load of one run.
func (q *incoming) load(c *config, seed uint64, backlog int) sim.Load {
	o := q.o
	p := sim.Server{
		Name: "server", Backlog: backlog, Workers: o.workers, AcceptTime: sim.Exactly(o.accept), Service: sim.Exponential(o.service),
		Stall: sim.Stall{First: o.every / 2, Every: o.every, For: o.stall}, CloseFirst: true,
	}
	if o.fixed || o.service == 0 {
		p.Service = sim.Exactly(o.service)
	}
	server := q.users
	server.Semantics, server.Sysctls, server.HZ, server.Addrs = c.sem, c.sys, c.hz, serverAddrs
	return sim.Load{
		Seed: seed, For: o.length - 1, Sample: o.length / 20, Server: server, Program: p, Users: q.users,
		Arrivals: q.w.arrivals, Timeout: o.patience, Delay: o.rtt / 2,
	}
}
