package rowtest

import "testing"

// Mainline is written out: it has to grow with the range of the table.
func TestMainlineReachesTheNewest(t *testing.T) {
	all := Mainline()
	if got, want := all[len(all)-1].String(), Newest().String()+".0"; got != want {
		t.Errorf("Mainline ends with %s; the newest release is %s: add it", got, want)
	}
}
