package demand

import (
	"math/bits"
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/sim/clock"
)

// bound is the bound on what can succeed on some deployments.
type bound struct {
	deployments []*deployment
	kinds       []*kind
	hopeless    int64 // calls that none of the deployments can serve
	lost        int64 // of the others, so far and for certain
}

// none stands in the place of a cell for a call that does not count.
const none = ^uint16(0)

// hysteresis is by how much of it a chain's room must exceed that of a new one
// before it begins anew.
const hysteresis = 0.04

// often is how many times in a window it is looked whether a chain should begin
// anew.
const often = 40

// In overload chains begin one after the other beside the first: the next one when
// the one before is allowed trial times what it was allowed at once. Every second takes
// the place of the first of the others, every fourth that of the second, and so on, so
// that there are younger and older ones.
const (
	trial  = 2
	others = 3
)

// arrive looks at a call, numbered n, that can be admitted from now on, and
// fills in its cells, one for each kind. It reports whether the call can succeed.
func (b *bound) arrive(now clock.Time, n uint64, late bool, cells []uint16) bool {
	if n == 0 {
		for _, k := range b.kinds {
			k.open(now)
		}
	}
	can := false
	for _, d := range b.deployments {
		can = can || d.can
	}
	if !can {
		b.hopeless++
		for i := range b.kinds {
			cells[i] = none
		}
		return false
	}
	for i, k := range b.kinds {
		if now >= k.check {
			k.check = now.Add(k.every)
			b.renew(k, now, n)
		}
		cells[i] = k.cell()
		for _, c := range k.chains {
			switch {
			case c.idle:
			case late:
				if c.late == nil {
					c.late = &costs{}
				}
				c.late.add(cells[i])
			default:
				c.pending += costOf(cells[i])
			}
		}
	}
	return true
}

// renew begins the chains of k anew where that is of use. Any choice is right;
// see the package comment.
func (b *bound) renew(k *kind, now clock.Time, n uint64) {
	if k.once {
		return
	}
	first := k.chains[0]
	first.to(now)
	slack := k.slack(first)
	if slack >= (1+hysteresis)*k.inForce() && slack >= (1+hysteresis)*k.fresh(now) {
		k.begin(first, now, n, b.lost)
		for _, c := range k.chains[1:] {
			c.idle = true
		}
		k.trials = 0
		return
	}
	if !k.tries || slack >= k.inForce() {
		return
	}
	if k.trials > 0 {
		newest := k.chains[k.newest]
		if newest.to(now); k.room(newest) < trial*k.fresh(now) {
			return
		}
	}
	k.trials++
	k.newest = 1 + min(bits.TrailingZeros(k.trials), others-1)
	c := k.chains[k.newest]
	if !c.idle && c.total() >= first.total() {
		if c.to(now); k.slack(c) <= slack {
			k.chains[0], k.chains[k.newest] = c, first
		}
	}
	k.begin(k.chains[k.newest], now, n, b.lost)
}

// slack is the room that c has beside all calls that it has or waits for.
func (k *kind) slack(c *chain) float64 { return k.room(c) + c.grown - float64(c.work()) }

// end takes up a call at the latest time at which it could be admitted.
func (b *bound) end(now clock.Time, n uint64, cells []uint16) {
	for i, k := range b.kinds {
		if cells[i] == none {
			continue
		}
		for _, c := range k.chains {
			if c.idle || n < c.since {
				continue
			}
			c.pending -= costOf(cells[i])
			k.take(c, now, cells[i])
			b.lost = max(b.lost, c.total())
		}
	}
}

// close takes up the calls that had all the time of the run, which ends now.
func (b *bound) close(now clock.Time) {
	lost := b.lost
	for _, k := range b.kinds {
		for _, c := range k.chains {
			if c.idle || c.late == nil {
				continue
			}
			for c.late.n > 0 {
				least := c.late.least()
				c.late.remove(least)
				k.take(c, now, least)
			}
			lost = max(lost, c.total())
		}
	}
	b.lost = lost
}

// change tells the chains that the conditions of d change now; change does that.
func (b *bound) change(d *deployment, now clock.Time, before bool) {
	for _, k := range b.kinds {
		for i := range k.parts {
			if k.parts[i].of != d {
				continue
			}
			for _, c := range k.chains {
				switch {
				case c.allowances == nil:
				case before:
					c.allowances[i].to(now)
				default:
					c.allowances[i].changed()
				}
			}
		}
	}
}

// alone returns the kinds of one deployment: one for each of its limits, and
// another where calls come to more than they are charged at admission.
func alone(d *deployment) []*kind {
	var kinds []*kind
	for _, r := range d.rules {
		p := part{of: d, rule: r, limit: r, requests: d.requests(), weight: 1}
		if p.bounds() {
			kinds = append(kinds, bothWays(p)...)
		}
	}
	return kinds
}

// bothWays returns the kinds of these parts: one that counts calls with what they
// come to, and, where that is more than they are charged at admission, one that
// counts them with the lesser.
func bothWays(parts ...part) []*kind {
	lesser := newKind(slices.Clone(parts)...)
	settles, grows := false, false
	for i := range parts {
		p := &parts[i]
		p.inTheEnd = p.rule.bucket() && p.rule.Counts != provider.Output && p.of.settles()
		settles = settles || p.inTheEnd
		grows = grows || p.inTheEnd && p.rule.grows
	}
	inTheEnd := newKind(parts...)
	inTheEnd.tries, lesser.tries = true, !settles
	switch {
	case !settles:
		return []*kind{lesser}
	case !grows:
		return []*kind{inTheEnd}
	}
	return []*kind{inTheEnd, lesser}
}

// bounds reports whether the limit of p bounds anything. One on output does only
// where it is a debt that stays: each of its windows begins empty, and then admits
// any number of calls at once.
func (p *part) bounds() bool {
	if p.rule.Counts == provider.Output {
		return p.rule.How == provider.ByBucket && p.requests != nil
	}
	return true
}

// requests returns the limit of d on requests in a window; nil = there is none.
func (d *deployment) requests() *rule {
	for _, r := range d.rules {
		if r.Counts == provider.Requests && r.Width > 0 && r.How != provider.ByRamp {
			return r
		}
	}
	return nil
}

func (d *deployment) settles() bool { return d.cfg.Charge.Settle || d.cfg.PTU.Units > 0 }

func newKind(parts ...part) *kind {
	k := &kind{parts: parts}
	for i := range k.chains {
		k.chains[i] = &chain{idle: i > 0}
	}
	return k
}

// open begins the first chain with the run's first call.
func (k *kind) open(now clock.Time) {
	k.opened = now
	for i, c := range k.chains {
		c.allowances = make([]allowance, len(k.parts))
		for j := range k.parts {
			c.allowances[j].begin(k.parts[j].limit, now, true)
			if r := k.parts[j].rule; c.beyond == nil && (r.How == provider.ByUtilisation || r.Counts == provider.Output) {
				c.beyond = &costs{}
			}
			k.once = k.once || k.parts[j].rule.Counts == provider.Output
			if k.every = time.Minute / often; k.parts[j].rule.Width > 0 {
				k.every = min(k.every, k.parts[j].rule.Width/often)
			}
		}
		if i == 0 {
			k.begin(c, now, 0, 0)
		}
	}
}

// inForce is the least that a chain that began now would be allowed.
func (k *kind) inForce() float64 {
	sum := 0.0
	for i := range k.parts {
		if p := &k.parts[i]; !p.shares && p.limit.up && p.limit.Width > 0 {
			sum += p.weight * p.limit.now
		}
	}
	return sum
}
