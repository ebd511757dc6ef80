package wire

import (
	"cmp"
	"fmt"
	"net/http"
	"time"
)

// OpenAI sends a trio on requests and one on tokens with every completion.
// Resets are Go durations cut to the millisecond. Where a model has a limit per
// day on requests, their trio shows that one (captured 2024-12-25: 10000, 9999,
// 8.64s). Retry-After is in whole seconds; the message of a 429 has the wait to
// the millisecond. Sources: developers.openai.com guides/rate-limits and
// guides/error-codes (2026); messages from openai/codex tests and others'
// reports.
//
// Sources of the tiers: the types of openai-node (2026-11). That auto is served as default
// is chosen: it depends on the settings of a project. Replies name snapshots
// (developers.openai.com docs/models, 2026), and lists of models aliases.
var openAI = Dialect{Vendor: "openai", Routes: likeOpenAI("/v1"), path: "/v1/chat/completions", ask: chatRequest,
	tiers:     []tier{{"default", "default"}, {"auto", "default"}, {"flex", "flex"}, {"priority", "priority"}, {"scale", "default"}, {"fast", "priority"}},
	Snapshots: []string{"openai", "azure"}, // which have the same models
	Headers:   Headers{Daily: true}, quotas: openAITrios, requestID: "X-Request-Id", organization: "Openai-Organization",
	body: openAIBody, unserved: openAIUnserved}

// openAITrios sets the six headers that several vendors have copied.
func openAITrios(d *Dialect, a *Answer, h http.Header) {
	setTrios(a, h, func(left time.Duration) string { return left.Truncate(d.Headers.ResetUnit()).String() })
}

func setTrios(a *Answer, h http.Header, reset func(time.Duration) string) {
	if s, ok := a.standing(Request, day, time.Minute); ok {
		requestsTrio.set(h, s, reset(s.Reset))
	}
	if s, ok := a.standing(Token, time.Minute, day); ok {
		tokensTrio.set(h, s, reset(s.Reset))
	}
}

type openAIError struct {
	Error openAIProblem `json:"error"`
}

type openAIProblem struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func newOpenAIError(kind, code, message string) openAIError {
	e := openAIError{openAIProblem{Message: message, Type: kind}}
	if code != "" {
		e.Error.Code = &code
	}
	return e
}

func openAIBody(a *Answer, status int) any {
	if status != StatusTooManyRequests {
		return openAIFailure(a, status)
	}
	subject := fmt.Sprintf("%s in organization %s", a.Model, a.Organization)
	visit := " Visit https://platform.openai.com/account/rate-limits to learn more."
	return openAIRefusal(a, subject, openAIWait(a, time.Millisecond)+visit)
}

// openAIWait returns the sentence that says how long to wait, cut to unit.
func openAIWait(a *Answer, unit time.Duration) string {
	if !a.asksToWait() {
		return ""
	}
	return fmt.Sprintf(" Please try again in %v.", a.Wait.Truncate(unit))
}

// openAIRefusal says which limit refused the subject; advice ends the message
// of a rate limit.
func openAIRefusal(a *Answer, subject, advice string) openAIError {
	switch a.Limit {
	case Billing:
		return newOpenAIError("insufficient_quota", "insufficient_quota",
			"You exceeded your current quota, please check your plan and billing details.")
	case Ramp:
		return newOpenAIError("rate_limit_error", "slow_down", "Request rate increased too quickly.")
	case Capacity: // of flex processing; its code is not published
		return newOpenAIError("rate_limit_error", "resource_unavailable", "Resource unavailable.")
	}
	kind, window, short := "tokens", "min", "M"
	if a.Unit == Request {
		kind = "requests"
	}
	switch a.Per {
	case time.Hour: // no vendor that speaks so has one: for scenarios that do
		window, short = "hour", "H"
	case day:
		window, short = "day", "D"
	}
	limit := fmt.Sprintf("%s per %s (%cP%s): Limit %d", kind, window, kind[0]-'a'+'A', short, a.Most)
	if a.Limit == Oversize {
		return newOpenAIError(kind, "rate_limit_exceeded", fmt.Sprintf("Request too large for %s on %s, Requested %d. "+
			"The input or output tokens must be reduced in order to run successfully.", subject, limit, a.Requested))
	}
	return newOpenAIError(kind, "rate_limit_exceeded", fmt.Sprintf("Rate limit reached for %s on %s, Used %d, Requested %d.%s",
		subject, limit, a.Used, a.Requested, advice))
}

// openAIUnserved is what chat completions say, and since 2026-09 also responses, which
// answered 400 before: langgenius/dify#13036, BerriAI/litellm#39457.
func openAIUnserved(name string) (status int, message string) {
	return http.StatusNotFound, "The model `" + name + "` does not exist or you do not have access to it."
}

// openAIFailure is the body of an error that is no refusal by a limit.
func openAIFailure(a *Answer, status int) openAIError {
	text := a.text(status)
	switch status {
	case 401:
		return newOpenAIError("invalid_request_error", "invalid_api_key", cmp.Or(a.Message, "Incorrect API key provided."))
	case 404:
		code := ""
		if a.Unserved != "" { // else it is an address, a file or a batch
			code = "model_not_found"
		}
		return newOpenAIError("invalid_request_error", code, text)
	case 503:
		return newOpenAIError("service_unavailable_error", "server_is_overloaded", text)
	}
	if status >= 500 {
		return newOpenAIError("server_error", "", text)
	}
	e := newOpenAIError("invalid_request_error", a.Code, text)
	if a.Param != "" {
		e.Error.Param = &a.Param
	}
	return e
}
