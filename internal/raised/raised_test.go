package raised

import (
	"slices"
	"testing"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
)

// Every counter of the models is raised by a scene on some release, and every scene raises
// one on some release.
func TestScenesCoverTheCounters(t *testing.T) {
	seen := make(map[kernel.Counter]bool)
	plays := make(map[string]bool)
	for _, r := range rowtest.Mainline() {
		sem := r.Semantics()
		for _, s := range Scenes() {
			c := s.Counters(&sem)
			plays[s.What] = plays[s.What] || c.Len() > 0
			for counter := range c.All() {
				seen[counter] = true
			}
		}
	}
	for c := range kernel.AllCounters() {
		if !seen[c] {
			t.Errorf("no scene raises %v", c)
		}
	}
	for _, s := range Scenes() {
		if !plays[s.What] {
			t.Errorf("%q raises nothing on any release", s.What)
		}
		if s.Rule == "" || s.Func == "" {
			t.Errorf("%q names no rule", s.What)
		}
	}
}

// What raises a counter follows the release: some known changes.
func TestBy(t *testing.T) {
	const (
		synFull    = "a SYN meets a full accept queue"
		ackFull    = "a final ACK meets a full accept queue"
		cookieSent = "a SYN meets a full SYN queue and is answered with a cookie"
		stray      = "an ACK that belongs to nothing meets a listener that sent no cookie lately"
		begin      = "a connection goes to TIME-WAIT"
		end        = "TIME-WAIT runs its time and ends"
		oldAtTW    = "a segment with too old a timestamp meets TIME-WAIT"
		recycled   = "tcp_tw_recycle turns a SYN away by its timestamp"
	)
	for _, test := range []struct {
		release string
		counter kernel.Counter
		scene   string
		want    bool
	}{
		{"3.7", kernel.ListenOverflows, synFull, false}, {"3.8", kernel.ListenOverflows, synFull, true},
		{"2.6.32", kernel.ListenOverflows, ackFull, true}, {"7.2", kernel.ListenOverflows, ackFull, true},
		{"4.6", kernel.ListenDrops, cookieSent, true}, {"4.7", kernel.ListenDrops, cookieSent, false},
		{"3.18", kernel.SyncookiesFailed, stray, true}, {"3.19", kernel.SyncookiesFailed, stray, false},
		{"5.17", kernel.TW, begin, false}, {"5.18", kernel.TW, begin, true}, {"5.17", kernel.TW, end, true}, {"5.18", kernel.TW, end, false},
		{"6.15", kernel.PAWSEstab, oldAtTW, true}, {"6.16", kernel.PAWSEstab, oldAtTW, false}, {"6.16", kernel.PAWSTimewait, oldAtTW, true},
		{"4.11", kernel.PAWSPassive, recycled, true}, {"4.12", kernel.PAWSPassive, recycled, false},
	} {
		sem := kernel.MustParse(test.release).Semantics()
		got := slices.ContainsFunc(On(&sem).By(test.counter), func(s Scene) bool { return s.What == test.scene })
		if got != test.want {
			t.Errorf("%v on %s, %q: %v, want %v", test.counter, test.release, test.scene, got, test.want)
		}
	}
}

// Which counters ListenDrops includes.
func TestImplies(t *testing.T) {
	for _, test := range []struct {
		release string
		counter kernel.Counter
		want    bool
	}{
		{"2.6.32", kernel.ListenOverflows, true}, {"7.2", kernel.ListenOverflows, true},
		{"3.7", kernel.PAWSPassive, false}, {"3.8", kernel.PAWSPassive, true}, {"4.12", kernel.PAWSPassive, false},
		{"3.7", kernel.TCPReqQFullDrop, false}, {"3.8", kernel.TCPReqQFullDrop, true},
		{"3.7", kernel.SyncookiesSent, false}, {"4.6", kernel.SyncookiesSent, true}, {"4.7", kernel.SyncookiesSent, false},
	} {
		sem := kernel.MustParse(test.release).Semantics()
		if got := On(&sem).Implies(test.counter, kernel.ListenDrops); got != test.want {
			t.Errorf("%v on %s: %v", test.counter, test.release, got)
		}
	}
}
