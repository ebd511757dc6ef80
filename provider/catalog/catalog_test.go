package catalog

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
)

// Expected numbers are copied from the vendors' pages, not from the data files.
func TestFindLimits(t *testing.T) {
	for _, tt := range []struct {
		ref      string
		rpm, tpm int64
		input    float64
	}{
		{"openai/gpt-4o@tier-1", 500, 30_000, 2.5},
		{"openai/gpt-4o@tier-2", 5_000, 450_000, 2.5},
		{"openai/gpt-4.1@tier-3", 5_000, 800_000, 2},
		{"openai/gpt-5@tier-5", 15_000, 40_000_000, 1.25},
		{"openai/gpt-5-mini@tier-4", 10_000, 10_000_000, 0.25},
		{"openai/gpt-5-nano@tier-1", 500, 200_000, 0.05},
		{"openai/gpt-4o-mini@tier-1", 500, 200_000, 0.15},
		{"openai:2026-11/gpt-4o-mini@tier-1", 500, 200_000, 0.15},
		{"openai:2026-03/gpt-4o@tier-1", 500, 800_000, 2.5},
		{"openai:2026-03/gpt-4o@free", 500, 30_000, 2.5},
		{"openai:2026-03/gpt-4o-mini@tier-4", 0, 50_000_000, 0.15},
	} {
		c, err := Embedded().Find(tt.ref)
		if err != nil {
			t.Errorf("Find(%q): %v", tt.ref, err)
			continue
		}
		if c.RPM != tt.rpm || c.TPM != tt.tpm || c.Price.Input != tt.input || c.Ref != tt.ref {
			t.Errorf("Find(%q) = %d RPM, %d TPM, $%g, ref %q; want %d, %d, $%g", tt.ref, c.RPM, c.TPM, c.Price.Input, c.Ref, tt.rpm, tt.tpm, tt.input)
		}
		want := provider.Charge{Reserve: provider.ReserveLarger, Settle: true, Rejected: true, StopsStreams: true}
		if c.Charge != want || c.Window != provider.TokenBucket {
			t.Errorf("Find(%q) charges %+v over %v", tt.ref, c.Charge, c.Window)
		}
	}
}

func TestFindProvisioned(t *testing.T) {
	c, err := Embedded().Find("azure/gpt-4o-mini@ptu-100")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(provider.Provisioned{Units: 100, TPMPerUnit: 37_000, OutputRatio: 4}, c.PTU); diff != "" {
		t.Error(diff)
	}
	if c.Price != (provider.Price{UnitHour: 1}) || c.RPM != 0 || c.TPM != 0 || c.Charge.Rejected {
		t.Errorf("price %+v, limits %d and %d, charge %+v", c.Price, c.RPM, c.TPM, c.Charge)
	}
	if want := time.Second / 33; c.Latency.Floor < want || c.Latency.Floor > want+1 || c.Latency.PerToken != 10*time.Millisecond || c.Latency.Load != 1 {
		t.Errorf("%+v: want 10 ms a token, slower under load down to the target of 33 a second", c.Latency)
	}
	if p95 := c.Latency.TTFT.Quantile(0.95); math.Abs(p95-0.35) > 1e-9 {
		t.Errorf("p95 of the first token %v s, want 0.35", p95)
	}
}

func TestFindErrors(t *testing.T) {
	known := Embedded()
	for _, tt := range []struct {
		ref, want string
		what      string // of the UnknownError; empty = another error
	}{
		{"gpt-4o", `"gpt-4o" is not a reference; want vendor/model@tier or vendor:edition/model@tier, such as openai/gpt-4o@tier-1`, ""},
		{"openai:/gpt-4o@tier-1", `is not a reference`, ""},
		{"opnai/gpt-4o@tier-1", `unknown vendor "opnai"; known: anthropic, azure, bedrock, cerebras, deepseek, gemini, groq, mistral, openai, together, xai; nearest: openai/gpt-4o@tier-1, `, "vendor"},
		{"openai:2025-01/gpt-4o@tier-1", `unknown edition "2025-01" of openai; known: 2026-11, 2026-09, 2026-03`, "edition"},
		{"openai/gpt-4p@tier-1", `unknown model "gpt-4p" of openai; nearest: openai/gpt-4@tier-1, openai/gpt-4o@tier-1`, "model"},
		{"openai/gpt-4o@tier1", `unknown tier "tier1" of openai/gpt-4o; known: build, launch, grow, tier-1, tier-2, tier-3, tier-4, tier-5; nearest: openai/gpt-4o@tier-1, openai/gpt-4o@tier-2, openai/gpt-4o@tier-3`, "tier"},
		{"openai/gpt-4o@ptu-15", `unknown tier "ptu-15" of openai/gpt-4o; known: build, launch, grow, tier-1, tier-2, `, "tier"},
		{"openai:2026-03/gpt-5@tier-1", `unknown model "gpt-5" of openai:2026-03`, "model"},
		{"openai/gpt-4o-mini@free", `unknown tier "free" of openai/gpt-4o-mini; known: build, launch, grow, tier-1, tier-2, tier-3, tier-4, tier-5, openai:2026-03/gpt-4o-mini@free`, "tier"},
		{"openai:2026-09/gpt-4o@build", `unknown tier "build" of openai:2026-09/gpt-4o; known: tier-1, tier-2, tier-3, tier-4, tier-5, openai/gpt-4o@build`, "tier"},
		{"openai:2026-09/gpt-9@tier-1", `unknown model "gpt-9" of openai:2026-09`, "model"},
		{"azure/gpt-4o@tier-1", `unknown tier "tier-1" of azure/gpt-4o; known: dz-tier-1, dz-tier-2, dz-tier-3, dz-tier-4, dz-tier-5, dz-tier-6, ptu-N`, "tier"},
		{"azure/gpt-4o@ptu-N", `unknown tier "ptu-N" of azure/gpt-4o`, "tier"},
		{"azure/gpt-4o@ptu--15", `unknown tier "ptu--15"`, "tier"},
		{"azure/gpt-4o@ptu-0", `nearest: ptu-15`, ""},
		{"azure/gpt-4o@ptu-17", `17 PTUs of gpt-4o cannot be deployed: want 15 to 100000 in steps of 5; nearest: ptu-15`, ""},
		{"azure/gpt-4o@ptu-18", `nearest: ptu-20`, ""},
		{"azure/gpt-4o@ptu-100003", `nearest: ptu-100000`, ""},
		{"azure/llama-3.3-70b@ptu-15", `nearest: ptu-100`, ""},
		{"azure/gpt-4o@ptu-99999999999", `nearest: ptu-100000`, ""},
	} {
		_, err := known.Find(tt.ref)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Find(%q): %v; want %s", tt.ref, err, tt.want)
			continue
		}
		var unknown *UnknownError
		if errors.As(err, &unknown) != (tt.what != "") || unknown != nil && unknown.What != tt.what {
			t.Errorf("Find(%q): %#v; want an UnknownError about %q", tt.ref, err, tt.what)
		}
	}
}

// Every row has its sources, and Find returns it under its own name.
func TestEveryRow(t *testing.T) {
	seen, known := map[string]bool{}, Embedded()
	for _, r := range known.List() {
		if seen[r.Ref] {
			t.Errorf("%s: twice", r.Ref)
		}
		seen[r.Ref] = true
		what := map[string]bool{}
		for _, f := range r.Facts {
			what[f.What] = true
			if f.Source == "" || f.Date == "" || f.Confidence == "" {
				t.Errorf("%s: %+v: no source, date or confidence", r.Ref, f)
			}
		}
		want := []string{"limits", "latency"}
		if r.Step > 0 {
			want = []string{"ptu", "ptu price", "latency", "load"}
		}
		for _, w := range want {
			if !what[w] {
				t.Errorf("%s: no source for %s", r.Ref, w)
			}
		}
		c, err := known.Find(strings.Replace(r.Ref, "ptu-N", "ptu-100", 1))
		if err != nil {
			t.Errorf("%s: %v", r.Ref, err)
			continue
		}
		c.Ref, c.PTU.Units = "", 0
		if diff := cmp.Diff(r.Config, c, cmp.Comparer(sameLatency)); diff != "" {
			t.Errorf("%s: %s", r.Ref, diff)
		}
	}
	if len(seen) < 60 {
		t.Errorf("%d rows", len(seen))
	}
}

func sameLatency(a, b provider.Latency) bool {
	return a.PerToken == b.PerToken && a.Refusal == b.Refusal && a.TTFT.Quantile(0.9) == b.TTFT.Quantile(0.9)
}
