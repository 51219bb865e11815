// Command connectcost measures what connect() costs on the running kernel while the local
// ports of one destination fill up, and prints the times as comma-separated values.
//
//	go build -o connectcost ./cmd/connectcost && ./connectcost >connect-cost.csv
//
// It works in a network namespace of its own, with a listener on 127.0.0.1, and needs root.
// docs/connect-cost.csv of the library is what it printed, and the picture beside it holds the
// model against that.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/conformance/netns"
	"golang.org/x/sys/unix"
)

// A plan is what to measure.
type plan struct {
	low, high int
	permille  []int // of the range in use, ascending
	rounds    int
	calls     int
	cpu       int
}

const usage = `connectcost measures what connect() costs on this machine's kernel while the ports of
one destination fill up. It needs root, and prints comma-separated values.

Usage: connectcost [flags]

Each round fills the range step by step with connections to one listener on 127.0.0.1,
stops at each level, times so many more connect() calls there, each closed by a reset
before the next, and in the end closes everything. A busy machine disturbs single calls
and single rounds, not the median of a round nor the median of the rounds.

`

func main() {
	f := flag.NewFlagSet("connectcost", flag.ExitOnError)
	f.Usage = func() {
		fmt.Fprint(f.Output(), usage)
		f.PrintDefaults()
	}
	ports := f.String("range", "32768 60999", "net.ipv4.ip_local_port_range, lower and upper bound")
	levels := f.String("levels", "0,100,200,300,400,450,490,500,510,550,600,700,800,900,950,990,999,1000",
		"thousandths of the range in use at which to stop, ascending")
	rounds := f.Int("rounds", 5, "how often to fill the range")
	calls := f.Int("calls", 200, "connect() calls timed at each level of each round")
	cpu := f.Int("cpu", 0, "the processor to run on")
	f.Parse(os.Args[1:])

	p := plan{rounds: *rounds, calls: *calls, cpu: *cpu}
	err := p.read(*ports, *levels)
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("%s: there are flags only", f.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "connectcost:", err)
		os.Exit(2)
	}
	out := bufio.NewWriter(os.Stdout)
	header(out)
	err = netns.Do(p.cpu, func() error { return p.run(out) })
	if err = errors.Join(err, out.Flush()); err != nil {
		fmt.Fprintln(os.Stderr, "connectcost:", err)
		os.Exit(1)
	}
}

// read takes the range and the levels from the flags.
func (p *plan) read(ports, levels string) error {
	if n, err := fmt.Sscanf(ports, "%d %d", &p.low, &p.high); n != 2 || err != nil ||
		p.low < 1024 || p.high > 65535 || p.high <= p.low {
		return fmt.Errorf("-range %q: two ports of 1024 to 65535, the lower first", ports)
	}
	last := -1
	for _, word := range strings.Split(levels, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n <= last || n > 1000 {
			return fmt.Errorf("-levels %q: thousandths from 0 to 1000, ascending", levels)
		}
		p.permille = append(p.permille, n)
		last = n
	}
	if p.rounds < 1 || p.calls < 1 || p.cpu < 0 {
		return fmt.Errorf("-rounds %d, -calls %d, -cpu %d: at least 1, 1 and 0", p.rounds, p.calls, p.cpu)
	}
	return nil
}

// header tells where and when the figures come from.
func header(out io.Writer) {
	var uts unix.Utsname
	unix.Uname(&uts)
	processor := "unknown"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				processor = strings.TrimSpace(value)
				break
			}
		}
	}
	fmt.Fprintf(out, "# kernel: %s\n", unix.ByteSliceToString(uts.Release[:]))
	fmt.Fprintf(out, "# processor: %s\n", processor)
	fmt.Fprintf(out, "# date: %s\n", time.Now().UTC().Format(time.DateOnly))
	fmt.Fprintf(out, "# command: %s\n", strings.Join(append([]string{"connectcost"}, quoted(os.Args[1:])...), " "))
}

func quoted(args []string) []string {
	for i, a := range args {
		if strings.ContainsAny(a, " \t") {
			args[i] = strconv.Quote(a)
		}
	}
	return args
}
