package metrics

import (
	"ratesim/sim/limit"
	"ratesim/sim/stats"
)

// NumReasons is how many reasons of failure there are: max_retries, deadline,
// not_retryable, queue_timeout and oversize, in this order.
const NumReasons = 5

// Tally counts what became of a group of calls: those of one tenant with prompts of
// one size, or all of a run.
type Tally struct {
	Calls, Succeeded, Censored int64
	Failed                     [NumReasons]int64
	NotSent                    int64 // calls that the strategy was not given; they failed too
	DueCalls, DueMet           int64 // calls with a deadline, and those that succeeded by then
	Attempts                   int64
	Rejected                   int64
	RejectedBy                 [limit.NumNames]int64 // of Rejected, by the limit that refused
	Demand                     int64                 // tokens that the calls asked for, prompt and output
	Good                       int64                 // tokens of those that succeeded in time

	// How long calls arrived in the run, and from the first arrival to the last end, in
	// minutes.
	arriving, span float64

	times  Histogram // of the calls that succeeded, from arrival to success
	packed packed    // the same, once the run is over
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
}

// seal packs the histogram of a run that is over.
func (t *Tally) seal(r *Run) {
	t.arriving = max(0, r.setup.Duration.Minutes()-r.FirstArrival.Seconds()/60)
	t.span = r.LastEnd.Sub(r.FirstArrival).Minutes()
	t.packed = t.times.pack()
	t.times = Histogram{}
}

// failed is the number of calls that ended without success.
func (t *Tally) failed() int64 {
	n := t.NotSent
	for _, f := range t.Failed {
		n += f
	}
	return n
}

// distribution returns the times of the calls; with all, those that did not
// succeed are among the cases and never end.
func (t *Tally) distribution(all bool) stats.Distribution {
	d := spread(t.packed)
	if all {
		d.Of = float64(t.Calls)
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
