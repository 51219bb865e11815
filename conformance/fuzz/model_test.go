package fuzz

import (
	"strings"
	"testing"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

// The model comes through all states too, and survives whatever is written.
func TestModelComesThroughAllStates(t *testing.T) {
	cfg, err := script.ModelOf(script.Kernel{Name: "6.1.192", HZ: 250})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]int{}
	for n := range uint64(400) {
		s := Script(4, n, Mode{Short: n%3 == 0, Loopback: n >= 300})
		m, err := script.NewModel(cfg)
		if err != nil {
			t.Fatal(err)
		}
		trace, err := script.Run(s, m)
		if err != nil {
			t.Fatalf("%v in\n%s", err, s)
		}
		for _, r := range trace {
			for _, a := range r.Answers {
				if words := strings.Fields(a.Text); words[0] == "ss" {
					states[words[2]]++
				}
			}
		}
	}
	t.Log(states)
	for s := host.Listen; s <= host.TimeWait; s++ {
		if states[s.String()] < 5 {
			t.Errorf("%s was come to %d times only", s, states[s.String()])
		}
	}
}
