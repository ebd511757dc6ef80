package demand

import (
	"math"
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// deployment is one deployment of a scenario in one replication, and what the
// call that is looked at would be to it.
type deployment struct {
	cfg *provider.Config
	conditions
	rules []*rule

	way     time.Duration // the least time on the network, in one direction
	timeout time.Duration // the longest an attempt is waited for; 0 = without bound
	end     clock.Time    // of the run

	slowest  float64       // how many times as long as likely an attempt takes at most
	soonest  time.Duration // the shortest time to a first token
	perToken time.Duration // for every other one, at the least
	first    time.Duration // the longest time to a first token, without load and faults
	hangs    bool
	stalls   bool            // when all of the answer is there but has not been sent: it hangs from then on
	drip     *provider.Fault // by which bodies come most slowly; nil = they come at once
	fails    bool            // attempts that are admitted may fail

	attempt  wire.Attempt
	can      bool          // the call may succeed here
	oversize bool          // it is larger than a limit
	due      clock.Time    // the latest time at which it may then be admitted
	takes    time.Duration // the least time that it then takes
	longest  time.Duration // the longest flight of one that succeeded, of all calls so far
}

func newDeployment(s *scenarios.Spec, i int, key rng.Key) *deployment {
	cfg := &s.Deployments[i]
	d := &deployment{cfg: cfg, conditions: newConditions(provider.New(cfg, key.Sub(rng.Deployment, uint64(i)), nil)), way: s.Fleet.Network.Latency - s.Fleet.Network.Jitter,
		end: clock.Time(s.Duration).Add(s.Drain), slowest: 1 + cfg.Latency.Load,
		first: time.Duration(cfg.Latency.TTFT.Quantile(1-0x1p-53) * 1e9)}
	d.soonest = d.model.Takes(&wire.Attempt{}, 0, 0)
	d.perToken = d.model.Takes(&wire.Attempt{Output: 1}, 0, 0) - d.soonest
	if !cfg.Batch && !s.Streams() { // a stream has to begin within it, but not to end
		d.timeout = s.Fleet.Timeout
	}
	for j := range cfg.Faults {
		f := &cfg.Faults[j]
		switch f.Kind {
		case provider.SlowStream:
			d.slowest *= f.To
			if f.BytesPerSecond > 0 && (d.drip == nil || f.BytesPerSecond < d.drip.BytesPerSecond) {
				d.drip = f
			}
		case provider.Hang:
			d.hangs, d.fails, d.stalls = true, true, d.stalls || f.How != provider.BeforeStatus
		case provider.Errors, provider.Reset, provider.MidStream, provider.Garbled:
			d.fails = true
		}
	}
	for _, r := range cfg.Rules() {
		d.rules = append(d.rules, newRule(r, sharedWithin(s, i, &r)))
	}
	d.apply()
	return d
}

// sharedWithin reports whether the limit r of deployment i is also one of
// another's. A limit cut of either then changes it, and that of one undoes the
// other's.
func sharedWithin(s *scenarios.Spec, i int, r *provider.Rule) bool {
	pool := s.Deployments[i].Pool
	if !r.Shared || pool == "" {
		return false
	}
	for j := range s.Deployments {
		if j != i && s.Deployments[j].Pool == pool {
			return true
		}
	}
	return false
}

// apply makes the present conditions those of the rules.
func (d *deployment) apply() {
	for _, r := range d.rules {
		r.apply(d.now())
	}
}

// hang is how long an attempt that hangs is at work, as provider has it.
const hang = 10 * time.Minute

// look works out what the call a is to the deployment, and when it can be
// admitted at the earliest: at reach.
func (d *deployment) look(a *workload.Arrival, cached float64, reach clock.Time) {
	d.size(a, cached)
	d.due = min(a.Deadline, d.end).Add(-d.takes - d.way)
	d.can = d.due >= reach && (d.timeout == 0 || d.takes+2*d.way <= d.timeout)
	fits := true
	for _, r := range d.rules {
		fits = fits && r.fits(1)
	}
	d.oversize = !fits
	if d.can = d.can && fits; d.can && !d.admits(reach) {
		d.can = d.some(reach, d.due, func(s *span) bool { return d.fitsAt(s.scale) })
	}
	if fits {
		d.learn()
	}
}

// size works out what the call a, of whose prompt a share is cached, costs and
// how long it takes at least.
func (d *deployment) size(a *workload.Arrival, cached float64) {
	t := &d.attempt
	t.Prompt, t.Guess, t.MaxTokens, t.Output, t.Cached = a.Prompt, a.Guess, a.MaxTokens, a.Output, 0
	if cached > 0 {
		t.Cached = uint32(cached * float64(a.Prompt))
	}
	d.takes = d.soonest + time.Duration(t.Output)*d.perToken
	admitted, over := d.model.Charges(t)
	for _, r := range d.rules {
		r.admitted, r.over = admitted[r.Counts], over[r.Counts]
	}
}

// admits reports whether the deployment is known to be up at a time, and the call
// to be within its limits.
func (d *deployment) admits(at clock.Time) bool {
	s := d.now()
	return s.up && at < s.until && d.fitsAt(s.scale)
}

func (d *deployment) fitsAt(scale float64) bool {
	if scale == 1 {
		return true
	}
	for _, r := range d.rules {
		if !r.fits(scale) {
			return false
		}
	}
	return true
}

// learn notes what attempts of the call could do to the limits.
func (d *deployment) learn() {
	t := &d.attempt
	flight := time.Duration(d.slowest * float64(d.first+time.Duration(t.Output)*(d.cfg.Latency.PerToken+1)))
	if d.drip != nil {
		flight += d.drip.Longest(t.Output)
	}
	if d.can {
		success := flight
		if d.timeout > 0 {
			success = min(success, d.timeout)
		}
		d.longest = max(d.longest, success)
	}
	switch {
	case d.stalls:
		flight += hang
	case d.hangs:
		flight = max(flight, hang)
	}
	failed := *t
	failed.Failed, failed.Output = true, 0
	var least provider.Costs
	if d.fails {
		_, least = d.model.Charges(&failed)
	}
	for _, r := range d.rules {
		over := r.over
		if d.fails {
			over = min(over, least[r.Counts])
		}
		r.learn(over, flight, d.takes, d.can)
	}
}

// fits reports whether the call is ever admitted by r alone when a share of its
// limit is in force.
func (r *rule) fits(scale float64) bool {
	switch {
	case r.How == provider.ByUtilisation || r.How == provider.ByRamp || r.Counts == provider.Output:
		return true
	case r.shared:
		scale = 1
	}
	return r.admitted <= r.Most && float64(r.admitted) <= math.Round(float64(r.Window)*scale)
}
