package presets

import (
	"fmt"
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// crew is a worker pool: workers take calls from a queue, first come, first served. A
// worker that has taken a call may sleep first. Then it makes the call through a client
// library, and stays with it through the library's retries. It takes the next call when
// this one has ended. How long it sleeps is decided once, when it takes the call.
type crew struct {
	sdk     library
	pace    pace
	idle    int // workers without a call
	waiting strategies.Queue
}

// asleep is the Phase of a call that a worker has taken and not yet sent.
const asleep uint8 = 1

// A pace says how long workers sleep.
type pace interface {
	// before returns how long a worker that takes c now sleeps before it sends it.
	before(now clock.Time, c *strategies.Call) time.Duration
	// after: a call that was sent has ended, with success if ok.
	after(now clock.Time, ok bool)
}

func (s *crew) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	s.waiting.Push(c)
	s.work(now, out)
}

// work gives calls to idle workers.
func (s *crew) work(now clock.Time, out *strategies.Effects) {
	for s.idle > 0 {
		c := s.waiting.Pop()
		if c == nil {
			return
		}
		s.idle--
		if d := s.pace.before(now, c); d > 0 {
			c.Phase = asleep
			out.Wake(c, now.Add(d))
		} else {
			s.sdk.Submit(now, c, out)
		}
	}
}

func (s *crew) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c.Phase == asleep {
		c.Phase = 0
		s.sdk.Submit(now, c, out)
		return
	}
	s.sdk.Wake(now, c, out)
}

func (s *crew) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	if s.sdk.answer(now, c, r, out) {
		s.idle++
		s.pace.after(now, r.OK())
		s.work(now, out)
	}
}

// Cancel frees the worker of c at once. The printed queue cannot give a call up: it
// would still make the call, although no one waits for the answer.
func (s *crew) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	switch c.Phase {
	case strategies.Queued:
		s.waiting.Remove(c)
	case asleep:
		s.idle++
	default:
		s.idle++
		s.pace.after(now, false)
	}
	s.sdk.Cancel(now, c, out)
	s.work(now, out)
}

// IgnoresQuotas implements [strategies.IgnoresQuotas].
func (s *crew) IgnoresQuotas() bool { return true }

// afterReply is the pace of article:queue. It counts the requests of the last
// minute, but notes them only when they have succeeded, so that workers do not
// see what others have in flight, nor what was refused. Its limit on tokens is
// never looked at.
type afterReply struct {
	most  int          // requests a minute
	noted []clock.Time // when requests succeeded, of about the last minute
}

func (p *afterReply) before(now clock.Time, _ *strategies.Call) time.Duration {
	const minute, extra = time.Minute, 100 * time.Millisecond
	old := 0
	for old < len(p.noted) && now.Sub(p.noted[old]) >= minute {
		old++
	}
	p.noted = slices.Delete(p.noted, 0, old)
	if len(p.noted) < p.most {
		return 0
	}
	return minute - now.Sub(p.noted[0]) + extra
}

func (p *afterReply) after(now clock.Time, ok bool) {
	if ok {
		p.noted = append(p.noted, now)
	}
}

// meanSleep is the pace of article:batch-sleep: between one call's end and the
// next call's start lies the time in which the limit allows a mean call. The
// mean is that of the costs of the calls so far, unless it is given.
type meanSleep struct {
	perMinute float64 // tokens
	mean      float64 // tokens; 0 = of the calls so far

	calls, tokens float64
	resume        clock.Time // when the sleep that began with the last end of a call is over
}

func (p *meanSleep) before(now clock.Time, c *strategies.Call) time.Duration {
	p.calls++
	p.tokens += float64(c.Cost())
	return p.resume.Sub(now)
}

func (p *meanSleep) after(now clock.Time, _ bool) {
	mean := p.mean
	if mean == 0 {
		mean = p.tokens / p.calls
	}
	p.resume = now + clock.FromSeconds(60*mean/p.perMinute)
}

var articleQueueParams = []strategies.Param{
	{Name: "workers", Kind: strategies.CountParam, Default: "10", Min: 1, Max: 1e6,
		About: "calls made at a time; the article's value"},
	{Name: "rpm", Kind: strategies.CountParam, Default: "500", Min: 1, Max: strategies.MaxLimit,
		About: "requests per minute; the article's value"},
}

func buildArticleQueue(v strategies.Values, _ strategies.Env) (strategies.Factory, []strategies.ParamError) {
	sdk := around(articleSDK, v)
	return func(env strategies.Env) strategies.Strategy {
		return &crew{sdk: sdk(env), pace: &afterReply{most: v.Count("rpm")}, idle: v.Count("workers")}
	}, nil
}

var batchSleepParams = []strategies.Param{
	{Name: "tpm", Kind: strategies.CountParam, Min: 1, Max: strategies.MaxLimit,
		About: "tokens per minute; default: the advertised limit of the first deployment"},
	{Name: "mean_tokens", Kind: strategies.CountParam, Min: 1, Max: strategies.MaxLimit,
		About: "tokens of a mean call; default: the mean cost of the calls so far"},
}

func buildBatchSleep(v strategies.Values, known strategies.Env) (strategies.Factory, []strategies.ParamError) {
	sdk, tpm := around(articleSDK, v), float64(known.Deployments[0].TPM)
	if v.Given("tpm") {
		tpm = v.Number("tpm")
	}
	if tpm == 0 {
		return nil, []strategies.ParamError{{Param: "tpm", Msg: fmt.Sprintf(
			"must be given, for deployment %q names no tokens per minute", known.Deployments[0].Name)}}
	}
	return func(env strategies.Env) strategies.Strategy {
		return &crew{sdk: sdk(env), pace: &meanSleep{perMinute: tpm, mean: v.Number("mean_tokens")}, idle: 1}
	}, nil
}
