package outgoing

import (
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
)

func TestTakesOver(t *testing.T) {
	for _, test := range []struct {
		release       string
		reuse, stamps int
		loopback      bool
		want          timewait.Action
	}{
		{"6.18.44", 2, 1, false, timewait.Refuse},
		{"6.18.44", 2, 1, true, timewait.Take},
		{"6.18.44", 1, 1, false, timewait.Take},
		{"6.18.44", 1, 0, false, timewait.Refuse},
		{"4.18", 2, 1, false, timewait.Take}, // the same as 1
		{"3.10.108", 0, 1, true, timewait.Refuse},
	} {
		sem := kernel.MustParse(test.release).Semantics()
		sys := kernel.Sysctls{TCPTWReuse: test.reuse, TCPTimestamps: test.stamps, TCPTWReuseDelay: 1000}
		if got := TakesOver(&sem, &sys, test.loopback); got.Action != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestSearchTime(t *testing.T) {
	if d, err := SearchTime(1000); d != 50*time.Microsecond || err != nil {
		t.Error(d, err)
	}
}
