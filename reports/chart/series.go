package chart

import (
	"fmt"
	"math"
	"slices"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// timeSeries are what pages show over time, one metric each.
func (f *field) timeSeries() []Chart {
	end, width := f.span()
	if end <= 0 {
		return nil
	}
	var out []Chart
	for _, k := range []struct {
		name, title, note string
		scale             func(float64) words.Scale
		of                func(*metrics.Curves) []float64
	}{
		{"answers", "Answers a minute", "Calls that were answered in the last minute.", words.Quantity,
			func(c *metrics.Curves) []float64 { return lately(scaled(c.AnsweredPerS, 60), c.Width, 1) }},
		{"waiting", "Calls that wait", "Calls that have arrived and have neither been answered nor failed.", words.Quantity, waiting},
		{"attempts", "Attempts a second", "Attempts that reach a deployment, a second.", words.Quantity,
			func(c *metrics.Curves) []float64 { return c.AttemptsPerS }},
		{"level", "Quota that is used", "Tokens charged in the last minute, of the limit per minute (requests where a deployment has no limit on tokens). A bucket that was full gives up to twice its limit for a while.", words.Percent,
			func(c *metrics.Curves) []float64 { return c.QuotaUsed }},
	} {
		c := &TimeSeries{Head: f.head(k.name, k.title, k.note), Time: overTime(end), Width: width}
		top := 0.0
		for i := range f.all {
			e := &f.all[i]
			if e.Curves == nil || len(k.of(e.Curves)) == 0 {
				continue
			}
			s := Series{Name: e.name(), Role: e.role, Values: resample(k.of(e.Curves), e.Curves.Width, width, int(math.Ceil(end/width)))}
			for _, v := range s.Values {
				top = max(top, v)
			}
			c.Series = append(c.Series, s)
		}
		if len(c.Series) > 0 && top > 0 {
			c.Y = linear(k.title, 0, top*1.05, 4, k.scale)
			c.Title = seriesTitle(c)
			out = append(out, c)
		}
	}
	if c := f.limitSeries(end); c != nil {
		out = append(out, c)
	}
	return out
}

// seriesTitle says how high the metric gets under the first strategy, and under the one
// in which it gets highest.
func seriesTitle(c *TimeSeries) string {
	peak := func(s *Series) float64 { return slices.Max(append([]float64{0}, s.Values...)) }
	first, most := &c.Series[0], &c.Series[0]
	for i := range c.Series {
		if s := &c.Series[i]; s.Role != Bound && peak(s) > peak(most) {
			most = s
		}
	}
	write := func(s *Series) string { return words.Write(peak(s), c.Y.Scale) + " under " + s.Name }
	if first == most {
		return c.Title + ": up to " + write(first)
	}
	return c.Title + ": up to " + write(most) + ", " + write(first)
}

// limitSeries shows how much of each limit is asked for.
func (f *field) limitSeries(end float64) *TimeSeries {
	loads := f.loads()
	if len(loads) == 0 {
		return nil
	}
	c := &TimeSeries{Head: f.head("limits", "", "What the calls ask of each limit, of what it gives: in the last minute, hour or day."), Time: overTime(end), Width: f.Load.Width}
	top := 0.0
	for i := range loads {
		l := &loads[i]
		s := Series{Name: words.Printable(l.Limit), Role: Load, Values: make([]float64, len(l.asked))}
		for k, asked := range l.asked {
			if l.given[k] > 0 {
				s.Values[k] = asked / l.given[k]
			}
		}
		top = max(top, l.most())
		c.Series = append(c.Series, s)
	}
	most := f.tightest()
	c.Title = fmt.Sprintf("Of the limit %s the calls ask for up to %s", words.Printable(most.Limit), words.Write(most.most(), words.Percent))
	c.Y = linear("of what the limit gives", 0, max(top*1.05, 0.01), 4, words.Percent)
	return c
}

func scaled(ys []float64, factor float64) []float64 {
	out := make([]float64, len(ys))
	for i, y := range ys {
		out[i] = y * factor
	}
	return out
}

// waiting adds up what arrives and ends.
func waiting(c *metrics.Curves) []float64 {
	out := make([]float64, max(len(c.ArrivedPerS), len(c.AnsweredPerS), len(c.FailedPerS)))
	at := func(ys []float64, i int) float64 {
		if i < len(ys) {
			return ys[i]
		}
		return 0
	}
	now := 0.0
	for i := range out {
		now += c.Width * (at(c.ArrivedPerS, i) - at(c.AnsweredPerS, i) - at(c.FailedPerS, i))
		out[i] = max(0, now)
	}
	return out
}
