package host

// second is the second of the jiffies counter, in which challenge ACKs are counted.
func (h *Host) second() uint32 { return h.clock.Jiffies32(h.now) / uint32(h.clock.HZ()) }

// challenged takes from the host's budget of challenge ACKs what a decision asked of it.
func (h *Host) challenged(d *Decision) {
	if d.ChallengeSpent {
		h.budget.Spend(&h.sem, h.second(), h.cfg.Rand)
	}
}
