package strategies

import (
	"math"
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// replyPacer is the pacer of paced. It knows of the limits what replies tell: headers, where the
// provider sends them, and refusals. Three things hold a call back.
//
//   - A gauge for each limit that headers tell. The call waits until the limit can have room
//     for it. What a call takes from a limit on tokens, the headers tell as well: see charge.
//   - A window on unconfirmed attempts. A refusal comes back within one round trip, and an
//     answer takes seconds, so an attempt without a reply after a little more than a round
//     trip has been admitted. Of the younger ones only a few may be in flight: one, and one
//     more for every eight attempts admitted since the last refusal. So a limit that nobody
//     announced costs a few refusals and not a flood.
//   - A gate. A refusal closes it for as long as the reply asks, and at least for the pause.
//     Limits per minute hold up to a minute's worth of work, so a gate that is closed for a few
//     seconds loses nothing: the next opening takes what came back meanwhile.
//
// The pause is the only thing that is regulated. It doubles when fewer than ten attempts were
// admitted between two refusals, and halves when more than twenty were. That is also how
// instances share a limit without knowing of each other. Each has its own pause, drawn at
// random around its mean, and each settles at ten or more admitted attempts a refusal.
//
// Four rules keep the gate from closing in vain. While it is closed, each answer lets one more
// call through, because a limit on requests in flight comes free with an answer; this stops
// for good when four more such calls were refused than answered. A wait of more than a minute
// is not waited out: see untilProbe. Failures that are no refusals are retried without closing
// the gate, until there are three in a row, each of another call than the one before: then
// the provider is in trouble, and the gate closes for a fifth of the time since that began. A
// call that takes longer than the client waits is not counted as such a failure: see
// retriesOfSlow.
//
// What this cannot do: a limit without headers cannot be followed without refusals, at least
// one for each opening of the gate.
type replyPacer struct {
	key     rng.Key
	maxWait time.Duration // a longer one that a reply asks for does not close the gate

	requests, tokens gauge
	charge           charge     // what of the tokens that calls may cost the limit is charged
	byRequests       bool       // the limit that held a call back last is one on requests
	newest           clock.Time // when the attempt whose headers were believed last was sent
	sends            uint32     // attempts; Call.Mark has the lower half of it, as it was when the call left
	cost             uint32     // tokens sent; so has Call.Held
	fitted           int64      // the largest cost that was answered lately
	tooLarge         uint32     // prompts of this size and above the limit are never admitted; 0 = not known

	unconfirmed unconfirmed
	admitted    int // since the last refusal
	trip        ewma

	closed clock.Time    // nothing is sent before; what is sent since tells of the gate that opens then
	pause  time.Duration // what a refusal closes the gate for, at least
	open   int           // attempts admitted since the gate opened
	inVain int           // openings in a row that admitted nothing

	clocked int // calls that answers let through a closed gate
	credit  int // how many of those may still be refused

	troubled clock.Time // when the first of the failures in a row happened
	failures int        // in a row, of different calls
	served   clock.Time // when a call was answered last
	heard    clock.Time // when a reply told last of the limits
	failed   uint64     // the call that failed last

	service ewma // how long attempts take
	slow    retriesOfSlow
	margin  float64 // by how many deviations the time that a call must have left is above the mean
}

// The constants of the pacer, with what they come from. docs/paced.md has a table of what most
// of them, halved and doubled, change in the arena: less than 0.2 calls of a hundred.
const (
	// perAdmitted is how many admitted attempts widen the window by one. When the window is
	// used in every round trip, it doubles in about six of them.
	perAdmitted = 8
	// admittedAtFirst lets five attempts be sent before anything is known; TCP starts with
	// four segments (RFC 3390).
	admittedAtFirst = 32
	// fewAdmitted and manyAdmitted bound how many attempts are admitted between two
	// refusals: at ten, a tenth of an attempt a call is refused.
	fewAdmitted, manyAdmitted = 10, 20
	// leastPause is two refills of a limit that is counted in slices of a second. On the
	// arena's seed 3 two seconds cost users who wait for their answers 5.5 % of their
	// tokens a minute, and half a second 3.6 %.
	leastPause = 500 * time.Millisecond
	// mostTold is half a window of a minute, and two instances that pause so long leave
	// nothing of it unused. Where no header tells of any limit, nothing but asking shows
	// that it has room again, and a pause is mostUntold at most.
	mostTold, mostUntold = 30 * time.Second, 8 * time.Second
	// countedAfter is how many openings in a row admit nothing until refused attempts are taken to
	// be counted, where replies say that no request is left. Then a pause may be as long as
	// drainedResets times what the limit takes to be whole: that is four minutes, with which 64
	// instances ask 16 times a minute.
	countedAfter  = 3
	drainedResets = 4
	// slackShare is the share of a call's time until its deadline that a pause may take.
	slackShare = 10
	// mostCredit is how many more calls let through by answers may be refused than answered.
	mostCredit = 4
	// failuresInARow close the gate, for troubleShare of the time since the first of them:
	// after an outage the gate is closed for a fifth of its length more.
	failuresInARow = 3
	troubleShare   = 5
	leastTrouble   = time.Second
	mostTrouble    = 30 * time.Second
	// longWait is longer than a limit a minute takes to have room. longestRefill is longer
	// than one of 144 requests a day takes to have room for one.
	longWait, longestRefill = time.Minute, 10 * time.Minute
	// leastMargin and mostMargin bound the time that a call must have left, in mean
	// deviations from what answers take on average: with 3, 99 of 100 answers are in time where
	// their times are normally distributed. The margin is raised by lateMargin for each attempt that is late, and
	// lowered by a tenth of that (tolerated) for each that is in time.
	leastMargin, mostMargin = -1, 3
	lateMargin, tolerated   = 0.5, 10
	// lastAfter is after how many attempts a call goes last that is refused, and larger than
	// those that were answered lately: it may be too large to be admitted ever, and the others
	// do not wait for it.
	lastAfter = 3
)

func newReplyPacer(key rng.Key, maxWait time.Duration) *replyPacer {
	return &replyPacer{
		key: key, maxWait: maxWait, newest: -1, margin: leastMargin, pause: leastPause, admitted: admittedAtFirst, credit: mostCredit,
		// Before anything is known a refusal is believed to take a quarter of a second.
		trip:    ewma{mean: 250e6, gain: 1. / 8, gainDeviation: 1. / 4}, // RFC 6298
		service: ewma{gain: 1. / 16, gainDeviation: 1. / 16},
	}
}

func (p *replyPacer) Opens(now clock.Time, c *Call) clock.Time {
	if !p.Fits(now, c) {
		return clock.Never
	}
	p.expire(now)
	byRequests, byTokens := p.requests.ready(now, 1), p.tokens.ready(now, p.charge.of(c))
	if byRequests != byTokens {
		p.byRequests = byRequests > byTokens
	}
	at := max(now, byRequests, byTokens)
	if probe := p.heard.Add(max(longestRefill, p.untilProbe(p.heard))); at.Sub(max(now, probe)) > longWait {
		at = max(now, probe)
	}
	if p.clocked == 0 {
		at = max(at, p.closed)
	}
	if p.unconfirmed.open >= 1+p.admitted/perAdmitted {
		at = max(at, p.unconfirmed.oldest().Add(p.patience()))
	}
	return at
}

// untilProbe returns after what time it is worth asking whether a limit that told at now of a
// long wait has room already. A window of a minute is whole after a minute. Longer
// waits are of limits an hour or a day, which may be raised, or of one that was cut. Like
// after an outage, the time is a fifth of that since a call was answered last.
func (p *replyPacer) untilProbe(now clock.Time) time.Duration {
	return max(longWait, now.Sub(p.served)/troubleShare)
}

// Fits: a prompt that is larger than the limit is no proof. Headers may tell of a limit on
// input at one time, and of one on output at another, and vendors do not count what they have
// cached. It takes one such call that was refused lastAfter times.
func (p *replyPacer) Fits(_ clock.Time, c *Call) bool {
	return p.tooLarge == 0 || c.EstimatedPrompt < p.tooLarge || float64(c.EstimatedPrompt) <= p.tokens.most
}

// learnFit learns from r, which answered c, how large prompts can be.
func (p *replyPacer) learnFit(c *Call, r *wire.Reply) {
	switch {
	case r.OK() && p.tooLarge > 0 && c.EstimatedPrompt >= p.tooLarge:
		p.tooLarge = 0
	case r.Status == wire.StatusTooManyRequests && c.Sent >= lastAfter && p.tokens.most > 0 && float64(c.EstimatedPrompt) > p.tokens.most:
		if p.tooLarge == 0 || c.EstimatedPrompt < p.tooLarge {
			p.tooLarge = c.EstimatedPrompt
		}
	}
}

func (p *replyPacer) Sent(now clock.Time, c *Call) {
	p.sends++
	p.cost += uint32(c.Cost())
	p.requests.spend(now, 1)
	p.tokens.spend(now, p.charge.of(c))
	c.Mark, c.Held = uint16(p.sends), p.cost
	p.unconfirmed.send(now, p.sends)
	if now < p.closed {
		p.clocked--
		c.Delay = -1 - c.Delay
	}
}

// wasClocked reports whether an answer had let c through a closed gate. While such an attempt
// is in flight, c.Delay is negative; this makes it again what it was before.
func wasClocked(c *Call) bool {
	if c.Delay >= 0 {
		return false
	}
	c.Delay = -1 - c.Delay
	return true
}

// afterTimeout marks, in c.Delay, an attempt that follows one that took longer than the
// client waits. No delay is so long.
const afterTimeout = 1 << 61

// followedTimeout reports whether the attempt of c that was answered is so marked, and makes
// c.Delay what the retry policy wrote.
func followedTimeout(c *Call) bool {
	marked := c.Delay&afterTimeout != 0
	c.Delay &^= afterTimeout
	return marked
}

// patience is after what time an attempt that has no reply has been admitted: the
// retransmission timeout of RFC 6298.
func (p *replyPacer) patience() time.Duration {
	return time.Duration(p.trip.mean + 4*p.trip.deviation)
}

// expire counts the attempts that have been in flight for so long that they have been
// admitted.
func (p *replyPacer) expire(now clock.Time) {
	all, lately := p.unconfirmed.expire(now.Add(-p.patience()), p.closed)
	p.confirm(all, lately)
}

// confirm counts attempts that were admitted, of them those sent since the gate opened.
func (p *replyPacer) confirm(all, lately int) {
	p.admitted = min(p.admitted+all, math.MaxInt32/2)
	p.open += lately
}

func (p *replyPacer) Answered(now clock.Time, c *Call, r *wire.Reply) {
	p.expire(now)
	number := p.sends - uint32(uint16(p.sends)-c.Mark)
	early := p.unconfirmed.answer(number, c.Since)
	clocked := wasClocked(c)
	if followedTimeout(c) {
		p.slow.learn(r)
	}
	p.learnFit(c, r)
	p.read(now, c, r)
	switch {
	case refusal(r):
		if r.Status == wire.StatusTooManyRequests { // servers in trouble may take long to say so
			p.trip.add(float64(now - c.Since))
		}
		p.refused(now, c, r, clocked)
		return
	case r.OK():
		p.failures = 0
		p.served = now
		p.inTime(c)
		p.fitted = max(p.fitted, c.Cost())
		p.service.add(float64(now - c.Since))
		p.settle(now, c, r)
		if now < p.closed && p.clocked < p.credit {
			p.clocked++
		}
		if clocked {
			p.credit = min(mostCredit, p.credit+1)
		}
	case r.Status == wire.StatusTimeout:
		p.service.add(float64(now - c.Since))
	case r.Limit == wire.Oversize: // which says nothing of the others
		p.tokens.refused(now, c.Since, p.charge.of(c), false)
	case r.Retryable():
		p.fault(now, c)
	}
	if early {
		lately := 0
		if c.Since >= p.closed {
			lately = 1
		}
		p.confirm(1, lately)
	}
}

// refusal reports whether r turns an attempt away, for reasons that concern the others
// as well.
func refusal(r *wire.Reply) bool {
	if r.Limit == wire.Oversize {
		return false
	}
	return r.Status == wire.StatusTooManyRequests || r.Limit == wire.Capacity || r.RetryAfter > 0
}

// read believes the headers of r, unless newer ones have been.
func (p *replyPacer) read(now clock.Time, c *Call, r *wire.Reply) {
	if c.Since < p.newest || r.Requests == wire.NoQuota && r.Tokens == wire.NoQuota {
		return
	}
	p.newest = c.Since
	p.heard = now
	p.requests.read(now, c.Since, r.Requests, float64(uint16(p.sends)-c.Mark))
	p.charge.read(&p.tokens, c, r)
	p.tokens.read(now, c.Since, r.Tokens, float64(int32(p.cost-c.Held))*p.charge.rate())
}

// settle corrects what c was taken to cost by what it used. Where calls are charged less than
// they may cost, usage does not say what of it counts, and the next header will.
func (p *replyPacer) settle(now clock.Time, c *Call, r *wire.Reply) {
	if used := float64(int64(r.Prompt) + int64(r.Output)); p.charge.rate() == 1 {
		p.tokens.spend(now, used-float64(c.Cost()))
	}
}

// refused closes the gate.
func (p *replyPacer) refused(now clock.Time, c *Call, r *wire.Reply, clocked bool) {
	p.admitted = 0
	tokens := r.Limit == wire.Tokens || r.Limit == wire.Input || r.Limit == wire.Output
	switch {
	case tokens:
		p.byRequests = false
		p.tokens.comesBackIn(r.RetryAfter, r.Tokens)
		if float64(r.Tokens.Remaining) >= p.charge.of(c) {
			p.charge.add(1) // it costs more than that
		}
	case r.Limit == wire.Utilisation:
		p.byRequests = false
	case r.Limit == wire.Requests:
		p.byRequests = true
		p.requests.comesBackIn(r.RetryAfter, r.Requests)
	}
	p.requests.refused(now, c.Since, 1, r.Limit == wire.Requests && r.Requests.Remaining < 0)
	p.tokens.refused(now, c.Since, p.charge.of(c), tokens && r.Tokens.Remaining < 0)
	u := p.key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
	asked := max(0, r.RetryAfter)
	if asked > p.maxWait { // nobody waits so long, and the limit may be whole again sooner
		asked = 0
	}
	asked = min(asked, p.untilProbe(now))
	asked += time.Duration(float64(asked) * u / 4)
	switch {
	case clocked:
		p.credit--
	case c.Since >= p.closed:
		p.regulate(now, c, r)
		asked = max(asked, time.Duration(float64(p.pause)*(0.75+0.5*u)))
	}
	if asked > 0 { // else an attempt from before the gate opened would close it for those since
		p.close(now.Add(asked))
	}
}

// regulate adapts the pause to what was admitted since the gate opened, now that r has
// refused c.
func (p *replyPacer) regulate(now clock.Time, c *Call, r *wire.Reply) {
	switch {
	case p.open < fewAdmitted:
		p.pause *= 2
	case p.open > manyAdmitted:
		p.pause /= 2
	}
	p.inVain++
	if p.open > 0 {
		p.inVain = 0
	}
	p.pause = max(leastPause, min(p.pause, p.mostPause(now, c, r)))
}

// mostPause is how long the pause may be. It is short enough for calls like c to be answered in
// time, with one exception. Some vendors count refused attempts. Then a limit on
// requests can stay empty for as long as anybody asks more often than it refills: the replies
// say that none are left, again and again. Only fewer attempts end that.
func (p *replyPacer) mostPause(now clock.Time, c *Call, r *wire.Reply) time.Duration {
	most := mostUntold
	if p.requests.limit > 0 || p.tokens.limit > 0 {
		most = mostTold
	}
	if q := r.Requests; p.inVain >= countedAfter && r.Limit == wire.Requests && q.Remaining == 0 {
		return max(mostTold, min(drainedResets*q.Reset, drainedResets*time.Minute))
	}
	if c.Deadline != clock.Never {
		most = min(most, (c.Deadline.Sub(now)-time.Duration(p.service.mean))/slackShare)
	}
	return most
}

func (p *replyPacer) close(until clock.Time) {
	if until > p.closed {
		p.closed = until
		p.open, p.clocked = 0, 0
	}
}

// fault counts failures in a row.
func (p *replyPacer) fault(now clock.Time, c *Call) {
	if p.failures == 0 {
		p.troubled = now
	}
	if p.failures == 0 || c.ID != p.failed || p.failures >= failuresInARow {
		p.failures++
		p.failed = c.ID
	}
	if p.failures >= failuresInARow && c.Since >= p.closed {
		u := p.key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
		wait := min(mostTrouble, max(leastTrouble, now.Sub(p.troubled)/troubleShare))
		p.admitted = 0
		p.close(now.Add(time.Duration(float64(wait) * (0.75 + 0.5*u))))
	}
}

func (p *replyPacer) Release(clock.Time, *Call) {}

func (p *replyPacer) ReadsQuotas() {}

func (p *replyPacer) ByRequests() bool { return p.byRequests }

// Takes is how much time a call must have left to be sent. It begins with what quick answers take.
// Where more than a tenth of the attempts are late even so, it grows until they are not: such
// attempts take from the limits and give nothing. If it is more than c had when it came, c is
// of another kind than those that were answered, and worth a try.
func (p *replyPacer) Takes(c *Call) time.Duration {
	takes := time.Duration(max(0, p.service.mean+p.margin*p.service.deviation))
	if takes >= c.Deadline.Sub(c.Arrived) {
		return 0
	}
	return takes
}

// Late notes that the deadline of c passed while an attempt was in flight.
func (p *replyPacer) Late(*Call) { p.margin = min(mostMargin, p.margin+lateMargin) }

// inTime notes that c was answered.
func (p *replyPacer) inTime(c *Call) {
	if c.Deadline != clock.Never {
		p.margin = max(leastMargin, p.margin-lateMargin/tolerated)
	}
}

// Defers reports whether c, which r did not answer, shall wait until no other does.
func (p *replyPacer) Defers(c *Call, r *wire.Reply) bool {
	if r.Status != wire.StatusTooManyRequests || c.Sent < lastAfter {
		return r.Status == wire.StatusTimeout
	}
	if c.Cost() > p.fitted {
		return true
	}
	p.fitted -= p.fitted / 4 // the limit may have been cut
	return false
}

// GivesUp reports whether c, which r did not answer, is not worth a retry.
func (p *replyPacer) GivesUp(c *Call, r *wire.Reply) bool {
	if r.Status != wire.StatusTimeout {
		return false
	}
	if p.slow.givesUp() {
		return true
	}
	c.Delay |= afterTimeout
	return false
}

// pacedParams are what a user may want otherwise; the law itself has constants.
func pacedParams() []Param {
	retries, wait, shares := maxRetries, afterParams[1], weights
	retries.Default, retries.About = "60", "most retries after the first attempt; calls are seldom refused, so a call with more retries would be refused for ever"
	wait.Default, wait.About = "24h", "a reply that asks for more ends the call; limits of a day are whole again by then"
	shares.With = With{}
	return slices.Concat([]Param{retries, wait,
		{Name: "stretch", Kind: CountParam, Default: "200", Max: 1000,
			About: "how far small calls may overtake a large one: until this many times the large call's tokens have passed it; 0 is first come, first served within a tenant"},
		shares}, estimatorParams)
}

func buildPaced(v Values, known Env) (Factory, []ParamError) {
	p := &parts{pace: byReplies, v: v, known: known, route: []int{0},
		retry: Retry{MaxRetries: v.Count("max_retries"), MaxWait: v.Duration("max_wait"),
			Backoff: Backoff{Base: time.Second, Factor: 2, Max: time.Minute, Jitter: Jitter{Share: 0.25}}}}
	return p.dispatcher, nil
}

// PacedBuilder makes the strategy that learns from replies what the limits have room for.
func PacedBuilder() Builder {
	return Builder{Params: pacedParams(), Make: buildPaced}
}
