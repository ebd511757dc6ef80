package reports

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// Results of the first schema are read, and say what they are.
func TestReadsTheFirstSchema(t *testing.T) {
	f, err := os.Open("testdata/result-v1.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	saved, err := Read("v1", f)
	if err != nil {
		t.Fatal(err)
	}
	r := saved.Result
	s := r.Find("jitter")
	if s == nil {
		s = &r.Strategies[0]
	}
	if got := s.Values[metrics.SuccessRate]; got == nil || s.Values[metrics.FailuresMaxRetries] == nil || s.Curves != nil {
		t.Errorf("%+v", s)
	}
	text := written(t, Compare(r, ""), Text{})
	for _, want := range []string{"older version", "Run the scenario again"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table does not say %q:\n%s", want, text)
		}
	}
}

func reread(t testing.TB, text string) *Saved {
	t.Helper()
	s, err := Read("again", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONRoundTrip(t *testing.T) {
	for _, r := range []*metrics.Result{launchDay(), short(), aHerd()} {
		first := written(t, Compare(r, ""), JSON{})
		got := reread(t, first).Result
		// Six digits of the original survive.
		if d := cmp.Diff(r, got, cmpopts.EquateApprox(5.1e-6, 0), cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(first, written(t, Compare(got, ""), JSON{})); d != "" {
			t.Errorf("written again, differs:\n%s", d)
		}
	}
}

// The line joining keeps the document the same as encoding/json made it.
func TestOneLineKeepsTheDocument(t *testing.T) {
	r := short()
	r.Warnings = []string{"{\n  \"mean\": 1,\n \"lo\": 1,\n \"hi\": 2\n}", "[\n  1,\n  2\n]"}
	b, err := json.MarshalIndent(rounded{r}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(oneLine(b), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestJSONHasNoNaN(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	r := &metrics.Result{
		Schema: metrics.Schema, Replications: 2,
		Strategies: []metrics.Strategy{{
			Group: metrics.Group{Name: "a", Values: metrics.Values{metrics.Calls: est(1, 0), metrics.Failed: est(nan, 0),
				metrics.LatencyP50: {Mean: 1, Lo: 1, Hi: inf}, metrics.FailuresDeadline: est(inf, 0)}},
			Curves: &metrics.Curves{Width: 1, AttemptsPerS: []float64{1}, QuotaUsed: []float64{-inf}},
		}},
		Paired:       []metrics.Paired{{A: "a", B: "b", Metric: "x", Mean: nan}, {A: "a", B: "c", Metric: "x"}},
		Expectations: []metrics.Expectation{{Text: "a.latency_p95 < 1s", Value: new(nan)}},
	}
	got := reread(t, written(t, Compare(r, ""), JSON{})).Result
	want := &metrics.Result{
		Schema: metrics.Schema, Replications: 2,
		Strategies: []metrics.Strategy{{
			Group:  metrics.Group{Name: "a", Values: metrics.Values{metrics.Calls: est(1, 0), metrics.LatencyP50: {Mean: 1, Lo: 1, Hi: inf}}},
			Curves: &metrics.Curves{Width: 1, AttemptsPerS: []float64{1}},
		}},
		Paired:       []metrics.Paired{{A: "a", B: "c", Metric: "x"}},
		Expectations: []metrics.Expectation{{Text: "a.latency_p95 < 1s"}},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	if strings.Contains(written(t, Compare(r, ""), Text{}), "NaN") {
		t.Error("NaN in the table")
	}
}

func TestRound6(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64().Draw(t, "x")
		y := words.Round6(x)
		if math.Abs(y-x) > 5.0001e-6*math.Abs(x)+1e-320 || math.Signbit(y) && y == 0 || words.Round6(y) != y {
			t.Fatalf("round6(%g) = %g", x, y)
		}
	})
	for x, want := range map[float64]string{123456.7: "123457", 0.1234567: "0.123457", 100: "100", 1.0 / 3: "0.333333"} {
		if got := decimal(words.Round6(x)); got != want {
			t.Errorf("round6(%g) is written %s, want %s", x, got, want)
		}
	}
}

func TestReadJSONErrors(t *testing.T) {
	const ok = `{"schema":"ratesim/result/v2","replications":1,"strategies":[%]}`
	with := func(s string) string { return strings.Replace(ok, "%", s, 1) }
	verdict := func(s string) string { return strings.Replace(with(""), "{", `{"verdict":`+s+`,`, 1) }
	for _, c := range []struct{ in, want string }{
		{"", "the file is empty"},
		{with(`{"name":"a"}`)[:40], "the file is cut off"},
		{"\x89PNG\r\n", "invalid character"},
		{`{}`, `in: the file has no schema, so it is not a result of ratesim`},
		{`{"schema":"ratesim/result/v3"}`, `in: the schema is "ratesim/result/v3", want one of ["ratesim/result/v2"`},
		{`{"schema":"ratesim/ptu/v1"}`, "in: there are no options in it"},
		{`{"schema":"ratesim/ptu/v1","options":[{}],"recommendation":{"option":1}}`, "in: recommendation.option is 1, want -1 to 0"},
		{`{"schema":"ratesim/providers/v1"}`, "in: there are no results in it"},
		{`{"schema":"ratesim/providers/v1","results":[null]}`, "in: results[0] is null"},
		{`{"schema":"ratesim/providers/v1","results":[{}]}`, "in: results[0]: replications is 0"},
		{`{"schema":"ratesim/claims/v1","claims":[{"name":"c","cases":[{}]}]}`, `in: cases[0] of claim "c" has no expectations`},
		{`{"schema":"ratesim/difference/v1"}`, "in: this is what differs between two results"},
		{with("") + "{}", "in:1:64: invalid character '{' after top-level value"},
		{with("") + "\nx", "in:2:1: invalid character 'x' after top-level value"},
		{`{"schema":"ratesim/result/v2"}`, "replications is 0, must be at least 1"},
		{with(`{}`), "strategies[0] has no name"},
		{with(`{"name":"a"},{"name":"a"}`), `two strategies are called "a"`},
		{with(`{"name":"a","curves":{"attempts_per_s":[1]}}`), `curves of "a" have width 0, must be positive`},
		{with(`{"name":"a","calls":"many"}`), "cannot unmarshal"},
		{with(`{"name":"a","failures":{"deadline":[]}}`), "failures.deadline"},
		{verdict(`{"state":"decided"}`), "the verdict is decided and has chosen nothing"},
		{verdict(`{"state":"sure","chosen":["a"]}`), `the verdict's state is "sure"`},
		{verdict(`{"state":"tied","chosen":["a"],"why":[{"metric":"amplification","against":"b"}]}`), "has no difference"},
		{verdict(`{"state":"tied","chosen":["a"],"fits":{"provider":"p"}}`), "fits has no success_rate"},
		{verdict(`{"state":"tied","chosen":["a"],"buy":[{"what":"ptu"}]}`), "buy[0] has no usd"},
		{verdict(`{"state":"tied","chosen":["a"],"baseline":{"name":"b","saved":[{"strategy":"a"}]}}`), "saved[0] has no calls_per_day"},
	} {
		_, err := Read("in", strings.NewReader(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want one with %q", c.in, err, c.want)
		}
	}
	if _, err := Read("in", strings.NewReader(with(`{"name":"a","metric_of_next_year":{"mean":1}}`)+"\n")); err != nil {
		t.Errorf("an added metric is refused: %v", err)
	}
}

// shortened is a result with at most three items in each list, so that the fuzzer tries a
// thousand inputs in the time that a whole one takes to be drawn in all formats.
func shortened(f *testing.F, saved []byte) []byte {
	var shorten func(v any) any
	shorten = func(v any) any {
		switch v := v.(type) {
		case []any:
			v = v[:min(3, len(v))]
			for i := range v {
				v[i] = shorten(v[i])
			}
			return v
		case map[string]any:
			for k := range v {
				v[k] = shorten(v[k])
			}
		}
		return v
	}
	var v any
	err := json.Unmarshal(saved, &v)
	if err == nil {
		saved, err = json.Marshal(shorten(v))
	}
	if err == nil {
		_, err = Read("seed", bytes.NewReader(saved))
	}
	if err != nil {
		f.Fatal(err)
	}
	return saved
}

// Whatever is read can be shown in any format, and what is written can be read.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"result.json", "result-v1.json", "claims.json", "ptu.json"} {
		saved, err := os.ReadFile("testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(shortened(f, saved))
	}
	f.Add([]byte(`{"schema":"ratesim/result/v2","replications":2,"strategies":[{"name":"a","time_to_success_p95":{"mean":1,"lo":1,"hi":null}}],"verdict":{"state":"undecided","chosen":["a"],"possible":[{"metric":"amplification","ratio":{"mean":1,"lo":1,"hi":null}}]}}`))
	f.Add([]byte(`{"schema":"ratesim/result/v1","replications":1,"strategies":[{"name":"oracle","success_rate":{"mean":-1e308}}]}`))
	f.Add([]byte(`{"schema":"ratesim/providers/v1","results":[{"schema":"ratesim/result/v2","replications":1}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := Read("in", bytes.NewReader(in))
		if err != nil {
			return
		}
		d := s.Document("tenant")
		for _, r := range []Reporter{Text{Width: 80}, Text{Color: true}, Markdown{}, CSV{}} {
			written(t, d, r)
		}
		again := reread(t, written(t, d, JSON{}))
		if s.Result != nil {
			between, err := Difference(s, again, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []Reporter{Text{Width: 80}, Markdown{}, CSV{}, JSON{}} {
				written(t, between, r)
			}
		}
	})
}
