package machine

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"

	"example.com/linuxtcp/internal/words"
)

// A State is the state of a socket, by the number that /proc/net/tcp prints
// (include/net/tcp_states.h).
type State uint8

const (
	Established State = iota + 1 // TCP_ESTABLISHED
	SynSent                      // TCP_SYN_SENT
	SynRecv                      // TCP_SYN_RECV, or a half-open request (TCP_NEW_SYN_RECV)
	FinWait1                     // TCP_FIN_WAIT1
	FinWait2                     // TCP_FIN_WAIT2
	TimeWait                     // TCP_TIME_WAIT
	Close                        // TCP_CLOSE
	CloseWait                    // TCP_CLOSE_WAIT
	LastAck                      // TCP_LAST_ACK
	Listen                       // TCP_LISTEN
	Closing                      // TCP_CLOSING
)

var stateNames = []string{"", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
	"CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING"}

// String is the name that ss prints: "ESTAB".
func (s State) String() string { return words.Name("State", stateNames, uint8(s)) }

// timerTimeWait is the timer of an entry of TIME-WAIT, in FIN-WAIT-2 or past it.
const timerTimeWait = 3

// A Row is one row of /proc/net/tcp or tcp6, as far as the commands look at it.
type Row struct {
	Local  netip.AddrPort
	Remote netip.AddrPort
	State  State
	// Rx is the receive queue in bytes; of a LISTEN row the length of the accept
	// queue.
	Rx uint32
	// Timer is which timer is armed; see Entry.
	Timer uint8
	// Retransmits is the number of timeouts that a SYN_RECV row has seen.
	Retransmits uint32
	// Inode is the socket's file, 0 if no process holds it: nobody accepted it yet, or
	// everybody closed it.
	Inode uint64
}

// Entry reports whether the row is no socket but an entry of TIME-WAIT, or of FIN-WAIT-2
// without a process: what net.ipv4.tcp_max_tw_buckets counts.
func (r *Row) Entry() bool {
	return r.State == TimeWait || r.State == FinWait2 && r.Inode == 0 && r.Timer == timerTimeWait
}

// ParseTable reads the text of /proc/net/tcp or tcp6. The kernel builds the
// text while sockets come and go, so a row that makes no sense is skipped; the
// first one is reported as an error beside the rows that were read.
func ParseTable(text []byte) (rows []Row, err error) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		fields := bytes.Fields(line)
		if number == 1 || len(fields) == 0 {
			continue // the head of the table
		}
		row, rowErr := parseRow(fields)
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

// parseRow reads the fields of one row:
//
//	sl local remote st tx_queue:rx_queue tr:when retrnsmt uid timeout inode ...
func parseRow(fields [][]byte) (Row, error) {
	if len(fields) < 10 {
		return Row{}, fmt.Errorf("%d columns, at least 10 expected", len(fields))
	}
	var row Row
	var err error
	if row.Local, err = parseHexAddrPort(fields[1]); err != nil {
		return Row{}, err
	}
	if row.Remote, err = parseHexAddrPort(fields[2]); err != nil {
		return Row{}, err
	}
	state, err := strconv.ParseUint(string(fields[3]), 16, 8)
	if err != nil {
		return Row{}, fmt.Errorf("state %q is not a hexadecimal byte", fields[3])
	}
	row.State = State(state)
	_, queue, ok := bytes.Cut(fields[4], []byte(":"))
	rx, err := strconv.ParseUint(string(queue), 16, 32)
	if !ok || err != nil {
		return Row{}, fmt.Errorf("queues %q are not two hexadecimal numbers", fields[4])
	}
	row.Rx = uint32(rx)
	kind, _, ok := bytes.Cut(fields[5], []byte(":"))
	timer, err := strconv.ParseUint(string(kind), 16, 8)
	if !ok || err != nil {
		return Row{}, fmt.Errorf("timer %q is not two hexadecimal numbers", fields[5])
	}
	row.Timer = uint8(timer)
	retransmits, err := strconv.ParseUint(string(fields[6]), 16, 32)
	if err != nil {
		return Row{}, fmt.Errorf("retrnsmt %q is not a hexadecimal number", fields[6])
	}
	row.Retransmits = uint32(retransmits)
	if row.Inode, err = strconv.ParseUint(string(fields[9]), 10, 64); err != nil {
		return Row{}, fmt.Errorf("inode %q is not a number", fields[9])
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
