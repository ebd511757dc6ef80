package demand_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/demand"
	"ratesim/sim/rng"
)

// rushed is a scenario that asks for twice what its limits give.
func rushed(duration time.Duration) *scenarios.Spec {
	prompt, _ := rng.NewLognormal(900, 4000)
	output, _ := rng.NewLognormal(130, 450)
	ttft, _ := rng.NewLognormal(0.35, 0.56)
	return &scenarios.Spec{Duration: duration, Drain: time.Minute, Fleet: scenarios.Fleet{Instances: 1, Timeout: 30 * time.Second},
		Workload: []workload.Stream{{Tenant: "web", Prompt: prompt, Output: output, MaxTokens: 1024, Deadline: time.Minute,
			Arrivals: workload.Arrivals{Process: workload.Poisson, Rate: 20}}},
		Deployments: []provider.Config{{Name: "main", RPM: 600, TPM: 900_000, Window: provider.TokenBucket,
			Charge:  provider.Charge{Reserve: provider.ReserveLarger, Settle: true},
			Latency: provider.Latency{TTFT: ttft, PerToken: 12 * time.Millisecond}}}}
}

// TestMemoryDoesNotGrow: a run six times as long takes hardly more of it; the queue has
// a few more buckets.
func TestMemoryDoesNotGrow(t *testing.T) {
	allocated := func(duration time.Duration) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := demand.Look(context.Background(), rushed(duration), 1, 0); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	allocated(time.Minute) // whatever is made once
	if short, long := allocated(100*time.Minute), allocated(600*time.Minute); long > short+short/2 {
		t.Errorf("600 minutes take %d bytes, 100 minutes %d", long, short)
	}
}

// TestSameEveryTime: a survey depends on nothing but scenario, seed and replication.
func TestSameEveryTime(t *testing.T) {
	s := rushed(5 * time.Minute)
	look := func(seed uint64, replication int) [3]int64 {
		v, err := demand.Look(context.Background(), s, seed, replication)
		if err != nil {
			t.Fatal(err)
		}
		return [3]int64{v.Calls, v.MostFirst, v.MostAll}
	}
	first := look(1, 0)
	if again := look(1, 0); again != first {
		t.Errorf("two surveys of one replication differ: %v and %v", first, again)
	}
	if first == look(1, 1) || first == look(2, 0) {
		t.Error("surveys of two replications are the same")
	}
}

func TestLookFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := demand.Look(ctx, rushed(time.Hour), 1, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	s := rushed(time.Minute)
	s.Workload[0].Arrivals = workload.Arrivals{Process: workload.Trace, Log: workload.Log{Name: "there/is/none.csv"}}
	if _, err := demand.Look(context.Background(), s, 1, 0); err == nil || !strings.Contains(err.Error(), "none.csv") {
		t.Errorf("a trace that is not there: error %v", err)
	}
	if _, err := demand.Thirds(context.Background(), s, 1); err == nil || !strings.Contains(err.Error(), "none.csv") {
		t.Errorf("a trace that is not there: error %v", err)
	}
}

// TestRecurringOutages: of outages that come at random those of the replication
// count. Here nearly all the time is one, so that few of the calls, which wait for a
// moment only, can be served; each at a time at which the model is up.
func TestRecurringOutages(t *testing.T) {
	d := provider.Config{Name: "main", Faults: []provider.Fault{{Kind: provider.Outage, Status: 503, Until: clock.Never, MTBF: time.Second, MTTR: 20 * time.Second}}}
	f := newFew(10*time.Minute, 0, steady(0, 10*time.Minute, s, time.Millisecond, 1, 1), d)
	m, up := provider.New(&f.spec.Deployments[0], f.key.Sub(rng.Deployment, 0), nil), int64(0)
	for i := range f.calls {
		// It is up for a second on average, so that it hardly comes up and goes down
		// within a millisecond.
		for _, at := range []clock.Time{f.calls[i].At, f.calls[i].Deadline} {
			if now, _, _ := m.Conditions(at); now {
				up++
				break
			}
		}
	}
	if v := f.look(t); v.MostFirst != up || up == 0 || up > 100 {
		t.Errorf("at most %d of %d calls succeed, and the deployment is up for %d", v.MostFirst, v.Calls, up)
	}
}

func BenchmarkLook(b *testing.B) {
	s := rushed(10 * time.Minute)
	calls := int64(0)
	for b.Loop() {
		v, err := demand.Look(context.Background(), s, 1, 0)
		if err != nil {
			b.Fatal(err)
		}
		calls += v.Calls
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(calls), "ns/call")
}
