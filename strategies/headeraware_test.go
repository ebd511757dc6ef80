package strategies

import (
	"testing"

	"ratesim/provider/wire"
)

// TestSlowStart: without headers the number of attempts in flight starts at
// four, grows by one a success and halves at a refusal.
func TestSlowStart(t *testing.T) {
	h := &headerPacer{workers: WorkerPool{Most: slowStart}, holdAbove: 0.8}
	bare := wire.Reply{RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	for i, step := range []struct{ status, want int }{{200, 5}, {200, 6}, {500, 6}, {429, 3}, {0, 3}, {429, 1}, {429, 1}, {200, 2}} {
		r := bare
		r.Status = step.status
		h.Answered(0, &Call{}, &r)
		if h.workers.Most != step.want {
			t.Errorf("step %d, status %d: %d workers, want %d", i, step.status, h.workers.Most, step.want)
		}
	}
	r := bare
	r.Status, r.Tokens = 200, wire.Quota{Limit: 6000, Remaining: 5000, Reset: wire.Absent}
	if h.Answered(0, &Call{}, &r); h.workers.Most != 0 {
		t.Errorf("once a limit is known: %d workers, want no bound", h.workers.Most)
	}
}
