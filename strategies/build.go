package strategies

// faultFaster is how much sooner than a refusal a fault is retried by a policy that tells
// them apart. The SDKs of OpenAI and Anthropic first wait half a second, half of base. A
// quarter would not outlast an outage of half a minute with six retries.
const faultFaster = 2

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
		MaxElapsed: v.duration("max_elapsed"),
		MaxWait:    v.duration("max_wait"),
		Spread:     v.share("spread"),
	}
	if _, after := v["max_wait"]; after && p.FaultBase == 0 {
		p.FaultBase = p.Backoff.Base / faultFaster
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
