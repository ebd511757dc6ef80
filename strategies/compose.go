package strategies

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"ratesim/sim/limit"
)

// parts are what most strategies are made of: which call is next, when it may go, where
// to, and whether it may go again. A part that is not chosen is off.
type parts struct {
	pace  string
	v     Values
	route []int
	known Env // without Key and Peek
	retry Retry
}

// The ways to pace, as users name them: what the pacer of a lane goes by.
const (
	unpaced    = "none"
	byBucket   = "token-bucket"
	byWindows  = "windows"
	byHeaders  = "header-aware"
	byRefusals = "adaptive"
	byReplies  = "paced"
	bySplit    = "split"
)

// pacedBy returns what builds compositions that pace so.
func pacedBy(pace string) func(v Values, known Env) (Factory, []ParamError) {
	return func(v Values, known Env) (Factory, []ParamError) { return compose(pace, v, known) }
}

// compose builds what v describes; what v lacks is off.
func compose(pace string, v Values, known Env) (Factory, []ParamError) {
	p := &parts{pace: pace, v: v, known: known, route: v["route"].deployments, retry: retryOf(v)}
	if len(p.route) == 0 {
		p.route = []int{0}
	}
	if errs := p.check(); errs != nil {
		return nil, errs
	}
	factory := p.dispatcher
	if p.plain() {
		factory = func(env Env) Strategy { return &retrying{retry: p.retry.For(env), to: p.route[0]} }
	}
	if bulk, given := v["batch"]; given {
		return func(env Env) Strategy {
			return &batching{rest: factory(env), bulk: int(bulk.number), wait: v.Duration("latency_ok")}
		}, nil
	}
	return factory, nil
}

// check reports what the deployments lack.
func (p *parts) check() []ParamError {
	if len(p.route) > maxLanes {
		return []ParamError{{Param: "route", Msg: fmt.Sprintf("must name at most %d deployments", maxLanes)}}
	}
	for _, i := range p.route {
		d := &p.known.Deployments[i]
		known := p.allowance(d, p.known)
		if capacity, perMinute := p.bucket(known); p.pace == byBucket && (capacity == 0 || perMinute == 0) {
			return []ParamError{{Msg: fmt.Sprintf(
				"tpm, or capacity and refill, must be given, for deployment %q names no tokens per minute", d.Name)}}
		}
		if known.tokens == 0 && p.v.Duration("burst") > 0 {
			return []ParamError{{Msg: fmt.Sprintf(
				"tenants have no share to be held to, for deployment %q names no tokens per minute", d.Name)}}
		}
	}
	return nil
}

// plain reports whether nothing ever holds a call back.
func (p *parts) plain() bool {
	v := p.v
	return p.pace == unpaced && len(p.route) == 1 && v.Count("workers") == 0 && v.Count("max_queue") == 0 &&
		v.Duration("wait_timeout") == 0 && v.Count("failures") == 0 && v.Duration("burst") == 0 && v.Number("hedge") == 0
}

// dispatcher is the Factory of what holds calls back.
func (p *parts) dispatcher(env Env) Strategy {
	v := p.v
	reserves := v.Truth("reserve")
	d := &Dispatcher{
		Lanes:     make([]Lane, len(p.route)),
		Failures:  p.failures(env),
		Estimates: newEstimates(v, env),
		Waiting:   Queue{Order: Order(max(0, slices.Index(orderNames[:], v.Text("order")))), Weights: v["weights"].weights},
		Workers:   WorkerPool{Most: v.Count("workers")},
		MaxQueue:  v.Count("max_queue"),
		Patience:  v.Duration("wait_timeout"),
		Firm:      p.pace == byBucket || p.pace == byWindows && !reserves,
		Pauses:    p.pace != unpaced && p.pace != byBucket && p.pace != byReplies,
		MovesOn:   v["when"].statuses,
	}
	var tpm int64
	for i, to := range p.route {
		known := &p.known.Deployments[to]
		d.Lanes[i] = NewLane(to, p.pacer(known, env))
		if failures := v.Count("failures"); failures > 0 {
			d.Lanes[i].Breaker = &Breaker{Failures: failures, OpenFor: v.Duration("open_for"), Most: p.retry.MaxWait}
		}
		tpm += p.allowance(known, env).tokens
	}
	if stretch, given := v["stretch"]; given {
		d.Waiting.Order, d.Waiting.Stretch, d.Waiting.Ranked = Fair, int64(stretch.number), true
	}
	if quantile := v.Number("hedge"); quantile > 0 {
		d.Hedges = &Hedging{Key: env.Key, Quantile: quantile, Share: v.Number("hedge_share")}
	}
	if burst := v.Duration("burst"); burst > 0 {
		d.shares = newShares(d.Waiting.Weights, len(p.known.Tenants), tpm, burst)
	}
	return d
}

// failures makes the failure policy. Where paced is the pacer, that decides when refused
// calls are sent again.
func (p *parts) failures(env Env) FailurePolicy {
	if p.pace == byReplies {
		return pacerRetry{p.retry.For(env)}
	}
	return p.retry.For(env)
}

// pacer makes the pacer of the lane to d.
func (p *parts) pacer(d *Deployment, env Env) Pacer {
	v := p.v
	switch p.pace {
	case byBucket:
		return p.bucketPacer(p.allowance(d, env))
	case byWindows:
		g := newWindowPacer(p.allowance(d, env), v.Truth("reserve"))
		return &g
	case bySplit:
		return &splitPacer{windows: newWindowPacer(p.allowance(d, env), true), to: d, instances: env.Instances}
	case byHeaders:
		return &headerPacer{workers: WorkerPool{Most: slowStart}, slowBelow: v.Number("slow_below"), holdAbove: v.Number("hold_above")}
	case byRefusals:
		return newAdaptivePacer(v)
	case byReplies:
		return newReplyPacer(env.Key, cmp.Or(p.retry.MaxWait, time.Hour)) // policies that obey no wait name none
	}
	return Unpaced()
}

func (p *parts) bucketPacer(a allowance) bucketPacer {
	capacity, perMinute := p.bucket(a)
	g := bucketPacer{one: 1, full: capacity, most: cmp.Or(a.largest, perMinute)}
	requests := a.requests
	if p.v.Truth("smooth") {
		g.one, g.full, requests = 0, 0, 0
	} else if _, given := p.v["capacity"]; given {
		g.most = capacity
	}
	g.tokens = limit.NewBucket(g.full, perMinute, limit.Window)
	if a.requests > 0 {
		g.requests = limit.NewBucket(requests, a.requests, limit.Window)
	}
	return g
}

// bucket returns the capacity and the refill per minute of a bucket of tokens.
func (p *parts) bucket(a allowance) (capacity, perMinute int64) {
	capacity, perMinute = a.tokens, a.tokens
	if c, given := p.v["capacity"]; given {
		capacity = int64(c.number)
	}
	if r, given := p.v["refill"]; given {
		perMinute = int64(math.Round(60 * r.number))
	}
	return capacity, perMinute
}

// The retry policies of a composition are those of the strategies of these
// names.
var retryNames = []string{"none", "naive", "fixed", "backoff", "jitter", "retry-after"}

// composeParams are the parts, each followed by its own parameters.
func composeParams() []Param {
	none := func(p Param, name, about string) Param {
		p.Name, p.Default, p.About = name, "", about
		return p
	}
	wait := waitTimeout
	wait.Default, wait.Min = "0s", 0
	wait.About = "longest wait for a deployment to be free for a call; 0s is as long as it takes"
	workers := poolParams[0]
	workers.Default, workers.Min = "0", 0
	workers.About = "attempts in flight at most; 0 is no bound"
	held := burst
	held.Default = ""
	held.About = "a tenant may send at once what its share of the tokens per minute gives in this time; default: tenants have no limits"
	return slices.Concat(
		[]Param{{Name: "retry", Kind: ChoiceParam, Default: "retry-after", Choices: retryNames,
			About: "whether and when a call is sent again: as the strategy of this name does. With pace: paced, a refused call is sent again when the pacer lets it, and only other failures wait"}},
		forPart("retry", retryNames[1:], maxRetries, maxElapsed),
		forPart("retry", []string{"fixed"}, delay),
		forPart("retry", retryNames[3:], backoffParams[:4]...),
		forPart("retry", retryNames[4:], jitterParams...),
		forPart("retry", retryNames[5:], afterParams...),
		[]Param{{Name: "pace", Kind: ChoiceParam, Default: unpaced, Choices: []string{unpaced, byBucket, byWindows, byHeaders, byRefusals, byReplies, bySplit},
			About: "when a call may go: at once, or as token-bucket, queue (windows), header-aware, adaptive, paced or split let it"}},
		forPart("pace", []string{byBucket}, bucketParams...),
		forPart("pace", []string{byWindows}, windowParams...),
		forPart("pace", []string{byBucket, byWindows}, limitParams...),
		forPart("pace", []string{byHeaders}, headerParams...),
		forPart("pace", []string{byRefusals}, adaptiveParams...),
		forPart("pace", []string{byBucket, byWindows, byHeaders, byReplies, bySplit}, estimatorParams[0]), estimatorParams[1:],
		[]Param{order, weights, held, workers, poolParams[1], wait},
		[]Param{none(routeParams[0], "route", "deployments, the preferred first; default: the first of the scenario"), when,
			none(budgetParams[0], "budget", "retries per call over ten seconds; default: as many as retry allows"), minPerSecond,
			none(breakerParams[0], "breaker", "failures in a row that open a circuit breaker, one for each deployment; default: there is none"), openFor,
			none(batchParams[0], "batch", "the batch API that calls go to that can wait; default: none does")},
		hedgeParams,
		forPart("batch", nil, latencyOK),
	)
}

// forPart returns params as they belong to some values of a part.
func forPart(part string, values []string, params ...Param) []Param {
	params = slices.Clone(params)
	for i := range params {
		params[i].With = With{part, values}
	}
	return params
}

func buildCompose(v Values, known Env) (Factory, []ParamError) {
	if ratio, given := v["budget"]; given {
		v["ratio"] = ratio
	}
	v["failures"] = v["breaker"]
	return compose(v.Text("pace"), v, known)
}

func buildRoute(v Values, known Env) (Factory, []ParamError) {
	to, given := v["order"]
	if !given {
		for i := range known.Deployments {
			if !known.Deployments[i].Batch {
				to.deployments = append(to.deployments, i)
			}
		}
	}
	if len(to.deployments) < 2 {
		return nil, []ParamError{{Param: "order", Msg: "must name two deployments or more; there is one"}}
	}
	v["route"] = to
	return compose(unpaced, v, known)
}

// RouteBuilder makes the strategy that falls back to another deployment.
func RouteBuilder() Builder {
	return Builder{Params: slices.Concat(routeParams, retryParams()), Make: buildRoute}
}

// ComposeBuilder makes what a user puts together from parts.
func ComposeBuilder() Builder {
	return Builder{Params: composeParams(), Make: buildCompose}
}
