package scenarios

import (
	"math"
	"strings"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/sim/metrics"
)

// priced is a scenario with one deployment, which has more keys, and keys of its own.
func priced(keys, provider, more string) string {
	return "name: priced\nduration: 1m\n" + keys + "workload: [{arrivals: {process: constant, rate: 1/s}, prompt_tokens: 10, output_tokens: 5}]\n" +
		"deployments:\n  - name: main\n    provider: " + provider + "\n" + more + "strategies: [none]\n"
}

func TestPrices(t *testing.T) {
	for _, tt := range []struct {
		about, keys, provider, more string
		when                        []string
		input, output               []float64
		rows                        []int
	}{
		{"two lengths of prompts", "", "openai/gpt-5.5@tier-5", "", []string{"", "long prompt"}, []float64{5, 10}, []float64{30, 45}, []int{1, 1}},
		{"a tier of service and a region", "", "openai/gpt-5.5@tier-5", "    service: flex\n    region: regional\n",
			[]string{"", "long prompt"}, []float64{2.75, 5.5}, []float64{16.5, 24.75}, []int{3, 3}},
		{"a batch", "", "openai/gpt-4o@tier-5", "    batch: true\n", []string{""}, []float64{1.25}, []float64{5}, []int{2}},
		{"peak hours", "begins: 2026-11-30T02:00:00Z\n", "deepseek/deepseek-flash@default", "", []string{"", "peak hour"}, []float64{0.15, 0.3}, []float64{0.6, 1.2}, []int{1, 2}},
		{"a price of later", "begins: 2027-01-01T00:00:00Z\n", "gemini/gemini-3.8-flash@free", "", []string{""}, []float64{1.5}, []float64{7.5}, []int{1}},
		{"no price", "", "groq/sample@6k", "", []string{""}, []float64{0}, []float64{0}, []int{0}},
	} {
		s, err := Parse("x.yaml", []byte(priced(tt.keys, tt.provider, tt.more)), Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.about, err)
			continue
		}
		if len(s.Prices) != len(tt.when) {
			t.Errorf("%s: %+v", tt.about, s.Prices)
			continue
		}
		for i, p := range s.Prices {
			if p.Deployment != "main" || p.When != tt.when[i] || p.Input != tt.input[i] || p.Output != tt.output[i] || len(p.Rows) != tt.rows[i] {
				t.Errorf("%s: %+v", tt.about, p)
			}
		}
	}
	s, err := Parse("x.yaml", []byte(priced("", "azure/gpt-4o@ptu-100", "")), Options{})
	if err != nil || len(s.Prices) != 1 || s.Prices[0].PTUHour != 1 || len(s.Prices[0].Rows) != 1 {
		t.Errorf("PTUs: %+v, %v", s, err)
	}
	for more, want := range map[string]string{
		"    service: flox\n":               `x.yaml:7:14: deployments[0].service: unknown service "flox" of openai/gpt-5.5; known: priority, flex`,
		"    region: mars\n":                `x.yaml:7:13: deployments[0].region: unknown region "mars" of openai/gpt-5.5; known: regional`,
		"    service: flex\nbegins: soon\n": `x.yaml:8:9: begins: want a time in UTC such as 2026-11-30T08:00:00Z, got "soon"`,
	} {
		if _, err := Parse("x.yaml", []byte(priced("", "openai/gpt-5.5@tier-5", more)), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A run's cost is the sum of its lines, each of them tokens times a price.
func TestBill(t *testing.T) {
	d := provider.Config{Name: "main", Price: provider.Price{Input: 5, Cached: 0.5, Written: 6.25, Output: 30, Long: provider.LongPrices{From: 272_001, Input: 10, Cached: 1, Output: 45}}}
	ptu := provider.Config{Name: "ptu", Price: provider.Price{UnitHour: 2}, PTU: provider.Provisioned{Units: 50}}
	var r metrics.Run
	Bill(&r, &d, &provider.Bill{0: {Prompt: 1000, Cached: 300, Written: 100, Output: 10}, provider.LongPrompt: {Prompt: 300_000, Output: 1}}, 9)
	Bill(&r, &ptu, &provider.Bill{0: {Prompt: 70, Output: 7}}, 0.5)
	want := []metrics.Usage{
		{Deployment: "main", Input: 600, Cached: 300, Written: 100, Output: 10, USD: (600*5 + 300*0.5 + 100*6.25 + 10*30) / 1e6},
		{Deployment: "main", When: "long prompt", Input: 300_000, Output: 1, USD: 3.000045},
		{Deployment: "ptu", Input: 70, Output: 7},
		{Deployment: "ptu", When: "PTUs", PTUHours: 25, USD: 50},
	}
	sum := 0.0
	for i, u := range r.Usage {
		if sum += u.USD; i >= len(want) || math.Abs(u.USD-want[i].USD) > 1e-12 {
			t.Fatalf("line %d: %+v", i, u)
		}
		if u.USD = want[i].USD; u != want[i] {
			t.Errorf("line %d: %+v, want %+v", i, u, want[i])
		}
	}
	if len(r.Usage) != len(want) || r.CostUSD != sum || r.BilledPrompt != 301_070 || r.BilledCached != 300 {
		t.Errorf("%d lines, USD %v of %v, %d and %d tokens", len(r.Usage), r.CostUSD, sum, r.BilledPrompt, r.BilledCached)
	}
}

// What is old is said with its row, its date and its age; what the scenario gives itself, or
// names the edition of, is not.
func TestOldRows(t *testing.T) {
	const azure = "azure/gpt-5@tier-6"
	for _, tt := range []struct {
		about, keys, provider, more, want string
	}{
		{"old limits", "", azure, "", "deployment main rests on rows that are at least 150 days older than the newest row of the catalog, which is of 2026-10-31: the limits of azure/gpt-5@tier-6, of 2026-02-18 ("},
		{"limits of its own", "", azure, "    limits: {rpm: 10, tpm: 1000}\n", ""},
		{"an edition on purpose", "", "azure:2026-11/gpt-5@tier-6", "", ""},
		{"new limits", "", "openai/gpt-4o@tier-1", "", ""},
		{"hours that are not known", "", "deepseek/deepseek-flash@default", "", "deployment main: tokens cost 2 times as much in some hours, and the scenario does not say when it begins"},
		{"hours that are known", "begins: 2026-11-30T02:00:00Z\n", "deepseek/deepseek-flash@default", "", ""},
	} {
		s, err := Parse("x.yaml", []byte(priced(tt.keys, tt.provider, tt.more)), Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.about, err)
			continue
		}
		if got := strings.Join(s.Warnings, "\n"); (got == "") != (tt.want == "") || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.about, got, tt.want)
		}
	}
	s, err := Parse("x.yaml", []byte(priced("begins: 2026-12-01T12:30:00Z\n", azure, "")), Options{})
	if err != nil || !s.Begins.Equal(time.Date(2026, 12, 1, 12, 30, 0, 0, time.UTC)) {
		t.Errorf("begins %v, %v", s.Begins, err)
	}
}
