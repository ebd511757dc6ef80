package metrics

import (
	"ratesim/sim/limit"
	"ratesim/sim/stats"
)

// NumReasons is how many reasons of failure there are: max_retries, deadline,
// not_retryable, queue_timeout, oversize and broken_stream, in this order.
const NumReasons = 6

// Tally counts what became of a group of calls: those of one tenant with prompts of
// one size, or all of a run.
type Tally struct {
	Calls, Succeeded, Censored int64
	Failed                     [NumReasons]int64
	NotSent                    int64 // calls that the strategy was not given; they failed too
	Streamed                   int64 // calls whose answers come piece by piece
	DueCalls, DueMet           int64 // calls with a deadline, and those that succeeded by then
	Attempts                   int64
	Rejected                   int64
	RejectedBy                 [limit.NumNames]int64 // of Rejected, by the limit that refused
	Demand                     int64                 // tokens that the calls asked for, prompt and output
	Good                       int64                 // tokens of those that succeeded in time

	// How long calls arrived in the run, and from the first arrival to the last end, in
	// minutes.
	arriving, span float64
	streams        bool // some of the run's answers are streamed

	times  Histogram // of the calls that succeeded, from arrival to success
	packed packed    // the same, once the run is over

	// Of the streamed calls that succeeded: from arrival to the first token, and how long each
	// token took.
	firsts, tokens             Histogram
	packedFirsts, packedTokens packed // the same, once the run is over
}

// add adds o to t.
func (t *Tally) add(o *Tally) {
	t.Calls += o.Calls
	t.Succeeded += o.Succeeded
	t.Censored += o.Censored
	for i, n := range o.Failed {
		t.Failed[i] += n
	}
	t.NotSent += o.NotSent
	t.Streamed += o.Streamed
	t.DueCalls += o.DueCalls
	t.DueMet += o.DueMet
	t.Attempts += o.Attempts
	t.Rejected += o.Rejected
	for i, n := range o.RejectedBy {
		t.RejectedBy[i] += n
	}
	t.Demand += o.Demand
	t.Good += o.Good
	t.times.merge(&o.times)
	if o.Streamed > 0 {
		t.firsts.merge(&o.firsts)
		t.tokens.merge(&o.tokens)
	}
}

// seal packs the histogram of a run that is over.
func (t *Tally) seal(r *Run) {
	t.arriving = max(0, r.setup.Duration.Minutes()-r.FirstArrival.Seconds()/60)
	t.span = r.LastEnd.Sub(r.FirstArrival).Minutes()
	t.streams = r.setup.Streams
	t.packed, t.packedFirsts, t.packedTokens = t.times.pack(), t.firsts.pack(), t.tokens.pack()
	t.times, t.firsts, t.tokens = Histogram{}, Histogram{}, Histogram{}
}

// failed is the number of calls that ended without success.
func (t *Tally) failed() int64 {
	n := t.NotSent
	for _, f := range t.Failed {
		n += f
	}
	return n
}

// distribution returns times of calls. Where they are of all calls, those that did not
// succeed are among the cases and never end.
func (t *Tally) distribution(kind timeKind) stats.Distribution {
	var d stats.Distribution
	switch kind {
	case untilFirst:
		d = spread(t.packedFirsts)
		d.Of = float64(t.Streamed)
	case perToken:
		d = spread(t.packedTokens)
		d.Of = float64(t.Streamed)
	default:
		d = spread(t.packed)
		if kind == untilSuccess {
			d.Of = float64(t.Calls)
		}
	}
	return d
}

// spread returns the distribution of a packed histogram.
func spread(p packed) stats.Distribution {
	var d stats.Distribution
	p.each(func(bucket int32, n int64) {
		d.Of += float64(n)
		d.At = append(d.At, bucket)
		d.Upto = append(d.Upto, d.Of)
	})
	return d
}

// rejectedBy returns how many attempts these limits refused.
func (t *Tally) rejectedBy(names ...limit.Name) int64 {
	n := int64(0)
	for _, name := range names {
		n += t.RejectedBy[name]
	}
	return n
}
