package strategies

import "slices"

// Bounds of parameters: a client that waits a day has been forgotten, and
// limits are exact up to maxLimit.
const (
	day      = 24 * 60 * 60 // seconds
	maxLimit = 1e11         // per minute
)

// The parameters, by the part of a strategy that they belong to. Nothing
// writes to them.

var (
	maxRetries = Param{Name: "max_retries", Kind: CountParam, Default: "6", Max: 1000,
		About: "retries after the first attempt; six backoffs from 1s last 63s, just past a limit's one-minute window"}
	delay = Param{Name: "delay", Kind: DurationParam, Default: "1s", Max: day,
		About: "wait before every retry; 1s is what most hand-written loops sleep"}

	backoffParams = []Param{
		{Name: "base", Kind: DurationParam, Default: "1s", Max: day,
			About: "delay before the first retry; a refill of a per-minute limit is noticeable after about a second"},
		{Name: "factor", Kind: NumberParam, Default: "2", Min: 1, Max: 100,
			About: "each delay is this times the one before; doubling is what all SDKs do"},
		{Name: "max_delay", Kind: DurationParam, Default: "60s", Max: day,
			About: "longest delay before jitter; limits per minute are whole again after 60s"},
		{Name: "base_5xx", Kind: DurationParam, Min: 0.001, Max: day,
			About: "delay before the first retry after anything but a 429; default: base. A fault may be over sooner than a limit is whole again"},
		maxRetries,
	}
	jitterParams = []Param{{Name: "jitter", Kind: JitterParam, Default: "25%",
		About: "how delays are spread: none, full, equal, decorrelated, or ± a share of the delay"}}
	afterParams = []Param{
		{Name: "spread", Kind: ShareParam, Default: "10%", Max: 1,
			About: "lengthens what the reply asks by up to this share, so that calls refused together do not come back together"},
		{Name: "max_wait", Kind: DurationParam, Default: "120s", Min: 1, Max: day,
			About: "a reply that asks for more ends the call; 120s as in openai-python, where waits beyond two minutes turned out to be hours"},
	}
	bucketParams = []Param{
		{Name: "capacity", Kind: CountParam, Min: 1, Max: maxLimit,
			About: "most tokens the bucket holds; default: one minute's worth of the advertised limit of the deployment"},
		{Name: "refill", Kind: NumberParam, Min: 1, Max: maxLimit / 60,
			About: "tokens per second; default: the advertised tokens per minute of the deployment ÷ 60"},
		{Name: "smooth", Kind: BoolParam, Default: "false",
			About: "true: no burst, each call waits until the tokens of the one before have been refilled, as batch jobs that sleep between calls; capacity does not matter then"},
	}
	waitTimeout = Param{Name: "wait_timeout", Kind: DurationParam, Default: "30s", Min: 0.001, Max: day,
		About: "longest wait for tokens; a user has gone away by then"}
	fair = Param{Name: "fair", Kind: BoolParam, Default: "true",
		About: "true: first come, first served; false: every call looks again at least every 500 ms, and large ones can starve"}
	poolParams = []Param{
		{Name: "workers", Kind: CountParam, Default: "10", Min: 1, Max: 1e6,
			About: "attempts in flight at most; ten are enough for a pool that is not meant to be the limit"},
		{Name: "max_queue", Kind: CountParam, Default: "0", Max: 1e9,
			About: "calls waiting at most, more are turned away at once; 0 turns none away"},
	}
	order = Param{Name: "order", Kind: ChoiceParam, Default: "fifo", Choices: orderNames[:],
		About: "who is next: the first to come, the most urgent, or the tenant that has had the fewest tokens"}
	weights = Param{Name: "weights", Kind: WeightsParam, Min: 0.01, Max: 100, With: With{"order", []string{"fair"}},
		About: "tenants' shares, as web=3, nightly=1; default: 1 each"}
	windowParams = []Param{{Name: "reserve", Kind: BoolParam, Default: "true",
		About: "true: counts a call's tokens when it is sent and corrects them by its usage; false: counts them when its reply comes"}}
	headerParams = []Param{
		{Name: "slow_below", Kind: ShareParam, Default: "20%", Max: 1,
			About: "when less than this share of a limit is left, sends are paced at the rate at which it refills"},
		{Name: "hold_above", Kind: ShareParam, Default: "80%", Min: 0.01, Max: 1,
			About: "a call that needs more than this share of what is left is held until it does not; the rest is for what other instances send meanwhile"},
	}
	ptuParams = []Param{
		{Name: "primary", Kind: DeploymentParam,
			About: "tried first; default: the first provisioned deployment"},
		{Name: "spill", Kind: DeploymentParam,
			About: "tried when primary refuses; default: the first other deployment that is no batch API"},
		{Name: "spill_on", Kind: StatusesParam, Default: "429",
			About: "statuses of primary that spill; a full deployment answers 429"},
		{Name: "return_after", Kind: DurationParam, Default: "0s", Max: day,
			About: "how long after a refusal calls go to spill directly; 0s tries primary first every time, as Azure's spillover does"},
	}
	when = Param{Name: "when", Kind: StatusesParam, Default: "429", With: With{Param: "route"},
		About: "statuses that send a call on to the next, and close the deployment for as long as the reply asks, else a backoff; 429 is full"}
	routeParams = []Param{
		{Name: "order", Kind: DeploymentsParam, Min: 2,
			About: "deployments, the preferred first; default: all in the scenario's order, but batch APIs"},
		when,
	}
	latencyOK = Param{Name: "latency_ok", Kind: DurationParam, Default: "24h", Max: 366 * day,
		About: "a call can wait if its deadline is at least so far away, or it has none; 24h is what batch APIs promise"}
	batchParams = []Param{
		{Name: "batch", Kind: DeploymentParam,
			About: "the batch API; default: the first deployment that is one"},
		latencyOK,
		{Name: "discount", Kind: ShareParam, Default: "0%", Max: 1,
			About: "least discount that is worth the wait; vendors give 50%, and 0% takes any"},
	}
	burst = Param{Name: "burst", Kind: DurationParam, Default: "60s", Min: 0.001, Max: day,
		About: "a tenant may send at once what its share of the tokens per minute gives in this time; 60s is the window of the limit that is shared"}
	adaptiveParams = []Param{
		{Name: "increase", Kind: NumberParam, Default: "1", Max: 1000,
			About: "attempts in flight that a round of successes adds; 1 as in TCP and in llm-d's batch gateway"},
		{Name: "decrease", Kind: ShareParam, Default: "50%", Max: 1,
			About: "share of the bound that a 429 leaves; half as in TCP and llm-d (NVIDIA's DataDesigner leaves 75%)"},
		{Name: "floor", Kind: CountParam, Default: "1", Min: 1, Max: 1e6,
			About: "attempts in flight that are always allowed; with none, nothing would ever be tried again"},
	}
	minPerSecond = Param{Name: "min_per_s", Kind: NumberParam, Default: "10", Max: 1e6, With: With{Param: "budget"},
		About: "retries a second allowed besides, per instance; 10 as in Finagle and linkerd"}
	budgetParams = []Param{
		{Name: "ratio", Kind: ShareParam, Default: "20%", Max: 10,
			About: "retries per call over ten seconds; 20% is what Finagle, linkerd and Envoy allow"},
		minPerSecond,
	}
	openFor = Param{Name: "open_for", Kind: DurationParam, Default: "30s", Min: 0.001, Max: day, With: With{Param: "breaker"},
		About: "how long nothing is sent then; 30s is Envoy's first ejection. After it one attempt probes"}
	breakerParams = []Param{
		{Name: "failures", Kind: CountParam, Default: "5", Min: 1, Max: 1e6,
			About: "429s, 5xx and timeouts in a row that open it; 5 as in Envoy's outlier detection"},
		openFor,
	}
)

// pacedParams are those of its parts, some with defaults of its own.
func pacedParams() []Param {
	own := []Param{
		{Name: "base", Kind: DurationParam, Default: "2s", Max: day,
			About: "what a call refused twice waits more than it is asked to, doubled each time; an answer takes about 2s, and nothing new is known before"},
		{Name: "max_retries", Kind: CountParam, Default: "20", Max: 1000,
			About: "retries after the first attempt; calls are seldom refused, and 20 probes outlast an outage of three and a half minutes"},
		{Name: "min_per_s", Kind: NumberParam, Default: "0.1", Max: 1e6,
			About: "retries of failures a second allowed besides, per instance; one in ten seconds is enough for a fault now and then, more is an outage"},
		{Name: "stretch", Kind: CountParam, Default: "200", Max: 1000,
			About: "small calls overtake: a call waits for at most this times its own tokens of later ones; 0 is first come, first served within a tenant"},
	}
	shares := weights
	shares.With = With{}
	own = append(own, shares)
	list := slices.Concat(retryParams(), budgetParams)
	for _, p := range own {
		if i := slices.IndexFunc(list, func(q Param) bool { return q.Name == p.Name }); i >= 0 {
			list[i] = p
		} else {
			list = append(list, p)
		}
	}
	return list
}

func retryParams() []Param { return slices.Concat(backoffParams, jitterParams, afterParams) }
