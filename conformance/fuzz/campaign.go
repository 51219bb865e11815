package fuzz

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/linuxtcp/script"
)

// A Campaign is a run of the fuzzer. The zero Campaign asks nothing.
type Campaign struct {
	Seed uint64
	From uint64 // the first script's number
	N    int    // how many scripts
	Mode Mode
	// Batch is how many scripts are asked at once; 0 means 250.
	Batch int
	// Kinds is how many kinds of difference are shrunk, the most frequent first; 0 means 40.
	Kinds int
	// Rounds is how often a shrinker asks; 0 means [DefaultRounds], and -1 that it does not.
	Rounds int
	// Log is told how far it is; nil for nobody.
	Log func(format string, args ...any)
}

// A Report is what came of a campaign on one kernel.
type Report struct {
	Kernel  string
	Scripts int // that were asked
	Steps   int // that the kernel answered
	Failed  int // scripts without anything to compare
	Nudged  int // scripts that agree once a step is over a jiffy or two sooner or later
	Differ  int // scripts in which model and kernel differ
	// Cases has one script for each kind of difference, the most frequent first.
	Cases []*Case
	// Failures are the first few reasons of Failed.
	Failures []string
}

// Run asks for all scripts, and shrinks one of each kind that differs.
func (c *Campaign) Run(a Asker) (*Report, error) {
	logf := c.Log
	if logf == nil {
		logf = func(string, ...any) {}
	}
	size := c.Batch
	if size <= 0 {
		size = 250
	}
	r := &Report{}
	kinds := map[string]*Case{}
	for done := 0; done < c.N; {
		var scripts []*script.Script
		for range min(size, c.N-done) {
			scripts = append(scripts, Script(c.Seed, c.From+uint64(done+len(scripts)), c.Mode))
		}
		done += len(scripts)
		verdicts, err := a.Ask(scripts)
		if err != nil {
			return r, err
		}
		for i := range verdicts {
			r.add(scripts[i], &verdicts[i], kinds)
		}
		logf("%s: %d of %d scripts, %d differ, in %d ways", r.Kernel, done, c.N, r.Differ, len(kinds))
	}
	for _, k := range kinds {
		r.Cases = append(r.Cases, k)
	}
	slices.SortFunc(r.Cases, func(a, b *Case) int {
		return cmp.Or(cmp.Compare(b.Alike, a.Alike), strings.Compare(a.Kind, b.Kind))
	})
	if c.Rounds < 0 {
		return r, nil
	}
	most := c.Kinds
	if most <= 0 {
		most = 40
	}
	logf("%sshrinking", r)
	return r, Shrink(r.Cases[:min(most, len(r.Cases))], a, c.Rounds)
}

func (r *Report) add(s *script.Script, v *Verdict, kinds map[string]*Case) {
	r.Scripts++
	r.Kernel = cmp.Or(v.Kernel, r.Kernel)
	if v.Recorded != nil {
		r.Steps += len(v.Recorded.Steps)
	}
	switch {
	case v.Err != nil:
		r.Failed++
		if len(r.Failures) < 5 {
			r.Failures = append(r.Failures, v.Err.Error())
		}
	case v.Difference != nil:
		r.Differ++
		found := newCase(s, *v)
		k := kinds[found.Kind]
		if k == nil {
			kinds[found.Kind] = found
			return
		}
		k.Alike++
		if smaller(cut(v), cut(&k.Verdict)) { // the shorter one shrinks sooner
			k.Script, k.Verdict = found.Script, found.Verdict
		}
	case v.Nudged:
		r.Nudged++
	}
}

// String is the figure, and a line for each kind of difference.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d scripts, %d steps, %d differences left in %d kinds, %d failed, %d agree within two jiffies\n",
		r.Kernel, r.Scripts, r.Steps, r.Differ, len(r.Cases), r.Failed, r.Nudged)
	for _, c := range r.Cases {
		fmt.Fprintf(&b, "%6d  %s\n", c.Alike, c.Kind)
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "failed: %s\n", f)
	}
	return b.String()
}

// Recording is the case as a script file: what the kernel answered up to the difference, and as a comment
// what the model says.
func (c *Case) Recording() *script.Script {
	d := c.Verdict.Difference
	s := *d.Script
	s.Name = c.Script.Name
	s.Steps = slices.Clone(s.Steps[:d.Step+1])
	s.Kernels = slices.Clone(s.Kernels)
	for i := range s.Kernels {
		k := &s.Kernels[i]
		k.At, k.End = k.At[:min(len(k.At), d.Step+1)], k.End[:min(len(k.End), d.Step+1)]
	}
	s.Comment = []string{
		strings.Join(c.Script.Comment, " ") + fmt.Sprintf(" %d scripts differ like this.", c.Alike),
		c.Kind,
	}
	s.Remarks = nil
	for line := range strings.Lines(d.Error()) {
		s.Remarks = append(s.Remarks, strings.TrimRight(line, "\n"))
	}
	return &s
}

// Save writes the recordings of all cases into a directory, a file each, and returns their names.
func (r *Report) Save(dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var names []string
	for _, c := range r.Cases {
		name := filepath.Join(dir, strings.TrimSuffix(c.Script.Name, ".script")+"-"+r.Kernel+".script")
		if err := os.WriteFile(name, []byte(c.Recording().String()), 0o644); err != nil {
			return names, err
		}
		names = append(names, name)
	}
	return names, nil
}
