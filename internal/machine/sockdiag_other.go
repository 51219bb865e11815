//go:build !linux

package machine

import "errors"

// ReadDiag has nothing to ask where there is no Linux.
func ReadDiag() ([]DiagSocket, error) {
	return nil, errors.New("netlink exists on Linux only")
}
