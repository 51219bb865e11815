package prose

import (
	"encoding/json"
	"io"
)

// JSON prints a report as indented JSON.
func JSON(w io.Writer, report any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(report)
}
