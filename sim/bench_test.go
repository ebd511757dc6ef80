package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/provider/quota"
	"ratesim/provider/vendors"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/rng"
	"ratesim/strategies/catalog"
)

// crowd is a scenario of so many users, each with one call open at all times,
// before limits that admit a small part of them: what a herd looks like once
// it has settled. There is no network between them, as in a scenario that says
// nothing of one: an attempt is then two events, the reply and the backoff.
func crowd(t testing.TB, strategy string, users int, duration time.Duration) *scenarios.Spec {
	t.Helper()
	prompt, err := rng.NewLognormal(900, 4000)
	if err != nil {
		t.Fatal(err)
	}
	prompt.Max = 14000
	output, err := rng.NewLognormal(130, 450)
	if err != nil {
		t.Fatal(err)
	}
	ttft, err := rng.NewLognormal(0.35, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenarios.Spec{
		Name:     "crowd",
		Duration: duration,
		Fleet:    scenarios.Fleet{Instances: 16, Timeout: 30 * time.Second},
		Workload: []workload.Stream{{
			Tenant:    "web",
			Arrivals:  workload.Arrivals{Process: workload.ClosedLoop, Users: users, Think: rng.NewConstant(1)},
			Prompt:    prompt,
			Output:    output,
			MaxTokens: 1024,
		}},
		Tenants: []string{"web"},
		Deployments: []provider.Config{{
			Name: "main", RPM: int64(users), TPM: 1000 * int64(users), Window: provider.TokenBucket,
			Charge:  provider.Charge{Settle: true},
			Latency: provider.Latency{TTFT: ttft, PerToken: 12 * time.Millisecond, Refusal: 30 * time.Millisecond},
		}},
	}
	second := s.Deployments[0]
	switch strategy {
	case "route":
		second.Name, second.RPM, second.TPM = "roomier", second.RPM/2, second.TPM/2
		s.Deployments = append(s.Deployments, second)
	case "batch":
		second.Name, second.RPM, second.TPM, second.Batch = "bulk", 0, 0, true
		second.Limits = []provider.Limit{{Counts: provider.Requests, Most: int64(users) / 2}}
		s.Deployments = append(s.Deployments, second)
	}
	s.Coordinator = &quota.Config{RPM: s.Deployments[0].RPM, TPM: s.Deployments[0].TPM, Burst: quota.DefaultBurst,
		Latency: rng.NewConstant(0.002), Timeout: time.Second}
	s.Strategies = []scenarios.Strategy{named(t, s, strategy)}
	return s
}

// named returns the catalog's strategy of that name, with its defaults.
func named(t testing.TB, s *scenarios.Spec, name string) scenarios.Strategy {
	t.Helper()
	entry, ok := catalog.Find(name)
	if !ok {
		t.Fatalf("no strategy %q", name)
	}
	factory, errs := entry.Build(nil, s.Env(rng.New(1, 0)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return scenarios.Strategy{Name: name, Use: name, Factory: factory, Omniscient: entry.Omniscient}
}

// BenchmarkRun reports how many attempts the whole engine simulates in a
// second on one core: arrivals, strategy, network, limits, latency, metrics.
func BenchmarkRun(b *testing.B) {
	for _, k := range []struct {
		strategy string
		live     int
	}{
		{"jitter", 1_000}, {"jitter", 16_000}, {"jitter", 128_000}, {"jitter", 1_000_000},
		{"queue", 16_000}, {"header-aware", 16_000}, {"route", 16_000}, {"tenant-fair", 16_000}, {"breaker", 16_000}, {"compose", 16_000}, {"paced", 16_000},
		{"split", 16_000}, {"shared", 16_000}, {"lease", 16_000}, {"aimd", 16_000}, {"paper:atb", 16_000}, {"paper:ub", 16_000}, {"paper:wb", 16_000}, {"layers", 16_000}, {"sdk:botocore@1.43", 16_000},
		{"sdk:botocore-adaptive@1.43", 16_000}, {"sdk:cookbook-parallel@1", 16_000}, {"sdk:langchain-limiter@1", 16_000},
		{"article:bucket", 16_000}, {"article:queue", 16_000}, {"article:batch-sleep", 16_000}, {"batch", 16_000}, {"oracle", 16_000},
	} {
		b.Run(fmt.Sprintf("strategy=%s/live=%d", k.strategy, k.live), func(b *testing.B) {
			simulate(b, crowd(b, k.strategy, k.live, time.Duration(1<<62)), k.live)
		})
	}
}

// BenchmarkVendor is the same with the full rules of each vendor, and as many
// limits as its catalog has.
func BenchmarkVendor(b *testing.B) {
	for _, vendor := range vendors.Names() {
		b.Run("vendor="+vendor, func(b *testing.B) {
			const live = 16_000
			s := crowd(b, "jitter", live, time.Duration(1<<62))
			d := &s.Deployments[0]
			d.Vendor = vendor
			if vendor == "anthropic" {
				d.TPM = 0
				d.Limits = []provider.Limit{{Counts: provider.Input, Most: 1000 * live, Per: time.Minute}, {Counts: provider.Output, Most: 200 * live, Per: time.Minute}}
			}
			vendors.Apply(d)
			simulate(b, s, live)
		})
	}
}

// simulate runs s for b.N attempts, past the first wave.
func simulate(b *testing.B, s *scenarios.Spec, live int) {
	e, err := newEngine(Plan{Scenario: s, Strategy: &s.Strategies[0], Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	run := func(attempts int) {
		for attempts > 0 && e.err == nil {
			ev, ok := e.events.Pop()
			if !ok {
				b.Fatal("nothing left to happen")
			}
			e.now = ev.At
			if ev.Data>>60 == deliver { // each attempt has one
				attempts--
			}
			if len(e.events.Ahead) > 0 && e.events.Len() > many {
				e.touch(e.events.Ahead)
			}
			e.step(ev.Data)
		}
	}
	run(4 * live)
	admitted := e.models[0].Tally.Admitted
	b.ReportAllocs()
	b.ResetTimer()
	run(b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "attempts/s")
	// An attempt that is refused takes less time than one that is admitted.
	b.ReportMetric(float64(e.models[0].Tally.Admitted-admitted)/b.Elapsed().Seconds(), "admitted/s")
	if e.err != nil {
		b.Fatal(e.err)
	}
}

// TestNoAllocationInSteadyState: nothing is allocated for an attempt. What
// is left are the buckets of the event queue, which double when they reach a
// new maximum, less and less often. Presets of one type do the same, so one of each
// stands for all.
func TestNoAllocationInSteadyState(t *testing.T) {
	seen := map[string]bool{}
	for _, entry := range catalog.Entries() {
		if entry.Name == "ptu" {
			continue // crowd has no provisioned deployment
		}
		s := crowd(t, entry.Name, 500, time.Hour*1000)
		kind := fmt.Sprintf("%T", s.Strategies[0].Factory(s.Env(rng.New(1, 0))))
		if preset := strings.Contains(entry.Name, ":"); preset && seen[kind] {
			continue
		}
		seen[kind] = true
		t.Run(entry.Name, func(t *testing.T) {
			e, err := newEngine(Plan{Scenario: s, Strategy: &s.Strategies[0], Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			step := func() {
				for range 200_000 {
					ev, ok := e.events.Pop()
					if !ok {
						t.Fatal("nothing left to happen")
					}
					e.now = ev.At
					e.step(ev.Data)
				}
			}
			for range 25 {
				step()
			}
			if n := testing.AllocsPerRun(5, step); n > 2 {
				t.Errorf("%v allocations in 200,000 events", n)
			}
			if e.err != nil {
				t.Fatal(e.err)
			}
		})
	}
}
