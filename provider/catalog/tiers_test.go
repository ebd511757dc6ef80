package catalog

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What tiers ask for, copied from the vendors' pages and not from the data file.
func TestAsks(t *testing.T) {
	asks := map[string]string{}
	for _, r := range Embedded().List() {
		if r.Asks != nil {
			asks[r.Ref] = r.Asks.String()
		}
	}
	for ref, want := range map[string]string{
		// developers.openai.com/api/docs/guides/rate-limits, June 2026
		"openai:2026-03/gpt-4o@free":        "no payment; in a country that OpenAI serves; at most $100 a month",
		"openai:2026-03/gpt-4o@tier-1":      "$5 paid; at most $100 a month",
		"openai:2026-03/gpt-4o-mini@tier-2": "$50 paid, 7 days since the first payment; at most $500 a month",
		"openai:2026-03/gpt-4o@tier-3":      "$100 paid, 7 days since the first payment; at most $1,000 a month",
		"openai:2026-03/gpt-4o@tier-4":      "$250 paid, 14 days since the first payment; at most $5,000 a month",
		// The same page of June 2026, whose tiers held until 2026-10-06.
		"openai/gpt-4o@tier-1": "$5 paid; ended on 2026-10-06: $5 now give build, which has the limits of tier-2; at most $100 a month",
		"openai/gpt-5@tier-2":  "$50 paid, 7 days since the first payment; ended on 2026-10-06: build, for $5, has its limits; at most $500 a month",
		"openai/gpt-4o@tier-5": "$1,000 paid, 30 days since the first payment; ended on 2026-10-06: grow, for $500, has its limits; at most $200,000 a month",
		// Since then: Build $5 and $500, Launch $100 and $5,000, Grow $500 and $200,000.
		"openai/gpt-4o@build":  "$5 paid; credits bought; at most $500 a month",
		"openai/gpt-4o@launch": "$100 paid; credits bought; at most $5,000 a month",
		"openai/gpt-4o@grow":   "$500 paid; credits bought; at most $200,000 a month",
		// docs.x.ai/developers/rate-limits, October 2026
		"xai/grok-4.7@tier-3": "$1,000 paid; counted since 2026-01-01; a tier is never lost",
		// docs.anthropic.com/en/api/rate-limits, 2025: 5, 40 and 400 dollars of
		// credits; 100, 500 and 5,000 a month.
		"anthropic/claude-opus-4@tier-1":   "$5 paid; at most $100 a month",
		"anthropic/claude-sonnet-4@tier-2": "$40 paid; at most $500 a month",
		"anthropic/claude-sonnet-4@tier-4": "$400 paid; at most $5,000 a month",
		// platform.claude.com/docs/en/api/rate-limits, October 2026
		"anthropic/claude-opus-5@start": "no amount is published; assigned by itself: no purchase moves an organisation up, and a new one may begin below, on Evaluation; at most $500 a month",
		"gemini/gemini-2.5-flash@free":  "no payment; an active project or a free trial",
	} {
		if asks[ref] != want {
			t.Errorf("%s asks for %q, want %q", ref, asks[ref], want)
		}
	}
	if got, want := asks["azure/gpt-5@tier-6"], "no amount is published; assigned by consumption over time"; !strings.HasPrefix(got, want) {
		t.Errorf("azure asks for %q, want %q", got, want)
	}
}

// Every deployment that is paid by use says what its tier asks for, or that nothing is
// published, and from where that is; nothing stands in tiers.csv for no deployment.
func TestEveryTierAsks(t *testing.T) {
	known := Embedded()
	used := map[string]bool{}
	for _, r := range known.List() {
		i := slices.IndexFunc(r.Facts, func(f Fact) bool { return f.What == "tier" })
		if r.Tier == provisioned {
			if r.Asks != nil || i >= 0 {
				t.Errorf("%s is bought and asks for a tier", r.Ref)
			}
			continue
		}
		if r.Asks == nil || i < 0 {
			t.Errorf("%s: tiers.csv has nothing of it", r.Ref)
			continue
		}
		if f := r.Facts[i]; f.Source == "" || f.Date == "" || f.Confidence == "" {
			t.Errorf("%s: %+v: no source, date or confidence", r.Ref, f)
		}
		if r.Asks.USD == nil && r.Asks.Condition == "" {
			t.Errorf("%s: neither an amount nor a condition", r.Ref)
		}
		used[r.Config.Vendor+":"+r.Edition+"@"+r.Tier] = true
	}
	for _, vendor := range known.Vendors() {
		for key := range known.pages(vendor).tiers {
			if !used[vendor+":"+key] {
				t.Errorf("tiers.csv of %s has %s, which no deployment has", vendor, key)
			}
		}
	}
}

func TestTiers(t *testing.T) {
	known := Embedded()
	for ref, want := range map[string]string{
		"openai:2026-09/gpt-4o@tier-4":           "openai/gpt-4o@tier-1 openai/gpt-4o@tier-2 openai/gpt-4o@tier-3 openai/gpt-4o@tier-4 openai/gpt-4o@tier-5",
		"openai/gpt-4o@tier-3":                   "openai/gpt-4o@build openai/gpt-4o@tier-3 openai/gpt-4o@launch openai/gpt-4o@grow",
		"openai:2026-03/gpt-4o-mini@tier-1":      "openai:2026-03/gpt-4o-mini@free openai:2026-03/gpt-4o-mini@tier-1 openai:2026-03/gpt-4o-mini@tier-2 openai:2026-03/gpt-4o-mini@tier-3 openai:2026-03/gpt-4o-mini@tier-4",
		"openai/gpt-4o-mini@tier-1":              "openai/gpt-4o-mini@tier-1 openai/gpt-4o-mini@build openai/gpt-4o-mini@launch openai/gpt-4o-mini@grow",
		"openai/gpt-4o@launch":                   "openai/gpt-4o@build openai/gpt-4o@launch openai/gpt-4o@grow",
		"gemini/gemini-3-flash@tier-1":           "gemini/gemini-3-flash@free gemini/gemini-3-flash@tier-1",
		"bedrock/claude-opus-4.6@on-demand":      "bedrock/claude-opus-4.6@on-demand",
		"anthropic/claude-opus-5@scale":          "anthropic/claude-opus-5@start anthropic/claude-opus-5@build anthropic/claude-opus-5@scale",
		"anthropic:2025-10/claude-opus-4@tier-4": "anthropic/claude-opus-4@tier-1 anthropic/claude-opus-4@tier-2 anthropic/claude-opus-4@tier-4",
		"azure/gpt-5@tier-5":                     "azure/gpt-5@tier-1 azure/gpt-5@tier-2 azure/gpt-5@tier-3 azure/gpt-5@tier-4 azure/gpt-5@tier-5 azure/gpt-5@tier-6",
		"azure/gpt-5.1@dz-tier-1":                "azure/gpt-5.1@dz-tier-1 azure/gpt-5.1@dz-tier-2 azure/gpt-5.1@dz-tier-3 azure/gpt-5.1@dz-tier-4 azure/gpt-5.1@dz-tier-5 azure/gpt-5.1@dz-tier-6",
		"azure/gpt-5.1@ptu-15":                   "azure/gpt-5.1@tier-1 azure/gpt-5.1@tier-2 azure/gpt-5.1@tier-3 azure/gpt-5.1@tier-4 azure/gpt-5.1@tier-5 azure/gpt-5.1@tier-6",
		"azure/gpt-4o@ptu-15":                    "azure/gpt-4o@dz-tier-1 azure/gpt-4o@dz-tier-2 azure/gpt-4o@dz-tier-3 azure/gpt-4o@dz-tier-4 azure/gpt-4o@dz-tier-5 azure/gpt-4o@dz-tier-6",
		"azure/llama-3.3-70b@ptu-100":            "azure/llama-3.3-70b@foundry-default",
		"bedrock/claude-sonnet-4.5@5m":           "bedrock/claude-sonnet-4.5@200k bedrock/claude-sonnet-4.5@1m bedrock/claude-sonnet-4.5@2m bedrock/claude-sonnet-4.5@5m",
	} {
		rows, err := known.Tiers(ref)
		if err != nil {
			t.Error(err)
		}
		var got []string
		for _, r := range rows {
			got = append(got, r.Ref)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", ref, diff)
		}
	}
	if _, err := known.Tiers("openai/gpt-4o@tier-9"); err == nil || !strings.Contains(err.Error(), `unknown tier "tier-9"`) {
		t.Errorf("an unknown tier: %v", err)
	}
	if _, err := known.Tiers("gpt-4o"); err == nil {
		t.Error("no reference, and no error")
	}
}

// Every deployment is among its tiers, and no limit of a larger one is below that of
// a smaller one; so the search for the smallest that is enough may stop at the first.
func TestTiersGrow(t *testing.T) {
	known := Embedded()
	for _, r := range known.List() {
		if r.Tier == provisioned {
			continue
		}
		tiers, err := known.Tiers(r.Ref)
		if err != nil || !slices.ContainsFunc(tiers, func(o Row) bool { return o.Ref == r.Ref }) {
			t.Errorf("%s is not among its own tiers: %v", r.Ref, err)
		}
		switch {
		case r.Config.Vendor == "groq" && r.Config.Model == "sample":
			continue // of models that were not recorded
		case r.Config.Vendor == "gemini" && r.Edition == "2026-11":
			continue // a 429 tells one limit: a row lacks those that nobody met
		case r.Config.Model == "model-router" && r.Scope == "data-zone":
			continue // the pages of tiers 2 to 4 have 190K to 270K, that of tier 1 has 300K
		}
		for i := 1; i < len(tiers); i++ {
			for _, kind := range limitColumns() {
				if small, large := most(&tiers[i-1], kind.Name.String()), most(&tiers[i], kind.Name.String()); small > large {
					t.Errorf("%s has %g %s, %s has %g", tiers[i-1].Ref, small, kind.Name, tiers[i].Ref, large)
				}
			}
		}
	}
}

func most(r *Row, name string) float64 {
	for _, l := range r.Limits {
		if l.Name == name {
			return float64(l.Most)
		}
	}
	return math.Inf(1)
}

// A limit of a day counts as its share of a minute, and what has no limit is last.
func TestTiersOfOwn(t *testing.T) {
	own, err := Embedded().With("own.csv", strings.NewReader("vendor,model,tier,rpm,tpm,tpd,source,date,confidence\n"+
		"xai,grok,none,,,,s,2026,official\n"+
		"xai,grok,minute,,1001,,s,2026,official\n"+
		"xai,grok,day,,,1440000,s,2026,official\n"+ // 1,000 a minute
		"xai,grok,requests,60,1001,,s,2026,official\n"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := own.Tiers("xai/grok@none")
	var got []string
	for _, r := range rows {
		got = append(got, r.Tier)
		if r.Asks != nil {
			t.Errorf("%s asks for %s", r.Ref, r.Asks)
		}
	}
	if want := []string{"day", "requests", "minute", "none"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}
