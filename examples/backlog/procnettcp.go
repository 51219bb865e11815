package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
)

// States of a socket in /proc/net/tcp (include/net/tcp_states.h).
const (
	tcpSynRecv = 0x03
	tcpListen  = 0x0A
)

// A tcpRow is one row of /proc/net/tcp or tcp6, as far as a listener's queues
// show in it.
type tcpRow struct {
	local  netip.AddrPort
	remote netip.AddrPort
	state  uint8
	// rx is the receive queue in bytes; of a LISTEN row the length of the accept
	// queue.
	rx uint32
	// retransmits is the number of timeouts that a SYN_RECV row has seen.
	retransmits uint32
	inode       uint64
}

// parseProcNetTCP reads the text of /proc/net/tcp or tcp6. The kernel builds the
// text while sockets come and go, so a row that makes no sense is skipped; the
// first one is reported as an error beside the rows that were read.
func parseProcNetTCP(text []byte) (rows []tcpRow, err error) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		fields := bytes.Fields(line)
		if number == 1 || len(fields) == 0 {
			continue // the head of the table
		}
		row, rowErr := parseTCPRow(fields)
		if rowErr != nil {
			if err == nil {
				err = fmt.Errorf("line %d: %w", number, rowErr)
			}
			continue
		}
		rows = append(rows, row)
	}
	return rows, err
}

// parseTCPRow reads the fields of one row:
//
//	sl local remote st tx_queue:rx_queue tr:when retrnsmt uid timeout inode ...
func parseTCPRow(fields [][]byte) (tcpRow, error) {
	if len(fields) < 10 {
		return tcpRow{}, fmt.Errorf("%d columns, at least 10 expected", len(fields))
	}
	var row tcpRow
	var err error
	if row.local, err = parseHexAddrPort(fields[1]); err != nil {
		return tcpRow{}, err
	}
	if row.remote, err = parseHexAddrPort(fields[2]); err != nil {
		return tcpRow{}, err
	}
	state, err := strconv.ParseUint(string(fields[3]), 16, 8)
	if err != nil {
		return tcpRow{}, fmt.Errorf("state %q is not a hexadecimal byte", fields[3])
	}
	row.state = uint8(state)
	_, queue, ok := bytes.Cut(fields[4], []byte(":"))
	rx, err := strconv.ParseUint(string(queue), 16, 32)
	if !ok || err != nil {
		return tcpRow{}, fmt.Errorf("queues %q are not two hexadecimal numbers", fields[4])
	}
	row.rx = uint32(rx)
	retransmits, err := strconv.ParseUint(string(fields[6]), 16, 32)
	if err != nil {
		return tcpRow{}, fmt.Errorf("retrnsmt %q is not a hexadecimal number", fields[6])
	}
	row.retransmits = uint32(retransmits)
	if row.inode, err = strconv.ParseUint(string(fields[9]), 10, 64); err != nil {
		return tcpRow{}, fmt.Errorf("inode %q is not a number", fields[9])
	}
	return row, nil
}

// parseHexAddrPort reads 0100007F:1F90. The address is printed as 32-bit words in
// the machine's own byte order, each holding network-order bytes; the port is a
// plain number.
func parseHexAddrPort(text []byte) (netip.AddrPort, error) {
	host, port, ok := bytes.Cut(text, []byte(":"))
	bad := fmt.Errorf("address %q is not hexadecimal ADDRESS:PORT", text)
	raw := make([]byte, hex.DecodedLen(len(host)))
	if _, err := hex.Decode(raw, host); err != nil || !ok {
		return netip.AddrPort{}, bad
	}
	if len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, bad
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	n, err := strconv.ParseUint(string(port), 16, 16)
	if err != nil {
		return netip.AddrPort{}, bad
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(n)), nil
}
