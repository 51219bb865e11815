package asked

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A mistake in the flags is told with where they are explained; also where another error wraps it.
func TestFailed(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		want   string
	}{
		{Mistakef("-port %d: is none", 0), 2, "x: -port 0: is none\nx -h explains the flags, with examples.\n"},
		{fmt.Errorf("load: %w", Mistake{errors.New("no file")}), 2, "x: load: no file\nx -h explains the flags, with examples.\n"},
		{errors.New("no memory"), 1, "x: no memory\n"},
	} {
		var b strings.Builder
		if status := Failed(&b, "x", test.err); status != test.status || b.String() != test.want {
			t.Errorf("%v: %d %q, want %d %q", test.err, status, b.String(), test.status, test.want)
		}
	}
}
