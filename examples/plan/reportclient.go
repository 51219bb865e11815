package main

// A ClientReport is the answer about outgoing connections.
type ClientReport struct {
	Findings []Finding `json:"findings"`
	// Rate is connections per second, spread evenly over Destinations and Sources; Open how long one lasts from connect()
	// until both sides have closed, Closes who closes first.
	Rate         float64 `json:"rate"`
	Open         float64 `json:"open"`
	Closes       string  `json:"closes"`
	Bind         bool    `json:"bind"` // bind() picks the port, before connect()
	Destinations int     `json:"destinations"`
	Sources      int     `json:"sources"`
	// Error is what the call that fails returns.
	Error string `json:"error"`
	// Now is what flags and sysctls describe.
	Now OutgoingReport `json:"now"`
	// Lasts says that the rate can be kept for ever. Else the first call fails not before Earliest and, if Fails, not
	// after Latest.
	Lasts    bool    `json:"lasts"`
	Fails    bool    `json:"fails"`
	Earliest float64 `json:"earliest,omitempty"`
	Latest   float64 `json:"latest,omitempty"`
	// Ways are the same with other settings, each alone.
	Ways []OutgoingReport `json:"ways"`
	// Across are other kernels: as it is, with tcp_tw_reuse=1, and with bind() before connect().
	Across []OutgoingAcross `json:"across"`
	// Confirmed is there with -confirm.
	Confirmed []ConfirmReport `json:"confirmed,omitempty"`
}

// An OutgoingReport is what a rate takes in one way. A number of 0 means that none is enough, and the text beside it
// why.
type OutgoingReport struct {
	How string `json:"how"`
	// If is on which condition, "" for none.
	If string `json:"if,omitempty"`
	// HoldMin and HoldMax are how long a connection keeps its port.
	HoldMin float64 `json:"hold_min"`
	HoldMax float64 `json:"hold_max"`
	// Sure is the rate that never fails; above Most some call does. 0 and 0: any rate is kept.
	Sure float64 `json:"sure"`
	Most float64 `json:"most"`
	// Ports is the smallest range, Destinations and Sources the smallest numbers, each alone.
	Ports            int    `json:"ports"`
	PortsText        string `json:"ports_text,omitempty"`
	Destinations     int    `json:"destinations"`
	DestinationsText string `json:"destinations_text,omitempty"`
	Sources          int    `json:"sources"`
	SourcesText      string `json:"sources_text,omitempty"`
}

// An OutgoingAcross is one other kernel.
type OutgoingAcross struct {
	Release string         `json:"release"`
	Now     OutgoingReport `json:"now"`
	Reuse   OutgoingReport `json:"reuse"`
	Bind    OutgoingReport `json:"bind"`
}

// A ConfirmReport is a run in a world of hosts, for Seconds.
type ConfirmReport struct {
	What        string  `json:"what"`
	Seconds     float64 `json:"seconds"`
	Connections uint64  `json:"connections"`
	Failed      uint64  `json:"failed"`
}
