package scenarios

import (
	"slices"

	"ratesim/provider"
	"ratesim/sim/rng"
	"ratesim/strategies/catalog"
)

// On returns the scenario with another deployment in the place of the first, under its
// name and with its faults, as the flag --provider puts it there. Strategies that
// cannot be built for it are left out.
func (s *Spec) On(to provider.Config) *Spec {
	moved := *s
	moved.Deployments = slices.Clone(s.Deployments)
	to.Name, to.Faults = s.Deployments[0].Name, s.Deployments[0].Faults
	moved.Deployments[0] = to
	moved.Workload = slices.Clone(s.Workload)
	moved.weighChars()
	if s.Coordinator != nil {
		q := *s.Coordinator
		q.RPM, q.TPM = to.PerMinute(provider.Requests), to.PerMinute(provider.Tokens)
		moved.Coordinator = &q
	}
	env := moved.Env(rng.New(0, 0))
	moved.Strategies = nil
	for _, k := range s.Strategies {
		entry, ok := catalog.Find(k.Use)
		if !ok {
			continue
		}
		factory, faults := entry.Build(k.Args, env)
		if len(faults) > 0 {
			continue
		}
		k.Factory = factory
		moved.Strategies = append(moved.Strategies, k)
	}
	return &moved
}
