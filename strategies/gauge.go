package strategies

import (
	"math"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// A gauge is what headers tell of one limit: how much is left of it, and how it comes
// back. Its zero value knows nothing and holds nothing back.
//
// What it says is the upper end of what can be left. What comes back is counted in
// full, as if nobody else used the limit: how much others use cannot be known, and the
// refusals that follow where they do are what [replyPacer] goes by. So an instance alone
// follows the server's own books, and one among many is not starved by a guess.
type gauge struct {
	limit  float64
	most   float64    // the largest limit that a header named; 0 = none did
	left   float64    // at asOf; below 0 when calls used more than was counted
	asOf   clock.Time // when what was told was true, and since when what comes back is counted
	told   clock.Time // when the attempt was sent whose header was believed last
	period float64    // ns in which all of the limit comes back
	end    clock.Time // of a fixed window, when all of it does; clock.Never where none is known

	votes   int8       // of headers for a bucket, less those for a fixed window
	lastEnd clock.Time // of a fixed window, if the last header was of one
	daily   bool       // of those for a bucket, the last was for one of a day
}

// read believes q, the header of an attempt sent at sent, since which spent more has
// been sent. When in between that was sent, q does not tell, and so not how much of what
// came back the full bucket had no room for. That much the gauge's own books say, as far
// as q allows.
func (g *gauge) read(now, sent clock.Time, q wire.Quota, spent float64) {
	first := g.limit == 0
	if q.Reset > mostReset {
		q.Reset = wire.Absent
	}
	if q.Limit > 0 {
		g.limit = float64(q.Limit)
		g.most = max(g.most, g.limit)
	} else if q.Remaining >= 0 { // the limit is at least what remains
		g.limit = max(g.limit, float64(q.Remaining))
	}
	if g.limit == 0 {
		return
	}
	if first {
		g.period, g.end = float64(time.Minute), clock.Never
		g.left, g.asOf = g.limit-spent, now // if it was all there
	}
	if q.Remaining < 0 {
		return
	}
	g.vote(sent, q)
	g.advance(now)
	books := g.left
	g.left, g.asOf, g.told, g.end = min(float64(q.Remaining), g.limit), sent, sent, clock.Never
	switch {
	case q.Reset <= 0:
	case g.votes < 0:
		g.end = sent.Add(q.Reset)
	case q.Remaining == 0: // a bucket may be in debt, which only its reset tells
		g.left = min(0, g.limit*(1-float64(q.Reset)/g.period))
	}
	most := min(g.limit, g.left-spent+g.limit/g.period*float64(now-sent)) // all was sent at once
	g.advance(now)
	g.left -= spent // as if all was sent just now
	if !first && g.end == clock.Never {
		g.left = max(g.left, min(books, most))
	}
}

// vote learns from q, which was true at sent, how the limit comes back. The reset of a
// bucket that refills steadily is in proportion to what is missing. The end of a fixed
// window stays where it is from header to header, until it has passed. Where it moves
// before that, or is further away than a window of a minute is long, the window slides, and what
// was charged comes back bit by bit, as in a bucket.
func (g *gauge) vote(sent clock.Time, q wire.Quota) {
	if q.Reset < 0 || q.Limit <= 0 || q.Remaining == 0 { // of debts only the reset tells
		return
	}
	missing := 1 - float64(q.Remaining)/float64(q.Limit)
	is := func(period time.Duration) bool {
		want := missing * period.Seconds()
		return math.Abs(q.Reset.Seconds()-want) <= 1+0.1*want // resets are told in whole seconds
	}
	end := sent.Add(q.Reset)
	passed := g.lastEnd != 0 && sent >= g.lastEnd
	still := g.lastEnd == 0 || end.Sub(g.lastEnd).Abs() <= roundings
	g.lastEnd = end
	switch {
	case is(time.Minute):
		g.votes, g.daily = min(g.votes+1, mostVotes), false
	case is(24 * time.Hour):
		g.votes, g.daily = min(g.votes+1, mostVotes), true
	case passed: // the next window tells nothing
	case still && q.Reset <= time.Minute+roundings:
		g.votes = max(g.votes-1, -mostVotes)
	default:
		g.votes = min(g.votes+1, mostVotes)
	}
	g.period = float64(time.Minute)
	if g.daily {
		g.period = float64(24 * time.Hour)
	}
}

// mostVotes is how many headers it takes at most to change the mind about a limit.
const mostVotes = 8

// mostReset is more than any limit takes to be whole. A longer one is an error, such as an
// instant read as a duration, and who believed it would not ask again.
const mostReset = 31 * 24 * time.Hour

// advance adds what has come back until now.
func (g *gauge) advance(now clock.Time) {
	since := g.asOf
	switch {
	case g.end == clock.Never:
	case now < g.end: // nothing comes back before
		g.asOf = now
		return
	default:
		g.left, since, g.end = g.limit, g.end, clock.Never
	}
	g.left = min(g.limit, g.left+g.limit/g.period*float64(now-since))
	g.asOf = now
}

// ready returns when need can be there at the earliest, or, if that is more than ever
// is, all. Timers and the network are not exact: what comes back in slack is waited for
// besides.
func (g *gauge) ready(now clock.Time, need float64) clock.Time {
	if g.limit == 0 {
		return now
	}
	g.advance(now)
	rate := g.limit / g.period
	missing := min(need+rate*float64(slack), g.limit) - g.left
	if missing <= 0 {
		return now
	}
	at := g.end.Add(slack)
	if g.end == clock.Never {
		at = now.Add(time.Duration(min(math.Ceil(missing/rate), 1<<62)))
	}
	return at
}

// roundings is how much two resets that are told in whole seconds may differ for that reason.
const roundings = 2 * time.Second

// slack covers the network's jitter and the rounding of what headers tell.
const slack = 50 * time.Millisecond

// spend takes cost.
func (g *gauge) spend(now clock.Time, cost float64) {
	if g.limit > 0 {
		g.advance(now)
		g.left -= cost
	}
}

// comesBackIn notes that a refused call may fit after wait already, q being the header of
// its reply. Where that is sooner than all of the limit comes back, it comes back bit by bit.
func (g *gauge) comesBackIn(wait time.Duration, q wire.Quota) {
	if g.limit > 0 && wait > 0 && q.Reset > wait+roundings {
		g.votes, g.end = mostVotes, clock.Never
	}
}

// refused gives back cost, which was sent at sent and not admitted, unless what was
// told since has it no more; and notes that there was less than that.
func (g *gauge) refused(now, sent clock.Time, cost float64, byThis bool) {
	if g.limit == 0 {
		return
	}
	g.advance(now)
	if sent > g.told {
		g.left += cost
	}
	if byThis {
		g.left = min(g.left, cost)
	}
}
