package main

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/sim"
)

// leaksEnd is how long the second connect() takes at most.
const leaksEnd = 200 * second

// again is when the second connect() comes.
func again(inWindow bool) time.Duration {
	if inWindow {
		return incident.InWindow
	}
	return incident.Again
}

// tellLeaks is the incident of the leaked sockets.
func tellLeaks(o options, release string) (StoryReport, error) {
	r := StoryReport{
		Title: "A leaked socket in CLOSE-WAIT, and a port that is used again",
		Setting: "The server forgets to close. The client closes after 1 s, and its FIN-WAIT-2 is over after 60 s; the server's CLOSE-WAIT stays. " +
			ifElse(o.inWindow, "At 274.878 s the client connects from the same port: its clock of sequence numbers has gone round, and the SYN's number lies in the window of the leaked socket. ", "At 310 s the client connects from the same port. ") +
			map[string]string{filterNone: "Nothing stands between them.", filterACK: "A firewall eats the ACK that answers the SYN.", filterRST: "A firewall eats the RST that answers the ACK."}[o.filter],
	}
	s, second, err := collide(release, o.filter, o.inWindow)
	if err != nil {
		return r, err
	}
	r.Events = events(s)
	syns := ""
	for i, at := range s.SYNs("client", again(o.inWindow)) {
		syns += fmt.Sprintf("%s%.3f", ifElse(i > 0, ", ", ""), at.Seconds())
	}
	r.Ends = []string{
		fmt.Sprintf("The second connect(): %s. Its SYNs: at %s s.", ended(second), syns),
		fmt.Sprintf("The server has %s in CLOSE-WAIT, of %d that it leaked.", prose.Plural(count(s, host.CloseWait), "socket"), leaked(second)),
		"Counters of the server: " + serverCounters(s) + ".",
	}
	collisions, err := collisionTable()
	if err != nil {
		return r, err
	}
	hits, err := hitTable(o.leaked)
	r.Tables = []TableReport{collisions, hits}
	return r, err
}

// leaked is how many connections the server has had.
func leaked(second sim.Connection) int {
	if second.Failure == (sim.Failure{}) {
		return 2
	}
	return 1
}

// firewall is the box that a value of -filter stands for.
func firewall(filter string) []sim.Box {
	switch filter {
	case filterACK:
		return []sim.Box{&sim.Firewall{Label: "firewall", StrayACK: sim.Drop}}
	case filterRST:
		return []sim.Box{&sim.Firewall{Label: "firewall", StrayRST: sim.Drop}}
	}
	return nil
}

// collide plays the collision and returns how the second connection ended.
func collide(release, filter string, inWindow bool) (*incident.Scene, sim.Connection, error) {
	s, err := incident.CollisionAt(release, again(inWindow), firewall(filter)...)
	if err != nil {
		return nil, sim.Connection{}, err
	}
	if err := s.Run(again(inWindow) + leaksEnd); err != nil {
		return nil, sim.Connection{}, err
	}
	if len(s.Connections) != 2 {
		return nil, sim.Connection{}, unreachable(s)
	}
	return s, s.Connections[1], nil
}

// collisionTable plays the collision on several kernels, with and without a firewall.
func collisionTable() (TableReport, error) {
	t := TableReport{
		Title:  "The second connect() on other kernels",
		Header: []string{"RELEASE", "NO FIREWALL", "ACK EATEN", "RST EATEN", "IN THE WINDOW"},
		Note:   "From 3.8 to 3.17 the server drops the SYN in silence, and moves no counter. From 5.6 on the client sends its SYN again 2 jiffies after the stray ACK. Each success took the leaked socket away; a timeout leaves it. The last column is for a SYN whose number happens to lie in the window of the leaked socket, from the number on that it expects, with no firewall: before 3.6 (and RHEL 6.5, and late in 3.4.y) it resets that socket, and connect() ends at once with ECONNREFUSED.",
	}
	for _, release := range []string{"2.6.32", "2.6.32-358.el6", "3.1", "3.5", "3.7", "3.10.108", "3.18", "4.4.155", "4.19.78", "5.5", "5.10.223", "6.12.117", "6.18.44", "7.2.13"} {
		row := []string{release}
		for _, c := range []struct {
			filter   string
			inWindow bool
		}{{filterNone, false}, {filterACK, false}, {filterRST, false}, {filterNone, true}} {
			_, second, err := collide(release, c.filter, c.inWindow)
			if err != nil {
				return t, err
			}
			row = append(row, ended(second))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// firstPass is how many ports a connect() has as candidates before it looks at the others: half of the range
// where it takes every second port first, or begins at an even offset (4.2 to 4.5).
func firstPass(release string) (int, error) {
	rel, err := kernel.Parse(release)
	if err != nil {
		return 0, err
	}
	sys, err := kernel.Defaults(rel, kernel.Machine{MemoryBytes: 4 << 30})
	if err != nil {
		return 0, err
	}
	sem := rel.Semantics()
	ports := sys.LocalPorts(&sem)
	reach := map[portalloc.Reach]int{}
	step := 1
	if sem.PortSearch == kernel.PortSearchEven {
		step = 2
	}
	for p := ports.Low; p <= ports.High; p += step {
		reach[portalloc.ConnectReach(&sem, &sys, uint16(p))]++
	}
	if n := reach[portalloc.FirstPass]; n > 0 {
		return n, nil
	}
	return reach[portalloc.AnyPass], nil
}

// hitTable says how likely a connect() is to hit one of n leaked sockets.
func hitTable(n int) (TableReport, error) {
	t := TableReport{
		Title:  fmt.Sprintf("How likely a connect() is to hit one of %d leaked sockets", n),
		Header: []string{"RELEASE", "CANDIDATES", "EACH", "ONE OF 100", "MEAN FIRST HIT"},
		Note:   "For a search that begins anywhere, with leaked sockets whose ports connect() chose: from 4.2 on these are all of one parity, as are the candidates, which doubles the share. One quiet client up to 5.11 goes through the ports in order instead: no hit for a long time, then all in a row.",
	}
	for _, release := range []string{"2.6.32", "3.10.108", "4.1", "4.4.155", "5.10.223", "6.12.117", "7.2.13"} {
		candidates, err := firstPass(release)
		if err != nil {
			return t, err
		}
		p := hitChance(n, candidates)
		t.Rows = append(t.Rows, []string{
			release, strconv.Itoa(candidates), fmt.Sprintf("%.2f %%", 100*p), fmt.Sprintf("%.1f %%", 100*(1-math.Pow(1-p, 100))), fmt.Sprintf("%.0f", 1/p),
		})
	}
	return t, nil
}

// hitChance is the share of candidates that lead to a leaked socket.
func hitChance(leaked, candidates int) float64 { return float64(leaked) / float64(candidates) }

var leakClaims = []ClaimReport{
	{"CLOSE-WAIT lasts until close().", "true", "All releases: it has no timer."},
	{"The client's FIN-WAIT-2 ends after 60 s, and its port may be used again while the server has CLOSE-WAIT.", "true", "Orphans, by default. On loopback from 4.19 to 6.11 even before that, by tcp_tw_reuse=2 (mended in late 6.1.y)."},
	{"The SYN is never answered, and connect() ends with ETIMEDOUT.", "true", "3.8 to 3.17 and all of 3.10.y, without a firewall: SYNs to 63 s, ETIMEDOUT at 127 s. Observed on 3.10.108. On others it takes a firewall that eats the stray ACK or the RST."},
	{"(The translator:) an ACK comes back, the client sends a RST, the SYN goes out again after 1 s, and connects.", "true", "3.1 to 3.7 and 3.18 to 5.5. After 3 s up to 3.0, and 2 jiffies after the ACK from 5.6 on."},
	{"(The translator:) a firewall must have eaten the ACK in the author's case.", "partly", "It can; it is not needed. The author's capture, SYNs and no answer, is what 3.8 to 3.17 do."},
	{"Source ports go up one by one, unless the source address is chosen by hand.", "partly", "2.6.32 to 5.11: by 1, by 2 from 4.2 on. Nearly so to 5.17, not from 5.18 on. bind() to port 0 is random in all releases."},
	{"It takes hundreds of leaked sockets for a hit.", "partly", "The share is leaked sockets to candidates: 500 are 1.8 % up to 4.1 and 3.5 % from 4.2 on."},
}
