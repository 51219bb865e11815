package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"example.com/linuxtcp/internal/prose"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(stdout, helpText)
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "incidents:", err)
		fmt.Fprintln(stderr, "incidents -h explains the flags, with examples.")
		return 2
	}
	r, err := tell(o)
	if err == nil {
		if o.json {
			err = prose.JSON(stdout, r)
		} else {
			err = writeText(stdout, r)
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "incidents:", err)
		return 1
	}
	return 0
}

// A chapter is an incident: its name, the release that it happened on, and who tells it.
type chapter struct {
	name, release string
	tell          func(o options, release string) (StoryReport, error)
	claims        []ClaimReport
}

func chapters() []chapter {
	return []chapter{
		{"queues", "4.19.91", tellQueues, queueClaims},
		{"nat", "3.10.108", tellNAT, natClaims},
		{"race", "2.6.32", tellRace, raceClaims},
		{"leaks", "3.10.108", tellLeaks, leakClaims},
	}
}

// tell tells the incidents that are asked for.
func tell(o options) (*Report, error) {
	r := &Report{}
	for _, c := range chapters() {
		if o.incident != "" && o.incident != c.name {
			continue
		}
		release := c.release
		if o.release != "" {
			release = o.release
		}
		s, err := c.tell(o, release)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		s.Name, s.Release, s.Claims = c.name, release, c.claims
		if o.incident == "" {
			s.Events, s.Claims = nil, nil
		}
		r.Stories = append(r.Stories, s)
	}
	return r, nil
}
