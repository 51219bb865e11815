package kernel

import (
	"fmt"
	"io/fs"
	"strings"
)

// ReadRelease returns the release of the running kernel. fsys is rooted at /proc:
// os.DirFS("/proc"), or a copy of its files.
//
// The name is that of sys/kernel/osrelease, which uname -r prints. Where it hides
// the stable patch level, ReadRelease looks for it where vendors tell: Debian in
// version ("... SMP Debian 5.10.223-1 (2024-08-10)"), Ubuntu in version_signature
// ("Ubuntu 5.15.0-119.129-generic 5.15.160"). A hint that is missing, that cannot
// be read or that contradicts the name is passed over: [Release.Undecided] then
// tells what stays open.
//
// An unreadable osrelease is an error, and so is what [Parse] refuses.
func ReadRelease(fsys fs.FS) (Release, error) {
	const name = "sys/kernel/osrelease"
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Release{}, fmt.Errorf("kernel: reading the release: %w", err)
	}
	r, err := Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return Release{}, err
	}
	switch r.vendor {
	case Debian:
		if text, err := fs.ReadFile(fsys, "version"); err == nil {
			r = r.withHint(debianHint(string(text)))
		}
	case Ubuntu:
		if text, err := fs.ReadFile(fsys, "version_signature"); err == nil {
			r = r.withHint(ubuntuHint(string(text)))
		}
	}
	return r, nil
}

// debianHint returns the version of Debian's package in the text of /proc/version.
func debianHint(text string) string {
	_, after, ok := strings.Cut(text, " Debian ")
	if !ok {
		return ""
	}
	return after
}

// ubuntuHint returns the upstream version in the text of /proc/version_signature,
// its last word.
func ubuntuHint(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// withHint returns r with the patch level of the upstream version that hint begins
// with, and r itself if that does not fit.
//
// A version without a patch level tells nothing: packages of 2.6.32 and of release
// candidates are called so too.
func (r Release) withHint(hint string) Release {
	if i := strings.IndexFunc(hint, func(c rune) bool { return c != '.' && (c < '0' || c > '9') }); i >= 0 {
		hint = hint[:i]
	}
	nums, suffix, err := splitVersion(hint)
	if err != nil || suffix != "" {
		return r
	}
	base := 2
	if nums[0] == 2 {
		base = 3
	}
	stable, err := parseName(hint)
	if err != nil || len(nums) != base+1 || stable.series != r.series {
		return r
	}
	if settled, err := r.WithPatch(int(stable.patchLo)); err == nil {
		return settled
	}
	return r
}
