package main

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"example.com/linuxtcp/internal/prose"
)

func writeClient(b *bytes.Buffer, r *ClientReport) {
	bind := ""
	if r.Bind {
		bind = ", bind() before connect()"
	}
	prose.Paragraph(b, "Load:    ", fmt.Sprintf("%s connections per second from %s to %s, open for %s, the %s closes first%s",
		digits(r.Rate), prose.Plural(r.Sources, "source address"), prose.Plural(r.Destinations, "destination"), secondsText(r.Open), r.Closes, bind))
	b.WriteByte('\n')
	writeFindings(b, r.Findings)
	b.WriteString("\nWhat never fails, each number alone\n")
	fmt.Fprintf(b, "    %-44s %-14s %9s %12s %8s %6s\n", "WAY", "A PORT IS KEPT", "RATE/s", "DESTINATIONS", "SOURCES", "PORTS")
	row := func(mark byte, x OutgoingReport) {
		fmt.Fprintf(b, "  %c %-44s %-14s %9s %12s %8s %6s\n", mark, x.How, holdText(x), sureText(x), orNone(x.Destinations), orNone(x.Sources), orNone(x.Ports))
	}
	row('*', r.Now)
	for _, x := range r.Ways {
		row(' ', x)
	}
	b.WriteString("\nThe same on other kernels\n")
	fmt.Fprintf(b, "    %-33s %16s | %16s | %16s\n", "", "AS IT IS", "tcp_tw_reuse=1", "bind() FIRST")
	fmt.Fprintf(b, "    %-16s %-16s %8s %7s | %8s %7s | %8s %7s\n", "RELEASE", "A PORT IS KEPT", "DESTIN.", "PORTS", "DESTIN.", "PORTS", "SOURCES", "PORTS")
	for _, x := range r.Across {
		fmt.Fprintf(b, "    %-16s %-16s %8s %7s | %8s %7s | %8s %7s\n", x.Release, holdText(x.Now), orNone(x.Now.Destinations), orNone(x.Now.Ports),
			orNone(x.Reuse.Destinations), orNone(x.Reuse.Ports), orNone(x.Bind.Sources), orNone(x.Bind.Ports))
	}
	prose.Paragraph(b, "    ", "The smallest number of destinations or source addresses, or the smallest range, that never fails. Sysctls that are set here are set there too; the others are that kernel's defaults.")
}

// orNone is a number, or that there is none.
func orNone(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

func sureText(r OutgoingReport) string {
	if r.HoldMax == 0 {
		return "any"
	}
	if r.Sure < 1000 {
		return digits(math.Floor(r.Sure*10) / 10)
	}
	return digits(math.Floor(r.Sure))
}
