package live_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ratesim/provider/wire"
	"ratesim/strategies/live"
)

// What an ask meets.
const (
	grants int = iota
	grantsLater
	declines
	declinesForever
	errs
	isNotSetUp
	hangsUntilGivenUp
	hangsOn   // and does not hear its context
	isTooLate // by a moment, or nearly so
	coordPanics
	isOutOfOrder
	numAnswers
)

// inquiry is one ask of the coordinator.
type inquiry struct {
	number uint64
	until  time.Time // when it is given up
	back   time.Time // when the coordinator returned; zero = it has not
	how    live.AskStats
	status int // what it said; 0 = nothing
	failed bool
	notSet bool // failed with Misconfigured

	begun, settled bool
}

// books is the coordinator, and what it knows of its asks: of each how it ended, and what
// was granted and given back. World.mu guards it, but for w.
type books struct {
	w           *world
	asks        []*inquiry
	lastSettled time.Time
	want        live.AskStats
	failing     bool // the ask that was settled last failed
	toldFailed  uint64

	// Of the strategy shared: what has to be given back, and what was.
	dueRequests, dueTokens, backRequests, backTokens int64
}

func (b *books) asking() int {
	n := 0
	for _, a := range b.asks {
		if !a.settled {
			n++
		}
	}
	return n
}

// asked notes that the strategy asks, for a call or for its instance.
func (b *books) asked(h *history, q wire.Ask) {
	id := nobody
	if h != nil {
		id = h.id
		h.asking++
		h.grant = q.Tokens
	} else {
		b.w.witness.asking++
	}
	b.w.note("  ask", id, len(b.asks), q.Tokens)
	a := &inquiry{number: uint64(len(b.asks))}
	if h != nil {
		h.ask = a
	}
	patience := b.w.plan.patience
	a.until = time.Now().Add(time.Duration(float64(patience) / b.w.plan.speed))
	if b.w.plan.alone {
		a.back, a.failed, a.notSet = time.Now(), true, true
		a.how.Misconfigured = 1
	}
	b.asks = append(b.asks, a)
	b.want.Asks++
	b.backRequests += q.BackRequests
	b.backTokens += q.BackTokens
}

// settle ends the asks that have ended by now, in the order of their ends.
func (b *books) settle() {
	now := time.Now()
	for {
		var first *inquiry
		var at time.Time
		for _, a := range b.asks {
			ends := a.until
			if !a.back.IsZero() && a.back.Before(ends) {
				ends = a.back
			}
			if !a.settled && !ends.After(now) && (first == nil || ends.Before(at)) {
				first, at = a, ends
			}
		}
		if first == nil {
			return
		}
		first.settled = true
		b.lastSettled = at
		late := first.back.IsZero() || first.back.After(first.until)
		b.failing = late || first.failed
		if late {
			b.want.TimedOut++
			continue
		}
		b.want.Refused += first.how.Refused
		b.want.Unreachable += first.how.Unreachable
		b.want.Misconfigured += first.how.Misconfigured
	}
}

// failed is Options.AskFailed.
func (b *books) failed(err error) {
	w := b.w
	w.mu.Lock()
	b.toldFailed++
	var a *live.AskError
	if !errors.As(err, &a) {
		w.breach("AskFailed is told %v", err)
	}
	slow, n := w.plan.slow && !w.healed, b.toldFailed
	w.mu.Unlock()
	if slow {
		time.Sleep(w.dice(forHook, nobody, n).span(time.Millisecond))
	}
}

// Ask implements live.Coordinator.
func (b *books) Ask(ctx context.Context, q wire.Ask) (r wire.Reply, err error) {
	w := b.w
	d := w.dice(forAsk, uint64(q.Number), 0)
	meets := w.plan.asking.draw(d)
	w.mu.Lock()
	if w.healed {
		meets = grants
	}
	w.note("    asked", nobody, int(q.Number), meets)
	if int(q.Number) >= len(b.asks) || b.asks[q.Number].begun {
		w.breach("the coordinator is asked number %d, and the strategy has asked %d times", q.Number, len(b.asks))
		w.mu.Unlock()
		return r, nil
	}
	a := b.asks[q.Number]
	a.begun = true
	if !w.closed.IsZero() {
		w.breach("the coordinator is asked after Close returned")
	}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		a.back, a.status = time.Now(), r.Status
		a.failed = err != nil || meets == coordPanics
		a.notSet = meets == isNotSetUp || meets == coordPanics
		switch {
		case a.notSet:
			a.how.Misconfigured = 1
		case a.failed:
			a.how.Unreachable = 1
		case !r.OK():
			a.how.Refused = 1
		}
		w.note("    answers", nobody, int(q.Number), fmt.Sprint(r.Status, " ", err))
	}()
	if meets != isTooLate && !d.oneIn(4) && !w.isHealed() {
		how := d.span(w.plan.scale)
		if meets == hangsOn {
			time.Sleep(min(how*10, time.Hour))
		} else if err := pause(ctx, d, how); err != nil {
			return r, err
		}
	}
	return b.answer(ctx, d, meets, q)
}

// answer answers an ask, or does not.
func (b *books) answer(ctx context.Context, d *dice, meets int, q wire.Ask) (wire.Reply, error) {
	r := wire.Reply{Status: 200, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	switch meets {
	case grantsLater:
		r.RetryAfter = min(d.span(b.w.plan.scale), q.Within)
	case declines:
		r.Status, r.RetryAfter = 429, q.Within+d.span(time.Minute)
	case declinesForever:
		r.Status, r.Limit = 429, wire.Oversize
	case errs:
		return wire.Reply{}, errPlanned
	case isNotSetUp:
		return wire.Reply{}, wrongType{}
	case hangsUntilGivenUp:
		if err := pause(ctx, d, time.Hour); err != nil {
			return wire.Reply{}, err
		}
	case isTooLate:
		late := d.span(50)
		if d.oneIn(3) {
			late = -late
		}
		time.Sleep(time.Duration(float64(b.w.plan.patience)/b.w.plan.speed) + late)
	case coordPanics:
		panic(errPlanned)
	case isOutOfOrder:
		r.Status = 503
	}
	if q.Lease > 0 && r.OK() {
		share := int64(d.n(3)) * int64(d.n(300))
		if b.w.isHealed() {
			share = 600
		}
		r.Requests = wire.Quota{Limit: 600, Remaining: share, Reset: q.Lease}
		r.Tokens = wire.Quota{Limit: 60_000, Remaining: 100 * share, Reset: q.Lease}
	}
	return r, nil
}

// answered checks that the strategy hears the answer to its ask for h. Of an ask that shows
// that the coordinator is not set up, it must not: the call ends.
func (b *books) answered(h *history, r *wire.Reply) {
	h.granted = r.OK()
	a, want := h.ask, wire.StatusTimeout
	late := a.back.IsZero() || a.back.After(a.until)
	if !late && !a.failed {
		want = a.status
	}
	if b.w.plan.grain == 0 && b.w.plan.speed == 1 && (r.Status != want || !late && a.notSet) {
		b.w.breach("ask %d was answered with %d (late: %v, not set up: %v), and the strategy is told %d", a.number, want, late, a.notSet, r.Status)
	}
}

// sent notes that the strategy sends an attempt of h.
func (b *books) sent(*history) {
	if b.failing {
		b.want.Sent++
	}
}

// ended notes the end of a call.
func (b *books) ended(done bool) {
	if b.failing && !done {
		b.want.Failed++
	}
}

// replied notes the end of an attempt of h: what it used less than was granted has to be
// given back, and all of it if it was refused. What failed may have been done.
func (b *books) replied(h *history, r *wire.Reply) {
	if h.granted {
		switch {
		case r.OK():
			b.dueTokens += h.grant - int64(r.Prompt) - int64(r.Output)
		case r.Status == wire.StatusTooManyRequests:
			b.dueTokens += h.grant
			b.dueRequests++
		}
	}
	h.granted = false
}

// canceled notes that the application gives h up. A grant that was not used has to be
// given back.
func (b *books) canceled(h *history) {
	if h.granted && h.inFlight() == 0 {
		b.dueTokens += h.grant
		b.dueRequests++
		h.granted = false
	}
}

// epilogue checks that all was given back and counted.
func (b *books) epilogue() {
	w := b.w
	b.settle()
	if n := b.asking(); n > 0 {
		w.breach("%d asks are not settled", n)
	}
	if w.plan.speed == 1 && !w.plan.alone && w.plan.grain == 0 { // else asks end in an order that is not known
		failed := b.want.Unreachable + b.want.TimedOut + b.want.Misconfigured
		if got := w.transport.AskStats(); got != b.want || b.toldFailed != failed {
			w.breach("AskStats is %+v, want %+v; AskFailed was told of %d, want %d", got, b.want, b.toldFailed, failed)
		}
	}
	if w.plan.kind.grants && !w.witness.shattered && len(w.plan.closes) == 0 && (b.backTokens != b.dueTokens || b.backRequests != b.dueRequests) {
		w.breach("%d requests and %d tokens were given back to the coordinator, want %d and %d",
			b.backRequests, b.backTokens, b.dueRequests, b.dueTokens)
	}
}
