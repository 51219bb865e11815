package main

import (
	"errors"
	"flag"
	"io"
	"math"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/kernel"
)

// maxFlood is the most SYNs of the flood: it is run some hundred times.
const maxFlood = 10_000

// options are the flags.
type options struct {
	from, to  string
	backlog   int32
	flood     int
	memory    int // MiB, 0 if not given
	hz        int
	ports     *string
	sysctls   map[string]int // by full name
	all, json bool
}

// parseFlags reads the command line. What depends on the kernels is checked later.
func parseFlags(args []string) (options, error) {
	o := options{backlog: 511, flood: 1000, hz: 250, sysctls: make(map[string]int)}
	f := flag.NewFlagSet("upgrade", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.from, "from", "", "")
	f.StringVar(&o.to, "to", "", "")
	f.BoolVar(&o.all, "all", false, "")
	f.BoolVar(&o.json, "json", false, "")
	f.Func("range", "", func(text string) error { o.ports = &text; return nil })
	whole := func(name string, lo, hi int, take func(int)) { asked.Whole(f, name, lo, hi, take) }
	whole("backlog", math.MinInt32, math.MaxInt32, func(n int) { o.backlog = int32(n) })
	whole("flood", 1, maxFlood, func(n int) { o.flood = n })
	whole("memory", 1, 1<<26, func(n int) { o.memory = n })
	asked.HZ(f, func(n int) { o.hz = n })
	for _, name := range kernel.SysctlNames() {
		whole(shortName(name), math.MinInt32, math.MaxInt32, func(n int) { o.sysctls[name] = n })
	}
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil:
		return o, asked.Mistake{Err: err}
	}
	if f.NArg() > 0 {
		return o, asked.Mistakef("argument %q: only flags are taken; the two numbers of -range go in one pair of quotes", f.Arg(0))
	}
	return o, nil
}

// shortName is a sysctl's name as a flag: tcp_syncookies for net.ipv4.tcp_syncookies.
func shortName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
