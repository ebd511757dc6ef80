package scenarios

import (
	"ratesim/provider"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// Env returns what the strategies of a run are given, whoever drives them; Peek
// is the driver's.
func (s *Spec) Env(key rng.Key) strategies.Env {
	env := strategies.Env{Key: key, Tenants: s.Tenants, Instances: s.Fleet.Size}
	for i := range s.Deployments {
		d := &s.Deployments[i]
		env.Deployments = append(env.Deployments, strategies.Deployment{
			Name: d.Name, RPM: d.PerMinute(provider.Requests), TPM: d.PerMinute(provider.Tokens), Provisioned: d.PTU.Units > 0,
			Coordinated: i == 0 && s.Coordinator != nil, Batch: d.Batch, Discount: d.Price.Discount})
	}
	return env
}

// FaultSpan returns when the first fault begins and when the last one ends. It counts
// only faults that end and that are more than single errors. Without any it returns 0
// and 0.
func (s *Spec) FaultSpan() (from, until clock.Time) {
	from = clock.Never
	count := func(faults []provider.Fault) {
		for _, f := range faults {
			if f.Kind != provider.Errors && f.Until != clock.Never {
				from, until = min(from, f.At), max(until, f.Until)
			}
		}
	}
	for i := range s.Deployments {
		count(s.Deployments[i].Faults)
	}
	if s.Coordinator != nil {
		count(s.Coordinator.Faults)
	}
	if until == 0 {
		return 0, 0
	}
	return from, until
}
