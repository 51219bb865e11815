package portalloc

import (
	"fmt"
	"math"
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// Never is a time that does not come.
const Never = time.Duration(math.MaxInt64)

// SustainedRate returns how many connections per second a pool can open for ever, spread
// evenly over time and destinations, if each keeps its port for hold
// ([Closing.Hold]). Up to sure no call fails; above most some call does. Between them it
// depends on how long the single connections take and, with ranges of odd size, on
// where searches begin. A hold whose shortest is 0 gives an infinite most.
//
// It is the [Capacity] over the hold. What is in circulation:
//
//   - ports / 60: right for one source and one destination if the client closes first,
//     net.ipv4.tcp_tw_reuse gives nothing and connections last no time, and even then
//     only by name: TIME_WAIT lasts 60 s on 4.1 to 4.7, 60 to 62.05 s at HZ=250 from
//     4.8 on, and 97.5 to 112.5 s to 4.0 once it fills. An odd range has one port less
//     from 4.6 on. If the server closes first it is far too low.
//   - ports / 120: takes TIME_WAIT as two times 60 s. It is 60 s on every release, named
//     or not two times a segment's life. To 4.0 it is near by accident.
//   - "64000 ports", or 65535: the range has 28232 by default (28233 to 4.1), for each
//     source and destination again if connect() picks them.
//
// tcp_max_tw_buckets is not looked at: above rate * TIME_WAIT entries sockets are
// closed without one, and their ports are free at once. A burst needs as many ports as it
// has connections, at any average. Where bind() picks, the error is EADDRINUSE of
// bind(), else EADDRNOTAVAIL of connect(); no counter counts either.
//
// On 6.1.y before it was mended bind() does not see TIME_WAIT
// ([kernel.Semantics].BindMissesTimeWait), so that for it Closing's TimeWait is 0; the
// connect() that follows may fail.
//
// A bad pool or hold, or a hold of 0, is an error.
//
// Evidence: follows from UsablePorts and Hold.
func SustainedRate(sem *kernel.Semantics, p Pool, hold Span) (sure, most float64, err error) {
	lo, hi, err := Capacity(sem, p)
	if err == nil {
		err = checkHold(hold)
	}
	if err != nil {
		return 0, 0, err
	}
	if most = math.Inf(1); hi == 0 || hold.Min > 0 {
		most = float64(hi) / max(hold.Min, 1).Seconds()
	}
	return float64(lo) / hold.Max.Seconds(), most, nil
}

// FirstFailure returns when the first call fails for want of a port, at a steady rate
// that begins at 0 with all ports free: not before earliest, and not after latest. Each
// is [Never] where the rate can be kept for ever: both up to the sure rate of
// [SustainedRate], latest up to its most.
//
// Until the first port comes back the pool empties at the rate, so a failure comes
// after Capacity / rate, or not at all. Rates are told apart from the limit to nine
// digits.
//
// A bad pool, hold or rate is an error.
//
// Evidence: follows from UsablePorts and Hold.
func FirstFailure(sem *kernel.Semantics, p Pool, hold Span, perSecond float64) (earliest, latest time.Duration, err error) {
	lo, hi, err := Capacity(sem, p)
	if err == nil {
		err = checkHold(hold)
	}
	if err == nil {
		err = checkRate(perSecond)
	}
	if err != nil {
		return 0, 0, err
	}
	when := func(capacity int, hold time.Duration) time.Duration {
		if !above(perSecond*hold.Seconds(), capacity) {
			return Never
		}
		return time.Duration(float64(capacity) / perSecond * float64(time.Second))
	}
	return when(lo, hold.Max), when(hi, hold.Min), nil
}

// above reports whether x is above n, by more than the rounding of a rate.
func above(x float64, n int) bool { return x > float64(n)*(1+1e-9) }

// PortsNeeded returns the size of the smallest range that surely sustains a rate, all
// else being as in the pool, whose Range is not looked at; its Excluded ports come on
// top if they lie in the range. The result is even where an odd range loses a port. More
// than 65535 ports are an error: it takes more sources or destinations.
func PortsNeeded(sem *kernel.Semantics, p Pool, hold Span, perSecond float64) (int, error) {
	sem = given.Kernel(sem)
	p.Range, p.Excluded = kernel.PortRange{Low: 1, High: 65535}, nil
	n, err := p.needed(sem, hold, perSecond, p.sets(sem))
	if err != nil {
		return 0, err
	}
	if n > 1 && n%2 == 1 && p.parity(sem) {
		n++
	}
	if n > 65535 {
		return 0, fmt.Errorf("portalloc: %v connections per second take %d ports: there are 65535", perSecond, n)
	}
	return n, nil
}

// DestinationsNeeded returns how many destinations the rate must be spread over to be
// surely sustained, all else being as in the pool, whose Destinations are not looked at.
// Where bind() picks the port, or every port is excluded, no number of destinations
// helps: that is an error, unless one is enough.
func DestinationsNeeded(sem *kernel.Semantics, p Pool, hold Span, perSecond float64) (int, error) {
	p.Destinations = 1
	return p.times(sem, hold, perSecond, !p.Picker.binds(), "destinations")
}

// SourcesNeeded is DestinationsNeeded for source addresses. They do not help a socket
// that is bound to the wildcard address, nor any that bind() gives a port to 3.3.
func SourcesNeeded(sem *kernel.Semantics, p Pool, hold Span, perSecond float64) (int, error) {
	p.Sources = 1
	alone := p.Picker == BindPicksWildcard || p.Picker == BindPicks && given.Kernel(sem).BindAuto == kernel.BindAutoUnused
	return p.times(sem, hold, perSecond, !alone, "source addresses")
}

// times is how many times the pool's connections are needed.
func (p Pool) times(sem *kernel.Semantics, hold Span, perSecond float64, helps bool, what string) (int, error) {
	capacity, _, err := Capacity(sem, p)
	if err != nil {
		return 0, err
	}
	n, err := p.needed(given.Kernel(sem), hold, perSecond, max(capacity, 1))
	switch {
	case err != nil:
		return 0, err
	case capacity == 0 || n > 1 && !helps:
		return 0, fmt.Errorf("portalloc: %v connections per second: more %s do not help, since %v and %d connections are all", perSecond, what, p.Picker, capacity)
	case n > mostAddresses:
		return 0, fmt.Errorf("portalloc: %v connections per second take %d %s: at most %d are looked at", perSecond, n, what, mostAddresses)
	}
	return n, nil
}

// needed is how many times unit connections it takes to hold those of a rate, at least 1.
func (p Pool) needed(sem *kernel.Semantics, hold Span, perSecond float64, unit int) (int, error) {
	if err := p.check(sem); err != nil {
		return 0, err
	}
	if err := checkHold(hold); err != nil {
		return 0, err
	}
	if err := checkRate(perSecond); err != nil {
		return 0, err
	}
	n := perSecond * hold.Max.Seconds() / float64(unit)
	if n > math.MaxInt32 {
		return 0, fmt.Errorf("portalloc: %v connections per second for %v each: out of all bounds", perSecond, hold.Max)
	}
	whole := int(n)
	if above(n, whole) {
		whole++
	}
	return max(whole, 1), nil
}
