package capacity

import "ratesim/provider/catalog"

// ModelBreakEven is what a model's PTUs must be used for to pay.
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

// ListBreakEvens returns the break-even utilisations of all models that have
// PTUs, in global deployments.
func ListBreakEvens(known *catalog.Catalog, p Prices) []ModelBreakEven {
	var out []ModelBreakEven
	rows := known.List()
	for i := range rows {
		if rows[i].Minimum == 0 {
			continue
		}
		o, err := NewOffer(known, rows[i].Config.Model, catalog.Global, p)
		if err != nil {
			out = append(out, ModelBreakEven{Model: rows[i].Config.Model, Deployment: catalog.Global})
			continue
		}
		m := ModelBreakEven{Model: o.Model, Deployment: o.Deployment, Uncached: o.Cached == o.Input}
		for _, cached := range Mixes() {
			m.Mixes = append(m.Mixes, o.BreakEvens(Tokens{Prompt: 10, Cached: 10 * cached, Output: 1}))
		}
		out = append(out, m)
	}
	return out
}
