package script

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/linuxtcp/kernel"
)

// A Limit says that the model is known not to do what kernels do with a script. Their answers stand in the
// script nevertheless: they are what the kernels did. A limit that no longer holds is a fault of the script.
type Limit struct {
	// Kernels are those that the model differs from; empty: all.
	Kernels []string
	// Reason says what the kernels do and the model does not.
	Reason string
}

// String is the line of the limit: "limit 5.10.223: the FIN is sent again at once".
func (l Limit) String() string {
	return "limit " + strings.Join(l.Kernels, " ") + ": " + l.Reason
}

// Limit returns why the model is known to differ from a kernel in this script, and false if it is to
// agree.
func (s *Script) Limit(kernel string) (reason string, ok bool) {
	i := slices.IndexFunc(s.Limits, func(l Limit) bool {
		return len(l.Kernels) == 0 || slices.Contains(l.Kernels, kernel)
	})
	if i < 0 {
		return "", false
	}
	return s.Limits[i].Reason, true
}

func (l *Limit) check() error {
	if l.Reason == "" {
		return errors.New("a limit without a reason")
	}
	for i, name := range l.Kernels {
		if _, err := kernel.Parse(name); err != nil {
			return fmt.Errorf("limit: %w", err)
		}
		if slices.Contains(l.Kernels[:i], name) {
			return fmt.Errorf("limit: kernel %s stands twice", name)
		}
	}
	return nil
}

// limit reads a line that begins with limit.
func (p *parser) limit(words []string) error {
	if !p.atTop() {
		return errors.New("limit stands before the first step")
	}
	names, reason, ok := strings.Cut(strings.Join(words[1:], " "), ":")
	l := Limit{Kernels: strings.Fields(names), Reason: strings.TrimSpace(reason)}
	if !ok || l.Reason == "" {
		return errors.New("a limit is written as: limit KERNEL...: REASON")
	}
	p.toTop()
	p.s.Limits = append(p.s.Limits, l)
	return nil
}
