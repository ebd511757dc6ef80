package demand

import (
	"math"
	"time"

	"ratesim/provider"
	"ratesim/sim/clock"
)

// rule is one limit of a deployment: what of it is in force now, what the call
// looked at costs, and what the calls so far could make of its refunds.
type rule struct {
	provider.Rule
	shared bool    // with another deployment: its cuts are not told
	up     bool    // attempts are admitted now
	now    float64 // what a window allows now
	full   float64 // what one allows without a limit cut

	admitted, over int64 // of the call looked at: charged at admission, and in the end

	mean  float64 // cost of a call, of a sample
	grows bool    // calls of it come to more than they are charged at admission

	refunds refunds
	growth  growth
	dearest int64         // the most that was ever charged at admission
	holds   time.Duration // the longest of the least times for which a call is held
}

func newRule(r provider.Rule, shared bool) *rule {
	full := float64(r.Window)
	if r.How == provider.ByRamp {
		full = max(full, float64(r.UsedBefore)*(1+r.Growth))
	}
	return &rule{Rule: r, shared: shared, full: full}
}

func (r *rule) apply(s *span) {
	r.up, r.now = s.up, r.full
	if !r.shared {
		r.now = math.Round(r.full * s.scale)
	}
}

// rate returns what a bucket regains in a nanosecond without a limit cut.
func (r *rule) rate() float64 { return r.full / float64(r.Width) }

// bucket reports whether r is a debt that time pays off, from which refunds are
// taken whenever they come.
func (r *rule) bucket() bool { return r.How == provider.ByBucket || r.How == provider.ByUtilisation }

// learn notes an attempt that could be made of the call looked at, which may cost
// as little as least in the end and be in flight for as long as flight. Such a
// call can succeed if can, and takes at least takes then.
func (r *rule) learn(least int64, flight, takes time.Duration, can bool) {
	r.dearest = max(r.dearest, r.admitted)
	if can {
		r.holds = max(r.holds, takes)
	}
	if !r.bucket() || r.Counts == provider.Output {
		return
	}
	if back := r.admitted - least; back > 0 {
		r.refunds.add(float64(back), float64(least), flight)
	}
	if more := r.over - r.admitted; more > 0 && can {
		r.growth.add(float64(r.admitted), float64(more))
	}
}

// saved returns the most by which refunds to come may exceed the debt of a bucket
// at a time, when the run's first call could be admitted at since. requests is the
// deployment's limit on requests; nil = there is none.
func (r *rule) saved(since, now clock.Time, requests *rule) float64 {
	switch {
	case r.Counts == provider.Output && now > since: // what was counted and not produced is given back, too
		return math.Inf(1)
	case !r.bucket() || !r.refunds.some:
		return 0
	}
	span := float64(now - since)
	return r.rate() * min(span, r.refunds.longest(r.rate(), requests))
}

// most returns the most requests that r admits in any stretch of time of length d.
func (r *rule) most(d float64) float64 {
	windows := d / float64(r.Width)
	switch r.How {
	case provider.ByBucket:
		return r.full * (1 + windows)
	case provider.ByHolding, provider.ByRamp:
		return math.Inf(1)
	}
	return r.full * (2 + windows)
}

// refunds sums up what attempts can leave a bucket with more room than before:
// they are charged more at admission than in the end. See the package comment.
type refunds struct {
	some   bool
	area   float64 // of one attempt: refund times flight, token-ns, at most
	worth  float64 // the same for every token that it costs in the end, ns, at most
	flight float64 // ns, at most
	known  bool
	y      float64 // see longest
}

func (f *refunds) add(back, costs float64, flight time.Duration) {
	area := back * float64(flight)
	worth := area / costs // +Inf where it costs nothing
	if !f.some || area > f.area || worth > f.worth || float64(flight) > f.flight {
		f.some, f.known = true, false
		f.area, f.worth, f.flight = max(f.area, area), max(f.worth, worth), max(f.flight, float64(flight))
	}
}

// longest returns for how long at most, in ns, a bucket of that rate can have
// regained what it will be given back besides: the y of the package comment.
func (f *refunds) longest(rate float64, requests *rule) float64 {
	if f.known {
		return f.y
	}
	f.known, f.y = true, f.worth+math.Sqrt(f.worth*(f.worth+2*f.flight))
	if requests != nil {
		// rate y²/2 <= area x (the most that are admitted in y + flight)
		each := (requests.most(float64(requests.Width)) - requests.most(0)) / float64(requests.Width)
		half, fixed := f.area/rate*each, 2*f.area/rate*requests.most(f.flight)
		f.y = min(f.y, half+math.Sqrt(half*half+fixed))
	}
	return f.y
}

// growth is a histogram of the calls that come to more in the end than they were
// charged at admission, by the ratio of the two parts.
type growth struct {
	base, more [classes]float64
	ratio      [classes]float64 // the highest
	highest    int              // class that holds something; 0 = none does
}

// A class is a quarter of an octave of more/base: 2^k times 1 to 1.25, to 1.5, to
// 1.75 and to 2.
const (
	classes  = 200
	perClass = 4
	lowest   = 1023 - classes/perClass/2 // exponent, as floating point has it, of the first
	mantissa = 52
)

func (g *growth) add(base, more float64) {
	class := classes - 1
	if base > 0 {
		class = int(math.Float64bits(more/base)>>(mantissa-2)) - lowest*perClass
		class = max(1, min(classes-1, class))
	}
	g.base[class] += base
	g.more[class] += more
	g.ratio[class] = max(g.ratio[class], more/base)
	g.highest = max(g.highest, class)
}

// of returns the most that calls which were charged room in all at admission can
// come to besides.
func (g *growth) of(room float64) float64 {
	sum := 0.0
	for class := g.highest; class > 0; class-- {
		if g.base[class] > room && class < classes-1 { // of the last class the ratio has no bound
			return sum + min(g.more[class], room*g.ratio[class])
		}
		room = max(0, room-g.base[class])
		sum += g.more[class]
	}
	return sum
}
