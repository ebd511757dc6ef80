package sim

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"ratesim/scenarios"
	"ratesim/sim/metrics"
)

// TestLibraryTeaches: what the scenarios of the library expect, and say in words, holds for
// seeds with which nobody chose the numbers. And each strategy differs from each other one
// somewhere, so that none is there for nothing.
func TestLibraryTeaches(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates the whole library")
	}
	type pair struct{ a, b string }
	met, differ := map[pair]bool{}, map[pair]bool{}
	for _, name := range scenarios.Library() {
		spec := library(t, name, scenarios.Options{})
		for _, seed := range []uint64{7, 8} {
			r, err := Compare(context.Background(), spec, Options{Seed: seed, Replications: 5})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range r.Expectations {
				if !e.Met {
					t.Errorf("%s, seed %d: %s is missed", name, seed, e.Text)
				}
			}
			for i := range r.Strategies {
				for k := range i {
					a, b := &r.Strategies[k], &r.Strategies[i]
					p := pair{min(a.Name, b.Name), max(a.Name, b.Name)}
					met[p] = true
					differ[p] = differ[p] || rowOf(a) != rowOf(b)
				}
			}
		}
	}
	for p := range met {
		if !differ[p] && !strings.HasPrefix(p.a, "sdk:") { // of those several do the same as others
			t.Errorf("%s and %s are the same wherever they meet", p.a, p.b)
		}
	}
}

// rowOf is what a table shows of a strategy.
func rowOf(s *metrics.Strategy) string {
	text := ""
	for _, id := range []metrics.ID{metrics.Failed, metrics.Attempts, metrics.Rejected, metrics.TimeToSuccessP50} {
		if e := s.Values[id]; e != nil {
			text += fmt.Sprint(e.Mean, " ")
		} else {
			text += "- "
		}
	}
	return text
}
