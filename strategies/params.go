package strategies

import (
	"slices"
	"time"
)

// Bounds of parameters. A client that waits a day has been forgotten, and limits are
// exact up to MaxLimit.
const (
	Day      = 24 * 60 * 60 // seconds
	MaxLimit = 1e11         // per minute
)

// The parameters of retries, and those that several strategies have; all others
// stand with what they are of. Nothing writes to them.

var (
	maxRetries = Param{Name: "max_retries", Kind: CountParam, Default: "6", Max: 1000,
		About: "most retries after the first attempt; six backoffs from 1s last 63s, just longer than the one-minute window of a limit"}
	maxElapsed = Param{Name: "max_elapsed", Kind: DurationParam, Default: "0s", Max: Day,
		About: "a call is not sent again later than this after it came; a retry that would be later is not waited for. 0s is no bound but max_retries"}
	delay = Param{Name: "delay", Kind: DurationParam, Default: "1s", Max: Day,
		About: "wait before every retry; 1s is what most hand-written loops sleep"}

	backoffParams = []Param{
		{Name: "base", Kind: DurationParam, Default: "1s", Max: Day,
			About: "delay before the first retry; a limit per minute has noticeably more room after about a second"},
		{Name: "factor", Kind: NumberParam, Default: "2", Min: 1, Max: 100,
			About: "each delay is this many times the one before; all SDKs double"},
		{Name: "max_delay", Kind: DurationParam, Default: "60s", Max: Day,
			About: "longest delay before jitter; a limit per minute is full again after 60s"},
		{Name: "base_5xx", Kind: DurationParam, Min: 0.001, Max: Day,
			About: "delay before the first retry after a failure that is no 429, which may be over sooner than a limit is full again; default: half of base for strategies that retry as retry-after does, and base for the others"},
		maxRetries, maxElapsed,
	}
	jitterParams = []Param{{Name: "jitter", Kind: JitterParam, Default: "25%",
		About: "how delays are spread: none, full, equal, decorrelated, or ± a share of the delay"}}
	afterParams = []Param{
		{Name: "spread", Kind: ShareParam, Default: "10%", Max: 1,
			About: "lengthens the wait that the reply asks for by up to this share, so that calls refused together do not return together"},
		{Name: "max_wait", Kind: DurationParam, Default: "120s", Min: 1, Max: Day,
			About: "a reply that asks for a longer wait ends the call; 120s as in openai-python, where longer waits turned out to be hours"},
	}
	waitTimeout = Param{Name: "wait_timeout", Kind: DurationParam, Default: "30s", Min: 0.001, Max: Day,
		About: "longest wait for tokens; after 30s a user has gone away"}
	order = Param{Name: "order", Kind: ChoiceParam, Default: "fifo", Choices: orderNames[:],
		About: "which call is next: the first to come (fifo), the most urgent (priority), or one of the tenant that has had the fewest tokens (fair)"}
	weights = Param{Name: "weights", Kind: WeightsParam, Min: 0.01, Max: 100, With: With{"order", []string{"fair"}},
		About: "shares of the tenants, such as {web: 3, nightly: 1}; default: 1 each"}
	when = Param{Name: "when", Kind: StatusesParam, Default: "429", With: With{Param: "route"},
		About: "statuses that send a call on to the next deployment and close this one, for as long as the reply asks or else for a backoff; 429 means that it is full"}
	routeParams = []Param{
		{Name: "order", Kind: DeploymentsParam, Min: 2,
			About: "deployments, the preferred one first; default: all in the order of the scenario, without batch APIs"},
		when,
	}
)

func retryParams() []Param { return slices.Concat(backoffParams, jitterParams, afterParams) }

// MaxElapsed returns the parameter of that name, with the bound that a client library has.
func MaxElapsed(usual time.Duration) Param {
	p := maxElapsed
	p.Default, p.About = WriteDuration(usual), p.About+"; the library's own default"
	return p
}
