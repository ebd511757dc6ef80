package page

import (
	"math"
	"strconv"
	"strings"

	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// From so many rows on, a ranking folds those after [foldedTo].
const (
	foldFrom = 25
	foldedTo = 20
)

// rankingTable is a table whose cells are marks on axes.
type rankingTable struct {
	Label string
	Heads []rankHead
	Why   string
	Rows  []rankRow
	Lead  bool // one of the rows stands out
}

type rankHead struct {
	Title string
	Sort  bool
	Plain bool // numbers without marks
	Bars  bool
	Ticks []tick
	Label string
	Never bool
}

type rankRow struct {
	Name, Class, Why string
	Fold             bool
	Cells            []rankCell
}

type rankCell struct {
	Head  string
	Sort  string
	Text  string
	Label string // for those who do not see the marks
	Plain bool
	Bars  bool
	Lines []string // grid
	Zero  string   // where 0 is, within the axis
	Never string   // where the stripe begins
	Marks []mark
}

// A mark is drawn in the middle of a row.
type mark struct {
	Kind   string // stem, range, ends, dot, tick, ring, square, more, bar
	Class  string
	X, X2  string
	Width  string
	Filled bool
}

func rankingOf(c *chart.Ranking) *rankingTable {
	out := &rankingTable{Label: c.Title, Why: c.Why}
	for k := range c.Panels {
		p := &c.Panels[k]
		h := rankHead{Title: p.Title, Plain: true, Label: p.Axis.Label}
		for i := range p.Rows {
			m := &p.Rows[i]
			h.Sort = h.Sort || sortKey(m) != ""
			h.Plain = h.Plain && len(m.Points) == 0 && len(m.Parts) == 0
			h.Bars = h.Bars || len(m.Parts) > 0
		}
		if !h.Plain && !h.Bars {
			h.Ticks, h.Never = ticksOf(&p.Axis, 170, 85), p.Axis.Never
			for n := len(h.Ticks); h.Never && n > 0 && h.Ticks[n-1].place > 0.77; n = len(h.Ticks) {
				h.Ticks = h.Ticks[:n-1] // "never" is written there
			}
		}
		out.Heads = append(out.Heads, h)
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		row := rankRow{Name: words.Printable(r.Name), Class: class(r.Role), Why: words.Printable(r.Why)}
		row.Fold = len(c.Rows) >= foldFrom && i >= foldedTo && r.Role == chart.Other
		out.Lead = out.Lead || r.Role == chart.Chosen
		for k := range c.Panels {
			var m chart.Marks
			if i < len(c.Panels[k].Rows) {
				m = c.Panels[k].Rows[i]
			}
			row.Cells = append(row.Cells, rankCellOf(&c.Panels[k], &out.Heads[k], &m))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func rankCellOf(p *chart.Panel, h *rankHead, m *chart.Marks) rankCell {
	c := rankCell{Head: words.Printable(p.Title), Sort: sortKey(m), Text: words.Printable(m.Text), Plain: h.Plain, Bars: h.Bars}
	if h.Plain {
		return c
	}
	var said []string
	if f, ok := at(&p.Axis, 0); ok && !p.Axis.Log && p.Axis.Lo < 0 && p.Axis.Hi > 0 {
		c.Zero = percent(f)
	}
	if h.Bars {
		c.Marks = bars(&p.Axis, m.Parts)
	} else {
		for _, t := range h.Ticks {
			c.Lines = append(c.Lines, t.At)
		}
		if p.Axis.Never {
			c.Never = percent(1 - never)
		}
		c.Marks = marks(&p.Axis, m.Points)
		for i := range m.Points {
			if t := m.Points[i].Text; t != "" {
				said = append(said, words.Printable(t))
			}
		}
	}
	c.Label = strings.Join(said, ", ")
	return c
}

// marks draws what lies behind first: the range, stems and intervals, then points.
func marks(a *chart.Axis, list []chart.Point) []mark {
	var back, front []mark
	lo, hi, n := math.Inf(1), math.Inf(-1), 0
	for i := range list {
		p := &list[i]
		f, ok := at(a, p.At)
		if p.Never {
			f, ok = atNever, true
		}
		if !ok {
			continue
		}
		x := percent(f)
		if p.Stem {
			from, _ := at(a, max(0, a.Lo))
			back = append(back, mark{Kind: "stem", X: percent(from), X2: x})
		}
		if from, ok1 := at(a, p.Lo); ok1 && p.Lo < p.Hi && !p.Never {
			to, ok2 := at(a, p.Hi)
			if math.IsInf(p.Hi, 1) && a.Never {
				to, ok2 = atNever, true
			}
			if ok2 && to > from {
				back = append(back, mark{Kind: "ends", X: percent(from), X2: percent(to)})
			}
		}
		if p.Shape == chart.Pale {
			back = append(back, mark{Kind: "pale", X: x})
			continue
		}
		lo, hi, n = min(lo, f), max(hi, f), n+1
		kind := [...]string{"dot", "tick", "ring", "square"}[min(p.Shape, chart.Square)]
		if !p.Never && p.At > a.Hi {
			kind = "more"
		}
		front = append(front, mark{Kind: kind, X: x})
	}
	if n > 1 && hi > lo {
		back = append([]mark{{Kind: "range", X: percent(lo), X2: percent(hi)}}, back...)
	}
	return append(back, front...)
}

// bars draws the parts of a bar one after another.
func bars(a *chart.Axis, parts []chart.Part) []mark {
	var out []mark
	sum := 0.0
	for _, p := range parts {
		from, ok1 := at(a, sum)
		to, ok2 := at(a, sum+p.Value)
		from, to = min(from, to), max(from, to)
		if !ok1 || !ok2 || to == from {
			continue
		}
		out = append(out, mark{Kind: "bar", Class: kindClass(p.Kind), X: percent(from), Width: percent(to - from)})
		sum += p.Value
	}
	return out
}

// sortKey orders rows by the value that counts: the dot, or the length of the bar.
func sortKey(m *chart.Marks) string {
	for i := range m.Points {
		p := &m.Points[i]
		switch {
		case p.Shape != chart.Dot:
		case p.Never:
			return "Infinity"
		default:
			return number(p.At)
		}
	}
	if len(m.Parts) == 0 {
		return ""
	}
	sum := 0.0
	for _, p := range m.Parts {
		sum += p.Value
	}
	return number(sum)
}

// number writes a value for the script; what is no number is empty, and sorts last.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
