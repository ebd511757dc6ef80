package provider

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/limit"
)

// How names the algorithm that enforces a limit.
type How uint8

// The algorithms; package sim/limit has them.
const (
	ByLog How = iota
	ByWindow
	ByCounter
	ByBucket
	ByUtilisation
	ByHolding // what is there at a time
	ByRamp
)

// Rule is a limit as it is enforced: which algorithm, and over which window.
type Rule struct {
	Limit
	Name    wire.Limit // of which replies speak when it refuses
	Refuser limit.Name // as results count its refusals
	How     How
	Window  int64         // what one window of the algorithm allows; a slice of Most where windows are slices of Per
	Width   time.Duration // of that window; 0 for ByHolding
	Phase   limit.Phase   // of ByWindow
}

// Rules returns how each limit of c is enforced, in the order of All. A
// provisioned deployment has one rule, of its utilisation. Where it is counted over windows, a
// call is refused that exceeds what is left of the window; where it is a level, a call is
// refused that meets a full one.
func (c *Config) Rules() []Rule {
	if c.PTU.Units > 0 {
		capacity := c.TokenLimit()
		if w := c.PTU.Window; w > 0 {
			most := int64(float64(capacity) * w.Minutes())
			return []Rule{{Limit: Limit{Counts: Tokens, Most: most, Per: w}, Name: wire.Utilisation, Refuser: limit.ByUtilisation, How: ByWindow, Window: most, Width: w, Phase: c.phase(w)}}
		}
		return []Rule{{Limit: Limit{Counts: Tokens, Most: capacity, Per: limit.Window}, Name: wire.Utilisation, Refuser: limit.ByUtilisation, How: ByUtilisation, Window: capacity, Width: limit.Window}}
	}
	var rules []Rule
	for _, l := range c.All() {
		rules = append(rules, c.rule(l))
	}
	return rules
}

// All returns all limits of c, RPM and TPM first.
func (c *Config) All() []Limit {
	var all []Limit
	if c.RPM > 0 {
		all = append(all, Limit{Counts: Requests, Most: c.RPM, Per: limit.Window, Window: c.Window, Shared: c.Pool != ""})
	}
	if c.TPM > 0 {
		all = append(all, Limit{Counts: Tokens, Most: c.TPM, Per: limit.Window, Window: c.Window, Shared: c.Pool != ""})
	}
	return append(all, c.Limits...)
}

// slice is the sub-minute window: Azure counts requests over 1 s or 10 s
// (MicrosoftDocs/azure-ai-docs, quota-2.md, 2026-05-06); 10 s is what
// microsoft/aoai-api-simulator uses.
const slice = 10 * time.Second

func (c *Config) rule(l Limit) Rule {
	r := Rule{Limit: l, Name: l.told(), Refuser: c.refuser(&l), Window: l.Most, Width: l.Per}
	switch {
	case l.Growth > 0:
		r.How = ByRamp
		return r
	case l.Per == 0:
		r.How = ByHolding
		return r
	}
	window := l.Window
	switch {
	case window == SubMinute && l.Counts == Requests && r.Width > slice:
		r.Width, window = slice, FixedWindow
	case window == PerSecond && l.Counts == Requests && r.Width > time.Second:
		r.Width, window = time.Second, FixedWindow
	case window == SubMinute:
		window = FixedWindow
	case window == PerSecond:
		window = TokenBucket
	}
	n := int64(l.Per / r.Width)
	r.Window = (l.Most + n - 1) / n
	switch window {
	case SlidingLog:
		r.How = ByLog
	case SlidingCounter:
		r.How = ByCounter
	case FixedWindow:
		r.How, r.Phase = ByWindow, c.phase(r.Width)
	case TokenBucket:
		r.How = ByBucket
	}
	return r
}

// phase returns the phase of windows of that width.
func (c *Config) phase(width time.Duration) limit.Phase {
	if c.Phase == FirstRequest {
		return limit.FirstRequest
	}
	return limit.Phase((width - c.Phase%width) % width)
}

// limiter returns the algorithm of r, with nothing charged.
func (r *Rule) limiter() limiter {
	switch r.How {
	case ByLog:
		return limit.NewLog(r.Window, r.Width)
	case ByCounter:
		return limit.NewCounter(r.Window, r.Width)
	case ByWindow:
		return limit.NewFixed(r.Window, r.Width, r.Phase)
	case ByUtilisation:
		return limit.NewUtilisation(r.Window)
	case ByHolding:
		return limit.NewInFlight(r.Most)
	case ByRamp:
		return limit.NewRamp(r.Most, r.Growth, r.Per, r.UsedBefore)
	}
	return limit.NewBucket(r.Window, r.Window, r.Width)
}
