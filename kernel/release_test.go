package kernel

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// names are what `uname -r` prints on real systems. patch is -1 where the name
// hides it or, for vendors that follow no stable series, where it means nothing.
var names = []struct {
	text   string
	vendor Vendor
	series string
	patch  int
}{
	{"2.6.32", Mainline, "2.6.32", 0},
	{"2.6.32.71", Mainline, "2.6.32", 71},
	{"2.6.39.4", Mainline, "2.6.39", 4},
	{"3.0.101", Mainline, "3.0", 101},
	{"3.10.108", Mainline, "3.10", 108},
	{"4.4.155", Mainline, "4.4", 155},
	{"5.10.223", Mainline, "5.10", 223},
	{"6.1", Mainline, "6.1", 0},
	{"6.18.44", Mainline, "6.18", 44},
	{"7.2.13", Mainline, "7.2", 13},
	{"6.13.0-rc5", Mainline, "6.13", 0},
	{"6.13-rc5", Mainline, "6.13", 0},
	{"6.13.0-rc5-g0bc21e701a6f", Mainline, "6.13", 0},

	{"6.10.10-arch1-1", Local, "6.10", 10},
	{"6.10.9-200.fc40.x86_64", Local, "6.10", 9},
	{"6.8.12-1-pve", Local, "6.8", 12},
	{"6.9.3-76060903-generic", Local, "6.9", 3},
	{"5.15.153.1-microsoft-standard-WSL2", Local, "5.15", 153},
	{"5.10.147+", Local, "5.10", 147},
	{"6.1.21-v8+", Local, "6.1", 21},
	{"6.6.31_1", Local, "6.6", 31},
	{"5.4.278-1.el7.elrepo.x86_64", Local, "5.4", 278},
	{"6.10.11+bpo-cloud-amd64", Local, "6.10", 11},
	{"6.12.9-amd64", Local, "6.12", 9},

	{"6.12.48+deb13-amd64", Debian, "6.12", 48},
	{"6.12.107+deb13-cloud-amd64", Debian, "6.12", 107},
	{"6.16.3+deb14-arm64", Debian, "6.16", 3},

	{"5.15.0-119-generic", Ubuntu, "5.15", -1},
	{"6.8.0-45-generic", Ubuntu, "6.8", -1},
	{"6.8.0-45-lowlatency", Ubuntu, "6.8", -1},
	{"5.4.0-1130-aws", Ubuntu, "5.4", -1},
	{"6.8.0-1015-nvidia-64k", Ubuntu, "6.8", -1},
	{"4.4.0-210-generic", Ubuntu, "4.4", -1},
	{"3.13.0-170-generic", Ubuntu, "3.13", -1},
	{"2.6.32-74-server", Ubuntu, "2.6.32", -1},

	{"2.6.32-754.35.1.el6.x86_64", RHEL, "2.6.32", -1},
	{"2.6.32-220.el6.x86_64", RHEL, "2.6.32", -1},
	{"3.10.0-123.el7.x86_64", RHEL, "3.10", -1},
	{"3.10.0-1160.119.1.el7.x86_64", RHEL, "3.10", -1},
	{"4.18.0-553.16.1.el8_10.x86_64", RHEL, "4.18", -1},
	{"4.18.0-147.el8.x86_64", RHEL, "4.18", -1},
	{"5.14.0-427.13.1.el9_4.aarch64", RHEL, "5.14", -1},
	{"6.12.0-55.9.1.el10_0.x86_64", RHEL, "6.12", -1},

	{"3.4.43-43.43.amzn1.x86_64", Amazon, "3.4", 43},
	{"4.14.336-180.562.amzn1.x86_64", Amazon, "4.14", 336},
	{"5.10.223-212.873.amzn2.x86_64", Amazon, "5.10", 223},
	{"6.1.102-108.177.amzn2023.x86_64", Amazon, "6.1", 102},

	{"4.19.91-26.al7.x86_64", Alibaba, "4.19", 91},
	{"5.10.134-16.3.al8.x86_64", Alibaba, "5.10", 134},
	{"5.10.134-13.an8.x86_64", Alibaba, "5.10", 134},
	{"4.9.168-019.ali4000.alios7.x86_64", Alibaba, "4.9", 168},
	{"3.10.0-327.ali2000.alios7.x86_64", Unread, "3.10", -1},

	{"5.14.21-150500.55.7-default", Unread, "5.14", -1},
	{"5.15.0-207.156.6.el8uek.x86_64", Unread, "5.15", -1},
	{"4.19.90-2112.8.0.0131.oe1.x86_64", Unread, "4.19", -1},
}

// debianABINames hide the patch level behind an ABI number.
var debianABINames = []struct{ text, series string }{
	{"2.6.32-5-amd64", "2.6.32"},
	{"3.2.0-4-686-pae", "3.2"},
	{"3.16.0-11-amd64", "3.16"},
	{"4.19.0-27-amd64", "4.19"},
	{"4.19.0-0.bpo.4-amd64", "4.19"},
	{"5.10.0-32-amd64", "5.10"},
	{"5.10.0-32-rt-amd64", "5.10"},
	{"6.1.0-25-cloud-arm64", "6.1"},
	{"6.1.0-0.deb11.13-cloud-amd64", "6.1"},
}

func TestParseReadsNamesOfEveryVendor(t *testing.T) {
	seen := map[Vendor]bool{}
	for _, c := range names {
		r, err := Parse(c.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.text, err)
			continue
		}
		seen[r.Vendor()] = true
		if r.Vendor() != c.vendor || r.Series() != c.series {
			t.Errorf("Parse(%q) is %v %v, want %v %v", c.text, r.Vendor(), r.Series(), c.vendor, c.series)
		}
		patch, known := r.Patch()
		if !known {
			patch = -1
		}
		if patch != c.patch {
			t.Errorf("Parse(%q) has patch level %d, want %d", c.text, patch, c.patch)
		}
		if r.String() != c.text || r.IsZero() {
			t.Errorf("Parse(%q).String() = %q", c.text, r)
		}
	}
	for _, c := range debianABINames {
		r, err := Parse(c.text)
		if err != nil || r.Vendor() != Debian || r.Series() != c.series || r.String() != c.text {
			t.Errorf("Parse(%q) = %v %v %v, %v", c.text, r, r.Vendor(), r.Series(), err)
		}
		seen[r.Vendor()] = true
	}
	for v := Mainline; v <= Unread; v++ {
		if !seen[v] {
			t.Errorf("no name of vendor %v is tested", v)
		}
		if strings.HasPrefix(v.String(), "Vendor(") {
			t.Errorf("vendor %d has no name", v)
		}
	}
	if got := Vendor(0).String() + (Unread + 1).String() + Vendor(200).String(); got != "Vendor(0)Vendor(9)Vendor(200)" {
		t.Errorf("vendors that are none: %q", got)
	}
}

func TestRHELNamesCarryMajorReleaseAndBuild(t *testing.T) {
	for text, want := range map[string]struct {
		el    uint8
		build [3]uint16
	}{
		"2.6.32-754.35.1.el6.x86_64":    {6, [3]uint16{754, 35, 1}},
		"3.10.0-1160.el7.x86_64":        {7, [3]uint16{1160}},
		"4.18.0-553.16.1.el8_10.x86_64": {8, [3]uint16{553, 16, 1}},
		"6.12.0-55.9.1.el10_0.x86_64":   {10, [3]uint16{55, 9, 1}},
	} {
		r := MustParse(text)
		if r.el != want.el || r.build != want.build {
			t.Errorf("Parse(%q): el%d build %v, want el%d %v", text, r.el, r.build, want.el, want.build)
		}
	}
}

// Names that are nearly a vendor's are of an upstream kernel with local additions.
func TestNamesThatAreNearlyAVendors(t *testing.T) {
	for _, text := range []string{
		// An .el suffix on a base that is not RHEL's, or with a patch level, is
		// somebody's package.
		"5.4.0-1.el7.x86_64", "3.10.108-1.el7.x86_64", "3.10.0-x.el7.x86_64", "3.10.0-1160.elx.x86_64",
		"3.10.0+1160.el7.x86_64", "3.10.0.el7.x86_64", "3.10.0-1160.xl7.x86_64",
		// Debian's and Ubuntu's ABI numbers stand in place of a patch level.
		"5.10.223-32-amd64", "5.10.0+x.32-amd64", "5.10.0-x-amd64", "5.10.0-32-vax", "5.10.0-amd64",
		"6.9.3-119-generic", "5.15.0+119-generic", "5.15.0-x-generic", "5.15.0-119-special", "5.15.0-generic",
	} {
		if v := MustParse(text).Vendor(); v != Local {
			t.Errorf("Parse(%q) is of vendor %v, want %v", text, v, Local)
		}
	}
}

func TestLargestNumbers(t *testing.T) {
	if n, known := MustParse("6.1.65534").Patch(); n != 65534 || !known {
		t.Errorf("patch level %d", n)
	}
	for last, beyond := range map[string]string{
		"2.6.39": "2.6.40", "3.19.8": "3.20", "4.20": "4.21", "5.19": "5.20.1", "6.19": "6.20",
	} {
		if _, err := Parse(last); err != nil {
			t.Error(err)
		}
		if _, err := Parse(beyond); err == nil || !strings.Contains(err.Error(), "there is no series") {
			t.Errorf("%s: %v", beyond, err)
		}
	}
	var e *RangeError
	if _, err := Parse("255.255"); !errors.As(err, &e) {
		t.Errorf("255.255: %v", err)
	}
}

func TestParseRefusesWhatIsNoRelease(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "empty"},
		{"linux", "begins with a version"},
		{"6", "at least two numbers"},
		{"6.", "at least two numbers"},
		{"6.-1", "at least two"},
		{"2.6", "at least three numbers"},
		{"06.1", "leading zero"},
		{"6.01", "leading zero"},
		{"6.1.256x", "cannot follow"},
		{"6.1 generic", "no spaces"},
		{"6.1\n", "no spaces"},
		{"256.1", "256 is out of range"},
		{"6.256", "256 is out of range"},
		{"2.6.256", "256 is out of range"},
		{"6.1.65535", "65535 is out of range"},
		{"6.1.99999999999999999999", "out of range"},
		{"6.13-rc", "not a release candidate"},
		{"6.13-rc0", "not a release candidate"},
		{"6.13-rc999", "not a release candidate"},
		{"5.15.0-119-generic (5.15.160", "parentheses"},
		{"5.15.0-119-generic (x)", "parentheses"},
		{"5.15.0-119-generic (5.15.160-rc1)", "parentheses"},
		{"5.15.0-119-generic (5.15.160-custom)", "parentheses"},
		{"5.15.0-119-generic (5.4.160)", "not of the series 5.15"},
		{"5.10.223 (5.10.223)", "the name alone says 5.10.223"},
		{"5.10.223 (5.10.222)", "contradicts"},
		{"3.10.0-1160.el7.x86_64 (3.10.108)", "follows no stable series"},
	} {
		r, err := Parse(c.text)
		if err == nil {
			t.Errorf("Parse(%q) = %v, want an error", c.text, r)
			continue
		}
		quoted := strconv.Quote(c.text)
		name, _, _ := strings.Cut(c.text, " (")
		if msg := err.Error(); !strings.Contains(msg, quoted) && !strings.Contains(msg, strconv.Quote(name)) {
			t.Errorf("Parse(%q): error %q does not quote the value", c.text, msg)
		} else if !strings.Contains(msg, c.says) {
			t.Errorf("Parse(%q): error %q does not say %q", c.text, msg, c.says)
		}
		if !r.IsZero() {
			t.Errorf("Parse(%q) returned %v with its error", c.text, r)
		}
	}
}

func TestMustParsePanicsWhereParseFails(t *testing.T) {
	defer func() {
		if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), `"linux"`) {
			t.Errorf("MustParse panicked with %v", err)
		}
	}()
	MustParse("linux")
}

func TestReleasesOutsideTheTableNameTheNearest(t *testing.T) {
	for _, c := range []struct{ text, nearest, says string }{
		{"2.6.31", "2.6.32", "older than 2.6.32"},
		{"2.6.31.14", "2.6.32", "older than 2.6.32"},
		{"2.6.18-398.el5", "2.6.32", "older than 2.6.32"},
		{"2.4.37", "2.6.32", "older than 2.6.32"},
		{"7.3", "7.2", "newer than 7.2"},
		{"7.3.0-rc1", "7.2", "newer than 7.2"},
		{"8.0.1-1-generic (8.0.1)", "7.2", "newer than 7.2"},
	} {
		_, err := Parse(c.text)
		var e *RangeError
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q): %v, want a RangeError", c.text, err)
			continue
		}
		if e.Text != c.text || e.Nearest != MustParse(c.nearest) || !strings.Contains(e.Error(), c.says) || !strings.Contains(e.Error(), strconv.Quote(c.text)) {
			t.Errorf("Parse(%q): %+v: %v", c.text, e, e)
		}
		if !e.Nearest.Semantics().Valid() {
			t.Errorf("Parse(%q): the nearest release has no semantics", c.text)
		}
	}
	for _, edge := range []string{"2.6.32", "2.6.32.0", "7.2", "7.2.999"} {
		if _, err := Parse(edge); err != nil {
			t.Errorf("Parse(%q): %v", edge, err)
		}
	}
}

func TestWithPatchSettlesAHiddenLevel(t *testing.T) {
	r := MustParse("5.15.0-119-generic")
	if _, known := r.Patch(); known {
		t.Fatal("an Ubuntu name tells the patch level")
	}
	s, err := r.WithPatch(160)
	if err != nil {
		t.Fatal(err)
	}
	if n, known := s.Patch(); n != 160 || !known || s.String() != "5.15.0-119-generic (5.15.160)" {
		t.Errorf("settled: %v, patch level %d %v", s, n, known)
	}
	if again, err := s.WithPatch(160); err != nil || again != s {
		t.Errorf("the same level again: %v, %v", again, err)
	}
	if n, err := r.WithPatch(0); err != nil || n.String() != "5.15.0-119-generic (5.15)" || MustParse(n.String()) != n {
		t.Errorf("patch level 0: %v, %v", n, err)
	}
	for _, c := range []struct {
		r    Release
		n    int
		says string
	}{
		{s, 161, "patch level 161 contradicts"},
		{s, 159, "patch level 159 contradicts"},
		{MustParse("5.10.223"), 222, "222 contradicts \"5.10.223\", which is 5.10.223"},
		{MustParse("6.13-rc5"), 1, "6.13-rc5"},
		{r, -1, "-1 of \"5.15.0-119-generic\" is outside 0 to 65534"},
		{r, 65535, "65535 of"},
		{MustParse("3.10.0-1160.el7.x86_64"), 1, "a RHEL kernel that follows no stable series"},
		{Release{}, 7, "patch level 7 set on the zero Release"},
	} {
		got, err := c.r.WithPatch(c.n)
		if err == nil || !strings.Contains(err.Error(), c.says) || !got.IsZero() {
			t.Errorf("%q.WithPatch(%d) = %v, %v; want an error that says %q", c.r, c.n, got, err, c.says)
		}
	}
	if got, err := r.WithPatch(65534); err != nil || got.patchLo != 65534 {
		t.Errorf("the largest patch level: %v, %v", got, err)
	}
}

func TestReleasesAreOrdered(t *testing.T) {
	ordered := []string{
		"2.6.32-rc8", "2.6.32", "2.6.32-220.el6.x86_64", "2.6.32-754.el6.x86_64", "2.6.32-754.2.1.el6.x86_64", "2.6.32-754.35.1.el6.x86_64", "2.6.32.71",
		"2.6.39", "3.0", "3.9.11", "3.10", "3.10.0-957.el7.x86_64", "3.10.0-1160.el7.x86_64", "3.10.108", "4.4.155", "4.4.155-custom",
		"5.15.0-119-generic (5.15.160)", "6.12-rc1", "6.12-rc7", "6.12", "6.12.9", "6.12.10", "6.13-rc1", "7.2.13",
	}
	rs := make([]Release, len(ordered))
	for i, text := range ordered {
		rs[i] = MustParse(text)
	}
	for i := range rs {
		for j := range rs {
			if got, want := rs[i].Compare(rs[j]), compareInts(i, j); got != want {
				t.Errorf("%v.Compare(%v) = %d, want %d", rs[i], rs[j], got, want)
			}
		}
	}
	if !slices.IsSortedFunc(rs, Release.Compare) {
		t.Error("not sorted")
	}
}

func compareInts(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// anyRelease draws names of the forms that vendors use.
func anyRelease(t *rapid.T) Release {
	version := rapid.SampledFrom(allSeries).Draw(t, "series")
	n := rapid.IntRange(0, 300)
	switch rapid.IntRange(0, 7).Draw(t, "form") {
	case 0:
		return MustParse(fmt.Sprintf("%s.%d", version, n.Draw(t, "patch")))
	case 1:
		return MustParse(fmt.Sprintf("%s-rc%d", version, rapid.IntRange(1, 9).Draw(t, "rc")))
	case 2:
		r := MustParse(fmt.Sprintf("%s.0-%d-generic", version, n.Draw(t, "abi")))
		if rapid.Bool().Draw(t, "settled") {
			s, err := r.WithPatch(n.Draw(t, "patch"))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		return r
	case 3:
		return MustParse(fmt.Sprintf("%s.0-%d-amd64", version, n.Draw(t, "abi")))
	case 4:
		base := rapid.SampledFrom([]string{"2.6.32-%d.%d.el6.x86_64", "3.10.0-%d.%d.el7.x86_64", "4.18.0-%d.%d.el8.x86_64", "5.14.0-%d.%d.el9.x86_64"}).Draw(t, "el")
		return MustParse(fmt.Sprintf(base, 5*n.Draw(t, "build"), n.Draw(t, "minor")))
	case 5:
		return MustParse(fmt.Sprintf("%s.%d-%d.amzn2.x86_64", version, n.Draw(t, "patch"), n.Draw(t, "build")))
	case 6:
		return MustParse(fmt.Sprintf("%s.%d-%d.al8.x86_64", version, n.Draw(t, "patch"), n.Draw(t, "build")))
	}
	return MustParse(version)
}

func TestParseOfStringIsTheSameRelease(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRelease(t)
		again, err := Parse(r.String())
		if err != nil || again != r {
			t.Fatalf("Parse(%q) = %v, %v", r, again, err)
		}
	})
}

func TestCompareIsATotalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyRelease(t), anyRelease(t), anyRelease(t)
		if a.Compare(b) != -b.Compare(a) {
			t.Fatalf("%v and %v: %d and %d", a, b, a.Compare(b), b.Compare(a))
		}
		if (a.Compare(b) == 0) != (a == b) {
			t.Fatalf("%v and %v: Compare %d, == %v", a, b, a.Compare(b), a == b)
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%v <= %v <= %v, but not %v <= %v", a, b, c, a, c)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, c := range names {
		f.Add(c.text)
	}
	for _, c := range debianABINames {
		f.Add(c.text)
	}
	f.Add("5.15.0-119-generic (5.15.160)")
	f.Add("2.6.18-398.el5")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			if !r.IsZero() {
				t.Fatalf("Parse(%q) = %v with an error", text, r)
			}
			return
		}
		if r.String() != text {
			t.Fatalf("Parse(%q).String() = %q", text, r)
		}
		again, err := Parse(r.String())
		if err != nil || again != r || again.Compare(r) != 0 {
			t.Fatalf("Parse(%q) twice: %v, %v", text, again, err)
		}
		if !r.Semantics().Valid() {
			t.Fatalf("%q has no valid semantics", text)
		}
	})
}

func TestUpstreamText(t *testing.T) {
	for want, r := range map[string]Release{
		"5.10.223":           MustParse("5.10.223"),
		"6.1":                MustParse("6.1.0"),
		"6.13-rc5":           MustParse("6.13.0-rc5"),
		"5.15.?":             MustParse("5.15.0-119-generic"),
		"6.1.3 to 6.1.9":     {series: makeSeries(6, 1, 0), patchLo: 3, patchHi: 9},
		"6.1.0 to 6.1.9":     {series: makeSeries(6, 1, 0), patchLo: 0, patchHi: 9},
		"6.1.3 to 6.1.65535": {series: makeSeries(6, 1, 0), patchLo: 3, patchHi: unknownPatch},
	} {
		if got := r.upstream(); got != want {
			t.Errorf("%v stands for %q, want %q", r, got, want)
		}
	}
}
