package chart

import (
	"math"
	"slices"
	"strings"
	"testing"

	"ratesim/scenarios/workload/fit"
)

// Both distributions are drawn over one axis, and the title has their largest difference.
func TestFit(t *testing.T) {
	r := &fit.Report{Source: "log.csv", Fitted: 100, Prompt: fit.Part{Chosen: "gamma"}, Curves: []fit.Curve{
		// At 20 tokens, 60 % of the log and 20 % of the model's requests are at most so large.
		{Of: "prompt_tokens", Share: []float64{0, 0.2, 0.6, 1}, Log: []float64{10, 15, 20, 30}, Fit: []float64{10, 18, 25, 30}},
		{Of: "output_tokens", Share: []float64{0, 1}, Log: []float64{7, 7}, Fit: []float64{7, 7}}, // nothing to see
	}}
	charts := Fit(r)
	if len(charts) != 1 {
		t.Fatalf("%d charts", len(charts))
	}
	c := charts[0].(*Curves)
	if !strings.Contains(c.Title, "Model (gamma) and log have the same prompts, but for at most 40.0 % of the requests") {
		t.Errorf("title %q", c.Title)
	}
	if len(c.Lines) != 2 || !slices.Equal(c.Lines[1].X[1:], []float64{18, 25, 30}) || !slices.Equal(c.Lines[0].Y[1:], []float64{0.2, 0.6, 1}) {
		t.Errorf("lines %+v", c.Lines)
	}
	if got := distance(&r.Curves[1]); math.Abs(got) > 1e-9 {
		t.Errorf("distance %v of what is the same", got)
	}
}
