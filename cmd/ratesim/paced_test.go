package main

import (
	"bytes"
	"strings"
	"testing"

	"ratesim/scenarios"
)

// In every embedded scenario the verdict over all strategies that send to the
// same deployment, on success, then p95 latency, then attempts per call, is for
// paced, alone or with others that noise does not tell from it. The exceptions
// are in the README.
func TestPacedIsChosen(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every embedded scenario")
	}
	for _, name := range scenarios.Library() {
		if name == "long-waits" { // its calls have no deadlines: who sleeps for a day wins, and the README says so
			continue
		}
		t.Run(name, func(t *testing.T) {
			spec, err := scenarios.Load(name, nil, scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			names := []string{"adaptive", "budget"}
			for i := range spec.Strategies {
				if s := spec.Strategies[i].Name; s != "ptu" {
					names = append(names, s)
				}
			}
			var out, errs bytes.Buffer
			args := []string{"compare", name, "--quiet", "--strategies", strings.Join(names, ",")}
			if code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs}); code != exitDone {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
			_, verdict, _ := strings.Cut(out.String(), "\nChoose ")
			chosen, _, _ := strings.Cut(verdict, ": ")
			want := "paced"
			if name == "many-instances" {
				want = "paper:ub" // answers sooner, with three times the refusals
			}
			if !strings.Contains(chosen, want) {
				t.Errorf("chosen: %s", verdict)
			}
		})
	}
}
