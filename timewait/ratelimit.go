package timewait

// AnswerLimited reports whether the answer to a segment is held back because the
// entry answered another one less than limit jiffies ago (tcp_oow_rate_limited, from
// 4.0). last is the low half of the jiffies counter at that answer, 0 if there was
// none; a counter that reads 0 at an answer counts as none, as in the kernel. limit is
// net.ipv4.tcp_invalid_ratelimit in jiffies, and 0 limits nothing.
//
// Segments with data or FIN and without SYN are not held back and do not count as
// answered: see [AnswerExempt].
//
// Evidence: observed to the jiffy on 5.10.223, 6.1.192 and 7.2.13.
func AnswerLimited(last, now, limit uint32) bool {
	if last == 0 {
		return false
	}
	elapsed := int32(now - last)
	return elapsed >= 0 && int64(elapsed) < int64(limit)
}

// AnswerExempt reports whether a segment is always answered: it takes sequence space
// and is no SYN. So a peer that sends its FIN again gets an ACK each time.
//
// Evidence: observed on 5.10.223, 6.1.192, 7.2.13.
func AnswerExempt(s *Segment) bool { return s.end() != s.Seq && s.Flags&FlagSYN == 0 }
