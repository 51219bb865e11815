package asked

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
)

// Whole defines a flag that takes a whole number from lo to hi, and names them to who gives
// another.
func Whole(f *flag.FlagSet, name string, lo, hi int, take func(int)) {
	f.Func(name, "", func(text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < lo || n > hi {
			return fmt.Errorf("a whole number from %d to %d is needed", lo, hi)
		}
		take(n)
		return nil
	})
}

// HZ defines the flag -hz, a CONFIG_HZ that kernels are built with.
func HZ(f *flag.FlagSet, take func(int)) {
	f.Func("hz", "", func(text string) error {
		switch text {
		case "100", "250", "300", "1000":
			n, _ := strconv.Atoi(text)
			take(n)
			return nil
		}
		return errors.New("kernels are built with 100, 250, 300 or 1000")
	})
}
