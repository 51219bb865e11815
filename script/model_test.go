package script

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// needsHost skips a test as long as package host is but its types.
func needsHost(t *testing.T) {
	t.Helper()
	_, err := host.New(host.Config{Semantics: kernel.MustParse("6.18.44").Semantics()})
	if err != nil && err.Error() == "host: not built yet" {
		t.Skip(err)
	}
}

func modelRun(t *testing.T, text string, k Kernel) Trace {
	t.Helper()
	needsHost(t)
	cfg, err := ModelOf(k)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModel(cfg)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := Run(mustParse(t, text), m)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

func TestModelTakesItsTime(t *testing.T) {
	trace := modelRun(t, "socket s\nwait 3s\nclose s\n", Kernel{Name: "6.1.192"})
	var at []time.Duration
	for _, r := range trace {
		at = append(at, r.At, r.End)
	}
	const s, ms = time.Second, time.Millisecond
	want := []time.Duration{100 * s, 100*s + 60*ms, 100*s + 60*ms, 103*s + 60*ms, 103*s + 60*ms, 103*s + 120*ms}
	if d := cmp.Diff(want, at); d != "" {
		t.Error(d)
	}
	k := Kernel{Name: "6.1.192", At: []time.Duration{5 * s, 6 * s, 10 * s}, End: []time.Duration{5*s + ms, 9 * s, 11 * s}}
	for i, r := range modelRun(t, "socket s\nwait 3s\nclose s\n", k) {
		if r.At != k.At[i] || r.End != k.End[i] {
			t.Errorf("step %d from %s to %s, want %s to %s", i, r.At, r.End, k.At[i], k.End[i])
		}
	}
}

// A step that is left out has its times all the same, so that those after it keep theirs.
func TestModelAfterAStepLeftOut(t *testing.T) {
	const s = time.Second
	k := Kernel{Name: "6.1.192", At: []time.Duration{1 * s, 2 * s, 3 * s, 4 * s}, End: []time.Duration{2 * s, 3 * s, 3 * s, 5 * s}}
	trace := modelRun(t, "socket s\nclose s\nclose s\nwait 1s\n", k)
	if r := trace[3]; r.At != 4*s || r.End != 5*s {
		t.Errorf("from %s to %s", r.At, r.End)
	}
}

// A sysctl of the machine cannot be written in the namespace of a recording, in any other script it can.
func TestModelSysctlsOfTheMachine(t *testing.T) {
	const text = "sysctl net.ipv4.tcp_syncookies 0\nsysctl net.core.somaxconn 5\n"
	at := []time.Duration{time.Second, 2 * time.Second}
	for name, refused := range map[string]bool{"4.5.7": true, "4.6": false} {
		for _, k := range []Kernel{{Name: name}, {Name: name, Partly: true, At: at, End: at}, {Name: name, At: at, End: at}} {
			want := [][]string{{}, {}}
			if refused && len(k.At) > 0 && !k.Partly {
				want[0] = []string{"= EINVAL"}
			}
			if d := cmp.Diff(want, texts(modelRun(t, text, k))); d != "" {
				t.Errorf("%+v: %s", k, d)
			}
		}
	}
}

func TestModelSysctls(t *testing.T) {
	got := texts(modelRun(t, `
sysctl net.ipv4.tcp_tw_recycle 1
sysctl net.ipv4.tcp_syncookies 256
sysctl net.ipv4.tcp_syncookies 2
sysctl net/ipv4/ip_local_port_range 40000 40001
sysctl net.ipv4.ip_local_port_range 5 3
sysctl net.ipv4.tcp_syncookies many
`, Kernel{Name: "6.1.192"}))
	want := [][]string{{"= EINVAL"}, {"= EINVAL"}, {}, {}, {"= EINVAL"}, {"= EINVAL"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestModelOfUnknownKernels(t *testing.T) {
	for _, name := range []string{"", "1.0", "9.9", "linux"} {
		if _, err := ModelOf(Kernel{Name: name}); err == nil {
			t.Errorf("%q has a model", name)
		}
	}
}

// What a model does with a script is what a replay of it finds, recorded ports among it.
func TestReplayOfAModelsOwnTrace(t *testing.T) {
	needsHost(t)
	scripts := mustParse(t, `
socket s
bind s :80
listen s 1
p1 > SYN seq 0 mss 1460
p1 > ACK seq 1 ack 1
wait 3s
accept a s
accept b s
close b
socket c
connect c 10.1.0.2:80
wait 10s
`)
	for _, name := range []string{"2.6.32", "3.10.108", "6.18.44"} {
		k := Kernel{Name: name, HZ: 1000}
		cfg, err := ModelOf(k)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Key = 7
		m, err := NewModel(cfg)
		if err != nil {
			t.Fatal(err)
		}
		trace, err := Run(scripts, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := ReplayTrace(scripts, k, trace); err != nil {
			t.Error(err)
		}
		trace[3].Answers = nil
		if err := ReplayTrace(scripts, k, trace); err == nil {
			t.Errorf("%s: another trace replays too", name)
		}
	}
}

func TestModelCountsByStep(t *testing.T) {
	got := texts(modelRun(t, "p1 > SYN seq 0\np1 > RST seq 0\np1 > SYN seq 0\n", Kernel{Name: "6.1.192"}))
	refused := []string{"p1 < RST|ACK seq =0 ack 1", "nstat OutRsts 1"}
	if d := cmp.Diff([][]string{refused, {}, refused}, got); d != "" {
		t.Error(d)
	}
}

// A sysctl that is written leaves those that were written before.
func TestModelKeepsSysctls(t *testing.T) {
	needsHost(t)
	cfg, err := ModelOf(Kernel{Name: "6.1.192"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModel(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(mustParse(t, "sysctl net.ipv4.tcp_syncookies 0\nsysctl net.ipv4.tcp_rfc1337 1\n"), m); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"net.ipv4.tcp_syncookies": 0, "net.ipv4.tcp_rfc1337": 1} {
		if got, err := m.sysctls.Get(name); err != nil || got != want {
			t.Errorf("%s = %d, %v", name, got, err)
		}
	}
}

// A replay finds what happened though the recorded times are a jiffy off, to either side, and not though they are
// further off: a wait that ends beside the timer's bucket.
func TestReplayShiftsByAJiffy(t *testing.T) {
	needsHost(t)
	s := mustParse(t, "socket s\nbind s :80\nlisten s 5\np1 > SYN seq 0\nwait 956ms\n")
	const jiffy = 4 * time.Millisecond
	differ := 0
	for phase := range 16 {
		k := Kernel{Name: "6.1.192", HZ: 250}
		at := 50*time.Second + time.Duration(phase)*jiffy + time.Millisecond
		for i := range s.Steps {
			length := DefaultSettle
			if s.Steps[i].Op == OpWait {
				length = s.Steps[i].Wait
			}
			k.At = append(k.At, at)
			at += length
			k.End = append(k.End, at)
		}
		trace := modelRun(t, s.String(), k)
		for _, off := range []time.Duration{-2, -1, 0, 1, 2} {
			moved := make(Trace, len(trace))
			for i, r := range trace {
				r.At, r.End = r.At+off*jiffy, r.End+off*jiffy
				moved[i] = r
			}
			err := ReplayTrace(s, k, moved)
			switch {
			case err == nil:
			case off.Abs() <= 1:
				t.Errorf("phase %d, %d jiffies off: %v", phase, off, err)
			default:
				differ++
			}
		}
	}
	if differ == 0 {
		t.Error("two jiffies off, and nothing differs: the test tests nothing")
	}
}
