package raised

import (
	"net/netip"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// full is a listener with backlog 4 of which some queue is full.
func full(sem *kernel.Semantics, accept, syn bool) queue.Queues {
	q := queue.Queues{AcceptLimit: 4, SYNLimit: queue.SYNQueueLimit(sem, 4, 4096, 4096), Requests: 2, Young: 2}
	if accept {
		q.AcceptLen = 5
	}
	if syn {
		q.Requests = uint32(queue.SYNQueueCapacity(sem, q.SYNLimit))
	}
	return q
}

// syn is what a SYN raises under sysctls.
func syn(sys kernel.Sysctls, accept, half bool, s queue.SYN) func(*kernel.Semantics) kernel.CounterSet {
	sys.TCPTimestamps, s.Timestamp = 1, true
	if sys.TCPMaxSynBacklog == 0 {
		sys.TCPMaxSynBacklog = 4096
	}
	return func(sem *kernel.Semantics) kernel.CounterSet {
		return queue.DecideSYN(sem, &sys, full(sem, accept, half), s).Counters
	}
}

const (
	decideSYN   = "queue.DecideSYN"
	connRequest = "tcp_conn_request, to 3.16 tcp_v4_conn_request"
	decideACK   = "queue.DecideFinalACK"
	synRecvSock = "tcp_v4_syn_recv_sock"
	checkReq    = "tcp_check_req"
	cookieCheck = "cookie_v4_check"
)

var listenerScenes = []Scene{
	{"a SYN meets a full accept queue", decideSYN, connRequest, syn(kernel.Sysctls{TCPSyncookies: 1}, true, false, queue.SYN{})},
	{"a final ACK meets a full accept queue", decideACK, synRecvSock, func(sem *kernel.Semantics) kernel.CounterSet {
		return queue.DecideFinalACK(sem, &kernel.Sysctls{}, full(sem, true, false)).Counters
	}},
	{"a final ACK meets a full accept queue under tcp_abort_on_overflow", decideACK, checkReq, func(sem *kernel.Semantics) kernel.CounterSet {
		return queue.DecideFinalACK(sem, &kernel.Sysctls{TCPAbortOnOverflow: 1}, full(sem, true, false)).Counters
	}},
	{"a SYN meets a full SYN queue while tcp_syncookies is 0", decideSYN, connRequest, syn(kernel.Sysctls{}, false, true, queue.SYN{})},
	{"a SYN meets a full SYN queue and is answered with a cookie", decideSYN, connRequest, syn(kernel.Sysctls{TCPSyncookies: 1}, false, true, queue.SYN{})},
	{"a SYN meets a full SYN queue and a full accept queue", decideSYN, connRequest, syn(kernel.Sysctls{TCPSyncookies: 1}, true, true, queue.SYN{})},
	{"any SYN is answered while tcp_syncookies is 2", decideSYN, connRequest, syn(kernel.Sysctls{TCPSyncookies: 2}, false, false, queue.SYN{})},
	{"a SYN falls in the last quarter of tcp_max_syn_backlog while tcp_syncookies is 0", decideSYN, connRequest,
		syn(kernel.Sysctls{TCPMaxSynBacklog: -1}, false, false, queue.SYN{})},
	{"tcp_tw_recycle turns a SYN away by its timestamp", decideSYN, connRequest, func(sem *kernel.Semantics) kernel.CounterSet {
		if sem.Recycle == kernel.RecycleGone {
			return kernel.CounterSet{}
		}
		return syn(kernel.Sysctls{TCPSyncookies: 1, TCPTwRecycle: 1}, false, false, queue.SYN{Peer: queue.Peer{Judged: true, Rejected: true}})(sem)
	}},
	{"an ACK brings a good cookie", "queue.DecideCookieACK", cookieCheck, func(sem *kernel.Semantics) kernel.CounterSet {
		return queue.DecideCookieACK(sem, full(sem, false, false)).Counters
	}},
	{"an ACK brings a good cookie and meets a full accept queue", "queue.DecideCookieACK", cookieCheck, func(sem *kernel.Semantics) kernel.CounterSet {
		return queue.DecideCookieACK(sem, full(sem, true, false)).Counters
	}},
	{"an ACK brings a bad cookie, some having been sent within two minutes", "queue.CookieExpected", cookieCheck, func(sem *kernel.Semantics) kernel.CounterSet {
		return strayACK(sem, true)
	}},
	{"an ACK that belongs to nothing meets a listener that sent no cookie lately", "queue.CookieExpected", cookieCheck, func(sem *kernel.Semantics) kernel.CounterSet {
		return strayACK(sem, false)
	}},
	{"the timer of a SYN-ACK fires and it is sent again", "queue.SYNACKTimeout", "reqsk_timer_handler, to 4.0 inet_csk_reqsk_queue_prune", firstTimeout},
	{"a half-open request is reset by its client", "queue.Listener.Receive", checkReq, request(queue.Segment{Flags: queue.FlagRST, Seq: 8}, 0)},
	{"a client repeats its SYN within tcp_invalid_ratelimit", "queue.Listener.Receive", checkReq, func(sem *kernel.Semantics) (c kernel.CounterSet) {
		l, err := half(sem, 0)
		for range 2 {
			var out queue.Outcome
			if err == nil {
				out, err = l.Receive(hour, queue.Segment{From: client, To: here, Flags: queue.FlagSYN, Seq: 7, Timestamp: true, TSVal: 50})
			}
			c = out.Counters
		}
		return c
	}},
	{"TCP_DEFER_ACCEPT holds a bare ACK back", "queue.Listener.Receive", checkReq, request(queue.Segment{Flags: queue.FlagACK, Seq: 8, Timestamp: true, TSVal: 51}, 5)},
	{"a final ACK echoes a timestamp that was never sent", "queue.Listener.Receive", checkReq, func(sem *kernel.Semantics) kernel.CounterSet {
		if !sem.RequestTSEcrCheck {
			return kernel.CounterSet{} // nobody looks
		}
		return request(queue.Segment{Flags: queue.FlagACK, Seq: 8, Timestamp: true, TSVal: 51, TSEcr: 1}, 0)(sem)
	}},
}

var (
	here   = netip.MustParseAddrPort("10.0.0.1:80")
	client = netip.MustParseAddrPort("10.0.0.9:1024")
)

// listener is one with a backlog of 1, an hour after boot, where no rule about the first
// minutes is met.
func listener(sem *kernel.Semantics, cookies, deferred int) (*queue.Listener, error) {
	sys := sysctls(sem, 100)
	sys.TCPSyncookies = cookies
	l, err := queue.NewListener(queue.Config{Semantics: *sem, Sysctls: sys, DeferAccept: deferred})
	if err != nil {
		return nil, err
	}
	return l, l.Listen(hour, 1)
}

// strayACK is what an ACK without a connection raises, with cookies sent before it or not.
func strayACK(sem *kernel.Semantics, sent bool) kernel.CounterSet {
	l, err := listener(sem, 1, 0)
	if err != nil {
		return kernel.CounterSet{}
	}
	for i := range uint16(64) { // more than the smallest SYN queue of any release
		if !sent {
			break
		}
		_, _ = l.Receive(hour, queue.Segment{From: netip.AddrPortFrom(client.Addr(), 2000+i), To: here, Flags: queue.FlagSYN})
	}
	out, err := l.Receive(hour, queue.Segment{From: client, To: here, Flags: queue.FlagACK, Seq: 7, Ack: 7})
	if err != nil {
		return kernel.CounterSet{}
	}
	return out.Counters
}

// half is a listener with one request.
func half(sem *kernel.Semantics, deferred int) (*queue.Listener, error) {
	l, err := listener(sem, 0, deferred)
	if err == nil {
		_, err = l.Receive(hour, queue.Segment{From: client, To: here, Flags: queue.FlagSYN, Seq: 7, Timestamp: true, TSVal: 50})
	}
	return l, err
}

// request is what a segment raises at a half-open request. An ACK acknowledges the SYN-ACK.
func request(s queue.Segment, deferred int) func(*kernel.Semantics) kernel.CounterSet {
	return func(sem *kernel.Semantics) (c kernel.CounterSet) {
		l, err := listener(sem, 0, deferred)
		if err != nil {
			return c
		}
		syn, err := l.Receive(hour, queue.Segment{From: client, To: here, Flags: queue.FlagSYN, Seq: 7, Timestamp: true, TSVal: 50})
		if err != nil {
			return c
		}
		s := s
		s.From, s.To = client, here
		if s.Flags&queue.FlagACK != 0 {
			s.Ack = syn.Reply.Seq + 1
		}
		if s.Timestamp && s.TSEcr == 0 {
			s.TSEcr = syn.Reply.TSVal
		}
		out, _ := l.Receive(hour, s)
		return out.Counters
	}
}

func firstTimeout(sem *kernel.Semantics) (c kernel.CounterSet) {
	l, err := half(sem, 0)
	for err == nil {
		due, ok := l.Next()
		if !ok {
			break
		}
		var events []queue.Event
		if events, err = l.Advance(due); len(events) > 0 {
			return events[0].Counters
		}
	}
	return c
}
