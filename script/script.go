package script

import (
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/host"
)

// DefaultSettle is how long a script waits after a step for what follows at once, unless
// its settle directive says otherwise: longer than a delayed ACK takes (40 ms).
const DefaultSettle = 60 * time.Millisecond

// A Script is a sequence of steps for one network namespace, with what each kernel
// answered. The zero Script has no steps.
type Script struct {
	// Name is what errors call the script, usually its file. It is not part of the text.
	Name string
	// Comment is the text at the top, a line each, without "# ".
	Comment []string
	// Settle is how long each step but a wait takes; 0 means [DefaultSettle].
	Settle time.Duration
	Peers  []Peer // declared flows, in the order of the file
	// Limits are the kernels from which the model is known to differ, and why.
	Limits []Limit
	Steps  []Step // in the order of the file
	// Remarks are the comments after the last step; a script without steps has none.
	Remarks []string
	// Kernels are those whose answers the expectations are.
	Kernels []Kernel
}

// A Peer declares a flow that a forged peer opens: its endpoint, and the host's.
type Peer struct {
	Name     string         // as steps and answers name it
	From, To netip.AddrPort // the peer's endpoint and the host's
}

// A Kernel is a running kernel that was asked, and when it came to each step.
type Kernel struct {
	Name string // as package kernel's Parse reads it: "6.18.44"
	HZ   int    // CONFIG_HZ, 0 for unknown
	// Partly says that only some of what it answered is known: an answer is its own only if it names the
	// kernel, and whatever else a system does at a step is no difference.
	Partly bool
	// EHash is the number of buckets of its table of established connections, on which
	// some sysctls depend; 0 for 4096, which 512 MiB of memory make.
	EHash uint64
	// Monotonic is what CLOCK_MONOTONIC showed when the clock of At, that of jiffies, was 0: see
	// host.Config.
	Monotonic time.Duration
	// Wall is what the time of day was then, as time since 1970; it matters to kernels to 4.18 and is 0
	// for others.
	Wall time.Duration
	// CPUs is how many processors it had, 0 for unknown. Timers are punctual to the jiffy with one; with
	// several they may be a jiffy late: since 6.9 another processor runs those of an idle one.
	CPUs int
	// At and End have when each step began and when it was over, as time since boot, in units of 10
	// us. They are empty in a script that was written by hand; then each step takes
	// exactly as long as it says, and begins when the one before is over.
	At, End []time.Duration
}

// A Step is one line of a script and what came of it. Which fields count depends on Op.
type Step struct {
	Comment []string // the lines above it, without "# "
	// Blank: an empty line stands above it and its comment. It does not count of the first step.
	Blank bool
	Op    Op // what is done

	Flow    string  // OpSegment: a peer's name, or that of a socket that connects
	Segment Segment // OpSegment

	Wait   time.Duration // OpWait
	Sysctl string        // OpSysctl
	Value  string        // OpSysctl

	Socket   string         // all others; of OpSocket and OpAccept the new one
	Listener string         // OpAccept
	Addr     netip.AddrPort // OpBind, OpConnect
	Backlog  int            // OpListen
	Options  Options        // OpSocket
	Flood    Flood          // OpFlood

	Expect []Expect // the answers, as written under it
	// Line is where it stands in its file, 0 if it stands in none.
	Line int
}

// A Segment is a forged segment as a script writes it, in relative numbers.
type Segment struct {
	Flags  host.Flags // of the TCP header
	Seq    Number     // relative to the first number of the flow's peer
	Ack    Number     // relative to the first number of the host; only with host.FlagACK
	Len    uint32     // bytes of data
	Window uint32     // 0 for the usual 64240, unless ZeroWindow
	// ZeroWindow: the window offered is 0.
	ZeroWindow bool

	Timestamp bool   // the option is there, with TSVal
	TSVal     uint32 // its value
	TSEcr     Echo   // its echo

	MSS         uint16 // 0: without
	WindowScale uint8  // the shift plus one, 0: without
	SACK        bool   // the option SACK-permitted of a SYN
}

// A Base is what a Number counts from.
type Base uint8

const (
	FromISN  Base = iota // the first number of that side of the flow
	FromZero             // zero: the number is absolute
	FromOld              // the first number before the present one, of the host only
)

// A Number is a sequence number: N after its base, modulo 2^32.
type Number struct {
	Base Base  // what it counts from
	N    int32 // how far from there
}

// An Echo is the timestamp that a forged segment echoes.
type Echo struct {
	// Last: N counts from the last timestamp that the host sent on the flow, from 0 if
	// it sent none. Without Last, N is absolute.
	Last bool
	N    int32
}

// An Expect is a line under a step: what came out.
type Expect struct {
	Kernels []string // whose answer it is, in the order of Script.Kernels; empty: everyone's but those of whom a part is known
	Answer  Answer   // what is expected
}

// An Answer is something that a step brought about.
type Answer struct {
	// Text is the line as it is written, its time left out: "p1 < SYN|ACK seq 0 ack 1",
	// "= EAGAIN", "ss p1 SYN-RECV", "nstat PassiveOpens 1".
	Text string
	// Timed says that At counts, the time since the step began: the answer is a segment that came
	// in the course of a wait. At has a resolution of 1 ms.
	Timed bool
	At    time.Duration
}

// settle is Settle, or what 0 means.
func (s *Script) settle() time.Duration {
	if s.Settle == 0 {
		return DefaultSettle
	}
	return s.Settle
}

// Kernel returns the recording of that name, and false if there is none.
func (s *Script) Kernel(name string) (Kernel, bool) {
	i := slices.IndexFunc(s.Kernels, func(k Kernel) bool { return k.Name == name })
	if i < 0 {
		return Kernel{}, false
	}
	return s.Kernels[i], true
}

// Answers returns what step i is expected to bring about on a kernel: nothing if there is no such step.
func (s *Script) Answers(i int, kernel string) []Answer {
	if i < 0 || i >= len(s.Steps) {
		return nil
	}
	k, _ := s.Kernel(kernel)
	partly := k.Partly
	var answers []Answer
	for _, e := range s.Steps[i].Expect {
		if len(e.Kernels) == 0 && !partly || slices.Contains(e.Kernels, kernel) {
			answers = append(answers, e.Answer)
		}
	}
	return answers
}

// Bare returns a copy without expectations and recordings: what is to be done, and
// nothing of what came of it.
func (s *Script) Bare() *Script {
	c := *s
	c.Steps = slices.Clone(s.Steps)
	for i := range c.Steps {
		c.Steps[i].Expect = nil
	}
	c.Kernels = nil
	return &c
}

// Without returns a bare copy that lacks steps i to j-1. Steps that need what
// these made (a socket of that name) are left in; [Script.Check] names the first.
// It is what a shrinking fuzzer needs. It panics as slices do if i or j is out of range.
func (s *Script) Without(i, j int) *Script {
	c := s.Bare()
	c.Steps = slices.Delete(c.Steps, i, j)
	return c
}
