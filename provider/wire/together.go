package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Together's limit moves with what an account has used, and its headers tell how it stands:
// requests a second, when to come back, and the rate that is allowed now, in headers whose
// names end in dynamic. A 429 says whether requests or tokens were too many. A refusal within
// the rate, for want of capacity, is 503. Sources: docs.together.ai/docs/rate-limits, a copy
// of 2026-01, for the headers, and docs/serverless/rate-limits (2026), which names
// x-ratelimit-reset alone, in seconds, as the wait of a 429; client libraries do not read it.
// The envelope with an id is that of HeyPuter/puter#3168, the message of a 429 begins as in
// togethercomputer/MoA#27; where error_type stands is not published, nor is the message for a
// model that nobody has, and the status of the latter is recalled.
//
// Chosen: the headers that end in dynamic tell what is allowed in a minute, for their unit is
// not published. Lists of models come in OpenAI's envelope, and not as the bare list that
// Together sends, for OpenAI's libraries could not read that. Its files and batches, which
// have a form of their own, are left out.
var together = Dialect{Vendor: "together",
	Routes: []Route{{Chat, "/v1/chat/completions"}, {Embeddings, "/v1/embeddings"}, {Models, "/v1/models"}},
	path:   "/v1/chat/completions", ask: chatRequest,
	Headers: Headers{NoReset: true, InBody: true, Growth: true}, quotas: togetherQuotas,
	refuse: togetherRefuse, body: togetherBody, unserved: togetherUnserved}

func togetherQuotas(_ *Dialect, a *Answer, h http.Header) {
	for _, of := range [...]struct {
		unit   Unit
		prefix string
	}{{Request, "X-Ratelimit-"}, {Token, "X-Tokenlimit-"}} {
		s, ok := a.standing(of.unit, time.Minute)
		if !ok {
			continue
		}
		trio{of.prefix + "Limit-Dynamic", of.prefix + "Remaining-Dynamic", ""}.set(h, s, "")
		s.Limit = max(1, s.Limit/60)
		s.Remaining = min(s.Remaining, s.Limit)
		trio{of.prefix + "Limit", of.prefix + "Remaining", ""}.set(h, s, "")
	}
	if a.Status == StatusTooManyRequests && a.asksToWait() {
		set(h, "X-Ratelimit-Reset", strconv.FormatInt(roundUp(a.Wait, time.Second), 10))
	}
}

func togetherRefuse(l Limit) int {
	switch l {
	case Billing:
		return http.StatusPaymentRequired
	case Capacity:
		return http.StatusServiceUnavailable
	}
	return StatusTooManyRequests
}

func togetherUnserved(name string) (status int, message string) {
	return http.StatusNotFound, "Unable to access model " + name + ". Please visit https://api.together.ai/models to view the list of supported models."
}

type togetherError struct {
	ID        string        `json:"id"`
	Error     openAIProblem `json:"error"`
	ErrorType string        `json:"error_type,omitempty"`
}

func togetherBody(a *Answer, status int) any {
	e := togetherError{ID: a.RequestID, Error: openAIFailure(a, status).Error}
	switch {
	case a.Unserved != "":
		code := "model_not_available"
		e.Error.Code = &code
	case status == StatusTooManyRequests:
		e.ErrorType, e.Error.Message = "dynamic_token_limited", "You have been rate limited. Your tokens exceed your dynamic rate."
		if a.Unit == Request {
			e.ErrorType = "dynamic_request_limited"
			e.Error.Message = fmt.Sprintf("You have been rate limited. Your rate limit is %d queries per minute.", a.Most)
		}
		e.Error.Type, e.Error.Code = e.ErrorType, nil
	}
	return e
}
