package main

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"

	"example.com/linuxtcp/portalloc"
)

// The picture has a background of its own, so that it looks the same on a light page and on a
// dark one.
const (
	width, height            = 800, 470
	left, right, top, bottom = 74, 36, 66, 62
	mostValue                = 50000 // of the scale, which begins at 1
)

const (
	ink   = "#1f2328"
	faint = "#d0d7de"
	grey  = "#6e7781"
	blue  = "#0550ae"
	red   = "#bc4c00"
)

// canvas collects the picture.
type canvas struct {
	bytes.Buffer
	ports int
}

// x and y round each product on its own (float64), so that no processor fuses it with the sum
// and draws another picture.
func (c *canvas) x(used int) float64 {
	return left + float64(float64(used)/float64(c.ports)*(width-left-right))
}

func (c *canvas) y(value float64) float64 {
	return height - bottom - float64(math.Log10(max(value, 1))/math.Log10(mostValue)*(height-top-bottom))
}

func (c *canvas) line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(c, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

func (c *canvas) text(x, y float64, anchor, colour, words string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, colour, words)
}

func (c *canvas) curve(points []point, value func(point) float64, colour, more string) {
	fmt.Fprintf(c, `<polyline fill="none" stroke="%s" stroke-width="2"%s points="`, colour, more)
	for i, p := range points {
		if i > 0 {
			c.WriteByte(' ')
		}
		fmt.Fprintf(c, "%.1f,%.1f", c.x(p.used), c.y(value(p)))
	}
	c.WriteString("\"/>\n")
}

// draw draws the measurement m, the candidates of its kernel (today) and those of a
// kernel that tries the ports in one go (before).
func draw(m measured, today, before []point) []byte {
	c := &canvas{ports: m.ports}
	base, each := m.cost(func(used int) int { return at(today, used) })

	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="13" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(c, "<title>What connect() costs while the ports of a destination fill up</title>\n")
	fmt.Fprintf(c, `<rect x="0.5" y="0.5" width="%d" height="%d" rx="8" fill="#ffffff" stroke="%s"/>`+"\n", width-1, height-1, faint)
	fmt.Fprintf(c, `<text x="%d" y="26" font-size="16" font-weight="600" fill="%s">What connect() costs while the ports of a destination fill up</text>`+"\n", left, ink)
	c.text(left, 47, "start", grey, fmt.Sprintf("One destination, %s ports. Lines: the model. Points: Linux %s, measured %s.", thousands(m.ports), m.kernel, m.date))

	for _, v := range []float64{1, 10, 100, 1000, 10000} {
		c.line(left, c.y(v), width-right, c.y(v), faint)
		c.text(left-8, c.y(v)+4, "end", ink, thousands(int(v)))
	}
	for percent := 0; percent <= 100; percent += 10 {
		x := c.x(m.ports * percent / 100)
		c.line(x, height-bottom, x, height-bottom+5, grey)
		c.text(x, height-bottom+20, "middle", ink, strconv.Itoa(percent)+" %")
	}
	c.text((left+width-right)/2, height-bottom+42, "middle", ink, "ports in use")
	fmt.Fprintf(c, `<text transform="translate(20 %d) rotate(-90)" text-anchor="middle" fill="%s">candidates, or microseconds</text>`+"\n", (top+height-bottom)/2, ink)

	c.curve(before, func(p point) float64 { return float64(p.candidates) }, grey, ` stroke-dasharray="2 4"`)
	c.curve(today, func(p point) float64 { return float64(p.candidates) }, blue, "")
	c.curve(today, func(p point) float64 { return micros(took(p, base, each)) }, red, ` stroke-dasharray="7 4"`)
	for _, l := range m.levels {
		inside := red
		if l.failed {
			inside = "#ffffff"
		}
		c.line(c.x(l.used), c.y(micros(l.least)), c.x(l.used), c.y(micros(l.most)), red)
		fmt.Fprintf(c, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s" stroke="%s"/>`+"\n", c.x(l.used), c.y(micros(l.median)), inside, red)
	}

	c.text(c.x(m.ports/4), c.y(22), "middle", red, fmt.Sprintf("time of connect() in µs: %.1f + %.3f × candidates", micros(base), micros(each)))
	c.text(c.x(m.ports/50), c.y(1.5), "start", blue, "candidates, 4.6 to 7.2")
	c.text(c.x(m.ports*3/4), c.y(3), "middle", grey, "candidates, 2.6.32 to 4.5")
	c.text(c.x(m.ports/2)-10, c.y(14117)+4, "end", blue, "half of all ports, each time")
	c.text(width-right-12, c.y(float64(m.ports)), "end", ink, "EADDRNOTAVAIL after all of them")
	c.WriteString("</svg>\n")
	return c.Bytes()
}

// at returns the candidates of the point at or next below used.
func at(points []point, used int) int {
	n := 0
	for _, p := range points {
		if p.used <= used {
			n = p.candidates
		}
	}
	return n
}

// took is the model's time of a call, with the machine's two numbers.
func took(p point, base, each time.Duration) time.Duration {
	t, err := portalloc.ConnectTime(float64(p.candidates), base, each)
	if err != nil {
		return 0
	}
	return t
}

func micros(d time.Duration) float64 { return float64(d) / 1000 }

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
