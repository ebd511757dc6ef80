package strategies

import (
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

var aimdParams = []Param{
	{Name: "decrease", Kind: ShareParam, Default: "50%", Max: 1,
		About: "share of the rate that remains after a 429; half as in TCP"},
	{Name: "recover", Kind: DurationParam, Default: "30s", Min: 0.001, Max: Day,
		About: "how long the rate takes to grow back to what it was before a cut; 30s is half the window of a limit per minute"},
	{Name: "floor", Kind: NumberParam, Default: "1", Min: 0.001, Max: 1e6,
		About: "calls a minute that are always allowed; without any, it would never try again"},
}

// aimdPacer spaces sends by a rate that it moves by additive increase,
// multiplicative decrease (Chiu and Jain 1989). It knows no limit, no header
// but retry-after, and nothing of other instances.
//
// It differs from adaptivePacer in what it bounds. That one bounds the attempts in flight,
// of which an instance has at least one, and so it sends at least one call each round
// trip. Where many instances share one quota, each must send more slowly than that. A rate
// can be as low as it must be.
//
// Until the first refusal the rate doubles each second in which it was used. A refusal
// leaves the share decrease of it. Then it grows in a straight line, and is what it was
// after the time recover. A constant increase would be a flood for a fleet whose shares
// are small, and would take an hour where one instance has the whole limit.
//
// A refusal of an attempt that was sent before the last cut changes nothing, because it has
// the same cause. A refusal without a success since the last cut cuts the rate again,
// but not how fast it grows: otherwise an outage, in which every cut is a mistake, would
// keep the rate low for hours. A rate that holds no call back does not grow.
type aimdPacer struct {
	decrease float64       // share that is left, 0 to 1
	recover  time.Duration // from a cut back to what was cut
	floor    float64       // calls a second, above 0

	rate    float64    // calls a second
	slope   float64    // calls a second, each second; 0 before the first refusal
	cut     clock.Time // when it was last cut; -1 if never
	grown   clock.Time // until when growth is counted
	next    clock.Time // when the next call may be sent
	limited bool       // it has held a call back since
	served  bool       // a call sent since it was cut has succeeded
}

// aimdStart is the rate at first, in calls a second, and mostRate what it never
// passes, so that it stays a number one can halve.
const (
	aimdStart = 1
	mostRate  = 1e6
)

func (g *aimdPacer) Opens(now clock.Time, _ *Call) clock.Time {
	g.limited = g.limited || g.next > now
	return g.next
}

func (g *aimdPacer) Fits(clock.Time, *Call) bool { return true }

func (g *aimdPacer) Sent(now clock.Time, _ *Call) { g.next = now + clock.FromSeconds(1/g.rate) }

func (g *aimdPacer) Answered(now clock.Time, c *Call, r *wire.Reply) {
	refused := r.Retryable() && (r.Status == wire.StatusTooManyRequests || r.Limit == wire.Capacity)
	g.served = g.served || r.OK() && c.Since >= g.cut
	switch {
	case refused && c.Since >= g.cut:
		lower := max(g.floor, g.rate*g.decrease)
		if g.served || g.slope == 0 {
			g.slope = max(g.rate-lower, g.floor) / g.recover.Seconds()
		}
		g.rate, g.cut, g.served = lower, now, false
		g.next = max(g.next, now+clock.FromSeconds(1/g.rate))
	case r.OK() && g.limited:
		slope := g.slope
		if g.cut < 0 {
			slope = g.rate
		}
		// Of a pause between two replies no more than a second counts: nothing
		// was learned in it.
		g.rate = min(mostRate, g.rate+slope*min(1, now.Sub(g.grown).Seconds()))
	default:
		return
	}
	g.grown, g.limited = now, false
}

func (g *aimdPacer) Release(clock.Time, *Call) {}

func buildAIMD(v Values, _ Env) (Factory, []ParamError) {
	retry, floor := retryOf(v), v.Number("floor")/60
	return func(env Env) Strategy {
		pacer := &aimdPacer{decrease: v.Number("decrease"), recover: v.Duration("recover"), floor: floor, rate: max(floor, aimdStart), cut: -1}
		return &Dispatcher{Lanes: []Lane{NewLane(0, pacer)}, Failures: retry.For(env)}
	}, nil
}

// AIMDBuilder makes the strategy that paces by a rate that AIMD moves.
func AIMDBuilder() Builder {
	return Builder{Params: slices.Concat(aimdParams, retryParams()), Make: buildAIMD}
}
