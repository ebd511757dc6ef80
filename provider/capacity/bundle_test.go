package capacity

import (
	"math"
	"strings"
	"testing"

	"ratesim/provider/catalog"
)

// By hand, for gpt-5: 100,000 tokens a minute in and 20,000 out are 4 bundles of 25,000 and 8
// of 2,500. They cost 4 x $75 + 8 x $60 = $780 a day, $23,725 a month of 730 hours; by the
// token the same costs 43,800 x (0.1 x $1.25 + 0.02 x $10) = $14,235, so that a bundle would
// have to be used to 166.7 %.
func TestScaleTierExample(t *testing.T) {
	d := steady(3000, Tokens{100, 100_000, 0, 20_000})
	o := offerOf(t, "openai", "gpt-5", Prices{}).For(d.Total())
	if math.Abs(o.Outputs-2) > 1e-12 || o.OutputsFor(4) != 8 || o.OutputsFor(0) != 0 {
		t.Errorf("%v units of output for each of input", o.Outputs)
	}
	r := Evaluate(d, o, Settings{}).Report
	strict := r.Options[1]
	if strict.PTUs != 4 || strict.Outputs != 8 || math.Abs(strict.USDPerMonth-23_725) > 0.01 || strict.Title() != "4+8 bundles monthly" || strict.Name != "scale-tier" {
		t.Errorf("%+v", strict)
	}
	if payg := r.Options[0].USDPerMonth; math.Abs(payg-14_235) > 0.01 {
		t.Errorf("pay-as-you-go %v", payg)
	}
	if got := r.BreakEven["monthly"]; math.Abs(got-23_725.0/14_235) > 1e-6 || len(r.BreakEven) != 1 {
		t.Errorf("break-even %v", r.BreakEven)
	}
}

// Units of output are whole: 3 of input with 2.25 of output each take 7, and one takes at least
// one.
func TestOutputsAreWhole(t *testing.T) {
	o := &Offer{Outputs: 2.25, Terms: []Price{{Monthly, 100, 10}}}
	if o.OutputsFor(3) != 7 || o.cost(3, Monthly) != 370 || math.Abs(o.price(Monthly)-122.5) > 1e-12 {
		t.Errorf("%d, %v, %v", o.OutputsFor(3), o.cost(3, Monthly), o.price(Monthly))
	}
	if o.Outputs = 0.01; o.OutputsFor(3) != 1 {
		t.Errorf("%d", o.OutputsFor(3))
	}
}

// Where the price is not known, only pay-as-you-go is priced, and the answer says what a unit
// would be worth: a block of claude-sonnet-4.5, 1,000 tokens a minute in, with a fifth of one
// of output, serves 43.8 million tokens in and 8.76 million out in a month, which cost
// 43.8 x $3 + 8.76 x $15 = $262.80.
func TestReservedWithoutPrice(t *testing.T) {
	d := steady(3000, Tokens{100, 100_000, 0, 20_000})
	o := offerOf(t, "bedrock", "claude-sonnet-4.5", Prices{}).For(d.Total())
	e := Evaluate(d, o, Settings{})
	measure(e)
	e.Conclude()
	r := e.Report
	if len(r.Options) != 1 || r.Recommendation.Option != 0 || !strings.Contains(r.Recommendation.Why, "below 262.80 a month") {
		t.Errorf("%d options, %+v", len(r.Options), r.Recommendation)
	}
	if r.PTUsAt.P95 != 100 || len(r.BreakEven) != 0 {
		t.Errorf("%+v, %v", r.PTUsAt, r.BreakEven)
	}
	// With a price that a user gives, it is an option: 90 for three months of a block each way.
	o = offerOf(t, "bedrock", "claude-sonnet-4.5", Prices{Units: []UnitPrice{{Quarterly, 90, 380, "month"}}}).For(d.Total())
	if r := Evaluate(d, o, Settings{}).Report; len(r.Options) != 3 || r.Options[1].USDPerMonth != 100*90+20*380 {
		t.Errorf("%+v", r.Options)
	}
}

// measure stands in for the simulation: nothing is refused.
func measure(e *Evaluation) {
	for i := range e.Report.Options {
		e.Report.Options[i].RejectedShare = new(0.0)
	}
}

// A vendor that sells tokens alone is an offer of pay-as-you-go.
func TestTokensAlone(t *testing.T) {
	d := steady(3000, Tokens{100, 100_000, 0, 20_000})
	o := offerOf(t, "anthropic", "claude-sonnet-4.5", Prices{})
	e := Evaluate(d, o.For(d.Total()), Settings{Batch: 0.2})
	measure(e)
	e.Conclude()
	if r := e.Report; len(r.Options) != 2 || r.Unit != "" || len(r.Sizes) != 0 || r.Recommendation.Option != 1 || len(r.Recommendation.FlipsIf) != 0 {
		t.Errorf("%+v", r)
	}
	for _, k := range []struct{ vendor, model, want string }{
		{"vertex", "gemini-2.5-flas", `no GSUs of "gemini-2.5-flas"; nearest: gemini-2.5-flash; known: `},
		{"mistral", "nothing", "neither capacity nor a price of mistral/nothing; vendors whose capacity it knows: azure, bedrock, openai, vertex"},
		{"vertex", "llama-4-scout", "no price of tokens of llama-4-scout"},
	} {
		if _, err := NewOffer(known, k.vendor, k.model, catalog.Global, Prices{}); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s/%s: %v", k.vendor, k.model, err)
		}
	}
	if _, err := NewOffer(known, "vertex", "gemini-2.5-flash", "data-zone", Prices{}); err == nil || !strings.Contains(err.Error(), "no price of data-zone GSUs of vertex; want global") {
		t.Error(err)
	}
}
