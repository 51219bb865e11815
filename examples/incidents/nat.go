package main

import (
	"fmt"
	"strconv"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// natEnd is when everybody in the story of the NAT has finished.
const natEnd = 100 * second

// tellNAT is the incident of the two phones.
func tellNAT(o options, release string) (StoryReport, error) {
	if o.client != "" {
		return tellAlone(o.client, release)
	}
	r := StoryReport{
		Title:   "Two phones behind one NAT, and a server with tcp_tw_recycle",
		Setting: "Phone A has been on for 1.2 million seconds, phone B for 0.2 million: B's timestamps are smaller. The NAT gives both one address and leaves timestamps alone. A connects at 0, and the server closes first; B connects at 5 s. tcp_tw_recycle and tcp_timestamps are on, where the release has them.",
	}
	s, err := incident.Phones(release, sim.NAT{}, 1)
	if err != nil {
		return r, err
	}
	if err := s.Run(natEnd); err != nil {
		return r, err
	}
	r.Events = events(s)
	for i, c := range s.Connections {
		r.Ends = append(r.Ends, fmt.Sprintf("Phone %c: %s, with %s sent.", 'A'+i, ended(c), synsOf(s, "phone "+string(rune('A'+i)))))
	}
	if n := incident.Raised(s.Server, kernel.PAWSPassive); n > 0 {
		r.Ends = append(r.Ends, fmt.Sprintf("%d SYNs of B died in silence: older than the last timestamp of their address, which is at most 60 s old. It heals once that one is older; each further connection of A that the server closes puts it off.", n))
	} else {
		r.Ends = append(r.Ends, "No SYN was held against a timestamp.")
	}
	r.Ends = append(r.Ends, "Counters of the server: "+serverCounters(s)+".")
	r.Tables, err = natTables()
	return r, err
}

// natTables are the two tables of the incident.
func natTables() ([]TableReport, error) {
	phones, err := natTable()
	if err != nil {
		return nil, err
	}
	alone, err := aloneTable()
	return []TableReport{phones, alone}, err
}

func synsOf(s *incident.Scene, node string) string {
	n := 0
	for _, e := range s.Events {
		if e.Kind == sim.Sent && e.Where == node && e.Segment.Flags == host.FlagSYN {
			n++
		}
	}
	if n == 1 {
		return "1 SYN"
	}
	return strconv.Itoa(n) + " SYNs"
}

// natTable lets the phones connect to servers of several kernels.
func natTable() (TableReport, error) {
	t := TableReport{
		Title:  "Phone B on other servers",
		Header: []string{"SERVER", "PHONE B", "PAWSPassive"},
		Note:   "The phones are of 3.18: one timestamp clock for all of a phone's connections. From 4.11 on the clock is the same for a pair of addresses, and two hosts behind a NAT still differ.",
	}
	for _, c := range []struct {
		release, but string
		nat          sim.NAT
		timestamps   int
	}{
		{"2.6.32", "", sim.NAT{}, 1},
		{"3.10.108", "", sim.NAT{}, 1},
		{"3.10.108", ", NAT rewrites timestamps", sim.NAT{Timestamps: true}, 1},
		{"3.10.108", ", tcp_timestamps 0", sim.NAT{}, 0},
		{"4.9.154", "", sim.NAT{}, 1},
		{"4.10", "", sim.NAT{}, 1},
		{"4.11", "", sim.NAT{}, 1},
		{"4.12", ", no tcp_tw_recycle", sim.NAT{}, 1},
		{"7.2.13", ", no tcp_tw_recycle", sim.NAT{}, 1},
	} {
		s, err := incident.Phones(c.release, c.nat, c.timestamps)
		if err != nil {
			return t, err
		}
		if err := s.Run(natEnd); err != nil {
			return t, err
		}
		row := []string{c.release + c.but, "still trying", strconv.FormatUint(incident.Raised(s.Server, kernel.PAWSPassive), 10)}
		if len(s.Connections) == 2 {
			row[1] = ended(s.Connections[1])
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

var natClaims = []ClaimReport{
	{"tcp_tw_recycle with timestamps drops SYNs of clients behind a NAT in silence; netstat -s counts them as rejected because of time stamp.", "true", "2.6.32 to 4.11, where the server closes first: PAWSPassive."},
	{"Both tcp_tw_recycle=1 and tcp_timestamps=1 are needed.", "partly", "True to 3.16. From 3.17 on, and on RHEL 7, a SYN without a timestamp is dropped too."},
	{"tcp_tw_recycle switches PAWS on.", "false", "PAWS of a connection is always on with timestamps. tcp_tw_recycle adds the test of SYNs by host, and a short TIME_WAIT."},
	{"Any packet with a smaller timestamp is dropped.", "false", "Only SYNs, only within 60 s of the remembered timestamp, and only if older by more than one tick."},
	{"The server keeps one timestamp for each client address.", "partly", "To 3.13; for each pair of own and client address from 3.14 to 4.11 and on RHEL 7. It is written when the server's side enters TIME_WAIT."},
	{"It was removed in 4.1x or 4.2 (digits got lost).", "partly", "Broken by clients of 4.10, which give each connection a clock of its own; softened in 4.11; removed in 4.12. Clients of 7.0 do as those of 4.10, and break old servers anew."},
	{"tcp_fin_timeout shortens TIME_WAIT.", "false", "It is for FIN_WAIT2 of orphans, in all releases. TIME_WAIT is 60 s."},
}
