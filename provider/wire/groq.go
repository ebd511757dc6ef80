package wire

import (
	"fmt"
	"net/http"
	"time"
)

// Groq speaks OpenAI's dialect, requests counted per day and tokens per minute,
// with Retry-After on 429 only. Waits in its messages are not rounded. A request
// larger than the limit per minute gets 413, a flex request without capacity 498.
// Sources: console.groq.com/docs/rate-limits and docs/flex-processing (2026);
// captured messages.
//
// Source of the tiers: Groq's guide to them (2026).
var groq = Dialect{Vendor: "groq", Routes: likeOpenAI("/openai/v1"), path: "/openai/v1/chat/completions", ask: chatRequest,
	tiers:   []tier{{"on_demand", "on_demand"}, {"auto", "on_demand"}, {"flex", "flex"}, {"performance", "performance"}},
	Headers: Headers{Daily: true, Only429: true}, quotas: openAITrios, requestID: "X-Request-Id",
	refuse: groqRefuse, body: groqBody, unserved: openAIUnserved}

func groqRefuse(l Limit) int {
	switch l {
	case Oversize:
		return http.StatusRequestEntityTooLarge
	case Capacity:
		return StatusFlexCapacity
	}
	return StatusTooManyRequests
}

func groqBody(a *Answer, status int) any {
	switch status {
	case StatusFlexCapacity:
		return newOpenAIError("capacity_exceeded", "capacity_exceeded", "Flex tier capacity exceeded.")
	case StatusTooManyRequests:
	case http.StatusRequestEntityTooLarge:
		if a.Limit != Oversize {
			return openAIFailure(a, status)
		}
	default:
		return openAIFailure(a, status)
	}
	subject := fmt.Sprintf("model `%s` in organization `%s` service tier `on_demand`", a.Model, a.Organization)
	return openAIRefusal(a, subject, openAIWait(a, time.Nanosecond))
}
