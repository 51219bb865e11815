package script

import (
	"errors"
	"os"
	"testing"
)

// TestScripts replays every recorded script for every kernel that is recorded in it.
func TestScripts(t *testing.T) {
	scripts, err := ReadFS(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) == 0 {
		t.Fatal("no scripts")
	}
	needsHost(t)
	steps, replays, limits := 0, 0, 0
	kernels := make(map[string]bool)
	t.Run("replay", func(t *testing.T) {
		for _, s := range scripts {
			for _, k := range s.Kernels {
				steps += len(s.Steps)
				replays++
				if _, ok := s.Limit(k.Name); ok {
					limits++
				}
				kernels[k.Name] = true
				t.Run(s.Name+"/"+k.Name, func(t *testing.T) {
					t.Parallel()
					err := Replay(s, k.Name)
					var d *Difference
					if reason, limit := s.Limit(k.Name); limit && err == nil {
						t.Errorf("the model does what the kernel does, and a limit says that it does not: %s", reason)
					} else if limit && errors.As(err, &d) {
						t.Logf("a limit of the model: %s", reason)
					} else if err != nil {
						t.Error(err)
					}
				})
			}
		}
	})
	t.Logf("%d scripts, %d replays of %d steps, %d kernels; %d replays are limits of the model, with their reasons", len(scripts), replays, steps, len(kernels), limits)
}

// Scripts are kept as they are printed, so that a recording changes no more than answers.
func TestScriptsArePrintedAsTheyStand(t *testing.T) {
	fsys := os.DirFS("testdata")
	scripts, err := ReadFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		text, err := os.ReadFile("testdata/" + s.Name)
		if err != nil {
			t.Fatal(err)
		}
		if s.String() != string(text) {
			t.Errorf("%s is not as it would be printed", s.Name)
		}
	}
}
