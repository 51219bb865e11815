package portalloc

import (
	"fmt"

	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// An Errno is the error that a system call fails with. The zero Errno is success.
type Errno uint8

const (
	EADDRINUSE    Errno = iota + 1 // bind() and listen(): the port conflicts, or no port is left
	EADDRNOTAVAIL                  // connect(): no port is left
	ENOMEM                         // connect(), from 4.6 on: no memory
)

var errnoNames = [...]string{0: "success", EADDRINUSE: "EADDRINUSE", EADDRNOTAVAIL: "EADDRNOTAVAIL", ENOMEM: "ENOMEM"}

// String is the name in errno.h, and "success".
func (e Errno) String() string {
	if e == 0 {
		return errnoNames[0]
	}
	return words.Name("Errno", errnoNames[:], uint8(e))
}

// A Result is what connect(), bind() or listen() came to.
type Result struct {
	// Errno is 0 for success.
	Errno Errno
	// Port is the local port; 0 after a failure, and after bind() to port 0 with
	// IP_BIND_ADDRESS_NO_PORT.
	Port uint16
	// Examined is how many candidates the kernel went through, reserved ports, which it
	// only skips, among them. 0 if the port was given.
	Examined int
	// TookOver says that connect() took a TIME_WAIT entry over.
	TookOver bool
	// Counters is what the call raised: TWRecycled or nothing.
	Counters kernel.CounterSet
}

// String is a sentence: "port 40002 at candidate 3".
func (r Result) String() string {
	var text string
	switch {
	case r.Errno != 0:
		text = r.Errno.String()
		if r.Examined > 0 {
			text += fmt.Sprintf(" after %d candidates", r.Examined)
		}
		return text
	case r.Port == 0:
		return "bound to the address only"
	case r.Examined > 0:
		text = fmt.Sprintf("port %d at candidate %d", r.Port, r.Examined)
	default:
		text = fmt.Sprintf("port %d, as given", r.Port)
	}
	if r.TookOver {
		text += ", taken over from TIME_WAIT"
	}
	if r.Counters.Len() > 0 {
		text += " (" + r.Counters.String() + ")"
	}
	return text
}
