package sim

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// peek answers oracle's question from the models' true state, counting what
// oracle itself has sent that has not arrived yet: attempts on their way, and
// those it asked for a moment ago that are not carried out yet.
type peek struct {
	e      *engine
	bound  []load // for each deployment: on its way there
	asked  []load // for each deployment: in the effects not carried out
	looked int    // how many effects asked counts
	next   wire.Attempt
}

// load is a number of requests and the tokens they will be charged.
type load struct{ requests, tokens int64 }

func newPeek(e *engine) *peek {
	n := len(e.models)
	for _, m := range e.models {
		m.Foresee()
	}
	return &peek{e: e, bound: make([]load, n), asked: make([]load, n)}
}

func (p *peek) depart(f *flight) {
	m := p.e.models[f.deployment]
	m.Expect(p.latest(p.e.now), &f.attempt)
	f.tokens = m.Most(&f.attempt)
	p.bound[f.deployment].requests++
	p.bound[f.deployment].tokens += f.tokens
}

func (p *peek) land(f *flight) {
	p.bound[f.deployment].requests--
	p.bound[f.deployment].tokens -= f.tokens
}

// carriedOut forgets the effects: those that sent something have departed.
func (p *peek) carriedOut() {
	clear(p.asked)
	p.looked = 0
}

// Fits implements strategies.Peek.
func (p *peek) Fits(now clock.Time, c *strategies.Call, deployment int) bool {
	return p.e.models[deployment].Fits(now, p.attempt(c.Slot, deployment))
}

// likely is the share of attempts that take at most as long as Takes says.
const likely = 0.95

// Takes implements strategies.Peek. When oracle must choose, the limits are in full
// use.
func (p *peek) Takes(c *strategies.Call, deployment int) time.Duration {
	net := &p.e.net
	return 2*(net.latency+net.jitter) + p.e.models[deployment].Takes(p.attempt(c.Slot, deployment), likely, 1)
}

// latest returns when what is sent at now arrives at the latest.
func (p *peek) latest(now clock.Time) clock.Time { return now.Add(p.e.net.latency + p.e.net.jitter) }

// attempt returns the next attempt of a call as a deployment would take it, in memory that
// the next call writes over.
func (p *peek) attempt(slot uint32, deployment int) *wire.Attempt {
	p.e.attempt(p.e.calls.at(slot), &p.next)
	p.e.models[deployment].Expect(p.latest(p.e.now), &p.next)
	return &p.next
}

// Admits implements strategies.Peek.
func (p *peek) Admits(now clock.Time, c *strategies.Call, deployment int) clock.Time {
	e := p.e
	for ; p.looked < len(e.out.List); p.looked++ {
		if f := &e.out.List[p.looked]; f.Kind == strategies.SendKind {
			p.asked[f.Deployment].requests++
			p.asked[f.Deployment].tokens += e.models[f.Deployment].Most(p.attempt(f.Call.Slot, int(f.Deployment)))
		}
	}
	a := p.attempt(c.Slot, deployment)
	ahead := load{p.bound[deployment].requests + p.asked[deployment].requests,
		p.bound[deployment].tokens + p.asked[deployment].tokens}
	last := p.latest(now)
	at := e.models[deployment].Admits(now, last, a, ahead.requests, ahead.tokens)
	if at == clock.Never {
		return at
	}
	return max(now, at.Add(-e.net.draw(e.key, rng.NetworkOut, a.Call, a.Number)))
}

var _ strategies.Peek = (*peek)(nil)
