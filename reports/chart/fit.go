package chart

import (
	"fmt"
	"math"

	"ratesim/reports/words"
	"ratesim/scenarios/workload/fit"
)

// Fit returns the charts of a workload that was fitted to a log: how lengths and gaps are
// distributed in both.
func Fit(r *fit.Report) []Chart {
	var out []Chart
	for _, k := range []struct {
		of, name, what, axis string
		part                 *fit.Part
		scale                func(float64) words.Scale
	}{
		{"prompt_tokens", "fit-prompts", "prompts", "tokens", &r.Prompt, words.Quantity},
		{"output_tokens", "fit-outputs", "outputs", "tokens", &r.Output, words.Quantity},
		{"gaps_s", "fit-gaps", "gaps between requests", "gap", &r.Arrivals, words.Seconds},
	} {
		for i := range r.Curves {
			if c := &r.Curves[i]; c.Of == k.of {
				if chart := cumulative(c, k.axis, k.scale); chart != nil {
					chart.Head = Head{Name: k.name, Title: fmt.Sprintf("Model (%s) and log have the same %s, but for at most %s of the requests", words.Printable(k.part.Chosen), k.what, words.Write(distance(c), words.Percent)),
						Notes: []string{"For each value, the share of the requests that have at most so much. The model was drawn from, with the same number of replications as in the simulation."},
						Facts: []string{words.Printable(r.Source), plural(words.Write(float64(r.Fitted), words.Quantity), "request")}}
					out = append(out, chart)
				}
			}
		}
	}
	return out
}

// cumulative draws both distributions over one axis.
func cumulative(c *fit.Curve, label string, scale func(float64) words.Scale) *Curves {
	lo, hi := math.Inf(1), 0.0
	for _, values := range [][]float64{c.Log, c.Fit} {
		for i, v := range values {
			if hi = max(hi, v); v > 0 && c.Share[i] >= 0.02 { // the very least gaps would be most of a logarithmic axis
				lo = min(lo, v)
			}
		}
	}
	if !(lo < hi) {
		return nil
	}
	out := &Curves{X: logarithmic(label, lo*0.9, hi*1.1, scale), Y: linear("share of the requests with at most so much", 0, 1, 5, words.Percent)}
	for _, k := range []struct {
		name   string
		role   Role
		dashed bool
		values []float64
	}{{"log", Other, false, c.Log}, {"model", Chosen, true, c.Fit}} {
		line := Line{Names: []string{k.name}, Role: k.role, Dashed: k.dashed}
		for i, v := range k.values {
			if v = max(v, lo*0.9); len(line.X) == 0 || v > line.X[len(line.X)-1] || i == len(k.values)-1 {
				line.X, line.Y = append(line.X, v), append(line.Y, c.Share[i])
			} else {
				line.Y[len(line.Y)-1] = c.Share[i] // several shares have the same value
			}
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}

// distance is the largest difference between the shares that are at most a value of the
// log, as far as the points of the curves tell.
func distance(c *fit.Curve) float64 {
	upto := func(values []float64, v float64) float64 {
		share := 0.0
		for i, x := range values {
			if x <= v {
				share = c.Share[i]
			}
		}
		return share
	}
	worst := 0.0
	for _, v := range c.Log {
		worst = max(worst, math.Abs(upto(c.Log, v)-upto(c.Fit, v)))
	}
	return worst
}
