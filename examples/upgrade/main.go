package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/prose"
)

func main() {
	status, out, complaint := command(os.Args[1:], os.DirFS("/proc"))
	os.Stderr.WriteString(complaint)
	if _, err := os.Stdout.Write(out); err != nil {
		fmt.Fprintln(os.Stderr, "upgrade:", err)
		status = 1
	}
	os.Exit(status)
}

// command answers a command line on the machine whose /proc is proc: the exit status, and
// what goes to standard output and to standard error.
func command(args []string, proc fs.FS) (status int, out []byte, complaint string) {
	o, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0, []byte(helpText()), ""
	}
	var b bytes.Buffer
	if err == nil {
		err = answer(&b, o, proc)
	}
	if err != nil {
		var why strings.Builder
		status = asked.Failed(&why, "upgrade", err)
		return status, nil, why.String()
	}
	return 0, b.Bytes(), ""
}

// answer finds everything out and prints it.
func answer(w io.Writer, o options, proc fs.FS) error {
	c, err := resolve(o, proc)
	if err != nil {
		return err
	}
	r := report(c)
	if o.json {
		return prose.JSON(w, r)
	}
	return writeText(w, r, o.all)
}
