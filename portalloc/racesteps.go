package portalloc

import (
	"fmt"

	"example.com/linuxtcp/kernel"
)

// stepNo is where a thread is: the step that it takes next.
type stepNo uint8

const (
	stepS0 stepNo = iota
	stepS1
	stepS2
	stepS3
	stepS4
	stepS5
	stepS6
	stepS7
	stepS8
	stepS9
	stepS10
	stepS11
	stepS12
	stepS13
	stepS14
	stepN1
	stepN2
	stepX1
	stepX2
	stepEnd // connect() sleeps until an answer comes, or has returned
	numSteps
)

// A raceOp is a step with what it does to the state. A step that an order of the kernel
// does not have has no do.
type raceOp struct {
	RaceStep
	// do takes the step for the thread and returns the step after it.
	do func(s *raceState, me Thread) stepNo
	// say tells what came of it, in the state after; nil where Does says it all.
	say func(s *raceState, me Thread) string
}

// raceOps are the steps of connect() on this kernel.
func raceOps(sem *kernel.Semantics) *[numSteps]raceOp {
	hashLocked, boundLocked := sem.TWTakenUnhashedLocked, sem.TWTakenUnboundLocked
	ops := &[numSteps]raceOp{
		stepS0: {
			RaceStep: RaceStep{ID: "S0", Does: "read the hint of the next port", Func: "__inet_hash_connect", Reads: "hint"},
			do:       func(s *raceState, me Thread) stepNo { s.of(me).offset = s.hint; return stepS1 },
			say: func(s *raceState, me Thread) string {
				return fmt.Sprintf("the first candidate is port %d", s.candidate(me))
			},
		},
		stepS1: {
			RaceStep: RaceStep{ID: "S1", Does: "lock the candidate's chain of bound ports", Func: "__inet_hash_connect", Needs: BindLock, Until: "S8 or X2"},
			do:       func(s *raceState, me Thread) stepNo { s.port(me).bind = me; return stepS2 },
			say:      func(s *raceState, me Thread) string { return fmt.Sprintf("port %d", s.candidate(me)) },
		},
		stepS2: {
			RaceStep: RaceStep{ID: "S2", Does: "look the port up", Func: "__inet_hash_connect", Reads: "owners of the port"},
			do: func(s *raceState, me Thread) stepNo {
				if s.port(me).bucket {
					return stepS3
				}
				return stepN1
			},
			say: func(s *raceState, me Thread) string {
				if s.port(me).bucket {
					return "connections have it: is this one among them?"
				}
				return "nobody has it"
			},
		},
		stepS3: {
			RaceStep: RaceStep{ID: "S3", Does: "lock the connection's hash chain", Func: "__inet_check_established", Needs: HashLock, Until: "S6 or X1"},
			do:       func(s *raceState, me Thread) stepNo { s.port(me).hash = me; return stepS4 },
		},
		stepS4: {
			RaceStep: RaceStep{ID: "S4", Does: "search TIME_WAIT entries, and established sockets if there is none", Func: "__inet_check_established, tcp_twsk_unique", Reads: "hash chain"},
			do: func(s *raceState, me Thread) stepNo {
				p := s.port(me)
				switch {
				case p.entryHashed && s.refuses, !p.entryHashed && p.chain[0] != 0:
					return stepX1
				case p.entryHashed:
					s.of(me).took = true
				}
				return stepS5
			},
			say: func(s *raceState, me Thread) string {
				p := s.port(me)
				switch {
				case p.entryHashed && s.refuses:
					return "an entry that must be left alone: the port cannot be had"
				case s.of(me).took:
					return "an entry that may go: its sequence number + 65537 and its timestamp are taken over, established sockets are not looked at"
				case p.chain[0] != 0:
					return fmt.Sprintf("no entry, but %s's socket: the port cannot be had", p.chain[0])
				}
				return "neither"
			},
		},
		stepS5: {
			RaceStep: RaceStep{ID: "S5", Does: "insert the socket at the head of the hash chain", Func: "__sk_nulls_add_node_rcu", Writes: "hash chain"},
			do: func(s *raceState, me Thread) stepNo {
				p := s.port(me)
				p.chain = [2]Thread{me, p.chain[0]}
				if hashLocked && s.of(me).took {
					p.entryHashed = false
				}
				return stepS6
			},
			say: func(s *raceState, me Thread) string {
				return "established sockets, from the head: " + s.port(me).chainText()
			},
		},
		stepS6: {
			RaceStep: RaceStep{ID: "S6", Does: "unlock the hash chain and count TWRecycled", Func: "__inet_check_established", Writes: "TWRecycled"},
			do: func(s *raceState, me Thread) stepNo {
				s.port(me).hash = 0
				if s.of(me).took || !sem.TWRecycledTaken {
					s.recycled++
				}
				return stepS7
			},
			say: func(s *raceState, me Thread) string { return fmt.Sprintf("TWRecycled %d", s.recycled) },
		},
		stepS7: {
			RaceStep: RaceStep{ID: "S7", Does: "move the hint past the port and join its owners", Func: "__inet_hash_connect, inet_bind_hash", Reads: "hint", Writes: "hint, owners of the port"},
			do: func(s *raceState, me Thread) stepNo {
				s.own(me)
				if boundLocked && s.of(me).took {
					s.port(me).entryOwner = false
				}
				return stepS8
			},
		},
		stepS8: {
			RaceStep: RaceStep{ID: "S8", Does: "unlock the port", Func: "__inet_hash_connect"},
			do: func(s *raceState, me Thread) stepNo {
				s.port(me).bind = 0
				if s.of(me).took {
					return stepS9
				}
				return stepS13
			},
		},
		stepS9: {
			RaceStep: RaceStep{ID: "S9", Does: "take the entry off its timer", Func: "inet_twsk_deschedule", Writes: "timers"},
			do: func(s *raceState, me Thread) stepNo {
				s.entryTimed = false
				switch {
				case !hashLocked:
					return stepS10
				case !boundLocked:
					return stepS11
				}
				return stepS12
			},
		},
		stepS12: {
			RaceStep: RaceStep{ID: "S12", Does: "let the entry go", Func: "inet_twsk_put"},
			do:       func(s *raceState, me Thread) stepNo { return stepS13 },
		},
		stepS13: {
			RaceStep: RaceStep{ID: "S13", Does: "choose a sequence number unless an entry gave one", Func: "tcp_v4_connect"},
			do:       func(s *raceState, me Thread) stepNo { return stepS14 },
			say: func(s *raceState, me Thread) string {
				if s.of(me).took {
					return "the entry's + 65537"
				}
				return "a new one"
			},
		},
		stepS14: {
			RaceStep: RaceStep{ID: "S14", Does: "send the SYN and wait", Func: "tcp_connect", Writes: "the wire"},
			do: func(s *raceState, me Thread) stepNo {
				s.of(me).end = GotFreePort
				if s.of(me).took {
					s.of(me).end = TookEntry
				}
				if s.syns[0] == 0 {
					s.syns[0] = me
				} else {
					s.syns[1] = me
				}
				return stepEnd
			},
			say: func(s *raceState, me Thread) string { return fmt.Sprintf("from port %d", s.candidate(me)) },
		},
		stepN1: {
			RaceStep: RaceStep{ID: "N1", Does: "make the port, move the hint past it, own it", Func: "__inet_hash_connect, inet_bind_hash", Reads: "hint", Writes: "hint, owners of the port"},
			do:       func(s *raceState, me Thread) stepNo { s.own(me); return stepN2 },
		},
		stepN2: {
			RaceStep: RaceStep{ID: "N2", Does: "insert the socket into the hash chain", Func: "__inet_hash_nolisten", Needs: HashLock, Writes: "hash chain"},
			do: func(s *raceState, me Thread) stepNo {
				p := s.port(me)
				p.chain = [2]Thread{me, p.chain[0]}
				return stepS8
			},
		},
		stepX1: {
			RaceStep: RaceStep{ID: "X1", Does: "unlock the hash chain", Func: "__inet_check_established"},
			do:       func(s *raceState, me Thread) stepNo { s.port(me).hash = 0; return stepX2 },
		},
		stepX2: {
			RaceStep: RaceStep{ID: "X2", Does: "unlock the port and go to the next candidate", Func: "__inet_hash_connect"},
			do: func(s *raceState, me Thread) stepNo {
				s.port(me).bind = 0
				s.of(me).probe++
				if s.of(me).probe == s.ports {
					s.of(me).end = NoPort
					return stepEnd
				}
				return stepS1
			},
			say: func(s *raceState, me Thread) string {
				if s.of(me).end == NoPort {
					return "there is none: EADDRNOTAVAIL"
				}
				return fmt.Sprintf("port %d", s.candidate(me))
			},
		},
	}
	if !hashLocked {
		ops[stepS10] = raceOp{
			RaceStep: RaceStep{ID: "S10", Does: "take the entry out of the hash", Func: "__inet_twsk_kill", Needs: HashLock, Reads: "hash chain", Writes: "hash chain"},
			do: func(s *raceState, me Thread) stepNo {
				p := s.port(me)
				if !p.entryHashed {
					return stepS12
				}
				p.entryHashed = false
				return stepS11
			},
			say: func(s *raceState, me Thread) string {
				if s.of(me).at == stepS12 {
					return "it is out already"
				}
				return "it is out now"
			},
		}
	} else {
		ops[stepS5].Does = "insert the socket at the head of the hash chain and take the entry out"
	}
	if !boundLocked {
		ops[stepS11] = raceOp{
			RaceStep: RaceStep{ID: "S11", Does: "take the entry out of the port's owners", Func: "__inet_twsk_kill", Needs: BindLock, Writes: "owners of the port"},
			do:       func(s *raceState, me Thread) stepNo { s.port(me).entryOwner = false; return stepS12 },
		}
	} else {
		ops[stepS7].Does = "move the hint past the port, join its owners and take the entry out of them"
	}
	return ops
}
