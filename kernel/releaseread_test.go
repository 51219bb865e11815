package kernel

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func procTree(osrelease, version, signature string) fstest.MapFS {
	tree := fstest.MapFS{"sys/kernel/osrelease": {Data: []byte(osrelease)}}
	if version != "" {
		tree["version"] = &fstest.MapFile{Data: []byte(version)}
	}
	if signature != "" {
		tree["version_signature"] = &fstest.MapFile{Data: []byte(signature)}
	}
	return tree
}

const debianVersion = "Linux version 5.10.0-32-amd64 (debian-kernel@lists.debian.org) (gcc-10 (Debian 10.2.1-6) 10.2.1 20210110, GNU ld (GNU Binutils for Debian) 2.35.2) #1 SMP Debian 5.10.223-1 (2024-08-10)\n"

func TestReadRelease(t *testing.T) {
	for _, c := range []struct {
		osrelease, version, signature string
		patch                         int // -1: not known
	}{
		{"6.18.44\n", "", "", 44},
		{"5.10.0-32-amd64\n", debianVersion, "", 223},
		{"6.1.0-25-cloud-amd64\n", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.106-3 (2024-08-26)", "", 106},
		{"4.19.0-0.bpo.27-amd64\n", "#1 SMP Debian 4.19.316-1~deb9u1 (x)", "", 316},
		{"5.15.0-119-generic\n", "Linux version 5.15.0-119-generic (buildd@lcy02) #129-Ubuntu SMP\n", "Ubuntu 5.15.0-119.129-generic 5.15.160\n", 160},
		{"2.6.32-74-server\n", "", "Ubuntu 2.6.32-74.142-server 2.6.32.63+drm33.26\n", 63},
		{"5.15.0-119-generic\n", "", "", -1},

		// Hints that do not fit are passed over.
		{"5.15.0-119-generic\n", debianVersion, "", -1},
		{"5.15.0-119-generic\n", "", "Ubuntu 5.15.0-119.129-generic 5.4.160\n", -1},
		{"5.15.0-119-generic\n", "", "Ubuntu 5.15.0-119.129-generic 5.15\n", -1},
		{"5.15.0-119-generic\n", "", "Ubuntu 5.15.0-119.129-generic 5.15.160.1\n", -1},
		{"5.15.0-119-generic\n", "", "Ubuntu 5.15.0-119.129-generic 5.15.99999\n", -1},
		{"5.15.0-119-generic\n", "", "Ubuntu 5.15.0-119.129-generic 5.15.\n", -1},
		{"5.15.0-119-generic\n", "", "junk\n", -1},
		{"5.15.0-119-generic\n", "", " \n", -1},
		{"2.6.32-74-server\n", "", "Ubuntu 2.6.32-74.142-server 2.6.32\n", -1},
		{"6.18.44\n", "#1 SMP Debian 6.18.45-1", "Ubuntu x 6.18.45", 44},
	} {
		r, err := ReadRelease(procTree(c.osrelease, c.version, c.signature))
		if err != nil {
			t.Errorf("%q: %v", c.osrelease, err)
			continue
		}
		patch, known := r.Patch()
		if !known {
			patch = -1
		}
		if patch != c.patch || !strings.HasPrefix(r.String(), strings.TrimSpace(c.osrelease)) {
			t.Errorf("%q with %q and %q is %v, patch level %d, want %d", c.osrelease, c.version, c.signature, r, patch, c.patch)
		}
		if again := MustParse(r.String()); again != r {
			t.Errorf("%v does not parse back: %v", r, again)
		}
	}
}

func TestReadReleaseErrors(t *testing.T) {
	if r, err := ReadRelease(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "osrelease") || !r.IsZero() {
		t.Errorf("nothing there: %v, %v", r, err)
	}
	if _, err := ReadRelease(procTree("not a kernel\n", "", "")); err == nil || !strings.Contains(err.Error(), `"not a kernel"`) {
		t.Errorf("no release: %v", err)
	}
	var e *RangeError
	if _, err := ReadRelease(procTree("2.6.18-398.el5\n", "", "")); !errors.As(err, &e) {
		t.Errorf("too old: %v", err)
	}
}

func FuzzReadRelease(f *testing.F) {
	f.Add("5.10.0-32-amd64\n", debianVersion, "")
	f.Add("5.15.0-119-generic", "", "Ubuntu 5.15.0-119.129-generic 5.15.160\n")
	f.Add("2.6.32-74-server", "x", "Ubuntu 2.6.32-74.142-server 2.6.32.63+drm33.26\n")
	f.Fuzz(func(t *testing.T, osrelease, version, signature string) {
		r, err := ReadRelease(procTree(osrelease, version, signature))
		plain, plainErr := Parse(strings.TrimSpace(osrelease))
		if (err == nil) != (plainErr == nil) {
			t.Fatalf("%q: %v alone, %v with hints", osrelease, plainErr, err)
		}
		if err != nil {
			return
		}
		if again, err := Parse(r.String()); err != nil || again != r {
			t.Fatalf("%q reads as %q, which does not parse back: %v", osrelease, r, err)
		}
		if n, known := plain.Patch(); known {
			if m, _ := r.Patch(); m != n || r != plain {
				t.Fatalf("a hint changed %q to %q", plain, r)
			}
		}
	})
}
