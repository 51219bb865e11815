package lab

import (
	"fmt"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/sockdiag"
)

// A Diag is one row of a sock_diag dump: what ss shows.
type Diag = sockdiag.Row

// Diags dumps the TCP sockets of this namespace whose local port is port.
func (l *Lab) Diags(port int) ([]Diag, error) {
	c, err := sockdiag.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	family := uint8(unix.AF_INET)
	if l.V6 {
		family = unix.AF_INET6
	}
	all, err := c.Dump(family, sockdiag.AllStates, sockdiag.Info|sockdiag.SkMemInfo)
	var rows []Diag
	for _, d := range all {
		if int(d.SPort) == port {
			rows = append(rows, d)
		}
	}
	return rows, err
}

// Diag returns the listener's own row.
func (s *Listener) Diag() (Diag, error) {
	rows, err := s.l.Diags(s.Port)
	for _, d := range rows {
		if d.State == 10 {
			return d, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("sock_diag: port %d is not listening", s.Port)
	}
	return Diag{}, err
}

// Drops is the listener's sk_drops, -1 if unknown.
func (s *Listener) Drops() int {
	d, err := s.Diag()
	if err != nil {
		return -1
	}
	return d.Drops()
}
