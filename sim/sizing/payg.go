package sizing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ratesim/provider"
	"ratesim/provider/capacity"
	"ratesim/provider/catalog"
)

// payAsYouGo finds the deployment that takes what PTUs do not: the one that the question
// names, or else the largest tier of the model, as far as the catalog has one, in the same
// kind of deployment.
func (s *stage) payAsYouGo(ref string) error {
	if ref == "" {
		s.tiers = s.tiersOf()
		if n := len(s.tiers); n > 0 {
			ref = s.tiers[n-1].Ref
		}
	}
	var err error
	if ref != "" {
		s.payg, err = s.q.Catalog.Find(ref)
	} else {
		s.payg = s.q.Catalog.OnDemand(s.offer.Sold())
	}
	if err == nil && s.payg.PTU.Units > 0 {
		err = fmt.Errorf("%s is provisioned; pay-as-you-go is wanted", ref)
	}
	s.asPayg(&s.payg)
	return err
}

// asPayg makes a deployment the one that takes what PTUs do not. What a request will use is
// reserved for it, as it is of PTUs.
func (s *stage) asPayg(c *provider.Config) {
	c.Name = "payg"
	c.Charge.Reserve = provider.ReserveActual
	// Cost counts normalised tokens, so that a run tells how many were spilled.
	// A price of 0 for cached ones would mean the price of the others.
	c.Price = provider.Price{Input: 1e6, Cached: max(1e6*(1-s.offer.Weights.Discount), 1e-9), Output: 1e6 * s.offer.Weights.Ratio}
}

// tiersOf are the pay-as-you-go tiers of the model in the newest edition, the smallest first:
// those of the kind of deployment that is asked for, or else those of another kind.
func (s *stage) tiersOf() []catalog.Row {
	var all []catalog.Row
	for _, r := range s.q.Catalog.Of(s.offer.Vendor) {
		if r.Config.Model == s.offer.Model && r.Minimum == 0 && (len(all) == 0 || r.Edition == all[0].Edition) {
			all = append(all, r)
		}
	}
	for i := range all {
		if !strings.HasPrefix(all[i].Scope, s.offer.Deployment) && i < len(all)-1 {
			continue // Bedrock's global deployments are called global-cross-region
		}
		tiers, err := s.q.Catalog.Tiers(all[i].Ref)
		if err != nil {
			return nil
		}
		return slices.DeleteFunc(tiers, func(r catalog.Row) bool { return len(r.Limits) == 0 })
	}
	return nil
}

// tell measures what pay-as-you-go would refuse on smaller tiers than the one that was assumed,
// and what would be recommended there. It warns where that matters.
func (s *stage) tell(ctx context.Context, e *capacity.Evaluation) error {
	r := e.Report
	if refused := r.Options[0].RejectedShare; refused != nil && *refused > 0 && s.payg.Ref != "" {
		r.Warnings = append(r.Warnings, fmt.Sprintf("pay-as-you-go with the limits of %s would refuse %.3g %% of the requests that were replayed: it needs a higher quota, or clients that pace or retry, which are not simulated here", s.payg.Ref, 100**refused))
	}
	for i := range s.tiers {
		if s.tiers[i].Ref == s.payg.Ref {
			return nil
		}
		tier, err := s.onTier(ctx, e, &s.tiers[i])
		if err != nil {
			return err
		}
		if tier.Rejected == 0 {
			return nil // and so it is on all larger ones
		}
		r.Replay.Tiers = append(r.Replay.Tiers, tier)
	}
	return nil
}

// onTier measures all options with pay-as-you-go on another tier.
func (s *stage) onTier(ctx context.Context, e *capacity.Evaluation, row *catalog.Row) (capacity.Tier, error) {
	other := *s
	other.payg, other.played = row.Config, map[play]*served{}
	other.payg.Ref = row.Ref
	other.asPayg(&other.payg)
	tier := capacity.Tier{Ref: row.Ref, Limits: limits(&row.Config)}
	options := slices.Clone(e.Report.Options)
	for i := range options {
		if o := &options[i]; o.PTUs == 0 || o.Spills {
			if err := other.measure(ctx, o); err != nil {
				return tier, err
			}
		}
	}
	tier.Rejected, tier.Option = *options[0].RejectedShare, e.Best(options)
	if chosen := e.Report.Recommendation.Option; chosen >= 0 && options[chosen].PTUs > 0 {
		tier.WithChosen = options[chosen].RejectedShare
	}
	return tier, nil
}

// limits are those of a deployment as reports name them.
func limits(c *provider.Config) []capacity.Limit {
	var out []capacity.Limit
	for _, l := range c.All() {
		out = append(out, capacity.Limit{Name: provider.NameOf(l.Counts, l.Per).String(), Most: l.Most})
	}
	return out
}
