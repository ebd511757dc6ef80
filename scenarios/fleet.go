package scenarios

import (
	"fmt"
	"math/bits"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Fleet is the client's side.
type Fleet struct {
	// Instances is the number of client processes at the beginning, at least 1;
	// 1 unless stated.
	Instances int
	// Churn says how many instances there are from later times on, in order of time. An
	// instance that comes is a new process that has learned nothing. The instances that
	// came first go first. An instance that goes gets no more calls, and finishes those
	// that it has.
	Churn  []Size
	Assign Assign
	// Skew makes the load of instances uneven. Instance k, in the order in which they
	// came, gets calls in proportion to k^-Skew (Zipf's law). With 0 all get the same.
	// It needs Hash.
	Skew    float64
	Network Network
	// Timeout is when a client gives up an attempt that got no answer; 30s
	// unless stated, as in the article's code.
	Timeout time.Duration
}

// Size is how many instances there are from a time on.
type Size struct {
	At        clock.Time
	Instances int
}

// Size returns how many instances there are at now.
func (f *Fleet) Size(now clock.Time) int {
	n := f.Instances
	for i := 0; i < len(f.Churn) && f.Churn[i].At <= now; i++ {
		n = f.Churn[i].Instances
	}
	return n
}

// Largest returns the most instances that there are at any time.
func (f *Fleet) Largest() int {
	n := f.Instances
	for _, s := range f.Churn {
		n = max(n, s.Instances)
	}
	return n
}

// Total returns how many instances there ever are. They are numbered from 0 in
// the order in which they come.
func (f *Fleet) Total() int {
	total, n := f.Instances, f.Instances
	for _, s := range f.Churn {
		total += max(0, s.Instances-n)
		n = s.Instances
	}
	return total
}

// A Dealer deals the calls of a run to the instances of a fleet. Each instance gets the
// same calls in a simulated and in a live run. It is not safe for concurrent use.
type Dealer struct {
	fleet  *Fleet
	key    rng.Key
	first  int        // instance of those there are
	n      int        // how many there are
	passed int        // items of Churn that are behind
	next   clock.Time // when the next comes
	turn   uint64     // calls dealt
	ranks  rng.Dist   // of the skewed
}

// Dealer returns a dealer whose draws are keyed by key.
func (f *Fleet) Dealer(key rng.Key) *Dealer {
	d := &Dealer{fleet: f, key: key, n: f.Instances}
	d.settle()
	return d
}

// settle works out what holds until the next change.
func (d *Dealer) settle() {
	d.next = clock.Never
	if d.passed < len(d.fleet.Churn) {
		d.next = d.fleet.Churn[d.passed].At
	}
	if d.fleet.Skew > 0 {
		d.ranks, _ = rng.NewZipf(d.fleet.Skew, d.n) // in range, as the parser has seen
	}
}

// Deal returns the instance that gets the call id, which arrives at now. Times
// do not decrease.
func (d *Dealer) Deal(now clock.Time, id uint64) int {
	for now >= d.next {
		n := d.fleet.Churn[d.passed].Instances
		d.first += max(0, d.n-n)
		d.n = n
		d.passed++
		d.settle()
	}
	d.turn++
	switch {
	case d.n == 1:
		return d.first
	case d.fleet.Assign == RoundRobin:
		return d.first + int(d.turn%uint64(d.n))
	case d.fleet.Skew > 0:
		return d.first + int(d.ranks.Draw(d.key, rng.Assign, id, 0)) - 1
	}
	which, _ := bits.Mul64(d.key.Uint64(rng.Assign, id, 0), uint64(d.n)) // the draw as a share of n
	return d.first + int(which)
}

// maxInstances is how many strategies fit into a gigabyte or so.
const maxInstances = 1_000_000

func (d *decoder) fleet(c cursor) {
	f := &d.spec.Fleet
	c.mapping(
		may("instances", count(&f.Instances, 1, maxInstances)),
		may("churn", func(c cursor) { c.items("sizes", func(_ int, c cursor) { d.size(c) }) }),
		may("assign", choice(&f.Assign, "way to assign calls", Assigns[:])),
		may("skew", number(&f.Skew, bounds{0, 10})),
		may("network", func(c cursor) {
			c.mapping(
				may("latency", duration(&f.Network.Latency, 0, time.Minute)),
				may("jitter", duration(&f.Network.Jitter, 0, time.Minute)),
			)
			if jitter := f.Network.Jitter; jitter > f.Network.Latency {
				c.fail("jitter is %s, more than the latency of %s: messages would arrive before they are sent", short(jitter), short(f.Network.Latency))
			}
		}),
		may("timeout", duration(&f.Timeout, time.Millisecond, 24*time.Hour)),
	)
	if f.Skew > 0 && f.Assign == RoundRobin {
		c.child("skew").fail("does not go with assign: round-robin, which gives every instance the same")
	}
	if total := f.Total(); total > maxInstances {
		c.child("churn").fail("makes %d instances in all; at most %d are allowed", total, maxInstances)
	}
}

// size reads one item of churn.
func (d *decoder) size(c cursor) {
	var at time.Duration
	s := Size{Instances: 1}
	before := len(d.found)
	c.mapping(
		need("at", duration(&at, time.Nanosecond, maxDuration)),
		need("instances", count(&s.Instances, 1, maxInstances)),
	)
	if len(d.found) > before {
		return
	}
	s.At = clock.Time(at)
	f := &d.spec.Fleet
	if n := len(f.Churn); n > 0 && s.At <= f.Churn[n-1].At {
		c.child("at").fail("is %s, not after the %s of the item before", short(at), short(time.Duration(f.Churn[n-1].At)))
		return
	}
	f.Churn = append(f.Churn, s)
}

// warnChurn says which changes of the fleet come when no call arrives any more.
func (d *decoder) warnChurn() {
	for i, s := range d.spec.Fleet.Churn {
		if at := time.Duration(s.At); at >= d.spec.Duration {
			d.warn("%s changes nothing: arrivals stop at %s", fmt.Sprintf("fleet.churn[%d]", i), short(d.spec.Duration))
		}
	}
}
