package strategies

import (
	"math"
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// shared asks a coordinator before every attempt, which grants it for now or for
// a time to come: the grants of all instances are one queue, first come, first
// served, and never more than the quota. A grant covers prompt and declared
// output; what a reply shows to have been used less, or more, goes back with the
// next ask.
//
// The coordinator makes no grant that would come after the deadline or after wait_timeout;
// the call fails at once then. The provider may refuse a call that was granted, because
// somebody outside the fleet sends too or because its window counts differently. Then the
// grant is given back, and the call asks again after the wait of its retry policy.
//
// While the coordinator does not answer, nobody knows what others send. Then calls go at
// once, as in gateways whose Redis fails (LiteLLM's limiter fails open), or wait until it
// is back (on_outage). An instance that had no answer does not ask for a second, so that not
// every call waits for the same timeout.
type shared struct {
	retry    *Retry
	patience time.Duration // longest wait for a grant
	closed   bool          // on_outage: wait

	most                     int64 // tokens a minute that there are; without a limit, any number
	lump                     int64 // tokens to be given back that are worth an ask of their own
	backRequests, backTokens int64 // to be given back
	dead                     clock.Time
}

// What a call is doing, beside inFlight and asleep: it waits for the answer of
// the coordinator, or for the time it was given.
const (
	asking uint8 = inFlight + iota + 1
	granted
)

// deadFor is how long a coordinator that did not answer is not asked.
const deadFor = time.Second

var sharedParams = []Param{
	{Name: "wait_timeout", Kind: DurationParam, Default: "120s", Min: 0.001, Max: Day,
		About: "longest wait for a grant; 120s is also the longest wait of retry-after"},
	{Name: "on_outage", Kind: ChoiceParam, Default: "open", Choices: []string{"open", "closed"},
		About: "while the coordinator does not answer, calls are sent at once (open) or wait for it (closed); open as in LiteLLM"},
}

func buildShared(v Values, known Env) (Factory, []ParamError) {
	if errs := coordinated(known); errs != nil {
		return nil, errs
	}
	retry, most := retryOf(v), known.Deployments[0].TPM
	if most == 0 {
		most = math.MaxInt64
	}
	return func(env Env) Strategy {
		return &shared{retry: retry.For(env), patience: v.Duration("wait_timeout"), closed: v.Text("on_outage") == "closed",
			most: most, lump: most / 60}
	}, nil
}

// coordinated reports that there is no coordinator to ask.
func coordinated(known Env) []ParamError {
	if known.Deployments[0].Coordinated {
		return nil
	}
	return []ParamError{{Msg: "there is no coordinator to ask; a scenario declares one with the key coordinator"}}
}

func (s *shared) Submit(now clock.Time, c *Call, out *Effects) {
	s.retry.Begin(now)
	c.Since = now
	s.ask(now, c, out)
}

// ask asks for c, or does without.
func (s *shared) ask(now clock.Time, c *Call, out *Effects) {
	if now < s.dead {
		s.without(now, c, out)
		return
	}
	within, _ := s.latest(c)
	c.Phase = asking
	s.tell(c, wire.Ask{Requests: 1, Tokens: c.Cost(), Within: max(0, within.Sub(now))}, out)
}

// latest returns the last time at which c may be sent, and why it fails if no grant
// comes until then.
func (s *shared) latest(c *Call) (at clock.Time, why Reason) {
	at, why = c.Since.Add(s.patience), QueueTimeout
	if c.Deadline <= at {
		at, why = c.Deadline-1, Deadline
	}
	if last := s.retry.Last(c); last < at {
		at, why = last, MaxRetries
	}
	return at, why
}

// tell asks q and gives back what there is.
func (s *shared) tell(c *Call, q wire.Ask, out *Effects) {
	q.BackRequests, q.BackTokens = s.backRequests, s.backTokens
	s.backRequests, s.backTokens = 0, 0
	out.Ask(c, q)
}

// without decides about c while nobody grants anything.
func (s *shared) without(now clock.Time, c *Call, out *Effects) {
	switch {
	case !s.closed:
		c.Held = 0
		s.send(c, out)
	case now >= c.Since.Add(s.patience):
		out.Fail(c, QueueTimeout)
	default: // not all at once when it is back
		c.Phase = asleep
		u := s.retry.Key.Float64(rng.Jitter, c.ID, uint64(now))
		out.Wake(c, min(max(s.dead, now), c.Since.Add(s.patience)).Add(time.Duration(u*float64(deadFor))))
	}
}

func (s *shared) send(c *Call, out *Effects) {
	c.Phase = inFlight
	out.Send(c, 0)
}

func (s *shared) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	switch {
	case c == nil: // what was given back has arrived
	case c.Phase == asking:
		s.answered(now, c, r, out)
	default:
		s.replied(now, c, r, out)
	}
}

// IgnoresQuotas implements the interface of that name.
func (s *shared) IgnoresQuotas() bool { return true }

// answered: the coordinator has decided about c.
func (s *shared) answered(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	switch {
	case r.OK():
		c.Held = uint32(min(c.Cost(), math.MaxUint32))
		if r.RetryAfter <= 0 {
			s.send(c, out)
			return
		}
		c.Phase = granted
		out.Wake(c, now.Add(r.RetryAfter))
	case r.Status == wire.StatusTooManyRequests && r.Limit == wire.Oversize:
		out.Fail(c, Oversize)
	case r.Status == wire.StatusTooManyRequests:
		_, why := s.latest(c)
		out.Fail(c, why)
	default:
		s.dead = now.Add(deadFor)
		s.without(now, c, out)
	}
}

// replied: the provider has answered c.
func (s *shared) replied(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	held := int64(c.Held)
	c.Held, c.Phase = 0, 0
	if held > 0 {
		switch {
		case r.OK():
			s.backTokens += held - min(int64(r.Prompt)+int64(r.Output), s.most) // no call uses more than all there is
		case r.Status == wire.StatusTooManyRequests:
			s.backRequests++
			s.backTokens += held
		} // what failed or timed out stays taken: the provider may have done the work
	}
	if r.OK() {
		out.Done(c)
	} else if at, why, ok := s.retry.Next(now, c, r, int(c.Sent)-1); !ok {
		out.Fail(c, why)
	} else {
		c.Phase = asleep
		out.Wake(c, at)
	}
	s.giveBack(now, out)
}

// giveBack tells the coordinator at once of much that is not needed.
func (s *shared) giveBack(now clock.Time, out *Effects) {
	if s.backTokens >= s.lump && now >= s.dead {
		s.tell(nil, wire.Ask{}, out)
	}
}

func (s *shared) Wake(now clock.Time, c *Call, out *Effects) {
	switch {
	case c == nil: // it sets no alarm
	case c.Phase == granted:
		s.send(c, out)
	default:
		if c.Sent > 0 && c.Mark != c.Sent { // a retry: it begins to wait anew
			c.Mark, c.Since = c.Sent, now
		}
		s.ask(now, c, out)
	}
}

func (s *shared) Cancel(now clock.Time, c *Call, out *Effects) {
	if c.Phase == granted {
		s.backRequests++
		s.backTokens += int64(c.Held)
	} // what is being asked for may be granted, and is lost
	out.Fail(c, Deadline)
	s.giveBack(now, out)
}

// SharedBuilder makes the strategy that asks a coordinator before every attempt.
func SharedBuilder() Builder {
	return Builder{Params: slices.Concat(sharedParams, retryParams()), Make: buildShared}
}
