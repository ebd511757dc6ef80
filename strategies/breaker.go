package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// Breaker is a circuit breaker (Nygard, "Release It!", 2007): after so many
// failures in a row it opens, and nothing is sent for a while. Then one attempt
// probes the server: it closes the breaker when it is answered and opens it again
// when it fails.
// A failure is an outcome after which the same request may succeed later: 429, 5xx, or a
// timeout. An error in the request itself shows that the server is up. Replies to
// attempts that were sent before the breaker last opened do not count, because that
// failure has been counted already.
type Breaker struct {
	Failures int           // in a row that open it, 1 or more
	OpenFor  time.Duration // how long, unless the reply asks for longer, above 0
	// Most is the longest wait that a reply may ask for; with 0 no wait is obeyed.
	Most time.Duration

	row   int
	open  bool
	since clock.Time // when it opened last
	probe uint64     // ID of the call whose attempt probes, + 1; 0 = none
}

// Probing reports whether an attempt is in flight that must end before another is
// sent.
func (b *Breaker) Probing() bool { return b.probe != 0 }

// Sent notes that an attempt of c is being sent. That must not be before the time until
// which the breaker is open.
func (b *Breaker) Sent(c *Call) {
	if b.open {
		b.probe = c.ID + 1
	}
}

// Answered notes that r answered the attempt of c that was sent at c.Since. It returns
// the time until which nothing is to be sent; 0 if the breaker does not forbid it.
func (b *Breaker) Answered(now clock.Time, c *Call, r *wire.Reply) clock.Time {
	failed := r.Retryable() && !r.OK()
	switch {
	case b.open && b.probe != c.ID+1, !b.open && c.Since < b.since:
		return 0
	case !failed:
		b.open, b.row, b.probe = false, 0, 0
		return 0
	}
	b.row++
	if !b.open && b.row < b.Failures {
		return 0
	}
	b.open, b.row, b.probe, b.since = true, 0, 0, now
	return now.Add(max(b.OpenFor, min(r.RetryAfter, b.Most)))
}

// Lost notes that the attempt of c in flight was given up. If it was the probe, the
// next attempt is the probe.
func (b *Breaker) Lost(c *Call) {
	if b.probe == c.ID+1 {
		b.probe = 0
	}
}

var openFor = Param{Name: "open_for", Kind: DurationParam, Default: "30s", Min: 0.001, Max: Day, With: With{Param: "breaker"},
	About: "how long nothing is sent then; after it one attempt probes. 30s is Envoy's first ejection"}

var breakerParams = []Param{
	{Name: "failures", Kind: CountParam, Default: "5", Min: 1, Max: 1e6,
		About: "how many 429s, 5xx and timeouts in a row open the breaker; 5 as in Envoy's outlier detection"},
	openFor,
}
