package chart

import (
	"fmt"
	"slices"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// Compare returns the charts of a comparison, the most important first. What the result
// has no data for is left out.
func Compare(r *metrics.Result) []Chart {
	f := fieldOf(r)
	if len(f.all) == 0 {
		return nil
	}
	ranking := f.ranking()
	costs, same := f.costs()
	if same != "" {
		ranking.Notes = append(ranking.Notes, same)
	}
	out := []Chart{ranking}
	if c := f.unanswered(); c != nil {
		out = append(out, c)
	}
	if c := f.strips(); c != nil {
		out = append(out, c)
	}
	out = append(out, costs...)
	if c := f.differences(); c != nil {
		out = append(out, c)
	}
	if c := f.tenants(); c != nil {
		out = append(out, c)
	}
	return append(out, f.timeSeries()...)
}

// ranking shows what becomes of the calls under each strategy, and why it was not
// chosen.
func (f *field) ranking() *Ranking {
	notes := []string{
		"Calls that fail never count as answered.",
		"Times are on a logarithmic scale: until half (bar), 95 % (dot) and 99 % (ring) of all calls are answered.",
	}
	if f.Replications > 1 {
		notes = append(notes, "Pale: 95 % intervals.")
	}
	notes = append(notes, "Attempts: grey answered, orange refused with 429, purple failed otherwise.")
	if colours := f.colours(); colours != "" {
		notes = append(notes, colours)
	}
	c := &Ranking{Head: f.head("compare", f.rankingTitle(), notes...), Why: "Why not?"}
	panels := []Panel{f.failedPanel(), f.timePanel(), f.attemptsPanel()}
	if p, ok := f.costPanel(); ok {
		panels = append(panels, p)
	}
	c.Panels = panels
	for i := range f.all {
		e := &f.all[i]
		c.Rows = append(c.Rows, Row{Name: e.name(), Role: e.role, Why: f.why(e)})
	}
	return c
}

// why says why a strategy was not chosen, or that it was.
func (f *field) why(e *entry) string {
	v := f.Verdict
	switch {
	case e.role == Bound:
		return "the bound: no client can know what it knows"
	case v == nil:
		return ""
	case e.bought:
		i := slices.IndexFunc(v.Buy, func(p metrics.Purchase) bool { return p.What == e.Name })
		if usd := v.Buy[i].USD; words.Known(usd) && len(v.Chosen) > 0 {
			return fmt.Sprintf("is bought: %s USD more a run than %s", words.Write(usd.Mean, words.Dollars), words.Printable(v.Chosen[0]))
		}
		return "is bought"
	case e.role == Chosen && v.State == metrics.Leads:
		return "leads"
	case e.role == Chosen && v.State == metrics.Undecided:
		return "may be the best"
	case e.role == Chosen && e.Name != v.Chosen[0]:
		return "as good as " + words.Printable(v.Chosen[0])
	case e.role == Chosen:
		return "chosen"
	case e.reason == nil:
		return ""
	case e.role == Cheaper:
		return "costs less, but " + f.behind(e.reason)
	}
	return f.behind(e.reason)
}

// behind says by which criterion a strategy fell behind, and how far.
func (f *field) behind(w *metrics.Reason) string {
	interval := func(e *metrics.Estimate, of func(float64) words.Scale) string {
		if f.Replications < 2 || e.Lo == e.Hi {
			return ""
		}
		return " (" + words.Ends(of, *e, true) + ")"
	}
	text := ""
	times := func(verb, what string) string {
		if w.Ratio == nil {
			return "never " + what
		}
		return verb + " " + words.Write(w.Ratio.Mean, words.Multiple) + " times" + interval(w.Ratio, words.Multiple) + " " + what
	}
	switch {
	case w.Metric == "failed_per_1000" && w.Difference != nil:
		text = perThousand(w.Difference.Mean) + interval(w.Difference, words.PerThousand) + " more of 1,000 calls fail"
	case w.Metric == "time_to_success_p95":
		text = times("takes", "as long for 95 %")
	case w.Metric == "time_to_success_p50":
		text = times("takes", "as long for half")
	case w.Metric == "amplification":
		text = times("sends", "as many attempts")
	case w.Metric == "cost_per_success_usd":
		text = times("pays", "as much for an answer")
	case w.Metric == "answers_per_min" && w.Ratio != nil:
		return words.Printable(w.By) + times(" gives", "as many answers")
	default:
		text = "is worse in " + words.Printable(w.Metric)
	}
	if chosen := f.Verdict.Chosen; len(chosen) > 1 && f.Verdict.State != metrics.Tied {
		text += " than under " + words.Printable(w.By)
	}
	return text
}

// estimated returns a point with its interval; nothing where the estimate is not known.
func estimated(e *metrics.Estimate, shape Shape, scale func(float64) words.Scale) []Point {
	if !words.Known(e) {
		return nil
	}
	p := Point{Shape: shape, At: e.Mean, Lo: e.Lo, Hi: e.Hi, Text: words.CellOf(scale, *e, true).String()}
	if !(p.Hi > p.Lo) {
		p.Lo, p.Hi = p.At, p.At
	}
	return []Point{p}
}

// means returns a metric of each strategy that has it.
func (f *field) means(id metrics.ID) []float64 {
	var out []float64
	for i := range f.all {
		if v, ok := words.Mean(&f.all[i].Values, id); ok {
			out = append(out, v)
		}
	}
	return out
}

// most is the upper end of an axis for a metric and its intervals, at least least.
func (f *field) most(id metrics.ID, least float64) float64 {
	end := max(cut(f.means(id)), least)
	hi := end
	for i := range f.all {
		if e := f.all[i].Values[id]; words.Known(e) && e.Mean <= end && e.Hi <= 1.5*end { // one wide interval does not press the others
			hi = max(hi, e.Hi)
		}
	}
	return hi
}

func (f *field) failedPanel() Panel {
	hi := f.most(metrics.FailedPer1000, 1)
	p := Panel{Title: "Calls that fail, of 1,000", Axis: linear("of 1,000 calls", 0, hi*1.05, 3, words.PerThousand)}
	for i := range f.all {
		m := Marks{Points: estimated(f.all[i].Values[metrics.FailedPer1000], Dot, words.PerThousand)}
		for k := range m.Points {
			m.Points[k].Stem = true
			m.Text = words.CellOf(words.PerThousand, *f.all[i].Values[metrics.FailedPer1000], false).String()
		}
		p.Rows = append(p.Rows, m)
	}
	return p
}

func (f *field) timePanel() Panel {
	p := Panel{Title: "Time until answered"}
	var at []float64
	for i := range f.all {
		m := timeMarks(&f.all[i].Values)
		for _, point := range m.Points {
			if !point.Never {
				at = append(at, point.At)
			}
		}
		p.Rows = append(p.Rows, m)
	}
	p.Axis = timeAxis(at)
	return p
}

// timeAxis returns a logarithmic axis that has room for all times.
func timeAxis(at []float64) Axis {
	lo, hi := 1.0, 10.0
	if len(at) > 0 {
		lo, hi = slices.Min(at)/1.25, slices.Max(at)*1.25
	}
	a := durations("time until answered", lo, hi)
	a.Never = true
	return a
}

// timeMarks shows within which time half, 95 % and 99 % of all calls are answered.
func timeMarks(v *metrics.Values) Marks {
	var m Marks
	if !words.Known(v[metrics.Calls]) {
		return m
	}
	for _, q := range []struct {
		id    metrics.ID
		shape Shape
		what  string
	}{{metrics.TimeToSuccessP50, Tick, "half"}, {metrics.TimeToSuccessP99, Ring, "99 %"}, {metrics.TimeToSuccessP95, Dot, "95 %"}} {
		points := estimated(v[q.id], q.shape, words.Seconds)
		if points == nil {
			points = []Point{{Shape: q.shape, Never: true, Text: words.Never}}
		}
		if q.shape == Dot {
			m.Text = words.Never
			if !points[0].Never {
				m.Text = words.Write(points[0].At, words.Seconds)
			}
		} else {
			points[0].Lo, points[0].Hi = points[0].At, points[0].At // one interval a row can be seen
		}
		points[0].Text = q.what + ": " + points[0].Text
		m.Points = append(m.Points, points...)
	}
	return m
}

func (f *field) attemptsPanel() Panel {
	hi := f.most(metrics.Amplification, 1)
	p := Panel{Title: "Attempts per call", Axis: linear("attempts per call", 0, hi*1.02, 3, words.Multiple)}
	for i := range f.all {
		p.Rows = append(p.Rows, attemptParts(f.all[i].Strategy))
	}
	return p
}

// attemptParts says what became of the attempts for a call.
func attemptParts(s *metrics.Strategy) Marks {
	calls, known := words.Mean(&s.Values, metrics.Calls)
	all, ok := words.Mean(&s.Values, metrics.Amplification)
	if !known || !ok || calls <= 0 {
		return Marks{}
	}
	rejected, _ := words.Mean(&s.Values, metrics.Rejected)
	lost, _ := words.Mean(&s.Values, metrics.ServerErrors)
	if c := s.Curves; c != nil && len(c.LostPerS) > 0 { // time-outs and broken connections too
		lost = sum(c.LostPerS) * c.Width
	}
	rejected, lost = min(rejected/calls, all), lost/calls
	lost = min(lost, all-rejected)
	return Marks{Text: words.Write(all, words.Multiple), Parts: []Part{{Admitted, all - rejected - lost}, {Rejected, rejected}, {Lost, lost}}}
}

func sum(xs []float64) float64 {
	total := 0.0
	for _, x := range xs {
		total += x
	}
	return total
}

// costPanel is a column of what answers cost; false where nothing has a price.
func (f *field) costPanel() (Panel, bool) {
	p := Panel{Title: "USD per 1,000 answers"}
	any := false
	for i := range f.all {
		var m Marks
		if v, ok := words.Mean(&f.all[i].Values, metrics.CostPerSuccessUSD); ok {
			any = any || v > 0
			m.Text = words.Write(1000*v, words.Dollars)
		}
		p.Rows = append(p.Rows, m)
	}
	return p, any
}
