package main

import (
	"fmt"
	"strings"
)

// A mutant is an operation of which gremlins changes the operator. It goes by what it says, not by its line, so that
// a list of mutants holds as long as the code says it.
type mutant struct {
	file      string // "queue/syn.go"
	function  string // "Listener.Receive"; "-" outside of functions
	kind      string // "CONDITIONALS_BOUNDARY"
	operation string // "n < 0"
}

func (m mutant) String() string {
	return strings.Join([]string{m.file, m.function, m.kind, m.operation}, " ")
}

// An equivalents is a list of mutants that do what the code does, and how often each is still expected.
type equivalents struct {
	order  []mutant
	counts map[mutant]int
}

// parseEquivalent reads a list: a line for each mutant, as String has it, and below it, indented, the reason. "#"
// begins a comment. The same mutant twice is two of them in one function.
func parseEquivalent(text string) (*equivalents, error) {
	e := &equivalents{counts: map[mutant]int{}}
	reason := true
	for i, line := range strings.Split(text, "\n") {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "" || trimmed[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if len(e.order) == 0 {
				return nil, fmt.Errorf("line %d: a reason for nothing", i+1)
			}
			reason = true
		default:
			parts := strings.SplitN(trimmed, " ", 4)
			if len(parts) < 4 {
				return nil, fmt.Errorf("line %d: %q is not file, function, kind and operation", i+1, trimmed)
			}
			if !reason {
				return nil, fmt.Errorf("line %d: the mutant before has no reason", i+1)
			}
			m := mutant{parts[0], parts[1], parts[2], parts[3]}
			if e.counts[m] == 0 {
				e.order = append(e.order, m)
			}
			e.counts[m]++
			reason = false
		}
	}
	if !reason {
		return nil, fmt.Errorf("the last mutant has no reason")
	}
	return e, nil
}

// take reports whether a mutant is on the list, and takes it off.
func (e *equivalents) take(m mutant) bool {
	if e.counts[m] == 0 {
		return false
	}
	e.counts[m]--
	return true
}

// left are the mutants of these files that are still on the list.
func (e *equivalents) left(files map[string]bool) (left []mutant) {
	for _, m := range e.order {
		for range e.counts[m] {
			if files[m.file] {
				left = append(left, m)
			}
		}
	}
	return left
}
