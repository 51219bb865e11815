package main

import (
	"slices"
	"strings"
	"testing"
)

func TestPlanIsRead(t *testing.T) {
	p := plan{rounds: 1, calls: 1}
	if err := p.read("40000 40099", "0, 500,1000"); err != nil || p.low != 40000 || p.high != 40099 || !slices.Equal(p.permille, []int{0, 500, 1000}) {
		t.Errorf("%+v, %v", p, err)
	}
	for _, bad := range []struct {
		ports, levels string
		rounds        int
		want          string
	}{
		{"40000", "0", 1, `-range "40000"`},
		{"40000 39999", "0", 1, "the lower first"},
		{"80 40000", "0", 1, "1024 to 65535"},
		{"40000 40099", "500,500", 1, "ascending"},
		{"40000 40099", "0,1001", 1, "from 0 to 1000"},
		{"40000 40099", "half", 1, `-levels "half"`},
		{"40000 40099", "0", 0, "-rounds 0"},
	} {
		p := plan{rounds: bad.rounds, calls: 1}
		if err := p.read(bad.ports, bad.levels); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
