package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// headroom is how much higher than the highest value an axis is, for the legend.
const headroom = 1.4

// A size is in centimetres: of the whole, and of one plot.
type size struct{ width, height float64 }

// draw writes the plots of a report, one below the other.
func draw(w io.Writer, r *report, s size, png bool) error {
	var plots []*plot.Plot
	var err error
	if r.Server != nil {
		plots, err = serverPlots(r.Kernel.Release, r.Server)
	} else {
		plots, err = clientPlots(r.Client)
	}
	if err != nil {
		return err
	}
	width, height := vg.Length(s.width)*vg.Centimeter, vg.Length(s.height)*vg.Centimeter*vg.Length(len(plots))
	type image interface {
		vg.CanvasSizer
		io.WriterTo
	}
	var c image
	if png {
		c = vgimg.PngCanvas{Canvas: vgimg.New(width, height)}
	} else {
		c = vgsvg.New(width, height)
	}
	rows := make([][]*plot.Plot, len(plots))
	for i, p := range plots {
		rows[i] = []*plot.Plot{p}
	}
	pad := 2 * vg.Millimeter
	tiles := vgdraw.Tiles{Rows: len(plots), Cols: 1, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad, PadY: 2 * pad}
	canvases := plot.Align(rows, tiles, vgdraw.New(c))
	for i, p := range plots {
		p.Draw(canvases[i][0])
	}
	_, err = c.WriteTo(w)
	return err
}

// titled is an empty plot.
func titled(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	return p
}

// line adds a line with a name, which may be "".
func line(p *plot.Plot, n int, name string, points plotter.XYs) error {
	if len(points) == 0 {
		return nil
	}
	l, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	l.Color, l.Dashes, l.Width = plotutil.Color(n), plotutil.Dashes(n/len(plotutil.DefaultColors)), vg.Points(1)
	p.Add(l)
	if name != "" {
		p.Legend.Add(name, l)
	}
	return nil
}

// bars adds bars with their values, beside those of other groups.
func bars(p *plot.Plot, n, groups int, name string, values plotter.Values) error {
	width := vg.Points(24 / float64(groups))
	b, err := plotter.NewBarChart(values, width)
	if err != nil {
		return err
	}
	b.Color, b.LineStyle.Width = plotutil.Color(n), 0
	b.Offset = width * vg.Length(float64(n)-float64(groups-1)/2)
	p.Add(b)
	if name != "" {
		p.Legend.Add(name, b)
	}
	return nil
}

// serverPlots are those of a server.
func serverPlots(release string, r *serverReport) ([]*plot.Plot, error) {
	depth := titled(fmt.Sprintf("Accept queue, backlog %d, Linux %s", r.Given.Backlog, release), "seconds", "connections")
	var xys plotter.XYs
	most := 0.0
	for _, d := range r.Depth {
		xys = append(xys, plotter.XY{X: d.At, Y: d.Accept})
		most = math.Max(most, d.Accept)
	}
	if err := line(depth, 0, "", xys); err != nil {
		return nil, err
	}
	limit := func(n int, name string, at float64) error {
		if len(xys) == 0 || at > 3*most+10 { // it would press the rest to the ground
			return nil
		}
		return line(depth, n, fmt.Sprintf("%s %.0f", name, at), plotter.XYs{{X: xys[0].X, Y: at}, {X: xys[len(xys)-1].X, Y: at}})
	}
	if err := limit(1, "limit", float64(r.Given.Limit)); err != nil {
		return nil, err
	}
	if r.Needed.Found {
		if err := limit(2, "smallest that loses nothing", float64(r.Needed.Backlog)); err != nil {
			return nil, err
		}
	}

	depth.Y.Min, depth.Y.Max = 0, headroom*depth.Y.Max

	// A logarithm of users, as those who wait are few; those of 1 are to be seen too.
	waits := titled(fmt.Sprintf("Users by how long they wait for another SYN, backlog %d", r.Given.Backlog), "seconds", "users, 1 + lg")
	var users plotter.Values
	for _, n := range r.Users.Connect.Steps {
		users = append(users, magnitude(n))
	}
	if err := bars(waits, 0, 1, "", users); err != nil {
		return nil, err
	}
	labels := make([]string, len(users))
	for i, name := range []string{"none", "1", "3", "7", "15", "31+"} {
		labels[i] = fmt.Sprintf("%s (%.0f)", name, r.Users.Connect.Steps[i])
	}
	waits.NominalX(labels...)
	waits.Y.Min, waits.Y.Max = 0, headroom*waits.Y.Max

	loss, err := lossPlot(release, r)
	return []*plot.Plot{depth, waits, loss}, err
}

// magnitude is 0 for none, 1 for 1, 2 for 10, and so on.
func magnitude(n float64) float64 {
	if n < 1 {
		return 0
	}
	return 1 + math.Log10(n)
}

// lossPlot is what backlogs lose.
func lossPlot(release string, r *serverReport) (*plot.Plot, error) {
	p := titled("What a backlog loses", "backlog", "% of connections")
	p.Y.Min, p.X.Min = 0, 0
	curve := r.Curve
	if len(curve) == 0 {
		curve = r.Backlogs
	}
	if err := line(p, 0, release, percent(curve)); err != nil || r.Across == nil {
		return p, err
	}
	// Kernels that lose the same share a line.
	var names []string
	var curves [][]point
	shared := make(map[string]int)
	for _, row := range r.Across.Rows {
		key := fmt.Sprint(row.Curve)
		n, ok := shared[key]
		switch {
		case len(row.Curve) == 0:
		case ok && !strings.Contains(names[n], ", "):
			names[n] += ", " + row.Release
		case ok: // the first and the last
			first, _, _ := strings.Cut(names[n], ", ")
			names[n] = first + ", ..., " + row.Release
		default:
			shared[key] = len(names)
			names, curves = append(names, row.Release), append(curves, row.Curve)
		}
	}
	for i, curve := range curves {
		if err := line(p, i+1, names[i], percent(curve)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func percent(curve []point) (xys plotter.XYs) {
	for _, x := range curve {
		xys = append(xys, plotter.XY{X: x.Backlog, Y: 100 * x.Lost})
	}
	return xys
}

// clientPlots are those of a client.
func clientPlots(r *clientReport) ([]*plot.Plot, error) {
	p := titled(fmt.Sprintf("What %g connections per second need; none: no number is enough", r.Rate), "", "addresses")
	if len(r.Across) == 0 {
		return []*plot.Plot{p}, nil
	}
	var names []string
	groups := []struct {
		name string
		of   func(i int) float64
	}{
		{"destinations, as it is", func(i int) float64 { return r.Across[i].Now.Destinations }},
		{"destinations, tcp_tw_reuse=1", func(i int) float64 { return r.Across[i].Reuse.Destinations }},
		{"sources, bind() first", func(i int) float64 { return r.Across[i].Bind.Sources }},
	}
	for _, x := range r.Across {
		names = append(names, x.Release)
	}
	for n, g := range groups {
		var values plotter.Values
		for i := range r.Across {
			values = append(values, g.of(i))
		}
		if err := bars(p, n, len(groups), g.name, values); err != nil {
			return nil, err
		}
	}
	p.NominalX(names...)
	p.X.Tick.Label.Rotation = math.Pi / 6
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = vgdraw.XRight, vgdraw.YCenter
	p.Y.Min, p.Y.Max = 0, headroom*p.Y.Max
	return []*plot.Plot{p}, nil
}
