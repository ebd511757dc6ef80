package capacity

import "ratesim/provider/catalog"

// ModelBreakEven is what a model's units must be used for to pay.
type ModelBreakEven struct {
	Model      string       `json:"model"`
	Deployment string       `json:"deployment"`
	Mixes      []BreakEvens `json:"break_even_utilisation,omitempty"` // as Mixes lists them; nil where no price of tokens is known
	// Uncached: cached tokens cost what others do, most likely because no price
	// of theirs was found.
	Uncached bool `json:"uncached"`
}

// Mixes are what break-even utilisations are listed for, as shares of the input
// that come from the cache, with ten input tokens to one of output, as in
// Microsoft's sizing example.
func Mixes() []float64 { return []float64{0, 0.5, 0.9} }

// ListBreakEvens returns the break-even utilisations of all models of which a vendor sells
// capacity, in global deployments.
func ListBreakEvens(known *catalog.Catalog, vendor string, p Prices) []ModelBreakEven {
	var out []ModelBreakEven
	for _, sold := range known.Offers() {
		if sold.Vendor != vendor {
			continue
		}
		o, err := NewOffer(known, vendor, sold.Model, catalog.Global, p)
		if err != nil || len(o.Terms) == 0 {
			out = append(out, ModelBreakEven{Model: sold.Model, Deployment: catalog.Global})
			continue
		}
		o = o.For(Tokens{Prompt: 10, Output: 1})
		m := ModelBreakEven{Model: o.Model, Deployment: o.Deployment, Uncached: o.Cached == o.Input}
		for _, cached := range Mixes() {
			m.Mixes = append(m.Mixes, o.BreakEvens(Tokens{Prompt: 10, Cached: 10 * cached, Output: 1}))
		}
		out = append(out, m)
	}
	return out
}
