package script

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const partly = `check
	[3.10.108] ss total LISTEN 1
	[3.10.108] nstat total TW 2 TWKilled 0
wait 1s
	p1 < ACK seq 1 ack 1 @0.5
	[3.10.108] p1 < RST seq 1 @0.7

kernel 3.10.108 hz 1000 partly
kernel 6.1.192 hz 250
`

func traceOf(step1, step2 []Answer) Trace {
	return Trace{{Answers: step1, Quiet: make([]time.Duration, len(step1))}, {Answers: step2, Quiet: make([]time.Duration, len(step2))}}
}

// Of a kernel that is known in part, the lines that name it count, and of them what they say.
func TestPartlyKnownKernel(t *testing.T) {
	s := mustParse(t, partly)
	rst := Answer{Text: "p1 < RST seq 1", Timed: true, At: 701 * time.Millisecond}
	more := Answer{Text: "p1 < ACK seq 1 ack 1", Timed: true, At: 100 * time.Millisecond}
	total := []Answer{{Text: "nstat TW 7"}, {Text: "ss total LISTEN 1 TIME-WAIT 2"}, {Text: "nstat total TW 2 PassiveOpens 3"}}
	if err := Compare(s, "3.10.108", traceOf(total, []Answer{more, rst})); err != nil {
		t.Error(err)
	}
	late := rst
	late.At = time.Second
	for name, tr := range map[string]Trace{
		"no totals":            traceOf(nil, []Answer{rst}),
		"another state":        traceOf([]Answer{{Text: "ss total LISTEN 2"}, total[2]}, []Answer{rst}),
		"another count":        traceOf([]Answer{total[1], {Text: "nstat total TW 1"}}, []Answer{rst}),
		"a count that is none": traceOf([]Answer{total[1], {Text: "nstat total TW 2 TWKilled 1"}}, []Answer{rst}),
		"count of this step":   traceOf([]Answer{total[1], {Text: "nstat TW 2"}}, []Answer{rst}),
		"no segment":           traceOf(total, []Answer{more}),
		"late segment":         traceOf(total, []Answer{late}),
	} {
		var d *Difference
		if err := Compare(s, "3.10.108", tr); !errors.As(err, &d) {
			t.Errorf("%s: no difference", name)
		}
	}
	// A line without kernels is none of its own, and all that counts for the others.
	if err := Compare(s, "6.1.192", traceOf(nil, []Answer{{Text: "p1 < ACK seq 1 ack 1", Timed: true, At: 500 * time.Millisecond}})); err != nil {
		t.Error(err)
	}
	if err := Compare(s, "6.1.192", traceOf(total, nil)); err == nil {
		t.Error("totals that 6.1.192 is not recorded to have had: no difference")
	}
}

// A recording of another kernel leaves what is known in part as it is, and names it where both agree.
func TestRecordBesidePartlyKnown(t *testing.T) {
	s := mustParse(t, partly)
	rst := Answer{Text: "p1 < RST seq 1", Timed: true, At: 700 * time.Millisecond}
	tr := traceOf([]Answer{{Text: "ss total LISTEN 1"}}, []Answer{rst})
	tr[1].At, tr[1].End = time.Second, 2*time.Second
	if err := Record(s, Kernel{Name: "6.1.192", HZ: 250}, tr); err != nil {
		t.Fatal(err)
	}
	text := s.String()
	for _, want := range []string{
		"\t[3.10.108 6.1.192] ss total LISTEN 1\n", "\t[3.10.108] nstat total TW 2 TWKilled 0\n",
		"\t[3.10.108 6.1.192] p1 < RST seq 1 @0.7\n", "\nkernel 3.10.108 hz 1000 partly\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "ack 1 @0.5") {
		t.Errorf("what 6.1.192 answered before is there still:\n%s", text)
	}
}
