// Package ladder holds a usage log against the limits of a catalog, tier by tier: what the log
// asks of each limit, and which of them it would exceed.
package ladder

import (
	"fmt"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/profile"
)

// A Question is what to find out of a log.
type Question struct {
	Log *workload.Usage
	// Source is what the log is called.
	Source  string
	Catalog *catalog.Catalog
	// Providers are references, each of which stands for all tiers of its model. Empty: the
	// model that most rows name.
	Providers []string
	// Location is where hours of the day are told; nil = as the log has them.
	Location *time.Location
}

// InputError is what is wrong with the question or the log.
type InputError struct{ error }

// Unwrap returns what is wrong.
func (e InputError) Unwrap() error { return e.error }

// standIn is the model against which a log is held that names no model of the catalog: it has
// tiers from small to large.
const standIn = "openai/gpt-4o@tier-1"

// Describe reads the log to its end and says what it is like, and which limits it would
// exceed. The error is an InputError.
func Describe(q *Question) (*profile.Profile, error) {
	for _, ref := range q.Providers {
		if _, err := q.Catalog.Tiers(ref); err != nil {
			return nil, InputError{fmt.Errorf("--provider: %w", err)}
		}
	}
	m := profile.NewMeter(measures(q.Catalog))
	m.Lengths = q.Catalog.LongPrompts()
	first := time.UTC
	if err := m.Read(&watched{q.Log, &first}); err != nil {
		return nil, InputError{err}
	}
	where := q.Location
	switch {
	case q.Log.Relative():
		where = nil
	case where == nil:
		where = first
	}
	p := m.Profile(where)
	p.Source, p.Format, p.BadRows = q.Source, q.Log.Format(), q.Log.BadRows()
	p.Warnings = append(p.Warnings, q.Log.Warnings()...)
	p.Cost = reconcile(m.Billed(), m.Lengths, q.Catalog)
	refs := q.Providers
	if len(refs) == 0 {
		ref, why, named := scenarios.DeploymentOf(m.Models(), q.Catalog)
		if p.Why = why; !named {
			ref = standIn
		}
		refs = []string{ref}
	}
	for _, ref := range refs {
		tiers, err := q.Catalog.Tiers(ref)
		if err != nil {
			return nil, InputError{err}
		}
		for i := range tiers {
			derived, _ := q.Catalog.Derived(tiers[i].Ref)
			p.Ladder = append(p.Ladder, step(m, p, &tiers[i], derived))
		}
	}
	return p, nil
}

// watched notes the zone of the first row.
type watched struct {
	*workload.Usage
	first **time.Location
}

func (w *watched) Next(r *workload.Record) bool {
	ok := w.Usage.Next(r)
	if ok && w.first != nil {
		*w.first, w.first = r.Start.Location(), nil
	}
	return ok
}

// measures lists what the limits of a catalog count, in whichever way.
func measures(known *catalog.Catalog) []profile.Measure {
	var all []profile.Measure
	for _, r := range known.List() {
		for unit := provider.Requests; unit <= provider.Output; unit++ {
			all = append(all, measureOf(unit, &r.Config.Charge))
		}
	}
	return all
}

// measureOf is what a deployment that charges so counts against a limit, once each request is
// done. Where max_tokens are charged and never corrected they count.
func measureOf(unit provider.Unit, c *provider.Charge) profile.Measure {
	discount := c.CacheDiscount
	if c.ReserveCached && !c.Settle {
		discount = 0
	}
	switch unit {
	case provider.Requests:
		return profile.Measure{Requests: true}
	case provider.Input:
		return profile.Measure{Prompt: true, Discount: discount}
	case provider.Output:
		return profile.Measure{Output: 1}
	}
	m := profile.Measure{Prompt: true, Discount: discount}
	switch {
	case c.Settle:
		m.Output = max(1, c.Burndown)
	case c.Reserve == provider.ReserveActual:
		m.Output = 1
	case c.Reserve != provider.ReserveEstimate:
		m.Reserved, m.Undeclared, m.Larger = true, c.Undeclared, c.Reserve == provider.ReserveLarger
	}
	return m
}

// step holds the log against one tier.
func step(m *profile.Meter, p *profile.Profile, r *catalog.Row, derived string) profile.Tier {
	t := profile.Tier{Ref: r.Ref, Derived: derived, Breaks: []string{}}
	if r.Asks != nil {
		t.Asks = r.Asks.String()
	}
	add := func(name string, u profile.Use) {
		u.Limit = name
		t.Limits = append(t.Limits, u)
		if u.Ratio > 1 {
			t.Breaks = append(t.Breaks, name)
		}
	}
	c := &r.Config
	countsTokens := p.Prompt+p.Output > 0
	limits := append([]provider.Limit{{Counts: provider.Requests, Most: c.RPM, Per: time.Minute}, {Counts: provider.Tokens, Most: c.TPM, Per: time.Minute}}, c.Limits...)
	for i := range limits {
		l := &limits[i]
		name := provider.NameOf(l.Counts, l.Per).String()
		switch {
		case l.Most <= 0 || l.Growth > 0:
		case l.Counts == provider.Requests && p.Requests == 0 || l.Counts != provider.Requests && !countsTokens: // which the log does not tell
		case l.Per == 0 && l.Counts == provider.Requests && p.Open != nil:
			most := float64(p.Open.Max)
			add(name, profile.Use{Allowed: float64(l.Most), Peak: most, Ratio: most / float64(l.Most)})
		case l.Per >= time.Minute:
			if u, ok := m.Ask(measureOf(l.Counts, &c.Charge), float64(l.Most), l.Per); ok {
				add(name, u)
			}
		}
	}
	return t
}

// reconcile holds what rows say they cost against the prices of the catalog; nil when none
// says so.
func reconcile(billed []*profile.Billed, lengths []uint32, known *catalog.Catalog) *profile.Cost {
	if len(billed) == 0 {
		return nil
	}
	c := &profile.Cost{}
	for _, b := range billed {
		c.Logged += b.USD
		c.Rows += b.Rows
		price, ok := scenarios.PriceOf(b.Model, known)
		if !ok {
			continue
		}
		c.Priced += b.Rows
		c.Compare += b.USD
		for i, n := range b.Tokens {
			band := provider.Band(0)
			if i > 0 {
				band = price.Band(0, lengths[i-1]) & provider.LongPrompt
			}
			c.Listed += price.In(band, &provider.Usage{Prompt: n.Prompt, Cached: n.Cached, Output: n.Output})
		}
	}
	if c.Listed > 0 {
		ratio := c.Compare / c.Listed
		c.Ratio = &ratio
	}
	return c
}
