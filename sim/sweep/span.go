package sweep

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
	"gonum.org/v1/gonum/stat/samplemv"

	"ratesim/sim/rng"
)

// span is a range of a field: from, to, and how it is divided.
type span struct {
	from, to, step float64
	log            int    // how many points, in equal ratios; 0 = steps
	unit           string // behind each number: /s, s, %
	whole          bool   // both ends are whole numbers
}

var numberUnit = regexp.MustCompile(`^([-+]?[0-9]*\.?[0-9]+(?:e[-+]?[0-9]+)?)(.*)$`)

// number reads a number and the unit behind it.
func number(s string) (v float64, unit string, ok bool) {
	m := numberUnit.FindStringSubmatch(s)
	if m == nil {
		return 0, "", false
	}
	v, err := strconv.ParseFloat(m[1], 64)
	return v, m[2], err == nil && !math.IsInf(v, 0)
}

func (r *reader) span(n ast.Node) (x span) {
	given := map[string]bool{}
	for _, e := range r.entries(n) {
		v, unit, ok := number(text(e.Value))
		key := keyOf(e)
		switch given[key] = true; {
		case !ok:
			r.fail(e.Value, "want a number, with its unit if it has one, got %q", text(e.Value))
		case key == "log":
			if x.log = int(v); x.log < 2 || float64(x.log) != v || x.log > maxPoints {
				r.fail(e.Value, "log takes how many points there are, from 2 to %d", maxPoints)
			}
			continue
		case key == "from":
			x.from, x.unit = v, unit
		case key == "to":
			x.to = v
		case key == "step":
			x.step = v
		default:
			r.fail(e.Key, "unknown key %q of a range; there are from, to, and step or log", key)
		}
		if r.err == nil && given["from"] && unit != x.unit {
			r.fail(e.Value, "has another unit than from, %q", x.unit)
		}
	}
	if r.err == nil && (!given["from"] || !given["to"]) {
		r.fail(n, "want a list of values, or a range {from: A, to: B, step: S} or {from: A, to: B, log: POINTS}")
	}
	x.whole = x.from == math.Trunc(x.from) && x.to == math.Trunc(x.to)
	return x
}

// steps returns the values of a range, both ends among them where the steps end there.
func (x *span) steps() ([]string, error) {
	var out []string
	switch {
	case x.log > 0 && x.step != 0:
		return nil, fmt.Errorf("a range has either step or log")
	case x.log > 0:
		if x.from <= 0 || x.to <= x.from {
			return nil, fmt.Errorf("a logarithmic range goes from a number above 0 to a larger one")
		}
		for i := range x.log {
			v := x.at(float64(i)/float64(x.log-1), true)
			if text := x.write(v); len(out) == 0 || out[len(out)-1] != text { // whole numbers may fall together
				out = append(out, text)
			}
		}
		return out, nil
	case x.step <= 0 || x.to < x.from:
		return nil, fmt.Errorf("a range goes up from its from to its to by a step above 0, or has log: POINTS")
	}
	n := math.Floor((x.to-x.from)/x.step*(1+1e-12)+1e-9) + 1 // 0.1 three times is not 0.3
	if n > maxPoints {
		return nil, fmt.Errorf("the range has more than %d values", maxPoints)
	}
	x.whole = false
	for i := range int(n) {
		out = append(out, x.write(x.from+float64(i)*x.step))
	}
	return out, nil
}

// at is the value at a share of the range.
func (x *span) at(share float64, logarithmic bool) float64 {
	if logarithmic {
		return x.from * math.Pow(x.to/x.from, share)
	}
	return x.from + share*(x.to-x.from)
}

// write writes a value with its unit; of a range between whole numbers that is not by
// steps, a whole number. Six digits are enough to tell points apart.
func (x *span) write(v float64) string {
	if x.whole && x.to-x.from >= 2 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64) + x.unit
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 9, 64), 64)
	return strconv.FormatFloat(v, 'f', -1, 64) + x.unit
}

// samples reads points that are spread over several ranges at once, which make one axis:
//
//	samples: {method: halton, points: 100, seed: 1, over: {fleet.instances: {from: 1, to: 64, log: 2}}}
//
// In over, log of any number spreads the values in equal ratios.
func (r *reader) samples(n ast.Node) {
	method, points, seed := "", 0, uint64(1)
	var spans []span
	var a axis
	for _, e := range r.entries(n) {
		switch keyOf(e) {
		case "method":
			if method = text(e.Value); method != "halton" && method != "latin-hypercube" {
				r.fail(e.Value, "unknown method %q; there are halton and latin-hypercube", method)
			}
		case "points":
			if points = int(r.whole(e.Value, 1)); points > maxPoints {
				r.fail(e.Value, "want at most %d points", maxPoints)
			}
		case "seed":
			seed = r.whole(e.Value, 0)
		case "over":
			for _, e := range r.entries(e.Value) {
				x := r.span(e.Value)
				if x.to <= x.from || x.log > 0 && x.from <= 0 || x.step != 0 {
					r.fail(e.Value, "want {from: A, to: B}, B above A, and with log A above 0; no step")
				}
				spans, a.paths = append(spans, x), append(a.paths, keyOf(e))
			}
		default:
			r.fail(e.Key, "unknown key %q of samples; there are method, points, seed and over", keyOf(e))
		}
	}
	if r.err == nil && (method == "" || points == 0 || spans == nil) {
		r.fail(n, "samples need method, points and over")
	}
	if r.err != nil {
		return
	}
	draws := rng.New(seed, 0).Sequence(rng.Samples)
	src := &draws
	batch := mat.NewDense(points, len(spans), nil)
	unit := distmv.NewUnitUniform(len(spans), src)
	if method == "halton" {
		samplemv.Halton{Kind: samplemv.Owen, Q: unit, Src: src}.Sample(batch)
	} else {
		samplemv.LatinHypercube{Q: unit, Src: src}.Sample(batch)
	}
	for i := range points {
		var point []string
		for k := range spans {
			point = append(point, spans[k].write(spans[k].at(batch.At(i, k), spans[k].log > 0)))
		}
		a.points = append(a.points, point)
	}
	r.s.axes = append(r.s.axes, a)
}
