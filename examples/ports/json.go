package main

import (
	"encoding/json"
	"io"
)

// writeJSON prints the report as indented JSON.
func writeJSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
