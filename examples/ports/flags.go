package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"example.com/linuxtcp/internal/asked"
)

// Limits of what the flags take.
const (
	mostAddresses = 1 << 20 // portalloc's own
	mostRate      = 1e9
	leastOpen     = time.Microsecond
	mostOpen      = 365 * 24 * time.Hour
)

// Values of -bind.
const (
	bindAddress  = "address"
	bindWildcard = "wildcard"
)

// options are the flags. A nil pointer is a flag that was not given, which matters where
// the zero value is one to give.
type options struct {
	release               string
	ports, reserved       *string // -range, -reserved
	rate                  float64 // 0 if not given
	destinations, sources int
	open                  time.Duration
	bind                  string // "" if connect() picks the port
	serverCloses          bool
	loopback              bool
	reuse, buckets        *int
	hz                    int // 0 if not given
	json, curve, csv      bool
	race                  bool
}

// parseFlags reads the command line. What depends on the kernel, such as the bounds of
// the range, is checked later.
func parseFlags(args []string) (options, error) {
	o := options{destinations: 1, sources: 1, open: 100 * time.Millisecond}
	f := flag.NewFlagSet("ports", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.release, "release", "", "")
	f.BoolVar(&o.serverCloses, "server-closes", false, "")
	f.BoolVar(&o.loopback, "loopback", false, "")
	f.BoolVar(&o.json, "json", false, "")
	f.BoolVar(&o.curve, "curve", false, "")
	f.BoolVar(&o.csv, "csv", false, "")
	f.BoolVar(&o.race, "race", false, "")
	f.Func("range", "", func(text string) error { o.ports = &text; return nil })
	f.Func("reserved", "", func(text string) error { o.reserved = &text; return nil })
	f.Func("rate", "", func(text string) error {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !(n > 0) || n > mostRate {
			return fmt.Errorf("connections per second are needed, above 0 and up to %.0f", mostRate)
		}
		o.rate = n
		return nil
	})
	f.Func("open", "", func(text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d < leastOpen || d > mostOpen {
			return errors.New(`a duration from 1us to 8760h is needed, with its unit: "250ms", "30s"`)
		}
		o.open = d
		return nil
	})
	f.BoolFunc("bind", "", func(text string) error {
		switch text {
		case "true", bindAddress:
			o.bind = bindAddress
		case bindWildcard:
			o.bind = bindWildcard
		case "false":
			o.bind = ""
		default:
			return errors.New("-bind, -bind=address or -bind=wildcard is needed")
		}
		return nil
	})
	number := func(name string, lo, hi int, set func(int)) { asked.Whole(f, name, lo, hi, set) }
	number("destinations", 1, mostAddresses, func(n int) { o.destinations = n })
	number("sources", 1, mostAddresses, func(n int) { o.sources = n })
	number("reuse", 0, 2, func(n int) { o.reuse = &n })
	number("buckets", 0, math.MaxInt32, func(n int) { o.buckets = &n })
	asked.HZ(f, func(n int) { o.hz = n })
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil:
		return o, asked.Mistake{Err: err}
	case f.NArg() > 0:
		return o, asked.Mistakef("argument %q: only flags are taken; the two numbers of -range go in one pair of quotes, and a word goes to -bind with =", f.Arg(0))
	case o.csv && !o.curve:
		return o, asked.Mistakef("-csv: give -curve too, the table that it prints")
	case o.csv && o.json:
		return o, asked.Mistakef("-csv and -json: choose one")
	}
	return o, nil
}
