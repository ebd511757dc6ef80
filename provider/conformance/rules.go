package conformance

import (
	"fmt"

	"ratesim/provider/calls"
	"ratesim/provider/wire"
)

// Rule is one thing that clients are held to: the share of some cases that are bad.
type Rule struct {
	Name     string   `json:"name"`
	Measures string   `json:"measures"` // which cases are bad, of which
	Warn     float64  `json:"warn"`     // share above which it is a warning
	Fail     float64  `json:"fail"`     // share above which it is a failure; 0 = never
	Least    int64    `json:"least"`    // of fewer cases it says nothing
	Required bool     `json:"required"` // where no client exercised it, the run is not a pass
	Sure     string   `json:"sure"`     // how sure the judgement is, and why the shares are what they are
	Sources  []Source `json:"sources"`  // that demand it
	Exercise string   `json:"exercise"` // what exercises it

	good string                  // what a client does that keeps it
	bad  func(f *Finding) string // what one does that does not, and what it should do
	// measure adds an attempt to the cases; nil where no client does it alone.
	measure func(c *client, e *Event) cases
}

// Source is where a rule is from.
type Source struct {
	Says string `json:"says"`
	URL  string `json:"url"`
}

// cases are what a rule counts.
type cases struct {
	of, bad int64
	unclear int64 // cases of which nobody can tell whether they are bad; not among of
	why     doubt
}

// doubt is why nobody can tell.
type doubt uint8

const (
	certain doubt = iota
	twins
	alike
	guessed
)

var doubts = [...]string{
	twins:   "calls of this client have the same body, and nothing else names them",
	alike:   "calls with the same body were waiting at one time, and the number of retries does not tell which of them came back",
	guessed: "the same body came again, which may be a retry or another call",
}

func (n *cases) add(m cases) {
	n.of, n.bad, n.unclear = n.of+m.of, n.bad+m.bad, n.unclear+m.unclear
	n.why = max(n.why, m.why)
}

// The rules, in the order of rules.
const (
	retryAfter = iota
	hopeless
	amplification
	exhausted
	headroom
	lockstep
	numRules
)

// Rules returns all rules.
func Rules() []Rule { return rules() }

const ( // what several rules have in common
	shares = "A single case may be an accident, such as a restart: one in a hundred is a warning. It fails when the share is above a tenth with a confidence of 95 %. " +
		"A tenth is also what Google allows retries to add to a client's load."
	recognised = "Which attempts belong to one call is known by an idempotency key, the number of retries or the id of an invocation, and otherwise by body and connection. Where that does not tell, the rule says so."
)

// rules is in the order of the constants.
func rules() []Rule { return append(callRules(), loadRules()...) }

// callRules are those that a single call can exercise.
func callRules() []Rule {
	return []Rule{
		{Name: "retry-after", Warn: 0.01, Fail: 0.1, Least: 1, Required: true,
			Measures: "retries that came before the wait was over that the answer before had asked for, of all retries of answers that asked for one; 10 ms too early is on time",
			Sure:     shares + " " + recognised,
			Sources: []Source{{"requests that come before retry-after is over fail", "https://platform.claude.com/docs/en/api/rate-limits#response-headers"},
				{"Retry-After says how long a client ought to wait before it sends another request", "https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"},
				{"clients should wait at least as long as RetryInfo says", "https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto"}},
			Exercise: "refuse calls and ask them to wait: --script with '- replies: [{status: 429, retry_after: 2s}, 200]'",
			good:     "Waits as long as it is asked to.",
			bad: func(f *Finding) string {
				return fmt.Sprintf("Came back before Retry-After asked with %d of %d retries; wait at least as long as the answer says.", f.Bad, f.Of)
			},
			measure: measureRetryAfter},
		{Name: "hopeless", Warn: 0, Fail: 0.1, Least: 1, Required: true,
			Measures: "answers that no wait can cure (no credit, too large, or a 4xx other than 408, 409 and 429) after which the same call was sent again, of all such answers",
			Sure:     "No such retry can succeed, so one is a warning. It fails when the share is above a tenth with a confidence of 95 %. A retry is one for certain only if an idempotency key, the number of retries or the id of an invocation says so: applications may have calls with the same body.",
			Sources: []Source{{"permanent errors and malformed requests must not be retried (chapter 22, Retries)", "https://sre.google/sre-book/addressing-cascading-failures/"},
				{"429 insufficient_quota: buy credit or raise the limit", "https://platform.openai.com/docs/guides/error-codes"},
				{"429 with enforced_spend_limit_reached lasts until the next month", "https://platform.claude.com/docs/en/api/rate-limits"}},
			Exercise: "answer calls with what cannot be cured: --script with '- replies: [{status: 429, limit: billing, times: 10}]', or --faults with '- {kind: billing, at: 0s}'",
			good:     "Gives up on what can never succeed.",
			bad: func(f *Finding) string {
				return fmt.Sprintf("Sent a call again after %d of %d answers that no wait can cure (no credit, too large, or malformed); give up on those.", f.Bad, f.Of)
			},
			measure: measureHopeless},
		{Name: "amplification", Warn: 0, Fail: 0.1, Least: 1, Required: true,
			Measures: "calls of which three attempts had failed, and that were sent a fourth time, of all calls of which three attempts failed; an attempt that an answer asked for, and that waited as long, does not count",
			Sure:     "It is counted for each call, so that one call suffices. It fails when the share is above a tenth with a confidence of 95 %. " + recognised,
			Sources:  []Source{{"a request that has failed three times is not sent again (chapter 21, Deciding to Retry)", "https://sre.google/sre-book/handling-overload/"}},
			Exercise: "let calls fail more than three times: --script with '- replies: [{status: 503, times: 10}]'",
			good:     "Gives up after three attempts that nobody asked for.",
			bad: func(f *Finding) string {
				return fmt.Sprintf("Sent %d of %d calls again that had failed three times; bound the retries of a call.", f.Bad, f.Of)
			},
			measure: measureAmplification},
	}
}

// loadRules are those that only load exercises.
func loadRules() []Rule {
	return []Rule{
		{Name: "exhausted", Warn: 0.01, Fail: 0.1, Least: 1,
			Measures: "attempts that a limit refused although an answer had told that nothing was left until later, of all attempts after the first such answer; a client has 250 ms to read it, and nothing is left until the wait or the reset that it tells, whichever is earlier",
			Sure:     "It needs no knowledge of calls: whatever is sent in that time is in vain. " + shares,
			Sources: []Source{{"unsuccessful requests count against the limit, so sending them again and again does not work", "https://help.openai.com/en/articles/5955604-how-can-i-solve-429-too-many-requests-errors"},
				{"x-ratelimit-remaining and x-ratelimit-reset tell what is left and until when", "https://platform.openai.com/docs/guides/rate-limits"}},
			Exercise: "send more than a limit lets in: a --provider with low limits, or --faults with '- {kind: limit-cut, at: 0s, to: 0.01}'",
			good:     "Sends nothing while it knows that nothing is left.",
			bad: func(f *Finding) string {
				return fmt.Sprintf("Sent %d of %d requests in vain after an answer had told that nothing was left; hold all requests back until the time it names.", f.Bad, f.Of)
			},
			measure: measureExhausted},
		{Name: "headroom", Warn: 0.05, Least: 1,
			Measures: "attempts that a limit refused, of all attempts; it is exercised when a limit refuses an attempt or an answer tells that 5 % of a limit or less is left",
			Sure:     "It needs no knowledge of calls. It is only ever a warning: a client cannot see what others take from the same limit, and does not know it before the first answer.",
			Sources: []Source{{"avoid sharp changes of the load, and increase it gradually", "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota#rate-limit-best-practices"},
				{"ramp traffic up gradually and keep it even", "https://platform.claude.com/docs/en/api/errors"}},
			Exercise: "send about as much as a limit lets in: a --provider with low limits",
			good:     "Slows down before a limit refuses it.",
			bad: func(f *Finding) string {
				return fmt.Sprintf("Limits refused %d of %d requests; begin slowly, and slow down as x-ratelimit-remaining falls.", f.Bad, f.Of)
			},
			measure: measureHeadroom},
		{Name: "lockstep", Warn: 0.2, Fail: 0.4, Least: 100,
			Measures: "pairs of retries after 429s that came within the same tenth of a second, of all pairs within the same second; by chance it is a tenth of them",
			Sure:     "Twice as many as by chance is a warning, and four times as many a failure if they are so with a confidence of 95 %. With 100 pairs, chance alone makes 20 % of them less often than once in a thousand runs.",
			Sources: []Source{{"retries are spread with random exponential backoff, or they come in ripples (chapter 22, Retries)", "https://sre.google/sre-book/addressing-cascading-failures/"},
				{"backoff without jitter comes in clusters", "https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"}},
			Exercise: "refuse many calls within the same second: --script with '- replies: [{status: 429, retry_after: 1s}, 200]', and 20 calls at one time",
			good:     "Retries after 429s are spread in time.",
			bad: func(f *Finding) string {
				return fmt.Sprintf("Retries after 429s came within the same %v %.1f times as often as by chance; add jitter to the wait.", herdWindow, f.Share*herdWindows)
			}},
	}
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func measureRetryAfter(_ *client, e *Event) cases {
	a, b := &e.Attempt, &e.Attempt.Before
	switch {
	case b.Outcome != calls.Failed || !b.Asked || b.Wait <= 0 || b.Deployment != e.Deployment:
		return cases{} // who turns to another deployment does not come back
	case a.Alike:
		return cases{unclear: 1, why: alike}
	case a.Early && a.Guessed:
		return cases{unclear: 1, why: guessed}
	}
	return cases{of: 1, bad: one(a.Early)}
}

func measureHopeless(_ *client, e *Event) cases {
	a := &e.Attempt
	n := cases{of: one(e.Outcome() == calls.Hopeless)}
	switch again := a.Before.Outcome == calls.Hopeless; {
	case again && !a.Guessed:
		n.bad = 1
	case again || a.Again: // the answer before was counted as one that nothing came after
		n.of, n.unclear, n.why = n.of-1, 1, guessed
	}
	return n
}

func measureAmplification(_ *client, e *Event) cases {
	a, bidden := &e.Attempt, e.Attempt.Bidden
	switch {
	case bidden:
	case a.Unbidden == most && e.Outcome() == calls.Failed && !a.Guessed:
		return cases{of: 1}
	case a.Unbidden == most+1 && a.Before.Outcome == calls.Failed && a.Guessed:
		return cases{unclear: 1, why: guessed}
	case a.Unbidden == most+1 && a.Before.Outcome == calls.Failed:
		return cases{bad: 1}
	}
	return cases{}
}

func measureExhausted(c *client, e *Event) cases {
	if c.knewFrom.IsZero() || e.At.Before(c.knewFrom) {
		return cases{}
	}
	known := c.exhausted[e.Deployment]
	return cases{of: 1, bad: one(e.Limited() && e.Reply.Retryable() && e.At.After(known.from) && e.At.Before(known.until))}
}

func measureHeadroom(c *client, e *Event) cases {
	if e.Scripted || e.Deployment == "" {
		return cases{}
	}
	refused := false
	switch e.Reply.Limit {
	case wire.Requests, wire.Tokens, wire.Input, wire.Output, wire.Utilisation, wire.Concurrency, wire.Ramp:
		refused = true
	}
	c.near = c.near || refused || min(e.Reply.Requests.Share(), e.Reply.Tokens.Share()) <= low
	return cases{of: 1, bad: one(refused)}
}
