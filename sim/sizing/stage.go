package sizing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/provider/capacity"
	rows "ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
)

// maxCalls bounds how many requests one simulation replays; so many take about
// a tenth of a second. A longer log is cut to its busiest part.
const maxCalls = 200_000

// patience is how long clients wait for an answer: as long as any takes, so that
// a slow one shows as latency.
const patience = 10 * time.Minute

// stage replays a part of the demand against one option after the other.
type stage struct {
	q      *Question
	offer  *capacity.Offer
	demand *capacity.Demand
	first  int // minute of the demand
	used   []capacity.Tokens
	cached float64
	shapes []shape
	payg   provider.Config
	tiers  []rows.Row // of pay-as-you-go, the smallest first

	done   int
	played map[play]*served
}

// play names a simulation.
type play struct {
	units  int
	spills bool
	online float64
	cuts   bool // by the schedule, of which there is one
}

// served is what it came to.
type served struct {
	rejected, spilled float64
	of                *metrics.Strategy
}

func newStage(q *Question, payg string, o *capacity.Offer, d *capacity.Demand, r *capacity.Report) (*stage, error) {
	s := &stage{q: q, offer: o, demand: d, played: map[play]*served{}}
	if err := s.payAsYouGo(payg); err != nil {
		return nil, InputError{err}
	}
	sizes := d.Sizes
	if len(sizes) == 0 {
		rows, err := workload.ReadLengths(shapesFrom)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			sizes = append(sizes, capacity.Tokens{Prompt: float64(row.Prompt), Output: float64(row.Output)})
		}
		r.Warnings = append(r.Warnings, "the log has no single requests: their sizes within a minute are shaped like those of the trace "+shapesFrom)
	}
	s.shapes = shapes(sizes)
	total := d.Total()
	if total.Requests <= 0 {
		const perRequest = 1155 + 211 // tokens, the means of the whole of that trace
		d.Minutes = slices.Clone(d.Minutes)
		for i := range d.Minutes {
			d.Minutes[i].Requests = d.Minutes[i].Raw() / perRequest
		}
		r.Warnings = append(r.Warnings, fmt.Sprintf("the log does not count requests: simulated are some of %d tokens on average, as in the trace %s", perRequest, shapesFrom))
	}
	s.busiest()
	window := capacity.Demand{Minutes: s.used}
	part := window.Total()
	s.cached = part.Cached / max(part.Prompt, 1)
	r.Replay = &capacity.Replay{Minutes: len(s.used), Requests: int64(part.Requests), PAYG: s.payg.Ref, Limits: limits(&s.payg), Assumed: payg == "" && s.payg.Ref != ""}
	if d.Dated {
		r.Replay.From = d.Start.Add(time.Duration(s.first) * time.Minute).Format(time.RFC3339)
	}
	return s, nil
}

const shapesFrom = "azure-conv-2023"

// provisioned is the deployment of so many units. What a request will use is reserved for it:
// the services' own estimates are not published.
func (s *stage) provisioned(units int) (provider.Config, error) {
	cfg, err := s.q.Catalog.Provisioned(s.offer.Sold(), units, s.offer.OutputsFor(units))
	cfg.Name = "ptu"
	cfg.Charge.Reserve = provider.ReserveActual
	cfg.Price = provider.Price{}
	return cfg, err
}

// busiest takes the longest part of the log that maxCalls allows: all of it,
// or the week, day, six hours, hour or ten minutes with most normalised tokens.
func (s *stage) busiest() {
	all := s.demand.Minutes
	for _, length := range []int{len(all), 7 * 24 * 60, 24 * 60, 6 * 60, 60, 10, 1} {
		if length > len(all) {
			continue
		}
		x, calls, most := 0.0, 0.0, -1.0
		at, callsAt := 0, 0.0
		for i := range all {
			x += s.offer.Weights.Normalise(all[i])
			calls += all[i].Requests
			if i >= length {
				x -= s.offer.Weights.Normalise(all[i-length])
				calls -= all[i-length].Requests
			}
			if i >= length-1 && x > most*(1+1e-9) {
				most, at, callsAt = x, i-length+1, calls
			}
		}
		s.first, s.used = at, all[at:at+length]
		if callsAt <= maxCalls {
			return
		}
	}
}

// serve measures every option. Units without spillover become as many as they must
// be to meet the objectives, and those with spillover of the longest term that miss them
// get an option beside them that meets them.
func (s *stage) serve(ctx context.Context, e *capacity.Evaluation) error {
	r := e.Report
	for i := 0; i < len(r.Options); i++ { // it grows
		o := &r.Options[i]
		if err := s.measure(ctx, o); err != nil {
			return err
		}
		own := o.PTUs > 0 && !o.Spills && o.Schedule == nil
		again := slices.ContainsFunc(r.Options[:i], func(p capacity.Option) bool { // of a rule of thumb
			return p.Name == o.Name && p.Commitment == o.Commitment && p.Online == o.Online
		})
		if !own && (!o.Spills || o.Commitment != s.offer.Longest().String()) || again || len(e.Missed(o)) == 0 {
			continue
		}
		larger, err := s.enough(ctx, e, o)
		switch {
		case err != nil:
			return err
		case larger == nil:
		case own:
			*o = *larger
		default:
			r.Options = slices.Insert(r.Options, i+1, *larger)
			i++
		}
	}
	return nil
}

// measure fills in what an option does to requests.
func (s *stage) measure(ctx context.Context, o *capacity.Option) error {
	got, err := s.play(ctx, play{o.PTUs, o.Spills, o.Online, o.Schedule != nil}, o.Schedule)
	if err != nil {
		return err
	}
	o.RejectedShare = &got.rejected
	if o.Spills {
		o.ReplayedSpilled = &got.spilled
	}
	for _, v := range []struct {
		to   **float64
		from *metrics.Estimate
	}{{&o.LatencyP50, got.of.Values[metrics.LatencyP50]}, {&o.LatencyP95, got.of.Values[metrics.LatencyP95]}, {&o.LatencyP99, got.of.Values[metrics.LatencyP99]}} {
		if v.from != nil {
			*v.to = &v.from.Mean
		}
	}
	return nil
}

// enough returns the option with the fewest PTUs, more than its own, that meets
// the objectives; nil if twice what the busiest minute needs does not. More PTUs
// are taken to serve better.
func (s *stage) enough(ctx context.Context, e *capacity.Evaluation, o *capacity.Option) (*capacity.Option, error) {
	sizes := s.offer.Sizes
	try := func(step int) (*capacity.Option, error) {
		sized := e.WithSize(o, sizes.Minimum+step*sizes.Step)
		if err := s.measure(ctx, &sized); err != nil || len(e.Missed(&sized)) > 0 {
			return nil, err
		}
		return &sized, nil
	}
	lo := (o.PTUs - sizes.Minimum) / sizes.Step
	hi := (sizes.AtLeast(2*e.Report.Normalised.RollingMax/s.offer.PerUnit) - sizes.Minimum) / sizes.Step
	if hi <= lo {
		return nil, nil
	}
	best, err := try(hi)
	for best != nil && err == nil && hi-lo > 1 {
		mid := (lo + hi) / 2
		var found *capacity.Option
		if found, err = try(mid); found != nil {
			best, hi = found, mid
		} else {
			lo = mid
		}
	}
	return best, err
}

// play simulates, once for each name.
func (s *stage) play(ctx context.Context, p play, schedule *capacity.Schedule) (*served, error) {
	if got := s.played[p]; got != nil {
		return got, nil
	}
	spec, err := s.spec(p, schedule)
	if err != nil {
		return nil, err
	}
	result, err := sim.Compare(ctx, spec, sim.Options{Seed: s.q.Seed, Replications: 1})
	if err != nil {
		return nil, err
	}
	got := &served{of: &result.Strategies[0]}
	if calls := got.of.Values[metrics.Calls].Mean; calls > 0 {
		got.rejected = got.of.Values[metrics.Failed].Mean / calls
	}
	if p.spills {
		window := capacity.Demand{Minutes: s.used}
		got.spilled = got.of.Values[metrics.CostUSD].Mean / (p.online * s.offer.Weights.Normalise(window.Total()))
	}
	s.played[p] = got
	if s.done++; s.q.Progress != nil {
		s.q.Progress(s.done, max(s.done, 8))
	}
	return got, nil
}

// spec is the scenario of one simulation: one client that tries each request
// once, PTUs first if there are any.
func (s *stage) spec(p play, schedule *capacity.Schedule) (*scenarios.Spec, error) {
	duration := time.Duration(len(s.used)) * time.Minute
	spec := &scenarios.Spec{
		Name: s.q.Source, Duration: duration, Drain: patience,
		Fleet:   scenarios.Fleet{Instances: 1, Timeout: patience},
		Tenants: []string{"all"},
		Workload: []workload.Stream{{Tenant: "all", Cached: s.cached, Recorded: func(key rng.Key, until clock.Time) workload.Source {
			return &minutes{used: s.used, online: p.online, shapes: s.shapes, draws: key.Sequence(rng.Arrivals), until: until}
		}}},
	}
	use, args := "none", strategies.Args{}
	if p.units > 0 {
		ptu, err := s.provisioned(p.units)
		if err != nil {
			return nil, InputError{err}
		}
		if schedule != nil {
			ptu.Faults = s.cuts(schedule, p.units)
		}
		spec.Deployments = append(spec.Deployments, ptu)
	}
	if p.units == 0 || p.spills {
		spec.Deployments = append(spec.Deployments, s.payg)
	}
	if p.spills {
		use, args = "ptu", strategies.Args{"max_retries": "0", "primary": "ptu", "spill": "payg"}
	}
	entry, _ := catalog.Find(use)
	factory, problems := entry.Build(args, spec.Env(0))
	if problems != nil {
		return nil, fmt.Errorf("making strategy %s: %v", use, problems)
	}
	spec.Strategies = []scenarios.Strategy{{Name: use, Use: use, Factory: factory}}
	return spec, nil
}

// cuts are the hours in which a schedule has less than its most PTUs.
func (s *stage) cuts(schedule *capacity.Schedule, most int) []provider.Fault {
	var out []provider.Fault
	for i := range s.used {
		units := schedule.At(s.demand, s.first+i)
		at := clock.Time(time.Duration(i) * time.Minute)
		share := float64(units) / float64(most)
		if n := len(out); n > 0 && out[n-1].Until == at && out[n-1].To == share {
			out[n-1].Until = at.Add(time.Minute)
		} else if units < most {
			out = append(out, provider.Fault{Kind: provider.LimitCut, At: at, Until: at.Add(time.Minute), To: share})
		}
	}
	return out
}

// utilisation takes down how full the recommended PTUs were over time.
func (s *stage) utilisation(r *capacity.Report) {
	i := r.Recommendation.Option
	if i < 0 || r.Options[i].PTUs == 0 {
		return
	}
	o := &r.Options[i]
	if got := s.played[play{o.PTUs, o.Spills, o.Online, o.Schedule != nil}]; got != nil && got.of.Curves != nil {
		r.Replay.Width, r.Replay.Utilisation = got.of.Curves.Width, got.of.Curves.QuotaUsed
	}
}
