package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A quantile is at most 1/64 off.
func TestHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 10000 {
		d := time.Duration(r.Uint64() >> (1 + r.IntN(63)))
		var h histogram
		h.Add(d)
		h.Add(math.MaxInt64)
		h.Add(math.MaxInt64)
		if got := h.Quantile(0.1); got > d || float64(d-got) > float64(d)/64 {
			t.Fatal(d, got)
		}
	}
}

// What is counted, the exact ends, and a quantile between them.
func TestHistogramOfAHundred(t *testing.T) {
	var h histogram
	for i := range 100 {
		h.Add(time.Duration(i+1) * time.Millisecond)
	}
	if n, least, half, most := h.N(), h.Min(), h.Quantile(0.5).Round(time.Millisecond), h.Max(); n != 100 || least != time.Millisecond || half != 50*time.Millisecond || most != 100*time.Millisecond {
		t.Error(n, least, half, most)
	}
}
