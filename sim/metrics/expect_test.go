package metrics

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// attempts returns an outcome whose replications have so many attempts, of as
// many calls.
func attempts(name string, n ...int64) Outcome {
	o := Outcome{Name: name}
	for _, n := range n {
		r := NewRun(Setup{Deployments: 1, Tenants: 1})
		r.Attempts, r.Calls = n, n
		o.Runs = append(o.Runs, r)
	}
	return o
}

func atLeast(left, right float64) bool { return left >= right }
func atMost(left, right float64) bool  { return left <= right }
func equal(left, right float64) bool   { return left == right }

// The margin is of the differences, pair by pair: with -1, 0 and 1 around its
// mean, half its interval is the quantile 4.302653 of Student's t with two degrees
// of freedom over the root of three.
func TestCheck(t *testing.T) {
	const half = 4.302653 / 1.7320508
	a, b := attempts("a", 99, 200, 301), attempts("b", 45, 95, 145)
	term := func(name string) Term { return Term{name, "attempts"} }
	for _, tt := range []struct {
		name string
		c    Condition
		want Expectation
	}{
		{"a value far below", Condition{Left: term("a"), Value: -1000, Met: atLeast},
			Expectation{Met: true, Certain: true, Value: new(200.0), Margin: &Estimate{1200, 1200 - 101*half, 1200 + 101*half}}},
		{"a value near", Condition{Left: term("a"), Value: 199, Met: atLeast},
			Expectation{Met: true, Value: new(200.0), Margin: &Estimate{1, 1 - 101*half, 1 + 101*half}}},
		{"a value near, from below", Condition{Left: term("a"), Value: 201, Met: atMost},
			Expectation{Met: true, Value: new(200.0), Margin: &Estimate{-1, -1 - 101*half, -1 + 101*half}}},
		{"another, paired", Condition{Left: term("a"), Factor: 2, Right: term("b"), Value: 7, Met: atLeast},
			Expectation{Met: true, Certain: true, Value: new(200.0), Against: new(95.0), Margin: &Estimate{3, 3 - half, 3 + half}}},
		{"another, missed", Condition{Left: term("a"), Factor: 2, Right: term("b"), Value: 13, Met: atLeast},
			Expectation{Certain: true, Value: new(200.0), Against: new(95.0), Margin: &Estimate{-3, -3 - half, -3 + half}}},
		{"another, chance", Condition{Left: term("a"), Factor: 2, Right: term("b"), Value: 9, Met: atLeast},
			Expectation{Met: true, Value: new(200.0), Against: new(95.0), Margin: &Estimate{1, 1 - half, 1 + half}}},
		{"equal on average", Condition{Left: term("a"), Factor: 2, Right: term("b"), Value: 10, Met: equal},
			Expectation{Met: true, Value: new(200.0), Against: new(95.0), Margin: &Estimate{0, -half, half}}},
		{"equal", Condition{Left: term("a"), Factor: 1, Right: term("a"), Met: equal},
			Expectation{Met: true, Certain: true, Value: new(200.0), Against: new(200.0), Margin: &Estimate{}}},
		{"does not apply", Condition{Left: Term{"a", "latency_p95"}, Value: 1, Met: atLeast}, Expectation{}},
	} {
		outcomes := []Outcome{a, b}
		r := summarise(outcomes...)
		tt.c.Text = tt.name
		r.Check(outcomes, &tt.c)
		tt.want.Text, tt.want.Metric = tt.name, tt.c.Left.Metric
		if diff := cmp.Diff([]Expectation{tt.want}, r.Expectations, cmpopts.EquateApprox(1e-5, 1e-9)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
	r := summarise(a)
	r.Check([]Outcome{a}, &Condition{Left: term("a"), Factor: 1, Right: term("b"), Met: atLeast})
	if len(r.Expectations) > 0 {
		t.Errorf("of a strategy that was not run: %+v", r.Expectations)
	}
}

// A replication in which one of the sides does not apply counts for neither.
func TestCheckWhereBothApply(t *testing.T) {
	a, b := attempts("a", 10, 20, 90), attempts("b", 10, 20, 0)
	r := summarise(a, b)
	r.Check([]Outcome{a, b}, &Condition{Left: Term{"a", "attempts"}, Factor: 2, Right: Term{"b", "amplification"}, Met: atLeast})
	got := r.Expectations[0]
	if got.Value == nil || *got.Value != 15 || *got.Against != 1 || got.Margin.Mean != 13 || !got.Met {
		t.Errorf("%+v", got)
	}
}

func TestJudge(t *testing.T) {
	met, missed := Expectation{Text: "1", Met: true, Certain: true}, Expectation{Text: "2", Certain: true}
	chance := Expectation{Text: "3", Met: true}
	type outcome struct {
		recorded bool
		list     []Expectation
	}
	for _, tt := range []struct {
		name     string
		cases    []outcome
		verdict  Verdict
		changed  bool
		deciding string // of the last case
	}{
		{"all", []outcome{{true, []Expectation{met}}, {true, []Expectation{met, met}}}, Holds, false, "1"},
		{"none", []outcome{{false, []Expectation{missed}}, {false, []Expectation{met, missed}}}, HoldsNot, false, "2"},
		{"some", []outcome{{true, []Expectation{met}}, {false, []Expectation{missed}}}, HoldsOnlyIf, false, "2"},
		{"chance is none", []outcome{{false, []Expectation{met, chance}}}, HoldsNot, false, "3"},
		{"nothing checked", []outcome{{false, nil}, {false, []Expectation{missed}}}, HoldsNot, false, "2"},
		{"holds no longer", []outcome{{true, []Expectation{met}}, {true, []Expectation{chance}}}, HoldsOnlyIf, true, "3"},
		{"holds now", []outcome{{false, []Expectation{met}}, {true, []Expectation{met}}}, Holds, true, "1"},
	} {
		var c Claim
		for _, k := range tt.cases {
			c.Judge("so", k.recorded, &Result{Expectations: k.list})
		}
		if got := c.Cases[len(c.Cases)-1].Deciding().Text; c.Verdict != tt.verdict || c.Changed != tt.changed || got != tt.deciding {
			t.Errorf("%s: %s, changed %v, decided by %s", tt.name, c.Verdict, c.Changed, got)
		}
	}
}
