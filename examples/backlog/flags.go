package main

import (
	"errors"
	"flag"
	"io"
	"math"
	"strings"

	"example.com/linuxtcp/internal/asked"
)

// options are the flags. A nil pointer is a flag that was not given, which matters
// where 0 is a value.
type options struct {
	release    string
	port       *int
	backlog    *int
	flood      *int
	across     bool
	json       bool
	hz         int
	memory     *int
	sysctlFile string
	accept     *int
	synrecv    *int
	young      *int
	sysctls    map[string]int // by full name
}

// parseFlags reads the command line. What depends on the kernel, such as the range
// of a sysctl, is checked later.
func parseFlags(args []string) (options, error) {
	o := options{hz: 250, sysctls: make(map[string]int)}
	f := flag.NewFlagSet("backlog", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.release, "release", "", "")
	f.StringVar(&o.sysctlFile, "sysctl", "", "")
	f.BoolVar(&o.across, "across", false, "")
	f.BoolVar(&o.json, "json", false, "")
	number := func(name string, lo, hi int, set func(int)) { asked.Whole(f, name, lo, hi, set) }
	pointer := func(p **int) func(int) { return func(n int) { *p = &n } }
	number("port", 1, math.MaxUint16, pointer(&o.port))
	number("backlog", math.MinInt32, math.MaxInt32, pointer(&o.backlog))
	number("flood", 1, maxFlood, pointer(&o.flood))
	number("memory", 1, 1<<26, pointer(&o.memory))
	number("accept", 0, maxFlood, pointer(&o.accept))
	number("synrecv", 0, maxFlood, pointer(&o.synrecv))
	number("young", 0, maxFlood, pointer(&o.young))
	asked.HZ(f, func(n int) { o.hz = n })
	for _, name := range listenSysctls() {
		number(shortName(name), math.MinInt32, math.MaxInt32, func(n int) { o.sysctls[name] = n })
	}
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil:
		return o, asked.Mistake{Err: err}
	case f.NArg() > 0:
		return o, asked.Mistakef("argument %q: only flags are taken, a port is given as -port N", f.Arg(0))
	case o.young != nil && o.synrecv == nil && o.port == nil:
		return o, asked.Mistakef("-young %d: give -synrecv too, the young requests are some of those", *o.young)
	}
	return o, nil
}

// hypothetical reports whether the flags describe a listener of their own instead
// of asking for those of the machine.
func (o *options) hypothetical() bool {
	return o.port == nil && (o.release != "" || o.backlog != nil || o.flood != nil || o.across || o.memory != nil ||
		o.sysctlFile != "" || o.accept != nil || o.synrecv != nil || o.young != nil || len(o.sysctls) > 0)
}

// sysctlName names the file of -sysctl for people.
func (o *options) sysctlName() string {
	return ifElse(o.sysctlFile == "-", "standard input", o.sysctlFile)
}

// shortName is a sysctl's name as a flag: tcp_syncookies for net.ipv4.tcp_syncookies.
func shortName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
