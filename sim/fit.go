package sim

import (
	"context"
	"fmt"
	"slices"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

const (
	// enough is the share of calls that must succeed where no SLO says what is good
	// enough.
	enough = 0.99
	// contenders is how many strategies are tried on each tier: those chosen and, if
	// they are fewer, those that come next. Which of them is best is another question
	// on a larger tier, but on one that is enough most are good.
	contenders = 3
	// fitReplications is how many replications each tier gets. A tier that is far
	// from enough, or more than enough, shows in ten.
	fitReplications = 10
)

// fit looks for the smallest tier of the same vendor and model at which a client policy
// meets the SLO or, without one, gets 99 % of the calls answered. It does so where the
// SLO is missed, or where the demand is above a limit. It returns nil where the tier
// that there is is enough, or the only one, and a Fit without a provider where none is
// enough.
func (c *comparison) fit(ctx context.Context) (*metrics.Fit, error) {
	ref := c.spec.Deployments[0].Ref
	missed := len(c.spec.SLO) > 0 && c.verdict.State == metrics.Nothing
	if c.options.Catalog == nil || ref == "" || !missed && len(c.verdict.Overload) == 0 || c.goodEnough() {
		return nil, nil
	}
	tiers, err := c.options.Catalog.Tiers(ref)
	if err != nil {
		return nil, nil // a deployment that is not of the catalog has no tiers
	}
	// The tier that there is has been seen not to be enough, or has other limits here.
	tiers = slices.DeleteFunc(slices.Clone(tiers), func(r catalog.Row) bool { return r.Ref == ref })
	if len(tiers) == 0 {
		return nil, nil
	}
	names := c.contenders()
	for i := range tiers {
		found, err := c.fits(ctx, &tiers[i], names)
		if found != nil || err != nil {
			return found, err
		}
	}
	return &metrics.Fit{}, nil
}

// objectives returns the SLO, or what stands for it.
func (c *comparison) objectives() []verdict.Objective {
	if o := verdict.Of(c.spec).SLO; len(o) > 0 {
		return o
	}
	return []verdict.Objective{{Text: "success_rate>=99%", Metric: metrics.SuccessRate, Value: enough}}
}

// goodEnough reports whether some client policy meets the objectives as it is.
func (c *comparison) goodEnough() bool {
	return len(meeting(c.sample, c.objectives())) > 0
}

// meeting returns the client policies that meet objectives for certain.
func meeting(s *metrics.Sample, slo []verdict.Objective) []string {
	v := verdict.Judge(s, verdict.Options{SLO: slo})
	if v.State == metrics.Nothing || v.State == metrics.Undecided {
		return nil
	}
	return v.Chosen
}

// contenders returns the strategies to try on other tiers.
func (c *comparison) contenders() []string {
	v := c.verdict
	names := slices.Clone(v.Chosen)
	why := slices.Clone(v.Why)
	slices.SortStableFunc(why, func(a, b metrics.Reason) int { // those lost last come next
		return slices.Index(v.By, b.Metric) - slices.Index(v.By, a.Metric)
	})
	for _, w := range why {
		names = append(names, w.Against)
	}
	for _, m := range v.Misses {
		names = append(names, m.Strategy)
	}
	for i := range c.outcomes { // where not one call was answered, nobody has lost to another
		if o := &c.outcomes[i]; !o.Bound && !slices.Contains(names, o.Name) && !c.sample.Elsewhere(i) {
			names = append(names, o.Name)
		}
	}
	return names[:min(len(names), contenders)]
}

// fits tries a tier; nil if it is not enough.
func (c *comparison) fits(ctx context.Context, tier *catalog.Row, names []string) (*metrics.Fit, error) {
	to, err := c.options.Catalog.Find(tier.Ref)
	if err != nil {
		return nil, fmt.Errorf("looking for a tier: %w", err)
	}
	there := c.spec.On(to)
	there.Strategies = slices.DeleteFunc(there.Strategies, func(k scenarios.Strategy) bool { return !slices.Contains(names, k.Name) })
	if len(there.Strategies) == 0 {
		return nil, nil
	}
	try := newComparison(there, Options{Seed: c.options.Seed})
	if err := try.replicate(ctx, fitReplications); err != nil {
		return nil, fmt.Errorf("trying %s: %w", tier.Ref, err)
	}
	try.sample = metrics.NewSample(try.outcomes)
	good := meeting(try.sample, c.objectives())
	if len(good) == 0 {
		return nil, nil
	}
	i := slices.IndexFunc(try.outcomes, func(o metrics.Outcome) bool { return o.Name == good[0] })
	f := &metrics.Fit{Provider: tier.Ref, Strategy: good[0],
		SuccessRate:       try.sample.Estimate(i, metrics.SuccessRate),
		CostPerSuccessUSD: try.sample.Estimate(i, metrics.CostPerSuccessUSD)}
	if tier.Asks != nil {
		f.Asks = tier.Asks.String()
	}
	f.Derived, _ = c.options.Catalog.Derived(tier.Ref)
	return f, nil
}
