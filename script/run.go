package script

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// A Trace is what a system did with a script, a Result a step.
type Trace []Result

// A Result is what came of one step.
type Result struct {
	// Call is the step with its numbers resolved. Its Op is 0 if the step was left out,
	// because the socket or flow that it needs was not to be had.
	Call Call
	// At and End are when it began and was over, since boot.
	At, End time.Duration
	// Answers are in the order in which a script has them.
	Answers []Answer
	// Quiet has for each answer how long nothing had passed on the flow before it;
	// 0 for what is not a segment.
	Quiet []time.Duration
}

// Run does the steps of a script on a system and returns what came of them. It does not look at
// the expectations. The error is the first of [Script.Check] or of the system, after the place of
// the step.
func Run(s *Script, sys System) (Trace, error) {
	return run(s, sys, func() {})
}

// run calls after when a step is over.
func run(s *Script, sys System, after func()) (Trace, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	r := newRunner(s)
	trace := make(Trace, 0, len(s.Steps))
	for i := range s.Steps {
		result, err := r.step(&s.Steps[i], sys)
		if err != nil {
			return trace, s.errorAt(i, err)
		}
		trace = append(trace, result)
		after()
	}
	return trace, nil
}

// A socket is one that the script has a name for and the host has open.
type socket struct {
	local     netip.AddrPort // zero until it is known
	numbered  bool           // bind() named the port
	tried     bool           // connect() has gone out from it
	flow      *flow          // of a connection
	listening bool
}

// portless reports whether the kernel has to choose a port: the one that bind() to port 0 found goes with a connection.
func (s *socket) portless() bool { return s.local.Port() == 0 || s.tried && !s.numbered }

// An entry is a line of ss.
type entry struct{ label, state string }

type runner struct {
	settle time.Duration
	flows  map[endpoints]*flow
	named  map[string]*flow
	open   map[string]*socket
	order  []string // the sockets in the order in which they were made
	table  map[endpoints]entry
	began  bool
	start  time.Duration // of the first step
	now    time.Duration // end of the last one

	flooded  map[host.State]int // the peers of floods by state
	counters kernel.Counters    // what they have risen by since the first step
}

func newRunner(s *Script) *runner {
	r := &runner{
		settle: s.settle(),
		flows:  make(map[endpoints]*flow),
		named:  make(map[string]*flow),
		open:   make(map[string]*socket),
	}
	for _, p := range s.Peers {
		r.name(p.Name, endpoints{p.To, p.From})
	}
	return r
}

// flowOf returns the flow between two endpoints.
func (r *runner) flowOf(e endpoints) *flow {
	f := r.flows[e]
	if f == nil {
		f = &flow{endpoints: e, isn: PeerISN(e.remote, e.local), last: r.start}
		r.flows[e] = f
	}
	return f
}

// name gives a flow a name, in place of the one it may have had.
func (r *runner) name(name string, e endpoints) *flow {
	f := r.flowOf(e)
	f.name = name
	r.named[name] = f
	return f
}

func (r *runner) step(s *Step, sys System) (Result, error) {
	call, missing := r.resolve(s)
	if missing != "" {
		if m, ok := sys.(*Model); ok {
			m.skip()
		}
		return Result{At: r.now, End: r.now, Answers: []Answer{{Text: "= " + missing}}, Quiet: []time.Duration{0}}, nil
	}
	seen, err := sys.Do(call)
	if err != nil {
		return Result{}, err
	}
	if !r.began {
		r.began, r.start = true, seen.At
		for _, f := range r.flows {
			f.last = seen.At
		}
	}
	r.now = seen.End
	result := Result{Call: call, At: seen.At, End: seen.End}
	add := func(a Answer, quiet time.Duration) {
		result.Answers, result.Quiet = append(result.Answers, a), append(result.Quiet, quiet)
	}
	if text := r.outcome(s, &seen); text != "" {
		add(Answer{Text: "= " + text}, 0)
	}
	if call.Op == OpSegment {
		r.named[s.Flow].last = seen.At
	}
	if call.Op == OpFlood {
		for i := range call.Flood.N {
			r.flowOf(endpoints{call.Flood.To, call.Flood.peer(i)}).last = seen.At
		}
	}
	timed := func(a Answer, at time.Duration) Answer {
		if s.Op == OpWait {
			a.Timed, a.At = true, max(0, at-seen.At).Round(time.Millisecond)
		}
		return a
	}
	var floods rounds
	for i := range seen.Sent {
		sent := &seen.Sent[i]
		f := r.flowOf(endpoints{unmap(sent.From), unmap(sent.To)})
		text, quiet := f.describe(&sent.Segment, asked(s, &call.Segment)), max(0, sent.At-f.last)
		f.last = sent.At
		if f.flood {
			floods.add(sent, quiet, s.Op == OpWait)
			continue
		}
		add(timed(Answer{Text: text}, sent.At), quiet)
	}
	for _, o := range floods {
		add(timed(o.answer(), o.at), o.quiet)
	}
	for _, a := range r.changes(seen.Sockets) {
		add(a, 0)
	}
	var counts strings.Builder
	for c, n := range seen.Counters.All() {
		fmt.Fprintf(&counts, " %s %d", c, n)
	}
	if counts.Len() > 0 {
		add(Answer{Text: "nstat" + counts.String()}, 0)
	}
	for c, n := range seen.Counters.All() {
		r.counters.Add(c, n)
	}
	if s.Op == OpCheck {
		for _, a := range r.totals(seen.Sockets) {
			add(a, 0)
		}
	}
	result.inOrder()
	return result, nil
}

// inOrder sorts the answers, and what belongs to them.
func (r *Result) inOrder() {
	index := make([]int, len(r.Answers))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(i, j int) int { return compareAnswers(r.Answers[i], r.Answers[j]) })
	answers, quiet := r.Answers, r.Quiet
	r.Answers, r.Quiet = nil, nil
	for _, i := range index {
		r.Answers, r.Quiet = append(r.Answers, answers[i]), append(r.Quiet, quiet[i])
	}
}

// resolve makes the call of a step, or says what is missing for it.
func (r *runner) resolve(s *Step) (Call, string) {
	call := Call{
		Op: s.Op, Settle: r.settle, Wait: s.Wait, Sysctl: s.Sysctl, Value: s.Value,
		Socket: s.Socket, Listener: s.Listener, Addr: s.Addr, Backlog: s.Backlog, Options: s.Options,
	}
	needs := s.Socket
	switch s.Op {
	case OpSegment:
		f := r.named[s.Flow]
		if f == nil {
			p, ok := defaultPeer(s.Flow)
			if !ok {
				return call, "no flow"
			}
			f = r.name(p.Name, endpoints{p.To, p.From})
		}
		call.Segment = f.resolve(&s.Segment)
		return call, ""
	case OpWait, OpSysctl, OpSocket:
		return call, ""
	case OpCheck:
		call.Op = OpWait
		return call, ""
	case OpFlood:
		call.Flood = s.Flood
		for i := range s.Flood.N {
			f := r.flowOf(endpoints{s.Flood.To, s.Flood.peer(i)})
			f.flood = f.flood || f.name == ""
		}
		return call, ""
	case OpAccept:
		if r.open[s.Socket] != nil {
			return call, "name in use"
		}
		needs = s.Listener
	}
	if r.open[needs] == nil {
		return call, "no socket"
	}
	return call, ""
}

// outcome takes note of what a call did to the script's sockets and writes its result.
// Nothing is written of success.
func (r *runner) outcome(s *Step, seen *Seen) string {
	var words []string
	if seen.Errno != 0 {
		words = append(words, seen.Errno.String())
	}
	local, remote := unmap(seen.Local), unmap(seen.Remote)
	sock := r.open[s.Socket]
	switch s.Op {
	case OpSocket:
		if seen.Errno == 0 {
			r.open[s.Socket] = &socket{}
			r.order = append(r.order, s.Socket)
		}
	case OpBind:
		if seen.Errno == 0 {
			if sock.local = s.Addr; s.Addr.Port() == 0 {
				sock.local = local
			}
			sock.numbered, sock.tried = s.Addr.Port() != 0, false
			if s.Addr.Port() == 0 && local.Port() != 0 { // it waits for connect() with IP_BIND_ADDRESS_NO_PORT
				words = append(words, fmt.Sprintf("port %d", local.Port()))
			}
		}
	case OpListen:
		if seen.Errno == 0 && sock.portless() && local.Port() != 0 {
			words = append(words, fmt.Sprintf("port %d", local.Port()))
			sock.local = local
		}
		sock.listening = sock.listening || seen.Errno == 0
	case OpConnect:
		if (seen.Errno == 0 || seen.Errno == host.EINPROGRESS) && local.IsValid() {
			if sock.portless() {
				words = append(words, fmt.Sprintf("port %d", local.Port()))
			}
			if !remote.IsValid() {
				remote = s.Addr
			}
			sock.local, sock.tried = local, true
			sock.flow = r.name(s.Socket, endpoints{local, remote})
		}
	case OpAccept:
		if seen.Errno == 0 {
			f := r.flowOf(endpoints{local, remote})
			words = append(words, f.label())
			if f.name == "" {
				r.name(s.Socket, f.endpoints)
			}
			r.open[s.Socket] = &socket{local: local, flow: f}
			r.order = append(r.order, s.Socket)
		}
	case OpRecv:
		switch {
		case seen.N > 0:
			words = append(words, fmt.Sprintf("%d bytes", seen.N))
		case seen.Errno == 0:
			words = append(words, "end")
		}
	case OpClose, OpAbort:
		delete(r.open, s.Socket)
		r.order = slices.DeleteFunc(r.order, func(n string) bool { return n == s.Socket })
	}
	return strings.Join(words, " ")
}

// changes compares the sockets of the host with those after the step before.
func (r *runner) changes(sockets []host.SocketInfo) []Answer {
	states := make(map[endpoints][]string)
	queues := make(map[endpoints][]string)
	flooded := make(map[host.State]int)
	for _, s := range sockets {
		e := endpoints{local: unmap(s.Local)}
		if s.State == host.Listen {
			queues[e] = append(queues[e], fmt.Sprintf("%d/%d", s.RecvQ, s.SendQ))
		} else {
			e.remote = unmap(s.Remote)
			if r.flowOf(e).flood {
				flooded[s.State]++
				continue
			}
			states[e] = append(states[e], s.State.String())
		}
	}
	table := make(map[endpoints]entry)
	for e, list := range states {
		slices.Sort(list)
		table[e] = entry{r.label(e), strings.Join(list, "+")}
	}
	for e, list := range queues {
		slices.Sort(list)
		table[e] = entry{r.label(e), "LISTEN " + strings.Join(list, "+")}
	}
	var answers []Answer
	for e, now := range table {
		if r.table[e].state != now.state {
			answers = append(answers, Answer{Text: "ss " + now.label + " " + now.state})
		}
	}
	for e, was := range r.table {
		if _, there := table[e]; !there {
			answers = append(answers, Answer{Text: "ss " + was.label + " gone"})
		}
	}
	r.table = table
	answers = append(answers, r.floodStates(flooded)...)
	slices.SortFunc(answers, func(a, b Answer) int { return strings.Compare(a.Text, b.Text) })
	return answers
}

// label is the name of a line of ss.
func (r *runner) label(e endpoints) string {
	if e.remote.IsValid() {
		return r.flowOf(e).label()
	}
	for _, name := range r.order {
		if s := r.open[name]; s.listening && s.local == e.local {
			return name
		}
	}
	return e.local.String()
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
