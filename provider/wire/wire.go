// Package wire holds what crosses the wire between a client and a provider: the
// client sends an [Attempt], and the provider sends back a [Reply].
//
// It is the only package that strategies and provider models have in common. A
// strategy must not know more about the provider than a Reply tells it. A Reply
// tells no more than a vendor's status line, headers, error body and usage object
// do: retry-after in whole seconds, rounded remaining counts, and nothing where the
// vendor sends nothing.
//
// Over real HTTP, a [Dialect] puts a provider's [Answer] into a vendor's headers
// and error body, and [Parse] reads those of any vendor back into a Reply. Each
// dialect has a file that says what the vendor sends and how that is known: from
// official pages, from captured replies, or from memory where it says so.
package wire

import (
	"time"
)

// Attempt is one HTTP request as a deployment receives it.
type Attempt struct {
	Call uint64 // the call it is sent for; with Number it names every random draw about this attempt
	// Prefix names what the prompt begins with: of two with the same, the later begins with
	// all of the earlier. 0 = it begins like no other.
	Prefix    uint64
	Number    uint32 // 0 for a call's first attempt
	Prompt    uint32 // tokens of the prompt as the provider counts them
	Guess     uint32 // tokens of the prompt as the provider estimates them at admission
	MaxTokens uint32 // declared bound on the output; 0 means none was declared
	Output    uint32 // tokens the model will produce; known to the driver, used only once they are produced
	// Cached are the tokens of the prompt that the provider has in its cache; at most Prompt.
	// The driver knows them where the workload says which share is cached. A prompt with a
	// Prefix is looked up when it reaches a deployment that has a cache, which sets Cached.
	Cached uint32
	System uint32 // with a Prefix, the tokens at its beginning that all prompts with the same SystemID have; 0 = none

	// What the model notes at Arrive and needs at Finish. Drivers keep these
	// fields as they are between the two calls and do not read them.
	Tickets  [MaxTickets]uint32 // for what was charged when it was admitted
	Reserved int64              // tokens charged then
	Admitted bool               // must be handed to Finish
	Failed   bool               // admitted, and answered with an error
	Streamed bool               // the answer is to come piece by piece, as it is produced; the driver says so
	Band     uint8              // the prices that it pays; see provider.Band

	SystemID uint16 // see System
	// Written are the tokens of the prompt that are put into the cache if the attempt
	// succeeds, where it has no Prefix; see provider.Model.Recall.
	Written uint32
}

// MaxTickets is how many limits on tokens a deployment may have.
const MaxTickets = 3

// Limit names the limit that refused an attempt.
type Limit uint8

// The limits a refusal can come from.
const (
	NoLimit     Limit = iota // not refused by a limit, or the vendor does not say by which
	Requests                 // requests per minute or hour
	Tokens                   // tokens per minute or hour, input and output together
	Input                    // input tokens per minute
	Output                   // output tokens per minute
	Daily                    // requests or tokens per day
	Utilisation              // PTU utilisation is above 100 %
	Billing                  // no credit, or a spend limit reached: waiting does not help
	Oversize                 // the request alone exceeds a limit and can never pass
	Concurrency              // requests at one time
	Ramp                     // usage grows too fast, whatever the limits
	Capacity                 // the vendor's own capacity is short: overload, flex, shared pools
	NumLimits
)

var limitNames = [...]string{"none", "requests", "tokens", "input", "output", "daily", "utilisation",
	"billing", "oversize", "concurrency", "ramp", "capacity"}

func (l Limit) String() string { return limitNames[l] }

// Statuses that need a name of their own. All others are HTTP's.
const (
	StatusOK              = 200
	StatusTooManyRequests = 429
	StatusFlexCapacity    = 498 // Groq: no capacity for a flex request
	StatusOverloaded      = 529 // Anthropic
	// StatusTimeout marks an attempt that got no answer before the client's
	// timeout. It never crosses the wire; the driver makes it up.
	StatusTimeout = 0
	// StatusReset marks an attempt whose connection broke before any of the answer had
	// come. It never crosses the wire either.
	StatusReset = 1
	// StatusGarbled marks an attempt whose answer came as a success but is not the
	// JSON that it says it is. It never crosses the wire either.
	StatusGarbled = 2
	// StatusCut marks an attempt whose connection broke in the middle of the answer. It
	// never crosses the wire either. Many client libraries try again after StatusReset and
	// not after StatusCut, since they read the body where they retry no more.
	StatusCut = 3
)

// Absent stands for a value the reply does not carry.
const Absent = -1

// Quota is one x-ratelimit-{limit,remaining,reset} trio. Each field is Absent
// when the reply lacks it.
type Quota struct {
	Limit     int64
	Remaining int64
	Reset     time.Duration
}

// NoQuota is a trio of which nothing was sent.
var NoQuota = Quota{Absent, Absent, Absent}

// Share returns how much of the limit is left, 1 being all of it or not known.
func (q Quota) Share() float64 {
	switch {
	case q.Remaining == 0:
		return 0
	case q.Remaining < 0 || q.Limit <= 0:
		return 1
	}
	return float64(q.Remaining) / float64(q.Limit)
}

// Advice is whether a server says that a request should be sent again.
type Advice uint8

// The advice there is.
const (
	Unsaid Advice = iota
	Retry
	DoNotRetry
)

// Reply is the answer to one attempt.
type Reply struct {
	Status     int    // HTTP status, or one of those that never cross the wire
	Attempt    uint16 // Number of the attempt it answers
	Deployment uint16 // the deployment that answered, as the client numbers them
	Limit      Limit  // which limit refused, from the error body; NoLimit otherwise
	// ShouldRetry is what x-should-retry says. No provider model sends it.
	ShouldRetry Advice
	InBody      bool          // RetryAfter stands where client libraries do not look: in the error's body, or in a header of the vendor's own
	RetryAfter  time.Duration // the wait the server asks for; Absent when it asks for none
	Requests    Quota
	Tokens      Quota
	Prompt      uint32 // usage, on 200
	Output      uint32
	Cached      uint32 // of Prompt, those that came from the provider's cache
	Written     uint32 // of Prompt, those that were put into it, where the vendor tells
}

// Age lets d pass between the answer and the client's reading it, where resets
// are told as instants.
func (r *Reply) Age(d time.Duration) {
	for _, q := range [...]*Quota{&r.Requests, &r.Tokens} {
		if q.Reset != Absent {
			q.Reset = max(0, q.Reset-d)
		}
	}
}

// Shortage notes that 503 and 529 say that capacity is short, whoever answers so.
func (r *Reply) Shortage() {
	if r.Status == 503 || r.Status == StatusOverloaded {
		r.Limit = Capacity
	}
}

// OK reports whether the attempt succeeded.
func (r *Reply) OK() bool { return r.Status == StatusOK }

// Retryable reports whether the same request can succeed later: timeouts,
// broken connections, garbled answers, 408, 409, 429 and 5xx, unless it is refused for
// money or for its size. This is the set that the OpenAI and Anthropic SDKs retry, less
// the refusals that no wait can cure, and with Groq's 498 and what is garbled.
func (r *Reply) Retryable() bool {
	if r.Limit == Oversize || r.Limit == Billing {
		return false
	}
	switch r.Status {
	case StatusTimeout, StatusReset, StatusGarbled, StatusCut, 408, 409, StatusTooManyRequests, StatusFlexCapacity:
		return true
	}
	return r.Status >= 500
}
