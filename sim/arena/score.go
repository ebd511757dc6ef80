package arena

import (
	"math"
	"slices"

	"ratesim/sim/metrics"
)

// halves are a number of each strategy, by the one half of the replications and by the
// other. Lower is better; NaN = it has none.
type halves [2][]float64

// beyond returns by how much the number of each strategy exceeds that of the best of those
// that are eligible. The best is chosen by one half, and both are measured on the other;
// this is done both ways and averaged. See the package comment. NaN where a strategy has
// no number, or none is eligible.
func beyond(x halves, eligible []bool) []float64 {
	out := make([]float64, len(x[0]))
	for h := range 2 {
		best := -1
		for s := range out {
			if eligible[s] && !math.IsNaN(x[0][s]) && !math.IsNaN(x[1][s]) && (best < 0 || x[h][s] < x[h][best]) {
				best = s
			}
		}
		for s := range out {
			if best < 0 {
				out[s] = math.NaN()
			} else {
				out[s] += (x[1-h][s] - x[1-h][best]) / 2
			}
		}
	}
	return out
}

// tally is what one strategy did in some replications of a situation.
type tally struct {
	calls, succeeded, refused, most float64
	good                            float64 // tokens of the calls that succeeded in time
	seconds                         float64 // from arrival to success, of all calls that succeeded
	quiet, quietSucceeded           float64 // calls of the tenants beside one that floods
	minutes                         float64 // in which calls arrive
}

func (t *tally) add(r *metrics.Run, minutes float64, flood int) {
	t.calls += float64(r.Calls)
	t.succeeded += float64(r.Succeeded)
	t.refused += float64(r.Rejected)
	t.most += float64(r.Most)
	t.good += float64(r.Good)
	if r.Succeeded > 0 {
		t.seconds += r.MeanLatency() * float64(r.Succeeded)
	}
	t.minutes += minutes
	if flood >= 0 {
		for i := range r.Tenants {
			if i != flood {
				t.quiet += float64(r.Tenants[i].Calls)
				t.quietSucceeded += float64(r.Tenants[i].Succeeded)
			}
		}
	}
}

// points is the score: of every hundred calls those that succeed, or goodput in per cent of
// top, which is 0 where the workload is not closed.
func (t *tally) points(top float64) float64 {
	if top > 0 {
		return 100 * t.good / t.minutes / top
	}
	return 100 * t.succeeded / max(1, t.calls)
}

func (t *tally) meanSeconds() float64 { return t.seconds / t.succeeded } // NaN without a success

func (t *tally) refusals() float64 { return t.refused / max(1, t.calls) }

func (t *tally) quietPoints() float64 { return 100 * t.quietSucceeded / t.quiet }

// score judges the strategies of a situation by what they did in the two halves of the
// replications: parts[h][s] is strategy s in half h.
func score(names []string, parts [2][]tally, closed bool) []metrics.Score {
	n := len(names)
	whole, top := make([]tally, n), 0.0
	for s := range names {
		whole[s] = sum(parts[0][s], parts[1][s])
		if closed {
			top = max(top, whole[s].good/whole[s].minutes)
		}
	}
	by := func(number func(*tally) float64) halves {
		var x halves
		for h := range x {
			for s := range parts[h] {
				x[h] = append(x[h], number(&parts[h][s]))
			}
		}
		return x
	}
	regret := beyond(by(func(t *tally) float64 { return -t.points(top) }), slices.Repeat([]bool{true}, n))
	near := make([]bool, n)
	for s := range near {
		near[s] = regret[s] <= metrics.Close
	}
	seconds := beyond(by((*tally).meanSeconds), near)
	refusals := beyond(by((*tally).refusals), near)
	quiet := beyond(by(func(t *tally) float64 { return -t.quietPoints() }), near)
	list := make([]metrics.Score, n)
	for s, name := range names {
		t := &whole[s]
		list[s] = metrics.Score{Name: name, SuccessRate: digits(t.succeeded / max(1, t.calls)), Points: digits(t.points(top)), Regret: digits(regret[s]),
			Seconds: known(t.meanSeconds()), Refusals: digits(t.refusals()), RefusalOver: digits(refusals[s]), Quiet: known(t.quietPoints()), QuietBelow: known(quiet[s])}
		if near[s] {
			list[s].SecondsOver = known(seconds[s])
		}
		if !closed {
			list[s].BoundBelow = known(100 * (t.most - t.succeeded) / max(1, t.calls))
		}
	}
	return list
}

func sum(a, b tally) tally {
	return tally{a.calls + b.calls, a.succeeded + b.succeeded, a.refused + b.refused, a.most + b.most, a.good + b.good, a.seconds + b.seconds,
		a.quiet + b.quiet, a.quietSucceeded + b.quietSucceeded, a.minutes + b.minutes}
}

// known is a number if it is one.
func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	x = digits(x)
	return &x
}

// digits keeps four decimals, which is finer than any of these numbers is known.
func digits(x float64) float64 { return math.Round(x*1e4)/1e4 + 0 }
