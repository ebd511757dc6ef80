package ladder

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/profile"
)

func describe(t *testing.T, text string, o workload.UsageOptions, refs ...string) *profile.Profile {
	t.Helper()
	log, err := workload.OpenUsage("log", strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Describe(&Question{Log: log, Source: "log", Catalog: catalog.Embedded(), Providers: refs})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// 40 requests of 1,000 tokens within a minute, and none in the next: against the 30,000 and
// 450,000 tokens, and the 500 and 5,000 requests a minute, of gpt-4o at tier 1 and Build.
func TestLadder(t *testing.T) {
	var log strings.Builder
	log.WriteString("time,prompt_tokens,output_tokens,model\n")
	for i := range 40 {
		fmt.Fprintf(&log, "%d,900,100,gpt-4o-2024-08-06\n", i)
	}
	log.WriteString("119,900,100,gpt-4o\n")
	p := describe(t, log.String(), workload.UsageOptions{})
	if len(p.Ladder) != 4 || p.Ladder[0].Ref != "openai/gpt-4o@tier-1" || p.Why != "the smallest tier of the model of most calls, of 2 models in the log" {
		t.Fatalf("%d tiers, why %q: %+v", len(p.Ladder), p.Why, p.Ladder)
	}
	want := map[string]profile.Use{
		"rpm": {Limit: "rpm", Window: 60, Allowed: 500, Peak: 40, Ratio: 0.08},
		"tpm": {Limit: "tpm", Window: 60, Allowed: 30_000, Peak: 40_000, Ratio: 4. / 3, Over: 0.5, Excess: 10. / 41},
	}
	for _, u := range p.Ladder[0].Limits {
		if w, ok := want[u.Limit]; ok && fmt.Sprintf("%.9v", u) != fmt.Sprintf("%.9v", w) {
			t.Errorf("got %+v, want %+v", u, w)
		}
	}
	if s := p.Steps(); len(s) != 1 || s[0].Fits != 1 || fmt.Sprint(p.Ladder[0].Breaks) != "[tpm]" || p.Ladder[0].Asks == "" {
		t.Errorf("%+v", s)
	}
}

// What counts is what each vendor counts.
func TestMeasures(t *testing.T) {
	r := workload.Record{Requests: 1, Prompt: 1000, Cached: 400, Output: 50, MaxTokens: 300}
	tests := []struct {
		name string
		unit provider.Unit
		c    provider.Charge
		want float64
	}{
		{"requests", provider.Requests, provider.Charge{}, 1},
		{"settled", provider.Tokens, provider.Charge{Reserve: provider.ReserveLarger, Settle: true}, 1050},
		{"max_tokens, never settled", provider.Tokens, provider.Charge{Reserve: provider.ReserveMaxTokens, Undeclared: 16}, 1300},
		{"the larger", provider.Tokens, provider.Charge{Reserve: provider.ReserveLarger}, 1000},
		{"the prompt alone", provider.Tokens, provider.Charge{Reserve: provider.ReserveEstimate}, 1000},
		{"cached tokens are free", provider.Tokens, provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true, CacheDiscount: 1}, 650},
		{"output counts five times", provider.Tokens, provider.Charge{Settle: true, Burndown: 5, CacheDiscount: 1, ReserveCached: true}, 850},
		{"input", provider.Input, provider.Charge{CacheDiscount: 1, Settle: true}, 600},
		{"output", provider.Output, provider.Charge{CacheDiscount: 1, Settle: true}, 50},
	}
	for _, tt := range tests {
		m := profile.NewMeter([]profile.Measure{measureOf(tt.unit, &tt.c)})
		if err := m.Add(&r); err != nil {
			t.Fatal(err)
		}
		if u, ok := m.Ask(measureOf(tt.unit, &tt.c), 1, 60e9); !ok || u.Peak != tt.want {
			t.Errorf("%s: %+v, want %v", tt.name, u, tt.want)
		}
	}
}

// The log's cost is held against 2.50 USD a million prompt tokens, 1.25 for cached ones and 10
// for output tokens: gpt-4o's list price.
func TestReconcile(t *testing.T) {
	const log = "time,prompt_tokens,output_tokens,cached_tokens,model,cost\n" +
		"0,1000000,100000,200000,gpt-4o,4.00\n1,10,10,0,nobody-knows,1.00\n2,10,10,0,gpt-4o,\n"
	c := describe(t, log, workload.UsageOptions{}).Cost
	listed := 0.8*2.5 + 0.2*1.25 + 0.1*10
	if c == nil || c.Rows != 2 || c.Priced != 1 || c.Logged != 5 || c.Compare != 4 || math.Abs(c.Listed-listed) > 1e-9 || math.Abs(*c.Ratio-4/listed) > 1e-9 {
		t.Errorf("%+v, want %v USD listed", c, listed)
	}
	if c := describe(t, "time,prompt_tokens,output_tokens\n0,1,2\n", workload.UsageOptions{}).Cost; c != nil {
		t.Errorf("a log without costs: %+v", c)
	}
}

// What a log does not tell is held against no limit.
func TestWhatTheLogDoesNotTell(t *testing.T) {
	p := describe(t, "client,window_start_s,rate_rps,cv\n0,0,10,1\n0,600,20,1\n", workload.UsageOptions{}, "openai/gpt-4o@tier-1")
	for _, tier := range p.Ladder {
		for _, u := range tier.Limits {
			if u.Limit != "rpm" && u.Limit != "rpd" {
				t.Errorf("%s: %s is asked for %v", tier.Ref, u.Limit, u.Peak)
			}
		}
	}
	if p.Ladder[0].Limits[0].Peak != 1200 {
		t.Errorf("peak %v, want 20 requests a second", p.Ladder[0].Limits[0].Peak)
	}
}
