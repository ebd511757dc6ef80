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
func groqHeaders(a *Answer, status int, h http.Header) {
	openAITrios(a, h, toMillisecond)
	set(h, "X-Request-Id", a.RequestID)
	if status == StatusTooManyRequests {
		setRetryAfter(a, h)
	}
}

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
