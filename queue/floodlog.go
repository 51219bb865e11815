package queue

import "example.com/linuxtcp/kernel"

// logInterval is for how many seconds kernels before 2.6.36 are silent after a message.
const logInterval = 60

// floodLogs reports whether a SYN that found the SYN queue full (or met
// tcp_syncookies=2) makes the kernel log "possible SYN flooding on port N". logged
// says that the socket's one message was used up.
//
// To 2.6.35 the message stands for a cookie and comes once in 60 s; in 2.6.36 to
// 3.0 for a drop too, under the kernel's general rate limit; from 3.1 on it comes
// once in the life of a listening socket, and from 3.12 on not with
// tcp_syncookies=2 (tcp_syn_flood_action).
func floodLogs(sem *kernel.Semantics, cookies int, cookie, logged bool) bool {
	switch sem.FloodLog {
	case kernel.FloodLogMinute:
		return cookie && !logged
	case kernel.FloodLogRateLimited:
		return true
	case kernel.FloodLogOnce:
		return !logged
	case kernel.FloodLogOnceUnlessAlways:
		return !logged && cookies != 2
	}
	return false
}
