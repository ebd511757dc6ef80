package reports

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/scenarios/workload/fit"
)

// aFit is a model that is like its log but for one client.
func aFit() *fit.Report {
	pair := func(log, model, half float64, meets string) fit.Pair {
		p := fit.Pair{Log: log, Fit: model, Lo: model - half, Hi: model + half, Low: max(0, model-4*half), High: model + 4*half, Meets: meets}
		if log > 0 {
			p.Error = new(model/log - 1)
		}
		return p
	}
	trial := fit.Trial{Arrivals: "mmpp", Prompt: "lognormal", Output: "constant", Worst: 0.62, Meets: fit.Missed, Strategies: []fit.Comparison{
		{Strategy: "none", Failed: pair(80, 82.5, 4, fit.Met), Rejected: pair(80, 82.5, 4, fit.Met)},
		{Strategy: "paced", Failed: pair(0, 0, 0, fit.Met), Rejected: pair(20, 32.4, 2, fit.Missed)}}}
	chosen := fit.Trial{Arrivals: "gamma × rates of 10s", Prompt: "lognormal", Output: "constant", Worst: 0.31, Meets: fit.Chance, Strategies: []fit.Comparison{
		{Strategy: "none", Failed: pair(80, 78.2, 3, fit.Met), Rejected: pair(80, 78.2, 3, fit.Met)},
		{Strategy: "paced", Failed: pair(0, 0, 0, fit.Met), Rejected: pair(20, 26.2, 2, fit.Chance)}}}
	return &fit.Report{Schema: fit.Schema, Source: "log.csv", Format: "plain", Rows: 2_000_000, Fitted: 1 << 20, Span: 86_400, Rate: 12.136, CV: 1.75,
		Arrivals: fit.Part{Text: "{process: gamma, rate: 12.1/s, cv: 1.5}", Chosen: "gamma × rates of 10s", Why: "The simulation said so.", Far: 0.05, Candidates: []fit.Candidate{
			{Name: "poisson", Text: "{process: poisson, rate: 12.1/s}", Parameters: 1, LogLikelihood: new(1500.4), AIC: new(-2998.8), BIC: new(-2984.9), Above: new(12_345.6), KS: 0.0712345},
			{Name: "gamma × rates of 10s", Text: "{process: gamma, rate: 12.1/s, cv: 1.5}", Parameters: 345, LogLikelihood: new(8500.), AIC: new(-16310.), BIC: new(-15330.5), Above: new(0.), KS: 0.02, Chosen: true}}},
		Prompt: fit.Part{Text: "{dist: lognormal, p50: 900, p95: 4000, max: 9000}", Chosen: "lognormal", Why: "It has the least BIC.", Far: 0.05, Candidates: []fit.Candidate{
			{Name: "lognormal", Text: "{dist: lognormal, p50: 900, p95: 4000, max: 9000}", Parameters: 2, LogLikelihood: new(-9000.), AIC: new(18_004.), BIC: new(18_020.), Above: new(0.), KS: 0.01, Chosen: true}}},
		Output:   fit.Part{Text: "50", Chosen: "constant", Why: "All requests have the same number.", Candidates: []fit.Candidate{{Name: "constant", Text: "50", Chosen: true}}},
		Spearman: 0.251, Correlation: 0.251, Stage: fit.Stage{Provider: "openai/gpt-4o@tier-1", TPM: 452_000, Refused: 0.08, Duration: 8240, LogRuns: 4, FitRuns: 16, Seed: 1},
		Trials: []fit.Trial{trial, chosen}, Chosen: 1, Curves: []fit.Curve{{Of: "prompt_tokens", Share: []float64{0, 0.5, 1}, Log: []float64{10, 900, 9000}, Fit: []float64{12, 910, 9000}}},
		Scenario: "name: like\n", Warnings: []string{"log.csv:7: is earlier than the row above"}, Command: "ratesim workload fit log.csv"}
}

// A report can be made again from the saved result, in every format.
func TestFitAgain(t *testing.T) {
	d := Fit(aFit())
	saved, err := Read("result.json", strings.NewReader(written(t, d, JSON{})))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]Reporter{"text": Text{Width: 100}, "markdown": Markdown{}, "csv": CSV{}, "json": JSON{}, "scenario": Scenario{}} {
		if diff := cmp.Diff(written(t, d, r), written(t, saved.Document(""), r)); diff != "" {
			t.Errorf("%s (-first +again):\n%s", name, diff)
		}
	}
}

func TestFitFindings(t *testing.T) {
	for meets, want := range map[string]string{fit.Met: "reproduces the log", fit.Chance: "as far as can be seen", fit.Missed: "does not reproduce"} {
		r := aFit()
		r.Trials[1].Meets = meets
		if d := Fit(r); !strings.Contains(d.Title, want) {
			t.Errorf("%s: %s", meets, d.Title)
		}
	}
	if lead := strings.Join(Fit(aFit()).Lead, " "); !strings.Contains(lead, "429s of paced (26.2 instead of 20.0 of 1,000 calls)") {
		t.Errorf("lead: %s", lead)
	}
}

func TestBadSavedFit(t *testing.T) {
	for text, want := range map[string]string{
		`{"schema":"ratesim/fit/v1"}`: "chosen is 0, of 0 trials",
		`{"schema":"ratesim/fit/v1","trials":[{}],"curves":[{"of":"gaps_s","share":[1],"log":[],"fit":[]}]}`: "curves[0] has 1 shares, 0 values of the log and 0 of the model",
	} {
		if _, err := Read("r", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
	if s, err := Read("r", strings.NewReader(`{"schema":"ratesim/fit/v1","trials":[{}]}`)); err != nil || len(s.Document("").Tables) == 0 {
		t.Errorf("the least: error %v", err)
	}
	if err := (Scenario{}).Report(&bytes.Buffer{}, Workload(aLog())); err == nil {
		t.Error("a description holds no scenario")
	}
}
