package kernel

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// allSeries lists every upstream series that the table covers, oldest first. It is
// written out from the history of Linux, not computed: what the tests below say
// about order rests on positions in this list, not on the code under test.
var allSeries = func() []string {
	var all []string
	add := func(format string, lo, hi int) {
		for i := lo; i <= hi; i++ {
			all = append(all, fmt.Sprintf(format, i))
		}
	}
	add("2.6.%d", 32, 39)
	add("3.%d", 0, 19)
	add("4.%d", 0, 20)
	add("5.%d", 0, 19)
	add("6.%d", 0, 19)
	add("7.%d", 0, 2)
	return all
}()

func TestRowsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	inside := regexp.MustCompile(`[.!?] +[A-Z]`)
	last := -1
	for _, c := range Changes() {
		if seen[c.ID] || !kebab.MatchString(c.ID) {
			t.Errorf("ID %q is not unique and kebab-case", c.ID)
		}
		seen[c.ID] = true
		if !strings.HasSuffix(c.Summary, ".") || inside.MatchString(c.Summary) || strings.Contains(c.Summary, "\n") {
			t.Errorf("%s: %q is not one sentence", c.ID, c.Summary)
		}
		if !strings.Contains(c.Evidence, "observed") && !strings.Contains(c.Evidence, "from source") {
			t.Errorf("%s: evidence %q says neither observed nor from source", c.ID, c.Evidence)
		}
		if !slices.Contains([]string{"kernel", "queue", "timewait", "paws", "portalloc", "host"}, c.Package) {
			t.Errorf("%s: package %q", c.ID, c.Package)
		}
		if c.Commit != "" && !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(c.Commit) {
			t.Errorf("%s: commit %q is not 12 hex digits", c.ID, c.Commit)
		}
		since := slices.Index(allSeries, c.Since)
		if since < 1 {
			t.Errorf("%s: %q is not a series after the first", c.ID, c.Since)
		}
		if since < last {
			t.Errorf("%s stands after a later change", c.ID)
		}
		last = since
		streams := map[string]bool{}
		for _, b := range c.Backports {
			if streams[b.Stream] {
				t.Errorf("%s: two backports to %s", c.ID, b.Stream)
			}
			streams[b.Stream] = true
			if b.Lacks < -1 || b.Lacks >= b.Has {
				t.Errorf("%s: backport %+v", c.ID, b)
			}
			base, ok := elBases[b.Stream]
			if !ok {
				base = b.Stream
			}
			if i := slices.Index(allSeries, base); i < 0 || i >= since {
				t.Errorf("%s: backport to %s, which is not before %s", c.ID, b.Stream, c.Since)
			}
		}
	}
}

var elBases = map[string]string{"el6": "2.6.32", "el7": "3.10", "el8": "4.18", "el9": "5.14", "el10": "6.12"}

// before is the release of the series before that of c, at patch level 0.
func before(c Change) Release { return MustParse(allSeries[slices.Index(allSeries, c.Since)-1]) }

func TestEveryRowChangesSemantics(t *testing.T) {
	for _, c := range Changes() {
		r := before(c)
		if has, _ := r.Has(c); has {
			t.Errorf("%v has %s, which came with %s", r, c.ID, c.Since)
		}
		s := r.Semantics()
		was := s
		c.Apply(&s)
		if s == was {
			t.Errorf("%s changes nothing on %v", c.ID, r)
		}
		if !s.Valid() {
			t.Errorf("%s makes the semantics of %v invalid", c.ID, r)
		}
		again := s
		c.Apply(&again)
		if again != s {
			t.Errorf("%s applied twice differs from once", c.ID)
		}
	}
}

func TestEveryFieldIsChangedBySomeRow(t *testing.T) {
	changed := map[string]bool{}
	for _, c := range Changes() {
		was := before(c).Semantics()
		s := was
		c.Apply(&s)
		for i := range reflect.TypeFor[Semantics]().NumField() {
			if !reflect.DeepEqual(reflect.ValueOf(s).Field(i).Interface(), reflect.ValueOf(was).Field(i).Interface()) {
				changed[reflect.TypeFor[Semantics]().Field(i).Name] = true
			}
		}
	}
	for i := range reflect.TypeFor[Semantics]().NumField() {
		if name := reflect.TypeFor[Semantics]().Field(i).Name; !changed[name] {
			t.Errorf("no row changes Semantics.%s", name)
		}
	}
}

// streamRelease is the release of a stable series or RHEL release at a patch level
// or build.
func streamRelease(stream string, n int) Release {
	if base, ok := elBases[stream]; ok {
		if base != "2.6.32" {
			base += ".0"
		}
		return MustParse(fmt.Sprintf("%s-%d.%s.x86_64", base, n, stream))
	}
	return MustParse(fmt.Sprintf("%s.%d", stream, n))
}

func TestBackportBoundaries(t *testing.T) {
	for _, c := range Changes() {
		for _, b := range c.Backports {
			check := func(n int, wantHas, wantKnown bool) {
				t.Helper()
				r := streamRelease(b.Stream, n)
				if has, known := r.Has(c); has != wantHas || known != wantKnown {
					t.Errorf("%v has %s: %v (known %v), want %v (known %v)", r, c.ID, has, known, wantHas, wantKnown)
				}
				open := slices.ContainsFunc(r.Undecided(), func(o Change) bool { return o.ID == c.ID })
				if open == wantKnown {
					t.Errorf("%v: %s among the undecided: %v", r, c.ID, open)
				}
				// The row shows in the semantics: applying it changes them only where the
				// release lacks it.
				s := r.Semantics()
				c.Apply(&s)
				if wantHas && s != r.Semantics() && !superseded(c, r) {
					t.Errorf("%v has %s, but its semantics do not show it", r, c.ID)
				}
				// A RHEL build older than all that were read is taken to be like them.
				presumed := !wantKnown && strings.HasPrefix(b.Stream, "el") && b.Lacks == -1 && b.Has != Unknown
				if !wantHas && (s == r.Semantics()) != presumed && !superseded(c, r) {
					t.Errorf("%v lacks %s: its semantics show it: %v, want %v", r, c.ID, !presumed, presumed)
				}
			}
			if b.Lacks >= 0 {
				check(b.Lacks, false, true)
			}
			if b.Has == Unknown {
				check(b.Lacks+1, false, false)
				check(b.Lacks+1000, false, false)
				continue
			}
			check(b.Has, true, true)
			check(b.Has+1, true, true)
			check(b.Has+1000, true, true)
			for n := b.Lacks + 1; n < b.Has; n++ {
				check(n, false, false)
			}
		}
	}
}

// superseded tells whether r has a later row that sets the same fields as c again.
func superseded(c Change, r Release) bool {
	later := false
	for _, d := range Changes() {
		if has, _ := r.Has(d); later && has {
			s := r.Semantics()
			c.Apply(&s)
			d.Apply(&s)
			if s == r.Semantics() {
				return true
			}
		}
		later = later || d.ID == c.ID
	}
	return false
}

// Mainline releases have a row from its series on, and no other, but for backports
// that came before the first patch level.
func TestRowsHoldFromTheirSeriesOn(t *testing.T) {
	for _, c := range Changes() {
		since := slices.Index(allSeries, c.Since)
		for i, name := range allSeries {
			has, known := MustParse(name).Has(c)
			wantHas, wantKnown := i >= since, true
			for _, b := range c.Backports {
				if b.Stream == name {
					wantHas, wantKnown = b.Has == 0, b.Has == 0 || b.Lacks >= 0
				}
			}
			if has != wantHas || known != wantKnown {
				t.Errorf("%s has %s: %v (known %v), want %v (known %v)", name, c.ID, has, known, wantHas, wantKnown)
			}
			if rc, known := MustParse(name + "-rc1").Has(c); rc != (i > since) || known != (i != since) {
				t.Errorf("%s-rc1 has %s: %v (known %v)", name, c.ID, rc, known)
			}
		}
	}
}

// dumbSemantics folds the table over a mainline or stable version by text alone.
func dumbSemantics(series string, patch int) Semantics {
	s := baseline()
	at := slices.Index(allSeries, series)
	for _, c := range Changes() {
		has := at >= slices.Index(allSeries, c.Since)
		for _, b := range c.Backports {
			if b.Stream == series && patch >= b.Has {
				has = true
			}
		}
		if has {
			c.Apply(&s)
		}
	}
	return s
}

func TestSemanticsIsTheFoldOfTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := rapid.SampledFrom(allSeries).Draw(t, "series")
		patch := rapid.IntRange(0, 400).Draw(t, "patch")
		suffix := rapid.SampledFrom([]string{"", "-custom", "-1.amzn2.x86_64", "-1.al8.x86_64"}).Draw(t, "suffix")
		r := MustParse(fmt.Sprintf("%s.%d%s", series, patch, suffix))
		if diff := cmp.Diff(dumbSemantics(series, patch), r.Semantics()); diff != "" {
			t.Fatalf("%v: %s", r, diff)
		}
	})
}

// Once a stable series has a row, it keeps it.
func TestRowsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.SampledFrom(append([]string{"el6", "el7", "el8"}, allSeries...)).Draw(t, "stream")
		a := rapid.IntRange(0, 1200).Draw(t, "a")
		b := rapid.IntRange(a, 1200).Draw(t, "b")
		for _, c := range Changes() {
			early, _ := streamRelease(stream, a).Has(c)
			late, known := streamRelease(stream, b).Has(c)
			if early && !(late && known) {
				t.Fatalf("%s %d has %s, %d has not", stream, a, c.ID, b)
			}
		}
	})
}

// ids lists the rows of the listen path and of sysctls: other packages add theirs.
func ids(rows []Change) []string {
	var list []string
	for _, c := range rows {
		if c.Package == "queue" || c.Package == "kernel" {
			list = append(list, c.ID)
		}
	}
	return list
}

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		from, to     string
		gained, lost []string
	}{
		{"6.12.107", "6.12.107", nil, nil},
		{"6.12.9", "6.12.10", []string{"synq-above-backlog"}, nil},
		{"5.10.223", "6.1.192", []string{"drop-reasons", "drop-reasons-listener", "synq-above-backlog", "request-ts-deferred", "request-rst-exact"}, nil},
		// An upgrade may lose what the older series has as a backport.
		{"6.12.107", "6.14", []string{}, []string{"request-rst-exact"}},
		{"5.10.234", "5.14", nil, []string{"synq-above-backlog"}},
		{"5.4", "5.5", []string{"cookie-gate-between"}, nil},
		{"5.4.5", "5.5", nil, nil},
		// What a name leaves open is in neither.
		{"5.15.0-119-generic", "5.15.177", nil, nil},
		{"5.15.0-119-generic (5.15.160)", "5.15.177", []string{"synq-above-backlog"}, nil},
	} {
		gained, lost := Diff(MustParse(c.from), MustParse(c.to))
		if !slices.Equal(ids(gained), c.gained) || !slices.Equal(ids(lost), c.lost) {
			t.Errorf("Diff(%s, %s): gained %v, lost %v; want %v, %v", c.from, c.to, ids(gained), ids(lost), c.gained, c.lost)
		}
		back, forth := Diff(MustParse(c.to), MustParse(c.from))
		if !slices.Equal(ids(forth), c.gained) || !slices.Equal(ids(back), c.lost) {
			t.Errorf("Diff(%s, %s) is not the opposite", c.to, c.from)
		}
	}
}

func TestDiffFrom310To612IsEveryRowBetween(t *testing.T) {
	gained, lost := Diff(MustParse("3.10"), MustParse("6.12"))
	var want []string
	for _, c := range Changes() {
		since := slices.Index(allSeries, c.Since)
		between := since > slices.Index(allSeries, "3.10") && since <= slices.Index(allSeries, "6.12")
		if between {
			want = append(want, ids([]Change{c})...)
		}
	}
	if diff := cmp.Diff(want, ids(gained)); diff != "" || ids(lost) != nil {
		t.Errorf("lost %v, gained: %s", ids(lost), diff)
	}
	if len(want) < 30 {
		t.Errorf("only %d rows between 3.10 and 6.12", len(want))
	}
}

// What the semantics of kernels that were asked, and of RHEL's hybrids, come to.
// The numbers are those of the observations, not of the table.
func TestSemanticsOfKnownKernels(t *testing.T) {
	type known struct {
		Queue            SYNQueueRule
		Young            bool // AcceptFullNeedsYoung
		SYNDrops         bool
		CookieDrops      bool
		Always           bool // AlwaysCookies
		TimeWaitISNLost4 bool
		Somaxconn        int
		Divisor          int
		Bits             uint8
		Gate             CookieGateRule
		MSS              CookieMSSRule
		Minutes          int
		OwnTimers        bool
		RSTExact         bool
		Wheel            WheelRule
	}
	pow2, ge, gt := SYNQueuePowerOfTwo, SYNQueueBacklog, SYNQueueAboveBacklog
	for text, want := range map[string]known{
		"3.10.108": {pow2, true, true, true, false, false, 128, 256, 16, CookieGate3s, CookieMSS64To8960, 4, false, false, WheelSlack},
		"4.4.155":  {ge, true, true, true, true, false, 128, 256, 32, CookieGate120s, CookieMSS536To1460, 2, true, false, WheelSlack},
		"4.9.154":  {ge, true, true, false, true, false, 128, 256, 32, CookieGate120s, CookieMSS536To1460, 2, true, false, WheelCoarse},
		"4.19.78":  {ge, false, true, false, true, true, 128, 256, 32, CookieGateWraps, CookieMSS536To1460, 2, true, false, WheelCoarse},
		"5.10.223": {ge, false, true, false, true, true, 4096, 128, 32, CookieGateBetween, CookieMSS536To1460, 2, true, false, WheelCoarse},
		"6.1.192":  {gt, false, true, false, true, true, 4096, 128, 32, CookieGateBetween, CookieMSS536To1460, 2, true, true, WheelCoarse},
		"6.12.107": {gt, false, true, false, true, false, 4096, 128, 32, CookieGateBetween, CookieMSS536To1460, 2, true, true, WheelCoarse},
		"6.18.44":  {gt, false, true, false, true, false, 4096, 128, 32, CookieGateBetween, CookieMSS536To1460, 2, true, true, WheelCoarse},
		"7.2.13":   {gt, false, true, false, true, false, 4096, 128, 32, CookieGateBetween, CookieMSS536To1460, 2, true, true, WheelCoarse},

		"2.6.32-642.el6.x86_64":  {pow2, true, false, false, false, false, 128, 256, 16, CookieGate3s, CookieMSS64To4312, 4, false, false, WheelExact},
		"3.10.0-1160.el7.x86_64": {pow2, true, true, true, true, false, 128, 256, 16, CookieGate3s, CookieMSS536To1460, 2, false, false, WheelSlack},
	} {
		s := MustParse(text).Semantics()
		got := known{s.SYNQueue, s.AcceptFullNeedsYoung, s.SYNDropCounters, s.CookieListenDrops, s.AlwaysCookies, s.TimeWaitISNLost4,
			s.SomaxconnDefault, s.MaxSYNBacklogDivisor, s.BacklogBits, s.CookieGate, s.CookieMSS, s.CookieMinutes, s.RequestTimers,
			s.RequestRSTExact, s.Wheel}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestUnreadBuildsAreUndecided(t *testing.T) {
	for _, c := range []struct {
		text, id string
		known    bool
	}{
		{"2.6.32-642.el6.x86_64", "accept-full-alone", true}, // read
		{"2.6.32-754.el6.x86_64", "accept-full-alone", false},
		{"3.10.0-1160.el7.x86_64", "accept-full-alone", true},
		{"3.10.0-1161.el7.x86_64", "accept-full-alone", false},
		{"4.18.0-147.el8.x86_64", "somaxconn-4096", true},
		{"4.18.0-148.el8.x86_64", "somaxconn-4096", false},
		{"4.18.0-553.el8.x86_64", "accept-full-alone", true}, // its base has it
		{"5.14.0-1.el9.x86_64", "synq-above-backlog", false}, // nothing read
		{"6.12.0-1.el10.x86_64", "synq-above-backlog", false},
		{"4.9.100-default", "accept-full-alone", false},
		{"4.4.21-1.el7.elrepo.x86_64", "accept-full-alone", true},
		{"4.4.177", "accept-full-alone", true},
		{"3.18.138", "accept-full-alone", false},                      // perhaps
		{"4.19.90-2112.8.0.0131.oe1.i686", "accept-full-alone", true}, // 4.19 has it whoever built it
	} {
		row, ok := ChangeByID(c.id)
		if !ok {
			t.Fatalf("no row %s", c.id)
		}
		if _, known := MustParse(c.text).Has(row); known != c.known {
			t.Errorf("%s and %s: known %v, want %v", c.text, c.id, known, c.known)
		}
	}
}

func TestZeroReleaseHasNothing(t *testing.T) {
	var r Release
	if s := r.Semantics(); s != (Semantics{}) || s.Valid() {
		t.Error("the zero Release has semantics")
	}
	if r.Undecided() != nil {
		t.Error("the zero Release has undecided rows")
	}
	if gained, lost := Diff(r, r); gained != nil || ids(lost) != nil {
		t.Error("the zero Release differs from itself")
	}
	if !r.IsZero() || r.String() != "" {
		t.Error("the zero Release has a name")
	}
}

func TestValidAsksForEveryFieldWithoutAZero(t *testing.T) {
	for _, name := range []string{"BacklogBits", "SYNQueue", "Recycle", "FloodLog", "SYNACKTimeout", "Wheel", "CookieGate", "CookieMinutes", "CookieMSS", "DropReasons", "EHashShift"} {
		s := MustParse("6.1").Semantics()
		if !s.Valid() {
			t.Fatal("6.1 is not valid")
		}
		reflect.ValueOf(&s).Elem().FieldByName(name).SetZero()
		if s.Valid() {
			t.Errorf("valid without %s", name)
		}
	}
}

func TestChangesAreTheCallers(t *testing.T) {
	want := Changes()
	got := Changes()
	for i := range got {
		got[i].ID = "mine"
		for j := range got[i].Backports {
			got[i].Backports[j].Has = 1 << 20
		}
	}
	for i, c := range Changes() {
		if c.ID != want[i].ID || !slices.Equal(c.Backports, want[i].Backports) {
			t.Errorf("row %d was changed from outside: %v", i, c)
		}
	}
	if _, ok := ChangeByID("mine"); ok {
		t.Error("a caller added a row")
	}
	var s Semantics
	Change{}.Apply(&s) // a row made by hand does nothing
	if s != (Semantics{}) {
		t.Error("the zero Change changes something")
	}
}

func TestBackportText(t *testing.T) {
	for want, b := range map[string]Backport{
		"6.12.10":                       {"6.12", 9, 10},
		"4.14.1 to 4.14.74":             {"4.14", 0, 74},
		"2.6.32.3 to 2.6.32.69":         {"2.6.32", 2, 69},
		"el7":                           {"el7", -1, 0},
		"el7 build 0 to el7 build 1160": {"el7", -1, 1160},
		"el6 build 357":                 {"el6", 356, 357},
	} {
		if got := b.String(); got != want {
			t.Errorf("%+v: %q, want %q", b, got, want)
		}
	}
}

func TestSeriesTextOfTheTableMustParse(t *testing.T) {
	for _, bad := range []string{"", "6", "x.1", "6.256", "6.1.2.3"} {
		func() {
			defer func() {
				if got := recover(); got == nil && bad != "6" {
					t.Errorf("mustSeries(%q) did not panic", bad)
				} else if got != nil && !strings.Contains(fmt.Sprint(got), strconv.Quote(bad)) {
					t.Errorf("mustSeries(%q) panicked with %v", bad, got)
				}
			}()
			mustSeries(bad)
		}()
	}
}
