package sim

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// WriteText writes the report as tables. Times are rounded to what a person reads.
func (r *Report) WriteText(w io.Writer) error {
	t := &table{Writer: tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)}
	t.line("after %v, seed %d\n", r.At, r.Seed)
	if len(r.Clients) > 0 {
		t.line("client\tasked\tconnected\tfailed\tresets\tp50\tp99\tmax\t%s\t%s\t%s\t%s\t%s\t%s",
			stepNames[0], stepNames[1], stepNames[2], stepNames[3], stepNames[4], stepNames[5])
		for _, c := range r.Clients {
			s := c.Connect.Steps
			t.line("%s\t%d\t%d\t%d\t%d\t%v\t%v\t%v\t%d\t%d\t%d\t%d\t%d\t%d", c.Name, c.Asked, c.Connected, c.Failed, c.Resets,
				brief(c.Connect.P50), brief(c.Connect.P99), brief(c.Connect.Max), s[0], s[1], s[2], s[3], s[4], s[5])
		}
		for _, c := range r.Clients {
			for _, f := range c.Failures {
				t.line("%s: %d attempts ended with %s", c.Name, f.N, f.What)
			}
		}
		t.line("")
	}
	if len(r.Servers) > 0 {
		t.line("server\taccepted\tserved\tclosed\tresets\tleaked\taccept queue\tpeak\tlimit\tSYN queue\tpeak\tlimit")
		for _, s := range r.Servers {
			t.line("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d", s.Name, s.Accepted, s.Served, s.Closed, s.Resets, s.Leaked,
				s.AcceptQueue.Now, s.AcceptQueue.Peak, s.AcceptQueue.Limit, s.SYNQueue.Now, s.SYNQueue.Peak, s.SYNQueue.Limit)
		}
		t.line("")
	}
	t.line("host\tconnections\tTIME-WAIT\tbound\tKiB\tpeak: connections\tTIME-WAIT\tbound\tKiB")
	for _, n := range r.Nodes {
		t.line("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d", n.Name, n.Now.Connections, n.Now.TimeWait, n.Now.Bound, n.Now.Bytes>>10,
			n.Peak.Connections, n.Peak.TimeWait, n.Peak.Bound, n.Peak.Bytes>>10)
	}
	t.line("")
	for _, n := range r.Nodes {
		for _, c := range n.Counters {
			t.line("%s\t%d\t%s", n.Name, c.N, c.What)
		}
	}
	for _, n := range r.Nodes {
		for _, c := range n.Refused {
			t.line("%s\t%d\t%s", n.Name, c.N, c.What)
		}
	}
	for _, p := range r.Paths {
		if p.LostToA+p.LostToB > 0 {
			t.line("%s-%s\t%d\tlost on the way", p.A, p.B, p.LostToA+p.LostToB)
		}
		for _, c := range p.Stopped {
			t.line("%s-%s\t%d\t%s", p.A, p.B, c.N, c.What)
		}
	}
	if r.Unrouted > 0 {
		t.line("%d segments led nowhere", r.Unrouted)
	}
	if t.err != nil {
		return t.err
	}
	return t.Flush()
}

// table keeps the first error.
type table struct {
	*tabwriter.Writer
	err error
}

func (t *table) line(format string, args ...any) {
	if _, err := fmt.Fprintf(t, format+"\n", args...); t.err == nil {
		t.err = err
	}
}

// brief is a time with three digits or so.
func brief(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d/unit < 10_000 {
			return d.Round(unit)
		}
	}
}

// WriteJSON writes the report as one object, indented.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteCSV writes the samples: a line for each node at each moment, the times in seconds.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	err := out.Write([]string{"seconds", "node", "accept_queue", "syn_queue", "connections", "time_wait", "bound", "bytes"})
	for _, s := range r.Samples {
		if err != nil {
			break
		}
		err = out.Write([]string{
			strconv.FormatFloat(s.At.Seconds(), 'f', -1, 64), s.Node, strconv.Itoa(s.Accept), strconv.Itoa(s.Requests),
			strconv.Itoa(s.Connections), strconv.Itoa(s.TimeWait), strconv.Itoa(s.Bound), strconv.FormatInt(s.Bytes, 10),
		})
	}
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}
