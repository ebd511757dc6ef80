package presets

import (
	"fmt"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/strategies"
)

// The client-side strategies of Farkiani, Liu and Crowley, "Rethinking HTTP API
// Rate Limiting: A Client-Side Approach" (arXiv 2510.04516v3): UB, unlimited
// backoff; WB, the same with a sliding window; ATB, an adaptive token bucket.
// Constants are from the authors' programs (WB.py), those of ATB from a
// port of it, for the paper leaves them to a configuration file. AATB, which
// also needs a telemetry server that tells how many refusals the others met, is
// not here.
//
// The paper's clients make one request after the other; here the calls of an
// instance are under way side by side, unless workers says otherwise. Their
// retries never end; here max_retries ends them, after a quarter of an hour.

// paperBackoff is the delay before retry k in seconds: uniform between 0.1 and
// min(2^(k+1) - 1, 32); each client draws its own last bound from 30 to 34.
func paperBackoff(u float64, k int) float64 {
	const shortest, longest = 0.1, 32
	return shortest + u*(min(doubled(1, k+1)-1, longest)-shortest)
}

// paperEntries are the catalog's entries for them.
func paperEntries() []strategies.Entry {
	const source = "arXiv 2510.04516's "
	params := []strategies.Param{
		{Name: "workers", Kind: strategies.CountParam, Default: "0", Max: 1e6,
			About: "most attempts in flight; 0 is no limit, 1 is what the paper's clients have"},
		{Name: "max_retries", Kind: strategies.CountParam, Default: "60", Max: 1000,
			About: "most retries after the first attempt; the paper's clients never stop, and 60 retries take a quarter of an hour"},
	}
	window := strategies.Param{Name: "limit", Kind: strategies.CountParam, Min: 1, Max: strategies.MaxLimit,
		About: "calls that may succeed in any minute; default: the advertised requests per minute of the first deployment"}
	return []strategies.Entry{
		{Name: "paper:ub", About: source + "unlimited backoff: exponential backoff with jitter and nothing else",
			Keeps: strategies.KeepsTimers, Builder: strategies.Builder{Params: params, Make: buildPaper(true, unpaced)}},
		{Name: "paper:wb", About: source + "window-based backoff: the same, and never more than the limit in any minute",
			Keeps: strategies.KeepsBooks, Builder: strategies.Builder{Params: append([]strategies.Param{window}, params...), Make: buildPaper(true, paperWindow)}},
		{Name: "paper:atb", About: source + "adaptive token bucket: sends at a rate that successes raise and refusals halve",
			Keeps: strategies.KeepsBeliefs, Builder: strategies.Builder{Params: params, Make: buildPaper(false, adaptiveBucket)}},
	}
}

// pacing makes what makes the pacer of an instance.
type pacing func(strategies.Values, strategies.Env) (func() strategies.Pacer, []strategies.ParamError)

func unpaced(strategies.Values, strategies.Env) (func() strategies.Pacer, []strategies.ParamError) {
	return strategies.Unpaced, nil
}

func adaptiveBucket(strategies.Values, strategies.Env) (func() strategies.Pacer, []strategies.ParamError) {
	return func() strategies.Pacer { return newATBPacer() }, nil
}

// buildPaper builds a dispatcher with the pacers that make makes; without backs, a
// call that failed comes back at once and leaves the waiting to the pacer.
func buildPaper(backs bool, make pacing) func(strategies.Values, strategies.Env) (strategies.Factory, []strategies.ParamError) {
	return func(v strategies.Values, known strategies.Env) (strategies.Factory, []strategies.ParamError) {
		pacers, faults := make(v, known)
		if faults != nil {
			return nil, faults
		}
		retry := strategies.Retry{MaxRetries: v.Count("max_retries")}
		if backs {
			retry.Backoff.Formula = paperBackoff
		}
		return func(env strategies.Env) strategies.Strategy {
			return &strategies.Dispatcher{Lanes: []strategies.Lane{strategies.NewLane(0, pacers())}, Failures: retry.For(env), Workers: strategies.WorkerPool{Most: v.Count("workers")}}
		}, nil
	}
}

func paperWindow(v strategies.Values, known strategies.Env) (func() strategies.Pacer, []strategies.ParamError) {
	most := known.Deployments[0].RPM
	if v.Given("limit") {
		most = int64(v.Number("limit"))
	}
	if most == 0 {
		return nil, []strategies.ParamError{{Param: "limit", Msg: fmt.Sprintf(
			"must be given, for deployment %q names no requests per minute", known.Deployments[0].Name)}}
	}
	return func() strategies.Pacer { return successPacer{limit.NewLog(most, limit.Window)} }, nil
}

// successPacer lets a call through when fewer calls have succeeded in the last
// window than limit allows. Those in flight are not counted.
type successPacer struct{ successes *limit.Log }

func (g successPacer) Opens(now clock.Time, _ *strategies.Call) clock.Time {
	return g.successes.Earliest(now, 1)
}
func (successPacer) Fits(clock.Time, *strategies.Call) bool { return true }
func (successPacer) Sent(clock.Time, *strategies.Call)      {}
func (successPacer) Release(clock.Time, *strategies.Call)   {}

func (g successPacer) Answered(now clock.Time, _ *strategies.Call, r *wire.Reply) {
	if r.OK() {
		g.successes.Take(now, 1)
	}
}

// atbPacer is the adaptive token bucket: a token a request, refilled at a rate
// that every success multiplies, by more while it is below the rate at which
// there was last congestion; every refusal and server error halves it and
// empties the bucket. A refused call waits for the next token, and for nothing
// else.
type atbPacer struct {
	tokens     float64
	rate       float64 // tokens a second
	congestion float64 // the rate at the last refusal
	asOf       clock.Time
}

// The bucket's constants, of which the paper says that they are to be
// configured: those of a port (an adaptive rate limiter for scrapers) whose
// ceiling of 40 a second is its own.
const (
	atbSize, atbTokens        = 4, 1
	atbRate, atbCongestion    = 0.1, 1 // tokens a second
	atbFast, atbSlow          = 1.5, 1.2
	atbLeast, atbFloor, atbUp = 0.01, 0.01, 40
)

func newATBPacer() *atbPacer {
	return &atbPacer{tokens: atbTokens, rate: atbRate, congestion: atbCongestion}
}

func (g *atbPacer) refill(now clock.Time) {
	g.tokens = min(atbSize, g.tokens+g.rate*now.Sub(g.asOf).Seconds())
	g.asOf = now
}

func (g *atbPacer) Opens(now clock.Time, _ *strategies.Call) clock.Time {
	g.refill(now)
	return now + clock.FromSeconds(max(0, 1-g.tokens)/g.rate)
}

func (g *atbPacer) Fits(clock.Time, *strategies.Call) bool { return true }

func (g *atbPacer) Sent(now clock.Time, _ *strategies.Call) { g.tokens = max(0, g.tokens-1) }

func (g *atbPacer) Answered(now clock.Time, _ *strategies.Call, r *wire.Reply) {
	g.refill(now)
	switch {
	case r.OK():
		factor := atbSlow
		if g.rate < g.congestion {
			factor = atbFast
		}
		g.rate = min(atbUp, max(g.rate*factor, g.rate+atbLeast))
	case r.Status == wire.StatusTooManyRequests || r.Status == 408 || r.Status == 425 || r.Status >= 500:
		g.congestion, g.rate, g.tokens = g.rate, max(atbFloor, g.rate/2), 0
	}
}

func (g *atbPacer) Release(clock.Time, *strategies.Call) {}
