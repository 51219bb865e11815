package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"example.com/linuxtcp/kernel"
)

// A machine is on what and with what was measured.
type machine struct {
	processor, kernel, golang, system, gvisor string
	load                                      string // how many threads wanted to run, over the last minute
	processors                                int
}

func thisMachine() machine {
	m := machine{golang: runtime.Version(), system: runtime.GOOS + "/" + runtime.GOARCH, processors: runtime.NumCPU(), processor: "unknown processor"}
	m.kernel = "of an unknown release"
	if r, err := kernel.ReadRelease(os.DirFS("/proc")); err == nil {
		m.kernel = r.String()
		if n, ok := r.Patch(); ok {
			m.kernel = fmt.Sprintf("%s.%d", r.Series(), n)
		}
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
				m.processor = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(text), " ")
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "gvisor.dev/gvisor" {
				m.gvisor = d.Version
			}
		}
	}
	return m
}

func (m machine) String() string {
	s := fmt.Sprintf("%s (%d processors), kernel %s, %s %s", m.processor, m.processors, m.kernel, m.golang, m.system)
	if m.gvisor != "" {
		s += ", gVisor " + m.gvisor
	}
	if m.load != "" {
		s += ", load average " + m.load + " when it began"
	}
	return s
}

// keys are those that benchmarks print.
func (m machine) keys() string {
	goos, goarch, _ := strings.Cut(m.system, "/")
	return fmt.Sprintf("goos: %s\ngoarch: %s\ncpu: %s\nkernel: %s\ngvisor: %s", goos, goarch, m.processor, m.kernel, m.gvisor)
}
