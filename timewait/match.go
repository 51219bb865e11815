package timewait

import "math/bits"

// A termSet is a set of terms of the decision table, one bit each, in the order in
// which they are tried: the lowest that holds decides.
type termSet uint32

// An index finds the row that decides without a walk. A term is a conjunction, so it
// holds where neither half of the facts contradicts it: two look-ups tell which, and
// the table may have any conditions at the same cost. It is made of the table when the
// program starts, in some 10 us.
type index struct {
	low, high [256]termSet          // the terms that a half of the facts agrees with
	of        [TimeWait + 1]termSet // the terms of a state's rows
	rows      [33]*row              // the row of each term; the last, nil, is that of none
}

var rowIndex = newIndex(decisions)

func newIndex(rows []row) (ix index) {
	n := 0
	for i := range rows {
		r := &rows[i]
		when := r.when
		if when == nil {
			when = []term{{}} // which always holds
		}
		for _, t := range when {
			low, high := term{t.yes & 0xff, t.no & 0xff}, term{t.yes >> 8, t.no >> 8}
			set := termSet(1) << n
			for half := range facts(256) {
				if low.holds(half) {
					ix.low[half] |= set
				}
				if high.holds(half) {
					ix.high[half] |= set
				}
			}
			ix.of[r.state] |= set
			ix.rows[n] = r
			n++
		}
	}
	return ix
}

// match returns the row that decides: the first of the state that has a term that
// holds. No row has another state than the two.
func (ix *index) match(state State, f facts) *row {
	if int(state) >= len(ix.of) {
		return nil
	}
	hold := ix.low[f&0xff] & ix.high[f>>8] & ix.of[state]
	return ix.rows[bits.TrailingZeros32(uint32(hold))]
}
