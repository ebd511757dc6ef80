package capacity

import (
	"math"
	"strings"
	"testing"

	"ratesim/provider/catalog"
)

// known is read once; it does not change.
var known = catalog.Embedded()

func offer(t *testing.T, model, deployment string, p Prices) *Offer {
	t.Helper()
	o, err := NewOffer(known, "azure", model, deployment, p)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// What a PTU can do in a month of 43,800 minutes costs about $260 by the token,
// for every model: the figures are the fact sheet's, by its own arithmetic. So
// a monthly reservation, $260, breaks even near 100 % utilisation, a yearly one,
// $221 a month, at 85 %, and an hourly PTU, $730, at 280 %: never. Tokens of gpt-5.6-sol are
// sold at $4 in place of $5, and its PTUs are not: 1,200 x 43,800 x $4 a million = $210.24.
func TestBreakEvenIdentity(t *testing.T) {
	worth := map[string]float64{"gpt-4o": 273.8, "gpt-4o-mini": 243.1, "o3-mini": 120.5, "gpt-5.5": 262.8, "gpt-5.4": 262.8,
		"gpt-5.4-mini": 259.5, "gpt-5.2": 260.6, "gpt-5.1": 260.1, "gpt-5": 260.1, "gpt-5-mini": 260.1, "gpt-4.1": 262.8,
		"gpt-4.1-mini": 261.0, "o3": 262.8, "gpt-6-sol": 262.8, "gpt-6-astra": 262.8,
		"gpt-5.6-sol": 210.2, "gpt-5.6-terra": 262.8, "gpt-5.6-luna": 262.8, "gpt-5.3-codex": 260.6, "gpt-5.2-codex": 260.6,
		"gpt-5.1-codex": 260.1, "gpt-4.1-nano": 260.2, "o4-mini": 260.2, "o1": 151.1, "llama-3.3-70b": 262.8}
	for _, r := range known.List() {
		model := r.Config.Model
		if _, _, priced := known.Tokens("azure", model); r.Minimum == 0 || !priced {
			continue
		}
		want, ok := worth[model]
		if !ok {
			t.Errorf("%s has a price and PTUs; what is its month worth?", model)
			continue
		}
		delete(worth, model)
		o := offer(t, model, catalog.Global, Prices{})
		for c, price := range map[Commitment]float64{Hourly: 730, Monthly: 260, Yearly: 221} {
			// Where output costs what its ratio says, the mix does not matter.
			for _, mix := range []Tokens{{Prompt: 1000}, {Prompt: 200, Output: 20}} {
				if mix.Output > 0 && math.Abs(o.Output/o.Input-o.Weights.Ratio) > 1e-9 {
					continue
				}
				got := o.BreakEven(c, mix)
				if math.Abs(price/got-want) > 0.0501 { // the figures are rounded to 0.1
					t.Errorf("%s %v of %+v: %.4f, want %.4f", model, c, mix, got, price/want)
				}
			}
		}
	}
	if len(worth) > 0 {
		t.Errorf("not in the catalog: %v", worth)
	}
}

// By hand, for gpt-4o, of 10 input tokens to 1 of output: with half of the
// input cached a PTU counts 5 + 4 = 9 for what costs 5 x 2.5 + 5 x 1.25 + 10 =
// 28.75 millionths, so that a PTU-month is worth 2500 x 43800 x 28.75/9 =
// $349.8.
func TestBreakEvenCached(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	got := o.BreakEvens(Tokens{Prompt: 10, Cached: 5, Output: 1})
	for _, k := range []struct{ got, price float64 }{{got["hourly"], 730}, {got["monthly"], 260}, {got["yearly"], 221}} {
		if want := k.price / 349.79; math.Abs(k.got-want) > 1e-4*want {
			t.Errorf("%.5f, want %.5f", k.got, want)
		}
	}
	// From GPT-6 on, weights follow prices: the cache changes nothing.
	o = offer(t, "gpt-6-sol", catalog.Global, Prices{})
	a, b := o.BreakEvens(Tokens{Prompt: 10, Output: 1}), o.BreakEvens(Tokens{Prompt: 10, Cached: 9, Output: 1})
	if math.Abs(a["yearly"]-b["yearly"]) > 1e-12 {
		t.Errorf("gpt-6-sol: %v without a cache, %v with one", a, b)
	}
}

func TestOfferPrices(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	o := offer(t, "gpt-4o", "data-zone", Prices{Units: []UnitPrice{{Hourly, 2, 0, "hour"}}, Discount: 0.2, Input: v(5)})
	if math.Abs(o.price(Hourly)-2*0.8*730) > 1e-9 || math.Abs(o.price(Monthly)-286*0.8) > 1e-9 || math.Abs(o.price(Yearly)-2917.2*0.8/12) > 1e-9 {
		t.Errorf("PTU prices %v", o.Terms)
	}
	if o.Input != 5 || o.Cached != 2.5 || o.Output != 10 || o.Batch != 0.5 {
		t.Errorf("prices %v, %v, %v, batch %v", o.Input, o.Cached, o.Output, o.Batch)
	}
	if o := offer(t, "gpt-4o", "regional", Prices{}); o.Sizes != (catalog.Sizes{Minimum: 50, Step: 50}) || o.price(Hourly) != 1460 {
		t.Errorf("regional: %+v, %v", o.Sizes, o.Terms)
	}
	for _, a := range o.Assumptions {
		if a.Source == "" || a.Unit == "" || a.Confidence == "" {
			t.Errorf("without source, unit or confidence: %+v", a)
		}
	}
}

// A user's own catalog has the price of the hour of global PTUs.
func TestOfferOfOwnCatalog(t *testing.T) {
	own, err := known.With("own.csv", strings.NewReader("vendor,model,tier,minimum,step,tpm_per_ptu,output_ratio,target_tps,usd_per_ptu_hour,source,date,confidence\n"+
		"azure,gpt-4o,ptu-N,7,3,1000,5,100,0.5,my contract,2026-11,official\n"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOffer(own, "azure", "gpt-4o", catalog.Global, Prices{})
	if err != nil {
		t.Fatal(err)
	}
	if o.price(Hourly) != 365 || o.Sizes != (catalog.Sizes{Minimum: 7, Step: 3}) || o.PerUnit != 1000 || o.Weights.Ratio != 5 {
		t.Errorf("%+v", o)
	}
}

func TestOfferErrors(t *testing.T) {
	known, err := known.With("own.csv", strings.NewReader("vendor,model,tier,minimum,step,tpm_per_ptu,output_ratio,target_tps,source,date,confidence\n"+
		"azure,unpriced,ptu-N,7,3,1000,5,100,my contract,2026-11,official\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct{ model, deployment, want string }{
		{"gpt-4-o", catalog.Global, `no PTUs of "gpt-4-o"; nearest: gpt-4o; known: gpt-4.1, `},
		{"claude-sonnet-4.5", catalog.Global, "the catalog has no PTUs"},
		{"unpriced", catalog.Global, "no price of tokens of unpriced; give --input-price and --output-price"},
		{"llama-3.3-70b", "regional", "want global or data-zone"},
	} {
		if _, err := NewOffer(known, "azure", k.model, k.deployment, Prices{}); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: %v", k.model, err)
		}
	}
	v := 1.0
	if o, err := NewOffer(known, "azure", "unpriced", catalog.Global, Prices{Input: &v, Output: &v}); err != nil || o.Cached != 1 {
		t.Errorf("%+v, %v: want cached tokens to cost 1", o, err)
	}
}
