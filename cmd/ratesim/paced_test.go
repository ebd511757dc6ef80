package main

import (
	"bytes"
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
		"herd":           "paper:ub",
		"limit-cut":      "sdk:cenkalti-backoff@5.0",
		"many-instances": "sdk:cenkalti-backoff@5.0",
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
