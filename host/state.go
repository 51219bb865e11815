package host

// A State is the state of a socket, as ss and /proc/net/tcp show it.
type State uint8

const (
	Closed      State = iota // no such socket, or one that neither listens nor is connected; no tool shows it
	Listen                   // listen() was called
	SynSent                  // connect() was called and not yet answered
	SynRecv                  // a SYN came and was answered
	Established              // both SYNs are acknowledged
	FinWait1                 // closed here first, the FIN is not acknowledged
	FinWait2                 // closed here first, the FIN is acknowledged
	CloseWait                // the peer closed first, we have not
	LastAck                  // the peer closed first, then we; our FIN is not acknowledged
	Closing                  // both closed at once; our FIN is not acknowledged
	TimeWait                 // over, but kept for 60 s
)

var stateNames = [...]string{
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECV", "ESTAB", "FIN-WAIT-1", "FIN-WAIT-2",
	"CLOSE-WAIT", "LAST-ACK", "CLOSING", "TIME-WAIT",
}

// String is the name that ss prints: "ESTAB".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "State?"
}
