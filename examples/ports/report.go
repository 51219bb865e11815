package main

import "example.com/linuxtcp/internal/asked"

// A Report is the whole answer, and what -json prints. Field names do not change; new
// ones may come. A list that has nothing to say is left out. Times are seconds, rates
// connections per second.
type Report struct {
	Kernel KernelReport `json:"kernel"`
	// Sysctls are those that the answer rests on. tcp_max_tw_buckets is missing where it
	// is not known.
	Sysctls []SysctlReport `json:"sysctls"`
	// Findings are the answer in sentences, the gravest first.
	Findings []Finding   `json:"findings"`
	Ports    PortsReport `json:"ports"`
	// Rates are what can be kept for ever, by who closes first and tcp_tw_reuse.
	Rates []RateReport `json:"rates"`
	// AtRate is there with -rate.
	AtRate *AtRateReport `json:"at_rate,omitempty"`
	// Formulas are those in circulation, held against the row of Rates that is Current.
	Formulas []FormulaReport `json:"formulas"`
	// Curve is there with -curve, Race with -race.
	Curve *CurveReport `json:"curve,omitempty"`
	Race  *RaceReport  `json:"race,omitempty"`
	// Undecided are the changes of which the release's name does not tell whether it has
	// them.
	Undecided []asked.OpenChange `json:"undecided,omitempty"`
	// Notes are about the whole answer: what was assumed.
	Notes []string `json:"notes,omitempty"`
	// Unread is what could not be read, a sentence each.
	Unread []string `json:"unread,omitempty"`
}

// A KernelReport says which kernel's rules were applied.
type KernelReport struct {
	// Release is the name, with the patch level in parentheses where it was found
	// elsewhere.
	Release string `json:"release"`
	Vendor  string `json:"vendor"`
	// Source says where release and sysctls come from.
	Source string `json:"source"`
	// HZ is CONFIG_HZ, and HZSource "flag", "/proc/config.gz" or "assumed".
	HZ       int    `json:"hz"`
	HZSource string `json:"hz_source"`
}

// A SysctlReport is one sysctl.
type SysctlReport struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Source is "/proc/sys", "flag" or "default".
	Source string `json:"source"`
}

// A Finding is one sentence.
type Finding struct {
	// Bad says that something fails or does not help.
	Bad  bool   `json:"bad"`
	Text string `json:"text"`
}

// A PortsReport is what there is to use.
type PortsReport struct {
	// Picker says who picks the port, which decides what a port is shared by.
	Picker string `json:"picker"`
	Low    int    `json:"low"`
	High   int    `json:"high"`
	// Reserved is how many ports of the range cannot be had.
	Reserved int `json:"reserved"`
	// UsableSure and UsableMost are the ports that one source address and one destination
	// can have at once. They differ for ranges of odd size from 4.6 on.
	UsableSure int `json:"usable_sure"`
	UsableMost int `json:"usable_most"`
	// Odd says that such a range loses a port.
	Odd bool `json:"odd"`
	// For says whom: those who can have the usable ports at once.
	For          string `json:"for"`
	Sources      int    `json:"sources"`
	Destinations int    `json:"destinations"`
	// CapacitySure and CapacityMost are the connections at once, those in TIME_WAIT included, over
	// all sources and destinations.
	CapacitySure int `json:"capacity_sure"`
	CapacityMost int `json:"capacity_most"`
	// Shared is how often a port serves at once.
	Shared int `json:"shared"`
}

// A RateReport is one way in which connections are closed.
type RateReport struct {
	How string `json:"how"`
	// Current says that it is the way that the flags and sysctls describe.
	Current bool `json:"current"`
	// HoldMin and HoldMax are how long a connection keeps its port.
	HoldMin float64 `json:"hold_min"`
	HoldMax float64 `json:"hold_max"`
	// Sure never fails; above Most some call does.
	Sure float64 `json:"sure"`
	Most float64 `json:"most"`
	// Why says what the row rests on.
	Why string `json:"why"`

	serverFirst, reuse bool
	timeWaitMin        float64
	timeWaitMax        float64
}

// An AtRateReport is what -rate asks.
type AtRateReport struct {
	PerSecond float64 `json:"per_second"`
	// Error is what the call that fails returns.
	Error string `json:"error"`
	// Lasts says that no call ever fails. Else the first fails not before Earliest and,
	// if Fails, not after Latest; if not Fails, perhaps never.
	Lasts    bool    `json:"lasts"`
	Fails    bool    `json:"fails"`
	Earliest float64 `json:"earliest,omitempty"`
	Latest   float64 `json:"latest,omitempty"`
	// InUse is how many ports one source and destination then have in use, at most;
	// Candidates and CallSeconds are what one search costs there, by estimate, and
	// CPUPercent what all cost a processor. They are 0 where all ports are reserved.
	InUse       int     `json:"in_use"`
	Candidates  float64 `json:"candidates"`
	CallSeconds float64 `json:"call_seconds"`
	CPUPercent  float64 `json:"cpu_percent"`
	// Needs are ways to keep the rate for ever, each alone.
	Needs []NeedReport `json:"needs"`
}

// A NeedReport is one thing that would keep the rate for ever.
type NeedReport struct {
	What string `json:"what"`
	// Now and Needed are numbers of it; Needed is 0 if no number helps.
	Now    int    `json:"now"`
	Needed int    `json:"needed"`
	Text   string `json:"text"`
}

// A FormulaReport is one formula in circulation.
type FormulaReport struct {
	Formula   string  `json:"formula"`
	PerSecond float64 `json:"per_second"`
	// Verdict is "right", "at best" (above what is sure), "too high" or "too low" here.
	Verdict string `json:"verdict"`
	Why     string `json:"why"`
}

// A CurveReport is the cost of a search over the ports in use.
type CurveReport struct {
	Call string `json:"call"`
	// For is that of PortsReport.
	For string `json:"for"`
	// BaseSeconds and EachSeconds are what the time is estimated from: a call, and each
	// candidate.
	BaseSeconds float64      `json:"base_seconds"`
	EachSeconds float64      `json:"each_seconds"`
	Points      []CurvePoint `json:"points"`
	Note        string       `json:"note"`
}

// A CurvePoint is one row of it.
type CurvePoint struct {
	InUse       int     `json:"in_use"`
	Occupancy   float64 `json:"occupancy"`
	Candidates  float64 `json:"candidates"`
	CallSeconds float64 `json:"call_seconds"`
}

// A RaceReport is what two connect() calls do to one TIME_WAIT entry.
type RaceReport struct {
	// Exists says that this kernel has the race.
	Exists        bool            `json:"exists"`
	Config        string          `json:"config"`
	Interleavings uint64          `json:"interleavings"`
	Doubles       uint64          `json:"doubles"`
	Outcomes      []OutcomeReport `json:"outcomes"`
	// Story is one order of steps that ends with two equal SYNs, and Ends how it goes on
	// for the connect() that starves.
	Story []string `json:"story,omitempty"`
	Ends  []string `json:"ends,omitempty"`
}

// An OutcomeReport is one end of the race.
type OutcomeReport struct {
	Interleavings uint64 `json:"interleavings"`
	Text          string `json:"text"`
	Double        bool   `json:"double"`
}
