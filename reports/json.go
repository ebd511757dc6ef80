package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ratesim/sim/metrics"
)

// maxResultBytes bounds what [ReadJSON] reads. A result holds fixed-size
// curves; one of 20 strategies over a day of seconds is about 40 MB.
const maxResultBytes = 256 << 20

// JSON writes r in the schema ratesim/result/v2: two spaces of indent, each
// estimate and each curve on one line, numbers rounded to 6 significant
// digits, which is well inside any interval and keeps files small and stable.
// An estimate, curve or paired difference with a NaN or an infinity in it is
// left out, as one that does not apply. The error is of w.
func JSON(w io.Writer, r *metrics.Result) error {
	return writeJSON(w, rounded(r))
}

func writeJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	if _, err := w.Write(append(oneLine(b), '\n')); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// oneLine joins the lines of number arrays and of objects that hold nothing but
// mean, lo and hi. A line break in JSON text is never inside a string, so no
// string can match.
func oneLine(b []byte) []byte {
	estimate := regexp.MustCompile(`\{\n\s+("mean": [^\n]+)\n\s+("lo": [^\n]+)\n\s+("hi": [^\n]+)\n\s+\}`)
	b = estimate.ReplaceAll(b, []byte("{$1 $2 $3}"))
	array := regexp.MustCompile(`\[\n\s+-?[0-9][-+.eE0-9,\s]*\]`)
	space := regexp.MustCompile(`\s+`)
	return array.ReplaceAllFunc(b, func(m []byte) []byte { return space.ReplaceAll(m, nil) })
}

// ReadJSON reads one result written by [JSON]. Keys it does not know are
// ignored, since a later version may add metrics; another schema, anything
// after the result, and values that no run produces are errors.
func ReadJSON(r io.Reader) (*metrics.Result, error) {
	limited := &io.LimitedReader{R: r, N: maxResultBytes}
	dec := json.NewDecoder(limited)
	var res metrics.Result
	err := dec.Decode(&res)
	switch {
	case limited.N == 0:
		return nil, fmt.Errorf("reading a result: larger than %d MB", maxResultBytes>>20)
	case errors.Is(err, io.EOF):
		return nil, errors.New("reading a result: the file is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("reading a result: the file is cut off")
	case err != nil:
		return nil, fmt.Errorf("reading a result: %w", err)
	case res.Schema != metrics.Schema && res.Schema != metrics.SchemaV1:
		return nil, fmt.Errorf("reading a result: schema is %q, must be %q or %q", res.Schema, metrics.Schema, metrics.SchemaV1)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading a result: something follows the result")
	}
	if err := check(&res); err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	return &res, nil
}

// check finds what would make a report of r nonsense.
func check(r *metrics.Result) error {
	if r.Replications < 1 {
		return fmt.Errorf("replications is %d, must be at least 1", r.Replications)
	}
	seen := map[string]bool{}
	for i := range r.Strategies {
		s := &r.Strategies[i]
		if s.Name == "" {
			return fmt.Errorf("strategies[%d] has no name", i)
		}
		if seen[s.Name] {
			return fmt.Errorf("two strategies are called %q", s.Name)
		}
		seen[s.Name] = true
		c := s.Curves
		if c != nil && c.Width <= 0 && len(c.AttemptsPerS)+len(c.RejectedPerS)+len(c.QuotaUsed) > 0 {
			return fmt.Errorf("curves of %q have width %g, must be positive", s.Name, c.Width)
		}
	}
	if r.Verdict != nil {
		return checkVerdict(r.Verdict)
	}
	return nil
}

// checkVerdict finds what the sentences of a verdict cannot do without.
func checkVerdict(v *metrics.Verdict) error {
	switch v.State {
	case metrics.Decided, metrics.Tied, metrics.Undecided, metrics.Leads:
		if len(v.Chosen) == 0 {
			return fmt.Errorf("the verdict is %s and has chosen nothing", v.State)
		}
	case metrics.Nothing:
	default:
		return fmt.Errorf("the verdict's state is %q", v.State)
	}
	reasons := slices.Concat(v.Why, v.Possible)
	for i := range v.Buy {
		if v.Buy[i].USD == nil {
			return fmt.Errorf("buy[%d] has no usd", i)
		}
		reasons = append(reasons, v.Buy[i].Gains...)
	}
	for _, w := range reasons {
		if w.Metric == "failed_per_1000" && w.Difference == nil || w.Metric != "failed_per_1000" && w.Ratio == nil && !strings.HasPrefix(w.Metric, "time_to_success_") {
			return fmt.Errorf("%s of %q has no difference", w.Metric, w.Against)
		}
	}
	if v.Fits != nil && v.Fits.Provider != "" && v.Fits.SuccessRate == nil {
		return errors.New("fits has no success_rate")
	}
	if v.Baseline != nil {
		for i := range v.Baseline.Saved {
			if v.Baseline.Saved[i].CallsPerDay == nil {
				return fmt.Errorf("saved[%d] has no calls_per_day", i)
			}
		}
	}
	return nil
}

// rounded returns a copy of r fit for JSON: see [JSON].
func rounded(r *metrics.Result) *metrics.Result {
	out := *r
	out.Strategies = make([]metrics.Strategy, len(r.Strategies))
	for i, s := range r.Strategies {
		s.Values = roundValues(s.Values)
		s.Tenants, s.Sizes = roundGroups(s.Tenants), roundGroups(s.Sizes)
		s.Curves = roundCurves(s.Curves)
		out.Strategies[i] = s
	}
	out.Paired = []metrics.Paired{}
	for _, p := range r.Paired {
		if finite(p.Mean, p.Lo, p.Hi) {
			p.Mean, p.Lo, p.Hi = round6(p.Mean), round6(p.Lo), round6(p.Hi)
			out.Paired = append(out.Paired, p)
		}
	}
	if r.Verdict != nil {
		out.Verdict = roundVerdict(r.Verdict)
	}
	out.Load = roundLoad(r.Load)
	out.Expectations = roundExpectations(r.Expectations)
	out.Warnings = append([]string{}, r.Warnings...)
	return &out
}

func roundExpectations(list []metrics.Expectation) []metrics.Expectation {
	out := []metrics.Expectation{}
	for _, e := range list {
		e.Value, e.Against, e.Margin = roundPointer(e.Value), roundPointer(e.Against), roundEstimate(e.Margin)
		out = append(out, e)
	}
	return out
}

func roundPointer(x *float64) *float64 {
	if x == nil || !finite(*x) {
		return nil
	}
	return new(round6(*x))
}

func roundEstimate(e *metrics.Estimate) *metrics.Estimate {
	if !known(e) {
		return nil
	}
	return &metrics.Estimate{Mean: round6(e.Mean), Lo: round6(e.Lo), Hi: round6(e.Hi)}
}

// roundValues rounds the metrics of a group of calls. Counts stay as they are: they
// have been rounded so that they add up.
func roundValues(v metrics.Values) metrics.Values {
	for id, m := range metrics.Metrics() {
		e := roundEstimate(v[id])
		if e != nil && m.AddsUp {
			e.Mean = v[id].Mean
		}
		v[id] = e
	}
	return v
}

// roundVerdict rounds the differences of a verdict.
func roundVerdict(v *metrics.Verdict) *metrics.Verdict {
	out := *v
	out.Why, out.Possible, out.Misses, out.Buy = roundReasons(v.Why), roundReasons(v.Possible), slices.Clone(v.Misses), slices.Clone(v.Buy)
	for i := range out.Misses {
		out.Misses[i].Value = roundEstimate(out.Misses[i].Value)
	}
	for i := range out.Buy {
		out.Buy[i].USD, out.Buy[i].Gains = roundEstimate(out.Buy[i].USD), roundReasons(out.Buy[i].Gains)
	}
	if v.Baseline != nil {
		b := metrics.Baseline{Name: v.Baseline.Name, Saved: slices.Clone(v.Baseline.Saved)}
		for i := range b.Saved {
			b.Saved[i].CallsPerDay = roundEstimate(b.Saved[i].CallsPerDay)
		}
		out.Baseline = &b
	}
	if v.Fits != nil {
		f := *v.Fits
		f.SuccessRate, f.CostPerSuccessUSD = roundEstimate(f.SuccessRate), roundEstimate(f.CostPerSuccessUSD)
		out.Fits = &f
	}
	return &out
}

func roundReasons(list []metrics.Reason) []metrics.Reason {
	out := slices.Clone(list)
	for i := range out {
		out[i].Difference, out[i].Ratio = roundEstimate(out[i].Difference), roundEstimate(out[i].Ratio)
	}
	return out
}

func roundGroups(groups []metrics.Group) []metrics.Group {
	out := slices.Clone(groups)
	for i := range out {
		out[i].Values = roundValues(out[i].Values)
	}
	return out
}

func roundCurves(c *metrics.Curves) *metrics.Curves {
	if c == nil || !finite(c.Width) {
		return nil
	}
	out := *c
	out.Width = round6(c.Width)
	for _, xs := range []*[]float64{&out.LatencyCDF, &out.AttemptsPerS, &out.RejectedPerS, &out.LostPerS, &out.ArrivedPerS, &out.AnsweredPerS, &out.FailedPerS, &out.QuotaUsed} {
		*xs = roundAll(*xs)
	}
	out.Unanswered = slices.Clone(c.Unanswered)
	for i := range out.Unanswered {
		t := &out.Unanswered[i]
		t.Share, t.Within = round6(t.Share), round6(t.Within)
	}
	return &out
}

func roundLoad(l *metrics.Load) *metrics.Load {
	if l == nil {
		return nil
	}
	out := &metrics.Load{Width: round6(l.Width)}
	for _, m := range l.Limits {
		out.Limits = append(out.Limits, metrics.LimitLoad{Limit: m.Limit, Asked: roundAll(m.Asked), Allowed: roundAll(m.Allowed)})
	}
	return out
}

func roundAll(xs []float64) []float64 {
	if !finite(xs...) {
		return nil
	}
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = round6(x)
	}
	return out
}

func finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// round6 rounds to 6 significant digits in decimal, so that the shortest
// text of the result has no more. The largest floats round past the range and
// stay as they are; -0 becomes 0.
func round6(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 5, 64), 64)
	switch {
	case err != nil || math.IsInf(x, 0):
		return x
	case y == 0:
		return 0
	}
	return y
}
