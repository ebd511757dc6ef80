package strategies

import "slices"

// Bounds of parameters: a client that waits a day has been forgotten, and
// limits are exact up to maxLimit.
const (
	day      = 24 * 60 * 60 // seconds
	maxLimit = 1e11         // per minute
)

// The parameters of retries, and those that several strategies have; all others
// stand with what they are of. Nothing writes to them.

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
	waitTimeout = Param{Name: "wait_timeout", Kind: DurationParam, Default: "30s", Min: 0.001, Max: day,
		About: "longest wait for tokens; a user has gone away by then"}
	order = Param{Name: "order", Kind: ChoiceParam, Default: "fifo", Choices: orderNames[:],
		About: "who is next: the first to come, the most urgent, or the tenant that has had the fewest tokens"}
	weights = Param{Name: "weights", Kind: WeightsParam, Min: 0.01, Max: 100, With: With{"order", []string{"fair"}},
		About: "tenants' shares, as web=3, nightly=1; default: 1 each"}
	when = Param{Name: "when", Kind: StatusesParam, Default: "429", With: With{Param: "route"},
		About: "statuses that send a call on to the next, and close the deployment for as long as the reply asks, else a backoff; 429 is full"}
	routeParams = []Param{
		{Name: "order", Kind: DeploymentsParam, Min: 2,
			About: "deployments, the preferred first; default: all in the scenario's order, but batch APIs"},
		when,
	}
)

func retryParams() []Param { return slices.Concat(backoffParams, jitterParams, afterParams) }
