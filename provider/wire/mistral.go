package wire

import (
	"net/http"
	"strconv"
	"time"
)

// Mistral sends limit and remaining of requests and tokens per minute, what
// the request cost, and neither resets nor waits. A 429 does not say which limit
// refused. A limit of 0 requests marks a workspace that is not activated: no
// wait helps. Sources: captured headers; bodies in cline/cline#9085 and
// raycast/extensions#31107.
var mistral = Dialect{Vendor: "mistral", Routes: likeOpenAI("/v1"), path: "/v1/chat/completions", ask: chatRequest,
	ToolChoices: []string{"any"},
	Headers:     Headers{NoReset: true, NoWait: true}, quotas: mistralTrios,
	body: mistralBody, unserved: mistralUnserved}

func mistralTrios(_ *Dialect, a *Answer, h http.Header) {
	requests := trio{"X-Ratelimit-Limit-Req-Minute", "X-Ratelimit-Remaining-Req-Minute", ""}
	if s, ok := a.standing(Request, time.Minute); ok {
		requests.set(h, s, "")
	}
	if s, ok := a.standing(Token, time.Minute); ok {
		trio{"X-Ratelimit-Limit-Tokens-Minute", "X-Ratelimit-Remaining-Tokens-Minute", ""}.set(h, s, "")
	}
	if a.Requested > 0 && a.Unit == Token {
		set(h, "X-Ratelimit-Tokens-Query-Cost", strconv.FormatInt(a.Requested, 10))
	}
	if a.Limit == Billing {
		requests.set(h, Standing{}, "")
	}
}

// mistralUnserved: seen in tmc/langchaingo#1233 and mistralai/mistral-vibe#617.
func mistralUnserved(name string) (status int, message string) {
	return http.StatusBadRequest, "Invalid model: " + name
}

type mistralError struct {
	Object  string  `json:"object"`
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
}

func mistralBody(a *Answer, status int) any {
	e := mistralError{Object: "error", Message: a.text(status), Type: "invalid_request_error", Code: strconv.Itoa(status)}
	switch {
	case a.Unserved != "":
		e.Type, e.Code = "invalid_model", "1500"
	case status == StatusTooManyRequests && a.Limit == Capacity:
		e.Message, e.Type, e.Code = "Service tier capacity exceeded for this model.", "service_tier_capacity_exceeded", "3505"
	case status == StatusTooManyRequests:
		e.Message, e.Type, e.Code = "Rate limit exceeded", "rate_limited", "1300"
	case status >= 500:
		e.Type = "internal_server_error"
	}
	return e
}
