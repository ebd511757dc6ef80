package wire

import (
	"cmp"
	"fmt"
	"net/http"
	"time"
)

// DeepSeek bounds the requests at a time, and its replies tell nothing of limits. While a
// request waits for its first token, a stream gets comments and an answer in one piece gets
// empty lines. Errors are OpenAI's with one code for all. Sources: api-docs.deepseek.com
// quick_start/rate_limit (2026-09) and quick_start/error_codes; bodies of 429 and 402 as
// logged by clients in 2026, the first in tarigelamin1997/jobfetcher#42 of 2026-09-02, which
// also found no headers; "for TPM" in esengine/DeepSeek-Reasonix#2387. Those of 401, of 503
// and of an unknown model are recalled.
//
// Chosen: a sign of life every second, for no page says how often. A connection that has
// waited for ten minutes is not closed here.
var deepSeek = Dialect{Vendor: "deepseek",
	Routes: []Route{{Chat, "/v1/chat/completions"}, {Models, "/v1/models"}, {Chat, "/chat/completions"}, {Models, "/models"}},
	path:   "/chat/completions", ask: chatRequest,
	Alive:   Alive{Every: time.Second, Streamed: ": keep-alive\n\n", Whole: "\n"},
	Headers: Headers{Silent: true, NoWait: true},
	refuse:  deepSeekRefuse, body: deepSeekBody, unserved: deepSeekUnserved}

func deepSeekRefuse(l Limit) int {
	switch l {
	case Billing:
		return http.StatusPaymentRequired
	case Capacity:
		return http.StatusServiceUnavailable
	}
	return StatusTooManyRequests
}

func deepSeekUnserved(string) (status int, message string) {
	return http.StatusBadRequest, "Model Not Exist"
}

func deepSeekBody(a *Answer, status int) any {
	const code = "invalid_request_error" // whatever the error is
	switch status {
	case http.StatusUnauthorized:
		return newOpenAIError("authentication_error", code, cmp.Or(a.Message, "Authentication Fails (no such user)"))
	case http.StatusPaymentRequired:
		return newOpenAIError("unknown_error", code, "Insufficient Balance")
	case StatusTooManyRequests:
		return newOpenAIError("rate_limit_error", code, deepSeekRefusal(a))
	case http.StatusServiceUnavailable:
		return newOpenAIError("service_unavailable_error", code, cmp.Or(a.Message,
			"Service is too busy. We advise users to temporarily switch to alternative LLM API service providers."))
	}
	e := openAIFailure(a, status)
	return newOpenAIError(e.Error.Type, code, e.Error.Message)
}

// deepSeekRefusal is what a 429 says. DeepSeek has no limits on requests or tokens in a
// time; scenarios can set some.
func deepSeekRefusal(a *Answer) string {
	switch {
	case a.Limit == Concurrency:
		return fmt.Sprintf("Too many requests. Your current concurrency is %d, which exceeds your concurrency limit of %d based on your "+
			"remaining balance. Please top up your balance to restore your concurrency.", a.Used+1, a.Most)
	case a.Unit == Request:
		return "Rate limit reached for RPM"
	}
	return "Rate limit reached for TPM"
}
