package demand

import (
	"math"

	"ratesim/provider"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// allowance is the most that a limit admits from the time it begins, as time goes
// on: Cap of the package comment. Whoever changes the conditions brings it up to
// date before and tells it after.
type allowance struct {
	rule *rule
	from clock.Time // it begins
	at   clock.Time // when what follows was right
	best float64    // Cap then

	// Buckets and ramps: paid is what time paid off of the debt until at; idle what
	// it would have since the deployment went down, and downs how often it did.
	paid, idle float64
	downs      int
	floor      float64    // ramps: what a minute allows in the present period
	turn       clock.Time // and when that is over

	// Windows and counters: before is what the windows that are over allowed, but
	// for the last, last what that did, and most what was in force at most in the
	// present one, which is over at end. A counter's pair is its Cap without before.
	before, last, most, pair float64
	end                      clock.Time
}

// begin starts the allowance at now; first says that no call came before.
func (a *allowance) begin(r *rule, now clock.Time, first bool) {
	*a = allowance{rule: r, from: now, at: now}
	switch r.How {
	case provider.ByRamp:
		period := float64(now / clock.Time(r.Per))
		a.floor = r.full * math.Pow(1+r.Growth, period)
		a.turn = now - now%clock.Time(r.Per) + clock.Time(r.Per)
	case provider.ByLog:
		a.end = now.Add(r.Width)
	case provider.ByCounter:
		a.end = now - now%clock.Time(r.Width) + clock.Time(r.Width)
	case provider.ByWindow:
		width := clock.Time(r.Width)
		if r.Phase == limit.FirstRequest {
			a.end = now + width
			if !first {
				a.before = r.full // of the window that was open
			}
			break
		}
		lead := (width - clock.Time(r.Phase)%width) % width
		a.end = now + width - (now+lead)%width
	}
	a.changed()
}

// changed takes up new conditions, which hold from the time it was brought to.
func (a *allowance) changed() {
	switch a.rule.How {
	case provider.ByBucket, provider.ByUtilisation, provider.ByRamp:
		if !a.rule.up {
			a.downs++
			return
		}
		if a.idle > 0 { // a debt is never more than a full bucket, unless the last call passed it
			a.paid += min(a.idle, max(a.rule.full, a.floor))
			a.idle = 0
		}
	case provider.ByCounter, provider.ByLog, provider.ByWindow:
		a.most = max(a.most, a.inForce())
	}
	a.measure()
}

func (a *allowance) inForce() float64 {
	switch r := a.rule; {
	case r.How == provider.ByWindow && r.Phase == limit.FirstRequest:
		return r.full // for nobody knows when its windows begin
	case r.up:
		return r.now
	}
	return 0
}

// to brings the allowance to now, under the conditions that it knows.
func (a *allowance) to(now clock.Time) {
	switch r := a.rule; r.How {
	case provider.ByBucket, provider.ByUtilisation:
		a.pay(r.now * (float64(now-a.at) / float64(r.Width)))
	case provider.ByRamp:
		for now >= a.turn {
			a.pay(a.floor * (float64(a.turn-a.at) / float64(limit.Window)))
			a.at = a.turn
			a.measure()
			a.floor *= 1 + r.Growth
			a.turn = a.turn.Add(r.Per)
		}
		a.pay(a.floor * (float64(now-a.at) / float64(limit.Window)))
	case provider.ByLog, provider.ByWindow, provider.ByCounter:
		if now >= a.end {
			a.close(now)
		}
	}
	a.at = now
	a.measure()
}

func (a *allowance) pay(tokens float64) {
	if a.rule.up {
		a.paid += tokens
	} else {
		a.idle += tokens
	}
}

// close ends the present window and all others that are over by now.
func (a *allowance) close(now clock.Time) {
	width := clock.Time(a.rule.Width)
	over := (now-a.end)/width + 1
	a.before += a.last
	a.last = a.most
	if over > 1 {
		a.before += a.last + float64(over-2)*a.inForce()
		a.last = a.inForce()
	}
	a.most, a.pair = a.inForce(), a.last
	a.end += over * width
}

// measure makes best what the limit admits until at.
func (a *allowance) measure() {
	r := a.rule
	switch r.How {
	case provider.ByBucket, provider.ByUtilisation:
		if r.up {
			a.best = max(a.best, r.now+a.paid)
		}
	case provider.ByRamp:
		if r.up {
			a.best = max(a.best, a.floor+a.paid)
		}
	case provider.ByHolding: // in call-ms or token-ms
		a.best = r.full * float64(a.at.Sub(a.from)+r.holds) / 1e6
	case provider.ByLog, provider.ByWindow:
		a.best = a.before + a.last + a.most
	case provider.ByCounter:
		if r.up {
			passed := 1 - float64(a.end-a.at)/float64(r.Width)
			a.pair = max(a.pair, min(a.last+r.now, max(a.last, r.now+passed*a.last)))
		}
		a.best = max(a.best, a.before+a.pair)
	}
}
