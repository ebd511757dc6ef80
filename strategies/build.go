package strategies

import "slices"

// faultFaster is how much sooner than a refusal a fault is retried by a policy that tells
// them apart. The SDKs of OpenAI and Anthropic first wait half a second, half of base. A
// quarter would not outlast an outage of half a minute with six retries.
const faultFaster = 2

// retryOf returns the policy that v describes; what v lacks is off.
func retryOf(v Values) Retry {
	p := Retry{
		Backoff: Backoff{
			Base:   v.Duration("base"),
			Max:    v.Duration("max_delay"),
			Factor: v.Number("factor"),
			Jitter: v["jitter"].jitter,
		},
		FaultBase:  v.Duration("base_5xx"),
		MaxRetries: v.Count("max_retries"),
		MaxElapsed: v.Duration("max_elapsed"),
		MaxWait:    v.Duration("max_wait"),
		Spread:     v.Number("spread"),
	}
	if v.Given("max_wait") && p.FaultBase == 0 {
		p.FaultBase = p.Backoff.Base / faultFaster
	}
	if d, given := v["delay"]; given {
		p.Backoff = Backoff{Base: d.duration, Max: d.duration, Factor: 1}
	}
	if ratio, given := v["ratio"]; given {
		p.Budget = &Budget{Ratio: ratio.number, MinPerSecond: v.Number("min_per_s")}
	}
	return p
}

// plainBuilder returns the Builder of a strategy that sends every call at once and is
// told by its parameters what else it does.
func plainBuilder(params ...[]Param) Builder {
	return Builder{Params: slices.Concat(params...), Make: pacedBy(unpaced)}
}

// NoneBuilder makes the strategy that never retries.
func NoneBuilder() Builder { return plainBuilder() }

// NaiveBuilder makes the strategy that retries without a wait.
func NaiveBuilder() Builder { return plainBuilder([]Param{maxRetries, maxElapsed}) }

// FixedBuilder makes the strategy that waits equally long before each retry.
func FixedBuilder() Builder { return plainBuilder([]Param{delay, maxRetries, maxElapsed}) }

// BackoffBuilder makes exponential backoff without jitter.
func BackoffBuilder() Builder { return plainBuilder(backoffParams) }

// JitterBuilder makes exponential backoff with jitter.
func JitterBuilder() Builder { return plainBuilder(backoffParams, jitterParams) }

// RetryAfterBuilder makes the strategy that waits as long as replies ask.
func RetryAfterBuilder() Builder { return plainBuilder(retryParams()) }

// BudgetBuilder makes exponential backoff with jitter and a retry budget.
func BudgetBuilder() Builder { return plainBuilder(backoffParams, jitterParams, budgetParams) }

// BreakerBuilder makes exponential backoff with jitter behind a circuit breaker.
func BreakerBuilder() Builder {
	return plainBuilder(backoffParams, jitterParams, breakerParams, []Param{waitTimeout})
}
