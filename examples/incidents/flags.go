package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"

	"example.com/linuxtcp/kernel"
)

// Values of -filter.
const (
	filterNone = "none"
	filterACK  = "ack"
	filterRST  = "rst"
)

// mostLeaked is the number of ports that connect() has to choose from by default, and a bit less.
const mostLeaked = 10_000

// options are the flags.
type options struct {
	incident string // "" for all
	release  string // "" for that of the incident
	filter   string
	leaked   int
	client   string // nat: the kernel of a client alone; "" for two phones
	inWindow bool   // leaks: the second SYN's number lies in the old window
	json     bool
}

// parseFlags reads the command line.
func parseFlags(args []string) (options, error) {
	o := options{filter: filterNone, leaked: 500}
	f := flag.NewFlagSet("incidents", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.BoolVar(&o.json, "json", false, "")
	f.Func("incident", "", func(text string) error {
		for i, c := range chapters() {
			if text == c.name || text == strconv.Itoa(i+1) {
				o.incident = c.name
				return nil
			}
		}
		return errors.New("queues, nat, race or leaks is needed, or 1 to 4")
	})
	f.Func("release", "", func(text string) error {
		_, err := kernel.Parse(text)
		o.release = text
		return err
	})
	f.Func("client", "", func(text string) error {
		_, err := kernel.Parse(text)
		o.client = text
		return err
	})
	f.BoolVar(&o.inWindow, "inwindow", false, "")
	f.Func("filter", "", func(text string) error {
		o.filter = text
		if text != filterNone && text != filterACK && text != filterRST {
			return errors.New("none, ack or rst is needed")
		}
		return nil
	})
	f.Func("leaked", "", func(text string) (err error) {
		o.leaked, err = strconv.Atoi(text)
		if err != nil || o.leaked < 1 || o.leaked > mostLeaked {
			return fmt.Errorf("a whole number from 1 to %d is needed", mostLeaked)
		}
		return nil
	})
	err := f.Parse(args)
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("argument %q: only flags are taken", f.Arg(0))
	}
	return o, err
}
