package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Cerebras sends trios for every window, per minute, hour and day, with resets
// in seconds to the microsecond. Errors are OpenAI's without the envelope.
// Sources: inference-docs.cerebras.ai/support/rate-limits.md (2026); captured
// headers; body in nminaya/grammar-nazi-bot#958, message on tokens in
// continuedev/continue#9800. Retry-After is
// assumed; the code for a full queue and 402 are recalled.
var cerebras = Dialect{Vendor: "cerebras", Routes: likeOpenAI("/v1"), path: "/v1/chat/completions", ask: chatRequest,
	Headers: Headers{Reset: time.Microsecond}, quotas: cerebrasTrios, requestID: "X-Request-Id",
	refuse: cerebrasRefuse, body: cerebrasBody, unserved: cerebrasUnserved}

func cerebrasTrios(_ *Dialect, a *Answer, h http.Header) {
	for _, s := range a.Standings {
		if s.Unit != Request && s.Unit != Token {
			continue
		}
		name := "Requests"
		if s.Unit == Token {
			name = "Tokens"
		}
		name += "-" + http.CanonicalHeaderKey(windowName(s.Per))
		trio{"X-Ratelimit-Limit-" + name, "X-Ratelimit-Remaining-" + name, "X-Ratelimit-Reset-" + name}.
			set(h, s, strconv.FormatFloat(s.Reset.Seconds(), 'f', 6, 64))
	}
}

// cerebrasUnserved is recalled.
func cerebrasUnserved(name string) (status int, message string) {
	return http.StatusNotFound, "Model " + name + " does not exist or you do not have access to it."
}

func windowName(per time.Duration) string {
	switch per {
	case time.Hour:
		return "hour"
	case day:
		return "day"
	}
	return "minute"
}

func cerebrasRefuse(l Limit) int {
	if l == Billing {
		return http.StatusPaymentRequired
	}
	return StatusTooManyRequests
}

func cerebrasBody(a *Answer, status int) any {
	problem := func(message, kind, param, code string) openAIProblem {
		return openAIProblem{message, kind, &param, &code}
	}
	const kind = "too_many_requests_error"
	window := " per " + windowName(a.Per)
	switch {
	case a.Unserved != "":
		return problem(a.Message, "not_found_error", "model", "model_not_found")
	case status == http.StatusPaymentRequired:
		return problem(http.StatusText(status), "payment_required_error", "quota", "payment_required")
	case status != StatusTooManyRequests:
		e := openAIFailure(a, status).Error
		if e.Code == nil {
			code := strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
			e.Code = &code
		}
		return e
	case a.Limit == Capacity:
		return problem("We're experiencing high traffic right now! Please try again soon.", kind, "queue", "queue_exceeded")
	case a.Unit == Request:
		return problem("Requests"+window+" limit exceeded - too many requests sent.", kind, "quota", "request_quota_exceeded")
	}
	return problem("Tokens"+window+" limit exceeded - too many tokens processed.", kind, "quota", "token_quota_exceeded")
}
