package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"example.com/linuxtcp/internal/outgoing"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// permille are the points of the printed curve: the cliff lies at one half.
var permille = []int{0, 100, 200, 300, 400, 450, 490, 499, 500, 510, 600, 700, 800, 900, 950, 990, 999, 1000}

// csvSteps are those of the other one.
const csvSteps = 200

// curve is the cost of a search over the ports in use, for one source and destination.
func (q question) curve(fine bool) (*CurveReport, error) {
	r := &CurveReport{Call: q.call(), For: q.whom(), BaseSeconds: outgoing.CallTime.Seconds(), EachSeconds: outgoing.CandidateTime.Seconds()}
	size := q.pool.Range.Size()
	var points []portalloc.CostPoint
	if fine {
		var err error
		if points, err = portalloc.CostCurve(&q.sem, q.pool, csvSteps); err != nil {
			return nil, err
		}
	} else {
		last := -1
		for _, part := range permille {
			used := size * part / 1000
			if used == last {
				continue
			}
			last = used
			n, err := portalloc.ExpectedCandidates(&q.sem, q.pool, used)
			if err != nil {
				return nil, err
			}
			points = append(points, portalloc.CostPoint{Used: used, Occupancy: float64(used) / float64(size), Candidates: n})
		}
	}
	for _, p := range points {
		d, err := outgoing.SearchTime(p.Candidates)
		if err != nil {
			return nil, err
		}
		r.Points = append(r.Points, CurvePoint{InUse: p.Used, Occupancy: p.Occupancy, Candidates: p.Candidates, CallSeconds: d.Seconds()})
	}
	r.Note = q.orderText()
	return r, nil
}

// orderText says why there is a cliff, or none.
func (q question) orderText() string {
	half := q.pool.Range.Size() / 2
	switch {
	case q.o.bind != "" && q.sem.BindOddFirst:
		return fmt.Sprintf("From 4.6 on bind() tries the ports of the other parity than the low end's first: from half of the range on it examines all %d of them before the first of the others.", half)
	case q.o.bind == "" && q.sem.PortSearch == kernel.PortSearchParity:
		return fmt.Sprintf("From 4.6 on connect() tries the ports of the low end's parity first: from half of the range on it examines all %d of them before the first of the others.", half)
	}
	return fmt.Sprintf("%s of this kernel tries all ports in one go: there is no cliff at half of the range, which came with 4.6.", q.call())
}

// writeCSV prints the curve.
func writeCSV(w io.Writer, r *Report) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"ports_in_use", "occupancy", "candidates", "call_seconds"})
	for _, p := range r.Curve.Points {
		_ = c.Write([]string{
			strconv.Itoa(p.InUse), strconv.FormatFloat(p.Occupancy, 'f', 4, 64),
			strconv.FormatFloat(p.Candidates, 'f', 1, 64), strconv.FormatFloat(p.CallSeconds, 'f', 9, 64),
		})
	}
	c.Flush()
	return c.Error()
}
