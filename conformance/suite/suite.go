// Package suite is the list of experiments: each asks the running kernel one
// thing and reports what was seen, never what was expected.
package suite

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
)

// M is a JSON object.
type M = map[string]any

// A Case is one experiment with one set of parameters: one line of output.
type Case struct {
	Exp string
	In  M
	Run func(l *lab.Lab) M
	// Idle says that the case spends its time waiting, so that others may
	// run beside it.
	Idle bool
	// Init says that the case looks at the first namespace and is given no
	// lab of its own.
	Init bool
}

// groups are the sets of cases that can be asked for by name.
var groups = map[string]func() []Case{}

// Names lists the groups.
func Names() []string {
	var n []string
	for k := range groups {
		n = append(n, k)
	}
	slices.Sort(n)
	return n
}

// Release is the upstream version of the running kernel. Debian's packages
// tell it in the version string; elsewhere it is the start of uname -r.
func Release() string {
	var u unix.Utsname
	unix.Uname(&u)
	if m := regexp.MustCompile(`Debian (\d+\.\d+\.\d+)`).FindStringSubmatch(unix.ByteSliceToString(u.Version[:])); m != nil {
		return m[1]
	}
	r, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	return r
}

type line struct {
	Kernel string `json:"kernel"`
	Exp    string `json:"exp"`
	In     M      `json:"in"`
	Out    M      `json:"out"`
}

// Run runs the named groups ("all" for every one) and writes a line for each
// case: first the busy ones in order, then the idle ones, width at a time.
func Run(w io.Writer, names []string, width int) {
	var busy, idle []Case
	for _, n := range names {
		f, ok := groups[n]
		if !ok {
			fmt.Fprintln(os.Stderr, "no such group:", n)
			continue
		}
		for _, c := range f() {
			if c.Idle {
				idle = append(idle, c)
			} else {
				busy = append(busy, c)
			}
		}
	}
	kernel := Release()
	var mu sync.Mutex
	one := func(c Case) {
		out := M{}
		var err error
		if c.Init {
			out = c.Run(nil)
		} else {
			err = lab.Do(func(l *lab.Lab) { out = c.Run(l) })
		}
		if err != nil {
			out = M{"error": err.Error()}
		}
		if c.In == nil {
			c.In = M{}
		}
		b, _ := json.Marshal(line{kernel, c.Exp, c.In, out})
		mu.Lock()
		fmt.Fprintf(w, "%s\n", b)
		mu.Unlock()
	}
	for _, c := range busy {
		one(c)
	}
	var wg sync.WaitGroup
	slots := make(chan bool, max(width, 1))
	for _, c := range idle {
		slots <- true
		wg.Go(func() {
			one(c)
			<-slots
		})
	}
	wg.Wait()
}

// port is the server port of every experiment; each has its own namespace.
const port = 80

// num turns an error into what is recorded: "ok" or the errno's text.
func num(err error) string {
	if err == nil {
		return "ok"
	}
	if pe, ok := err.(*os.PathError); ok {
		err = pe.Err
	}
	return err.Error()
}
