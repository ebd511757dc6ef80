package presets

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/strategies"
)

// processor is the loop of OpenAI's cookbook that sends a file of requests
// (examples/api_request_parallel_processor.py). It takes one call at a time, those
// that failed before new ones, and waits until a bucket of requests and a bucket of
// tokens both have room for it. Both are full at first. An attempt costs its prompt and the
// output that it declares, and nothing is given back or corrected. Every failure is
// tried again, without a backoff of its own.
//
// Each turn of the loop sends one call at most and sleeps a millisecond. If the last
// refusal was less than pause ago, the loop then sleeps until pause is over. It notices
// refusals that come meanwhile after the next turn.
//
// The loop waits without end for a call that needs more tokens than the bucket can hold,
// and all calls behind it wait too, unless its caller gives up on it. Here such a call
// fails after a year, which is longer than a run.
type processor struct {
	requests, tokens *limit.Bucket
	maxRetries       int
	pause            time.Duration // after a refusal; 0 where the loop does not recognise one

	waiting strategies.Queue
	next    *strategies.Call // taken, and waiting for room
	turn    clock.Time       // when the loop takes its next turn
	refused clock.Time       // when a refusal was recognised last; before the run if never
	alarm   clock.Time       // the alarm asked for last
}

// The script's constants: the sleep of a turn, and what it takes the output of a
// request to be that does not declare it.
const (
	loopSleep     = time.Millisecond
	defaultOutput = 15
)

func (s *processor) cost(c *strategies.Call) int64 {
	if c.MaxTokens == 0 {
		return c.Cost() + defaultOutput
	}
	return c.Cost()
}

func (s *processor) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	s.waiting.Push(c)
	if s.next == nil {
		s.loop(now, out)
	}
}

func (s *processor) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	switch {
	case r.OK():
		out.Done(c)
	case int(c.Sent) > s.maxRetries:
		out.Fail(c, strategies.MaxRetries)
	default:
		s.waiting.Return(c)
	}
	if r.Status == wire.StatusTooManyRequests && s.pause > 0 {
		s.refused = now
		if s.turn <= now.Add(loopSleep) { // it does not sleep for an earlier one
			s.turn = now.Add(s.pause)
		}
	}
	s.loop(now, out)
}

func (s *processor) Wake(now clock.Time, _ *strategies.Call, out *strategies.Effects) {
	s.loop(now, out)
}

func (s *processor) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c == s.next {
		s.next = nil
	} else if c.Phase == strategies.Queued {
		s.waiting.Remove(c)
	}
	out.Fail(c, strategies.Deadline)
	s.loop(now, out)
}

// loop takes the turns that are due and asks to be woken for the next that can
// send a call.
func (s *processor) loop(now clock.Time, out *strategies.Effects) {
	for {
		if s.next == nil {
			if s.next = s.waiting.Pop(); s.next == nil {
				return
			}
			s.next.Since = now
		}
		c := s.next
		if now > s.turn { // a turn had nothing to send or no room for it, and looked for refusals
			s.turn = max(s.turn, s.refused.Add(s.pause))
		}
		at := max(s.turn, s.requests.Earliest(now, 1), s.tokens.Earliest(now, s.cost(c)))
		if !s.tokens.Fits(s.cost(c)) {
			at = c.Since.Add(longest)
		}
		switch {
		case at > now:
			if at != s.alarm {
				s.alarm = at
				out.Alarm(at)
			}
			return
		case !s.tokens.Fits(s.cost(c)):
			s.next = nil
			out.Fail(c, strategies.QueueTimeout)
		default:
			s.next = nil
			s.requests.Take(now, 1)
			s.tokens.Take(now, s.cost(c))
			out.Send(c, 0)
			s.turn = max(now.Add(loopSleep), s.refused.Add(s.pause))
		}
	}
}

var processorParams = []strategies.Param{
	{Name: "rpm", Kind: strategies.CountParam, Default: "1500", Min: 1, Max: strategies.MaxLimit,
		About: "requests per minute, and the most the bucket holds; the script's default, half of an old limit"},
	{Name: "tpm", Kind: strategies.CountParam, Default: "125000", Min: 1, Max: strategies.MaxLimit,
		About: "tokens per minute, and the most the bucket holds; the script's default, half of an old limit"},
	{Name: "pause", Kind: strategies.DurationParam, Default: "0s", Max: strategies.Day,
		About: "pause after the last 429. The script pauses for 15s if the error code is 429, as Azure sends it; OpenAI's error code is a word, so the script never pauses there"},
}

func buildProcessor(v strategies.Values, _ strategies.Env) (strategies.Factory, []strategies.ParamError) {
	rpm, tpm, pause := int64(v.Count("rpm")), int64(v.Count("tpm")), v.Duration("pause")
	return func(strategies.Env) strategies.Strategy {
		return &processor{
			requests:   limit.NewBucket(rpm, rpm, time.Minute),
			tokens:     limit.NewBucket(tpm, tpm, time.Minute),
			maxRetries: v.Count("max_retries"),
			pause:      pause,
			refused:    clock.Time(-pause),
		}
	}, nil
}
