package bench_test

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"ratesim/sim/limit"
)

// A client counts a refusal by the limit that the answer names, whatever its
// status, and as unnamed where the answer names none. The stalling scenario makes
// a hundred calls, and ten meet each of these answers.
func TestRefusalsByName(t *testing.T) {
	message := func(s string) string { return fmt.Sprintf(`{"error":{"message":%q}}`, s) }
	answers := []struct {
		status int
		body   string
		by     limit.Name
	}{
		{429, message("Rate limit reached for m in organization o on requests per min (RPM): Limit 3, Used 3, Requested 1."), limit.ByRPM},
		{429, message("Rate limit reached for m in organization o on tokens per day (TPD): Limit 3, Used 3, Requested 1."), limit.ByTPD},
		{429, `{"message":"Requests per hour limit exceeded - too many requests sent."}`, limit.ByRPH},
		{429, message("have exceeded token rate limit of your current OpenAI S0 pricing tier."), limit.ByTPM},
		{429, message("rate limit of 8,000 output tokens per minute"), limit.ByOTPM},
		{429, `{"error":{"code":"slow_down"}}`, limit.ByRamp},
		{429, message("Too many concurrent requests"), limit.ByConcurrency},
		{413, `{"error":{"code":"rate_limit_exceeded"}}`, limit.ByOversize},
		{402, ``, limit.ByBilling},
		{429, `{"object":"error","message":"Rate limit exceeded","type":"rate_limited","code":"1300"}`, limit.Unnamed},
	}
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		run, _, err := against(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			a := answers[int(n.Add(1))%len(answers)]
			w.WriteHeader(a.status)
			_, _ = io.WriteString(w, a.body)
		}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range answers {
			if got := run.RejectedBy[a.by]; got != 10 {
				t.Errorf("%d by %v, want 10: %d %s", got, a.by, a.status, a.body)
			}
		}
		if run.Rejected != 100 || run.ServerErrors != 0 {
			t.Errorf("%d refused and %d server errors, want 100 and none", run.Rejected, run.ServerErrors)
		}
	})
}
