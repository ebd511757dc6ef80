package scenarios

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ratesim/scenarios/workload"
	"ratesim/strategies"
)

func (d *decoder) readStreams() {
	d.streams.items("streams", func(_ int, c cursor) {
		s, trace := d.stream(c)
		d.spec.Workload = append(d.spec.Workload, s)
		d.traces = append(d.traces, trace)
	})
	if d.streams.n.kind == list && len(d.streams.n.items) == 0 {
		d.streams.fail("is empty; want at least one stream")
	}
	d.spec.Tenants = workload.Tenants(d.spec.Workload)
	d.readWeights()
}

// readWeights reads what each tenant is entitled to beside the others, which one of its
// streams says.
func (d *decoder) readWeights() {
	weights := make([]float64, len(d.spec.Tenants))
	for i := range d.spec.Workload {
		item := cursor{problems: d.problems, n: d.streams.n.items[i], path: fmt.Sprintf("workload[%d]", i)}
		if item.n.kind != mapping || !item.child("weight").ok() {
			continue
		}
		c, w, before := item.child("weight"), 0.0, len(d.found)
		weight(&w)(c)
		for _, name := range d.spec.Workload[i].Tenants() {
			of := &weights[slices.Index(d.spec.Tenants, name)]
			switch {
			case len(d.found) > before:
			case *of != 0 && *of != w:
				c.fail("is %v, and another stream of %s has weight %v; one of them is enough", w, quote(name), *of)
			default:
				*of = w
				d.spec.Weights = weights
			}
		}
	}
	for i, w := range weights {
		if w == 0 {
			weights[i] = 1
		}
	}
}

// weight reads what a tenant is entitled to.
func weight(dst *float64) reader { return number(dst, bounds{0.001, 1000}) }

// stream reads one stream, and sums up its trace if it is one.
func (d *decoder) stream(c cursor) (s workload.Stream, trace workload.Summary) {
	s.Tenant = "default"
	before := len(d.found)
	c.mapping(
		may("tenant", text(&s.Tenant)),
		need("arrivals", func(c cursor) { arrivals(&s.Arrivals, c, false) }),
		may("prompt_tokens", dist(&s.Prompt, tokens)),
		may("output_tokens", dist(&s.Output, tokens)),
		may("tokens_from", func(c cursor) { s.Lengths = lengths(c) }),
		may("rank_correlation", number(&s.RankCorrelation, bounds{-1, 1})),
		may("max_tokens", count(&s.MaxTokens, 1, maxTokens)),
		may("estimate", func(c cursor) { estimate(&s.Estimate, c) }),
		may("provider_estimate", func(c cursor) { estimate(&s.Guess, c) }),
		may("cached", share(&s.Cached, bounds{0, 1})),
		may("deadline", duration(&s.Deadline, time.Millisecond, maxDuration)),
		may("stream", shareOrTruth(&s.Streaming.Share)),
		may("first_token", duration(&s.Streaming.FirstToken, time.Millisecond, maxDuration)),
		may("leave", func(c cursor) { leave(&s.Streaming, c) }),
		may("priority", count(&s.Priority, -128, 127)),
		may("weight", elsewhere(weight(new(float64)))),
	)
	if len(d.found) > before {
		return s, trace
	}
	for _, key := range []string{"first_token", "leave"} {
		if s.Streaming.Share == 0 && c.child(key).ok() {
			c.child(key).fail("is for streamed answers, and none is streamed here; add stream: true")
		}
	}
	from := ""
	switch {
	case s.Arrivals.Process == workload.Trace:
		from = "the trace"
		var err error
		if c.child("arrivals").child("file").n.at.file == "--trace" {
			s.Arrivals.Log.Data = d.traceData
		}
		trace, err = d.describe(&s.Arrivals.Log)
		if err != nil {
			c.child("arrivals").child("file").fail("%v", err)
		} else if s.MaxTokens > 0 && trace.MaxOutput > s.MaxTokens {
			d.warn("%s: max_tokens %d cuts the longest outputs of the trace, which have up to %d tokens", c.path, s.MaxTokens, trace.MaxOutput)
		}
		s.Rows, s.Logged = trace.Kept, trace.Tenants
		if slice := c.child("arrivals").child("slice"); slice.ok() && !s.Arrivals.Holds(&trace) {
			slice.fail("has none of the rows of the trace, which are from %s to %s", short(trace.First.Sub(0).Round(time.Millisecond)), short(trace.Last.Sub(0).Round(time.Millisecond)))
		}
		for _, w := range trace.Warnings {
			d.warn("%s: %s", c.path, w)
		}
	case s.Lengths != nil:
		from = "tokens_from"
	}
	if s.Arrivals.Process == workload.InSessions {
		ofSessions(s.Arrivals.Sessions, c)
	}
	for _, key := range []string{"prompt_tokens", "output_tokens", "rank_correlation", "tokens_from"} {
		size := c.child(key)
		switch {
		case from == "" && !size.ok() && (key == "prompt_tokens" || key == "output_tokens"):
			c.add(c.n.at, size.path, "is missing; want it and its counterpart, or tokens_from")
		case from != "" && size.ok() && key != from:
			size.fail("conflicts with %s, which gives the sizes; leave one of them out", from)
		}
	}
	return s, trace
}

// leave reads how many readers of streamed answers leave before the end, and when.
func leave(s *workload.Streaming, c cursor) {
	c.mapping(need("share", share(&s.Leave, bounds{0, 1})), need("after", dist(&s.Reading, seconds)))
}

// arrivals reads an arrival process; workload.Arrivals says what each parameter means.
// begins says that it is that of sessions, which must not wait for calls.
func arrivals(a *workload.Arrivals, c cursor, begins bool) {
	rates := bounds{0, workload.MaxRate}
	a.Speed, a.Scale, a.Growth, a.Swing, a.Period = 1, 1, 1, 0.5, 24*time.Hour
	steady := need("rate", rate(&a.Rate, rates))
	shaped := may("shape", func(c cursor) { rateShape(&a.Shape, c) })
	varied := []field{steady, need("cv", number(&a.CV, bounds{workload.MinCV, workload.MaxCV})), shaped}
	state := func(dst *time.Duration) reader { return duration(dst, workload.MinState, maxDuration) }
	instant := func(dst *time.Duration) reader { return duration(dst, 0, maxDuration) }
	open := []variant{
		{"constant", []field{steady, shaped}},
		{"poisson", []field{steady, shaped}},
		{"gamma", varied},
		{"weibull", varied},
		{"mmpp", []field{steady, need("burst_rate", rate(&a.BurstRate, rates)),
			need("calm", state(&a.Calm)), need("burst", state(&a.Burst)), shaped}},
		{"ramp", []field{need("from", rate(&a.From, rates)), need("to", rate(&a.To, rates)), may("over", instant(&a.Over))}},
		{"diurnal", []field{steady, may("swing", share(&a.Swing, bounds{0, 1})),
			may("period", state(&a.Period)), may("peak_at", instant(&a.PeakAt))}},
		{"spike", []field{need("at", instant(&a.At)), need("calls", count(&a.Calls, 1, workload.MaxCalls)), may("over", instant(&a.Over))}},
	}
	if begins {
		if i, ok := c.variants("process", "arrival process of sessions", open); ok {
			a.Process = workload.Process(i)
			checkRates(a, c)
		}
		return
	}
	a.Sessions = &workload.Sessions{}
	i, ok := c.variants("process", "arrival process", append(open, []variant{
		{"closed", []field{need("users", count(&a.Users, 1, workload.MaxUsers)), may("think", dist(&a.Think, seconds))}},
		{"trace", []field{need("file", func(c cursor) { a.Log.Name = path(c) }), may("format", oneOf(&a.Log.Format, "trace format", workload.FormatNames())),
			may("columns", func(c cursor) { columns(&a.Log.Columns, c) }), may("skip_bad_rows", truth(&a.Log.SkipBadRows)),
			may("speed", number(&a.Speed, bounds{1 / workload.MaxSpeed, workload.MaxSpeed})),
			may("scale", number(&a.Scale, bounds{1.0 / workload.MaxScale, workload.MaxScale})), may("loop", truth(&a.Loop)),
			may("slice", func(c cursor) { slice(&a.Transform, c) }), may("shift", instant(&a.Shift)),
			may("growth", number(&a.Growth, bounds{workload.MinGrowth, workload.MaxGrowth})),
			may("tenants", choice(&a.Tenants, "tenants", workload.Tenancies[:]))}},
		{"sessions", sessions(a)},
	}...))
	a.Process = workload.Process(i)
	if a.Process != workload.InSessions {
		a.Sessions = nil
	}
	if ok {
		checkRates(a, c)
	}
}

// checkRates reports rates that let no call arrive.
func checkRates(a *workload.Arrivals, c cursor) {
	switch a.Process {
	case workload.ConstantRate, workload.Poisson, workload.GammaRenewal, workload.Weibull, workload.Diurnal:
		if a.Rate == 0 {
			c.child("rate").fail("is 0: no call would ever arrive")
		}
	case workload.MMPP:
		if a.Rate == 0 && a.BurstRate == 0 {
			c.fail("rate and burst_rate are both 0: no call would ever arrive")
		}
	case workload.Ramp:
		if a.From == 0 && a.To == 0 {
			c.fail("from and to are both 0: no call would ever arrive")
		}
	}
}

// rateShape reads how a rate goes up and down.
func rateShape(dst *workload.RateShape, c cursor) {
	before := len(c.found)
	c.mapping(
		need("step", duration(&dst.Step, workload.MinState, maxDuration)),
		need("levels", func(c cursor) {
			dst.Levels = readValues(c, func(c cursor) (float64, bool) { return c.number("a level", bounds{0, 1e9}) })
		}),
	)
	if c.shape != nil || len(c.found) > before {
		return
	}
	if err := dst.Check(); err != nil {
		c.fail("%v", err)
	}
}

// slice reads which part of a trace is replayed.
func slice(t *workload.Transform, c cursor) {
	before := len(c.found)
	c.mapping(may("from", duration(&t.Begin, 0, maxDuration)), may("to", duration(&t.End, time.Millisecond, maxDuration)))
	if c.shape == nil && len(c.found) == before && t.End > 0 && t.End <= t.Begin {
		c.fail("must end after it begins, got from %s to %s", short(t.Begin), short(t.End))
	}
}

// path reads the name of an embedded trace or the path of a file. In a file,
// paths are relative to its folder; in a flag, to the working directory.
func path(c cursor) string {
	var name string
	text(&name)(c)
	embedded := !strings.ContainsAny(name, `/\.`)
	if name == "" || embedded || c.n.at.line == 0 || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.n.at.file), name)
}

// columns reads which columns of a log hold what.
func columns(dst *workload.Columns, c cursor) {
	names := workload.ColumnNames()
	held := make([]string, len(names))
	var fields []field
	for i, name := range names {
		fields = append(fields, may(name, text(&held[i])))
	}
	before := len(c.found)
	c.mapping(fields...)
	if c.shape != nil || len(c.found) > before {
		return
	}
	*dst = workload.Columns{}
	for i, name := range names {
		if held[i] != "" {
			(*dst)[name] = held[i]
		}
	}
	if err := dst.Check(); err != nil {
		c.fail("%v", err)
	}
}

func lengths(c cursor) []workload.Length {
	name := path(c)
	if name == "" {
		return nil // reported
	}
	rows, err := workload.ReadLengths(name)
	if err != nil {
		c.fail("%v", err)
	}
	return rows
}

// maxError bounds how wrong estimates may be: the standard deviation of
// ln(estimate/true). At 3, one in three is wrong by more than twentyfold. maxBias bounds
// the median of estimate/true.
const maxError, maxBias = 3, 100

// weighChars notes by how much character counts are wrong for the model of the first deployment.
func (s *Spec) weighChars() {
	if len(s.Deployments) == 0 {
		return
	}
	for i := range s.Workload {
		for _, e := range []*workload.Estimate{&s.Workload[i].Estimate, &s.Workload[i].Guess} {
			if e.Belief == workload.Chars {
				*e = workload.CharsFor(s.Deployments[0].Model)
			}
		}
	}
}

// Counted returns the streams of the scenario with prompts estimated as a strategy wants them
// counted.
func (s *Spec) Counted(by strategies.Strategy) []workload.Stream {
	counts, ok := by.(strategies.CountsPrompts)
	if !ok || counts.CountsPrompts() == strategies.AsGiven {
		return s.Workload
	}
	e := workload.Estimate{}
	if counts.CountsPrompts() == strategies.ByChars {
		e = workload.CharsFor(s.Deployments[0].Model)
	}
	streams := slices.Clone(s.Workload)
	for i := range streams {
		streams[i].Estimate = e
	}
	return streams
}

// estimate reads what a client believes of its prompts.
func estimate(e *workload.Estimate, c cursor) {
	if name, other := (&shape{}), (&shape{}); c.described(shape{AnyOf: []*shape{name, other}}) {
		estimateName(e)(cursor{c.problems, c.n, "estimate", name})
		cursor{c.problems, c.n, "estimate", other}.mapping(estimateKeys(e)...)
		return
	}
	if c.n.kind != mapping {
		estimateName(e)(c)
		return
	}
	c.mapping(estimateKeys(e)...)
	switch fixed, wrong := c.child("fixed").ok(), c.child("error").ok() || c.child("bias").ok(); {
	case fixed && !wrong:
		e.Belief = workload.Fixed
	case wrong && !fixed:
		e.Belief = workload.WithError
	default:
		c.fail("want exact, chars, {fixed: 1000} or {error: 0.2, bias: 1}")
	}
}

func estimateName(e *workload.Estimate) reader {
	return choice(&e.Belief, "estimate", []string{"exact", "chars"})
}

func estimateKeys(e *workload.Estimate) []field {
	return []field{
		may("fixed", count(&e.Fixed, 1, maxTokens)),
		may("error", number(&e.Error, bounds{0, maxError})),
		may("bias", number(&e.Bias, bounds{1. / maxBias, maxBias})),
	}
}
