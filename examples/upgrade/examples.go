package main

import (
	"fmt"
	"strings"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/timewait"
)

// A subject is one kernel with what the configuration makes of it.
type subject struct {
	*config
	sem kernel.Semantics
	sys kernel.Sysctls
}

func (c *config) subject(sem kernel.Semantics) *subject {
	return &subject{c, sem, c.sysctls(&sem)}
}

// An example is a situation, and what a kernel makes of it.
type example struct {
	title  string
	answer func(*subject) (string, error)
}

func (c *config) examples() []example {
	plain := func(answer func(*subject) string) func(*subject) (string, error) {
		return func(s *subject) (string, error) { return answer(s), nil }
	}
	return []example{
		{fmt.Sprintf("The accept queue after listen(%d)", c.backlog), plain((*subject).acceptQueue)},
		{fmt.Sprintf("%d SYNs at once that nobody answers, backlog %d", c.flood, c.backlog), (*subject).floodResult},
		{"A SYN while the accept queue is full", plain((*subject).acceptFullSYN)},
		{"The last ACK of a handshake while the accept queue is full", plain((*subject).acceptFullACK)},
		{"A SYN-ACK that nobody answers", plain((*subject).halfOpen)},
		{"connect() to an address that does not answer", (*subject).unanswered},
		{"connect() meets a CLOSE-WAIT that an old connection left on the server", (*subject).collision},
		{"TIME_WAIT", plain((*subject).timeWaitLifetime)},
		{"TIME_WAIT entries", plain((*subject).timeWaitRoom)},
		{"connect() again where this side closed first", plain((*subject).reuse)},
		{"A RST for a TIME_WAIT entry", plain((*subject).timeWaitRST)},
		{"FIN_WAIT2 without a process", plain((*subject).finWait2)},
		{"Ports for one destination", (*subject).portsFor},
		{"What connect() examines when 3 of 4 ports are in use", (*subject).candidates},
		{"A connection in CLOSE-WAIT gets a SYN with an arbitrary number", plain((*subject).synOutside)},
		{"A connection gets a RST in its window, not at the next number", plain((*subject).rstInWindow)},
		{"An established connection gets an ACK of what was not sent", plain((*subject).ackUnsent)},
		{"Challenge ACKs in a second", plain((*subject).challenges)},
		{"The first receive window over Ethernet", plain((*subject).window)},
	}
}

// queues are those of a new listener.
func (s *subject) queues() queue.Queues {
	limit := queue.AcceptLimit(&s.sem, s.backlog, int32(s.sys.Somaxconn))
	return queue.Queues{
		AcceptLimit: limit,
		SYNLimit:    queue.SYNQueueLimit(&s.sem, s.backlog, int32(s.sys.Somaxconn), int32(s.sys.TCPMaxSynBacklog)),
	}
}

// full are those of one whose accept queue is full.
func (s *subject) full() queue.Queues {
	q := s.queues()
	q.AcceptLen = q.AcceptLimit + 1
	return q
}

func (s *subject) acceptQueue() string {
	limit := s.queues().AcceptLimit
	clamped := queue.Clamp(s.backlog, int32(s.sys.Somaxconn))
	by := "the program's backlog"
	switch {
	case limit != clamped:
		by = fmt.Sprintf("the 16 bits that keep it, for %d", clamped)
	case clamped != uint32(s.backlog):
		by = fmt.Sprintf("net.core.somaxconn = %d", s.sys.Somaxconn)
	}
	return fmt.Sprintf("holds %d connections; its limit (Send-Q of ss -lt) is %d, from %s", uint64(limit)+1, limit, by)
}

func (s *subject) acceptFullSYN() string {
	return decided(queue.DecideSYN(&s.sem, &s.sys, s.full(), queue.SYN{Timestamp: true}))
}

func (s *subject) acceptFullACK() string {
	return decided(queue.ExplainFinalACK(&s.sem, &s.sys, s.full()).Verdict)
}

// decided is a verdict without the drop reason, which would make every discard another one.
func decided(v queue.Verdict) string {
	v.Drop = 0
	return v.String()
}

func (s *subject) halfOpen() string {
	resends, end := queue.SYNRecvLifetime(&s.sem, s.sys.TCPSynackRetries, s.sys.TCPRTOMaxMs)
	return fmt.Sprintf("is sent again after %s; the request ends after %s", instants(resends), seconds(end))
}

func (s *subject) unanswered() (string, error) {
	line, err := kernel.SYNTimer{
		Retries: s.sys.TCPSynRetries, Linear: s.sys.TCPSynLinearTimeouts,
		RTOMax: time.Duration(s.sys.TCPRTOMaxMs) * time.Millisecond,
	}.Timeline(&s.sem)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("SYNs at %s, ETIMEDOUT after %s (nominal)", instants(line.Sent), seconds(line.TimedOut)), nil
}

// lifetime is how long TIME_WAIT lasts.
func (s *subject) lifetime() portalloc.Span {
	lo, hi := timewait.Lifetime(&s.sem, s.hz, timewait.Length, false)
	return portalloc.Span{Min: lo, Max: hi}
}

func (s *subject) timeWaitLifetime() string { return "lasts " + span(s.lifetime()) }

func (s *subject) timeWaitRoom() string {
	return fmt.Sprintf("up to %d (net.ipv4.tcp_max_tw_buckets), of %d bytes each", max(s.sys.TCPMaxTWBuckets, 0), timewait.EntryBytes(&s.sem, false))
}

// mayReuse reports whether connect() takes an entry over that is old enough.
func (s *subject) mayReuse() bool {
	old := timewait.Reuse{State: timewait.TimeWait, SeenAt: 100, Now: 130, EntryMs: 100_000, NowMs: 130_000}
	return s.sys.TCPTimestamps != 0 && timewait.DecideReuse(&s.sem, &s.sys, old).Action == timewait.Take
}

func (s *subject) reuse() string {
	if !s.mayReuse() {
		return fmt.Sprintf("the port is free for that destination when TIME_WAIT ends, after %s (tcp_tw_reuse = %d)", span(s.lifetime()), s.sys.TCPTWReuse)
	}
	return fmt.Sprintf("the port is free for that destination after %s (tcp_tw_reuse = %d), if both sides use timestamps",
		span(portalloc.ReuseWait(&s.sem, time.Duration(s.sys.TCPTWReuseDelay)*time.Millisecond)), s.sys.TCPTWReuse)
}

func (s *subject) timeWaitRST() string {
	v := timewait.View{State: timewait.TimeWait, RcvNxt: 100, RFC1337: s.sys.TCPRFC1337 != 0}
	d := timewait.Decide(&s.sem, &v, &timewait.Segment{Flags: timewait.FlagRST, Seq: 100})
	d.Verdict.Drop = 0
	if d.Rearm {
		return d.Verdict.String() + "; its time begins anew"
	}
	return d.Verdict.String()
}

func (s *subject) finWait2() string {
	wait := timewait.FinTime(&s.sys, 0, 200*time.Millisecond)
	return fmt.Sprintf("waits for %s", seconds(timewait.PlanFinWait2(wait, 0, 200*time.Millisecond).Total()))
}

// pool is one source address and one destination, connect() picking the port.
func (s *subject) pool() portalloc.Pool {
	return portalloc.Pool{Picker: portalloc.ConnectPicks, Range: s.sys.LocalPorts(&s.sem), Sources: 1, Destinations: 1}
}

func (s *subject) portsFor() (string, error) {
	closing := portalloc.Closing{TimeWait: s.lifetime(), Open: portalloc.Exactly(100 * time.Millisecond), Reuse: s.mayReuse()}
	closing.ReuseWait = portalloc.ReuseWait(&s.sem, time.Duration(s.sys.TCPTWReuseDelay)*time.Millisecond)
	hold, err := closing.Hold(portalloc.ConnectPicks)
	if err != nil {
		return "", err
	}
	ports, _, err := portalloc.UsablePorts(&s.sem, s.pool())
	if err != nil {
		return "", err
	}
	rate, _, err := portalloc.SustainedRate(&s.sem, s.pool(), hold)
	return fmt.Sprintf("%d, for %.1f connections of 0.1 s a second for ever, this side closing first", ports, rate), err
}

func (s *subject) candidates() (string, error) {
	p := s.pool()
	n, err := portalloc.ExpectedCandidates(&s.sem, p, p.Range.Size()*3/4)
	return fmt.Sprintf("%.1f ports on average", n), err
}

// instants is "1 3 7 s".
func instants(list []time.Duration) string {
	var words []string
	for _, d := range list {
		words = append(words, strings.TrimSuffix(seconds(d), " s"))
	}
	if len(words) == 0 {
		return "never"
	}
	return strings.Join(words, " ") + " s"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Round(time.Millisecond).Seconds()) }

func span(s portalloc.Span) string {
	if s.Min == s.Max {
		return seconds(s.Max)
	}
	return strings.TrimSuffix(seconds(s.Min), " s") + " to " + seconds(s.Max)
}
