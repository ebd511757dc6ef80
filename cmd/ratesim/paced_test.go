package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"ratesim/scenarios"
	"ratesim/strategies"
)

// In every embedded scenario the verdict over all strategies that send to the
// same deployment, on success, then p95 latency, then attempts per call, is for
// paced, alone or with others that noise does not tell from it. The exceptions
// are in the README, with who is chosen instead.
func TestPacedIsChosen(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every strategy in every embedded scenario")
	}
	exceptions := map[string]string{
		"herd":           "split",
		"limit-cut":      "sdk:cenkalti-backoff@5.0",
		"many-instances": "paper:ub",
		"long-waits":     "paper:atb",
	}
	for _, name := range scenarios.Library() {
		t.Run(name, func(t *testing.T) {
			spec, err := scenarios.Load(name, nil, scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			elsewhere := []string{"ptu", "route", "batch"}
			if spec.Coordinator == nil {
				elsewhere = append(elsewhere, "shared", "lease")
			}
			names := strategies.Names()
			for i := range spec.Strategies {
				if s := spec.Strategies[i].Name; !slices.Contains(names, s) {
					names = append(names, s)
				}
			}
			names = slices.DeleteFunc(names, func(s string) bool { return slices.Contains(elsewhere, s) })
			var out, errs bytes.Buffer
			args := []string{"compare", name, "--quiet", "--strategies", strings.Join(names, ",")}
			if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs}); code != exitDone {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
			_, verdict, _ := strings.Cut(out.String(), "\nChoose ")
			chosen, _, _ := strings.Cut(verdict, ": ")
			want, excepted := exceptions[name]
			if !excepted {
				want = "paced"
			}
			if !strings.Contains(chosen, want) || excepted && strings.Contains(chosen, "paced") {
				t.Errorf("chosen: %s", verdict)
			}
		})
	}
}

// Where no header tells of limits, paced learns them from refusals: it succeeds as
// often as the best of those that do not know the limits, to 2 points of a hundred,
// and others that do are refused more often, most of them much more.
func TestPacedWithoutHeaders(t *testing.T) {
	if testing.Short() {
		t.Skip("runs four scenarios against the limits of two vendors")
	}
	const rivals = "jitter,retry-after,adaptive,aimd,header-aware,paper:ub,sdk:botocore-adaptive@1.43"
	for _, c := range []struct {
		scenario, provider string
		times              float64 // how much more often
	}{
		{"launch-day", "gemini/gemini-3-pro-preview@tier-1", 2},
		{"limit-cut", "gemini/gemini-3-pro-preview@tier-1", 2},
		{"many-instances", "gemini/gemini-3-pro-preview@tier-1", 2},
		{"launch-day", "bedrock/claude-sonnet-4.5@200k", 2},
		{"limit-cut", "bedrock/claude-sonnet-4.5@200k", 2},
		{"many-instances", "bedrock/claude-sonnet-4.5@200k", 2},
		{"noisy-neighbour", "bedrock/claude-sonnet-4.5@1m", 1.1},
	} {
		t.Run(c.scenario+" "+c.provider, func(t *testing.T) {
			var out, errs bytes.Buffer
			args := []string{"compare", c.scenario, "--quiet", "--reps", "5", "--provider", c.provider, "--strategies", "paced," + rivals, "-o", "json"}
			if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs}); code != exitDone {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
			type mean struct{ Mean float64 }
			var result struct {
				Strategies []struct {
					Name     string
					Success  mean `json:"success_rate"`
					Rejected mean
				}
			}
			if err := json.Unmarshal(out.Bytes(), &result); err != nil {
				t.Fatal(err)
			}
			paced := result.Strategies[0]
			for _, s := range result.Strategies[1:] {
				switch {
				case s.Success.Mean > paced.Success.Mean+0.02:
					t.Errorf("%s: %.3f of the calls succeed, of paced's %.3f", s.Name, s.Success.Mean, paced.Success.Mean)
				case s.Success.Mean > paced.Success.Mean-0.02 && s.Rejected.Mean < c.times*paced.Rejected.Mean:
					t.Errorf("%s: %.0f refusals, of paced %.0f", s.Name, s.Rejected.Mean, paced.Rejected.Mean)
				}
			}
		})
	}
}
