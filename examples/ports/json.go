package main

import (
	"io"

	"example.com/linuxtcp/internal/prose"
)

// writeJSON prints the report as indented JSON.
func writeJSON(w io.Writer, r *Report) error { return prose.JSON(w, r) }
