package strategies

import (
	"fmt"
	"slices"
)

// retryOf returns the policy that v describes; what v lacks is off.
func retryOf(v values) Retry {
	p := Retry{
		Backoff: Backoff{
			Base:   v.duration("base"),
			Max:    v.duration("max_delay"),
			Factor: v["factor"].number,
			Jitter: v["jitter"].jitter,
		},
		FaultBase:  v.duration("base_5xx"),
		MaxRetries: v.count("max_retries"),
		MaxWait:    v.duration("max_wait"),
		Spread:     v.share("spread"),
	}
	if d, given := v["delay"]; given {
		p.Backoff = Backoff{Base: d.duration, Max: d.duration, Factor: 1}
	}
	if ratio, given := v["ratio"]; given {
		p.Budget = &Budget{Ratio: ratio.number, MinPerSecond: v["min_per_s"].number}
	}
	return p
}

// keyed returns p with the key of env, and a budget of its own.
func keyed(p Retry, env Env) Retry {
	p.Key = env.Key
	if p.Budget != nil {
		own := *p.Budget
		p.Budget = &own
	}
	return p
}

func buildTokenBucket(v values, known Env) (Factory, []ParamError) {
	if v["fair"].truth {
		return compose(byBucket, v, known)
	}
	p := &parts{pace: byBucket, v: v, known: known, route: []int{0}}
	if errs := p.check(); errs != nil {
		return nil, errs
	}
	retry := retryOf(v)
	return func(env Env) Strategy {
		return &poller{
			polling: newPolling(v.duration("wait_timeout")),
			gate:    p.bucketGate(&known.Deployments[0]),
			retry:   keyed(retry, env),
		}
	}, nil
}

func buildAIMD(v values, _ Env) (Factory, []ParamError) {
	retry, floor := retryOf(v), v["floor"].number/60
	return func(env Env) Strategy {
		gate := &aimdGate{decrease: v.share("decrease"), recover: v.duration("recover"), floor: floor, rate: max(floor, aimdStart), cut: -1}
		return &line{lanes: []lane{{gate: gate}}, retry: keyed(retry, env)}
	}, nil
}

func buildPTU(v values, known Env) (Factory, []ParamError) {
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
			retry:       keyed(retry, env),
			primary:     primary,
			spill:       spill,
			spillOn:     v["spill_on"].statuses,
			returnAfter: v.duration("return_after"),
		}
	}, nil
}

func buildOracle(values, Env) (Factory, []ParamError) {
	return func(env Env) Strategy {
		return &line{lanes: []lane{{gate: truthGate{peek: env.Peek}}}, retry: keyed(oracleRetry(), env), firm: true}
	}, nil
}

func buildPaced(v values, _ Env) (Factory, []ParamError) {
	retry := retryOf(v)
	return func(env Env) Strategy {
		p := &paced{held: -1, aimd: aimd{increase: 1, decrease: 0.5, floor: 1, bound: slowStart, cut: -1}}
		p.line = line{
			lanes:   []lane{{gate: p}},
			retry:   keyed(retry, env),
			waiting: Queue{Order: Fair, Weights: v["weights"].weights, Stretch: int64(v.count("stretch")), Ranked: true},
			workers: slowStart,
		}
		return p
	}, nil
}
