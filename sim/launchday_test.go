package sim

import (
	"context"
	"testing"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
)

// TestLaunchDay holds what the first screen shows, and what its about line says: each
// family fails, waits, floods or pays in a way that no interval leaves open.
func TestLaunchDay(t *testing.T) {
	if testing.Short() {
		t.Skip("a second of simulation")
	}
	spec, err := scenarios.Load(scenarios.Default, nil, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Compare(context.Background(), spec, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Strategies) > 10 || r.Verdict.State != metrics.Decided {
		t.Errorf("%d strategies, verdict %q: want at most 10, decided", len(r.Strategies), r.Verdict.State)
	}
	less := func(id metrics.ID, a, b string) {
		t.Helper()
		x, y := r.Find(a).Values[id], r.Find(b).Values[id]
		if x == nil || y == nil || x.Hi >= y.Lo {
			t.Errorf("%v: %s has %+v, not clearly less than %s, %+v", id, a, x, b, y)
		}
	}
	// Who retries without pacing fails more calls than who does not retry.
	less(metrics.SuccessRate, "naive", "jitter")
	less(metrics.SuccessRate, "jitter", "none")
	// Who holds calls back floods nobody; some of the calls wait too long.
	less(metrics.Rejected, "token-bucket", "none")
	less(metrics.Rejected, "queue", "token-bucket")
	less(metrics.Rejected, "header-aware", "jitter")
	less(metrics.TimeToSuccessP50, "none", "queue")
	// Who pays for provisioned capacity waits least and fails least.
	less(metrics.CostPerSuccessUSD, "paced", "ptu")
	less(metrics.TimeToSuccessP50, "ptu", "paced")
	less(metrics.SuccessRate, "paced", "ptu")
	// Nobody before the same limit is better than who knows it.
	for _, name := range []string{"none", "naive", "jitter", "token-bucket", "queue", "header-aware", "paced"} {
		less(metrics.SuccessRate, name, "oracle")
	}
}
