package queue

import (
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// A cookie stamp is the listener's memory of having sent cookies: jiffies of the
// last one, or a little before, 0 if it never sent any. Kernels keep it in
// rx_opt.ts_recent_stamp of the listening socket.

// How long after the stamp an ACK may carry a cookie.
const (
	cookieGateShort = 3 * time.Second
	cookieGateLong  = 120 * time.Second
)

// CookieExpected reports whether a listener looks at the number of an ACK that
// belongs to no request to see whether it is a cookie: whether it sent one lately
// (tcp_synq_no_recent_overflow). If it does not look, the ACK gets a RST; to 3.18
// that counts SyncookiesFailed, later nothing.
//
// stamp is the listener's stamp in jiffies, 0 if it never sent a cookie; see
// [CookieStamp]. The window is 3 s to 4.1, 120 s since. Kernels 4.19.0 to 4.19.90
// and 4.20 to 5.4.4 compare in signed 32-bit jiffies, in which an unset stamp
// looks recent during the first 420 s after boot and about half of the time later;
// from 5.4.5 and 5.5 on it looks recent only from 299 s to 420 s of uptime.
//
// This is the 64-bit kernel's arithmetic; a 32-bit kernel also wraps where a 64-bit
// one does not. Evidence: observed on 4.4.155, 4.9.154, 4.19.78 (60 s after boot),
// 5.10.223, 6.18.44; the edges from source.
func CookieExpected(sem *kernel.Semantics, clock kernel.Clock, now time.Duration, stamp uint64) bool {
	sem = given.Kernel(sem)
	hz := uint64(clock.HZ())
	jiffies := clock.Jiffies(now)
	switch sem.CookieGate {
	case kernel.CookieGate3s:
		return jiffies <= stamp+seconds(cookieGateShort)*hz
	case kernel.CookieGate120s:
		return jiffies <= stamp+seconds(cookieGateLong)*hz
	case kernel.CookieGateWraps:
		return int32(uint32(stamp)+uint32(seconds(cookieGateLong)*hz)-uint32(jiffies)) >= 0
	}
	low := uint32(stamp) - uint32(hz)
	return uint32(jiffies)-low <= uint32((seconds(cookieGateLong)+1)*hz)
}

// CookieStamp returns the listener's stamp after it sent a cookie at now
// (tcp_synq_overflow). From 4.2 on the stamp moves at most once a second; the
// kernels whose comparison wraps do not move an unset stamp in the first 301 s
// after boot. Evidence: from source.
func CookieStamp(sem *kernel.Semantics, clock kernel.Clock, now time.Duration, stamp uint64) uint64 {
	sem = given.Kernel(sem)
	hz := uint64(clock.HZ())
	jiffies := clock.Jiffies(now)
	var move bool
	switch sem.CookieGate {
	case kernel.CookieGate3s:
		move = true
	case kernel.CookieGate120s:
		move = jiffies > stamp+hz
	case kernel.CookieGateWraps:
		move = int32(uint32(stamp)+uint32(hz)-uint32(jiffies)) < 0
	default:
		move = uint32(jiffies)-uint32(stamp) > uint32(hz)
	}
	switch {
	case !move:
		return stamp
	case sem.CookieGate == kernel.CookieGate3s || sem.CookieGate == kernel.CookieGate120s:
		return jiffies
	}
	return uint64(uint32(jiffies)) // the field is 32 bits wide
}

func seconds(d time.Duration) uint64 { return uint64(d / time.Second) }

// CookieMinute returns the count of minutes that goes into a cookie made at now:
// jiffies / 60 s. Its minutes begin where the jiffies counter says, not at boot.
func CookieMinute(clock kernel.Clock, now time.Duration) uint32 {
	return uint32(clock.Jiffies(now) / (60 * uint64(clock.HZ())))
}

// CookieFresh reports whether a cookie made in one minute count is still good in
// another: for the count it was made in and the next (four counts to 3.12), so for
// 60 to 120 s. Evidence: from source (8c27bd75f04f).
func CookieFresh(sem *kernel.Semantics, made, now uint32) bool {
	sem = given.Kernel(sem)
	return (now-made)&0xff < uint32(sem.CookieMinutes)
}

var (
	cookieMSSOldest = [...]uint16{64, 256, 512, 536, 1024, 1440, 1460, 4312}
	cookieMSSOld4   = [...]uint16{64, 512, 536, 1024, 1440, 1460, 4312, 8960}
	cookieMSSOld6   = [...]uint16{64, 512, 536, 1220, 1420, 1440, 4400, 8940}
	cookieMSS4      = [...]uint16{536, 1300, 1440, 1460}
	cookieMSS6      = [...]uint16{1220, 1420, 1440, 8940}
)

func cookieMSSTable(sem *kernel.Semantics, ipv6 bool) []uint16 {
	switch {
	case sem.CookieMSS == kernel.CookieMSS64To4312:
		return cookieMSSOldest[:]
	case sem.CookieMSS == kernel.CookieMSS64To8960 && ipv6:
		return cookieMSSOld6[:]
	case sem.CookieMSS == kernel.CookieMSS64To8960:
		return cookieMSSOld4[:]
	case ipv6:
		return cookieMSS6[:]
	}
	return cookieMSS4[:]
}

// CookieMSS returns the MSS that a connection gets which a cookie brought in, for a
// client that offered mss in its SYN: the largest entry of the release's table
// that is not above it, or the smallest entry. A SYN without the option offers 536
// (IPv6 1220).
//
// IPv4: 536, 1300, 1440, 1460 from 3.13 on (and RHEL 7); before, eight values from
// 64 up to 8960 (2.6.36) or 4312. Evidence: from source.
func CookieMSS(sem *kernel.Semantics, ipv6 bool, mss uint16) uint16 {
	sem = given.Kernel(sem)
	table := cookieMSSTable(sem, ipv6)
	return table[cookieMSSIndex(table, mss)]
}

func cookieMSSIndex(table []uint16, mss uint16) int {
	i := len(table) - 1
	for i > 0 && mss < table[i] {
		i--
	}
	return i
}

// makeCookie builds the sequence number of a cookie SYN-ACK: two keyed hashes, the
// client's number, the minute count in the top byte and the MSS index in the rest.
// The kernel's hashes are secret; the caller's stand in for them, in the same
// places, so that every number has the kernel's chance to be a good cookie.
func makeCookie(fixed, minuted, peerSeq, minute uint32, mssIndex int) uint32 {
	return fixed + peerSeq + minute<<24 + (minuted+uint32(mssIndex))&0xffffff
}

// readCookie returns the MSS index of a cookie, and whether it is fresh. The index
// is any 24-bit number if the cookie is none of ours, or ours for another sequence
// number of the client.
func readCookie(sem *kernel.Semantics, fixed uint32, minuted func(minute uint32) uint32, cookie, peerSeq, minute uint32) (mssIndex uint32, fresh bool) {
	cookie -= fixed + peerSeq
	age := (minute - cookie>>24) & 0xff
	if age >= uint32(sem.CookieMinutes) {
		return 0, false
	}
	return (cookie - minuted(minute-age)) & 0xffffff, true
}
