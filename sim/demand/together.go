package demand

import (
	"math"
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/scenarios"
)

// unit is what the mean call weighs in a kind of several deployments.
const unit = 4096

// together returns kinds of all deployments: a call goes to any of them, so it
// counts with the least share of what each allows that it takes up. Which limits
// are taken together is a guess at what binds; see the package comment.
func together(s *scenarios.Spec, ds []*deployment) []*kind {
	span := float64(s.Duration + s.Drain)
	var choices [][]*rule
	for _, prefers := range []func(*rule) bool{
		func(r *rule) bool { return r.Counts != provider.Requests && r.Per > 0 },
		func(r *rule) bool { return r.Counts == provider.Requests && r.Per > 0 },
		func(*rule) bool { return true },
	} {
		choice := make([]*rule, len(ds))
		for i, d := range ds {
			choice[i] = tightest(d, span, prefers)
			if choice[i] == nil {
				choice[i] = tightest(d, span, func(*rule) bool { return true })
			}
			if choice[i] == nil {
				return nil // a deployment without limits takes any number of calls
			}
		}
		if !slices.ContainsFunc(choices, func(c []*rule) bool { return slices.Equal(c, choice) }) {
			choices = append(choices, choice)
		}
	}
	var kinds []*kind
	for _, choice := range choices {
		kinds = append(kinds, combined(ds, choice)...)
	}
	return kinds
}

// tightest returns the limit of d that allows the fewest calls of mean cost over
// the span of the run, of those that prefers wants; nil if there is none.
func tightest(d *deployment, span float64, prefers func(*rule) bool) *rule {
	var best *rule
	least := math.Inf(1)
	for _, r := range d.rules {
		if r.Counts == provider.Output || !prefers(r) {
			continue
		}
		calls := r.full / r.mean
		switch r.How {
		case provider.ByHolding: // in call-ms or token-ms
			calls *= span / float64(time.Millisecond)
		case provider.ByRamp:
			calls *= 1 + span/float64(time.Minute)
		default:
			calls *= 1 + span/float64(r.Width)
		}
		if calls < least {
			best, least = r, calls
		}
	}
	return best
}

// combined returns the kinds of one limit of each deployment.
func combined(ds []*deployment, choice []*rule) []*kind {
	var parts []part
	for i, d := range ds {
		r := choice[i]
		p := part{of: d, rule: r, limit: r, requests: d.requests(), weight: unit / r.mean}
		if r.shared {
			always := *r // whichever of the deployments is up
			always.up, always.now = true, r.full
			p.limit = &always
			for j := range parts {
				if q := &parts[j]; q.rule.shared && q.rule.Limit == r.Limit && ds[j].cfg.Pool == d.cfg.Pool {
					p.shares, p.weight = true, q.weight
				}
			}
		}
		parts = append(parts, p)
	}
	return bothWays(parts...)
}
