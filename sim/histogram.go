package sim

import (
	"math"
	"math/bits"
	"time"
)

// A histogram counts times in cells that are at most 1/64 of their time wide, and keeps the exact smallest and
// largest. The zero histogram is empty. It takes 30 kB at most, whatever it counts.
type histogram struct {
	cells    []uint64
	n        uint64
	min, max time.Duration
}

// cell is the number of the cell of a time: exact to 127 ns, then 64 cells for each doubling.
func cell(d time.Duration) int {
	u := uint64(max(d, 0))
	shift := max(bits.Len64(u)-7, 0)
	return shift<<6 + int(u>>shift)
}

// low is the smallest time of a cell.
func low(cell int) time.Duration {
	if cell < 128 {
		return time.Duration(cell)
	}
	shift := cell>>6 - 1
	return time.Duration(cell-shift<<6) << shift
}

// Add counts a time; a negative one as 0.
func (h *histogram) Add(d time.Duration) {
	d = max(d, 0)
	c := cell(d)
	if c >= len(h.cells) {
		h.cells = append(h.cells, make([]uint64, c+1-len(h.cells))...)
	}
	if h.n == 0 || d < h.min {
		h.min = d
	}
	h.max = max(h.max, d)
	h.n++
	h.cells[c]++
}

// N is how many times it has counted.
func (h *histogram) N() uint64 { return h.n }

// Min and Max are the smallest and the largest time, exactly; 0 if there is none.
func (h *histogram) Min() time.Duration { return h.min }

// Max is the largest time.
func (h *histogram) Max() time.Duration { return h.max }

// Quantile returns the time that a share q of all do not pass: the lower edge of its cell, so up to 1/64 too
// little, and within Min and Max. 0 if there is none.
func (h *histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(h.n)))
	rank = min(max(rank, 1), h.n)
	if rank == h.n {
		return h.max
	}
	seen := uint64(0)
	for c, count := range h.cells {
		if seen += count; seen >= rank {
			return min(max(low(c), h.min), h.max)
		}
	}
	return h.max
}

// Below returns how many times lie in cells that begin below d.
func (h *histogram) Below(d time.Duration) uint64 {
	n := uint64(0)
	for c, count := range h.cells {
		if low(c) < d {
			n += count
		}
	}
	return n
}
