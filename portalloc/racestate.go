package portalloc

import "example.com/linuxtcp/internal/words"

// A RaceEnd is what one connect() has when its SYN is out or it has returned.
type RaceEnd uint8

const (
	TookEntry   RaceEnd = iota + 1 // the first port, with the entry's sequence number + 65537
	GotFreePort                    // a port that was free, with a sequence number of its own
	NoPort                         // none: EADDRNOTAVAIL
)

var raceEndNames = [...]string{TookEntry: "takes the entry over", GotFreePort: "gets a free port", NoPort: "EADDRNOTAVAIL"}

// String says it after a thread's name.
func (e RaceEnd) String() string { return words.Name("RaceEnd", raceEndNames[:], uint8(e)) }

// A raceThread is one connect(): where it is and what it has found.
type raceThread struct {
	at     stepNo
	offset uint8 // the hint that it read
	probe  uint8 // how many candidates were refused
	took   bool  // it found the entry and holds it
	end    RaceEnd
}

// A racePort is a port with its two locks, its owners and its hash chain.
type racePort struct {
	bind, hash  Thread // who holds the lock
	bucket      bool   // the port has owners
	entryHashed bool   // the entry is in the chain of TIME_WAIT entries
	entryOwner  bool   // the entry is among the owners
	owners      [2]Thread
	chain       [2]Thread // established sockets, from the head
}

func (p *racePort) chainText() string {
	switch {
	case p.chain[0] == 0:
		return "none"
	case p.chain[1] == 0:
		return p.chain[0].String()
	}
	return p.chain[0].String() + ", " + p.chain[1].String()
}

// A raceState is all that the two threads see, and where they are. It is comparable:
// two schedules that reach equal states go on alike.
type raceState struct {
	ports      uint8
	refuses    bool // the entry must be left alone
	entryTimed bool // it is on its timer
	hint       uint8
	recycled   uint8
	syns       [2]Thread // in the order in which they were sent
	port2      [2]racePort
	threads    [2]raceThread
}

func newRaceState(c RaceConfig) raceState {
	s := raceState{ports: 1, refuses: c.Entry == EntryRefused}
	if c.FreePort {
		s.ports = 2
	}
	if c.Entry != EntryAbsent {
		s.entryTimed = true
		s.port2[0] = racePort{bucket: true, entryHashed: true, entryOwner: true}
	}
	return s
}

func (s *raceState) of(t Thread) *raceThread { return &s.threads[t-ThreadA] }

// candidate is the index of the port that a thread tries: 0 is the entry's.
func (s *raceState) candidate(t Thread) uint8 {
	x := s.of(t)
	return (x.offset + x.probe) % s.ports
}

func (s *raceState) port(t Thread) *racePort { return &s.port2[s.candidate(t)] }

// own makes the thread an owner of its port, and moves the hint by as many candidates as
// it looked at.
func (s *raceState) own(t Thread) {
	s.hint = (s.hint + s.of(t).probe + 1) % s.ports
	p := s.port(t)
	p.bucket = true
	p.owners = [2]Thread{t, p.owners[0]}
}

// blocked returns the lock that keeps a thread from its next step, and who holds it.
func (s *raceState) blocked(op *raceOp, t Thread) (RaceLock, Thread) {
	switch p := s.port(t); {
	case op.Needs == BindLock && p.bind != 0:
		return BindLock, p.bind
	case op.Needs == HashLock && p.hash != 0:
		return HashLock, p.hash
	}
	return 0, 0
}

// A raceRun is a kernel and a situation.
type raceRun struct {
	ops    *[numSteps]raceOp
	oneCPU bool
}

// runnable reports whether a thread can take a step.
func (r *raceRun) runnable(s *raceState, t Thread) bool {
	at := s.of(t).at
	if at == stepEnd {
		return false
	}
	if other := s.of(t.other()).at; r.oneCPU && at == stepS0 && other != stepS0 && other != stepEnd {
		return false
	}
	_, holder := s.blocked(&r.ops[at], t)
	return holder == 0
}

// step takes the thread's next step.
func (r *raceRun) step(s *raceState, t Thread) {
	x := s.of(t)
	x.at = r.ops[x.at].do(s, t)
}
