package strategies

import (
	"fmt"
	"math"
	"slices"

	"ratesim/sim/limit"
)

// retryOf returns the policy that v describes; what v lacks is off.
func retryOf(v values) Retry {
	return Retry{
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
}

func fixedRetry(v values) Retry {
	d := v.duration("delay")
	return Retry{Backoff: Backoff{Base: d, Max: d, Factor: 1}, MaxRetries: v.count("max_retries")}
}

func buildRetrying(policy func(values) Retry) func(values, []Deployment) (Factory, []ParamError) {
	return func(v values, _ []Deployment) (Factory, []ParamError) {
		retry := policy(v)
		return func(env Env) Strategy { return &retrying{keyed(retry, env)} }, nil
	}
}

func buildBudget(v values, _ []Deployment) (Factory, []ParamError) {
	retry := retryOf(v)
	budget := Budget{Ratio: v.share("ratio"), MinPerSecond: v["min_per_s"].number}
	return func(env Env) Strategy {
		return &budgeted{retrying: retrying{keyed(retry, env)}, budget: budget}
	}, nil
}

func buildAdaptive(v values, _ []Deployment) (Factory, []ParamError) {
	retry, floor := retryOf(v), v["floor"].number
	return func(env Env) Strategy {
		a := &adaptive{aimd: aimd{increase: v["increase"].number, decrease: v.share("decrease"), floor: floor, bound: max(floor, slowStart), cut: -1}}
		a.line = line{gate: a, retry: keyed(retry, env), workers: int(a.bound), pauses: true}
		return a
	}, nil
}

func buildPaced(v values, _ []Deployment) (Factory, []ParamError) {
	retry := retryOf(v)
	budget := Budget{Ratio: v.share("ratio"), MinPerSecond: v["min_per_s"].number}
	return func(env Env) Strategy {
		p := &paced{budget: budget, held: -1, aimd: aimd{increase: 1, decrease: 0.5, floor: 1, bound: slowStart, cut: -1}}
		p.line = line{
			gate:    p,
			retry:   keyed(retry, env),
			waiting: Queue{Order: Fair, Stretch: int64(v.count("stretch")), Ranked: true},
			workers: slowStart,
		}
		return p
	}, nil
}

// keyed returns p with the key of env.
func keyed(p Retry, env Env) Retry {
	p.Key = env.Key
	return p
}

func buildTokenBucket(v values, deployments []Deployment) (Factory, []ParamError) {
	capacity := deployments[0].TPM
	perMinute := capacity
	if c, given := v["capacity"]; given {
		capacity = int64(c.number)
	}
	if r, given := v["refill"]; given {
		perMinute = int64(math.Round(60 * r.number))
	}
	if capacity == 0 || perMinute == 0 {
		return nil, []ParamError{{Msg: fmt.Sprintf(
			"capacity and refill must be given, for deployment %q names no tokens per minute", deployments[0].Name)}}
	}
	retry, patience := retryOf(v), v.duration("wait_timeout")
	smooth, most := v["smooth"].truth, capacity
	if smooth {
		capacity, most = 0, perMinute
	}
	return func(env Env) Strategy {
		gate := bucketGate{limit.NewBucket(capacity, perMinute, limit.Window), most, smooth}
		if !v["fair"].truth {
			return &poller{gate: gate, retry: keyed(retry, env), patience: patience}
		}
		return &line{gate: gate, retry: keyed(retry, env), patience: patience, firm: true}
	}, nil
}

func buildPool(v values, deployments []Deployment) (Factory, []ParamError) {
	retry, reserve := retryOf(v), v["reserve"].truth
	order := Order(slices.Index(orderNames[:], v["order"].text))
	return func(env Env) Strategy {
		gate := &windowGate{reserve: reserve}
		if rpm := deployments[0].RPM; rpm > 0 {
			gate.requests = limit.NewLog(rpm, limit.Window)
		}
		if tpm := deployments[0].TPM; tpm > 0 {
			gate.tokens = limit.NewLog(tpm, limit.Window)
		}
		return &line{
			gate:     gate,
			retry:    keyed(retry, env),
			waiting:  Queue{Order: order},
			workers:  v.count("workers"),
			maxQueue: v.count("max_queue"),
			firm:     !reserve,
			pauses:   true,
		}
	}, nil
}

func buildHeaderAware(v values, _ []Deployment) (Factory, []ParamError) {
	retry := retryOf(v)
	return func(env Env) Strategy {
		h := &headerAware{slowBelow: v.share("slow_below"), holdAbove: v.share("hold_above")}
		h.line = line{gate: h, retry: keyed(retry, env), workers: slowStart, pauses: true}
		return h
	}, nil
}

func buildPTU(v values, deployments []Deployment) (Factory, []ParamError) {
	primary := slices.IndexFunc(deployments, func(d Deployment) bool { return d.Provisioned })
	if p, given := v["primary"]; given {
		primary = int(p.number)
	}
	if primary < 0 {
		return nil, []ParamError{{Param: "primary", Msg: "must be given, for no deployment is provisioned"}}
	}
	spill := 0
	if primary == 0 {
		spill = 1
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

func buildOracle(values, []Deployment) (Factory, []ParamError) {
	return func(env Env) Strategy {
		return &line{gate: truthGate{env.Peek}, retry: keyed(oracleRetry(), env), firm: true}
	}, nil
}
