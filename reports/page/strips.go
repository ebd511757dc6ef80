package page

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// A stripChart shows what is asked of a limit, and below it what each strategy makes of it.
type stripChart struct {
	Load   *plot // nil where nothing is known
	Label  string
	Axes   string
	Box    string
	Ticks  []tick
	XLabel string
	Bands  []band
	Rows   []strip
	Levels []string // what each level of colour means
}

// A strip is a row of it.
type strip struct {
	Name, Class, Text, Label string
	Paths                    []areaPath
	Values                   string // what the script shows under the pointer: a line of each kind
}

const (
	levels   = 5 // of colour for attempts
	stripTop = 4 // middle of the strip, of a height of 10
	stripLow = 9 // middle of the line of calls given up
)

func stripsOf(c *chart.Strips) *stripChart {
	n := 0
	for _, r := range c.Rows {
		n = max(n, len(r.Rejected), len(r.Lost), len(r.GivenUp))
	}
	each := together(n, len(c.Rows))
	width := c.Width * float64(each)
	count := (c.Time.Hi - c.Time.Lo) / width
	out := &stripChart{
		Label: c.Title, Ticks: ticksOf(&c.Time, plotWidth, phoneWidth), XLabel: c.Time.Label, Bands: bandsOf(&c.Time, c.Bands),
	}
	for i := 1; i < len(c.Edges); i++ {
		out.Levels = append(out.Levels, "≤ "+words.Plain(c.Edges[i]))
	}
	out.Levels = append(out.Levels, "more")
	if !words.Finite(count) || count <= 0 {
		return out
	}
	out.Axes = script(&c.Time, &chart.Axis{Hi: math.NaN()}, count, 1)
	out.Box = fmt.Sprintf("%.6g 0 %.6g 10", c.Time.Lo/width, count)
	for i := range c.Rows {
		out.Rows = append(out.Rows, stripOf(&c.Rows[i], c.Edges, each))
	}
	if len(c.Load) > 0 {
		out.Load = loadOf(c)
	}
	return out
}

func stripOf(s *chart.Strip, edges []float64, each int) strip {
	name := words.Printable(s.Name)
	out := strip{Name: name, Class: class(s.Role), Text: words.Printable(s.Text)}
	out.Label = name + ": " + out.Text
	rejected := thin(s.Rejected, each)
	lost := thin(s.Lost, each)
	given := thin(s.GivenUp, each)
	var paths [2][levels]runs
	var ends [3]runs
	for i := range max(len(rejected), len(lost), len(given)) {
		r, l := value(rejected, i), value(lost, i)
		kind, v := 0, r
		if l > r {
			kind, v = 1, l
		}
		if k := level(edges, v); k >= 0 {
			paths[kind][min(k, levels-1)].add(i, stripTop)
		}
		if g := value(given, i); g > 0 {
			ends[min(max(level(edges, g), 0), 2)].add(i, stripLow)
		}
	}
	for kind, css := range []string{"r", "l"} {
		for k := range levels {
			out.add(css+strconv.Itoa(k), &paths[kind][k])
		}
	}
	for k := range ends {
		out.add("g"+strconv.Itoa(k), &ends[k])
	}
	for _, v := range []struct {
		kind string
		list []float64
	}{{"429s per second", rejected}, {"other failures per second", lost}, {"calls given up per second", given}} {
		if text := rates(v.list); text != "" {
			out.Values += v.kind + ":" + text + "\n"
		}
	}
	return out
}

func (s *strip) add(css string, r *runs) {
	if text := r.String(); text != "" {
		s.Paths = append(s.Paths, areaPath{css, text})
	}
}

func value(list []float64, i int) float64 {
	if i < len(list) {
		return list[i]
	}
	return 0
}

// level is the highest edge that v reaches, -1 where it reaches none.
func level(edges []float64, v float64) int {
	k := -1
	for i, e := range edges {
		if v >= e {
			k = i
		}
	}
	return k
}

// runs is a path of level lines, one for each run of neighbouring steps.
type runs struct {
	out     []byte
	x, y    int // where the pen is
	from, n int // the run that is not yet written
	row     int
}

func (r *runs) add(i, row int) {
	r.row = row
	if r.n > 0 && i == r.from+r.n {
		r.n++
		return
	}
	r.flush()
	r.from, r.n = i, 1
}

func (r *runs) flush() {
	if r.n == 0 {
		return
	}
	r.out = fmt.Appendf(r.out, "m%d %dh%d", r.from-r.x, r.row-r.y, r.n)
	r.x, r.y, r.n = r.from+r.n, r.row, 0
}

func (r *runs) String() string { r.flush(); return string(r.out) }

// rates writes values with two digits, and a run of equal ones once: "0*120 3.1 5". It
// is empty where all are 0.
func rates(list []float64) string {
	var b strings.Builder
	some := false
	for i := 0; i < len(list); {
		v := short(list[i])
		j := i + 1
		for j < len(list) && short(list[j]) == v {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v)
		if j-i > 1 {
			b.WriteString("*" + strconv.Itoa(j-i))
		}
		some = some || v != "0"
		i = j
	}
	if !some {
		return ""
	}
	return b.String()
}

func short(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	p, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 1, 64), 64)
	return strconv.FormatFloat(p, 'f', -1, 64)
}

const loadHeight = 120

// loadOf draws what is asked of a limit against what it gives.
func loadOf(c *chart.Strips) *plot {
	p := &plot{
		Label: c.LoadY.Label, Axes: script(&c.Time, &c.LoadY, units, units), Time: true, Height: loadHeight, Below: 6,
		Box: fmt.Sprintf("0 0 %d %d", units, units), YLabel: c.LoadY.Label, Y: ticksOf(&c.LoadY, loadHeight/1.5, loadHeight/1.5),
		Bands: bandsOf(&c.Time, c.Bands),
	}
	for i := range c.Load {
		l := &c.Load[i]
		css, path := class(l.Role), curve(l, &c.Time, &c.LoadY)
		if l.Dashed {
			css += " dash"
		}
		if l.Role == chart.Load && path != "" {
			p.Areas = append(p.Areas, areaPath{"load", filled(l, &c.Time, &c.LoadY)})
		}
		title := names(l.Names)
		if title == "" {
			title = words.Printable(cmp.Or(l.Label, c.LoadY.Label))
		}
		p.Lines = append(p.Lines, line{Class: css, Title: title, Path: path})
		if n := min(len(l.X), len(l.Y)); n > 0 && l.Label != "" && l.Role == chart.Limit {
			if f, ok := at(&c.LoadY, l.Y[0]); ok {
				p.Labels = append(p.Labels, label{Class: "limit", Text: cut(words.Printable(l.Label), 2*labelLength), X: "0%", Y: percent(1 - f), DY: -5, Anchor: "inside"})
			}
		}
	}
	return p
}

// filled is the area below a line.
func filled(l *chart.Line, x, y *chart.Axis) string {
	var p pen
	first := true
	for i := range min(len(l.X), len(l.Y)) {
		fx, okX := at(x, l.X[i])
		fy, okY := at(y, l.Y[i])
		if !okX || !okY {
			continue
		}
		px, py := int(math.Round(fx*units)), int(math.Round((1-fy)*units))
		if first {
			p.to(px, units)
			first = false
		}
		if l.Steps {
			p.to(px, p.y)
		}
		p.to(px, py)
	}
	if first {
		return ""
	}
	p.to(p.x, units)
	return p.String() + "z"
}
