package main

import (
	"fmt"
	"strconv"
	"time"

	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/sim"
)

// A client alone connects every alonePause, aloneTold times in the story and aloneMany times in the table, and the last
// attempt has ended aloneEnd after it began.
const (
	alonePause = 10 * second
	aloneTold  = 8
	aloneMany  = 40
	aloneEnd   = 200 * second
)

// alone lets a client connect n times, and waits for the end.
func alone(server, client string, timestamps, n int) (*incident.Scene, error) {
	var at sim.Times
	for i := range n {
		at = append(at, time.Duration(i)*alonePause)
	}
	s, err := incident.Alone(server, client, timestamps, at)
	if err != nil {
		return nil, err
	}
	if err := s.Run(at[n-1] + aloneEnd); err != nil {
		return nil, err
	}
	if len(s.Connections) != n {
		return nil, fmt.Errorf("%d of %d connections have not ended by %v", n-len(s.Connections), n, s.Now())
	}
	return s, nil
}

// tellAlone is what becomes of the incident where there is no NAT.
func tellAlone(client, server string) (StoryReport, error) {
	sem := kernel.MustParse(client).Semantics() // parseFlags has parsed it
	r := StoryReport{
		Title: "One client alone, and a server with tcp_tw_recycle",
		Setting: fmt.Sprintf("No NAT and no neighbour: one client of %s connects every 10 s, and the server closes first. Its timestamps have %v. tcp_tw_recycle and tcp_timestamps are on, where the release has them.",
			client, paws.OffsetScope(&sem, 1)),
	}
	s, err := alone(server, client, 1, aloneTold)
	if err != nil {
		return r, err
	}
	r.Events = events(s)
	for i, n := range byNumber(s) {
		r.Ends = append(r.Ends, fmt.Sprintf("Connection %d: %s.", i+1, ended(n)))
	}
	if n := incident.Raised(s.Server, kernel.PAWSPassive); n > 0 {
		r.Ends = append(r.Ends, fmt.Sprintf("%s died in silence: the timestamp was below that of another connection of the same host, by less than half of all numbers, and that one was less than 60 s old. Each connection that the server closes makes it younger.", prose.Plural(int(n), "SYN")))
	} else {
		r.Ends = append(r.Ends, "No SYN was held against a timestamp.")
	}
	r.Ends = append(r.Ends, "Counters of the server: "+serverCounters(s)+".")
	r.Tables, err = natTables()
	return r, err
}

// byNumber are the connections in the order in which they were asked for.
func byNumber(s *incident.Scene) []sim.Connection {
	list := make([]sim.Connection, len(s.Connections))
	for _, c := range s.Connections {
		list[c.N-1] = c
	}
	return list
}

// aloneTable lets a client of several kernels connect to servers of several kernels.
func aloneTable() (TableReport, error) {
	t := TableReport{
		Title:  fmt.Sprintf("One client alone, without any NAT: %d connections, one every 10 s", aloneMany),
		Header: []string{"CLIENT", "SERVER", "ITS TIMESTAMPS HAVE", "AT ONCE", "LATER", "ETIMEDOUT", "PAWSPassive"},
		Note:   "A client of 4.10, and from 7.0 on (and late in 6.19.y, 6.12.y and 6.1.y), starts the timestamps of each connection at a number of its own: about every second one is below the last, and its SYNs die until it is not, or until all of them have been sent. The numbers are secret: these are some of the possible ones.",
	}
	for _, c := range []struct {
		client, server string
		timestamps     int
	}{
		{"4.9", "3.10.108", 1}, {"4.10", "3.10.108", 1}, {"4.10", "3.10.108", 2}, {"4.11", "3.10.108", 1},
		{"4.10", "4.10", 1}, {"4.10", "4.11", 1}, {"4.10", "4.12", 1},
		{"6.12.43", "3.10.108", 1}, {"6.12.117", "3.10.108", 1}, {"7.2.13", "3.10.108", 1}, {"7.2.13", "7.2.13", 1},
	} {
		s, err := alone(c.server, c.client, c.timestamps, aloneMany)
		if err != nil {
			return t, err
		}
		sem := kernel.MustParse(c.client).Semantics()
		count := map[string]int{}
		for _, x := range s.Connections {
			switch {
			case x.Failure != sim.Failure{}:
				count["failed"]++
			case x.Ended-x.Asked < second:
				count["at once"]++
			default:
				count["later"]++
			}
		}
		t.Rows = append(t.Rows, []string{
			c.client + ifElse(c.timestamps == 1, "", ", tcp_timestamps "+strconv.Itoa(c.timestamps)), c.server, paws.OffsetScope(&sem, c.timestamps).String(),
			strconv.Itoa(count["at once"]), strconv.Itoa(count["later"]), strconv.Itoa(count["failed"]),
			strconv.FormatUint(incident.Raised(s.Server, kernel.PAWSPassive), 10),
		})
	}
	return t, nil
}
