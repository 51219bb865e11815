//go:build !linux

package main

import "errors"

// readDiag has nothing to ask where there is no Linux.
func readDiag() ([]diagSocket, error) {
	return nil, errors.New("netlink exists on Linux only")
}
