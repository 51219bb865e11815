package portalloc

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

func TestStarve(t *testing.T) {
	for _, c := range []struct {
		release string
		closed  time.Duration
		want    string
	}{
		// Observed on RHEL 6 build 357: 1.0021 to 1.0059 s, and 63.007 s.
		{"2.6.32-357.el6.x86_64", 0, "[1s] true 1s"},
		{"2.6.32-357.el6.x86_64", StaysOpen, "[1s 3s 7s 15s 31s] false 1m3s"},
		{"2.6.32-279.el6.x86_64", 2 * time.Second, "[1s 3s] true 3s"},
		{"2.6.32-358.el6.x86_64", 31 * time.Second, "[1s 3s 7s 15s 31s] true 31s"},
		{"2.6.32-358.el6.x86_64", 31*time.Second + 1, "[1s 3s 7s 15s 31s] false 1m3s"},
		{"2.6.32-220.el6.x86_64", 0, "[3s] true 3s"},
		{"2.6.32-71.el6.x86_64", time.Second, "[3s] true 3s"},
		{"2.6.32.67", 3 * time.Second, "[3s] true 3s"},
		{"2.6.32.67", 3*time.Second + 1, "[3s 9s] true 9s"},
		{"2.6.32.69", 10 * time.Second, "[3s 9s] false 21s"},
		{"2.6.32", StaysOpen, "[3s 9s] false 21s"},
	} {
		sem := kernelNamed(c.release)
		s, err := Starve(sem, kernel.DefaultSYNTimer(sem), c.closed)
		if got := fmt.Sprint(s.Resent, s.Connected, s.At); err != nil || got != c.want {
			t.Errorf("%s, closed after %v: %s (%v), want %s", c.release, c.closed, got, err, c.want)
		}
	}
}

func TestStarveRefuses(t *testing.T) {
	racy, fixed := kernelNamed("2.6.32"), kernelNamed("2.6.33")
	for _, c := range []struct {
		sem    *kernel.Semantics
		timer  kernel.SYNTimer
		closed time.Duration
		want   string
	}{
		{racy, kernel.SYNTimer{Retries: 5}, -1, "-1ns"},
		{racy, kernel.SYNTimer{}, 0, "tcp_syn_retries 0"},
		{fixed, kernel.SYNTimer{Retries: 5}, 0, "does not have the race"},
		{nil, kernel.SYNTimer{Retries: 5}, 0, "no kernel"},
	} {
		if s, err := Starve(c.sem, c.timer, c.closed); err == nil || !strings.Contains(err.Error(), c.want) || s.Resent != nil || s.At != 0 {
			t.Errorf("%v, %v; want an error with %q", s, err, c.want)
		}
	}
}
