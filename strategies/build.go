package strategies

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
