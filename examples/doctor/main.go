package main

import (
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"time"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/prose"
)

// An environment is what the command touches of the world; tests give it another.
type environment struct {
	proc  fs.FS // rooted at /proc
	diag  func() ([]machine.DiagSocket, error)
	tree  func(dir string) (fs.FS, error) // a copied tree
	sleep func(time.Duration)
	// stdout takes the report, stderr what went wrong and that it waits.
	stdout, stderr io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], environment{
		proc: os.DirFS("/proc"), diag: machine.ReadDiag, tree: openTree, sleep: time.Sleep,
		stdout: os.Stdout, stderr: os.Stderr,
	}))
}

// openTree opens a copied tree.
func openTree(dir string) (fs.FS, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, errors.New("not a directory")
	}
	return os.DirFS(dir), nil
}

// run is the command. It returns the exit status.
func run(args []string, env environment) int {
	o, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(env.stdout, helpText)
		return 0
	}
	var p *patient
	if err == nil {
		p, err = admit(o, env)
	}
	if err != nil {
		return asked.Failed(env.stderr, "doctor", err)
	}
	r := p.report()
	if o.json {
		err = prose.JSON(env.stdout, r)
	} else {
		err = writeText(env.stdout, r, o.all)
	}
	if err != nil {
		return asked.Failed(env.stderr, "doctor", err)
	}
	return 0
}
