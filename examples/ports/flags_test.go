package main

import (
	"bytes"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// Every mistake in the flags names the flag, the value and the rule, prints nothing else
// and ends with status 2.
func TestFlagErrors(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{args("-rate 0"), `invalid value "0" for flag -rate: connections per second are needed, above 0 and up to 1000000000`},
		{args("-rate NaN"), `invalid value "NaN" for flag -rate`},
		{args("-rate 1e10"), "up to 1000000000"},
		{args("-destinations 0"), `invalid value "0" for flag -destinations: a whole number from 1 to 1048576 is needed`},
		{args("-sources 1048577"), "from 1 to 1048576"},
		{args("-open 5"), `invalid value "5" for flag -open: a duration from 1us to 8760h is needed, with its unit`},
		{args("-open 0s"), "from 1us to 8760h"},
		{args("-open -1s"), "from 1us to 8760h"},
		{args("-open 8761h"), "from 1us to 8760h"},
		{args("-bind=x"), `invalid boolean value "x" for -bind: -bind, -bind=address or -bind=wildcard is needed`},
		{args("-bind wildcard"), `argument "wildcard": only flags are taken`},
		{args("-range 1024 65535"), `argument "65535": only flags are taken; the two numbers of -range go in one pair of quotes`},
		{args("-range 1024"), `-range "1024": two ports are needed, as in -range "32768 60999"`},
		{[]string{"-range", "1024 65536"}, `-range "1024 65536": "65536": a port is 1 to 65535`},
		{[]string{"-range", "0 0"}, `-range "0 0": "0": a port is 1 to 65535`},
		{[]string{"-range", "5000 4999"}, `-range "5000 4999": kernel: net.ipv4.ip_local_port_range = 5000 4999: the upper bound is below the lower one`},
		{[]string{"-release", "4.19", "-range", "1023 4999"}, "this kernel takes no lower bound below net.ipv4.ip_unprivileged_port_start = 1024"},
		{args("-release 6.1.192 -reserved 1,x"), `-reserved "1,x": kernel: net.ipv4.ip_local_reserved_ports: kernel: "x" is not a port or a range of ports`},
		{args("-release 2.6.32 -reserved 1"), `-reserved "1": kernel: net.ipv4.ip_local_reserved_ports = "1": this kernel has no such sysctl`},
		{args("-reuse 3"), `invalid value "3" for flag -reuse: a whole number from 0 to 2 is needed`},
		{args("-buckets -1"), "from 0 to 2147483647"},
		{args("-hz 7"), `invalid value "7" for flag -hz: kernels are built with 100, 250, 300 or 1000`},
		{args("-csv"), "-csv: give -curve too"},
		{args("-csv -curve -json"), "-csv and -json: choose one"},
		{args("-nonsense"), "flag provided but not defined: -nonsense"},
		{args("-release linux"), `-release: kernel: release "linux": a release begins with a version`},
		{args("-release 9.9"), "newer than 7.2"},
	}
	for _, test := range tests {
		c := goldenCase{proc: nothing, args: test.args}
		status, stdout, stderr := c.run()
		if status != 2 || stdout != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("ports %q: status %d, %q on stdout, %q on stderr; want status 2 and %q", test.args, status, stdout, stderr, test.want)
		}
	}
}

// The largest and smallest values of the flags are answered, not refused.
func TestLimitsOfFlags(t *testing.T) {
	for _, a := range [][]string{
		args("-release 7.2 -rate 1000000000 -destinations 1048576 -sources 1048576 -open 8760h"),
		args("-release 7.2 -rate 0.000000001 -open 1us"),
		args("-release 5.10.223 -rate 1000000000 -reuse 1 -open 1us"),
		args("-release 7.2 -rate 1 -reserved 0-65535 -buckets 0 -curve -race"),
		append(args("-release 4.4 -rate 1 -curve -range"), "1 65535"),
		append(args("-release 7.2 -rate 1 -curve -range"), "65535 65535"),
		append(args("-release 7.2 -rate 1 -curve -csv -range"), "65534 65535"),
	} {
		c := goldenCase{proc: nothing, args: a}
		if status, _, stderr := c.run(); status != 0 {
			t.Errorf("ports %q: status %d, %s", a, status, stderr)
		}
	}
}

// What cannot be read of a machine is said and replaced, and never an error.
func TestBadProc(t *testing.T) {
	for name, test := range map[string]struct {
		proc fs.FS
		want string
	}{
		"not gzip":   {withFile(machine("6.18.44"), "config.gz", "a text that is not compressed"), "CONFIG_HZ: /proc/config.gz: gzip: invalid header: 250 is assumed"},
		"no HZ":      {withConfig(machine("6.18.44"), "CONFIG_X=y\n"), "no CONFIG_HZ in it"},
		"HZ 12":      {withConfig(machine("6.18.44"), "CONFIG_HZ=12\n"), "CONFIG_HZ: /proc/config.gz: CONFIG_HZ is 12, and kernels are built with 100, 250, 300 or 1000: 250 is assumed"},
		"bad sysctl": {machine("6.18.44", "tcp_tw_reuse=many"), "the defaults of 6.18.44 are taken"},
		"bad range":  {machine("6.18.44", "ip_local_port_range=60000\t50000"), "ip_local_port_range: 60000 to 50000 is no range: the default of 6.18.44 is taken"},
	} {
		var out, errs bytes.Buffer
		status := run(nil, environment{proc: test.proc, stdout: &out, stderr: &errs})
		if flat := strings.Join(strings.Fields(out.String()), " "); status != 0 || !strings.Contains(flat, test.want) {
			t.Errorf("%s: status %d, %s\n%s\nwant %q", name, status, errs.String(), out.String(), test.want)
		}
	}
}

func withFile(proc fstest.MapFS, name, text string) fstest.MapFS {
	proc[name] = &fstest.MapFile{Data: []byte(text)}
	return proc
}

// A range may begin where the machine says, not where the kernel begins by itself.
func TestRangeAboveThePrivilegedPorts(t *testing.T) {
	c := goldenCase{args: []string{"-range", "100 2000"}, proc: func() fs.FS { return machine("6.18.44", "ip_unprivileged_port_start=80") }}
	if status, _, stderr := c.run(); status != 0 {
		t.Error(status, stderr)
	}
	c.args = []string{"-range", "79 2000"}
	if status, _, stderr := c.run(); status != 2 || !strings.Contains(stderr, "ip_unprivileged_port_start = 80") {
		t.Error(status, stderr)
	}
}

// The wheel of kernels to 4.0 stalls from 100 entries in 7.5 s on.
func TestBusyWheel(t *testing.T) {
	for rate, want := range map[string]float64{"13.3": 60.334375, "13.4": 113.039453125} {
		c := goldenCase{name: rate, proc: nothing, args: args("-release 3.10.108 -rate " + rate)}
		if got, _ := strconv.ParseFloat(rate, 64); c.report(t).AtRate.InUse != int(math.Ceil(got*want)) {
			t.Errorf("%s/s: %d ports in use, want those of %v s", rate, c.report(t).AtRate.InUse, want)
		}
	}
}

func TestRates(t *testing.T) {
	for x, want := range map[float64][2]string{454.94: {"454", "455"}, 0.03218: {"0.032", "0.032"}, 1.819: {"1.81", "1.82"}, 282320: {"282320", "282320"}, 0: {"0", "0"}} {
		if got := [2]string{rateFloor(x), rateText(x)}; got != want {
			t.Errorf("%v: %q, want %q", x, got, want)
		}
	}
}
