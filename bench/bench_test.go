package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func scaleOf() scale {
	if testing.Short() {
		return small
	}
	return full
}

// Benchmarks of one work each have a part "impl=" in their names, by which benchstat -col /impl puts them side by side.
// ns/op is the time of day of what is counted, cpu-ns/op the processor time. They run one side after the other; the
// command has them take turns.
func BenchmarkRule(b *testing.B)       { benchmark(b, ruleWorks()) }
func BenchmarkListener(b *testing.B)   { benchmark(b, listenWorks()) }
func BenchmarkTimeWait(b *testing.B)   { benchmark(b, timeWaitWorks()) }
func BenchmarkHosts(b *testing.B)      { benchmark(b, hostWorks()) }
func BenchmarkPortPick(b *testing.B)   { benchmark(b, portWorks()) }
func BenchmarkConnection(b *testing.B) { benchmark(b, connectionWorks()) }

func benchmark(b *testing.B, all []work) {
	for _, w := range all {
		_, parameter, _ := strings.Cut(w.bench, "/")
		for i := range w.sides {
			s := &w.sides[i]
			name := "impl=" + s.name
			if parameter != "" {
				name = parameter + "/" + name
			}
			var k worker
			var bytes float64
			b.Run(name, func(b *testing.B) {
				if k == nil { // b.Run calls this with more and more to do
					var err error
					if k, bytes, err = s.opened(scaleOf()); errors.Is(err, errUnavailable) {
						b.Skip(err)
					} else if err != nil {
						b.Fatal(err)
					}
				}
				var m meter
				b.ResetTimer()
				if err := k.Do(b.N, &m); err != nil {
					b.Fatal(err)
				}
				if m.ops > 0 {
					b.ReportMetric(float64(m.wall)/float64(m.ops), "ns/op")
					b.ReportMetric(m.each(), "cpu-ns/op")
				} else {
					b.ReportMetric(0, "ns/op") // none
				}
				if bytes > 0 {
					b.ReportMetric(bytes, "B/"+unit(w.what))
				}
			})
			if k != nil {
				k.Close()
			}
		}
	}
}

// The first parts of the names are those of the functions, which go test goes by, and no two are the same.
func TestNames(t *testing.T) {
	groups := map[string][]work{
		"Rule": ruleWorks(), "Listener": listenWorks(), "TimeWait": timeWaitWorks(), "Hosts": hostWorks(), "PortPick": portWorks(), "Connection": connectionWorks(),
	}
	seen, n := map[string]bool{}, 0
	for name, group := range groups {
		for _, w := range group {
			n++
			if first, _, _ := strings.Cut(w.bench, "/"); first != name {
				t.Errorf("%s is in Benchmark%s", w.bench, name)
			}
			if w.sides[0].name != "linuxtcp" {
				t.Errorf("%s: %s is first", w.bench, w.sides[0].name)
			}
			for _, s := range w.sides {
				full := fmt.Sprintf("%s/impl=%s", w.bench, s.name)
				if seen[full] || strings.ContainsAny(full, " \t") {
					t.Errorf("%q is there twice, or is no name", full)
				}
				seen[full] = true
				if names[s.name] == "" && s.name != "linuxtcp" {
					t.Errorf("%s has no name in the table", s.name)
				}
			}
		}
	}
	if len(works()) != n {
		t.Errorf("%d works in the table, %d benchmarks", len(works()), n)
	}
}
