package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Anthropic sends a trio for each limit, and a plain one on tokens: the
// tightest limit in effect if there is one beside input and output, their sum
// otherwise. Resets are instants of RFC 3339 by which all is replenished, here
// rounded up to a whole second; remaining tokens are rounded to the thousand. A
// spend limit answers 429 without retry-after; overload is 529. Sources:
// platform.claude.com docs/en/api/rate-limits and errors (2026); messages
// observed. That a sharp increase in usage refuses is official; its message is
// recalled.
//
// Sources of the tiers: the types of anthropic-sdk-typescript (2026-11). Replies, refusals
// (continuedev/continue#10594) and the list of models name snapshots.
var anthropic = Dialect{Vendor: "anthropic",
	Routes: []Route{{Messages, "/v1/messages"}, {CountMessages, "/v1/messages/count_tokens"}, {MessageModels, "/v1/models"}},
	path:   "/v1/messages", ask: messagesRequest, Key: "X-Api-Key", Mark: "Anthropic-Version",
	tiers:     []tier{{"auto", "standard"}, {"standard_only", "standard"}},
	Snapshots: []string{"anthropic"}, Refusals: ByReply, Listed: ByReply,
	Headers: Headers{Round: 1000, Reset: time.Second, Instant: true}, quotas: anthropicTrios,
	requestID: "Request-Id", organization: "Anthropic-Organization-Id",
	refuse: anthropicRefuse, body: anthropicBody, unserved: anthropicUnserved}

func anthropicTrios(d *Dialect, a *Answer, h http.Header) {
	names := [...]string{Request: "Requests", Token: "Tokens", InputToken: "Input-Tokens", OutputToken: "Output-Tokens"}
	standings := a.Standings
	in, okIn := a.standing(InputToken, time.Minute)
	out, okOut := a.standing(OutputToken, time.Minute)
	if _, plain := a.standing(Token, time.Minute); !plain && okIn && okOut {
		standings = append(standings[:len(standings):len(standings)], Standing{Token, time.Minute,
			in.Limit + out.Limit, in.Remaining + out.Remaining, max(in.Reset, out.Reset)})
	}
	for _, s := range standings {
		if int(s.Unit) >= len(names) || s.Per != time.Minute {
			continue
		}
		prefix := "Anthropic-Ratelimit-" + names[s.Unit]
		left := s.Remaining
		if s.Unit != Request {
			left = d.Headers.Rounded(left)
		}
		unit := d.Headers.ResetUnit()
		full := a.Now.Add(s.Reset + unit - 1).Truncate(unit)
		set(h, prefix+"-Limit", strconv.FormatInt(s.Limit, 10))
		set(h, prefix+"-Remaining", strconv.FormatInt(left, 10))
		set(h, prefix+"-Reset", full.UTC().Format(time.RFC3339))
	}
}

func anthropicRefuse(l Limit) int {
	if l == Capacity {
		return StatusOverloaded
	}
	return StatusTooManyRequests
}

func anthropicUnserved(name string) (status int, message string) {
	return http.StatusNotFound, "model: " + name
}

type anthropicError struct {
	Type  string `json:"type"`
	Error struct {
		Type    string            `json:"type"`
		Message string            `json:"message"`
		Details map[string]string `json:"details,omitempty"`
	} `json:"error"`
	RequestID string `json:"request_id"`
}

func anthropicBody(a *Answer, status int) any {
	e := anthropicError{Type: "error", RequestID: a.RequestID}
	e.Error.Type, e.Error.Message = anthropicType(status), a.text(status)
	switch status {
	case StatusOverloaded:
		e.Error.Message = "Overloaded"
	case StatusTooManyRequests:
		const would = "This request would exceed your organization's "
		kind := [...]string{Request: "requests", Token: "tokens", InputToken: "input tokens", OutputToken: "output tokens", Percent: "tokens"}[a.Unit]
		switch a.Limit {
		case Billing:
			e.Error.Message = would + "spend limit."
			e.Error.Details = map[string]string{"error_code": "enforced_spend_limit_reached"}
		case Ramp:
			e.Error.Message = would + "maximum usage increase rate for " + kind + " per minute."
		default:
			e.Error.Message = fmt.Sprintf("%srate limit of %s %s per %s (org: %s, model: %s). For details, refer to: "+
				"https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce "+
				"the prompt length or the maximum tokens requested, or try again later.",
				would, grouped(a.Most), kind, windowName(a.Per), a.Organization, a.Model)
		}
	}
	return e
}

func anthropicType(status int) string {
	switch status {
	case 401:
		return "authentication_error"
	case 402:
		return "billing_error"
	case 403:
		return "permission_error"
	case 404:
		return "not_found_error"
	case 413:
		return "request_too_large"
	case StatusTooManyRequests:
		return "rate_limit_error"
	case 504:
		return "timeout_error"
	case StatusOverloaded:
		return "overloaded_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

// grouped writes n with commas between thousands.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
