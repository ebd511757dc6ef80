package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Gemini sends no headers about limits. The body of a 429 names the quota (its
// id ends in PerMinute or PerDay), and the wait twice: in the message to the
// nanosecond, in RetryInfo cut to whole seconds. Tokens are input tokens. Lack
// of capacity is 503. Sources: ai.google.dev/gemini-api/docs/rate-limits
// (2026-10); bodies observed in google-gemini/gemini-cli#8437 and
// continuedev/continue#10921; the message of a spend cap is recalled.
//
// Replies name models without the prefix models/ (samples in the API reference), and
// quotaDimensions of a 429 the model of a snapshot.
var gemini = Dialect{Vendor: "gemini",
	Routes: []Route{{Generate, "/v1beta/models/{model}"}, {Generate, "/v1/models/{model}"}, {GenerateModels, "/v1beta/models"}},
	path:   "/v1beta/models/{model}:generateContent", streamPath: "/v1beta/models/{model}:streamGenerateContent?alt=sse",
	ask: generateRequest, Key: "X-Goog-Api-Key", Bare: true, Refusals: ByKey,
	Headers: Headers{Silent: true, InBody: true, RetryAfter: time.Nanosecond},
	refuse:  geminiRefuse, body: geminiBody, unserved: geminiUnserved}

func geminiRefuse(l Limit) int {
	if l == Capacity {
		return http.StatusServiceUnavailable
	}
	return StatusTooManyRequests
}

func geminiUnserved(name string) (status int, message string) {
	return http.StatusNotFound, "models/" + name + " is not found for API version v1beta, or is not supported for generateContent. " +
		"Call ListModels to see the list of available models and their supported methods."
}

type geminiError struct {
	Error geminiProblem `json:"error"`
}

type geminiProblem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []any  `json:"details,omitempty"`
}

type quotaFailure struct {
	Type       string           `json:"@type"`
	Violations []quotaViolation `json:"violations"`
}

type quotaViolation struct {
	Metric     string            `json:"quotaMetric"`
	ID         string            `json:"quotaId"`
	Dimensions map[string]string `json:"quotaDimensions"`
	Value      string            `json:"quotaValue"`
}

type retryInfo struct {
	Type  string `json:"@type"`
	Delay string `json:"retryDelay"`
}

func geminiBody(a *Answer, status int) any {
	e := geminiError{geminiProblem{Code: status, Message: a.text(status), Status: geminiStatus(status)}}
	switch {
	case status == http.StatusServiceUnavailable:
		e.Error.Message = "This model is currently experiencing high demand."
	case status != StatusTooManyRequests:
	case a.Limit == Billing:
		e.Error.Message = "Your project has exceeded its monthly spending cap."
	default:
		geminiRefusal(a, &e.Error)
	}
	return e
}

func geminiRefusal(a *Answer, p *geminiProblem) {
	const google = "type.googleapis.com/google.rpc."
	metric, id := "generate_content_paid_tier_requests", "GenerateRequestsPerMinutePerProjectPerModel"
	switch {
	case a.Unit == Request && a.Per == day:
		id = "GenerateRequestsPerDayPerProjectPerModel"
	case a.Unit == Request:
	case a.Per == day:
		metric, id = "generate_content_paid_tier_input_token_count", "GenerateContentPaidTierInputTokensPerModelPerDay"
	default:
		metric, id = "generate_content_paid_tier_input_token_count", "GenerateContentPaidTierInputTokensPerModelPerMinute"
	}
	metric = "generativelanguage.googleapis.com/" + metric
	p.Message = fmt.Sprintf("You exceeded your current quota, please check your plan and billing details. For more information "+
		"on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: %s, limit: %d, model: %s",
		metric, a.Most, a.Model)
	p.Details = append(p.Details, quotaFailure{google + "QuotaFailure", []quotaViolation{{metric, id,
		map[string]string{"location": "global", "model": a.Model}, strconv.FormatInt(a.Most, 10)}}})
	if a.asksToWait() {
		p.Message += fmt.Sprintf("\nPlease retry in %v.", a.Wait)
		p.Details = append(p.Details, retryInfo{google + "RetryInfo", strconv.FormatInt(int64(a.Wait/time.Second), 10) + "s"})
	}
}

func geminiStatus(status int) string {
	switch status {
	case 400:
		return "INVALID_ARGUMENT"
	case 401:
		return "UNAUTHENTICATED"
	case 403:
		return "PERMISSION_DENIED"
	case 404:
		return "NOT_FOUND"
	case StatusTooManyRequests:
		return "RESOURCE_EXHAUSTED"
	case 500:
		return "INTERNAL"
	case 503:
		return "UNAVAILABLE"
	case 504:
		return "DEADLINE_EXCEEDED"
	}
	return "UNKNOWN"
}
