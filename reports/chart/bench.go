package chart

import (
	"fmt"
	"math"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// Bench holds a simulated result against one that was measured over HTTP, of the same
// scenario, strategies and seeds. The charts of what was measured follow.
func Bench(live, simulated *metrics.Result) []Chart {
	f := fieldOf(live)
	if len(f.all) == 0 {
		return nil
	}
	c := &Ranking{Head: f.head("bench", f.benchTitle(simulated),
		"Square: measured over HTTP. Dot: simulated. A dot within its square: both are the same. The number is what was measured. Times are on a logarithmic scale.")}
	if colours := f.colours(); colours != "" {
		c.Notes = append(c.Notes, colours)
	}
	for i := range f.all {
		c.Rows = append(c.Rows, Row{Name: f.all[i].name(), Role: f.all[i].role})
	}
	var failed, times, attempts []float64
	for i := range f.all {
		for _, v := range []*metrics.Values{&f.all[i].Values, valuesOf(simulated, f.all[i].Name)} {
			for _, k := range []struct {
				id metrics.ID
				to *[]float64
			}{{metrics.FailedPer1000, &failed}, {metrics.TimeToSuccessP95, &times}, {metrics.Amplification, &attempts}} {
				if x, ok := words.Mean(v, k.id); ok {
					*k.to = append(*k.to, x)
				}
			}
		}
	}
	c.Panels = []Panel{
		f.both(simulated, "Calls that fail, of 1,000", metrics.FailedPer1000, linear("of 1,000 calls", 0, max(cut(failed), 1)*1.05, 3, words.PerThousand), words.PerThousand),
		f.both(simulated, "Time until 95 % are answered", metrics.TimeToSuccessP95, timeAxis(times), words.Seconds),
		f.both(simulated, "Attempts per call", metrics.Amplification, linear("attempts per call", 0, max(cut(attempts), 1)*1.05, 3, words.Multiple), words.Multiple),
	}
	return append([]Chart{c}, Compare(live)...)
}

// valuesOf returns the metrics of a strategy; none where a result does not have it.
func valuesOf(r *metrics.Result, name string) *metrics.Values {
	if s := r.Find(name); s != nil {
		return &s.Values
	}
	return &metrics.Values{}
}

// both shows a metric as it was measured and as it was simulated.
func (f *field) both(simulated *metrics.Result, title string, id metrics.ID, axis Axis, scale func(float64) words.Scale) Panel {
	p := Panel{Title: title, Axis: axis}
	for i := range f.all {
		var m Marks
		for _, k := range []struct {
			of    *metrics.Values
			shape Shape
			what  string
		}{{&f.all[i].Values, Square, "measured: "}, {valuesOf(simulated, f.all[i].Name), Dot, "simulated: "}} {
			points := estimated(k.of[id], k.shape, scale)
			if points == nil && axis.Never && words.Known(k.of[metrics.Calls]) {
				points = []Point{{Shape: k.shape, Never: true, Text: words.Never}}
			}
			for j := range points {
				points[j].Text = k.what + points[j].Text
				points[j].Lo, points[j].Hi = points[j].At, points[j].At // two intervals on one line cannot be told apart
			}
			m.Points = append(m.Points, points...)
		}
		m.Text = words.Absent
		if v, ok := words.Mean(&f.all[i].Values, id); ok {
			m.Text = words.CellOf(scale, metrics.Estimate{Mean: v}, false).String()
		} else if axis.Never {
			m.Text = words.Never
		}
		p.Rows = append(p.Rows, m)
	}
	return p
}

// percent writes a share, without decimals where it is nothing.
func percent(v float64) string {
	if v == 0 {
		return "0 %"
	}
	return words.Write(v, words.Percent)
}

// benchTitle says how far the simulation is off at most.
func (f *field) benchTitle(simulated *metrics.Result) string {
	var calls, attempts, time float64
	n := 0
	apart := ""
	for i := range f.all {
		live, other := &f.all[i].Values, valuesOf(simulated, f.all[i].Name)
		if a, ok := words.Mean(live, metrics.FailedPer1000); ok {
			if b, ok := words.Mean(other, metrics.FailedPer1000); ok {
				n, calls = n+1, max(calls, math.Abs(a-b))
			}
		}
		off := func(id metrics.ID) float64 {
			a, known := words.Mean(live, id)
			b, ok := words.Mean(other, id)
			if known != ok && id == metrics.TimeToSuccessP95 {
				apart = f.all[i].name()
			}
			if !known || !ok || a == 0 {
				return 0
			}
			return math.Abs(b-a) / a
		}
		attempts, time = max(attempts, off(metrics.Amplification)), max(time, off(metrics.TimeToSuccessP95))
	}
	if n == 0 {
		return "Measured, and nothing to hold it against"
	}
	title := fmt.Sprintf("The simulation is off by at most %s of 1,000 calls, %s of the attempts and %s of the time until 95 %% are answered",
		perThousand(calls), percent(attempts), percent(time))
	if apart != "" {
		title += "; under " + apart + " one of the two never gets there"
	}
	return title
}
