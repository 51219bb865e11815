package script

import (
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
	steps, replays := 0, 0
	kernels := make(map[string]bool)
	t.Run("replay", func(t *testing.T) {
		for _, s := range scripts {
			for _, k := range s.Kernels {
				steps += len(s.Steps)
				replays++
				kernels[k.Name] = true
				t.Run(s.Name+"/"+k.Name, func(t *testing.T) {
					t.Parallel()
					if err := Replay(s, k.Name); err != nil {
						t.Error(err)
					}
				})
			}
		}
	})
	t.Logf("%d scripts, %d replays of %d steps, %d kernels", len(scripts), replays, steps, len(kernels))
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
