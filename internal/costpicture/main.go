// Command costpicture draws docs/connect-cost.svg: what connect() costs while the ports of
// a destination fill up, by the model and as measured on a kernel.
//
//	go run ./internal/costpicture
//
// The measured part is docs/connect-cost.csv, which conformance/cmd/connectcost prints;
// the rest is package portalloc. The same input gives the same bytes.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . -docs ../../docs

const (
	measuredFile = "connect-cost.csv"
	pictureFile  = "connect-cost.svg"
)

func main() {
	docs := flag.String("docs", "docs", "the folder of the measurement and of the picture")
	flag.Parse()
	svg, err := picture(*docs)
	if err == nil {
		err = os.WriteFile(filepath.Join(*docs, pictureFile), svg, 0o666)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "costpicture:", err)
		os.Exit(1)
	}
}

// picture draws from the measurement in a folder.
func picture(docs string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(docs, measuredFile))
	if err != nil {
		return nil, err
	}
	m, err := readMeasured(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", measuredFile, err)
	}
	today, err := examined(m.kernel, m.ports)
	if err != nil {
		return nil, err
	}
	before, err := examined("4.5", m.ports)
	if err != nil {
		return nil, err
	}
	return draw(m, today, before), nil
}
