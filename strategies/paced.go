package strategies

import (
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// paced sends what the limits have room for, and knows the limits from replies
// alone. It puts together what no one library has: limits on requests and
// tokens learned from headers, the use of other instances included, or from
// refusals; tokens reserved when a call is sent and settled by its usage; a queue
// that is fair to tenants; a budget for retries; and calls that cannot meet their
// deadline shed before they are sent. It is the gate of its own line.
//
// A call is sent once the meters show room for it and some to spare. What is
// spare is learned, too: a refusal in spite of the meters, which happens when
// several instances see the same room, raises it by a tenth of the call and
// an answer lowers it by half of that, so that few calls are refused. A refused
// call waits for what it was asked to, the others only for room.
//
// Where no header tells of a limit, it is learned from refusals (see reserve), and
// until the first one attempts in flight are bounded as in a slow start. There the
// refused call waits for room, too, and the others for what it was asked to, unless
// it may be too large to be admitted ever: then nobody waits for it.
//
// Failures that are not refusals are retried at once, from a budget. When it is
// spent, or capacity is short, it is not the calls that are at fault: the line is
// held and one call at a time is sent to see whether that is over.
type paced struct {
	line
	congestion

	requests, tokens reserve
	newest           clock.Time // when the attempt whose headers were believed last was sent

	failed int        // attempts that failed one after the other while the line was held
	held   clock.Time // when the line was held last; -1 if never
	before int        // attempts in flight that were sent before that

	service time.Duration // how long attempts take, on average
}

// The constants of paced. Half or double of each, and of the meter's, changes the
// success of the embedded scenarios by 0.4 points at most, attempts per call by a
// ninth and p95 latencies by a quarter, all in those that overload.
const (
	// spareStep is how much of a refused call more is kept spare, spareDecay
	// which share of that each answer takes back, and spareMost the largest share
	// of a limit to be kept so: 0.6 s of its refill.
	spareStep, spareDecay, spareMost = 0.1, 0.5, 0.01
	// probeFirst is the wait before the first probe and probeGrowth what each
	// wait is to the one before it: after an outage the line is held for at most
	// a fifth of its length more.
	probeFirst, probeGrowth = time.Second, 1.2
	// serviceShare is the weight of the newest attempt in how long one takes.
	serviceShare = 1.0 / 16
)

func (p *paced) opens(now clock.Time, c *Call) clock.Time {
	return max(
		p.requests.ready(now, 1+p.requests.spare),
		p.tokens.ready(now, float64(c.Cost())+p.tokens.spare))
}

func (p *paced) fits(_ clock.Time, c *Call) bool {
	return !p.tokens.known || p.tokens.limit == 0 || float64(c.Prompt) <= p.tokens.limit
}

func (p *paced) sent(now clock.Time, c *Call) {
	p.requests.send(now, 1)
	p.tokens.send(now, float64(c.Cost()))
	c.Mark, c.Held = uint16(p.requests.sent), p.tokens.sent
}

func (p *paced) answered(now clock.Time, c *Call, r *wire.Reply) {
	if r.OK() {
		settled := int64(r.Prompt) + int64(r.Output) - c.Cost()
		p.tokens.sent += uint32(settled)
		p.tokens.settle(now, float64(settled))
		p.requests.answered(now, c.Since, 1, 0)
		p.tokens.answered(now, c.Since, float64(c.Cost()), float64(settled))
	}
	if c.Since < p.newest || r.Requests == wire.NoQuota && r.Tokens == wire.NoQuota {
		return
	}
	p.newest = c.Since
	// Mark has the lower half of the count of requests.
	p.requests.believe(now, c.Since, r.Requests, p.requests.sent-uint32(uint16(p.requests.sent)-c.Mark))
	p.tokens.believe(now, c.Since, r.Tokens, c.Held)
}

func (p *paced) readsQuotas() {}

func (p *paced) release(clock.Time, *Call) {}

func (p *paced) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	p.flying--
	p.lanes[0].flying--
	c.Phase = 0
	p.answered(now, c, r)
	if !p.limited() {
		p.learn(now, c, r, p.flying+1)
	}
	p.landed(c)
	told := r.Requests.Remaining >= 0 || r.Tokens.Remaining >= 0
	refused := r.Status == wire.StatusTooManyRequests
	guessed := refused && p.guess(now, c, r)
	switch {
	case r.OK():
		if c.Since > p.held { // else it was sent before the trouble began
			p.failed = 0
		}
		p.served(now.Sub(c.Since))
		out.Done(c)
	case !r.Retryable() || r.RetryAfter > p.retry.MaxWait:
		out.Fail(c, final(r))
	case int(c.Sent) > p.retry.MaxRetries:
		out.Fail(c, MaxRetries)
	case guessed:
		p.again(now, c, r, out)
	case refused && told:
		if r.Limit == wire.Requests {
			p.requests.refused(1)
		} else {
			p.tokens.refused(float64(c.Cost()))
		}
		p.sleep(now, c, now.Add(p.asked(c, r)), out)
	case !refused && r.Limit != wire.Capacity && r.RetryAfter <= 0 && p.failed == 0 && p.retry.Budget.Withdraw(now):
		p.comeBack(now, c)
	default:
		p.hold(now, c, r)
	}
	p.setWorkers()
	p.pump(now, out)
}

// guess learns what r, which refused c, says of limits that no header tells, and
// reports whether it is by one of them. A refusal that does not say which limit it is
// of is taken for both, unless headers tell one of them.
func (p *paced) guess(now clock.Time, c *Call, r *wire.Reply) bool {
	cost := float64(c.Cost())
	p.requests.charged.add(now, -1) // what is refused is not charged
	p.tokens.charged.add(now, -cost)
	wait := p.spread(c, r)
	if r.RetryAfter > p.retry.MaxWait {
		wait = 0 // nobody waits so long
	}
	switch r.Limit {
	case wire.Requests:
		if 10*r.Requests.Remaining > r.Requests.Limit {
			p.requests.disown() // what headers tell are those of the day, say
		}
		if p.requests.known {
			return false
		}
		p.requests.learn(now, 1, wait)
	case wire.Tokens, wire.Input, wire.Output:
		if p.tokens.known || cost == 0 { // nothing is learned from a call that counts no tokens
			return false
		}
		if !p.outsize(c) {
			p.tokens.learn(now, cost, wait)
		} else if c.Since >= p.tokens.learned { // else it was not taken from what is left
			p.tokens.settle(now, -cost)
		}
	case wire.NoLimit:
		if p.requests.known || p.tokens.known {
			return false
		}
		p.requests.learn(now, 1, wait)
		p.tokens.learn(now, cost, wait)
	default:
		return false
	}
	return true
}

// outsize reports whether the refusal of c says nothing of smaller calls, for it may be
// too large to be admitted ever: it is larger than a limit on tokens that was learned,
// or was refused before and is larger than all that were admitted.
func (p *paced) outsize(c *Call) bool {
	cost := float64(c.Cost())
	return p.tokens.limit > 0 && !p.tokens.known && (cost > p.tokens.limit || c.Sent > 1 && cost > p.tokens.largest)
}

// again lets c, which r refused by a limit that no header tells, wait: in the line,
// which waits for as long as r asks, or, if it is to wait longer, alone.
func (p *paced) again(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	if r.Limit == wire.Requests || !p.outsize(c) {
		p.lanes[0].resume = max(p.lanes[0].resume, now.Add(p.spread(c, r)))
	}
	if at := now.Add(p.asked(c, r)); at > now && at > p.lanes[0].resume {
		p.sleep(now, c, at, out)
		return
	}
	p.comeBack(now, c) // and not in a sleep that ends when the line's does: which would be first?
}

func (p *paced) comeBack(now clock.Time, c *Call) {
	if p.outsize(c) { // those that fit do not wait for it
		c.Since = now
		p.waiting.Push(c)
		return
	}
	p.line.comeBack(now, c)
}

func (p *paced) Wake(now clock.Time, c *Call, out *Effects) {
	if c != nil {
		p.comeBack(now, c)
	}
	p.pump(now, out)
}

func (p *paced) Cancel(now clock.Time, c *Call, out *Effects) {
	if c.Phase == inFlight {
		p.landed(c)
		p.setWorkers()
	}
	p.line.Cancel(now, c, out)
}

// landed notes that the attempt of c is no longer in flight.
func (p *paced) landed(c *Call) {
	if c.Since <= p.held {
		p.before--
	}
}

// setWorkers sets how much may be in flight: while the line is held, one attempt
// more than those that were when that began, which may take long.
func (p *paced) setWorkers() {
	switch {
	case p.failed > 0:
		p.workers = p.before + 1
	case p.limited():
		p.workers = 0
	default:
		p.workers = p.attempts()
	}
}

// limited reports whether a limit is known, or guessed.
func (p *paced) limited() bool { return p.requests.limit > 0 || p.tokens.limit > 0 }

// served learns how long an attempt takes.
func (p *paced) served(took time.Duration) {
	if p.service == 0 {
		p.service = took
	}
	p.service += time.Duration(serviceShare * float64(took-p.service))
}

// asked is how long the refused call c waits: what it was asked to, or, when it
// has been refused before, (2^k - 1) times the base of the backoff, for then
// more is wrong than the vendor knows.
func (p *paced) asked(c *Call, r *wire.Reply) time.Duration {
	k := int(c.Sent) - 1
	own := p.retry.Backoff.Delay(p.retry.Key, c, k)
	own -= own >> k
	return max(own, p.spread(c, r))
}

// spread is how long r asks c to wait, or nothing, and up to Spread more.
func (p *paced) spread(c *Call, r *wire.Reply) time.Duration {
	u := p.retry.Key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
	return time.Duration(float64(max(0, r.RetryAfter)) * (1 + p.retry.Spread*u))
}

// sleep lets c alone wait until at.
func (p *paced) sleep(now clock.Time, c *Call, at clock.Time, out *Effects) {
	if p.tooLate(at, c) {
		out.Fail(c, Deadline)
		return
	}
	c.Phase = asleep
	out.Wake(c, at)
}

// hold lets the line wait, longer each time, and c at its head.
func (p *paced) hold(now clock.Time, c *Call, r *wire.Reply) {
	if c.Since > p.held { // else it tells of the same shortage
		wait := float64(probeFirst)
		for k := p.failed; k > 0 && wait < float64(p.retry.Backoff.Max); k-- {
			wait *= probeGrowth
		}
		u := p.retry.Key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
		wait = min(wait, float64(p.retry.Backoff.Max)) * (0.75 + 0.5*u)
		p.lanes[0].resume = max(p.lanes[0].resume, now.Add(max(time.Duration(wait), p.spread(c, r))))
		p.held = now
		p.failed++
		p.before = p.flying
	}
	p.comeBack(now, c)
}

// pacedParams are those of its parts, some with defaults of its own.
func pacedParams() []Param {
	own := []Param{
		{Name: "base", Kind: DurationParam, Default: "2s", Max: day,
			About: "what a call refused twice waits more than it is asked to, doubled each time; an answer takes about 2s, and nothing new is known before"},
		{Name: "max_retries", Kind: CountParam, Default: "20", Max: 1000,
			About: "retries after the first attempt; calls are seldom refused, and 20 probes outlast an outage of three and a half minutes"},
		{Name: "min_per_s", Kind: NumberParam, Default: "0.1", Max: 1e6,
			About: "retries of failures a second allowed besides, per instance; one in ten seconds is enough for a fault now and then, more is an outage"},
		{Name: "stretch", Kind: CountParam, Default: "200", Max: 1000,
			About: "small calls overtake: a call waits for at most this times its own tokens of later ones; 0 is first come, first served within a tenant"},
	}
	shares := weights
	shares.With = With{}
	own = append(own, shares)
	list := slices.Concat(retryParams(), budgetParams)
	for _, p := range own {
		if i := slices.IndexFunc(list, func(q Param) bool { return q.Name == p.Name }); i >= 0 {
			list[i] = p
		} else {
			list = append(list, p)
		}
	}
	return list
}

func buildPaced(v values, _ Env) (Factory, []ParamError) {
	retry := retryOf(v)
	return func(env Env) Strategy {
		p := &paced{held: -1, congestion: congestion{increase: 1, decrease: 0.5, floor: 1, bound: slowStart, cut: -1}}
		p.line = line{
			lanes:   []lane{{gate: p}},
			retry:   keyed(retry, env),
			waiting: Queue{Order: Fair, Weights: v["weights"].weights, Stretch: int64(v.count("stretch")), Ranked: true},
			workers: slowStart,
		}
		p.takes = func(*Call) time.Duration { return p.service }
		return p
	}, nil
}
