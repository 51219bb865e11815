// Command bench measures linuxtcp side by side with what else does the same: gVisor's network stack, what one would
// write with Go's map, and the kernel of this machine. Every work is done by all of them in turn, round after round, so
// that what disturbs one disturbs the others; the table has the medians and, more telling, the ratios.
//
//	go run .                        the table, as text
//	go run . -readme ../README.md   the table into the README, between its two marks
//	go run . -samples bench.txt     every round's figures, for benchstat -col /impl bench.txt
//	go test -bench .                the same works as ordinary benchmarks
//
// What is counted is processor time: of all threads of the process, and of the kernel on their behalf, the garbage
// collector's among it. Others who use the machine so matter less.
//
// The kernel is asked in network namespaces. Where they cannot be made (they need root, or unshare -rn), that is said
// and its figures are left out.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("rounds", 11, "how often all have their turn")
	turn := flags.Duration("turn", 50*time.Millisecond, "how much processor time a turn takes, about")
	short := flags.Bool("short", false, "20,000 entries in place of a million, 2,800 ports in place of 28,232: to see that it works")
	which := flags.String("run", "", "only the works whose benchmark's name matches this regular expression")
	readme := flags.String("readme", "", "put the table into this file, between the lines "+tableBegins+" and "+tableEnds)
	samples := flags.String("samples", "", "write every round's figures to this file, as benchmark lines for benchstat")
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return nil
		}
		return err
	}
	re, err := regexp.Compile(*which)
	switch {
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("%q: there are no arguments but flags", flags.Arg(0))
	case *rounds < 1 || *turn <= 0:
		return fmt.Errorf("%d rounds of %v: both have to be positive", *rounds, *turn)
	case *readme != "" && (*short || *which != ""):
		return fmt.Errorf("-readme is for the whole table: not with -short or -run")
	}
	sc := full
	if *short {
		sc = small
	}
	r := report{machine: thisMachine(), date: time.Now(), rounds: *rounds, turn: *turn, scale: sc}
	for _, w := range works() {
		if !re.MatchString(w.bench) {
			continue
		}
		fmt.Fprintln(stderr, "measuring:", w.name)
		m, err := measure(w, sc, *rounds, *turn)
		if err != nil {
			return err
		}
		r.all = append(r.all, m)
	}
	if len(r.all) == 0 {
		return fmt.Errorf("-run %s: no such work", *which)
	}
	if err := r.text(stdout); err != nil {
		return err
	}
	if *samples != "" {
		if err := os.WriteFile(*samples, r.samples(), 0o666); err != nil {
			return err
		}
	}
	if *readme != "" {
		return r.intoFile(*readme)
	}
	return nil
}
