package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// Every mistake in the flags names the flag, the value and the rule, prints nothing else and ends with status 2.
func TestFlagErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{args("-rate 0"), `invalid value "0" for flag -rate: connections per second are needed, above 0 and up to 1000000`},
		{args("-rate NaN"), `invalid value "NaN" for flag -rate`},
		{args("-side left"), `invalid value "left" for flag -side: server or client is needed`},
		{args("-close me"), `server or client is needed`},
		{args("-backlog -1"), "a whole number from 0 to 2147483647 is needed"},
		{args("-runs 0"), "from 1 to 10000"},
		{args("-service 5"), `a duration from 0s to 24h0m0s is needed, with its unit: "250ms", "30s"`},
		{args("-rtt 100ms"), "a duration from 0s to 99ms is needed"},
		{args("-for 0s"), "a duration from 1ms"},
		{args("-lose 1"), `a share from 0 to below 1 is needed, or a percentage: "0.001", "0.1%"`},
		{args("-lose 100%"), "a share from 0 to below 1"},
		{args("-lose x%"), "a share from 0 to below 1"},
		{args("-stall 10s"), "-stall 10s: stalls every 10s (-every) have to be shorter than that"},
		{args("-patience 20ms"), "-patience 20ms: nobody connects within a round trip of 20ms (-rtt)"},
		{args("-rate 1000000 -for 24h"), "a run takes 1000000000 connections at most"},
		{args("-arrivals weekly"), `-arrivals "weekly": poisson, constant, bursts=1s, onoff=2s/8s, ramp=100 or file=NAME is needed`},
		{args("-arrivals poisson=3"), "poisson, constant"},
		{args("-arrivals bursts"), "the time between two bursts is needed"},
		{args("-arrivals bursts=1ms -rate 100"), "in which -rate brings a connection at least"},
		{args("-arrivals onoff=2s"), "how long they come and how long they do not are needed: onoff=2s/8s"},
		{args("-arrivals ramp=-1"), "the rate at the beginning is needed"},
		{args("-arrivals file=absent"), "-arrivals file=absent: file does not exist"},
		{args("-arrivals file=bad"), `-arrivals file=bad: sim: line 1: "tomorrow" is no time`},
		{args("-arrivals file=trace -for 1s"), "-arrivals file=trace: nobody comes within the 1s of -for"},
		{args("-release 7.2 -rate 0.001 -runs 2"), "-for 1m0s: nobody comes within that time in any of 2 runs"},
		{args("-release linux"), `-release: kernel: release "linux": a release begins with a version`},
		{args("-release 9.9"), "newer than 7.2"},
		{args("-users 9.9"), "-users: "},
		{args("-release 5.10.223 -somaxconn -1"), "-somaxconn -1: Linux 5.10.223 takes 0 to 2147483647"},
		{args("-release 5.10.223 -side client -tcp_tw_reuse_delay 5"), "-tcp_tw_reuse_delay 5: Linux 5.10.223 has no net.ipv4.tcp_tw_reuse_delay"},
		{args("-sysctl absent"), `-sysctl "absent": file does not exist`},
		{args("-sysctl bad2"), `-sysctl "bad2": file does not exist`},
		{args("-hz 7"), `invalid value "7" for flag -hz: kernels are built with 100, 250, 300 or 1000`},
		{args("-open 1s"), "-open: -side server does not look at it"},
		{args("-confirm"), "-confirm: -side server does not look at it"},
		{args("-tcp_tw_reuse 1"), "-tcp_tw_reuse: -side server does not look at it"},
		{args("-side client -backlog 5"), "-backlog: -side client does not look at it"},
		{args("-side client -somaxconn 5"), "-somaxconn: -side client does not look at it"},
		{args("-side client -destinations 0"), "from 1 to 1048576"},
		{args("-side client -open 0s"), "a duration from 1µs to 8760h0m0s is needed"},
		{args("-side client -range 1024 65535"), `argument "65535": only flags are taken; the two numbers of -range go in one pair of quotes`},
		{[]string{"-side", "client", "-range", "5000 4999"}, `-range "5000 4999": kernel: net.ipv4.ip_local_port_range = 5000 4999`},
		{args("-side client -range 1024"), `-range "1024": `},
		{args("-side client -rate 100000 -confirm -open 1m"), "-confirm: 18407200 connections in 3m4.072s are too many to run, 3000000 are the most"},
		{args("-nonsense"), "flag provided but not defined: -nonsense"},
	} {
		c := goldenCase{proc: nothing, args: test.args}
		status, stdout, stderr := c.run()
		if status != 2 || stdout != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("plan %q: status %d, %q on stdout, %q on stderr; want status 2 and %q", test.args, status, stdout, stderr, test.want)
		}
	}
}

// The largest and smallest values of the flags are answered, not refused.
func TestLimitsOfFlags(t *testing.T) {
	for _, a := range [][]string{
		args("-release 7.2 -rate 1000000 -for 2ms -every 1ms -stall 0s -runs 1"),
		args("-release 7.2 -rate 1 -for 10s -runs 2"),
		args("-release 7.2 -rate 10 -for 1s -backlog 2147483647 -runs 2 -workers 1048576 -service 24h"),
		args("-release 7.2 -rate 10 -for 1s -backlog 0 -somaxconn 0 -runs 2 -accept 24h"),
		args("-release 2.6.32 -rate 10 -for 1s -somaxconn -1 -runs 2"),
		args("-release 7.2 -rate 100 -for 2s -every 1001ms -stall 1s -runs 2 -across -curve"),
		args("-release 7.2 -side client -rate 1000000 -open 8760h -destinations 1048576 -sources 1048576"),
		args("-release 7.2 -side client -rate 0.000001 -open 1us -close server"),
		args("-release 6.1.0-18-amd64 -side client -bind -rate 5"),
		append(args("-release 7.2 -side client -rate 1 -range"), "65535 65535"),
		args("-release 7.2 -sysctl - -rate 10 -for 1s -runs 1"),
	} {
		c := goldenCase{proc: nothing, args: a}
		if status, _, stderr := c.run(); status != 0 {
			t.Errorf("plan %q: status %d, %s", a, status, stderr)
		}
	}
}

// What cannot be read of a machine is said and replaced, and never an error.
func TestBadProc(t *testing.T) {
	c := goldenCase{proc: nothing, args: args("-rate 10 -for 1s -runs 1")}
	if _, out, _ := c.run(); !strings.Contains(out, "Could not be read") || !strings.Contains(out, "give -release") {
		t.Error(out)
	}
	c.proc = old
	if _, out, _ := c.run("-release", "5.10.223"); strings.Contains(out, "/proc/sys") || strings.Contains(out, "tcp_tw_recycle") {
		t.Error("-release looks at this machine's sysctls:", out)
	}
}

// Progress is told to who looks at stderr, and taken away at the end.
func TestProgress(t *testing.T) {
	c := goldenCase{proc: nothing, args: args("-release 6.12.117 -rate 50 -for 2s -every 1s -runs 2")}
	_, quiet, _ := c.run()
	var out, errs bytes.Buffer
	env := c.env(&out, &errs)
	env.watched = true
	if status := run(c.args, env); status != 0 || out.String() != quiet {
		t.Errorf("status %d; progress changes the answer", status)
	}
	text := errs.String()
	if !strings.Contains(text, "plan: 0 runs done; Linux 6.12.117, backlog 4096: ") || !strings.HasSuffix(text, " \r") || strings.Contains(text, "\n") {
		t.Errorf("%q", text)
	}
	if lines := strings.Split(text, "\r"); strings.TrimSpace(lines[len(lines)-2]) != "" {
		t.Errorf("%q stays", lines[len(lines)-2])
	}
	errs.Reset()
	(&progress{out: &errs}).run("x", 0, 1)
	(&progress{out: &errs}).clear()
	if errs.Len() > 0 {
		t.Errorf("%q without a terminal", errs.String())
	}
}

func TestWriteErrors(t *testing.T) {
	for _, more := range []string{"", "-json"} {
		c := goldenCase{proc: nothing, args: args("-release 6.12.117 -rate 50 -for 1s -runs 1 " + more)}
		var errs bytes.Buffer
		env := c.env(broken{}, &errs)
		if status := run(c.args, env); status != 1 || !strings.Contains(errs.String(), "plan: short write") {
			t.Errorf("status %d, %s", status, errs.String())
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
