package page

import (
	"math"
	"strconv"

	"ratesim/reports/chart"
)

// A page draws at most so many steps of a time axis, which is what a plot has pixels
// for, and at most so many points in a chart: lines that lie close together show no
// more, and would make the page large.
const (
	steps  = 600
	points = 9_000
)

// A pen writes a path of relative moves in whole units, the shortest form there is
// that the script can read back.
type pen struct {
	out    []byte
	x, y   int
	down   bool // the path goes on from the last point
	level  bool // the last move was level and can be made longer
	before int  // where that move begins in out
	from   int  // and its x there
}

// lift ends a line; the next point begins another.
func (p *pen) lift() { p.down, p.level = false, false }

// to goes on to a point.
func (p *pen) to(x, y int) {
	switch {
	case !p.down:
		p.move('m', x-p.x, y-p.y)
		p.down, p.level = true, false
		p.out = append(p.out, 'l')
	case x == p.x && y == p.y:
		return
	case y == p.y && p.level && x > p.x:
		p.out = p.out[:p.before]
		p.move(0, x-p.from, 0)
	default:
		p.level, p.before, p.from = y == p.y && x > p.x, len(p.out), p.x
		p.move(0, x-p.x, y-p.y)
	}
	p.x, p.y = x, y
}

func (p *pen) move(command byte, dx, dy int) {
	if command != 0 {
		if n := len(p.out); n > 0 && p.out[n-1] == 'l' { // a line of one point
			p.out = append(p.out, "0 0"...)
		}
		p.out = append(p.out, command)
	} else if n := len(p.out); n > 0 && p.out[n-1] != 'l' && dx >= 0 {
		p.out = append(p.out, ' ')
	}
	p.out = strconv.AppendInt(p.out, int64(dx), 10)
	if dy >= 0 {
		p.out = append(p.out, ' ')
	}
	p.out = strconv.AppendInt(p.out, int64(dy), 10)
}

func (p *pen) String() string {
	if n := len(p.out); n > 0 && p.out[n-1] == 'l' {
		return string(p.out) + "0 0"
	}
	return string(p.out)
}

// curve draws a line over two axes and cuts off what lies outside of them.
func curve(l *chart.Line, x, y *chart.Axis) string {
	var p pen
	var last [2]float64
	down := false
	for i := range min(len(l.X), len(l.Y)) {
		fx, okX := beyond(x, l.X[i])
		fy, okY := beyond(y, l.Y[i])
		if !okX || !okY {
			down = false
			p.lift()
			continue
		}
		next := [2]float64{fx, fy}
		switch {
		case !down:
			p.segment(next, next)
		case l.Steps:
			corner := [2]float64{fx, last[1]}
			p.segment(last, corner)
			p.segment(corner, next)
		default:
			p.segment(last, next)
		}
		last, down = next, true
	}
	return p.String()
}

// segment draws what lies within the plot of the way from a to b.
func (p *pen) segment(a, b [2]float64) {
	from, to := 0.0, 1.0 // shares of the way that are within, after Liang and Barsky
	for k := range 2 {
		d := b[k] - a[k]
		if d == 0 {
			if a[k] < 0 || a[k] > 1 {
				p.lift()
				return
			}
			continue
		}
		enter, leave := -a[k]/d, (1-a[k])/d
		if enter > leave {
			enter, leave = leave, enter
		}
		from, to = max(from, enter), min(to, leave)
	}
	if from > to {
		p.lift()
		return
	}
	place := func(share float64) (int, int) {
		return int(math.Round((a[0] + share*(b[0]-a[0])) * units)), int(math.Round((1 - a[1] - share*(b[1]-a[1])) * units))
	}
	if from > 0 {
		p.lift()
	}
	p.to(place(from))
	p.to(place(to))
}

// series draws values in steps of equal width over a time axis of n units a step.
func series(values []float64, y *chart.Axis) string {
	var p pen
	for i, v := range values {
		f, ok := at(y, v)
		if !ok {
			p.lift()
			continue
		}
		p.to(i, int(math.Round((1-f)*coarse)))
	}
	return p.String()
}

// area fills below steps that begin at 0.
func area(values []float64, y *chart.Axis) string {
	var p pen
	p.to(0, units)
	for i, v := range values {
		f, _ := at(y, v) // what has no place has no height
		p.to(i, int(math.Round((1-f)*units)))
		p.to(i+1, p.y)
	}
	p.to(len(values), units)
	return p.String() + "z"
}

// together returns how many steps of a series become one where a chart has so many
// lines of n steps.
func together(n, lines int) int {
	most := min(max(points/max(lines, 1), 1), steps)
	return max((n+most-1)/most, 1)
}

// thin returns the means of every few steps of a series.
func thin(values []float64, each int) []float64 {
	if each == 1 {
		return values
	}
	var out []float64
	for i := 0; i < len(values); i += each {
		part := values[i:min(i+each, len(values))]
		sum := 0.0
		for _, v := range part {
			sum += v
		}
		out = append(out, sum/float64(len(part)))
	}
	return out
}
