package capacity

import (
	"testing"

	"ratesim/provider/catalog"
)

// The size that the 95th percentile of the demand needs is always an option, once, with a
// year's price and spillover: what it costs is its PTUs at $221 a month and what is above it.
func TestRuleOfThumb(t *testing.T) {
	o := offer(t, "gpt-4o", catalog.Global, Prices{})
	for _, k := range []struct {
		d    *Demand
		same bool // the cheapest is as large
	}{{days(14, 400_000), false}, {steady(3000, Tokens{20, 50_000, 0, 0}), true}} {
		r := evaluate(k.d, o).Report
		found := 0
		for i, p := range r.Options {
			if p.Rule == "" {
				continue
			}
			found++
			spilled := 0.0
			for _, m := range k.d.Minutes {
				if x := o.Weights.Normalise(m); x > float64(p.PTUs)*2500 {
					spilled += o.PayAsYouGo(m) * (x - float64(p.PTUs)*2500) / x
				}
			}
			want := 221*float64(p.PTUs) + spilled*43_800/float64(len(k.d.Minutes))
			if p.Rule != "p95" || p.PTUs != r.PTUsAt.P95 || p.Commitment != "yearly" || !p.Spills || p.USDPerMonth < want*(1-1e-9) || p.USDPerMonth > want*(1+1e-9) {
				t.Errorf("%+v, want %d PTUs for %v", p, r.PTUsAt.P95, want)
			}
			if same := r.Options[i-1].Commitment == "monthly"; same != k.same {
				t.Errorf("it is the cheapest: %v, want %v", same, k.same)
			}
		}
		if found != 1 {
			t.Errorf("%d options by rule of thumb", found)
		}
	}
}
