package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/metrics"
)

func library(t *testing.T, name string, opt scenarios.Options) *scenarios.Spec {
	t.Helper()
	s, err := scenarios.Load(name, nil, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestInstancesHaveNoNames: which instance is called which changes nothing.
// Strategies without state do not even notice how many there are; for the
// others the calls are dealt out in turn, beginning with another instance.
func TestInstancesHaveNoNames(t *testing.T) {
	for _, name := range []string{"none", "naive", "fixed", "backoff", "jitter", "retry-after"} {
		var hashes []uint64
		for _, fleet := range []string{"{instances: 1}", "{instances: 12}", "{instances: 12, assign: round-robin}"} {
			s := library(t, "launch-day", scenarios.Options{Duration: 3 * time.Minute, Strategies: []string{name}, Set: []string{"fleet=" + fleet}})
			hashes = append(hashes, play(t, s, 0).Hash)
		}
		if hashes[0] != hashes[1] || hashes[0] != hashes[2] {
			t.Errorf("%s: histories of three fleets differ: %x", name, hashes)
		}
	}
	for _, name := range []string{"token-bucket", "queue", "header-aware", "ptu"} {
		s := library(t, "launch-day", scenarios.Options{Duration: 3 * time.Minute, Strategies: []string{name}, Set: []string{"fleet.assign=round-robin"}})
		hashes := map[uint64]bool{}
		for first := range 3 {
			e, err := newEngine(Plan{Scenario: s, Strategy: &s.Strategies[0], Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			for range first {
				e.dealer.Deal(0, 0)
			}
			if err := e.loop(context.Background()); err != nil {
				t.Fatal(err)
			}
			hashes[e.run.Hash] = true
		}
		if len(hashes) != 1 {
			t.Errorf("%s: the history depends on which instance is first: %v", name, hashes)
		}
	}
}

// TestEveryStrategyMeetsTheSameCalls: in one replication all strategies get
// the same calls of the same sizes, and account for each of them. Of sessions they get the
// same, and how many turns come depends on them.
func TestEveryStrategyMeetsTheSameCalls(t *testing.T) {
	for _, name := range scenarios.Library() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := library(t, name, scenarios.Options{Strategies: []string{"all"}})
			waits := slices.ContainsFunc(s.Workload, func(w workload.Stream) bool { return w.Arrivals.Process.Waits() })
			if waits {
				s.Duration = min(s.Duration, 5*time.Minute) // some of all strategies send a hundred attempts a call
			}
			for rep := range 2 {
				var first *metrics.Run
				for i := range s.Strategies {
					r, err := Run(context.Background(), Plan{Scenario: s, Strategy: &s.Strategies[i], Seed: 7, Replication: rep})
					if err != nil {
						t.Fatal(err)
					}
					if first == nil {
						first = r
					}
					who := fmt.Sprintf("%s, replication %d", s.Strategies[i].Name, rep)
					for j, tenant := range r.Tenants {
						if tenant.Demand != first.Tenants[j].Demand || tenant.Good > tenant.Demand {
							t.Errorf("%s: tenant %s asks for %d tokens and gets %d; it asked %s for %d", who, s.Tenants[j],
								tenant.Demand, tenant.Good, s.Strategies[0].Name, first.Tenants[j].Demand)
						}
					}
					ended := r.Succeeded + r.Censored
					for _, n := range r.Failed {
						ended += n
					}
					if r.Calls != ended || r.Sessions != first.Sessions || !waits && (r.Calls != first.Calls || r.LastArrival != first.LastArrival) {
						t.Errorf("%s: %d calls of %d sessions, %d ended; %s met %d of %d", who, r.Calls, r.Sessions, ended, s.Strategies[0].Name, first.Calls, first.Sessions)
					}
					if s.Strategies[i].Omniscient && r.Rejected != 0 {
						t.Errorf("%s: refused %d times", who, r.Rejected)
					}
				}
			}
		})
	}
}

// TestSameSeedSameBytes: the result is the same to the byte however many
// cores there are; another seed gives another history.
func TestSameSeedSameBytes(t *testing.T) {
	s := library(t, "launch-day", scenarios.Options{Duration: 2 * time.Minute, Strategies: []string{"jitter", "queue", "header-aware", "oracle"}})
	result := func(cores int, seed uint64) (r *metrics.Result, text []byte) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		r, err := Compare(context.Background(), s, Options{Seed: seed, Replications: 4})
		if err != nil {
			t.Fatal(err)
		}
		if text, err = json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		return r, text
	}
	one, want := result(1, 1)
	for _, cores := range []int{1, 2, 7} {
		if _, got := result(cores, 1); !bytes.Equal(got, want) {
			t.Errorf("%d cores give another result than one", cores)
		}
	}
	if other, _ := result(2, 2); other.Hash == one.Hash {
		t.Errorf("seeds 1 and 2 have the same history %s", one.Hash)
	}
}

// TestReplicationsInAnyOrder: what is summarised does not depend on the order
// of the replications: counts, histograms and series not at all, means and
// intervals only by the rounding of floating-point sums.
func TestReplicationsInAnyOrder(t *testing.T) {
	s := library(t, "outage", scenarios.Options{Strategies: []string{"jitter", "oracle"}})
	const reps = 6
	outcomes := func(order []int) []metrics.Outcome {
		var list []metrics.Outcome
		for i := range s.Strategies {
			o := metrics.Outcome{Name: s.Strategies[i].Name, Bound: s.Strategies[i].Omniscient}
			for _, rep := range order {
				r, err := Run(context.Background(), Plan{Scenario: s, Strategy: &s.Strategies[i], Seed: 1, Replication: rep})
				if err != nil {
					t.Fatal(err)
				}
				o.Runs = append(o.Runs, r)
			}
			list = append(list, o)
		}
		return list
	}
	var want metrics.Result
	metrics.Summarise(&want, metrics.NewSample(outcomes([]int{0, 1, 2, 3, 4, 5})), s.Tenants)
	for seed := range uint64(3) {
		var got metrics.Result
		order := rand.New(rand.NewPCG(seed, 0)).Perm(reps)
		metrics.Summarise(&got, metrics.NewSample(outcomes(order)), s.Tenants)
		got.Hash = want.Hash // of a history, which has an order
		for i := range got.Strategies {
			if diff := cmp.Diff(want.Strategies[i].Curves, got.Strategies[i].Curves); diff != "" {
				t.Errorf("order %v: curves of %s:\n%s", order, got.Strategies[i].Name, diff)
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-12, 1e-9)); diff != "" {
			t.Errorf("order %v:\n%s", order, diff)
		}
	}
}
