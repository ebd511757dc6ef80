package sim

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ratesim/scenarios"
)

// TestPacedSituations holds paced to the situations in which its predecessor lost. The
// files say what it must reach beside the strategy that is best there. missed lists what it
// does not reach: whoever mends that takes it off the list.
func TestPacedSituations(t *testing.T) {
	missed := map[string][]string{
		"output-limit":         {"paced.success_rate >= sdk:cenkalti-backoff@5.0.success_rate - 0.005"},
		"fixed-minutes-launch": {"paced.rejected <= 1.1 * queue.rejected"},
	}
	files, err := filepath.Glob("testdata/paced/*.yaml")
	if err != nil || len(files) != 11 {
		t.Fatalf("%d files, want 11, %v", len(files), err)
	}
	for _, file := range files {
		spec, err := scenarios.Load(file, nil, scenarios.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Compare(t.Context(), spec, Options{Seed: 1, Replications: 4})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range r.Expectations {
			if !x.Met {
				got = append(got, x.Text)
			}
		}
		if want := missed[strings.TrimSuffix(filepath.Base(file), ".yaml")]; !slices.Equal(want, got) {
			t.Errorf("%s: paced misses %q; recorded is %q", file, got, want)
		}
	}
}
