package sim

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"

	"ratesim/provider"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
)

// play runs one replication of the scenario's first strategy.
func play(t testing.TB, s *scenarios.Spec, replication int) *metrics.Run {
	t.Helper()
	r, err := Run(context.Background(), Plan{Scenario: s, Strategy: &s.Strategies[0], Seed: 1, Replication: replication})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// singleServer is the single-server queue: Poisson arrivals wait in line for
// one worker, and a deployment without limits holds it for the service time.
func singleServer(t *testing.T, rate float64, service rng.Dist, duration time.Duration) *scenarios.Spec {
	t.Helper()
	entry, _ := catalog.Find("queue")
	factory, errs := entry.Build(strategies.Args{"workers": "1"}, strategies.Env{Deployments: []strategies.Deployment{{Name: "main"}}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return &scenarios.Spec{
		Name: "single server", Duration: duration, Drain: time.Hour,
		Fleet: scenarios.Fleet{Instances: 1, Timeout: time.Hour},
		Workload: []workload.Stream{{Tenant: "web", Prompt: rng.NewConstant(1), Output: rng.NewConstant(1),
			Arrivals: workload.Arrivals{Process: workload.Poisson, Rate: rate}}},
		Tenants:     []string{"web"},
		Deployments: []provider.Config{{Name: "main", Latency: provider.Latency{TTFT: service}}},
		Strategies:  []scenarios.Strategy{{Name: "queue", Factory: factory}},
	}
}

// TestPollaczekKhinchine: the mean wait in an M/G/1 queue is
//
//	Wq = rho * E[S] * (1 + cv²) / (2 (1 - rho))
//
// (Kleinrock, Queueing Systems I, 1975, eq. 5.69), with cv 1 for M/M/1 and 0 for
// M/D/1. The mean over replications may miss it by four of its standard errors,
// which must be small enough for that to mean something. The run begins with an
// empty queue; of 150,000 customers, the hundred or so that notice shift the
// mean by less than one standard error.
func TestPollaczekKhinchine(t *testing.T) {
	const (
		service   = 0.1 // seconds
		customers = 150_000
		reps      = 8
	)
	exponential, err := rng.NewGamma(service, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		name string
		cv   float64
		dist rng.Dist
	}{
		{"M/M/1", 1, exponential},
		{"M/D/1", 0, rng.NewConstant(service)},
	} {
		for _, rho := range []float64{0.5, 0.8} {
			t.Run(fmt.Sprintf("%s rho=%v", k.name, rho), func(t *testing.T) {
				t.Parallel()
				rate := rho / service
				s := singleServer(t, rate, k.dist, time.Duration(customers/rate*1e9))
				var waits []float64
				for rep := range reps {
					waits = append(waits, play(t, s, rep).MeanLatency()-service)
				}
				want := rho * service * (1 + k.cv*k.cv) / (2 * (1 - rho))
				got := stat.Mean(waits, nil)
				sigma := stat.StdErr(stat.StdDev(waits, nil), reps)
				if miss := got - want; miss > 4*sigma || miss < -4*sigma {
					t.Errorf("mean wait %.5fs ± %.5fs, want %.5fs", got, sigma, want)
				}
				if sigma > 0.02*want {
					t.Errorf("standard error %.5fs of %.5fs: too large to tell", sigma, want)
				}
			})
		}
	}
}

// TestBooks: every run of every test checks conservation and Little's law; here
// each check is seen to fail when the engine miscounts.
func TestBooks(t *testing.T) {
	for name, tamper := range map[string]func(*engine){
		"a call lost":                func(e *engine) { e.run.Calls++ },
		"a call ended twice":         func(e *engine) { e.run.Succeeded++ },
		"an open call not counted":   func(e *engine) { e.open-- },
		"time nobody spent":          func(e *engine) { e.area++ },
		"time spent in no open call": func(e *engine) { e.times += 1000 },
		"":                           func(*engine) {},
	} {
		s := singleServer(t, 5, rng.NewConstant(0.1), time.Minute)
		e, err := newEngine(Plan{Scenario: s, Strategy: &s.Strategies[0], Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		tamper(e)
		if err := e.loop(context.Background()); errors.Is(err, errBooks) != (name != "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
