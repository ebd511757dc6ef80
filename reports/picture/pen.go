package picture

import (
	"image/color"
	"math"
	"sort"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	xfont "golang.org/x/image/font"

	"ratesim/reports/chart"
)

// A pen measures and writes text.
type pen struct{ fonts *font.Cache }

func newPen() *pen { return &pen{font.NewCache(liberation.Collection())} }

// style says how a text is written.
type style struct {
	size   vg.Length
	colour color.Color
	italic bool
	bold   bool
	x      text.XAlignment
}

func (s style) font() font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: s.size}
	if s.italic {
		f.Style = xfont.StyleItalic
	}
	if s.bold {
		f.Weight = xfont.WeightBold
	}
	return f
}

// The sizes of text.
const (
	large  vg.Length = 15
	normal vg.Length = 10.5
	small  vg.Length = 10
	tiny   vg.Length = 8.5
)

func (p *pen) width(s style, t string) vg.Length {
	face := p.fonts.Lookup(s.font(), s.size)
	return face.Width(t)
}

// write writes a line of text whose middle is at y.
func (p *pen) write(c draw.Canvas, s style, x, y vg.Length, t string) {
	if t == "" {
		return
	}
	c.FillText(draw.TextStyle{Color: s.colour, Font: s.font(), XAlign: s.x, YAlign: draw.YCenter, Handler: text.Plain{Fonts: p.fonts}}, vg.Point{X: x, Y: y + 1}, t) // capitals and digits lie in the middle then
}

// wrap breaks a text into lines of at most a width, and at most so many lines; 0 = any
// number. A word that is longer than a line, and what is left over, are cut.
func (p *pen) wrap(s style, t string, width vg.Length, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(t) {
		longer := strings.TrimSpace(line + " " + word)
		if line == "" || p.width(s, longer) <= width {
			line = longer
			continue
		}
		lines, line = append(lines, line), word
	}
	if line != "" {
		lines = append(lines, line)
	}
	if most > 0 && len(lines) > most {
		lines[most-1] = strings.Join(lines[most-1:], " ")
		lines = lines[:most]
	}
	for i := range lines {
		lines[i] = p.fit(s, lines[i], width)
	}
	return lines
}

// fit cuts a text to a width.
func (p *pen) fit(s style, t string, width vg.Length) string {
	if p.width(s, t) <= width {
		return t
	}
	runes := []rune(t)
	n := sort.Search(len(runes), func(n int) bool { return p.width(s, string(runes[:n+1])+"…") > width })
	return strings.TrimSpace(string(runes[:n])) + "…"
}

// A headline is the title of a picture with what stands below it.
type headline struct {
	p            *pen
	title, notes []string
}

const (
	titleLine vg.Length = 19
	noteLine  vg.Length = 13
)

func titleStyle() style { return style{size: large, colour: ink()} }
func noteStyle() style  { return style{size: small, colour: muted()} }

func newHeadline(p *pen, h *chart.Head) headline {
	notes := h.Notes
	if len(h.Facts) > 0 {
		notes = append([]string{strings.Join(h.Facts, ", ") + "."}, notes...)
	}
	room := width - 2*margin
	return headline{p, p.wrap(titleStyle(), h.Title, room, 3), p.wrap(noteStyle(), strings.Join(notes, " "), room, 0)}
}

func (h headline) height() vg.Length {
	return margin + titleLine*vg.Length(len(h.title)) + noteLine*vg.Length(len(h.notes)) + 10
}

func (h headline) draw(c draw.Canvas) {
	y := c.Max.Y - margin - titleLine/2
	for _, line := range h.title {
		h.p.write(c, titleStyle(), c.Min.X, y, line)
		y -= titleLine
	}
	y += titleLine/2 - noteLine/2 - 1
	for _, line := range h.notes {
		h.p.write(c, noteStyle(), c.Min.X, y, line)
		y -= noteLine
	}
}

// corners are those of a rectangle.
func corners(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

func fill(c draw.Canvas, colour color.Color, x0, y0, x1, y1 vg.Length) {
	if x1 > x0 && y1 > y0 {
		c.FillPolygon(colour, corners(x0, y0, x1, y1))
	}
}

func stroke(c draw.Canvas, colour color.Color, w, x0, y0, x1, y1 vg.Length, dashes ...vg.Length) {
	c.StrokeLine2(draw.LineStyle{Color: colour, Width: w, Dashes: dashes}, x0, y0, x1, y1)
}

// disc draws a filled circle, ring an open one.
func disc(c draw.Canvas, colour color.Color, x, y, radius vg.Length) {
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: colour, Radius: radius, Shape: draw.CircleGlyph{}}, vg.Point{X: x, Y: y})
}

func ring(c draw.Canvas, colour color.Color, x, y, radius vg.Length) {
	disc(c, colour, x, y, radius)
	disc(c, paper(), x, y, radius-1)
}

// span is where an axis lies on the paper.
type span struct {
	axis   *chart.Axis
	lo, hi vg.Length
}

// at is where a value lies, within the axis.
func (s span) at(v float64) vg.Length { return s.lo + vg.Length(s.axis.At(v))*(s.hi-s.lo) }

// beyond is where a value lies on the axis as it goes on beyond its ends, for lines
// that are clipped.
func (s span) beyond(v float64) vg.Length {
	a := *s.axis
	share := a.At(v)
	if lo, hi := a.Lo, a.Hi; hi > lo && (v < lo || v > hi) {
		if a.Log {
			v, lo, hi = math.Log(max(v, lo*1e-3)), math.Log(lo), math.Log(hi)
		}
		share = min(max((v-lo)/(hi-lo), -10), 10)
	}
	return s.lo + vg.Length(share)*(s.hi-s.lo)
}
