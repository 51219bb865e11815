package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"example.com/linuxtcp/internal/golden"
)

// Every mistake in the flags names the flag, the value and the rule, prints nothing
// else and ends with status 2.
func TestFlagErrors(t *testing.T) {
	tests := []struct{ args, want string }{
		{"-backlog x", `invalid value "x" for flag -backlog: a whole number from -2147483648 to 2147483647 is needed`},
		{"-backlog 2147483648", "from -2147483648 to 2147483647"},
		{"-port 0", `invalid value "0" for flag -port: a whole number from 1 to 65535 is needed`},
		{"-port 65536", "from 1 to 65535"},
		{"-flood 0", "from 1 to 1000000"},
		{"-flood 1000001", "from 1 to 1000000"},
		{"-memory 0", "from 1 to 67108864"},
		{"-accept -1", "from 0 to 1000000"},
		{"-hz 7", `invalid value "7" for flag -hz: kernels are built with 100, 250, 300 or 1000`},
		{"-nonsense", "flag provided but not defined: -nonsense"},
		{"8080", `argument "8080": only flags are taken, a port is given as -port N`},
		{"-young 1", "-young 1: give -synrecv too"},
		{"-release linux", `-release: kernel: release "linux": a release begins with a version`},
		{"-release 2.4.20", `-release: kernel: release "2.4.20"`},
		{"-release 9.9", "newer than 7.2"},
		{"-release 4.0 -somaxconn 65536", "-somaxconn 65536: Linux 4.0 takes 0 to 65535"},
		{"-release 6.18.44 -tcp_syncookies 256", "-tcp_syncookies 256: Linux 6.18.44 takes 0 to 255"},
		{"-release 6.18.44 -tcp_tw_recycle 1", "-tcp_tw_recycle 1: Linux 6.18.44 has no net.ipv4.tcp_tw_recycle"},
		{"-release 3.10 -tcp_migrate_req 0", "-tcp_migrate_req 0: Linux 3.10 has no net.ipv4.tcp_migrate_req"},
		{"-somaxconn 2147483648", "from -2147483648 to 2147483647"},
		{"-release 6.18.44 -accept 130", "-accept 130: an accept queue with limit 128 holds at most 129 connections"},
		{"-release 3.10 -backlog 65535 -somaxconn 65535 -accept 65536", "-accept 65536: Linux 3.10 counts the queue in 16 bits"},
		{"-release 6.18.44 -synrecv 130", "-synrecv 130: this listener's SYN queue holds at most 129 requests on Linux 6.18.44"},
		{"-release 5.10.223 -synrecv 129", "holds at most 128 requests"},
		{"-release 6.18.44 -synrecv 5 -young 6", "-young 6: they are some of the half-open requests, of which there are 5"},
		{"-sysctl /nowhere", `-sysctl "/nowhere": file does not exist`},
	}
	for _, test := range tests {
		c := testCase{args: strings.Fields(test.args), proc: golden.DenyFS{MapFS: fstest.MapFS{}}}
		status, stdout, stderr := c.run()
		if status != 2 || stdout != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("backlog %s: status %d, %q on stdout, %q on stderr; want status 2 and %q", test.args, status, stdout, stderr, test.want)
		}
	}
}

func TestSysctlFileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"net.core.somaxconn = many\n":  `-sysctl "-": kernel: line 1: net.core.somaxconn: "many" is not a number of 32 bits`,
		"kernel.osrelease = nothing\n": `its kernel.osrelease: kernel: release "nothing"`,
	} {
		c := testCase{args: []string{"-sysctl", "-"}, stdin: text, proc: golden.DenyFS{MapFS: fstest.MapFS{}}}
		if status, _, stderr := c.run(); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%q: status %d, %q; want %q", text, status, stderr, want)
		}
	}
}

// The largest values of the flags are answered, not refused.
func TestLimitsOfFlags(t *testing.T) {
	for _, args := range []string{
		"-release 6.18.44 -backlog 2147483647 -somaxconn 2147483647",
		"-release 6.18.44 -backlog -1 -somaxconn 2147483647 -accept 1000000",
		"-release 3.10 -backlog -2147483648 -somaxconn -1",
		"-release 2.6.32 -backlog 65535 -somaxconn 65535 -accept 65535",
		"-release 6.18.44 -accept 129",
		"-release 5.10.223 -synrecv 128 -young 0",
		"-release 5.10.223 -tcp_max_syn_backlog -2147483648 -tcp_syncookies 0 -flood 3",
		"-across -flood 3 -release 7.2 -backlog 2147483647 -somaxconn 2147483647 -tcp_max_syn_backlog 2147483647",
	} {
		c := testCase{args: strings.Fields(args + " -memory 512"), proc: golden.DenyFS{MapFS: fstest.MapFS{}}}
		if status, _, stderr := c.run(); status != 0 {
			t.Errorf("backlog %s: status %d, %s", args, status, stderr)
		}
	}
}
