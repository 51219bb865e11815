package script

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A kind is what an answer is about, in the order in which answers are written.
type kind uint8

const (
	kindResult  kind = iota // "= EAGAIN"
	kindSegment             // "p1 < ACK seq 1 ack 1"
	kindState               // "ss p1 ESTAB"
	kindCount               // "nstat TW 1"
)

// sort returns the kind of an answer and the flow or socket that it is about.
func (a Answer) sort() (kind, string) {
	first, rest, _ := strings.Cut(a.Text, " ")
	switch first {
	case "=":
		return kindResult, ""
	case "ss":
		name, _, _ := strings.Cut(rest, " ")
		return kindState, name
	case "nstat":
		return kindCount, ""
	}
	return kindSegment, first
}

// String is the answer as a script has it, its time included.
func (a Answer) String() string {
	if !a.Timed {
		return a.Text
	}
	return a.Text + " @" + seconds(a.At)
}

// compareAnswers orders answers as they are written: results, segments by flow, states
// by name, counters. Segments of one flow are equal, so that a stable sort leaves
// them in their order.
func compareAnswers(a, b Answer) int {
	ka, na := a.sort()
	kb, nb := b.sort()
	return cmp.Or(cmp.Compare(ka, kb), compareNames(na, nb))
}

// compareNames orders names with numbers at their end as people count: p2 before p10.
func compareNames(a, b string) int {
	stem := func(s string) string { return strings.TrimRight(s, "0123456789") }
	if sa, sb := stem(a), stem(b); sa == sb {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}

// parseAnswer reads the words of an answer.
func parseAnswer(words []string) (Answer, error) {
	var a Answer
	if last := words[len(words)-1]; strings.HasPrefix(last, "@") {
		at, err := parseSeconds(last[1:])
		if err != nil {
			return a, fmt.Errorf("%q is not @ and a time in seconds", last)
		}
		a.Timed, a.At = true, at.Round(time.Millisecond)
		words = words[:len(words)-1]
	}
	a.Text = strings.Join(words, " ")
	ok := false
	k := kindSegment
	if len(words) > 0 {
		k, _ = a.sort()
	}
	switch k {
	case kindResult:
		ok = len(words) > 1
	case kindState:
		ok = len(words) == 3 || len(words) == 4 && words[2] == "LISTEN"
		if len(words) > 1 && (words[1] == totalName || words[1] == floodName) {
			_, ok = pairs(words[2:])
			ok = ok && (words[1] == totalName || len(words) == 4)
		}
	case kindCount:
		if words = words[1:]; len(words) > 0 && words[0] == totalName {
			words = words[1:]
		}
		_, ok = pairs(words)
	case kindSegment:
		ok = len(words) > 2 && words[1] == "<"
	}
	switch {
	case !ok:
		return a, fmt.Errorf("%q is no answer: it is neither \"= RESULT\", \"FLOW < SEGMENT\", \"ss NAME STATE\" nor \"nstat COUNTER NUMBER...\"", a.Text)
	case a.Timed && k != kindSegment:
		return a, fmt.Errorf("%q: only a segment has a time", a.Text)
	}
	return a, nil
}

// totalName is what stands before the numbers of a check: "ss total LISTEN 1".
const totalName = "total"

// pairs reads names with their numbers; false if there are none, or something else.
func pairs(words []string) (map[string]uint64, bool) {
	if len(words) == 0 || len(words)%2 != 0 {
		return nil, false
	}
	m := make(map[string]uint64)
	for i := 0; i < len(words); i += 2 {
		n, err := strconv.ParseUint(words[i+1], 10, 64)
		if _, twice := m[words[i]]; err != nil || twice {
			return nil, false
		}
		m[words[i]] = n
	}
	return m, true
}

// numbers takes the numbers of an answer that has some apart from what stands before them: "nstat", "nstat total", "ss total".
func (a Answer) numbers() (before string, n map[string]uint64, ok bool) {
	words := strings.Fields(a.Text)
	if len(words) == 0 || words[0] != "nstat" && words[0] != "ss" {
		return "", nil, false
	}
	before, words = words[0], words[1:]
	if len(words) > 0 && words[0] == totalName {
		before, words = before+" "+totalName, words[1:]
	}
	if before == "ss" {
		return "", nil, false
	}
	n, ok = pairs(words)
	return before, n, ok
}

// seconds writes a duration as seconds, without trailing zeros.
func seconds(d time.Duration) string {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	s := strconv.FormatInt(whole, 10)
	if rest != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%09d", rest), "0")
	}
	return s
}

// parseSeconds reads what seconds writes: digits, and up to nine behind a point.
func parseSeconds(text string) (time.Duration, error) {
	whole, rest, point := strings.Cut(text, ".")
	n, err := strconv.ParseUint(whole, 10, 32)
	if err != nil || len(rest) > 9 || point && rest == "" {
		return 0, fmt.Errorf("%q is not a number of seconds", text)
	}
	var ns uint64
	if point {
		ns, err = strconv.ParseUint(rest+strings.Repeat("0", 9-len(rest)), 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%q is not a number of seconds", text)
		}
	}
	return time.Duration(n)*time.Second + time.Duration(ns), nil
}
