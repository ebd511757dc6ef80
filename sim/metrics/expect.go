package metrics

import "math"

// Term is a metric of a strategy.
type Term struct{ Strategy, Metric string }

// Condition is one line of a scenario's expect list: Left, held against Factor
// times Right plus Value.
type Condition struct {
	Text   string // as it was written
	Left   Term
	Factor float64
	Right  Term // no Strategy: Left is held against Value alone
	Value  float64
	Met    func(left, right float64) bool
}

// Expectation is one checked line of a scenario's expect list.
type Expectation struct {
	Text   string `json:"text"`
	Metric string `json:"metric"` // of the left side
	Met    bool   `json:"met"`    // of the means
	// Value is the mean of the left strategy's metric, and Against that of the
	// right one's, if there is one; nil when a metric does not apply.
	Value   *float64 `json:"value,omitempty"`
	Against *float64 `json:"against,omitempty"`
	// Margin is the left side minus the right one, replication by replication,
	// and Certain is whether its whole interval says what Met says. Without it,
	// the outcome may be chance.
	Margin  *Estimate `json:"margin,omitempty"`
	Certain bool      `json:"certain"`
}

// Check holds the replications of r against a condition and adds the outcome to
// r; outcomes are what r summarises. A condition on a strategy that is not in r
// is left out; one on a metric that does not apply is not met.
func (r *Result) Check(outcomes []Outcome, c *Condition) {
	if r.Find(c.Left.Strategy) == nil || c.Right.Strategy != "" && r.Find(c.Right.Strategy) == nil {
		return
	}
	done := Finished(outcomes)
	left, right := series(c.Left, outcomes, done), make([]float64, len(done))
	if c.Right.Strategy != "" {
		right = series(c.Right, outcomes, done)
	}
	margin := make([]float64, len(done))
	for i := range margin {
		margin[i] = left[i] - (c.Factor*right[i] + c.Value)
		if math.IsNaN(margin[i]) { // compared only where both apply
			left[i], right[i] = math.NaN(), math.NaN()
		}
	}
	got := Expectation{Text: c.Text, Metric: c.Left.Metric}
	if l, r := estimate(left), estimate(right); l != nil && r != nil {
		got.Value, got.Margin = &l.Mean, estimate(margin)
		if c.Right.Strategy != "" {
			got.Against = &r.Mean
		}
		got.Met = c.Met(l.Mean, c.Factor*r.Mean+c.Value)
		got.Certain = c.Met(got.Margin.Lo, 0) == got.Met && c.Met(got.Margin.Hi, 0) == got.Met
	}
	r.Expectations = append(r.Expectations, got)
}

// series returns a term's value in each replication, NaN where it does not
// apply.
func series(t Term, outcomes []Outcome, done []int) []float64 {
	for i := range outcomes {
		if outcomes[i].Name != t.Strategy {
			continue
		}
		for _, m := range Metrics() {
			if m.Name == t.Metric {
				return m.series(outcomes, i, done)
			}
		}
	}
	return nil
}
