// Package guestinit does what the first process of a virtual machine has to
// do before experiments can run, and after.
package guestinit

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Start mounts /proc, /sys and /dev, loads the modules named in /modules,
// one path a line, and returns the name=value words of the kernel command
// line.
func Start() map[string]string {
	for _, m := range []struct{ dir, typ string }{{"/proc", "proc"}, {"/sys", "sysfs"}, {"/dev", "devtmpfs"}} {
		os.Mkdir(m.dir, 0o755)
		if err := unix.Mount(m.typ, m.dir, m.typ, 0, ""); err != nil {
			fmt.Println("mount", m.dir, err)
		}
	}
	os.Mkdir("/dev/net", 0o755)
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		unix.Mknod("/dev/net/tun", unix.S_IFCHR|0o600, int(unix.Mkdev(10, 200)))
	}
	list, _ := os.ReadFile("/modules")
	for path := range strings.FieldsSeq(string(list)) {
		b, err := os.ReadFile(path)
		if err == nil {
			err = unix.InitModule(b, "")
		}
		if err != nil {
			fmt.Println("module", path, err)
		}
	}
	args := map[string]string{}
	cmdline, _ := os.ReadFile("/proc/cmdline")
	for w := range strings.FieldsSeq(string(cmdline)) {
		if k, v, ok := strings.Cut(w, "="); ok {
			args[k] = v
		}
	}
	return args
}

// PowerOff ends the machine.
func PowerOff() {
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}
