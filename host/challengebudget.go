package host

import (
	"math"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// ChallengeLimit returns between how many challenge ACKs and how many a host sends in a
// second (tcp_send_challenge_ack), with net.ipv4.tcp_challenge_ack_limit as the kernel
// starts with it:
//
//	release                                  from   to
//	2.6.32 to 3.5, RHEL 6.4                  no challenge ACKs: 0, 0
//	3.6 to 4.6                               100    100
//	4.7 to 5.19; 3.4.113, 3.10.105 and on    500    1499
//	6.0 to 7.2                               no limit: -1, -1
//
// To 5.19 all network namespaces share the limit. The seconds are those of the jiffies
// counter, not of a clock.
//
// From source (75ff39ccc1bd, 79e3602caa6f): the rows challenge-budget,
// challenge-budget-random and challenge-budget-off of [kernel.Changes].
func ChallengeLimit(sem *kernel.Semantics) (lo, hi int) {
	switch given.Kernel(sem).ChallengeBudget {
	case kernel.ChallengeBudgetFixed:
		return 100, 100
	case kernel.ChallengeBudgetRandom:
		return 500, 1499
	case kernel.ChallengeBudgetOff:
		return -1, -1
	}
	return 0, 0
}

// A ChallengeBudget is what a host has left of its challenge ACKs for this second. The
// zero ChallengeBudget is that of a host that has sent none.
//
// net.ipv4.tcp_challenge_ack_limit is not one of [kernel.Sysctls]: Limit holds it.
type ChallengeBudget struct {
	// Limit is the sysctl where it was written: 0 stands for the kernel's default, a
	// negative number for a sysctl of 0.
	Limit  int
	second uint32
	left   int64
	began  bool
}

// limit is the sysctl's value.
func (b *ChallengeBudget) limit(sem *kernel.Semantics) int64 {
	switch {
	case b.Limit < 0:
		return 0
	case b.Limit > 0:
		return int64(min(b.Limit, math.MaxInt32))
	case sem.ChallengeBudget == kernel.ChallengeBudgetFixed:
		return 100
	case sem.ChallengeBudget == kernel.ChallengeBudgetRandom:
		return 1000
	}
	return math.MaxInt32
}

// Spent reports whether the budget of a second is used up: what [Moment] wants to know.
// second is the low half of the jiffies counter divided by HZ; a nil b has no limit.
func (b *ChallengeBudget) Spent(sem *kernel.Semantics, second uint32) bool {
	sem = given.Kernel(sem)
	switch {
	case b == nil || b.unlimited(sem):
		return false
	case !b.began || second != b.second:
		return b.limit(sem) == 0
	}
	return b.left <= 0
}

func (b *ChallengeBudget) unlimited(sem *kernel.Semantics) bool {
	switch sem.ChallengeBudget {
	case kernel.ChallengeBudgetFixed, kernel.ChallengeBudgetRandom:
		return false
	case kernel.ChallengeBudgetOff:
		return b.limit(sem) == math.MaxInt32
	}
	return true
}

// Spend takes one challenge ACK from the budget of a second and reports whether there was
// one. The first of a second begins a new budget, for which draw gives a random number
// where the kernel takes one; a nil draw gives 0, so the smallest budget.
func (b *ChallengeBudget) Spend(sem *kernel.Semantics, second uint32, draw func() uint32) bool {
	sem = given.Kernel(sem)
	if b == nil || b.unlimited(sem) {
		return true
	}
	if !b.began || second != b.second {
		b.began, b.second = true, second
		b.left = b.limit(sem)
		if sem.ChallengeBudget != kernel.ChallengeBudgetFixed {
			limit := b.left
			b.left = (limit + 1) / 2
			if draw != nil {
				b.left += int64(uint64(draw()) * uint64(limit) >> 32)
			}
		}
	}
	if b.left <= 0 {
		return false
	}
	b.left--
	return true
}
