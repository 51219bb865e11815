package linuxtcp_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/linuxtcp/kernel"
)

var updateFigures = flag.Bool("update", false, "write the counts of docs/how-we-know.md anew")

var scriptKernel = regexp.MustCompile(`(?m)^kernel ([0-9.]+)`)

// docs/how-we-know.md says how many experiments and scripts there are of each kernel, and how
// many rows of the table of changes name a kernel that was asked.
func TestHowWeKnowCounts(t *testing.T) {
	page, err := os.ReadFile("docs/how-we-know.md")
	if err != nil {
		t.Fatal(err)
	}
	experiments, scripts := map[string]int{}, map[string]int{}
	files, err := filepath.Glob("*/testdata/observations/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no observations: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		experiments[strings.TrimSuffix(filepath.Base(file), ".jsonl")] += bytes.Count(text, []byte("\n"))
	}
	for _, pattern := range []string{"script/testdata/*.script", "script/testdata/*/*.script"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no scripts: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range scriptKernel.FindAllSubmatch(text, -1) {
				scripts[string(found[1])]++
			}
		}
	}
	want := page
	for release, n := range experiments {
		row := regexp.MustCompile(`(?m)^(\| ` + regexp.QuoteMeta(release) + ` \| [^|]+ \|) \d+ \| \d+`)
		if !row.Match(page) {
			t.Errorf("%s has no row", release)
		}
		want = row.ReplaceAll(want, fmt.Appendf(nil, "${1} %d | %d", n, scripts[release]))
	}
	for release := range scripts {
		if experiments[release] == 0 {
			t.Errorf("%s has %d scripts and no experiments, and so no row", release, scripts[release])
		}
	}
	all, asked := 0, 0
	for _, c := range kernel.Changes() {
		all++
		if strings.Contains(c.Evidence, "observed") {
			asked++
		}
	}
	rows := regexp.MustCompile(`Of the \d+ rows of the table, \d+ name a kernel`)
	if !rows.Match(page) {
		t.Error("it does not say how many rows name a kernel")
	}
	want = rows.ReplaceAll(want, fmt.Appendf(nil, "Of the %d rows of the table, %d name a kernel", all, asked))
	if bytes.Equal(want, page) {
		return
	}
	if *updateFigures {
		if err := os.WriteFile("docs/how-we-know.md", want, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("the counts of docs/how-we-know.md are not those of the record; run go test . -update")
}
