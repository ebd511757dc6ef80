package demand

import (
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// sampled is how many calls of each stream are looked at to tell what one costs at
// each limit. On it depends which bounds are worked out, and not that they hold.
const sampled = 100

// sample works out what a call costs on average at each limit, and whether calls
// come to more than they are charged at admission.
func sample(s *scenarios.Spec, ds []*deployment, key rng.Key) error {
	sources, err := workload.Open(s.Workload, key, clock.Time(s.Duration))
	if err != nil {
		return err
	}
	n := 0.0
	var a workload.Arrival
	for i, source := range sources {
		for k := 0; k < sampled && source.Next(&a); k++ {
			n++
			for _, d := range ds {
				d.size(&a, s.Workload[i].Cached)
				for _, r := range d.rules {
					p := part{of: d, rule: r}
					r.mean += float64(p.cost())
					r.grows = r.grows || r.over > r.admitted
				}
			}
		}
		if err := source.Err(); err != nil {
			return err
		}
	}
	for _, d := range ds {
		for _, r := range d.rules {
			r.mean = max(1, r.mean/max(1, n))
		}
	}
	return nil
}
