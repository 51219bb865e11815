package kernel

import "testing"

func TestInitialWindow(t *testing.T) {
	for _, c := range []struct {
		release string
		mss     int
		want    uint32
	}{
		{"2.6.32", 1460, 5840}, {"2.6.37", 1448, 5792}, {"2.6.38", 1460, 14600}, {"3.10.108", 1448, 14480},
		{"3.11", 1460, 29200}, {"4.19", 1448, 28960}, {"4.4", 65495, 43690},
		{"4.20", 1460, 64240}, {"5.10.223", 1448, 65160}, {"7.2.13", 1460, 64240}, {"6.12.117", 65495, 65495}, {"6.12.117", 65483, 65483},
		{"6.12.117", 1440, 64800}, {"6.12.117", 1, 65535}, {"6.12.117", 1 << 20, 65535}, {"6.12.117", 0, 64240}, {"6.12.117", -4, 64240},
	} {
		sem := MustParse(c.release).Semantics()
		if got := InitialWindow(&sem, c.mss); got != c.want {
			t.Errorf("%s, segments of %d: %d, want %d", c.release, c.mss, got, c.want)
		}
	}
	if got := InitialWindow(nil, 1460); got != 64240 {
		t.Errorf("of no kernel %d", got)
	}
}
