package chart

import (
	"cmp"
	"fmt"
	"slices"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// mostTenants is how many tenants have room side by side.
const mostTenants = 5

// tenants shows whose calls fail under each strategy.
func (f *field) tenants() *Ranking {
	first := f.all[0].Tenants
	if len(first) < 2 {
		return nil
	}
	shown := f.worstTenants()
	c := &Ranking{Head: f.head("tenants", f.tenantsTitle(), "Calls that fail, of 1,000 of each tenant, all on one scale.")}
	if len(first) > len(shown) {
		c.Notes = append(c.Notes, fmt.Sprintf("The %d of %d tenants whose calls fail most.", len(shown), len(first)))
	}
	if colours := f.colours(); colours != "" {
		c.Notes = append(c.Notes, colours)
	}
	var all []float64
	for i := range f.all {
		e := &f.all[i]
		c.Rows = append(c.Rows, Row{Name: e.name(), Role: e.role})
		for _, k := range shown {
			if v := failedOf(e.Strategy, k); words.Known(v) {
				all = append(all, v.Mean)
			}
		}
	}
	axis := linear("of 1,000 calls", 0, max(cut(all), 1)*1.05, 4, words.PerThousand)
	for _, k := range shown {
		p := Panel{Title: words.Printable(first[k].Name), Axis: axis}
		for i := range f.all {
			m := Marks{}
			if v := failedOf(f.all[i].Strategy, k); words.Known(v) {
				m.Points = estimated(v, Dot, words.PerThousand)
				m.Points[0].Stem = true
				m.Text = words.CellOf(words.PerThousand, *v, false).String()
			}
			p.Rows = append(p.Rows, m)
		}
		c.Panels = append(c.Panels, p)
	}
	return c
}

func failedOf(s *metrics.Strategy, tenant int) *metrics.Estimate {
	if tenant >= len(s.Tenants) {
		return nil
	}
	return s.Tenants[tenant].Values[metrics.FailedPer1000]
}

// worstTenants returns the tenants whose calls fail most over all strategies, in their
// own order.
func (f *field) worstTenants() []int {
	lost := make([]float64, len(f.all[0].Tenants))
	order := make([]int, len(lost))
	for k := range lost {
		order[k] = k
		for i := range f.all {
			if v := failedOf(f.all[i].Strategy, k); words.Known(v) {
				lost[k] += v.Mean
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lost[b], lost[a]) })
	order = order[:min(len(order), mostTenants)]
	slices.Sort(order)
	return order
}

// tenantsTitle names the tenant that fares worst and the one that fares best under the
// first strategy or, where none fails, under the one with the largest difference.
func (f *field) tenantsTitle() string {
	e := f.best()
	if e == nil {
		e = &f.all[0]
	}
	title, apart := f.apart(e)
	if apart > 0 {
		return title
	}
	for i := range f.competing {
		if other, more := f.apart(&f.competing[i]); more > apart {
			apart = more
			title = fmt.Sprintf("%s treats all tenants alike; under %s", e.name(), other[len("Under "):])
		}
	}
	return title
}

// apart says how far apart the tenants are under a strategy.
func (f *field) apart(e *entry) (string, float64) {
	low, high := -1, -1
	at := func(k int) float64 { return failedOf(e.Strategy, k).Mean }
	for k := range e.Tenants {
		if !words.Known(failedOf(e.Strategy, k)) {
			continue
		}
		if low < 0 || at(k) < at(low) {
			low = k
		}
		if high < 0 || at(k) > at(high) {
			high = k
		}
	}
	if low < 0 {
		return "Nothing is known of the tenants", 0
	}
	if at(high)-at(low) < 0.05 {
		return fmt.Sprintf("%s treats all tenants alike: %s of 1,000 calls of each fail", e.name(), perThousand(at(high))), 0
	}
	return fmt.Sprintf("Under %s %s of 1,000 calls of the tenant %s fail, %s of %s", e.name(), perThousand(at(high)), words.Printable(e.Tenants[high].Name),
		perThousand(at(low)), words.Printable(e.Tenants[low].Name)), at(high) - at(low)
}
