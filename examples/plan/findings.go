package main

import (
	"fmt"
	"strings"
	"time"

	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// sentences are findings in two parts, the bad ones first.
type sentences struct{ first, then []Finding }

func (s *sentences) bad(format string, args ...any)  { s.say(true, format, args...) }
func (s *sentences) good(format string, args ...any) { s.say(false, format, args...) }

func (s *sentences) say(isBad bool, format string, args ...any) {
	list := &s.then
	if isBad {
		list = &s.first
	}
	*list = append(*list, Finding{isBad, fmt.Sprintf(format, args...)})
}

func (s *sentences) all() []Finding { return append(s.first, s.then...) }

// findings are the answer in sentences, the bad ones first.
func (q *incoming) findings(r *ServerReport, lacks string) []Finding {
	var f sentences
	g := r.Given
	if r.Busy >= 1 {
		text := fmt.Sprintf("No backlog helps: the program would need %.0f %% of its time, and the accept queue grows without end.", 100*r.Busy)
		if lacks == "workers" {
			text += fmt.Sprintf(" It takes %s to keep up with a tenth of their time to spare.", prose.Plural(q.o.workersNeeded(q.w), "worker"))
		} else {
			text += " It has to call accept() more often."
		}
		f.bad("%s", text)
	} else if r.Busy > nearlyTooBusy {
		f.bad("The program needs %.0f %% of its time: the accept queue is long even between stalls, and a little more load is too much for any backlog.", 100*r.Busy)
	}
	if g.Lossy > 0 {
		share := shareText(g.Most)
		if least := shareText(g.Least); least != share {
			share = least + " to " + share
		}
		f.say(g.Most > q.o.lose, "Backlog %d loses something in %s: %s, %s for each 1000 connections. Its limit is %d: %s.",
			g.Backlog, ofRuns(g.Lossy, r.Runs), share, lossesText(float64(g.Losses)/float64(g.Connections)*1000), g.Limit, g.BoundText)
	} else {
		f.good("Backlog %d loses nothing: %s of %s, %s. Its limit is %d: %s.",
			g.Backlog, noneOf(r.Runs), spanText(q.o.length), prose.Plural(g.Connections, "connection"), g.Limit, g.BoundText)
	}
	if text := q.remedyText(r); text != "" {
		f.good("%s", text)
	}
	if r.Busy < 1 {
		f.say(!r.Needed.Found, "%s", q.neededText(r))
	}
	if n := r.Needed; n.Found {
		f.good("%s", confidenceText(n, q.o.length))
	}
	f.good("%s", q.usersText(r))
	if text := q.timeWaitText(r); text != "" {
		f.good("%s", text)
	}
	return f.all()
}

// neededText is the smallest backlog, against the rule of thumb.
func (q *incoming) neededText(r *ServerReport) string {
	n := r.Needed
	aim := "loses nothing"
	if r.Allowed > 0 {
		aim = "loses at most " + shareText(r.Allowed)
	}
	if !n.Found {
		return fmt.Sprintf("No backlog up to %d %s.", n.Largest, aim)
	}
	text := fmt.Sprintf("The smallest backlog that %s is %d", aim, n.Backlog)
	if n.Backlog > 0 {
		text += fmt.Sprintf("; with %d a run loses %d of %d", n.Backlog-1, n.OneLessLosses, n.OneLessOf)
	}
	text += "."
	if n.MostPeak > n.LeastPeak {
		text += fmt.Sprintf(" In the single runs the accept queue gets %d to %d long.", n.LeastPeak, n.MostPeak)
	}
	if q.o.stall > 0 && q.w.steady {
		if rule := r.Rate * q.o.stall.Seconds(); r.Allowed == 0 && rule >= 1 {
			text += fmt.Sprintf(" The rule of thumb, rate x stall, says %.0f.", rule)
		}
	}
	if n.Backlog > max(q.c.sys.Somaxconn, 0) {
		text += fmt.Sprintf(" net.core.somaxconn is %d: it has to be raised to that first.", q.c.sys.Somaxconn)
	}
	return text
}

// confidenceText is what the runs do not rule out.
func confidenceText(n NeededReport, length time.Duration) string {
	kept := fmt.Sprintf("all %d runs keep to that", n.Runs)
	if n.Runs == 1 {
		kept = "the one run keeps to that"
	}
	text := fmt.Sprintf("How sure: %s. With 95 %% confidence that leaves up to %s of all such runs of %s that do not", kept, shareText(n.Risk), spanText(length))
	for _, more := range []int{30, 300} {
		if more > n.Runs {
			risk := sim.Answer{Found: true, Seeds: more}.Risk()
			text += fmt.Sprintf("; -runs %d would leave %s", more, shareText(risk))
			break
		}
	}
	return text + ". That is for this load; a longer stall or more users need more."
}

// remedyText is which setting binds.
func (q *incoming) remedyText(r *ServerReport) string {
	var enough, not []string
	for _, x := range r.Remedies {
		if x.Enough {
			enough = append(enough, x.Change)
		} else {
			not = append(not, x.Change)
		}
	}
	var text []string
	if len(enough) > 0 {
		text = append(text, "What ends it: "+strings.Join(enough, "; or ")+".")
	}
	if len(not) > 0 {
		text = append(text, "What does not, alone: "+strings.Join(not, "; ")+".")
	}
	return strings.Join(text, " ")
}

// usersText is what connect() takes.
func (q *incoming) usersText(r *ServerReport) string {
	u := r.Users
	late := uint64(0)
	for _, n := range u.Connect.Steps[1:] {
		late += n
	}
	text := fmt.Sprintf("Users with backlog %d: connect() takes %s", r.Given.Backlog, secondsText(u.Connect.P50))
	switch {
	case u.Connect.Min == u.Connect.Max:
		text += ", a round trip"
	case late == 0:
		text += fmt.Sprintf(" for half of them, %s for 99 %% and %s at most", secondsText(u.Connect.P99), secondsText(u.Connect.Max))
	default:
		text += fmt.Sprintf(" for half of them and %s for 99 %%", secondsText(u.Connect.P99))
		text += fmt.Sprintf("; %s for a SYN to be sent again, %s at most", waits(late), secondsText(u.Connect.Max))
	}
	if u.Failed+u.Resets > 0 {
		text += fmt.Sprintf("; %d gave up, %d were reset", u.Failed, u.Resets)
	}
	if missing := u.Asked - u.Connected - u.Failed; missing > uint64(3*r.Rate*q.o.rtt.Seconds())+10 {
		text += fmt.Sprintf("; %d still try when the run ends", missing)
	}
	return text + fmt.Sprintf(". From the first SYN until they are served it takes %s, %s for 99 %%, and %s at most.",
		secondsText(u.Served.P50), secondsText(u.Served.P99), secondsText(u.Served.Max))
}

// timeWaitText is what tcp_max_tw_buckets does.
func (q *incoming) timeWaitText(r *ServerReport) string {
	for _, c := range r.Counters {
		if c.Name == kernel.TCPTimeWaitOverflow.String() {
			return fmt.Sprintf("TIME_WAIT is full: tcp_max_tw_buckets is %d, and %d connections of that run end without an entry (%s). Their users do not notice.",
				q.c.sys.TCPMaxTWBuckets, c.Count, c.Name)
		}
	}
	return ""
}

func waits(n uint64) string {
	if n == 1 {
		return "1 waits"
	}
	return fmt.Sprintf("%d wait", n)
}

func noneOf(runs int) string {
	if runs == 1 {
		return "the one run"
	}
	return fmt.Sprintf("none of %d runs", runs)
}

func ofRuns(n, runs int) string {
	switch {
	case runs == 1:
		return "the one run"
	case n == runs:
		return fmt.Sprintf("each of %d runs", runs)
	}
	return fmt.Sprintf("%d of %d runs", n, runs)
}
