package sim

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"ratesim/sim/metrics"
)

// Who looks on while replications come sees one, then five, then those of each look,
// and gets the same result as who does not.
func TestInterim(t *testing.T) {
	spec := parse(t, doubled)
	for _, tt := range []struct {
		replications int
		seen         []int // of as many as the result has
	}{
		{1, []int{1}},
		{4, []int{1, 4}},
		{12, []int{1, 5, 12}},
		{0, []int{1, 5, 10, 20, 40, 80, 160, 200}},
	} {
		want, err := Compare(context.Background(), spec, Options{Seed: 3, Replications: tt.replications})
		if err != nil {
			t.Fatal(err)
		}
		var seen []int
		got, err := Compare(context.Background(), spec, Options{Seed: 3, Replications: tt.replications, Interim: func(r *metrics.Result) {
			seen = append(seen, r.Replications)
			if len(r.Warnings) != len(want.Warnings) && r.Replications > 1 {
				t.Errorf("after %d replications the warnings are %q, want those of the result: %q", r.Replications, r.Warnings, want.Warnings)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%d replications: who looks on gets another result", tt.replications)
		}
		for tt.seen[len(tt.seen)-1] > want.Replications {
			tt.seen = tt.seen[:len(tt.seen)-1]
		}
		if !reflect.DeepEqual(seen, tt.seen) {
			t.Errorf("%d replications: seen after %v, want %v", tt.replications, seen, tt.seen)
		}
	}
}

// Who looks on and stops is let go without a result.
func TestInterimStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	r, err := Compare(ctx, parse(t, doubled), Options{Seed: 3, Interim: func(*metrics.Result) { seen++; cancel() }})
	if r != nil || !errors.Is(err, context.Canceled) || seen != 1 {
		t.Errorf("a result: %v, error %v, seen %d times, want once and nothing more", r != nil, err, seen)
	}
}
