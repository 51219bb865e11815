package fuzz

import (
	"slices"
	"time"

	"example.com/linuxtcp/script"
)

// DefaultRounds is how often a shrinker asks at most.
const DefaultRounds = 14

// perRound is how many candidates are tried in a round, of all cases together.
const perRound = 480

// A Case is a script in which kernel and model differ.
type Case struct {
	Kind string
	// Script is the script as it was written, bare.
	Script *script.Script
	// Verdict is that of the smallest script so far.
	Verdict Verdict
	// Alike is how many scripts of the fuzzer differed in this way.
	Alike int
	done  bool
	tried map[string]bool // candidates, by their text
	// next are the candidates to begin the next round with: what was removed on its own with
	// success, removed together.
	next []candidate
}

func newCase(s *script.Script, v Verdict) *Case {
	return &Case{Kind: Kind(v.Difference), Script: s.Bare(), Verdict: v, Alike: 1}
}

// A candidate is a smaller script, and which steps of the present one it lacks.
type candidate struct {
	s    *script.Script
	lack []int
}

// Shrink makes the scripts of all cases as small as it can, all of them with one question a
// round, for asking is what costs. A candidate counts if it differs in the same kind.
func Shrink(cases []*Case, a Asker, rounds int) error {
	if rounds == 0 {
		rounds = DefaultRounds
	}
	for range rounds {
		var scripts []*script.Script
		type part struct {
			c  *Case
			cs []candidate
		}
		var parts []part
		active := 0
		for _, c := range cases {
			if !c.done {
				active++
			}
		}
		for _, c := range cases {
			if c.done {
				continue
			}
			cs := c.candidates(max(6, perRound/active))
			if c.done = len(cs) == 0; c.done {
				continue
			}
			parts = append(parts, part{c, cs})
			for _, k := range cs {
				scripts = append(scripts, k.s)
			}
		}
		if len(scripts) == 0 {
			return nil
		}
		verdicts, err := a.Ask(scripts)
		if err != nil {
			return err
		}
		for _, p := range parts {
			p.c.take(p.cs, verdicts[:len(p.cs)])
			verdicts = verdicts[len(p.cs):]
		}
	}
	return nil
}

// present is the script to shrink: what lies behind the difference is of no account.
func (c *Case) present() *script.Script {
	d := c.Verdict.Difference
	s := d.Script.Bare()
	s.Steps = s.Steps[:d.Step+1]
	return s
}

// candidates are scripts a little smaller than the present one that were not tried yet, the boldest first.
func (c *Case) candidates(most int) []candidate {
	s := c.present()
	var cs []candidate
	if c.tried == nil {
		c.tried = map[string]bool{}
	}
	c.tried[s.String()] = true
	add := func(k candidate) {
		if text := k.s.String(); len(cs) < most && !c.tried[text] && k.s.Check() == nil {
			c.tried[text] = true
			cs = append(cs, k)
		}
	}
	for _, k := range c.next {
		add(k)
	}
	last := len(s.Steps) - 1 // where the difference is
	for size := last / 2; size > 0; size /= 2 {
		for i := 0; i+size <= last; i += max(size, 1) {
			add(without(s, span(i, size)))
		}
	}
	// A socket goes with all that is done with it.
	for i := range s.Steps {
		if made := s.Steps[i]; made.Op == script.OpSocket || made.Op == script.OpAccept {
			add(without(s, users(s, made.Socket)))
		}
	}
	for i := range s.Steps {
		if f := s.Steps[i].Flow; f != "" {
			add(without(s, users(s, f)))
		}
	}
	for i := range s.Steps {
		for _, step := range simpler(s.Steps[i]) {
			k := s.Bare()
			k.Steps[i] = step
			add(candidate{s: k})
		}
	}
	if s.Settle != 0 {
		k := s.Bare()
		k.Settle = 0
		add(candidate{s: k})
	}
	if len(s.Peers) > 0 {
		k := s.Bare()
		k.Peers = slices.DeleteFunc(slices.Clone(s.Peers), func(p script.Peer) bool {
			return !slices.ContainsFunc(s.Steps, func(st script.Step) bool { return st.Flow == p.Name })
		})
		add(candidate{s: k})
	}
	return cs
}

func span(from, n int) (lack []int) {
	for i := range n {
		lack = append(lack, from+i)
	}
	return lack
}

// users are the steps before the last that are about a socket or a flow.
func users(s *script.Script, name string) (lack []int) {
	for i := range s.Steps[:len(s.Steps)-1] {
		if st := &s.Steps[i]; st.Socket == name || st.Flow == name || st.Listener == name {
			lack = append(lack, i)
		}
	}
	return lack
}

func without(s *script.Script, lack []int) candidate {
	k := s.Bare()
	k.Steps = nil
	for i := range s.Steps {
		if !slices.Contains(lack, i) {
			k.Steps = append(k.Steps, s.Steps[i])
		}
	}
	for i := range k.Steps {
		k.Steps[i].Expect = nil
	}
	return candidate{s: k, lack: lack}
}

// simpler are plainer forms of a step.
func simpler(st script.Step) (steps []script.Step) {
	add := func(change func(*script.Step)) {
		s := st
		change(&s)
		steps = append(steps, s)
	}
	g := &st.Segment
	switch st.Op {
	case script.OpSegment:
		if g.Timestamp {
			add(func(s *script.Step) { s.Segment.Timestamp, s.Segment.TSVal, s.Segment.TSEcr = false, 0, script.Echo{} })
		}
		if g.WindowScale != 0 {
			add(func(s *script.Step) { s.Segment.WindowScale = 0 })
		}
		if g.MSS != 0 && g.MSS != 1460 {
			add(func(s *script.Step) { s.Segment.MSS = 1460 })
		}
		if g.Len > 1 {
			add(func(s *script.Step) { s.Segment.Len = 1 })
		}
		if g.Len > 0 {
			add(func(s *script.Step) { s.Segment.Len = 0 })
		}
	case script.OpWait:
		if sec := st.Wait.Round(time.Second); sec != st.Wait && sec > 0 {
			add(func(s *script.Step) { s.Wait = sec })
		}
		for _, w := range []time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second, st.Wait / 2} {
			if w = w.Truncate(time.Millisecond); w > 0 && w < st.Wait {
				add(func(s *script.Step) { s.Wait = w })
			}
		}
	case script.OpSocket:
		if o := st.Options; o != (script.Options{}) {
			add(func(s *script.Step) { s.Options = script.Options{} })
			add(func(s *script.Step) { s.Options.ReuseAddr = false })
			add(func(s *script.Step) { s.Options.Linger2 = 0 })
			add(func(s *script.Step) { s.Options.DeferAccept = 0 })
			add(func(s *script.Step) { s.Options.SYNCount = 0 })
			add(func(s *script.Step) { s.Options.BindAddressNoPort = false })
		}
	case script.OpListen:
		if st.Backlog != 128 {
			add(func(s *script.Step) { s.Backlog = 128 })
		}
	}
	return steps
}

// smaller orders scripts by what there is to read.
func smaller(a, b *script.Script) bool {
	if len(a.Steps) != len(b.Steps) {
		return len(a.Steps) < len(b.Steps)
	}
	return weight(a) < weight(b)
}

func weight(s *script.Script) int {
	w := len(s.String())
	for i := range s.Steps {
		w += int(s.Steps[i].Wait / time.Second)
		if s.Steps[i].Op == script.OpListen && s.Steps[i].Backlog != 128 {
			w += 4 // says more than 128, which nothing fills
		}
	}
	return w
}

// take goes on with the smallest candidate that differs in the same way.
func (c *Case) take(cs []candidate, verdicts []Verdict) {
	s := c.present()
	var lacks [][]int // what could be left out
	var best *Verdict
	for i := range cs {
		v := &verdicts[i]
		if v.Difference == nil || Kind(v.Difference) != c.Kind {
			continue
		}
		if len(cs[i].lack) > 0 {
			lacks = append(lacks, cs[i].lack)
		}
		if best == nil || smaller(cut(v), cut(best)) {
			best = v
		}
	}
	c.next = nil
	if best == nil || !smaller(cut(best), s) {
		return // what is left untried comes next
	}
	c.Verdict = *best
	for _, lack := range together(lacks) {
		k := without(s, lack)
		k.lack = nil // its numbers are those of a script that is gone
		c.next = append(c.next, k)
	}
}

// together are unions of what could be left out each on its own: of all, of the largest with the
// single steps, of the single steps, of either half of them.
func together(lacks [][]int) [][]int {
	if len(lacks) < 2 {
		return nil
	}
	lacks = slices.Clone(lacks)
	slices.SortStableFunc(lacks, func(a, b []int) int { return len(b) - len(a) })
	singles := slices.DeleteFunc(slices.Clone(lacks), func(l []int) bool { return len(l) > 1 })
	half := len(singles) / 2
	var unions [][]int
	for _, parts := range [][][]int{lacks, lacks[:2], append(lacks[:1:1], singles...), singles, singles[:half], singles[half:]} {
		union := slices.Concat(parts...)
		slices.Sort(union)
		unions = append(unions, slices.Compact(union))
	}
	return unions
}

// cut is the script of a verdict up to its difference.
func cut(v *Verdict) *script.Script {
	s := v.Difference.Script.Bare()
	s.Steps = s.Steps[:v.Difference.Step+1]
	return s
}
