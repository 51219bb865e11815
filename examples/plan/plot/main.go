package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const helpText = `plot draws what plan -json prints: SVG on standard output, or PNG.

Usage: plot [flags] [FILE]

  plan -json | plot >plan.svg                       the answer to the default question
  plan -backlog 128 -across -curve -json | plot >plan.svg
                                                    what each backlog loses, on twelve kernels
  plan -side client -json | plot -png >plan.png     destinations and ports, on twelve kernels

FILE is a file with the JSON; without it standard input is read.

  -png          PNG instead of SVG
  -width CM     how wide (default 18)
  -height CM    how high one plot is; a server has three (default 7)

Exit status: 0 if it could draw, 1 if not, 2 for a mistake in the flags.
`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the command. It returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("plot", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	png := f.Bool("png", false, "")
	s := size{18, 7}
	f.Float64Var(&s.width, "width", s.width, "")
	f.Float64Var(&s.height, "height", s.height, "")
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(stdout, helpText)
		return 0
	case err == nil && f.NArg() > 1:
		err = fmt.Errorf("argument %q: one file is read", f.Arg(1))
	case err == nil && !(s.width >= 5 && s.width <= 200 && s.height >= 3 && s.height <= 200):
		err = fmt.Errorf("-width %g, -height %g: 5 to 200 cm by 3 to 200 cm are drawn", s.width, s.height)
	}
	if err != nil {
		fmt.Fprintf(stderr, "plot: %v\nplot -h explains the flags, with examples.\n", err)
		return 2
	}
	if f.NArg() == 1 {
		file, err := os.Open(f.Arg(0))
		if err != nil {
			fmt.Fprintln(stderr, "plot:", err)
			return 1
		}
		defer file.Close()
		stdin = file
	}
	var image bytes.Buffer
	r, err := read(stdin)
	if err == nil {
		err = draw(&image, r, s, *png)
	}
	if err == nil {
		_, err = stdout.Write(image.Bytes())
	}
	if err != nil {
		fmt.Fprintln(stderr, "plot:", err)
		return 1
	}
	return 0
}
