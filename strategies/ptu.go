package strategies

import (
	"fmt"
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// ptu sends every call to a provisioned deployment and, when that refuses it,
// at once to a pay-as-you-go one: what Azure OpenAI calls spillover. A call
// that both refuse waits by the retry policy and starts again. A spill is not a
// retry: Call.Mark counts the times a call started again.
type ptu struct {
	retry          *Retry
	primary, spill int
	spillOn        []int         // statuses
	returnAfter    time.Duration // how long calls then go to spill directly

	closed clock.Time // until then primary is not tried
}

// onPrimary is the Phase of a call whose attempt is at the primary.
const onPrimary uint8 = 1

func (p *ptu) Submit(now clock.Time, c *Call, out *Effects) {
	p.retry.Begin(now)
	p.start(now, c, out)
}

func (p *ptu) start(now clock.Time, c *Call, out *Effects) {
	if now < p.closed {
		out.Send(c, p.spill)
		return
	}
	c.Phase = onPrimary
	out.Send(c, p.primary)
}

func (p *ptu) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	tried := c.Phase == onPrimary
	c.Phase = 0
	if r.OK() {
		out.Done(c)
		return
	}
	if tried && slices.Contains(p.spillOn, r.Status) {
		p.closed = now.Add(p.returnAfter)
		out.Send(c, p.spill)
		return
	}
	at, why, ok := p.retry.Next(now, c, r, int(c.Mark))
	switch {
	case !ok:
		out.Fail(c, why)
	case at == now:
		c.Mark++
		p.start(now, c, out)
	default:
		c.Mark++
		out.Wake(c, at)
	}
}

func (p *ptu) Wake(now clock.Time, c *Call, out *Effects) { p.start(now, c, out) }

func (p *ptu) Cancel(now clock.Time, c *Call, out *Effects) { out.Fail(c, Deadline) }

var ptuParams = []Param{
	{Name: "primary", Kind: DeploymentParam,
		About: "the deployment that is tried first; default: the first provisioned one"},
	{Name: "spill", Kind: DeploymentParam,
		About: "the deployment that is tried when primary refuses; default: the first other one that is no batch API"},
	{Name: "spill_on", Kind: StatusesParam, Default: "429",
		About: "statuses of primary that send a call to spill; a full deployment answers 429"},
	{Name: "return_after", Kind: DurationParam, Default: "0s", Max: Day,
		About: "how long after a refusal calls go to spill directly; 0s tries primary first every time, as Azure's spillover does"},
}

func buildPTU(v Values, known Env) (Factory, []ParamError) {
	deployments := known.Deployments
	primary := slices.IndexFunc(deployments, func(d Deployment) bool { return d.Provisioned })
	if p, given := v["primary"]; given {
		primary = int(p.number)
	}
	if primary < 0 {
		return nil, []ParamError{{Param: "primary", Msg: "must be given, for no deployment is provisioned"}}
	}
	spill := 0
	for spill < len(deployments) && (spill == primary || deployments[spill].Batch) {
		spill++
	}
	if s, given := v["spill"]; given {
		spill = int(s.number)
	}
	if spill == primary || spill >= len(deployments) {
		return nil, []ParamError{{Param: "spill", Msg: fmt.Sprintf(
			"must name a deployment other than %q", deployments[primary].Name)}}
	}
	retry := retryOf(v)
	return func(env Env) Strategy {
		return &ptu{
			retry:       retry.For(env),
			primary:     primary,
			spill:       spill,
			spillOn:     v["spill_on"].statuses,
			returnAfter: v.Duration("return_after"),
		}
	}, nil
}

// PTUBuilder makes the strategy that spills over from a provisioned deployment to another one.
func PTUBuilder() Builder {
	return Builder{Params: slices.Concat(ptuParams, retryParams()), Make: buildPTU}
}
