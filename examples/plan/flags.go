package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/internal/asked"
)

// Limits of what the flags take.
const (
	mostRate        = 1e6
	mostConnections = 1e9 // of a run
	mostTime        = 24 * time.Hour
	mostRTT         = 99 * time.Millisecond // sim.Load's own
	mostRuns        = 10_000
	mostAddresses   = 1 << 20 // portalloc's own
	mostOpen        = 365 * 24 * time.Hour
)

// Values of -side.
const (
	serverSide = "server"
	clientSide = "client"
)

// options are the flags. A nil pointer is a flag that was not given, which matters where 0 is a value.
type options struct {
	side                    string
	rate                    float64
	closes                  string // who closes first: "server" or "client"
	release, sysctlFile     string
	memory, hz              int            // 0 if not given
	sysctls                 map[string]int // by full name
	ports                   *string        // ip_local_port_range
	json, across            bool
	arrivals                string // server side, from here on
	backlog                 *int
	workers, runs           int
	service, accept         time.Duration
	fixed, curve            bool
	stall, every            time.Duration
	rtt, patience, length   time.Duration
	lose                    float64
	users                   string
	open                    time.Duration // client side, from here on
	destinations, sources   int
	bind, loopback, confirm bool
}

// serverFlags and clientFlags are those that only one side knows.
var (
	serverFlags = strings.Fields("arrivals backlog workers service fixed accept stall every rtt patience for lose runs users curve across")
	clientFlags = strings.Fields("open destinations sources bind loopback confirm range")
)

// parseFlags reads the command line. What depends on the kernel, such as the range of a sysctl, is checked later.
func parseFlags(args []string) (options, error) {
	o := options{
		side: serverSide, rate: 3000, arrivals: "poisson", runs: 10, stall: 200 * time.Millisecond, every: 10 * time.Second,
		service: 5 * time.Millisecond, rtt: 20 * time.Millisecond, length: time.Minute, users: asked.FallbackRelease,
		open: 100 * time.Millisecond, destinations: 1, sources: 1, sysctls: make(map[string]int),
	}
	f := flag.NewFlagSet("plan", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	word := func(name string, set *string, values ...string) {
		f.Func(name, "", func(text string) error {
			if !slices.Contains(values, text) {
				return fmt.Errorf("%s is needed", strings.Join(values, " or "))
			}
			*set = text
			return nil
		})
	}
	span := func(name string, set *time.Duration, lo, hi time.Duration) {
		f.Func(name, "", func(text string) error {
			d, err := time.ParseDuration(text)
			if err != nil || d < lo || d > hi {
				return fmt.Errorf(`a duration from %v to %v is needed, with its unit: "250ms", "30s"`, lo, hi)
			}
			*set = d
			return nil
		})
	}
	number := func(name string, lo, hi int, set *int) { asked.Whole(f, name, lo, hi, func(n int) { *set = n }) }
	word("side", &o.side, serverSide, clientSide)
	word("close", &o.closes, serverSide, clientSide)
	f.StringVar(&o.release, "release", "", "")
	f.StringVar(&o.sysctlFile, "sysctl", "", "")
	f.StringVar(&o.users, "users", o.users, "")
	f.StringVar(&o.arrivals, "arrivals", o.arrivals, "")
	for name, set := range map[string]*bool{
		"json": &o.json, "across": &o.across, "fixed": &o.fixed, "curve": &o.curve, "bind": &o.bind, "loopback": &o.loopback, "confirm": &o.confirm,
	} {
		f.BoolVar(set, name, false, "")
	}
	f.Func("rate", "", func(text string) (err error) {
		if o.rate, err = strconv.ParseFloat(text, 64); err != nil || !(o.rate > 0) || o.rate > mostRate {
			return fmt.Errorf("connections per second are needed, above 0 and up to %.0f", mostRate)
		}
		return nil
	})
	f.Func("lose", "", func(text string) (err error) {
		o.lose, err = parseShare(text)
		return err
	})
	asked.Whole(f, "backlog", 0, math.MaxInt32, func(n int) { o.backlog = &n })
	number("workers", 0, 1<<20, &o.workers)
	number("runs", 1, mostRuns, &o.runs)
	number("memory", 1, 1<<26, &o.memory)
	number("destinations", 1, mostAddresses, &o.destinations)
	number("sources", 1, mostAddresses, &o.sources)
	span("service", &o.service, 0, mostTime)
	span("accept", &o.accept, 0, mostTime)
	span("stall", &o.stall, 0, mostTime)
	span("every", &o.every, time.Millisecond, mostTime)
	span("rtt", &o.rtt, 0, mostRTT)
	span("patience", &o.patience, 0, mostTime)
	span("for", &o.length, time.Millisecond, mostTime)
	span("open", &o.open, time.Microsecond, mostOpen)
	f.Func("range", "", func(text string) error { o.ports = &text; return nil })
	asked.HZ(f, func(n int) { o.hz = n })
	for _, name := range sysctlFlags() {
		asked.Whole(f, shortName(name), math.MinInt32, math.MaxInt32, func(n int) { o.sysctls[name] = n })
	}
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil:
		return o, asked.Mistake{Err: err}
	case f.NArg() > 0:
		return o, asked.Mistakef("argument %q: only flags are taken; the two numbers of -range go in one pair of quotes", f.Arg(0))
	}
	f.Visit(func(given *flag.Flag) {
		if err == nil {
			err = o.knows(given.Name)
		}
	})
	if o.closes == "" {
		o.closes = o.side
	}
	if err != nil {
		return o, err
	}
	return o, o.check()
}

// sysctlFlags are the sysctls that have a flag of their own name.
func sysctlFlags() []string {
	list := append(sysctlsOf(serverSide), sysctlsOf(clientSide)...)
	slices.Sort(list)
	return slices.Compact(list)
}

// knows refuses a flag of the other side.
func (o *options) knows(name string) error {
	foreign := clientFlags
	if o.side == clientSide {
		foreign = serverFlags
	}
	for _, s := range sysctlFlags() {
		if name == shortName(s) && !slices.Contains(sysctlsOf(o.side), s) {
			foreign = []string{name}
		}
	}
	if slices.Contains(foreign, name) {
		return asked.Mistakef("-%s: -side %s does not look at it", name, o.side)
	}
	return nil
}

// check refuses what is wrong together.
func (o *options) check() error {
	n := o.rate * o.length.Seconds()
	switch {
	case o.side == clientSide:
		return nil
	case o.stall >= o.every:
		return asked.Mistakef("-stall %v: stalls every %v (-every) have to be shorter than that", o.stall, o.every)
	case o.patience > 0 && o.patience <= o.rtt:
		return asked.Mistakef("-patience %v: nobody connects within a round trip of %v (-rtt)", o.patience, o.rtt)
	case n > mostConnections:
		return asked.Mistakef("-rate %g for %v (-for): a run takes %.0f connections at most", o.rate, o.length, float64(mostConnections))
	}
	return nil
}

// parseShare reads "0.1%" or "0.001".
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x >= 0 && x < 1) {
		return 0, errors.New(`a share from 0 to below 1 is needed, or a percentage: "0.001", "0.1%"`)
	}
	return x, nil
}
