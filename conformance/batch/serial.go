package batch

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// On a serial line a trace is lines of "#trace INDEX CHUNK CHUNKS CRC DATA": compressed
// JSON in base64, cut into pieces that have a checksum each, for a kernel may print in between.

const (
	tracePrefix = "#trace "
	chunkSize   = 400
)

// WriteTrace writes the trace of script number i.
func WriteTrace(w io.Writer, i int, t *Trace) error {
	var packed bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(z).Encode(t); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	data := base64.StdEncoding.EncodeToString(packed.Bytes())
	n := (len(data) + chunkSize - 1) / chunkSize
	var lines strings.Builder
	for c := range n {
		piece := data[c*chunkSize : min(len(data), (c+1)*chunkSize)]
		head := fmt.Sprintf("%d %d %d", i, c, n)
		fmt.Fprintf(&lines, "\n%s%s %08x %s", tracePrefix, head, crc32.ChecksumIEEE([]byte(head+piece)), piece)
	}
	lines.WriteByte('\n')
	_, err = io.WriteString(w, lines.String())
	return err
}

// A Reader puts traces together from the lines of a serial console. The zero Reader has read
// nothing.
type Reader struct {
	traces map[int]*pieces
	// Bad is how many lines of traces were unreadable.
	Bad int
}

type pieces struct {
	text []string
	have int
}

// Line takes a line of the console and reports whether it belongs to a trace, or seems to.
func (r *Reader) Line(line string) bool {
	at := strings.Index(line, tracePrefix)
	if at < 0 {
		return false
	}
	var i, c, n int
	var sum uint32
	var data string
	if _, err := fmt.Sscanf(line[at:], tracePrefix+"%d %d %d %x %s", &i, &c, &n, &sum, &data); err != nil ||
		crc32.ChecksumIEEE(fmt.Appendf(nil, "%d %d %d%s", i, c, n, data)) != sum || c < 0 || c >= n {
		r.Bad++
		return true
	}
	if r.traces == nil {
		r.traces = map[int]*pieces{}
	}
	p := r.traces[i]
	if p == nil || len(p.text) != n {
		p = &pieces{text: make([]string, n)}
		r.traces[i] = p
	}
	if p.text[c] == "" {
		p.text[c] = data
		p.have++
	}
	return true
}

// Trace returns the trace of script number i, and an error if it is not complete.
func (r *Reader) Trace(i int) (Trace, error) {
	var t Trace
	p := r.traces[i]
	if p == nil {
		return t, errors.New("no trace came")
	}
	if p.have < len(p.text) {
		return t, fmt.Errorf("%d of %d lines of the trace are missing", len(p.text)-p.have, len(p.text))
	}
	packed, err := base64.StdEncoding.DecodeString(strings.Join(p.text, ""))
	if err != nil {
		return t, err
	}
	err = json.NewDecoder(flate.NewReader(bytes.NewReader(packed))).Decode(&t)
	return t, err
}
