package queue

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// Clamp returns the backlog that listen(2) goes on with: backlog, or somaxconn if
// that is smaller. Both are C ints compared as unsigned numbers (__sys_listen), so
// listen(-1) means somaxconn, and a negative somaxconn, which kernels before
// [kernel.Semantics].SomaxconnMax take, hardly clamps at all.
//
// Every release. The sysctl net.core.somaxconn of the socket's network namespace
// is read once, at listen(): changing it moves no socket that listens already.
//
// Evidence: observed on 3.10.108 to 7.2.13 (listen(-1)); the negative sysctl from
// source.
func Clamp(backlog, somaxconn int32) uint32 {
	return min(uint32(backlog), uint32(somaxconn))
}

// AcceptLimit returns the limit of the accept queue after listen(backlog):
// sk_max_ack_backlog, which `ss -lt` shows as Send-Q. The queue itself holds one
// more, see [AcceptQueueFull].
//
// It is [Clamp], stored in 16 bits before 4.1 (becb74f0acca): there listen(65536)
// under a somaxconn as large means 0, and 70000 means 4464.
//
// Evidence: the clamp observed on all kernels asked, the 16 bits from source.
func AcceptLimit(sem *kernel.Semantics, backlog, somaxconn int32) uint32 {
	sem = given.Kernel(sem)
	b := Clamp(backlog, somaxconn)
	if sem.BacklogBits == 16 {
		b &= 0xffff
	}
	return b
}

// AcceptQueueFull reports whether a listener's accept queue is full: length >
// limit (sk_acceptq_is_full). It is > in every release, so a listener holds
// limit+1 connections, and one even after listen(0). The >= that old articles
// quote lived between two commits of the 2.6.21 cycle and never in a release.
//
// length is sk_ack_backlog, what `ss -lt` shows as Recv-Q: finished handshakes
// that nobody accepted yet. A caller waiting in accept() does not change it. Both
// numbers have 16 bits before 4.1; a listener with limit 65535 is never full
// there, because length wraps to 0 first.
//
// Evidence: observed on 3.10.108, 4.4.155, 4.9.154, 4.19.78, 5.10.223, 6.1.192,
// 6.12.107, 6.18.44 and 7.2.13: backlog 5 establishes 6.
func AcceptQueueFull(length, limit uint32) bool { return length > limit }

// FullForSYN reports whether a full accept queue drops a SYN. From 4.10 on (and
// 4.9.166, 4.4.178, 3.16.81) it always does (5ea8ea2cb7f1); before, only while
// more than one request is young, that is, has never had its SYN-ACK sent again.
// So an old kernel admits two more clients into SYN-RECV, and one more each time a
// young request's timer fires.
//
// It applies to SYNs that get a cookie and to SYNs that reopen a TIME_WAIT
// connection as well (tcp_conn_request, tcp_v4_conn_request before 3.17).
//
// Evidence: observed; see the row accept-full-alone of [kernel.Changes].
func FullForSYN(sem *kernel.Semantics, length, limit, young uint32) bool {
	sem = given.Kernel(sem)
	return AcceptQueueFull(length, limit) && (!sem.AcceptFullNeedsYoung || young > 1)
}
