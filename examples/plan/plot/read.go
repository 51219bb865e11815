package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A report is what is drawn of the Report of examples/plan, which documents the fields.
type report struct {
	Kernel struct {
		Release string `json:"release"`
	} `json:"kernel"`
	Server *serverReport `json:"server"`
	Client *clientReport `json:"client"`
}

type serverReport struct {
	Load  string `json:"load"`
	Given struct {
		Backlog int `json:"backlog"`
		Limit   int `json:"limit"`
	} `json:"given"`
	Needed needed `json:"needed"`
	Users  struct {
		Connect struct {
			Steps [6]float64 `json:"steps"`
		} `json:"connect"`
	} `json:"users"`
	Depth []struct {
		At     float64 `json:"at"`
		Accept float64 `json:"accept_queue"`
	} `json:"depth"`
	Backlogs []point `json:"backlogs"`
	Curve    []point `json:"curve"`
	Across   *struct {
		Rows []struct {
			Release string  `json:"release"`
			Curve   []point `json:"curve"`
		} `json:"rows"`
	} `json:"across"`
}

type needed struct {
	Found   bool `json:"found"`
	Backlog int  `json:"backlog"`
}

// A point is what a backlog loses.
type point struct {
	Backlog float64 `json:"backlog"`
	Lost    float64 `json:"lost"`
}

type clientReport struct {
	Rate   float64 `json:"rate"`
	Across []struct {
		Release string `json:"release"`
		Now     needs  `json:"now"`
		Reuse   needs  `json:"reuse"`
		Bind    needs  `json:"bind"`
	} `json:"across"`
}

// needs are the smallest numbers that never fail, 0 for none.
type needs struct {
	Destinations float64 `json:"destinations"`
	Sources      float64 `json:"sources"`
}

// read reads a report.
func read(r io.Reader) (*report, error) {
	var x report
	if err := json.NewDecoder(r).Decode(&x); err != nil {
		return nil, fmt.Errorf("reading the JSON of plan -json: %w", err)
	}
	if x.Server == nil && x.Client == nil {
		return nil, errors.New("this JSON is not that of plan -json: it has neither server nor client")
	}
	return &x, nil
}
