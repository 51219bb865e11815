package main

// A Report is everything that the command has to say.
type Report struct {
	Stories []StoryReport `json:"stories"`
}

// A StoryReport is one incident.
type StoryReport struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Release is the kernel of the story, and Setting what is the case when it begins.
	Release string `json:"release"`
	Setting string `json:"setting"`
	// Ends is how it ends, a sentence each.
	Ends []string `json:"ends"`
	// Events is the story itself, Claims what the article says about it; both only if one incident is asked for.
	Events []EventReport `json:"events,omitempty"`
	Tables []TableReport `json:"tables"`
	Claims []ClaimReport `json:"claims,omitempty"`
}

// An EventReport is one turn of a story.
type EventReport struct {
	Seconds float64 `json:"seconds"`
	Where   string  `json:"where"` // host, program or box
	Text    string  `json:"text"`
	// Counters are those that the kernel raised.
	Counters []string `json:"counters,omitempty"`
}

// A TableReport is the same question put to several releases.
type TableReport struct {
	Title  string     `json:"title"`
	Header []string   `json:"header"`
	Rows   [][]string `json:"rows"`
	Note   string     `json:"note,omitempty"`
}

// A ClaimReport is a claim of the article against what kernels do.
type ClaimReport struct {
	Claim string `json:"claim"`
	// Verdict is "true", "partly" or "false".
	Verdict string `json:"verdict"`
	Kernels string `json:"kernels"`
}
