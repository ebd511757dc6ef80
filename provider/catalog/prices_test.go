package catalog

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"ratesim/provider"
)

// What vendors say that calls cost, copied from their pages and not from the data files.
func TestCostsThatVendorsState(t *testing.T) {
	const later = "2027-01-01"
	million := func(prompt, cached, output int64) provider.Usage {
		return provider.Usage{Prompt: prompt, Cached: cached, Output: output}
	}
	for _, tt := range []struct {
		ref   string
		terms Terms
		used  provider.Usage
		usd   float64
		from  string
	}{
		// Anthropic: an hour of coding with Opus 4.7 takes 50,000 tokens of input, USD 0.25, and 15,000 of output, USD 0.375. When 40,000
		// are from the cache, these cost USD 0.02 and the other 10,000 USD 0.05.
		{"anthropic/claude-opus-4.7@scale", Terms{}, million(50_000, 0, 15_000), 0.25 + 0.375, "the worked example of platform.claude.com, about-claude/pricing"},
		{"anthropic/claude-opus-4.7@scale", Terms{}, million(50_000, 40_000, 15_000), 0.05 + 0.02 + 0.375, "the same, by the price of a cache hit"},
		// A cache hit of Sonnet 5.5 costs half as much since 2026-10-07.
		{"anthropic/claude-sonnet-5.5@scale", Terms{Day: "2026-10-06"}, million(1e6, 1e6, 0), 0.20, "the same page before"},
		{"anthropic/claude-sonnet-5.5@scale", Terms{Day: "2026-10-07"}, million(1e6, 1e6, 0), 0.10, "the same page after"},
		// The table of writes to the cache: 5 minutes and an hour.
		{"anthropic/claude-opus-5.5@scale", Terms{Kept: 5 * time.Minute}, provider.Usage{Prompt: 1e6, Written: 1e6}, 5, "the table of platform.claude.com, about-claude/pricing"},
		{"anthropic/claude-opus-5.5@scale", Terms{Kept: time.Hour}, provider.Usage{Prompt: 1e6, Written: 1e6}, 8, "the same"},
		{"anthropic/claude-sonnet-4.6@scale", Terms{Region: "us"}, million(1e6, 0, 1e6), 1.1 * (3 + 15), "US-only inference costs 1.1 times as much"},
		// OpenAI prints the prices of long context. A call of 272,000 tokens is short.
		{"openai/gpt-5.5@tier-5", Terms{}, million(272_000, 0, 1000), 1.36 + 0.03, "developers.openai.com, pricing: USD 5 and 30"},
		{"openai/gpt-5.5@tier-5", Terms{}, million(272_001, 0, 1000), 2.72001 + 0.045, "the same: USD 10 and 45 for the whole request"},
		{"openai/gpt-5.5@tier-5", Terms{}, million(400_000, 300_000, 0), 1 + 0.3, "the same: USD 10, and 1 from the cache"},
		{"openai/gpt-6-astra@build", Terms{}, provider.Usage{Prompt: 272_000, Written: 72_000}, 2 + 0.9, "the same: USD 10, and 12.50 for writing to the cache"},
		{"openai/gpt-6-astra@build", Terms{Service: "priority"}, million(100_000, 0, 10_000), 2 * (1 + 0.5), "priority, which is called fast, costs twice as much"},
		// Gemini's page has the prices of each service.
		{"gemini/gemini-3.1-pro@tier-1", Terms{Service: "priority"}, million(100_000, 50_000, 10_000), 0.05*3.60 + 0.05*0.36 + 0.01*21.60, "ai.google.dev, pricing: priority"},
		{"gemini/gemini-3.1-pro@tier-1", Terms{Service: "priority"}, million(300_000, 100_000, 10_000), 0.2*7.20 + 0.1*0.72 + 0.01*32.40, "the same, above 200K"},
		{"gemini/gemini-3.1-pro@tier-1", Terms{Service: "flex"}, million(300_000, 100_000, 10_000), 0.2*2 + 0.1*0.40 + 0.01*9, "the same, flex: what is cached costs as in standard"},
		{"gemini/gemini-2.5-pro@tier-1", Terms{Service: "flex"}, million(200_000, 100_000, 10_000), 0.1*0.625 + 0.1*0.125 + 0.01*5, "the same"},
		{"gemini/gemini-3.8-flash@free", Terms{Service: "priority"}, million(1e6, 0, 1e6), 1.35 + 6.75, "the same, until 2026-12-31"},
		{"gemini/gemini-3.8-flash@free", Terms{Service: "priority", Day: later}, million(1e6, 0, 1e6), 2.70 + 13.50, "the same, from 2027-01-01 on"},
		// xAI: 200K and more cost twice as much, for all tokens.
		{"xai/grok-4.7@tier-0", Terms{}, million(199_999, 0, 1e6), 0.399998 + 6, "docs.x.ai, models"},
		{"xai/grok-4.7@tier-0", Terms{}, million(200_000, 0, 1e6), 0.8 + 12, "the same"},
		// DeepSeek: twice as much from 01 to 04 and from 06 to 10 UTC, on weekdays.
		{"deepseek/deepseek-flash@default", Terms{Begins: 2 * time.Hour}, million(1e6, 500_000, 1e6), 0.15 + 0.003 + 1.2, "a note on api-docs.deepseek.com, pricing"},
		{"deepseek/deepseek-flash@default", Terms{Begins: 5 * 24 * time.Hour}, million(1e6, 500_000, 1e6), 0.075 + 0.0015 + 0.6, "the same, on a Saturday"},
		// Azure's data zones.
		{"azure/gpt-4o@dz-tier-1", Terms{}, million(1e6, 0, 1e6), 2.75 + 11, "LiteLLM, azure/eu/gpt-4o-2024-11-20"},
		{"bedrock/claude-opus-4.6@cross-region", Terms{}, million(100_000, 0, 1e6), 0.55 + 27.5, "LiteLLM, us.anthropic.claude-opus-4-6-v1"},
	} {
		cfg, err := Embedded().Find(tt.ref)
		if err != nil {
			t.Error(err)
			continue
		}
		if tt.terms.Kept == 0 {
			tt.terms.Kept = cfg.Cache.TTL
		}
		of, err := Embedded().SetPrice(&cfg, tt.terms)
		if err != nil {
			t.Error(err)
			continue
		}
		usd, band := cfg.Price.Cost(0, tt.used)
		if math.Abs(usd-tt.usd) > 1e-12 {
			t.Errorf("%s, %+v: %+v costs %.9f, want %.9f by %s", tt.ref, tt.terms, tt.used, usd, tt.usd, tt.from)
		}
		if len(of.Rows(band)) == 0 {
			t.Errorf("%s: no row says what it costs", tt.ref)
		}
	}
}

// A batch of Gemini's Pro models pays for cached tokens what others do.
func TestBatchPricesThatGeminiStates(t *testing.T) {
	known := Embedded()
	cfg, err := known.Find("gemini/gemini-2.5-pro@tier-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := known.ToBatch(&cfg); err != nil {
		t.Fatal(err)
	}
	of, err := known.SetPrice(&cfg, Terms{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.Price.Rates(0), [provider.NumTokens]float64{0.625, 0.125, 0.625, 5}; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := cfg.Price.Rates(provider.LongPrompt), [provider.NumTokens]float64{1.25, 0.25, 1.25, 7.5}; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if rows := of.Rows(0); len(rows) != 2 || !strings.Contains(rows[1].Name, "batch") {
		t.Errorf("rows %+v", rows)
	}
}

// Every price of every deployment follows from the rows that Rows names, each of which has a
// source, a date and a confidence; long prompts never cost less, and cached tokens never more.
func TestRowsMakeThePrices(t *testing.T) {
	known := Embedded()
	long := 0
	for _, r := range known.List() {
		if r.Tier == provisioned {
			continue
		}
		of, err := known.pages(r.Config.Vendor).pricing(&r, Terms{Kept: r.Config.Cache.TTL})
		if err != nil || of.Price != r.Config.Price {
			t.Errorf("%s: %+v, %v; the row has %+v", r.Ref, of.Price, err, r.Config.Price)
			continue
		}
		for b := range provider.Band(provider.NumBands) {
			if b&provider.LongPrompt != 0 && of.Long.From == 0 {
				continue
			}
			rows := of.Rows(b)
			if of.Input > 0 && len(rows) == 0 {
				t.Errorf("%s: no row says its price", r.Ref)
			}
			for _, row := range rows {
				if row.Fact.Source == "" || !dated.MatchString(row.Fact.Date) || !slices.Contains(confidences[:], row.Fact.Confidence) || row.Says == "" {
					t.Errorf("%s: %+v", r.Ref, row)
				}
			}
		}
		if of.Long.From == 0 {
			continue
		}
		long++
		short, high := of.Rates(0), of.Rates(provider.LongPrompt)
		for k := range short {
			if high[k] < short[k] {
				t.Errorf("%s: long prompts cost %v, others %v", r.Ref, high, short)
			}
		}
		if high[provider.CachedToken] > high[provider.FreshToken] {
			t.Errorf("%s: cached tokens of long prompts cost %v", r.Ref, high)
		}
	}
	if long < 100 {
		t.Errorf("%d deployments have prices of long prompts", long)
	}
}

// Each file of prices has a line that can be found: rows of one model and length from the
// earliest day to the latest, and factors that match a model of the vendor.
func TestPriceFiles(t *testing.T) {
	known := Embedded()
	for _, vendor := range known.Vendors() {
		p := known.pages(vendor)
		for i := range p.prices {
			a := &p.prices[i]
			if base := p.list(a.model, "9999", false); base == nil {
				t.Errorf("%s/%s has a price of long prompts alone", vendor, a.model)
			} else if a.hour >= 0 && a.written < 0 {
				t.Errorf("%s/%s has a price of an hour in the cache alone", vendor, a.model)
			}
			for j := range i {
				if b := &p.prices[j]; b.model == a.model && b.prompt > 0 && a.prompt > 0 && b.prompt != a.prompt {
					t.Errorf("%s/%s has prices of two lengths; the model of prices has one", vendor, a.model)
				}
			}
		}
		for i := range p.factors {
			f := &p.factors[i]
			if !slices.ContainsFunc(p.prices, func(r listed) bool { return f.matches(r.model) }) {
				t.Errorf("%s: the factor of %s matches no model that has a price", vendor, f.model)
			}
		}
	}
}

// A service or a region of which nothing is known is an error that names what there is.
func TestUnknownTerms(t *testing.T) {
	known := Embedded()
	for _, tt := range []struct {
		ref   string
		terms Terms
		want  string
	}{
		{"openai/gpt-5.5@tier-5", Terms{Service: "flox"}, `unknown service "flox" of openai/gpt-5.5; known: priority, flex`},
		{"anthropic/claude-opus-5@scale", Terms{Region: "eu"}, `unknown region "eu" of anthropic/claude-opus-5; known: us`},
		{"xai/grok-4.7@tier-0", Terms{Service: "flex"}, `unknown service "flex" of xai/grok-4.7; known: none`},
	} {
		cfg, err := known.Find(tt.ref)
		if err != nil {
			t.Fatal(err)
		}
		before := cfg.Price
		if _, err := known.SetPrice(&cfg, tt.terms); err == nil || err.Error() != tt.want || !errors.As(err, new(*UnknownError)) || cfg.Price != before {
			t.Errorf("%+v: %v, want %s", tt.terms, err, tt.want)
		}
	}
}

// A user's own price takes the place of the catalog's, and what is written to the cache costs
// more in the same proportion.
func TestOwnPrice(t *testing.T) {
	own, err := Embedded().With("own.csv", strings.NewReader(
		"vendor,model,tier,itpm,otpm,usd_per_million_input,usd_per_million_cached,usd_per_million_output,source,date,confidence\n"+
			"anthropic,claude-opus-5,ours,1000000,100000,4,0.4,20,contract,2026-11,official\n"))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := own.Find("anthropic/claude-opus-5@ours")
	if err != nil {
		t.Fatal(err)
	}
	for kept, want := range map[time.Duration]float64{5 * time.Minute: 5, time.Hour: 8} {
		of, err := own.SetPrice(&cfg, Terms{Kept: kept})
		if want := (provider.Price{Input: 4, Cached: 0.4, Written: want, Output: 20}); err != nil || cfg.Price != want {
			t.Errorf("%v: %+v, %v; want %+v", kept, cfg.Price, err, want)
		}
		if rows := of.Rows(0); len(rows) != 1 || rows[0].Fact.Source != "contract" {
			t.Errorf("rows %+v", rows)
		}
	}
}

func TestAges(t *testing.T) {
	newest := ""
	last := func(f Fact) {
		day := f.Date
		if month, err := time.Parse("2006-01", day); err == nil {
			day = month.AddDate(0, 1, -1).Format(time.DateOnly)
		}
		if len(day) == len(AsOf) {
			newest = max(newest, day)
		}
	}
	for _, r := range Embedded().List() {
		for _, f := range r.Facts {
			last(f)
		}
	}
	if newest != AsOf {
		t.Errorf("the newest row is of %s, and AsOf is %s", newest, AsOf)
	}
	for date, want := range map[string]int{"2026-10-31": 0, "2026-10": 0, "2026": 0, "2027-05-01": 0, "2026-10-01": 30, "2026-09": 31, "2025": 304, "": 0} {
		if got := int((&Fact{Date: date}).Age() / (24 * time.Hour)); got != want {
			t.Errorf("%q is %d days old, want %d", date, got, want)
		}
	}
	if at := OfWeek(time.Date(2026, 11, 30, 8, 30, 0, 0, time.UTC)); at != 8*time.Hour+30*time.Minute {
		t.Errorf("half past eight on a Monday is %v into the week", at)
	}
	if at := OfWeek(time.Date(2026, 11, 29, 23, 0, 0, 0, time.UTC)); at != 7*24*time.Hour-time.Hour {
		t.Errorf("eleven on a Sunday night is %v into the week", at)
	}
}

// Old is the median time from one edition to the next, in whole months of 30 days.
func TestOldIsTheMedianLifeOfAnEdition(t *testing.T) {
	var months []int
	for _, vendor := range Embedded().Vendors() {
		names := Embedded().pages(vendor).editionNames()
		for i := 1; i < len(names); i++ {
			a, err := time.Parse("2006-01", names[i])
			b, wrong := time.Parse("2006-01", names[i-1])
			if err != nil || wrong != nil {
				t.Fatal(err, wrong)
			}
			months = append(months, (b.Year()-a.Year())*12+int(b.Month())-int(a.Month()))
		}
	}
	slices.Sort(months)
	if got := months[len(months)/2]; time.Duration(got)*30*24*time.Hour != Old {
		t.Errorf("the median of %v months is %d, and Old is %v", months, got, Old)
	}
}
