package metrics

import (
	"encoding/json"
	"time"

	"ratesim/sim/clock"
)

// storedTally is a Tally of a run that is over, as it is stored.
type storedTally struct {
	Counts         Tally // its exported fields
	Arriving, Span float64
	Streams        bool   `json:",omitempty"`
	Times          []byte // packed histograms
	Firsts, Tokens []byte `json:",omitempty"`
}

func storeTally(t Tally) storedTally {
	return storedTally{Counts: t, Arriving: t.arriving, Span: t.span, Streams: t.streams, Times: t.packed, Firsts: t.packedFirsts, Tokens: t.packedTokens}
}

func (s *storedTally) tally() Tally {
	t := s.Counts
	t.arriving, t.span, t.streams = s.Arriving, s.Span, s.Streams
	t.packed, t.packedFirsts, t.packedTokens = s.Times, s.Firsts, s.Tokens
	return t
}

type storedPeak struct {
	Width, End, Begin  clock.Time
	Count, Most, Total int64
}

func storePeaks(list []peak) (out []storedPeak) {
	for _, p := range list {
		out = append(out, storedPeak{p.width, p.end, p.begin, p.count, p.most, p.total})
	}
	return out
}

func loadPeaks(list []storedPeak) (out []peak) {
	for _, p := range list {
		out = append(out, peak{width: p.Width, end: p.End, count: p.Count, most: p.Most, total: p.Total, begin: p.Begin})
	}
	return out
}

// storedRun is a Run that is over, as it is stored: all but what it did over time.
type storedRun struct {
	Setup          Setup
	All            storedTally
	Tenants, Sizes []storedTally `json:",omitempty"`

	Retries, ServerErrors, Asks, WastedPrompt int64
	Instances                                 []Served
	FirstArrival, LastArrival, LastEnd        clock.Time

	CostUSD                           float64
	BilledPrompt, BilledCached        int64
	Sessions, LostSessions, LostTurns int64
	Charged, Allowed                  float64
	Most                              int64
	Elsewhere                         bool
	Hash                              uint64

	LatencySum        uint64
	LatencyMax        time.Duration
	Waits             []byte
	Arrived           bool
	Peaks, RetryPeaks []storedPeak
	Recovery          storedRecovery
}

type storedRecovery struct {
	From, Until, Since, At clock.Time
	Before, Sum, Second    int64
	Ring                   [recoverySeconds]int64
}

// MarshalJSON stores a run that is over, so that [Run.UnmarshalJSON] returns the same run
// without what it did over time. Pictures over time cannot be drawn from it.
func (r *Run) MarshalJSON() ([]byte, error) {
	c := &r.recovery
	s := storedRun{Setup: r.setup, All: storeTally(r.Tally), Retries: r.Retries, ServerErrors: r.ServerErrors, Asks: r.Asks, WastedPrompt: r.WastedPrompt,
		Instances: r.Instances, FirstArrival: r.FirstArrival, LastArrival: r.LastArrival, LastEnd: r.LastEnd, CostUSD: r.CostUSD,
		BilledPrompt: r.BilledPrompt, BilledCached: r.BilledCached, Sessions: r.Sessions, LostSessions: r.LostSessions, LostTurns: r.LostTurns,
		Charged: r.Charged, Allowed: r.Allowed, Most: r.Most, Elsewhere: r.Elsewhere, Hash: r.Hash, LatencySum: r.latencySum, LatencyMax: r.latencyMax,
		Waits: r.wait, Arrived: r.arrived, Peaks: storePeaks(r.peaks), RetryPeaks: storePeaks(r.retries),
		Recovery: storedRecovery{c.from, c.until, c.since, c.at, c.before, c.sum, c.second, c.ring}}
	for _, t := range r.Tenants {
		s.Tenants = append(s.Tenants, storeTally(t))
	}
	for _, t := range r.Sizes {
		s.Sizes = append(s.Sizes, storeTally(t))
	}
	return json.Marshal(&s)
}

// UnmarshalJSON is the inverse of [Run.MarshalJSON].
func (r *Run) UnmarshalJSON(b []byte) error {
	var s storedRun
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	c := &s.Recovery
	*r = Run{setup: s.Setup, Tally: s.All.tally(), Retries: s.Retries, ServerErrors: s.ServerErrors, Asks: s.Asks, WastedPrompt: s.WastedPrompt,
		Instances: s.Instances, FirstArrival: s.FirstArrival, LastArrival: s.LastArrival, LastEnd: s.LastEnd, CostUSD: s.CostUSD,
		BilledPrompt: s.BilledPrompt, BilledCached: s.BilledCached, Sessions: s.Sessions, LostSessions: s.LostSessions, LostTurns: s.LostTurns,
		Charged: s.Charged, Allowed: s.Allowed, Most: s.Most, Elsewhere: s.Elsewhere, Hash: s.Hash, latencySum: s.LatencySum, latencyMax: s.LatencyMax,
		wait: s.Waits, arrived: s.Arrived, peaks: loadPeaks(s.Peaks), retries: loadPeaks(s.RetryPeaks),
		recovery: recovery{from: c.From, until: c.Until, since: c.Since, at: c.At, before: c.Before, sum: c.Sum, second: c.Second, ring: c.Ring}}
	for i := range s.Tenants {
		r.Tenants = append(r.Tenants, s.Tenants[i].tally())
	}
	for i := range s.Sizes {
		r.Sizes = append(r.Sizes, s.Sizes[i].tally())
	}
	return nil
}
