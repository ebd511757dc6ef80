package wire

import (
	"fmt"
	"net/http"
)

// xAI answers 429 to too many requests or tokens and 402 without credit; 403
// and 429 have been seen for that too, and are parsed. The message gives how much
// was used of how much. Sources: docs.x.ai/docs/rate-limits (2026); messages in
// cline/cline#4826 and continuedev/continue#10373. The shape of the body is recalled. Which
// headers are sent is not known: it tells nothing, which is the least that a client can count on.
var xai = Dialect{Vendor: "xai", Routes: likeOpenAI("/v1"), path: "/v1/chat/completions", ask: chatRequest,
	Headers: Headers{Silent: true, NoWait: true}, requestID: "X-Request-Id",
	refuse: xaiRefuse, body: xaiBody, unserved: xaiUnserved}

func xaiRefuse(l Limit) int {
	if l == Billing {
		return http.StatusPaymentRequired
	}
	return StatusTooManyRequests
}

// xaiUnserved is recalled, but for the code, which iniwap/AIWriteX#26 has for another 404.
func xaiUnserved(name string) (status int, message string) {
	return http.StatusNotFound, "The model " + name + " does not exist or your team does not have access to it."
}

type xaiError struct {
	Code  string `json:"code"`
	Error string `json:"error"`
}

func xaiBody(a *Answer, status int) any {
	e := xaiError{a.text(status), a.text(status)}
	switch status {
	case http.StatusNotFound:
		e.Code = "Some requested entity was not found"
	case http.StatusPaymentRequired:
		e.Error = fmt.Sprintf("Your team %s has either used all available credits or reached its monthly spending limit.", a.Organization)
	case StatusTooManyRequests:
		lower, upper := "tokens", "Tokens"
		if a.Unit == Request {
			lower, upper = "requests", "Requests"
		}
		window := http.CanonicalHeaderKey(windowName(a.Per))
		e.Code = "Some resource has been exhausted"
		e.Error = fmt.Sprintf("Too many %s for team %s and model %s. Your team's rate limit is — %s per %s (actual/limit): %d/%d.",
			lower, a.Organization, a.Model, upper, window, a.Used, a.Most)
	}
	return e
}
