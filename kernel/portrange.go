package kernel

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A PortRange is the value of net.ipv4.ip_local_port_range: the ports from which
// connect() and bind() to port 0 choose, both bounds included. The zero PortRange
// stands for what the kernel starts with.
type PortRange struct{ Low, High int }

// String is the two numbers with a tab between, as /proc/sys has them.
func (r PortRange) String() string { return fmt.Sprintf("%d\t%d", r.Low, r.High) }

// Size returns the number of ports: High - Low + 1.
func (r PortRange) Size() int { return r.High - r.Low + 1 }

// Contains reports whether a port lies in the range.
func (r PortRange) Contains(port int) bool { return port >= r.Low && port <= r.High }

// DefaultPortRange returns the ip_local_port_range that a kernel with these semantics
// starts with: 32768 to 61000, from 4.2 on 32768 to 60999. Memory has no part in it.
func DefaultPortRange(sem Semantics) PortRange { return PortRange{32768, int(sem.PortRangeHigh)} }

// LocalPorts returns the range in force: IPLocalPortRange, or the default of a kernel
// with these semantics if that is zero.
func (s *Sysctls) LocalPorts(sem *Semantics) PortRange {
	if s.IPLocalPortRange == (PortRange{}) {
		return DefaultPortRange(*sem)
	}
	return s.IPLocalPortRange
}

// check tells what a kernel would refuse.
func (r PortRange) check(sem Semantics, start int) error {
	const name = "net.ipv4.ip_local_port_range"
	text := fmt.Sprintf("kernel: %s = %d %d", name, r.Low, r.High)
	switch {
	case r == PortRange{}: // the default
		r = DefaultPortRange(sem)
		text = fmt.Sprintf("kernel: %s = %d %d, the default", name, r.Low, r.High)
	case r.Low < 1 || r.High < 1 || r.Low > math.MaxUint16 || r.High > math.MaxUint16:
		return fmt.Errorf("%s: a bound is 1 to 65535", text)
	case r.High < r.Low:
		return fmt.Errorf("%s: the upper bound is below the lower one", text)
	}
	if sem.UnprivilegedPortStart && r.Low < start {
		return fmt.Errorf("%s: this kernel takes no lower bound below net.ipv4.ip_unprivileged_port_start = %d", text, start)
	}
	return nil
}

func parsePortRange(text string) (PortRange, error) {
	words := strings.Fields(text)
	var n [2]int
	ok := len(words) == 2
	for i := 0; ok && i < 2; i++ {
		v, err := strconv.ParseInt(words[i], 10, 32)
		n[i], ok = int(v), err == nil
	}
	if !ok {
		return PortRange{}, fmt.Errorf("%q is not two numbers of 32 bits", shortened(text))
	}
	return PortRange{n[0], n[1]}, nil
}

// ParsePortList reads a list of ports as net.ipv4.ip_local_reserved_ports has it:
// "8080,9000-9010", ports and ranges with commas and no blanks between, in any order;
// "" has none. It returns the ranges in order, those that touch in one. A port is 0 to
// 65535. Anything else is an error that quotes it.
func ParsePortList(text string) ([]PortRange, error) {
	var list []PortRange
	if text == "" {
		return nil, nil
	}
	for item := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(item, "-")
		if !isRange {
			to = from
		}
		lo, err1 := strconv.ParseUint(from, 10, 16)
		hi, err2 := strconv.ParseUint(to, 10, 16)
		if err1 != nil || err2 != nil || hi < lo {
			return nil, fmt.Errorf("kernel: %q is not a port or a range of ports, 0 to 65535, in the list %q", item, shortened(text))
		}
		list = append(list, PortRange{int(lo), int(hi)})
	}
	slices.SortFunc(list, func(a, b PortRange) int { return a.Low - b.Low })
	merged := list[:1]
	for _, r := range list[1:] {
		last := &merged[len(merged)-1]
		if r.Low > last.High+1 {
			merged = append(merged, r)
			continue
		}
		last.High = max(last.High, r.High)
	}
	return merged, nil
}

// A textSysctl is a sysctl that is not one number.
type textSysctl struct {
	name string
	get  func(*Sysctls) string
	set  func(*Sysctls, string) error
}

// textSysctls are the last fields of Sysctls.
var textSysctls = []textSysctl{
	{
		name: "net.ipv4.ip_local_port_range",
		get:  func(s *Sysctls) string { return s.IPLocalPortRange.String() },
		set: func(s *Sysctls, text string) error {
			r, err := parsePortRange(text)
			if err == nil {
				s.IPLocalPortRange = r
			}
			return err
		},
	},
	{
		name: "net.ipv4.ip_local_reserved_ports",
		get:  func(s *Sysctls) string { return s.IPLocalReservedPorts },
		set: func(s *Sysctls, text string) error {
			if _, err := ParsePortList(text); err != nil {
				return fmt.Errorf("%q is not a list of ports", shortened(text))
			}
			s.IPLocalReservedPorts = text
			return nil
		},
	},
}

// validatePorts checks the fields of textSysctls.
func (s *Sysctls) validatePorts(sem Semantics) error {
	if err := s.IPLocalPortRange.check(sem, s.IPUnprivilegedPortStart); err != nil {
		return err
	}
	if s.IPLocalReservedPorts != "" && !sem.ReservedPorts {
		return fmt.Errorf("kernel: net.ipv4.ip_local_reserved_ports = %q: this kernel has no such sysctl, so it must stand as \"\"", shortened(s.IPLocalReservedPorts))
	}
	if _, err := ParsePortList(s.IPLocalReservedPorts); err != nil {
		return fmt.Errorf("kernel: net.ipv4.ip_local_reserved_ports: %w", err)
	}
	return nil
}
