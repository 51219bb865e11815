package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/machine"
)

// ssFile stands beside the files of a copied tree: what netlink would tell of the listeners,
// as `ss -ltne` prints it.
const ssFile = "ss"

// readSS reads the listeners of ssFile in place of netlink.
func readSS(tree fs.FS) ([]machine.DiagSocket, error) {
	text, err := fs.ReadFile(tree, ssFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the copied tree lacks the file ss, the output of ss -ltne")
	}
	if err != nil {
		return nil, asked.PlainError(err)
	}
	return parseSS(string(text))
}

// parseSS reads lines like these, passing over those that do not begin with LISTEN:
//
//	LISTEN 0 128 0.0.0.0:22  0.0.0.0:* ino:1067 sk:1 <->
//	LISTEN 3 511       *:80        *:* uid:33 ino:2001 sk:2 v6only:0 <->
func parseSS(text string) (found []machine.DiagSocket, err error) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "LISTEN" {
			continue
		}
		s, err := parseSSLine(fields)
		if err != nil {
			return nil, fmt.Errorf("file %s, line %d: %w", ssFile, number, err)
		}
		found = append(found, s)
	}
	return found, nil
}

func parseSSLine(fields []string) (s machine.DiagSocket, err error) {
	if len(fields) < 5 {
		return s, fmt.Errorf("%d columns, at least 5 expected", len(fields))
	}
	length, err1 := strconv.ParseUint(fields[1], 10, 32)
	limit, err2 := strconv.ParseUint(fields[2], 10, 32)
	if err1 != nil || err2 != nil {
		return s, fmt.Errorf("queues %q and %q are not two numbers", fields[1], fields[2])
	}
	s.AcceptLen, s.AcceptLimit = uint32(length), uint32(limit)
	colon := strings.LastIndexByte(fields[3], ':')
	if colon < 0 {
		return s, fmt.Errorf("address %q is not ADDRESS:PORT", fields[3])
	}
	host, _, _ := strings.Cut(strings.Trim(fields[3][:colon], "[]"), "%") // ss appends %DEVICE
	if host == "*" {
		host = "::"
	}
	addr, err1 := netip.ParseAddr(host)
	port, err2 := strconv.ParseUint(fields[3][colon+1:], 10, 16)
	if err1 != nil || err2 != nil {
		return s, fmt.Errorf("address %q is not ADDRESS:PORT in numbers (ss -n)", fields[3])
	}
	s.Local = netip.AddrPortFrom(addr, uint16(port))
	for _, f := range fields[5:] {
		if text, ok := strings.CutPrefix(f, "ino:"); ok {
			if s.Inode, err = strconv.ParseUint(text, 10, 64); err != nil {
				return s, fmt.Errorf("%q is not the number of an inode", f)
			}
		}
		s.V6Only = s.V6Only || f == "v6only:1"
	}
	if s.Inode == 0 {
		return s, errors.New("no ino: give ss the flag -e")
	}
	return s, nil
}
