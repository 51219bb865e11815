package main

import (
	"slices"
	"testing"
)

func TestPackageNames(t *testing.T) {
	for name, want := range map[string][]string{
		"linux-image-cloud-amd64":               {"linux-image-cloud-amd64"},
		"linux-image-6.12.43+deb12-cloud-amd64": {"linux-image-6.12.43+deb12-cloud-amd64"},
		"linux-binary-7.2.13+deb14-cloud-amd64+linux-modules-7.2.13+deb14-cloud-amd64": {
			"linux-binary-7.2.13+deb14-cloud-amd64", "linux-modules-7.2.13+deb14-cloud-amd64"},
	} {
		if got := packageNames(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
