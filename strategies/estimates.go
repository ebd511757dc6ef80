package strategies

import (
	"math"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// PromptCount is how a strategy wants the prompts of its calls counted.
type PromptCount uint8

// The ways to count, beside that of the application.
const (
	AsGiven PromptCount = iota // as the application estimates them
	Exactly                    // by the vocabulary of the model
	ByChars                    // a quarter of their characters
)

// CountsPrompts is an interface that a Strategy may implement. It says how the driver fills
// in Call.EstimatedPrompt, for only the driver knows the text.
type CountsPrompts interface{ CountsPrompts() PromptCount }

// The estimators, as users name them.
const (
	byExact     = "exact"
	byChars     = "chars"
	byFixed     = "fixed"
	byLearning  = "learned"
	byMaxTokens = "max_tokens"
)

// Estimates says how many tokens calls are taken to cost, where that is not what the
// application says. It rewrites EstimatedPrompt and MaxTokens of a call when it comes, so that
// all parts of the strategy reserve the same for it.
type Estimates struct {
	how     string
	fixed   uint32
	tenants []learned // by Call.Tenant; the last one is for all that have none of their own
}

const (
	// mostLearned bounds the tenants that are learned from one by one.
	mostLearned = 1024
	// leastLearned is how many answers of a tenant are needed before anything is concluded
	// from them; batchLearned is after how many the ratio is worked out anew.
	leastLearned, batchLearned = 8, 64
	// memory is how many answers the mean of outputs goes back: lengths of answers change with
	// the application's prompts, which change within hours.
	memory = 256
)

// learned is what is known of the usage of one tenant.
//
// The ratio of prompts is that of two sums: what providers counted, and what the application
// had estimated. A call does not carry what was estimated before the ratio was applied. So
// the ratio stays the same until a batch of answers is in, and only calls that came under the
// present ratio count: of those it is known by what their estimate was multiplied. Calls that
// were under way when it changed are left out. At each change the sums are halved, so that the
// ratio follows when texts change.
type learned struct {
	ratio          float64    // of prompts, counted ÷ estimated; 0 = not known
	since          clock.Time // when the ratio was worked out
	used, believed float64    // of prompts under the present ratio, and before with half the weight
	batch          int        // answers in the sums since the ratio was worked out
	output         float64    // mean
	answers        int        // at most memory
}

func newEstimates(v Values, env Env) *Estimates {
	e := &Estimates{how: v.Text("estimator"), fixed: uint32(v.Count("fixed_tokens"))}
	switch e.how {
	case "":
		return nil
	case byLearning:
		e.tenants = make([]learned, 1, max(1, min(len(env.Tenants), mostLearned)))
		e.tenants[0].since = -1
		e.grow(len(env.Tenants) - 1)
	}
	return e
}

// grow makes room for a tenant, if it is not one too many.
func (e *Estimates) grow(tenant int) {
	for len(e.tenants) <= min(tenant, mostLearned-1) {
		e.tenants = append(e.tenants, learned{since: -1})
	}
}

// counts returns how prompts are to be counted.
func (e *Estimates) counts() PromptCount {
	switch {
	case e == nil:
	case e.how == byExact:
		return Exactly
	case e.how == byChars:
		return ByChars
	}
	return AsGiven
}

// begin estimates c, which has just come.
func (e *Estimates) begin(c *Call) {
	switch e.how {
	case byFixed:
		c.EstimatedPrompt, c.MaxTokens = e.fixed, 0
	case byMaxTokens:
		if c.MaxTokens > 0 {
			c.EstimatedPrompt = 0
		}
	case byLearning:
		if int(c.Tenant) >= len(e.tenants) {
			e.grow(int(c.Tenant))
		}
		e.tenants[min(int(c.Tenant), len(e.tenants)-1)].begin(c)
	}
}

// learn learns from r, which served c.
func (e *Estimates) learn(now clock.Time, c *Call, r *wire.Reply) {
	if e.how == byLearning && r.Prompt > 0 { // else the reply tells no usage
		e.tenants[min(int(c.Tenant), len(e.tenants)-1)].learn(now, c, r)
	}
}

func (l *learned) begin(c *Call) {
	if l.ratio > 0 {
		c.EstimatedPrompt = tokensOf(l.ratio * float64(c.EstimatedPrompt))
	}
	if l.answers >= leastLearned {
		output := tokensOf(l.output)
		if c.MaxTokens > 0 {
			output = min(output, c.MaxTokens)
		}
		c.MaxTokens = output
	}
}

func (l *learned) learn(now clock.Time, c *Call, r *wire.Reply) {
	l.answers = min(l.answers+1, memory)
	l.output += (float64(r.Output) - l.output) / float64(l.answers)
	if c.Arrived <= l.since {
		return
	}
	believed := float64(c.EstimatedPrompt)
	if l.ratio > 0 {
		believed /= l.ratio
	}
	l.used += float64(r.Prompt)
	l.believed += believed
	l.batch++
	if l.believed > 0 && (l.batch >= batchLearned || l.ratio == 0 && l.batch >= leastLearned) {
		l.ratio, l.since, l.batch = l.used/l.believed, now, 0
		l.used, l.believed = l.used/2, l.believed/2
	}
}

func tokensOf(x float64) uint32 { return uint32(math.Round(min(max(x, 1), math.MaxUint32))) }

// estimatorParams say how calls are estimated, where a strategy paces by tokens.
var estimatorParams = []Param{
	{Name: "estimator", Kind: ChoiceParam, Choices: []string{byExact, byChars, byFixed, byLearning, byMaxTokens},
		About: "how many tokens a call is taken to cost until its usage is known. exact and chars count the prompt, by the model's vocabulary or as a quarter of its characters, and add max_tokens; fixed is fixed_tokens; max_tokens leaves the prompt out; learned corrects the application's estimate by what the calls of the tenant used, and adds the mean of their answers; default: the application's estimate (in a scenario workload[].estimate) and max_tokens"},
	{Name: "fixed_tokens", Kind: CountParam, Default: "1000", Min: 1, Max: 1e9, With: With{"estimator", []string{byFixed}},
		About: "tokens of a call, prompt and answer, for the estimator fixed; 1000 is about what a chat call uses"},
}
