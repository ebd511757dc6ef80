package scenarios

import (
	"testing"

	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

func TestLibrary(t *testing.T) {
	for _, name := range Library() {
		spec, err := Load(name, nil, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if spec.Name != name || spec.About == "" || spec.Teaches == "" || len(spec.Expect) == 0 || len(spec.Warnings) > 0 {
			t.Errorf("%s: name %q, about %q, teaches %q, %d expectations, warnings %q", name, spec.Name, spec.About, spec.Teaches, len(spec.Expect), spec.Warnings)
		}
		if _, err := workload.Open(spec.Workload, rng.New(1, 0), clock.Time(spec.Duration)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i := range spec.Deployments {
			if err := spec.Deployments[i].Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got := Library(); len(got) < 5 {
		t.Errorf("Library() = %q", got)
	}
}

// What the library expects is said of its scenarios as they stand.
func TestChangedLessonsExpectNothing(t *testing.T) {
	for _, k := range []struct {
		opt  Options
		want bool
	}{
		{Options{}, true},
		{Options{SLO: []string{"success_rate>=99%"}, Baseline: "jitter"}, true},
		{Options{Strategies: []string{"jitter"}}, false},
		{Options{Instances: 3}, false},
		{Options{Set: []string{"fleet.instances=3"}}, false},
		{Options{Provider: "openai/gpt-4o@tier-3"}, false},
	} {
		s, err := Load("outage", nil, k.opt)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(s.Expect) > 0; got != k.want || len(s.Warnings) > 0 {
			t.Errorf("%+v: expects something: %v, want %v; warnings %q", k.opt, got, k.want, s.Warnings)
		}
	}
	s, err := Load("outage", nil, Options{Set: []string{"expect=[jitter.failed >= 1]"}})
	if err != nil || len(s.Expect) != 1 {
		t.Errorf("what --set expects counts: %v, %v", s, err)
	}
}
