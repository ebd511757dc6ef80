package wire

import (
	"cmp"
	"net/http"
	"strconv"
	"time"
)

// Headers says what a vendor's replies tell of its limits. Models obey it in what they
// reply, and dialects in what they write. The zero value tells everything.
type Headers struct {
	Silent  bool // nothing of what is left
	NoReset bool // not when a limit will be whole again
	NoWait  bool // not how long to wait after a 429
	// InBody says that the wait after a 429 is told, but where client libraries do not look:
	// in the error's body, or in a header of the vendor's own.
	InBody bool
	// Only429 says that no other error tells how long to wait.
	Only429 bool
	// Daily prefers a limit on requests per day over one per minute, where
	// replies have room for one limit on requests only.
	Daily bool
	// Growth tells of a limit on how fast requests may grow, as a limit on requests per
	// minute: the rate that is allowed now.
	Growth bool
	// Round is what the remaining tokens are rounded to the nearest multiple
	// of; 0 = 1.
	Round int64
	// Reset is the unit of the time until a limit is full again, rounded down; 0 = 1
	// ms.
	Reset time.Duration
	// Instant makes replies tell the instant at which a limit is full again, rounded up
	// to Reset, and not the time until then.
	Instant bool
	// RetryAfter is the unit of the wait a 429 asks for, rounded up; 0 = 1 s.
	RetryAfter time.Duration
}

// ResetUnit returns the unit of the time until a limit is full again.
func (h *Headers) ResetUnit() time.Duration { return cmp.Or(h.Reset, time.Millisecond) }

// Rounded returns how many remaining tokens replies tell when so many are left.
func (h *Headers) Rounded(left int64) int64 {
	if h.Round <= 1 {
		return left
	}
	return (left + h.Round/2) / h.Round * h.Round
}

// trio is the names of the headers on one limit. An empty one is not sent.
type trio struct{ limit, remaining, reset string }

// likeOpenAIs are the trios that several vendors have copied.
var (
	requestsTrio = trio{"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"}
	tokensTrio   = trio{"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"}
)

// set sets the headers of t. An empty reset is left out.
func (t trio) set(h http.Header, s Standing, reset string) {
	set(h, t.limit, strconv.FormatInt(s.Limit, 10))
	set(h, t.remaining, strconv.FormatInt(s.Remaining, 10))
	set(h, t.reset, reset)
}

// set sets a header unless its name or value is empty. Its name is as net/http spells it:
// to spell it anew takes longer than all else that is done for an answer.
func set(h http.Header, name, value string) {
	if name != "" && value != "" {
		h[name] = []string{value}
	}
}

// setWait sets retry-after in whole seconds, rounded up: a client that comes back earlier is
// refused again.
func (d *Dialect) setWait(a *Answer, status int, h http.Header) {
	switch {
	case !a.asksToWait() || d.Headers.NoWait || d.Headers.InBody || d.Headers.Only429 && status != StatusTooManyRequests:
	case a.Millis:
		set(h, "Retry-After-Ms", strconv.FormatInt(roundUp(a.Wait, time.Millisecond), 10))
	default:
		set(h, "Retry-After", strconv.FormatInt(roundUp(a.Wait, time.Second), 10))
	}
}
