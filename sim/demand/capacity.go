package demand

import (
	"fmt"
	"math"
	"time"

	"ratesim/provider"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Capacity is how many of a scenario's calls one limit of its first deployment lets
// through within the scenario's duration, by what the calls are charged on average.
type Capacity struct {
	Limit string // as in rejected_by
	// Calls counts calls of average size. Where the vendor reserves more than a call
	// comes to and gives the rest back at its end, it is the lower of two numbers: of
	// calls by what they come to, and of calls by what is reserved while they run.
	Calls float64
	// Dearest is the most that a call of the sample is charged at admission, and Window
	// the most that the limit admits at once. Both are 0 where any size is admitted.
	Dearest, Window int64
}

// surveyed is how many calls of each stream Capacities looks at, at most.
const surveyed = 4000

// Capacities returns the capacity of each limit of the first deployment. It looks at the
// first calls of replication 0, and weighs streams by how many calls they have; of a
// closed workload it sees the first call of each user. Faults do not count.
func Capacities(s *scenarios.Spec, seed uint64) ([]Capacity, error) {
	key := rng.New(seed, 0)
	sources, err := workload.Open(s.Workload, key, clock.Time(s.Duration))
	if err != nil {
		return nil, fmt.Errorf("capacity: %w", err)
	}
	d := newDeployment(s, 0, key)
	sums := make([]charges, len(d.rules))
	var a workload.Arrival
	for i, source := range sources {
		for k := 0; k < surveyed && source.Next(&a); k++ {
			d.size(&a, s.Workload[i].Cached)
			takes := d.model.Takes(&d.attempt, 0.5, 0)
			for j, r := range d.rules {
				sums[j].add(r, takes)
			}
		}
		if err := source.Err(); err != nil {
			return nil, fmt.Errorf("capacity: %w", err)
		}
	}
	list := make([]Capacity, len(d.rules))
	for j, r := range d.rules {
		list[j] = Capacity{Limit: r.Refuser.String(), Calls: sums[j].calls(r, s.Duration, d.settles())}
		if r.How != provider.ByUtilisation && r.How != provider.ByRamp && r.Counts != provider.Output {
			list[j].Dearest, list[j].Window = sums[j].dearest, min(r.Most, r.Rule.Window)
		}
	}
	return list, nil
}

// charges sums up what calls are charged by one limit.
type charges struct {
	n       float64
	over    float64 // in the end
	held    float64 // times the seconds for which it is held: what is held at a time
	refund  float64 // likewise, of what is given back
	dearest int64
}

func (c *charges) add(r *rule, takes time.Duration) {
	c.n++
	c.over += float64(r.over)
	c.held += float64(r.admitted) * takes.Seconds()
	c.refund += float64(max(0, r.admitted-r.over)) * takes.Seconds()
	c.dearest = max(c.dearest, r.admitted)
}

// calls returns how many calls of average size r lets through within a time.
func (c *charges) calls(r *rule, within time.Duration, settles bool) float64 {
	if c.n == 0 {
		return 0
	}
	if r.How == provider.ByHolding {
		return r.full * within.Seconds() / (c.held / c.n)
	}
	most := r.gives(within) / (c.over / c.n)
	if settles && c.refund > 0 && r.Counts != provider.Requests {
		most = min(most, r.full*within.Seconds()/(c.refund/c.n))
	}
	return most
}

// gives returns how much r admits within a time from the beginning of a run, by the
// algorithm that enforces it.
func (r *rule) gives(within time.Duration) float64 {
	switch r.How {
	case provider.ByWindow:
		return r.full * math.Ceil(within.Seconds()/r.Width.Seconds())
	case provider.ByRamp:
		sum := 0.0
		for from := time.Duration(0); from < within; from += r.Per {
			p := float64(from / r.Per)
			sum += r.full * math.Pow(1+r.Growth, p) * min(r.Per, within-from).Minutes()
		}
		return sum
	}
	return r.full * (1 + within.Seconds()/r.Width.Seconds()) // what is saved up at the beginning, and what is given
}
