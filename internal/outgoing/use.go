package outgoing

import (
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

// BusyRate is the rate of entries above which the death row of kernels to 4.0 stalls, per second: 100 in 7.5 s. See
// timewait.Lifetime.
const BusyRate = 100 / 7.5

// A Way is who closes first and whether connect() takes ports over from TIME_WAIT.
type Way struct{ ServerFirst, Reuse bool }

// A Use is how connections use ports on one kernel.
type Use struct {
	Sem *kernel.Semantics
	Sys *kernel.Sysctls
	HZ  int
	// Open is how long a connection takes from connect() until both sides have closed.
	Open time.Duration
	// Loopback: the destinations are on the loopback device.
	Loopback bool
	Pool     portalloc.Pool
}

// binds reports whether bind() picks the port.
func (u Use) binds() bool { return u.Pool.Picker != portalloc.ConnectPicks }

// TakesOver asks package timewait whether connect() takes over an old entry with a setting of tcp_tw_reuse.
func (u Use) TakesOver(setting int) bool {
	sys := *u.Sys
	sys.TCPTWReuse = setting
	return TakesOver(u.Sem, &sys, u.Loopback).Action == timewait.Take
}

// Way is what the sysctls and who closes first amount to.
func (u Use) Way(serverFirst bool) Way {
	return Way{ServerFirst: serverFirst, Reuse: !serverFirst && !u.binds() && u.TakesOver(u.Sys.TCPTWReuse)}
}

// ReuseWait is how long connect() waits before it takes an entry over.
func (u Use) ReuseWait() portalloc.Span {
	return portalloc.ReuseWait(u.Sem, time.Duration(u.Sys.TCPTWReuseDelay)*time.Millisecond)
}

// TimeWait is how long TIME_WAIT lasts if entries come at a rate. From 2.6.35 to 4.0 the moves of the wheel may come
// late by 1/256 of its time (timewait.Lifetime), which is counted here: what is sure is to be sure.
func (u Use) TimeWait(perSecond float64) portalloc.Span {
	if u.binds() && u.Sem.BindMissesTimeWait {
		return portalloc.Span{}
	}
	lo, hi := timewait.Lifetime(u.Sem, u.HZ, timewait.Length, perSecond > BusyRate)
	if !u.Sem.TimeWaitTimers && u.Sem.Wheel == kernel.WheelSlack {
		hi += hi / 256
	}
	return portalloc.Span{Min: lo, Max: hi}
}

// Hold is how long a connection keeps its port.
func (u Use) Hold(w Way, perSecond float64) (portalloc.Span, error) {
	return portalloc.Closing{
		Open: portalloc.Exactly(u.Open), ServerFirst: w.ServerFirst, TimeWait: u.TimeWait(perSecond), Reuse: w.Reuse, ReuseWait: u.ReuseWait(),
	}.Hold(u.Pool.Picker)
}

// Sustained is the rate that can be kept for ever. An idle machine's TIME_WAIT is taken if the result would leave it
// idle.
func (u Use) Sustained(w Way) (hold, timeWait portalloc.Span, sure, most float64, err error) {
	for _, rate := range []float64{0, BusyRate + 1} {
		if hold, err = u.Hold(w, rate); err != nil {
			return
		}
		timeWait = u.TimeWait(rate)
		if sure, most, err = portalloc.SustainedRate(u.Sem, u.Pool, hold); err != nil || most <= BusyRate {
			return
		}
	}
	return
}
