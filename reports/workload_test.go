package reports

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/scenarios/workload/profile"
)

// aLog is a day of requests with bursts.
func aLog() *profile.Profile {
	quantiles := make([]float64, 101)
	for i := range quantiles {
		quantiles[i] = float64(10 + i*i)
	}
	p := &profile.Profile{
		Schema: profile.Schema, Source: "log.csv", Format: "plain", Start: "2026-11-02T00:00:00Z", Rows: 90_000, Requests: 90_000, Span: 86_400, Bins: 1440,
		Prompt: 90_000_000, Cached: 22_500_000, Output: 9_000_000, RequestRate: 90_000. / 86_400,
		RPM:     &profile.Rate{Mean: 62.5, P50: 50, P95: 120, P99: 200, Max: 300, CV: 0.8, Lag: new(0.75)},
		TPM:     &profile.Rate{Mean: 68_750, P50: 55_000, P95: 130_000, P99: 210_000, Max: 330_000, CV: 0.9, Lag: new(0.7)},
		Windows: []profile.Window{{Seconds: 1, Requests: 40, Tokens: 44_000, Dispersion: new(3.1)}, {Seconds: 10, Requests: 120, Tokens: 130_000, Dispersion: new(9.0)}, {Seconds: 60, Requests: 330, Tokens: 360_000, Dispersion: new(40.0)}},
		Gaps:    &profile.Gaps{CV: 2.5, Local: new(2.1), P50: 0.4, P99: 9, Max: 60}, PromptSizes: &profile.Sizes{Mean: 1000, P50: 800, P95: 3000, P99: 9000, Max: 20_000, Quantiles: quantiles},
		OutputSizes: &profile.Sizes{Mean: 100, P50: 80, P95: 300, P99: 500, Max: 1000}, Correlation: &profile.Correlation{Pearson: 0.123456789, LogLog: 0.2, Spearman: -0.3, Rows: 90_000},
		Declared: &profile.Sizes{Mean: 512, P50: 512, P95: 512, P99: 512, Max: 512}, Undeclared: 100, Latency: &profile.Sizes{Mean: 1.5, P50: 1.2, P95: 4, P99: 9, Max: 30},
		Open: &profile.Open{Mean: 1.56, Max: 60}, Statuses: []profile.Count{{Name: "200", Requests: 89_000}, {Name: "429", Requests: 1000}},
		Models:  []profile.Count{{Name: "gpt-4o", Requests: 80_000}, {Name: "o3", Requests: 10_000}},
		Tenants: &profile.Tenants{Number: 2, Top1: 0.9, Top5: 1, Top10: 1, Top: []profile.Share{{Name: "web", Requests: 81_000, Share: 0.9, Tokens: 50_000_000, OfTokens: 0.505}, {Name: "night", Requests: 9000, Share: 0.1, Tokens: 49_000_000, OfTokens: 0.495}}},
		Hours:   []profile.Hour{{Hour: 8, Minutes: 60, RPM: 10}, {Hour: 9, Minutes: 60, RPM: 80}, {Hour: 10, Minutes: 60, RPM: 40}},
		Series:  &profile.Series{Step: 28_800, RPM: []float64{200, 300, 100}, TPM: []float64{210_000, 330_000, 90_000}},
		Cost:    &profile.Cost{Logged: 400, Rows: 90_000, Listed: 350, Priced: 80_000, Compare: 360, Ratio: new(360. / 350)},
		Why:     "the smallest tier of the model of most calls, of 2 models in the log",
		Ladder: []profile.Tier{
			{Ref: "openai/gpt-4o@tier-1", Limits: []profile.Use{{Limit: "rpm", Window: 60, Allowed: 500, Peak: 330, Ratio: 0.66}, {Limit: "tpm", Window: 60, Allowed: 30_000, Peak: 360_000, Ratio: 12, Over: 0.8, Excess: 0.6}}, Breaks: []string{"tpm"}},
			{Ref: "openai/gpt-4o@tier-2", Limits: []profile.Use{{Limit: "rpm", Window: 60, Allowed: 5000, Peak: 330, Ratio: 0.066}, {Limit: "tpm", Window: 60, Allowed: 450_000, Peak: 360_000, Ratio: 0.8}}, Breaks: []string{}}},
		BadRows: 3, Warnings: []string{"log.csv:7: is earlier than the row above; rows are sorted by time"}, Command: "ratesim workload describe log.csv"}
	return p
}

// A report can be made again from the saved result, in every format.
func TestWorkloadAgain(t *testing.T) {
	d := Workload(aLog())
	saved, err := Read("result.json", strings.NewReader(written(t, d, JSON{})))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]Reporter{"text": Text{Width: 100}, "markdown": Markdown{}, "csv": CSV{}, "json": JSON{}} {
		if diff := cmp.Diff(written(t, d, r), written(t, saved.Document(""), r)); diff != "" {
			t.Errorf("%s (-first +again):\n%s", name, diff)
		}
	}
}

func TestBadSavedWorkload(t *testing.T) {
	for text, want := range map[string]string{
		`{"schema":"ratesim/workload/v1"}`:                                                    "rows is 0, must be at least 1",
		`{"schema":"ratesim/workload/v1","rows":1,"series":{"step_s":60,"rpm":[1],"tpm":[]}}`: "the series has a step of 60 s, 1 rates of requests and 0 of tokens",
	} {
		if _, err := Read("r", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
	if s, err := Read("r", strings.NewReader(`{"schema":"ratesim/workload/v1","rows":1}`)); err != nil || len(s.Document("").Tables) != 0 {
		t.Errorf("the least: error %v", err)
	}
}
