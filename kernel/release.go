package kernel

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A Release names one kernel, as `uname -r` prints it: an upstream series, the
// stable patch level within it, and the vendor who built it.
//
// A Release is a small comparable value. The zero Release names no kernel; get
// one from [Parse], [MustParse] or [ReadRelease]. Two releases are == exactly
// when their text is the same, and [Release.Compare] orders them.
//
// Vendors differ in how much their name tells. Mainline, Amazon and Alibaba
// names carry the stable patch level (5.10.223). RHEL names carry a build number
// of a kernel that shares little but its base with the upstream series
// (3.10.0-1160.el7). Ubuntu names and Debian names before Debian 13 hide the
// patch level behind an ABI number (5.10.0-32-amd64 is 5.10.223): for Debian the
// package knows the numbers, for Ubuntu [ReadRelease] finds them where the
// kernel tells, and [Release.WithPatch] takes them from you. Until then
// [Release.Undecided] lists the changes that the name leaves open.
type Release struct {
	series  series
	patchLo uint16 // the stable patch level lies in [patchLo, patchHi]
	patchHi uint16
	rc      uint8 // N of -rcN, 0 for a final release
	vendor  Vendor
	el      uint8     // 6 to 10 for RHEL
	build   [3]uint16 // RHEL build, 1160.119.1
	text    string
}

// A series is an upstream series: three numbers for 2.6.32, two (the third 0)
// from 3.0 on.
type series uint32

func makeSeries(major, minor, sub uint32) series {
	return series(major<<16 | minor<<8 | sub)
}

// String returns "2.6.32" or "6.1".
func (s series) String() string {
	major, minor, sub := s>>16, s>>8&0xff, s&0xff
	if major == 2 {
		return fmt.Sprintf("%d.%d.%d", major, minor, sub)
	}
	return fmt.Sprintf("%d.%d", major, minor)
}

// The range of series that the table of changes covers, ends included.
var (
	firstSeries = makeSeries(2, 6, 32)
	lastSeries  = makeSeries(7, 2, 0)
)

const unknownPatch = 1<<16 - 1

// A Vendor tells who built a kernel, and so how to read its name.
type Vendor uint8

const (
	Mainline Vendor = iota + 1 // kernel.org, mainline or stable
	Local                      // upstream with a suffix that no vendor below uses: a local version
	Debian                     // uname -r ends in an architecture: 5.10.0-32-amd64, 6.12.38+deb13-amd64
	Ubuntu                     // uname -r ends in a flavour: 5.15.0-119-generic
	RHEL                       // Red Hat Enterprise Linux and what is rebuilt from it: CentOS, Rocky, Alma
	Amazon                     // Amazon Linux 1, 2 and 2023
	Alibaba                    // Alibaba Cloud Linux, Anolis
	Unread                     // a vendor known to backport at will, none of whose trees has been read: SUSE, Oracle UEK, openEuler
)

var vendorNames = [...]string{
	Mainline: "mainline", Local: "local version", Debian: "Debian", Ubuntu: "Ubuntu",
	RHEL: "RHEL", Amazon: "Amazon Linux", Alibaba: "Alibaba Cloud Linux", Unread: "unread vendor",
}

// String returns the vendor's name.
func (v Vendor) String() string {
	if v == 0 || int(v) >= len(vendorNames) {
		return "Vendor(" + strconv.Itoa(int(v)) + ")"
	}
	return vendorNames[v]
}

// A RangeError reports a release that is well formed but outside the range that
// the table of changes covers. Nearest is the end of the range it lies beyond:
// a caller who can live with an approximation may take it and say so.
type RangeError struct {
	Text    string  // the release asked for
	Nearest Release // 2.6.32 or 7.2
}

// Error says which release was asked for, and which range is covered.
func (e *RangeError) Error() string {
	rel := "older than " + firstSeries.String() + ", the first"
	if e.Nearest.series == lastSeries {
		rel = "newer than " + lastSeries.String() + ", the last"
	}
	return fmt.Sprintf("kernel: release %q is %s release covered", e.Text, rel)
}

// Parse reads the name of a kernel: the output of `uname -r` on mainline,
// Debian, Ubuntu, RHEL and CentOS 6 to 9, Amazon Linux and Alibaba Cloud Linux,
// or just a version ("5.10.223", "6.1", "2.6.32.71"). It also accepts what
// [Release.String] returns, where a patch level in parentheses settles a name
// that hides it: "5.15.0-119-generic (5.15.160)".
//
// A name that is not a release gives an error that quotes it; one outside
// 2.6.32 to 7.2 gives a [*RangeError].
func Parse(text string) (Release, error) {
	name, note, hasNote := strings.Cut(text, " (")
	r, err := parseName(name)
	if err != nil {
		if e, ok := err.(*RangeError); ok {
			e.Text = text
			return Release{}, e
		}
		return Release{}, fmt.Errorf("kernel: release %q: %w", text, err)
	}
	if !hasNote {
		return r, nil
	}
	note, ok := strings.CutSuffix(note, ")")
	stable, err := parseName(note)
	if !ok || err != nil || stable.text != stable.upstream() {
		return Release{}, fmt.Errorf("kernel: release %q: what stands in parentheses must be an upstream version", text)
	}
	if stable.series != r.series {
		return Release{}, fmt.Errorf("kernel: release %q: %s is not of the series %s", text, note, r.series)
	}
	settled, err := r.WithPatch(int(stable.patchLo))
	if err != nil {
		return Release{}, err
	}
	if settled.String() != text {
		return Release{}, fmt.Errorf("kernel: release %q: the name alone says %s", text, r.upstream())
	}
	return settled, nil
}

// MustParse is [Parse] for names known to be good, such as constants in tests.
// It panics where Parse returns an error.
func MustParse(text string) Release {
	r, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return r
}

// String returns the text that r was parsed from, with the patch level in
// parentheses where [Release.WithPatch] added it. Parse(r.String()) == r.
func (r Release) String() string { return r.text }

// Vendor returns who built the kernel.
func (r Release) Vendor() Vendor { return r.vendor }

// Series returns the upstream series: "2.6.32", "3.10", "6.1".
func (r Release) Series() string { return r.series.String() }

// Patch returns the stable patch level within the series (223 for 5.10.223), and
// whether it is known. A RHEL kernel has none.
func (r Release) Patch() (int, bool) {
	return int(r.patchLo), r.patchLo == r.patchHi && !r.hybrid()
}

// IsZero reports whether r is the zero Release, which names no kernel.
func (r Release) IsZero() bool { return r.series == 0 }

// WithPatch returns r with its stable patch level set to n, for a name that
// hides it. Setting the level that the name already gives changes nothing;
// contradicting it, or setting one on a RHEL kernel, is an error.
func (r Release) WithPatch(n int) (Release, error) {
	switch {
	case r.IsZero():
		return Release{}, fmt.Errorf("kernel: patch level %d set on the zero Release", n)
	case n < 0 || n >= unknownPatch:
		return Release{}, fmt.Errorf("kernel: patch level %d of %q is outside 0 to %d", n, r.text, unknownPatch-1)
	case r.hybrid():
		return Release{}, fmt.Errorf("kernel: patch level %d set on %q, a %s kernel that follows no stable series", n, r.text, r.vendor)
	case n < int(r.patchLo) || n > int(r.patchHi):
		return Release{}, fmt.Errorf("kernel: patch level %d contradicts %q, which is %s", n, r.text, r.upstream())
	case r.patchLo == r.patchHi:
		return r, nil
	}
	r.patchLo, r.patchHi = uint16(n), uint16(n)
	r.text += " (" + r.upstream() + ")"
	return r, nil
}

// Compare orders releases: by upstream version, a candidate (-rc) before its
// release, then by vendor and build, then by text. It returns -1, 0 or +1, and 0
// only when r == s.
func (r Release) Compare(s Release) int {
	return cmp.Or(
		cmp.Compare(r.series, s.series),
		cmp.Compare(r.finality(), s.finality()),
		cmp.Compare(r.patchLo, s.patchLo),
		cmp.Compare(r.patchHi, s.patchHi),
		cmp.Compare(r.vendor, s.vendor),
		cmp.Compare(r.el, s.el),
		cmp.Compare(r.build[0], s.build[0]),
		cmp.Compare(r.build[1], s.build[1]),
		cmp.Compare(r.build[2], s.build[2]),
		cmp.Compare(r.text, s.text),
	)
}

func (r Release) finality() uint16 {
	if r.rc == 0 {
		return 1 << 8
	}
	return uint16(r.rc)
}

// hybrid reports whether the vendor picks changes at will, so that the patch
// level of the upstream series says nothing.
func (r Release) hybrid() bool { return r.vendor == RHEL || r.vendor == Unread }

// upstream is the upstream version that the name stands for, as far as known.
func (r Release) upstream() string {
	s := r.series.String()
	switch {
	case r.rc > 0:
		return fmt.Sprintf("%s-rc%d", s, r.rc)
	case r.patchLo == r.patchHi && r.patchLo == 0:
		return s
	case r.patchLo == r.patchHi:
		return fmt.Sprintf("%s.%d", s, r.patchLo)
	case r.patchHi == unknownPatch && r.patchLo == 0:
		return s + ".?"
	}
	return fmt.Sprintf("%s.%d to %s.%d", s, r.patchLo, s, r.patchHi)
}
