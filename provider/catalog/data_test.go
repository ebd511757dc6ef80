package catalog

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/wire"
)

// Numbers of each vendor, copied from the sources and not from the data files.
func TestVendors(t *testing.T) {
	in := func(u provider.Unit, most int64, per time.Duration) provider.Limit {
		return provider.Limit{Counts: u, Most: most, Per: per, Shared: true}
	}
	const day = 24 * time.Hour
	// Above 272K tokens input and cache cost 2 times as much, and output 1.5 times.
	gpt55 := provider.Price{Input: 5, Cached: 0.5, Output: 30, Long: provider.LongPrices{From: 272_001, Input: 10, Cached: 1, Output: 45}}
	known := Embedded()
	for _, tt := range []struct {
		ref      string
		rpm, tpm int64
		limits   []provider.Limit // without windows
		window   provider.Window
		price    provider.Price
	}{
		{"openai/gpt-4o-mini@tier-1", 500, 200_000, []provider.Limit{in(provider.Requests, 10_000, day)}, provider.TokenBucket,
			provider.Price{Input: 0.15, Cached: 0.075, Output: 0.6}},
		{"openai/gpt-5.5@tier-5", 15_000, 40_000_000, nil, provider.TokenBucket, gpt55},
		{"azure/gpt-4o@dz-tier-1", 1800, 300_000, nil, provider.SubMinute, provider.Price{Input: 2.75, Cached: 1.375, Output: 11}},
		{"azure/gpt-5@tier-6", 450_000, 45_000_000, nil, provider.SubMinute, provider.Price{Input: 1.25, Cached: 0.125, Output: 10}},
		{"anthropic/claude-opus-4.8@scale", 10_000, 0, []provider.Limit{in(provider.Input, 10_000_000, time.Minute), in(provider.Output, 2_000_000, time.Minute)},
			provider.TokenBucket, provider.Price{Input: 5, Cached: 0.5, Written: 6.25, Output: 25}},
		{"anthropic/claude-sonnet-4@tier-1", 50, 0, []provider.Limit{in(provider.Input, 30_000, time.Minute), in(provider.Output, 8_000, time.Minute)},
			provider.TokenBucket, provider.Price{Input: 3, Cached: 0.3, Written: 3.75, Output: 15}},
		{"gemini/gemini-3-pro-preview@tier-1", 50, 0, []provider.Limit{in(provider.Requests, 1000, day), in(provider.Input, 1_000_000, time.Minute)},
			provider.FixedWindow, provider.Price{Input: 2, Cached: 0.2, Output: 12, Long: provider.LongPrices{From: 200_001, Input: 4, Cached: 0.4, Output: 18}}},
		{"gemini/gemini-2.5-flash@free", 5, 0, []provider.Limit{in(provider.Requests, 20, day), in(provider.Input, 250_000, time.Minute)},
			provider.FixedWindow, provider.Price{Input: 0.3, Cached: 0.03, Output: 2.5}},
		{"gemini:2025-10/gemini-2.5-flash@free", 10, 0, nil, provider.FixedWindow, provider.Price{Input: 0.3, Cached: 0.03, Output: 2.5}},
		{"bedrock/claude-sonnet-4.5@200k", 0, 200_000, []provider.Limit{in(provider.Tokens, 288_000_000, day)}, provider.TokenBucket,
			provider.Price{Input: 3, Cached: 0.3, Written: 3.75, Output: 15, Long: provider.LongPrices{From: 200_001, Input: 6, Cached: 0.6, Written: 7.5, Output: 22.5}}},
		{"bedrock/claude-opus-4.6@on-demand", 5000, 1_500_000, nil, provider.TokenBucket, provider.Price{Input: 5, Cached: 0.5, Written: 6.25, Output: 25}},
		{"bedrock/claude-opus-5.5@global-cross-region", 0, 30_000_000, nil, provider.TokenBucket, provider.Price{}},
		{"openai/gpt-6.1-sol@build", 5000, 1_000_000, nil, provider.TokenBucket, provider.Price{Input: 2, Cached: 0.1, Written: 2.5, Output: 10, Long: provider.LongPrices{From: 272_001, Input: 4, Cached: 0.2, Written: 5, Output: 15}}},
		{"openai/gpt-5.5@grow", 15_000, 40_000_000, nil, provider.TokenBucket, gpt55},
		{"openai/o3-mini@tier-2", 2000, 200_000, nil, provider.TokenBucket, provider.Price{Input: 1.1, Cached: 0.55, Output: 4.4}},
		{"openai/text-embedding-3-small@tier-3", 5000, 5_000_000, nil, provider.TokenBucket, provider.Price{Input: 0.02, Cached: 0.02}},
		{"azure/gpt-4.1-mini@std-tier-1", 6000, 6_000_000, nil, provider.SubMinute, provider.Price{Input: 0.4, Cached: 0.1, Output: 1.6}},
		{"azure/claude-opus-5@claude-payg", 40, 0, []provider.Limit{in(provider.Input, 40_000, time.Minute), in(provider.Output, 8000, time.Minute)},
			provider.SubMinute, provider.Price{Input: 5, Cached: 0.5, Written: 6.25, Output: 25}},
		{"azure/deepseek-r1@foundry-default", 5000, 5_000_000, []provider.Limit{in(provider.Requests, 300, 0)}, provider.SubMinute, provider.Price{Input: 1.35, Cached: 1.35, Output: 5.4}},
		{"xai/grok-4.7@tier-0", 9000, 50_000_000, nil, provider.PerSecond, provider.Price{Input: 2, Cached: 0.5, Output: 6, Long: provider.LongPrices{From: 200_000, Input: 4, Cached: 1, Output: 12}}},
		{"cerebras/gpt-oss-120b@free-trial", 5, 30_000, []provider.Limit{in(provider.Tokens, 1_000_000, day), in(provider.Tokens, 1_000_000, time.Hour)},
			provider.TokenBucket, provider.Price{Input: 0.35, Cached: 0.35, Output: 0.75}},
		{"groq/gpt-oss-120b@developer", 1000, 250_000, nil, provider.TokenBucket, provider.Price{Input: 0.15, Cached: 0.15, Output: 0.6}},
		{"groq/sample@6k", 0, 6000, nil, provider.TokenBucket, provider.Price{}},
		{"mistral/sample@headers", 4, 250_000, nil, provider.FixedWindow, provider.Price{}},
		{"deepseek/deepseek-flash@default", 0, 0, []provider.Limit{in(provider.Requests, 2500, 0)}, provider.TokenBucket,
			provider.Price{Input: 0.15, Cached: 0.003, Output: 0.6,
				Peak: provider.PeakHours{Factor: 2, Hours: 0b0011_1100_1110, Weekdays: true}}},
		{"together/openai/gpt-oss-120b@dynamic", 0, 0, []provider.Limit{{Counts: provider.Requests, Most: 60, Per: time.Hour, Growth: 1, Shared: true}},
			provider.TokenBucket, provider.Price{Input: 0.15, Cached: 0.15, Output: 0.6}},
	} {
		c, err := known.Find(tt.ref)
		if err != nil {
			t.Error(err)
			continue
		}
		if c.RPM != tt.rpm || c.TPM != tt.tpm || c.Window != tt.window || c.Price != tt.price {
			t.Errorf("%s: RPM %d, TPM %d, window %v, price %+v", tt.ref, c.RPM, c.TPM, c.Window, c.Price)
		}
		for i := range c.Limits {
			c.Limits[i].Window = 0
		}
		if !slices.Equal(tt.limits, c.Limits) {
			t.Errorf("%s: %s", tt.ref, cmp.Diff(tt.limits, c.Limits))
		}
	}
}

// Each current model's PTU price of a month is the pay-as-you-go price of what
// a PTU can do: TPM per PTU x 43,800 min x input price is near $260, but for
// the models named.
func TestPTUIdentity(t *testing.T) {
	want := map[string]float64{"gpt-4o": 273.8, "gpt-4o-mini": 243.1, "o3-mini": 120.5, "gpt-5.5": 262.8, "gpt-5.4": 262.8,
		"gpt-5.4-mini": 259.5, "gpt-5.2": 260.6, "gpt-5.1": 260.1, "gpt-5": 260.1, "gpt-5-mini": 260.1, "gpt-4.1": 262.8,
		"gpt-4.1-mini": 261.0, "o3": 262.8, "gpt-6-sol": 262.8, "gpt-6-astra": 262.8,
		"gpt-5.6-sol": 210.2 /* in a promotion */, "gpt-5.6-terra": 262.8, "gpt-5.6-luna": 262.8, "gpt-5.3-codex": 260.6, "gpt-5.2-codex": 260.6, "gpt-5.1-codex": 260.1,
		"gpt-4.1-nano": 260.2, "o4-mini": 260.2, "o1": 151.1, "llama-3.3-70b": 262.8}
	known := Embedded()
	for _, r := range known.List() {
		p, _, ok := known.Tokens("azure", r.Config.Model)
		if r.Tier != provisioned || !ok {
			continue
		}
		month := float64(r.Config.PTU.TPMPerUnit) * 43_800 * p.Input / 1e6
		if month < want[r.Config.Model]-0.06 || month > want[r.Config.Model]+0.06 {
			t.Errorf("%s: $%.2f a month, want %.1f", r.Config.Model, month, want[r.Config.Model])
		}
		delete(want, r.Config.Model)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}

func TestBatchesAndChoices(t *testing.T) {
	known := Embedded()
	i := slices.IndexFunc(known.Batches(), func(b Batch) bool { return b.Vendor == "azure" && b.Model == "gpt-4.1" && b.Tier == "enterprise" })
	if i < 0 {
		t.Fatal("no batch limit of azure/gpt-4.1")
	}
	b := known.Batches()[i]
	b.Fact = Fact{}
	if want := (Batch{"azure", "gpt-4.1", "enterprise", 100_000, 200, 5_000_000_000, 0.5, Fact{}}); b != want {
		t.Errorf("%+v, want %+v", b, want)
	}
	if n := len(known.Choices()); n < 25 {
		t.Errorf("%d choices", n)
	}
	vendors := map[string]bool{}
	for _, c := range known.Choices() {
		vendors[c.Vendor] = true
	}
	for _, v := range wire.Dialects {
		if !vendors[v.Vendor] {
			t.Errorf("no choices of %s", v.Vendor)
		}
	}
}
