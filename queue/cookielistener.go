package queue

import "example.com/linuxtcp/kernel"

// cookieReply is the SYN-ACK that carries a cookie; it leaves the listener's stamp
// as its only trace.
func (l *Listener) cookieReply(s *Segment, key *requestKey) Reply {
	l.stamp = CookieStamp(&l.sem, l.clock, l.now, l.stamp)
	table := cookieMSSTable(&l.sem, s.ipv6())
	fixed, minuted := l.cookieHashes(key)
	reply := Reply{
		Flags: FlagSYN | FlagACK, Ack: s.Seq + 1,
		Seq: makeCookie(fixed, minuted(CookieMinute(l.clock, l.now)), s.Seq, CookieMinute(l.clock, l.now), cookieMSSIndex(table, offeredMSS(s))),
	}
	if s.Timestamp && l.cfg.Sysctls.TCPTimestamps != 0 {
		reply.Timestamp = true
		o := CookieOptions{SACK: s.SACK && l.cfg.Sysctls.TCPSack != 0, ECN: s.ECN}
		if l.cfg.Sysctls.TCPWindowScaling != 0 {
			o.WindowScale = s.WindowScale
		}
		reply.WindowScale, reply.SACK = o.WindowScale != 0, o.SACK
		reply.TSVal = CookieTimestamp(&l.sem, l.tsClock(l.now), o)
	}
	return reply
}

// cookieHashes are the two secrets in a cookie: one for the connection alone, one
// for the connection and the minute.
func (l *Listener) cookieHashes(key *requestKey) (fixed uint32, minuted func(uint32) uint32) {
	h := l.requests.hash(key)
	return uint32(mix(l.cfg.Key ^ uint64(h) ^ 0xc0<<56)), func(minute uint32) uint32 {
		return uint32(mix(l.cfg.Key ^ uint64(h) ^ uint64(minute)<<32 ^ 0xc1<<56))
	}
}

// decideCookie is cookie_v4_check (cookie_v6_check) for an ACK of no request:
// whether a cookie is expected, whether this is one, and whether the accept queue
// has room.
func (l *Listener) decideCookie(s *Segment, t *trail, d *decision) {
	expected := CookieExpected(&l.sem, l.clock, l.now, l.stamp)
	if t != nil {
		t.cookieExpected(expected)
	}
	if !expected {
		v := l.bare(s, CookieNotExpected)
		if !l.sem.FailedCookiesOnly {
			v.Counters = kernel.CountersOf(kernel.SyncookiesFailed, kernel.OutRsts)
		}
		d.verdict = v
		return
	}
	var key requestKey
	key.set(s)
	fixed, minuted := l.cookieHashes(&key)
	table := cookieMSSTable(&l.sem, s.ipv6())
	index, fresh := readCookie(&l.sem, fixed, minuted, s.Ack-1, s.Seq-1, CookieMinute(l.clock, l.now))
	good := fresh && index < uint32(len(table))
	if t != nil {
		t.cookie(good, fresh)
	}
	if !good {
		v := l.bare(s, CookieBad)
		v.Counters = kernel.CountersOf(kernel.SyncookiesFailed, kernel.OutRsts)
		d.verdict = v
		return
	}
	if s.Timestamp && l.cfg.Sysctls.TCPTimestamps != 0 {
		if _, ok := CookieOptionsFrom(&l.sem, &l.cfg.Sysctls, s.TSEcr); !ok {
			v := l.bare(s, CookieOptionsInvalid)
			v.Counters = kernel.CountersOf(kernel.SyncookiesRecv, kernel.OutRsts)
			d.verdict = v
			return
		}
	}
	d.verdict, d.cookieMSS = decideCookieACK(&l.sem, l.Queues(), t), table[index]
}
