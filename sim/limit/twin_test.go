package limit

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

// limiter is what all kinds share.
type limiter interface {
	Earliest(now clock.Time, cost int64) clock.Time
	Fits(cost int64) bool
	Take(now clock.Time, cost int64) Ticket
	Refuse(now clock.Time)
	Settle(now clock.Time, t Ticket, delta int64)
	Left(now clock.Time) (left int64, full clock.Time)
	Resize(now clock.Time, limit int64)
}

const (
	width  = clock.Time(Window)
	phase  = 17 * clock.Second
	period = 3 * width // of the ramp, which grows by a half in it
)

// kinds are all limiters, each with its rule worked out from the whole history:
// does cost fit at t?
var kinds = []struct {
	name string
	make func(limit int64) limiter
	fits func(h *history, t clock.Time, cost int64) bool
}{
	{"log", func(n int64) limiter { return NewLog(n, Window) }, func(h *history, t clock.Time, cost int64) bool {
		return h.sum(t-width+1, t+1)+cost <= h.limit
	}},
	{"counter", func(n int64) limiter { return NewCounter(n, Window) }, func(h *history, t clock.Time, cost int64) bool {
		start := t - t%width
		last := big.NewRat(h.sum(start-width, start), int64(width))
		last.Mul(last, new(big.Rat).SetInt64(int64(start+width-t)))
		return last.Cmp(big.NewRat(h.limit-cost-h.sum(start, start+width), 1)) <= 0
	}},
	{"fixed", func(n int64) limiter { return NewFixed(n, Window, 0) }, func(h *history, t clock.Time, cost int64) bool {
		start := t - t%width
		return h.sum(start, start+width)+cost <= h.limit
	}},
	{"fixed-phase", func(n int64) limiter { return NewFixed(n, Window, Phase(phase+3*width)) }, func(h *history, t clock.Time, cost int64) bool {
		start := phase - width
		for start+width <= t {
			start += width
		}
		return h.sum(start, start+width)+cost <= h.limit
	}},
	{"fixed-first", func(n int64) limiter { return NewFixed(n, Window, FirstRequest) }, func(h *history, t clock.Time, cost int64) bool {
		start := -width
		for _, e := range h.events {
			if (e.kind == take || e.kind == refuse) && e.at >= start+width {
				start = e.at
			}
		}
		return t >= start+width && cost <= h.limit || t < start+width && h.sum(start, start+width)+cost <= h.limit
	}},
	{"bucket", func(n int64) limiter { return NewBucket(n, n, Window) }, func(h *history, t clock.Time, cost int64) bool {
		missing, room := h.debt(t)
		return missing.Cmp(big.NewRat(room-cost, 1)) <= 0
	}},
	{"utilisation", func(n int64) limiter { return NewUtilisation(n) }, func(h *history, t clock.Time, cost int64) bool {
		missing, room := h.debt(t)
		return missing.Cmp(big.NewRat(room-cost, 1)) < 0
	}},
	{"in-flight", func(n int64) limiter { return NewInFlight(n) }, func(h *history, _ clock.Time, cost int64) bool {
		return h.sum(0, clock.Never)+cost <= h.limit
	}},
	{"ramp", func(n int64) limiter { return NewRamp(n, 0.5, time.Duration(period), 0) }, func(h *history, t clock.Time, cost int64) bool {
		missing, room := h.ramped(t, 0)
		return missing.Cmp(big.NewRat(room-cost, 1)) <= 0
	}},
	{"ramp-warm", func(n int64) limiter { return NewRamp(n, 0.5, time.Duration(period), 2*n) }, func(h *history, t clock.Time, cost int64) bool {
		missing, room := h.ramped(t, 2*h.first)
		return missing.Cmp(big.NewRat(room-cost, 1)) <= 0
	}},
}

// A history keeps everything that was done to a limiter.
type history struct {
	first, limit int64
	events       []event
}

type event struct {
	at     clock.Time
	kind   int
	amount int64 // cost, delta or limit
	charge int   // of a correction: which event it corrects
	ticket Ticket
}

const (
	take = iota
	settle
	resize
	refuse // counts one where the kind counts refusals
	end    // of a period
)

// sum returns what was charged in [from, to), net of corrections.
func (h *history) sum(from, to clock.Time) int64 {
	sum := int64(0)
	for _, e := range h.events {
		at := e.at
		if e.kind == settle {
			at = h.events[e.charge].at
		}
		if e.kind != resize && from <= at && at < to {
			sum += e.amount
		}
	}
	return sum
}

// debt returns what is missing from a full bucket at t, and its capacity.
func (h *history) debt(t clock.Time) (*big.Rat, int64) {
	debt, rate, at := new(big.Rat), h.first, clock.Time(0)
	for _, e := range h.events {
		flow(debt, rate, e.at-at)
		at = e.at
		switch e.kind {
		case resize:
			rate = e.amount
		case refuse:
			if full := big.NewRat(rate, 1); debt.Cmp(full) < 0 { // what is there of one is taken, and no more
				debt.Add(debt, big.NewRat(e.amount, 1))
				if debt.Cmp(full) > 0 {
					debt.Set(full)
				}
			}
		default:
			flow(debt.Add(debt, big.NewRat(e.amount, 1)), 0, 0)
		}
	}
	flow(debt, rate, t-at)
	return debt, rate
}

// flow drains debt at rate a minute for d, to 0 at least.
func flow(debt *big.Rat, rate int64, d clock.Time) {
	gone := new(big.Rat).Mul(big.NewRat(rate, int64(width)), big.NewRat(int64(d), 1))
	if debt.Sub(debt, gone).Sign() < 0 {
		debt.SetInt64(0)
	}
}

// ramped is debt for a ramp, before whose first period the rate was before: the
// end of each period is one more event.
func (h *history) ramped(t clock.Time, before int64) (*big.Rat, int64) {
	debt, at := new(big.Rat), clock.Time(0)
	floor, earned := h.first, before*3/2
	step := func(e event) {
		rate := max(floor, earned)
		flow(debt, rate, e.at-at)
		at = e.at
		switch e.kind {
		case resize:
			floor = e.amount
		case end:
			used := int64(0) // by corrections made in the period only
			for _, c := range h.events {
				of := c.at
				if c.kind == settle {
					of = h.events[c.charge].at
				}
				if c.kind != resize && e.at-period <= of && c.at < e.at {
					used += c.amount
				}
			}
			earned = min(used*int64(width)*3, rate*int64(period)*3) / (2 * int64(period))
		default:
			flow(debt.Add(debt, big.NewRat(e.amount, 1)), 0, 0)
		}
	}
	next := period
	for _, e := range h.events {
		for ; next <= e.at; next += period {
			step(event{at: next, kind: end})
		}
		step(e)
	}
	for ; next <= t; next += period {
		step(event{at: next, kind: end})
	}
	flow(debt, max(floor, earned), t-at)
	return debt, max(floor, earned)
}

// Every answer of every kind, on random histories, is the first instant at
// which its rule says yes. Between two ends of a period no rule says yes and
// then no, so its last instant stands for all of a period.
func TestAgainstBruteForce(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				size := rapid.Int64Range(1, 100).Draw(t, "limit")
				fast, slow := k.make(size), &history{first: size, limit: size}
				acts := changes{size: size, resizeTo: 100, settles: true, refuses: true, counts: countsRefused(k.name)}
				if k.name == "log" { // where one that counts refusals is not settled, nor made larger
					if acts.refuses = rapid.Bool().Draw(t, "refuses"); acts.refuses {
						acts.settles, acts.resizeTo = false, size
					}
				}
				now := clock.Time(0)
				for range rapid.IntRange(1, 60).Draw(t, "steps") {
					now += clock.Time(rapid.SampledFrom([]time.Duration{0, 1, time.Second, 7 * time.Second, 59 * time.Second, 60 * time.Second, 61 * time.Second, 90 * time.Second, 3 * time.Minute, 17 * time.Minute}).Draw(t, "gap"))
					cost := rapid.Int64Range(1, size+1).Draw(t, "cost")
					fits := func(at clock.Time) bool { return k.fits(slow, at, cost) }
					got := fast.Earliest(now, cost)
					checkFirst(t, k.name, now, got, fits)
					if ever := fast.Fits(cost); ever != (got != clock.Never) && !strings.HasPrefix(k.name, "ramp") {
						t.Fatalf("Fits(%d) is %v, and Earliest %v", cost, ever, got)
					}
					left, full := fast.Left(now)
					if cost = left; cost > 0 && k.name != "utilisation" && !fits(now) {
						t.Fatalf("at %v %d are left, and do not fit", now, left)
					}
					if full < now {
						t.Fatalf("full at %v, which is before %v", full, now)
					}
					acts.one(t, fast, slow, now)
				}
			})
		})
	}
}

func checkFirst(t *rapid.T, kind string, now, got clock.Time, fits func(clock.Time) bool) {
	last := min(got, now+100*width) - 1
	switch {
	case got == now && fits(now), kind == "in-flight" && got == now.Add(AskAgain) && !fits(now):
		return
	case got <= now || got != clock.Never && !fits(got) || fits(now) || fits(last):
		t.Fatalf("at %v: Earliest = %v, which is not the first", now, got)
	}
	for at := now - now%period + period; at <= last; at += period {
		if fits(at - 1) {
			t.Fatalf("at %v: Earliest = %v, but it fits at %v", now, got, at-1)
		}
	}
}

// countsRefused reports whether a refused request costs anything.
func countsRefused(kind string) bool {
	return kind != "utilisation" && kind != "in-flight" && !strings.HasPrefix(kind, "ramp")
}

// changes are what may be done to a limiter.
type changes struct {
	size, resizeTo   int64 // as made, and the largest it is resized to
	settles, refuses bool
	counts           bool // a refused request costs one
}

// one does one thing to both.
func (c *changes) one(t *rapid.T, fast limiter, slow *history, now clock.Time) {
	switch act := rapid.IntRange(0, 9).Draw(t, "act"); {
	case act <= 1 && c.settles:
		c.settle(t, fast, slow, now)
	case act == 2:
		slow.limit = rapid.Int64Range(1, c.resizeTo).Draw(t, "resize")
		fast.Resize(now, slow.limit)
		slow.events = append(slow.events, event{at: now, kind: resize, amount: slow.limit})
	case act <= 4 && c.refuses:
		fast.Refuse(now)
		if c.counts {
			slow.events = append(slow.events, event{at: now, kind: refuse, amount: 1})
		}
	default:
		cost := rapid.Int64Range(1, c.size).Draw(t, "take")
		if fast.Earliest(now, cost) == now || rapid.IntRange(0, 3).Draw(t, "anyway") == 0 {
			slow.events = append(slow.events, event{at: now, kind: take, amount: cost, ticket: fast.Take(now, cost)})
		}
	}
}

func (c *changes) settle(t *rapid.T, fast limiter, slow *history, now clock.Time) {
	var takes []int
	for i, e := range slow.events {
		if e.kind == take {
			takes = append(takes, i)
		}
	}
	if len(takes) == 0 {
		return
	}
	i := rapid.SampledFrom(takes).Draw(t, "charge")
	cost := slow.events[i].amount
	for _, e := range slow.events {
		if e.kind == settle && e.charge == i {
			cost += e.amount
		}
	}
	e := event{at: now, kind: settle, charge: i, amount: rapid.Int64Range(-cost, c.size).Draw(t, "delta")}
	fast.Settle(now, slow.events[i].ticket, e.amount)
	slow.events = append(slow.events, e)
}
