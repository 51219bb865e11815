package fuzz

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/linuxtcp/script"
)

// Kind is the shape of a difference: what was done, and the first answers of both sides that
// differ, without names and numbers. Differences with one cause mostly have one kind.
func Kind(d *script.Difference) string {
	want, got := answer(d.Want, d.First), answer(d.Got, d.First)
	about := got
	switch {
	case has(d.Got[min(d.First, len(d.Got)):], want): // then the model's is one too many
		want = "nothing"
	case has(d.Want[min(d.First, len(d.Want)):], got):
		got = "nothing"
		about = want
	case got == "nothing":
		about = want
	}
	on := doing(&d.Script.Steps[d.Step], about)
	if a, b := counts(want), counts(got); a != nil && b != nil {
		want, got = apart(a, b), apart(b, a)
	}
	return fmt.Sprintf("%s: kernel %q, model %q", on, shape(want), shape(got))
}

// doing is what a step is to an answer: what it does, or "meanwhile" if a timer brought about the answer.
func doing(step *script.Step, about string) string {
	name, _, isSegment := strings.Cut(about, " < ")
	switch step.Op {
	case script.OpSegment:
		if isSegment && name != step.Flow {
			return "meanwhile"
		}
		on := step.Segment.Flags.String()
		if step.Segment.Len > 0 {
			on += " with data"
		}
		return on
	case script.OpShutdown, script.OpClose, script.OpAbort, script.OpConnect:
		if isSegment && strings.Contains(about, "SYN|ACK") {
			return "meanwhile"
		}
	default:
		if isSegment {
			return "meanwhile"
		}
	}
	return step.Op.String()
}

func has(as []script.Answer, text string) bool {
	return slices.ContainsFunc(as, func(a script.Answer) bool { return a.Text == text })
}

func answer(as []script.Answer, i int) string {
	if i >= len(as) {
		return "nothing"
	}
	return as[i].Text
}

// counts are the counters of an nstat line; nil for any other.
func counts(text string) []string {
	words := strings.Fields(text)
	if len(words) < 3 || words[0] != "nstat" {
		return nil
	}
	var cs []string
	for i := 1; i+1 < len(words); i += 2 {
		cs = append(cs, words[i]+" "+words[i+1])
	}
	return cs
}

// apart is what of one nstat line is not in the other.
func apart(a, b []string) string {
	a = slices.DeleteFunc(slices.Clone(a), func(c string) bool { return slices.Contains(b, c) })
	return strings.Join(append([]string{"nstat"}, a...), " ")
}

var (
	numbers = regexp.MustCompile(`(^|[ =+])-?[0-9]+\b`)
	names   = regexp.MustCompile(`\b[a-z]+[0-9]+[a-z0-9]*\b|\b[0-9]+\.[0-9.:/]+`)
)

// shape takes names and numbers out of an answer.
func shape(text string) string {
	if strings.HasPrefix(text, "ss ") && strings.Contains(text, "LISTEN") {
		return "ss NAME LISTEN"
	}
	text = names.ReplaceAllString(text, "NAME")
	return numbers.ReplaceAllString(text, "${1}N")
}
