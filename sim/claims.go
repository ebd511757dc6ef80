package sim

import (
	"context"
	"fmt"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
)

// Claims tests claims, case by case. When ctx is cancelled it returns ctx's error
// together with the claims that were finished.
func Claims(ctx context.Context, claims []*scenarios.Claim, o Options) (*metrics.Claims, error) {
	out := &metrics.Claims{Schema: metrics.ClaimsSchema, Seed: o.Seed, Replications: o.Replications, Claims: []metrics.Claim{}}
	total, before := 0, 0
	for _, c := range claims {
		for i := range c.Cases {
			total += o.Replications * len(c.Cases[i].Spec.Strategies)
		}
	}
	for _, c := range claims {
		found := metrics.Claim{Name: c.Name, About: c.About, Fair: c.Fair, Changes: c.Changes}
		for i := range c.Cases {
			k, of := &c.Cases[i], o
			of.RetryWindow = k.Window
			if o.Progress != nil {
				of.Progress = func(p Progress) { o.Progress(Progress{Done: before + p.Done, Most: total}) }
			}
			r, err := Compare(ctx, k.Spec, of)
			if err != nil {
				if ctx.Err() == nil {
					err = fmt.Errorf("claim %s, if %s: %w", c.Name, k.If, err)
				}
				return out, err
			}
			before += o.Replications * len(k.Spec.Strategies)
			found.Judge(k.If, k.Holds, r)
		}
		out.Claims = append(out.Claims, found)
	}
	return out, nil
}
