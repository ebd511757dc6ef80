package catalog

import (
	"strings"
	"testing"

	"ratesim/provider"
)

// What the sources say: OpenAI's queue goes by the tier of the model, Azure's by
// a tier of its own, Anthropic's is not in tokens; all take off half.
func TestToBatch(t *testing.T) {
	known := Embedded()
	for ref, queue := range map[string]int64{
		"openai/gpt-5.5@tier-1":             1_500_000,
		"azure/gpt-4o@dz-tier-1":            200_000_000,
		"anthropic/claude-sonnet-4.5@start": 0,
	} {
		cfg, err := known.Find(ref)
		if err != nil {
			t.Fatal(err)
		}
		full := cfg.Price
		if err := known.ToBatch(&cfg); err != nil {
			t.Fatal(err)
		}
		got := int64(0)
		if len(cfg.Limits) == 1 && cfg.Limits[0].Counts == provider.Tokens && cfg.Limits[0].Per == 0 {
			got = cfg.Limits[0].Most
		}
		if got != queue || cfg.RPM != 0 || cfg.TPM != 0 || !cfg.Batch {
			t.Errorf("%s: limits %+v, %d RPM, %d TPM; want %d tokens at a time alone", ref, cfg.Limits, cfg.RPM, cfg.TPM, queue)
		}
		used := provider.Bill{{Prompt: 3_000_000, Cached: 1_000_000, Output: 500_000}}
		if got, want := cfg.Price.Total(&used), full.Total(&used)/2; got != want || want == 0 {
			t.Errorf("%s: %v USD, want half of the price, %v", ref, got, want)
		}
		if err := cfg.Validate(); err != nil {
			t.Error(err)
		}
	}
	cfg, err := known.Find("groq/sample@headers")
	if err != nil {
		t.Fatal(err)
	}
	if err := known.ToBatch(&cfg); err == nil || !strings.Contains(err.Error(), "it has those of openai, azure, anthropic, gemini") {
		t.Errorf("a vendor without a batch API: %v", err)
	}
}
