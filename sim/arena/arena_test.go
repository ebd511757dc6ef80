package arena

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
)

var nan = math.NaN()

// Each expected value is worked out by hand: the best of one half, measured on the other.
func TestBeyond(t *testing.T) {
	all := []bool{true, true, true}
	tests := []struct {
		name     string
		x        halves
		eligible []bool
		want     []float64
	}{
		// The first half chooses strategy 0 (1), which has 3 in the second: 0, 1 and 2
		// beyond it. The second chooses strategy 0 (3), which has 1: 0, 1 and 4 beyond.
		{"the same best in both", halves{{1, 2, 5}, {3, 4, 5}}, all, []float64{0, 1, 3}},
		// The first half chooses 0, and the second has 6 for it: 0, -5, -1. The second
		// chooses 1, and the first has 4 for it: -3, 0, 1. Nobody looks good by luck.
		{"another best in each", halves{{1, 4, 5}, {6, 1, 5}}, all, []float64{-1.5, -2.5, 0}},
		{"the best may not be chosen", halves{{0, 2, 5}, {0, 4, 5}}, []bool{false, true, true}, []float64{-3, 0, 2}},
		{"the first of equals is chosen", halves{{1, 1, 1}, {2, 3, 1}}, all, []float64{0, 0.5, -0.5}},
		{"one that has no number", halves{{nan, 2, 5}, {1, 4, 5}}, all, []float64{nan, 0, 2}},
		{"none is eligible", halves{{1, 2, 3}, {1, 2, 3}}, []bool{false, false, false}, []float64{nan, nan, nan}},
	}
	for _, tt := range tests {
		if got := beyond(tt.x, tt.eligible); !equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func equal(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) < 1e-9 || math.IsNaN(x) && math.IsNaN(y) })
}

func number(x float64) *float64 { return &x }

// Three strategies in one situation with a tenant that floods, 200 calls in each half,
// of which 190 could have succeeded.
func TestScore(t *testing.T) {
	half := func(succeeded, refused, seconds, quiet float64) tally {
		return tally{calls: 200, succeeded: succeeded, refused: refused, most: 190, seconds: seconds * succeeded, quiet: 50, quietSucceeded: quiet, minutes: 10}
	}
	a, b, c := half(180, 100, 20, 40), half(180, 20, 30, 45), half(90, 0, 5, 45)
	got := score([]string{"a", "b", "c"}, [2][]tally{{a, b, c}, {a, b, c}}, false)
	want := []metrics.Score{
		{Name: "a", SuccessRate: 0.9, Points: 90, Regret: 0, Seconds: number(20), SecondsOver: number(0), Refusals: 0.5, RefusalOver: 0.4, Quiet: number(80), QuietBelow: number(10), BoundBelow: number(5)},
		{Name: "b", SuccessRate: 0.9, Points: 90, Regret: 0, Seconds: number(30), SecondsOver: number(10), Refusals: 0.1, RefusalOver: 0, Quiet: number(90), QuietBelow: number(0), BoundBelow: number(5)},
		// It is not near the best: that it is quick and never refused is worth nothing.
		{Name: "c", SuccessRate: 0.45, Points: 45, Regret: 45, Seconds: number(5), Refusals: 0, RefusalOver: -0.1, Quiet: number(90), QuietBelow: number(0), BoundBelow: number(50)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// Of the tenants' calls, those of the one that floods do not count as quiet.
func TestTally(t *testing.T) {
	run := metrics.Run{Tally: metrics.Tally{Calls: 10, Succeeded: 6, Rejected: 3, Good: 500}, Most: 9,
		Tenants: []metrics.Tally{{Calls: 1, Succeeded: 1}, {Calls: 7, Succeeded: 4}, {Calls: 2, Succeeded: 1}}}
	for flood, want := range map[int]tally{
		1:  {calls: 20, succeeded: 12, refused: 6, most: 18, good: 1000, quiet: 6, quietSucceeded: 4, minutes: 5},
		-1: {calls: 20, succeeded: 12, refused: 6, most: 18, good: 1000, minutes: 5},
	} {
		var got tally
		got.add(&run, 2.5, flood)
		got.add(&run, 2.5, flood)
		if got != want {
			t.Errorf("flood %d: %+v, want %+v", flood, got, want)
		}
	}
}

// In a closed workload a client that fails large calls at once is asked more often, and
// answers more: goodput counts.
func TestScoreClosed(t *testing.T) {
	patient := tally{calls: 100, succeeded: 100, good: 100_000, seconds: 100, minutes: 10}
	hasty := tally{calls: 1000, succeeded: 150, good: 80_000, seconds: 80, minutes: 10}
	got := score([]string{"patient", "hasty"}, [2][]tally{{patient, hasty}, {patient, hasty}}, true)
	if got[0].Points != 100 || got[0].Regret != 0 || got[1].Points != 80 || got[1].Regret != 20 || got[1].BoundBelow != nil {
		t.Errorf("%+v", got)
	}
}

func TestStandings(t *testing.T) {
	var list []metrics.ArenaSituation
	for i := range 10 { // regrets 0, 1, … 9 of a; b runs in the first two alone
		s := metrics.ArenaSituation{Scores: []metrics.Score{{Name: "a", Regret: float64(i), RefusalOver: 2}}}
		if i < 2 {
			s.Scores = append(s.Scores, metrics.Score{Name: "b", Regret: 0.5, SecondsOver: number(float64(i))})
		}
		list = append(list, s)
	}
	got := standings([]string{"a", "b", "never"}, list)
	if len(got) != 2 || got[0].Name != "a" || got[1].Name != "b" {
		t.Fatalf("order %+v", got)
	}
	a, b := got[0], got[1]
	if a.Situations != 10 || a.Regret.Mean != 4.5 || a.Regret.P90 != 8 || a.Regret.Worst != 9 || a.Close != 0.1 || a.Refusals.Worst != 2 || a.Seconds != nil {
		t.Errorf("a: %+v", a)
	}
	// Student's t: 4.5 ± 2.262 · 3.0277/√10.
	if math.Abs(a.Regret.Hi-a.Regret.Lo-2*2.1658) > 0.2 {
		t.Errorf("interval of a: %+v", a.Regret)
	}
	if b.Situations != 2 || b.Close != 1 || b.Seconds.Mean != 0.5 || b.Seconds.Worst != 1 {
		t.Errorf("b: %+v, seconds %+v", b, b.Seconds)
	}
}

func options(n int, field ...string) Options {
	return Options{Seed: 5, Situations: n, Replications: 2, Field: field, Catalog: catalog.Embedded()}
}

// The result does not depend on the number of cores.
func TestCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var first []byte
	for _, cores := range []int{1, 4} {
		runtime.GOMAXPROCS(cores)
		a, err := Run(t.Context(), options(4, "none", "jitter", "header-aware"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		} else if !bytes.Equal(first, b) {
			t.Errorf("%d cores:\n%s\none:\n%s", cores, b, first)
		}
	}
}

// A situation's file, run by sim.Compare as the note in it says, gives the arena's runs.
func TestFiles(t *testing.T) {
	o := options(6)
	o.Field = []string{"none", "jitter", "header-aware"}
	a, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Worst(a, "none", 3, o.Catalog)
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	before := math.Inf(1)
	for i, f := range files {
		s := a.Situations[slices.IndexFunc(a.Situations, func(s metrics.ArenaSituation) bool { return strings.HasSuffix(f.Name, s.Name) })]
		own := s.Find("none")
		if own.Regret > before || own.Regret <= metrics.Close {
			t.Errorf("%s has a regret of %v after %v", f.Name, own.Regret, before)
		}
		before = own.Regret
		compare := func(names ...string) *metrics.Result {
			spec, err := scenarios.Parse(f.Name, f.Data, scenarios.Options{Strategies: names})
			if err != nil {
				t.Fatalf("%v in\n%s", err, f.Data)
			}
			r, err := sim.Compare(t.Context(), spec, sim.Options{Seed: s.Seed, Replications: 2})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if want := fmt.Sprintf("--seed %d --reps 2", s.Seed); !strings.Contains(string(f.Data), want) {
			t.Errorf("file %d does not say %q:\n%s", i, want, f.Data)
		}
		if got := compare(o.Field...).Hash; got != s.Hash {
			t.Errorf("%s: hash %s, in the arena %s", f.Name, got, s.Hash)
		}
		r := compare() // with the strategies of the file
		for _, name := range []string{"none", s.Best().Name} {
			got, want := r.Find(name).Values[metrics.SuccessRate].Mean, s.Find(name).SuccessRate
			if math.Abs(got-want) > 5e-5 {
				t.Errorf("%s: %s succeeds in %v of the calls, in the arena in %v", f.Name, name, got, want)
			}
		}
		if r.Find("oracle") == nil {
			t.Errorf("%s lacks oracle", f.Name)
		}
	}
}

// An interrupted arena reports the situations that were finished.
func TestInterrupt(t *testing.T) {
	o := options(3, "none", "jitter")
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(done, of int) {
		if done == 6 && of == 12 { // in the midst of the second situation
			cancel()
		}
	}
	a, err := Run(ctx, o)
	if !errors.Is(err, context.Canceled) || a == nil || len(a.Situations) != 1 || len(a.Warnings) != 1 {
		t.Errorf("%+v, %v", a, err)
	}
	cancel()
	if a, err := Run(ctx, o); a != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before it began: %+v, %v", a, err)
	}
}

// The field has all that needs one deployment and no coordinator.
func TestField(t *testing.T) {
	field := Field()
	for _, name := range []string{"paced", "jitter", "queue", "paper:ub", "sdk:openai-python@3.3", "split"} {
		if !slices.Contains(field, name) {
			t.Errorf("the field lacks %s", name)
		}
	}
	for _, name := range []string{"oracle", "ptu", "batch", "route", "shared", "lease"} {
		if slices.Contains(field, name) {
			t.Errorf("the field has %s", name)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{Situations: 0, Replications: 2}, {Situations: 1, Replications: 3}, {Situations: 1}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("took %+v", o)
		}
	}
}
