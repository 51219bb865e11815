// Command guest runs the experiments on the kernel it finds itself on and
// prints one JSON line for each. It runs as an ordinary program with the
// right to make network namespaces, or as /init of a virtual machine; then
// it takes its arguments from the kernel command line (observe=GROUP,...
// width=N, or batch=FILE for the scripts of package batch), loads the modules
// beside it and powers the machine off.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/boot/guestinit"
	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/suite"
)

func main() {
	width := flag.Int("width", 8, "how many idle experiments run side by side")
	list := flag.Bool("list", false, "list the groups of experiments")
	flag.Parse()
	names := flag.Args()
	if os.Getpid() == 1 {
		args := guestinit.Start()
		defer guestinit.PowerOff()
		if w, err := strconv.Atoi(args["width"]); err == nil {
			*width = w
		}
		if file := args["batch"]; file != "" {
			if err := batch.InGuest(file, *width); err != nil {
				fmt.Println("guest:", err)
			}
			return
		}
		names = strings.Split(args["observe"], ",")
	}
	if *list || len(names) == 0 {
		fmt.Println("groups:", strings.Join(suite.Names(), " "))
		return
	}
	suite.Run(os.Stdout, names, *width)
	fmt.Printf("done: kernel %s, HZ %d, uptime %v\n", suite.Release(), lab.HZ(), lab.Uptime())
}
