package scenarios

import (
	"cmp"
	"strconv"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/sim/metrics"
)

// Bill adds to r what a deployment was used for and what that costs: tokens, and PTUs for
// so many hours.
func Bill(r *metrics.Run, d *provider.Config, used *provider.Bill, hours float64) {
	all := used.Total()
	r.BilledPrompt += all.Prompt
	r.BilledCached += all.Cached
	for b := range provider.Band(provider.NumBands) {
		if used[b] == (provider.Usage{}) {
			continue
		}
		n := used[b].ByKind()
		r.Usage = append(r.Usage, metrics.Usage{Deployment: d.Name, When: b.String(), Input: n[provider.FreshToken], Cached: n[provider.CachedToken],
			Written: n[provider.WrittenToken], Output: n[provider.OutputToken], USD: d.Price.In(b, &used[b])})
	}
	if d.PTU.Units > 0 {
		r.Usage = append(r.Usage, metrics.Usage{Deployment: d.Name, When: ptuHours, PTUHours: float64(d.PTU.Units) * hours,
			USD: float64(d.PTU.Units) * hours * d.Price.UnitHour})
	}
	r.CostUSD = 0
	for i := range r.Usage {
		r.CostUSD += r.Usage[i].USD
	}
}

// ptuHours is when the price of PTUs is paid: always.
const ptuHours = "PTUs"

// pricesOf returns the prices of a deployment, with the rows that make them.
func pricesOf(d *provider.Config, of *catalog.Pricing) []metrics.Price {
	if d.PTU.Units > 0 {
		return []metrics.Price{{Deployment: d.Name, When: ptuHours, PTUHour: d.Price.UnitHour, Rows: rowsOf(of.Rows(0))}}
	}
	var prices []metrics.Price
	for b := range provider.Band(provider.NumBands) {
		if b&provider.LongPrompt != 0 && of.Long.From == 0 || b&provider.PeakHour != 0 && of.Peak.Factor == 0 {
			continue
		}
		usd := d.Price.Rates(b)
		prices = append(prices, metrics.Price{Deployment: d.Name, When: b.String(), Input: usd[provider.FreshToken], Cached: usd[provider.CachedToken],
			Written: usd[provider.WrittenToken], Output: usd[provider.OutputToken], Rows: rowsOf(of.Rows(b))})
	}
	return prices
}

func rowsOf(rows []catalog.PriceRow) []metrics.PriceRow {
	list := []metrics.PriceRow{}
	for _, r := range rows {
		list = append(list, metrics.PriceRow{Name: r.Name, Says: r.Says, Source: r.Fact.Source, Date: r.Fact.Date, Confidence: r.Fact.Confidence, Note: r.Fact.Note})
	}
	return list
}

// warnOfPrices says what a reader must know of the prices of a deployment: that they depend
// on an hour which nobody said.
func (d *decoder) warnOfPrices(cfg *provider.Config, of *catalog.Pricing) {
	if of.Peak.Factor != 0 && d.spec.Begins.IsZero() {
		d.warn("deployment %s: tokens cost %s times as much in some hours, and the scenario does not say when it begins: it is taken to begin on a Monday at 00:00 UTC (begins)",
			cmp.Or(cfg.Name, cfg.Ref), strconv.FormatFloat(of.Peak.Factor, 'f', -1, 64))
	}
}
