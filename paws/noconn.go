package paws

// A nil pointer stands for the zero value, as it does for semantics and sysctls: a
// connection without timestamps, an empty segment.

var (
	noConn    Conn
	noSegment Segment
)

func knownConn(c *Conn) *Conn {
	if c == nil {
		return &noConn
	}
	return c
}

func knownSegment(s *Segment) *Segment {
	if s == nil {
		return &noSegment
	}
	return s
}
