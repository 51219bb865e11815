package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// raceClosed is how long the winner's connection lasts where it is short.
const raceClosed = 50 * time.Millisecond

// raceStep is the time that the story gives to each step: what it shows is their order.
const raceStep = 100 * time.Nanosecond

// raceConfig is the situation: one candidate, a TIME_WAIT entry that may be taken over, two CPUs.
var raceConfig = portalloc.RaceConfig{Entry: portalloc.EntryTaken}

// tellRace is the incident of the two sockets with one port.
func tellRace(_ options, release string) (StoryReport, error) {
	r := StoryReport{
		Title:   "Two connect() calls, one port, one sequence number",
		Setting: "Two threads connect to one destination at the same time: " + raceConfig.String() + ". tcp_tw_reuse is on, and timestamps.",
	}
	rel, err := kernel.Parse(release)
	if err != nil {
		return r, err
	}
	sem := rel.Semantics()
	found, err := portalloc.ExploreRace(&sem, raceConfig)
	if err != nil {
		return r, err
	}
	chosen := found.Outcomes[0]
	for _, o := range found.Outcomes {
		if o.Double() && o.Winner == portalloc.ThreadB {
			chosen = o
		}
	}
	schedule, result, err := portalloc.RunRace(&sem, raceConfig, chosen.Example.Order)
	if err != nil {
		return r, err
	}
	at := time.Duration(0)
	for _, m := range schedule.Moves() {
		at += raceStep
		text := m.Step.ID + " " + m.Step.Does
		if m.Note != "" {
			text += ": " + m.Note
		}
		r.Events = append(r.Events, EventReport{Seconds: at.Seconds(), Where: m.Thread.String(), Text: text + " [" + m.Step.Func + "]"})
	}
	r.Ends = []string{
		fmt.Sprintf("This order of steps: %s.", result),
		fmt.Sprintf("%d of %d orders of steps end with two sockets on one port that send equal SYNs.", found.Doubles, found.Interleavings),
	}
	if result.Double() {
		loser := portalloc.ThreadA
		for _, end := range []struct {
			when   string
			closed time.Duration
		}{{"the winner's connection is closed within 50 ms", raceClosed}, {"it stays open", portalloc.StaysOpen}} {
			s, err := portalloc.Starve(&sem, kernel.DefaultSYNTimer(&sem), end.closed)
			if err != nil {
				return r, err
			}
			r.Ends = append(r.Ends, fmt.Sprintf("If %s: %s.", end.when, s))
			r.Events = append(r.Events, starving(s, "one ending, if "+end.when, loser.String())...)
		}
	}
	t, err := raceTable()
	r.Tables = []TableReport{t}
	return r, err
}

// starving are the turns of the connect() whose answers all go to the other.
func starving(s portalloc.Starving, when, thread string) (all []EventReport) {
	say := func(at time.Duration, text string) {
		all = append(all, EventReport{Seconds: at.Seconds(), Where: thread, Text: text})
	}
	say(0, when+": the server answers both SYNs with one SYN-ACK, and both go to the winner")
	for _, at := range s.Resent {
		if at <= s.At {
			say(at, "sends its SYN again: same port, same sequence number")
		}
	}
	if s.Connected {
		say(s.At, "connected: the winner is gone and the answer finds this socket")
	} else {
		say(s.At, "connect() returns ETIMEDOUT: every answer went to the winner")
	}
	return all
}

// raceTable asks several kernels for the race and its ends.
func raceTable() (TableReport, error) {
	t := TableReport{
		Title:  "The same two threads on other kernels",
		Header: []string{"RELEASE", "EQUAL SYNS IN", "WINNER CLOSES IN 50 MS", "WINNER STAYS OPEN"},
		Note:   "RHEL 6.2 is build 220, 6.3 is 279, 6.4 is 358, 6.5 is 431. Round trips are not counted.",
	}
	for _, release := range []string{
		"2.6.32", "2.6.32-220.el6.x86_64", "2.6.32-279.el6.x86_64", "2.6.32-358.el6.x86_64", "2.6.32-431.el6.x86_64", "2.6.32-504.el6.x86_64",
		"2.6.33", "3.10.0-1160.el7.x86_64", "6.1.192", "7.2.13",
	} {
		sem := kernel.MustParse(release).Semantics()
		found, err := portalloc.ExploreRace(&sem, raceConfig)
		if err != nil {
			return t, err
		}
		row := []string{release, fmt.Sprintf("%d of %d orders", found.Doubles, found.Interleavings), "no race", "no race"}
		if portalloc.HasRace(&sem) {
			for i, closed := range []time.Duration{raceClosed, portalloc.StaysOpen} {
				s, err := portalloc.Starve(&sem, kernel.DefaultSYNTimer(&sem), closed)
				if err != nil {
					return t, err
				}
				row[2+i] = ifElse(s.Connected, "connected", "ETIMEDOUT") + " after " + strconv.FormatFloat(s.At.Seconds(), 'f', -1, 64) + " s"
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func ifElse(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// unreachable is the error of a scene that ended too soon.
func unreachable(s *incident.Scene) error {
	return errors.New("the second connection has not ended by " + s.Now().String())
}

var raceClaims = []ClaimReport{
	{"2.6.32-220 has it and -504 does not.", "true", "Also every 2.6.32.y and all builds up to RHEL 6.4; gone from RHEL 6.5 and 2.6.33 on. Observed on build 357, 5 of 960 trials."},
	{"It takes concurrency, tcp_tw_reuse, timestamps and many TIME_WAIT entries.", "true", "And two processors."},
	{"connect() does not fail, it succeeds after 3 s.", "partly", "If the winner has closed by then; else ETIMEDOUT, after 21 s on 2.6.32 and RHEL 6.0 to 6.2, 63 s on 6.3 and 6.4."},
	{"The SYN is sent again after 3 s.", "partly", "2.6.32 and RHEL 6.0 to 6.2. After 1 s on RHEL 6.3 and 6.4."},
	{"Two SYNs go out with one sequence number: that of the TIME_WAIT entry + 65535 + 2.", "true", "2.6.32 to 7.2 take this number; only with the race two sockets take it."},
	{"The cause is that the entry is removed after the unlock; the fix removes it before.", "partly", "It is removed from the table of connections within that table's lock, and from the port's list within the port's lock. Only the timer is still stopped afterwards."},
	{"The socket that is first in the port's list gets the answers.", "partly", "First in the chain of established connections: the socket that was inserted last wins."},
}
