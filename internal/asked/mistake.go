package asked

import (
	"errors"
	"fmt"
	"io"
)

// A Mistake is one in the command line: exit status 2.
type Mistake struct{ Err error }

// Error is what was wrong.
func (m Mistake) Error() string { return m.Err.Error() }

// Mistakef is a Mistake that says so.
func Mistakef(format string, args ...any) error { return Mistake{fmt.Errorf(format, args...)} }

// Failed tells why a command failed, and where the flags are explained if they are the reason. It returns the exit
// status.
func Failed(w io.Writer, command string, err error) int {
	fmt.Fprintf(w, "%s: %v\n", command, err)
	if errors.As(err, new(Mistake)) {
		fmt.Fprintf(w, "%s -h explains the flags, with examples.\n", command)
		return 2
	}
	return 1
}
