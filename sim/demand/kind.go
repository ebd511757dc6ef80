package demand

import (
	"math"
	"time"

	"ratesim/provider"
	"ratesim/sim/clock"
)

// kind is one way to bound what succeeds: by one limit of each of some
// deployments. A call counts with what it costs at least at any of them.
type kind struct {
	parts  []part
	chains [1 + others]*chain // the first begins anew where nothing is lost by it, the others now and then
	trials uint               // how often one of those did
	newest int                // which it was
	opened clock.Time         // when the run's first call could be admitted
	check  clock.Time         // when to look next whether a chain should begin anew
	every  time.Duration
	tries  bool // the others are of use
	once   bool // no chain may begin later: refunds would be without bound
}

// part is a limit of a kind.
type part struct {
	of       *deployment
	rule     *rule // what calls cost
	limit    *rule // what they are allowed; the same, unless several deployments share it
	requests *rule // the deployment's limit on requests; nil = there is none
	// inTheEnd counts a call with what it comes to, not with what it is sure to be
	// charged before others are admitted.
	inTheEnd bool
	weight   float64 // of what it costs, 1 for a kind of one part
	shares   bool    // the allowance is another part's
}

// saved returns what refunds of earlier attempts may add to the allowance.
func (p *part) saved(opened, now clock.Time) float64 {
	switch {
	case p.shares:
		return 0
	case p.limit != p.rule && p.limit.bucket(): // what the others can get back is not looked at
		return p.limit.rate() * float64(now-opened)
	}
	return p.rule.saved(opened, now, p.requests)
}

// cost returns what the call looked at costs at least.
func (p *part) cost() int64 {
	r := p.rule
	switch {
	case r.How == provider.ByHolding:
		return r.admitted * int64(p.of.takes/time.Millisecond)
	case p.inTheEnd || r.Counts == provider.Output:
		return r.over
	case r.How == provider.ByRamp: // which is not settled
		return r.admitted
	}
	return min(r.admitted, r.over)
}

// cell returns the cell of the least cost of the call looked at. It can succeed
// at one of the deployments.
func (k *kind) cell() uint16 {
	if len(k.parts) == 1 {
		return cell(k.parts[0].cost())
	}
	least := math.Inf(1)
	for i := range k.parts {
		if p := &k.parts[i]; p.of.can {
			least = min(least, p.weight*float64(p.cost()))
		}
	}
	return cell(int64(least))
}

// free returns how many calls may pass the allowance: the last one to be admitted
// where its own cost does not matter, and those that are in flight then where
// nothing is charged before they produce.
func (k *kind) free() int64 {
	n := int64(0)
	for i := range k.parts {
		switch p := &k.parts[i]; {
		case p.rule.How == provider.ByUtilisation:
			n++
		case p.rule.Counts == provider.Output:
			n += int64(p.requests.most(float64(p.of.longest)))
		}
	}
	return n
}

// room returns the allowance of c, but for what calls come to beyond what they
// were charged at admission.
func (k *kind) room(c *chain) float64 {
	sum := c.saved
	for i := range k.parts {
		p, a := &k.parts[i], &c.allowances[i]
		if p.shares {
			continue
		}
		most := a.best
		if p.rule.How == provider.ByUtilisation {
			most += float64(a.downs) * float64(p.rule.dearest)
		}
		sum += p.weight * most
	}
	return sum
}

// grown returns the most that calls in flight can come to beyond what they were
// charged at admission: once in the end, and once before each outage.
func (k *kind) grown(c *chain) float64 {
	sum := 0.0
	for i := range k.parts {
		p, a := &k.parts[i], &c.allowances[i]
		if p.inTheEnd && p.rule.growth.highest > 0 {
			sum += p.weight * float64(1+a.downs) * p.rule.growth.of(p.inFlight(k.opened, a.at))
		}
	}
	return sum
}

// inFlight returns the most that calls which succeed and are in flight at one
// time, until now, can have been charged at admission.
func (p *part) inFlight(opened, now clock.Time) float64 {
	r := p.rule
	room := r.full + p.saved(opened, now) + r.rate()*float64(p.of.longest)
	if r.How == provider.ByUtilisation {
		room += float64(r.dearest)
	}
	return room
}

// take adds a call to c at now, and drops what does not fit any more. What there
// is room for never falls, so it need not be worked out while there is enough.
func (k *kind) take(c *chain, now clock.Time, cell uint16) {
	c.take(cell, k.free())
	if float64(c.kept.total) <= c.room {
		return
	}
	c.to(now)
	room := k.room(c)
	if c.room = room + c.grown; float64(c.kept.total) <= c.room {
		return
	}
	c.grown = max(c.grown, k.grown(c))
	c.room = room + c.grown
	c.fit()
}

// begin starts c at now, with the call number since.
func (k *kind) begin(c *chain, now clock.Time, since uint64, base int64) {
	if c.kept == nil {
		c.kept = &costs{}
	}
	c.begin(since, base)
	for i := range k.parts {
		p := &k.parts[i]
		c.allowances[i].begin(p.limit, now, since == 0)
		c.saved += p.weight * p.saved(k.opened, now)
	}
}

// fresh returns what a chain that began now would be allowed at once.
func (k *kind) fresh(now clock.Time) float64 {
	sum := 0.0
	for i := range k.parts {
		p := &k.parts[i]
		if p.shares {
			continue
		}
		var a allowance
		a.begin(p.limit, now, false)
		sum += p.weight * (a.best + p.saved(k.opened, now))
	}
	return sum
}
