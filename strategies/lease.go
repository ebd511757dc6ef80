package strategies

import (
	"math"
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
)

// leasePacer leases a share of the quota from a coordinator for some seconds at a
// time, in proportion to what it has to send, and paces itself to that: YouTube's
// Doorman does so. The coordinator is asked every half lease at most, and not
// before a call as in shared; shares move to where the load is within a lease or
// so.
//
// A share is a rate, of which some may be spent at once (burst). A larger call goes when
// nothing is owed, and those after it wait longer.
//
// An instance whose coordinator does not answer goes on with its lease to the
// end, and then takes an equal part of the quota, by the number of instances, as
// split does: Doorman's safe capacity. If all do so, it adds up to the quota.
type leasePacer struct {
	length    time.Duration
	instances func(clock.Time) int
	to        *Deployment

	requests, tokens rate
	until            clock.Time // when the lease ends
	renew            clock.Time // when the coordinator is asked again
	asked            clock.Time // when it was last
	pending          bool       // its answer is to come
	down             bool       // it did not answer last

	came amount  // since it was last asked
	load amount  // a minute, on the average of the last time
	mean float64 // tokens of a call
}

// loadMemory is over what time the load of an instance is averaged: of the few calls
// of a few seconds a share cannot be told.
const loadMemory = 30 * time.Second

// amount is a number of requests and of tokens.
type amount struct{ requests, tokens float64 }

// rate is what may be sent of one unit; no bound without a bucket.
type rate struct {
	bucket *limit.Bucket
	share  int64 // a minute
}

// newRate returns a rate of which burst's worth may be spent at once.
func newRate(advertised int64, burst time.Duration) rate {
	if advertised == 0 {
		return rate{}
	}
	// Resize keeps the ratio of these two.
	r := rate{bucket: limit.NewBucket(burst.Milliseconds(), limit.Window.Milliseconds(), limit.Window)}
	r.bucket.Resize(0, 0)
	return r
}

func (r *rate) set(now clock.Time, share int64) {
	if r.bucket != nil && share >= 0 && share != r.share {
		r.share = share
		r.bucket.Resize(now, share)
	}
}

func (r *rate) opens(now clock.Time, cost int64) clock.Time {
	switch {
	case r.bucket == nil:
		return now
	case r.bucket.Fits(cost):
		return r.bucket.Earliest(now, cost)
	case r.share == 0:
		return clock.Never
	}
	_, full := r.bucket.Left(now)
	return full
}

func (r *rate) take(now clock.Time, cost int64) {
	if r.bucket != nil {
		r.bucket.Take(now, cost)
	}
}

var leaseParams = []Param{
	{Name: "length", Kind: DurationParam, Default: "10s", Min: 1, Max: 3600,
		About: "how long a share is leased; 10s is a sixth of the quota's window, and a coordinator's outage of 10s goes unnoticed"},
	{Name: "burst", Kind: DurationParam, Default: "40s", Min: 0.001, Max: 60,
		About: "what may be spent at once, as the time in which the share yields it; with 60s, the quota's window, a share that moves is spent by two instances and refused"},
}

func buildLease(v Values, known Env) (Factory, []ParamError) {
	if errs := coordinated(known); errs != nil {
		return nil, errs
	}
	retry, length, burst := retryOf(v), v.Duration("length"), v.Duration("burst")
	to := &known.Deployments[0]
	return func(env Env) Strategy {
		l := &leasePacer{length: length, instances: env.Instances, to: to,
			requests: newRate(to.RPM, burst), tokens: newRate(to.TPM, burst)}
		return &Dispatcher{Lanes: []Lane{NewLane(0, l)}, Failures: retry.For(env), lessee: l}
	}, nil
}

// submitted counts c into the load of the instance.
func (l *leasePacer) submitted(c *Call) {
	l.came.requests++
	l.came.tokens += float64(c.Cost())
	if l.mean == 0 {
		l.mean = float64(c.Cost())
	}
	l.mean += 0.1 * (float64(c.Cost()) - l.mean) // over about ten calls
}

// ask asks for a share, when it is time and there is something to send.
func (l *leasePacer) ask(now clock.Time, waiting int) (q wire.Ask, ok bool) {
	if l.pending || now < l.renew || waiting == 0 && l.came.requests == 0 {
		return wire.Ask{}, false
	}
	over := max(now.Sub(l.asked), time.Second)
	weight := 1 - math.Exp(-over.Seconds()/loadMemory.Seconds())
	l.load.requests += weight * (l.came.requests/over.Minutes() - l.load.requests)
	l.load.tokens += weight * (l.came.tokens/over.Minutes() - l.load.tokens)
	behind, soon := float64(waiting), l.length.Minutes()
	l.pending, l.asked, l.came = true, now, amount{}
	return wire.Ask{
		Requests: 1 + int64(l.load.requests+behind/soon),
		Tokens:   1 + int64(l.load.tokens+behind*l.mean/soon),
		Lease:    l.length,
	}, true
}

// granted: the coordinator has answered.
func (l *leasePacer) granted(now clock.Time, r *wire.Reply) {
	l.pending = false
	if l.down = !r.OK(); l.down {
		l.renew = now.Add(deadFor)
		return
	}
	l.until = l.asked.Add(l.length) // not later than the coordinator counts
	l.renew = now.Add(l.length / 2)
	l.requests.set(now, r.Requests.Remaining)
	l.tokens.set(now, r.Tokens.Remaining)
	if l.requests.bucket != nil && l.requests.share == 0 || l.tokens.bucket != nil && l.tokens.share == 0 {
		l.renew = now.Add(deadFor) // all of it is leased to others
	}
}

// safe takes an equal part of the quota.
func (l *leasePacer) safe(now clock.Time) {
	n := instancesAt(now, l.instances)
	l.requests.set(now, max(1, l.to.RPM/int64(n)))
	l.tokens.set(now, max(1, l.to.TPM/int64(n)))
}

func (l *leasePacer) Opens(now clock.Time, c *Call) clock.Time {
	switch {
	case now < l.until:
	case l.down:
		l.safe(now)
	default:
		return max(l.renew, now.Add(deadFor)) // an answer comes before that
	}
	at := max(l.requests.opens(now, 1), l.tokens.opens(now, c.Cost()))
	if at > now { // the next share may be larger
		at = min(at, max(l.renew, now.Add(deadFor)))
	}
	return at
}

func (l *leasePacer) Fits(_ clock.Time, c *Call) bool { return l.to.TPM == 0 || c.Cost() <= l.to.TPM }

func (l *leasePacer) Sent(now clock.Time, c *Call) {
	l.requests.take(now, 1)
	l.tokens.take(now, c.Cost())
}

func (l *leasePacer) Answered(now clock.Time, c *Call, r *wire.Reply) {
	back := int64(0)
	switch {
	case r.OK(): // no call uses more than all there is
		back = c.Cost() - min(int64(r.Prompt)+int64(r.Output), l.to.TPM)
	case r.Status == wire.StatusTooManyRequests:
		back = c.Cost()
	}
	if l.tokens.bucket != nil {
		l.tokens.bucket.Settle(now, 0, -back)
	}
}

func (l *leasePacer) Release(clock.Time, *Call) {}

// LeaseBuilder makes the strategy that leases a part of the limits from a coordinator.
func LeaseBuilder() Builder {
	return Builder{Params: slices.Concat(leaseParams, retryParams()), Make: buildLease}
}
