package sim

import (
	"context"
	"testing"

	"ratesim/sim/metrics"
	"ratesim/sim/verdict"
)

// A comparison with as many replications as it takes ends at the first look after 20
// million attempts, or at the last one: that is the most that there can be.
func TestMostRuns(t *testing.T) {
	for _, test := range []struct {
		replications int // until the next look
		done         int
		attempts     int64
		want         int
	}{
		{10, 20, 2_000, 400},     // 200 replications of two strategies
		{10, 20, 40_000_000, 20}, // enough by now
		{10, 20, 10_000_000, 80}, // after 20 replications it is 20 million, and not more
		{10, 20, 10_000_001, 40}, // half an attempt a run above it
		{160, 320, 2_000_000, 400},
	} {
		c := &comparison{looks: verdict.Looks(), outcomes: make([]metrics.Outcome, 2), progress: Progress{Done: test.done, Attempts: test.attempts}}
		if got := c.most(test.replications); got != test.want {
			t.Errorf("%d runs with %d attempts: at most %d runs, want %d", test.done, test.attempts, got, test.want)
		}
	}
}

func TestProgress(t *testing.T) {
	s := parse(t, one, "none", "backoff")
	var all []Progress
	tell := func(p Progress) { all = append(all, p) }
	r, err := Compare(context.Background(), s, Options{Replications: 5, Progress: tell})
	if err != nil || len(all) != 10 {
		t.Fatalf("%d runs were told, %v", len(all), err)
	}
	for i, p := range all {
		if p.Done != i+1 || p.Most != 10 || p.Look != 0 || p.Looks != 0 {
			t.Errorf("run %d: %+v", i+1, p)
		}
	}
	attempts := 0.0
	for _, k := range r.Strategies {
		attempts += 5 * k.Values[metrics.Attempts].Mean
	}
	if got := all[9].Attempts; float64(got) != attempts {
		t.Errorf("%d attempts, want %v", got, attempts)
	}
	all = nil
	r, err = Compare(context.Background(), s, Options{Progress: tell})
	if err != nil || len(all) != 2*r.Replications {
		t.Fatalf("%d runs were told of %d replications, %v", len(all), r.Replications, err)
	}
	if first, last := all[0], all[len(all)-1]; first.Look != 1 || first.Looks != 6 || last.Done != len(all) || last.Most != 400 {
		t.Errorf("first %+v, last %+v", first, last)
	}
}
