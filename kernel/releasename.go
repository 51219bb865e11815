package kernel

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseName reads one release name without a note in parentheses.
//
// A name is a version and a suffix. The suffix tells the vendor, and with it
// what the version means.
func parseName(name string) (Release, error) {
	if name == "" {
		return Release{}, errors.New("the name is empty")
	}
	if strings.ContainsAny(name, " \t\r\n()") {
		return Release{}, errors.New("a release name has no spaces or parentheses")
	}
	nums, suffix, err := splitVersion(name)
	if err != nil {
		return Release{}, err
	}
	r := Release{text: name, vendor: Local}
	if nums[0] == 2 {
		if len(nums) < 3 {
			return Release{}, errors.New("a 2.6 release has at least three numbers, such as 2.6.32")
		}
		r.series = makeSeries(nums[0], nums[1], nums[2])
		nums = nums[3:]
	} else {
		r.series = makeSeries(nums[0], nums[1], 0)
		nums = nums[2:]
	}
	if r.series < firstSeries || r.series > lastSeries {
		nearest := Release{series: firstSeries, vendor: Mainline, text: firstSeries.String()}
		if r.series > lastSeries {
			nearest.series, nearest.text = lastSeries, lastSeries.String()
		}
		return Release{}, &RangeError{Text: name, Nearest: nearest}
	}
	if last, ok := lastMinor[r.series>>16]; ok && r.series > last {
		return Release{}, fmt.Errorf("there is no series %s: the last before the next major number is %s", r.series, last)
	}
	patchGiven := len(nums) > 0 && nums[0] > 0
	if len(nums) > 0 {
		r.patchLo, r.patchHi = uint16(nums[0]), uint16(nums[0])
	}
	switch {
	case suffix == "":
		r.vendor = Mainline
	case strings.HasPrefix(suffix, "-rc"):
		n, err := strconv.ParseUint(leadingDigits(suffix[3:]), 10, 8)
		if err != nil || n == 0 {
			return Release{}, fmt.Errorf("%q is not a release candidate", suffix)
		}
		r.rc, r.vendor = uint8(n), Mainline
	case strings.Contains(suffix, "uek"), strings.HasSuffix(suffix, "-default"), strings.Contains(suffix, ".oe"):
		r.vendor = Unread
	case strings.Contains(suffix, ".elrepo"):
		r.vendor = Local
	case rhel(&r, suffix):
	case strings.Contains(suffix, ".amzn"):
		r.vendor = Amazon
	case strings.Contains(suffix, ".ali") && rhelBuiltOn[r.series]:
		r.vendor = Unread // built from RHEL's, with changes of their own
	case containsAny(suffix, ".al7", ".al8", ".an7", ".an8", ".alios7"):
		r.vendor = Alibaba
	case strings.HasPrefix(suffix, "+deb"):
		r.vendor = Debian
	case debianABI(&r, suffix, patchGiven):
	case ubuntuABI(&r, suffix):
	}
	return r, nil
}

// lastMinor is the last series of each major number. A kernel of a later one under
// the personality uname26 calls itself 2.6.40 and up.
var lastMinor = map[series]series{
	2: makeSeries(2, 6, 39),
	3: makeSeries(3, 19, 0),
	4: makeSeries(4, 20, 0),
	5: makeSeries(5, 19, 0),
	6: makeSeries(6, 19, 0),
}

// splitVersion cuts the leading dotted numbers off a name.
func splitVersion(name string) (nums []uint32, suffix string, err error) {
	suffix = name
	for {
		digits := leadingDigits(suffix)
		if digits == "" {
			return nil, "", errors.New("a release begins with a version such as 5.10.223")
		}
		limit := uint64(255)
		if len(nums) >= 2 {
			limit = unknownPatch - 1
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || n > limit {
			return nil, "", fmt.Errorf("the number %s is out of range", digits)
		}
		if len(digits) > 1 && digits[0] == '0' {
			return nil, "", fmt.Errorf("the number %s has a leading zero", digits)
		}
		nums = append(nums, uint32(n))
		suffix = suffix[len(digits):]
		if len(suffix) < 2 || suffix[0] != '.' || leadingDigits(suffix[1:]) == "" || len(nums) == 4 {
			break
		}
		suffix = suffix[1:]
	}
	if len(nums) < 2 {
		return nil, "", errors.New("a version has at least two numbers, such as 6.1")
	}
	if nums[0] == 2 && len(nums) > 2 && nums[2] > 255 {
		return nil, "", fmt.Errorf("the number %d is out of range", nums[2])
	}
	if suffix != "" && !strings.ContainsRune("-+._~", rune(suffix[0])) {
		return nil, "", fmt.Errorf("%q cannot follow a version", suffix)
	}
	return nums, suffix, nil
}

func leadingDigits(s string) string {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return s[:i]
}

func containsAny(s string, subs ...string) bool {
	for _, sub := range subs {
		if strings.Contains(s, sub) {
			return true
		}
	}
	return false
}

// elBase gives the upstream series each RHEL major release is built on.
var elBase = map[uint8]series{
	6:  makeSeries(2, 6, 32),
	7:  makeSeries(3, 10, 0),
	8:  makeSeries(4, 18, 0),
	9:  makeSeries(5, 14, 0),
	10: makeSeries(6, 12, 0),
}

// rhelBuiltOn are the series whose kernels from Alibaba come from RHEL's.
var rhelBuiltOn = map[series]bool{elBase[6]: true, elBase[7]: true}

// rhel recognises -1160.119.1.el7.x86_64. An .el suffix on another base is
// somebody's package of an upstream kernel, not RHEL's.
func rhel(r *Release, suffix string) bool {
	build, tail, ok := strings.Cut(suffix, ".el")
	if !ok || !strings.HasPrefix(build, "-") {
		return false
	}
	el, err := strconv.ParseUint(leadingDigits(tail), 10, 8)
	if err != nil || elBase[uint8(el)] != r.series || r.patchLo != 0 {
		return false
	}
	var nums [3]uint16
	for i, s := range strings.SplitN(build[1:], ".", 4) {
		if i == len(nums) {
			break
		}
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return false
		}
		nums[i] = uint16(n)
	}
	r.vendor, r.el, r.build = RHEL, uint8(el), nums
	return true
}

// debianABI recognises -32-amd64, -0.bpo.4-amd64 and -0.deb11.13-cloud-amd64,
// the style before Debian 13, and looks the ABI number up.
func debianABI(r *Release, suffix string, patchGiven bool) bool {
	abi, flavour, ok := strings.Cut(strings.TrimPrefix(suffix, "-"), "-")
	if !ok || patchGiven || suffix[0] != '-' || !debianFlavour(flavour) {
		return false
	}
	// A backport is built from a later Debian's package of the same ABI number,
	// so the number alone counts. rc names (-rc) never come here.
	n := abi[strings.LastIndexByte(abi, '.')+1:]
	if _, err := strconv.ParseUint(n, 10, 16); err != nil {
		return false
	}
	r.vendor = Debian
	r.patchLo, r.patchHi = debianPatch(r.series, abi)
	return true
}

// debianFlavour reports whether s is one of Debian's flavours: they end in, or
// are, the name of a Debian architecture.
func debianFlavour(s string) bool {
	for _, prefix := range []string{"cloud-", "rt-", "trunk-"} {
		s = strings.TrimPrefix(s, prefix)
	}
	switch s {
	case "amd64", "686", "686-pae", "586", "486", "arm64", "armmp", "armmp-lpae", "arm64-16k",
		"powerpc64le", "s390x", "riscv64", "loong64", "marvell", "rpi", "octeon", "loongson-3", "4kc-malta", "5kc-malta":
		return true
	}
	return false
}

// ubuntuABI recognises -119-generic and -1021-aws.
func ubuntuABI(r *Release, suffix string) bool {
	abi, flavour, ok := strings.Cut(strings.TrimPrefix(suffix, "-"), "-")
	if !ok || suffix[0] != '-' || r.patchLo != 0 {
		return false
	}
	if _, err := strconv.ParseUint(abi, 10, 16); err != nil {
		return false
	}
	flavour, _, _ = strings.Cut(flavour, "-")
	switch flavour {
	case "generic", "lowlatency", "aws", "azure", "gcp", "kvm", "oracle", "virtual", "server",
		"raspi", "gke", "gkeop", "ibm", "nvidia", "oem", "hwe", "euclid", "realtime":
		r.vendor, r.patchHi = Ubuntu, unknownPatch
		return true
	}
	return false
}
