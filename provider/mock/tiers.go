package mock

import (
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// tierLimits are the service tiers, as answers tell them, that have limits of their own. The
// others share those of the deployment.
//
// Groq's flex has ten times the limits of on_demand, and auto is served by flex when the
// limits of on_demand are used up (console.groq.com, docs/flex-processing and the reference
// of service_tier, 2026). Priority of OpenAI and Azure shares the limits, and what grows by
// more than a half in 15 minutes is served as default (learn.microsoft.com, concepts of
// priority processing, 2026-09). That up to 1,000,000 tokens a minute are free of this is
// recalled from OpenAI's guide.
var tierLimits = []struct {
	vendor, told string
	times        int64          // the limits of the deployment
	growth       provider.Limit // beside them; what passes it is served by the usual tier
}{
	{vendor: "groq", told: "flex", times: 10},
	{vendor: "openai", told: "priority", growth: provider.Limit{Counts: provider.Tokens, Most: 1_000_000, Per: 15 * time.Minute, Growth: 0.5}},
	{vendor: "azure", told: "priority", growth: provider.Limit{Counts: provider.Tokens, Most: 1_000_000, Per: 15 * time.Minute, Growth: 0.5}},
}

// tiered is a service tier of a deployment that has limits of its own.
type tiered struct {
	deployment int
	told       string
	model      int  // which has its limits, among those of an account
	grows      bool // which has the limit on growth alone
}

// withTiers appends to the deployments the limits of service tiers.
func withTiers(configs []provider.Config) ([]provider.Config, []tiered) {
	var list []tiered
	for i, n := 0, len(configs); i < n; i++ {
		for _, l := range tierLimits {
			if configs[i].Vendor != l.vendor {
				continue
			}
			c := configs[i]
			if l.times > 0 {
				c.Pool, c.RPM, c.TPM, c.Limits = "", l.times*c.RPM, l.times*c.TPM, slices.Clone(c.Limits)
				for j := range c.Limits {
					c.Limits[j].Most *= l.times
				}
			} else {
				c = provider.Config{Vendor: c.Vendor, Model: c.Model, Limits: []provider.Limit{l.growth}, Charge: c.Charge}
			}
			list = append(list, tiered{i, l.told, len(configs), l.times == 0})
			configs = append(configs, c)
		}
	}
	return configs, list
}

// tierOf returns the limits of a service tier of a deployment, nil if it has none of its own.
func (s *Server) tierOf(deployment int, told string) *tiered {
	for i := range s.tiers {
		if t := &s.tiers[i]; t.deployment == deployment && t.told == told {
			return t
		}
	}
	return nil
}

// arrive lets a deployment decide about an attempt, by the limits of its service tier, and
// returns which model of the account has decided. The mutex is held.
func (a *account) arrive(now clock.Time, deployment int, x *wire.Attempt, d *decided, e *exchange) (model int, took time.Duration) {
	model = deployment
	if t := e.s.tierOf(deployment, e.tier); t != nil && t.grows {
		m, probe, r := a.models[t.model], *x, wire.Reply{}
		m.Arrive(now, &probe, &r)
		if m.Finish(now, &probe, false); !r.OK() {
			e.tier = e.s.usual[deployment].tier
		}
	} else if t != nil {
		model = t.model
	}
	took = a.attempt(now, model, x, d, e)
	if e.auto && d.reply.Status == wire.StatusTooManyRequests {
		if flex := e.s.tierOf(deployment, "flex"); flex != nil {
			e.tier, model = flex.told, flex.model
			took = a.attempt(now, model, x, d, e)
		}
	}
	return model, took
}

func (a *account) attempt(now clock.Time, model int, x *wire.Attempt, d *decided, e *exchange) time.Duration {
	if e.marks != nil {
		a.models[model].Recall(now, x, e.marks)
	}
	return a.models[model].Arrive(now, x, &d.reply)
}
