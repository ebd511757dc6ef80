package strategies

import (
	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// charge learns from headers how many tokens a limit is charged for a call, as a share of
// what the call may cost by [Call.Cost]. Some vendors reserve all of that. Others leave out
// what they have in their cache, or count input and output apart, and then a client that
// takes the full cost for granted leaves most of the limit unused. Two headers tell how much
// was charged between them: what the later one has less than the earlier one, and what came
// back meanwhile. What other instances sent in that time counts too. So where they are many
// the share is 1, and the client is as careful as without this.
//
// Its zero value takes calls to be charged in full.
type charge struct {
	share   ewma // of the cost, from each two headers
	samples int  // at most leastCharges

	// What the last header told of an attempt that was admitted.
	limit, remaining int64 // a limit of 0 = there is none
	sent             clock.Time
	held             uint32 // Call.Held of that attempt
}

const (
	// leastCharges is how many samples it takes until they count.
	leastCharges = 8
	// chargeGain follows a change of the calls within some dozens of them.
	chargeGain = 1. / 16
	// chargeMargin is how many mean deviations above the mean a call is taken to be charged.
	// Calls differ, and one that is charged more than was left for it is refused. With 2, 95
	// of 100 are not, where shares are normally distributed.
	chargeMargin = 2
	// leastShare keeps calls that are charged next to nothing from being sent all at once.
	leastShare = 1. / 50
)

// of returns how many tokens c is taken to be charged.
func (g *charge) of(c *Call) float64 { return g.rate() * float64(c.Cost()) }

// rate returns what is charged for each token of cost, at most 1.
func (g *charge) rate() float64 {
	if g.samples < leastCharges {
		return 1
	}
	return max(leastShare, min(1, g.share.mean+chargeMargin*g.share.deviation))
}

// read compares the header of r, which answered c, with the one before. t is what was known
// of the limit until then.
func (g *charge) read(t *gauge, c *Call, r *wire.Reply) {
	q := r.Tokens
	if q.Remaining < 0 || q.Limit <= 0 {
		return
	}
	// A window that ended in between was whole again at a time that is not known.
	ended := t.votes < 0 && t.end != clock.Never && c.Since >= t.end
	sent := float64(int32(c.Held - g.held))
	if r.OK() && q.Limit == g.limit && sent > 0 && !ended {
		back := 0.0
		if t.votes >= 0 {
			back = t.limit / t.period * float64(c.Since-g.sent)
		}
		g.add(max(0, min(1, (float64(g.remaining-q.Remaining)+back)/sent)))
	}
	g.limit = 0
	if r.OK() {
		g.limit, g.remaining, g.held, g.sent = q.Limit, q.Remaining, c.Held, c.Since
	}
}

// add notes a share that was charged.
func (g *charge) add(share float64) {
	g.share.gain, g.share.gainDeviation = chargeGain, chargeGain
	g.share.add(share)
	g.samples = min(g.samples+1, leastCharges)
}
