package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A generator that cannot send the calls of a scenario says so on standard error, also
// where the format has no place for it. How many are missing is a metric, and a part of the
// failed calls. The exit code is 1, or that of an expectation about them. No machine makes
// two million calls a second; a simulation has them all.
func TestBenchBehind(t *testing.T) {
	for _, tt := range []struct {
		command, expect string
		code            int
		sent            bool
	}{
		{"bench", "none.calls > 0", exitFailed, false},
		{"bench", "none.not_sent <= 1e9", exitDone, false},
		{"bench", "none.not_sent == 0", exitUnmet, false},
		{"compare", "none.not_sent == 0", exitDone, true},
	} {
		path := filepath.Join(t.TempDir(), "fast.yaml")
		err := os.WriteFile(path, []byte(`name: fast
duration: 2s
drain: 1s
workload:
  - {tenant: a, arrivals: {process: poisson, rate: 20000/s}, prompt_tokens: 9, output_tokens: 1}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-2}
strategies: [none]
expect: ["`+tt.expect+`"]
`), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{tt.command, path, "-o", "csv", "--quiet", "--reps", "1"}
		if tt.command == "bench" {
			args = append(args, "--speed", "100", "--no-sim")
		}
		var out, errs bytes.Buffer
		code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs})
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%s: %v, rows %q", tt.expect, err, rows)
		}
		metric := func(name string) float64 {
			v, err := strconv.ParseFloat(rows[1][slices.Index(rows[0], name)], 64)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return v
		}
		missing := metric("not_sent")
		if said := strings.Contains(errs.String(), "calls of none were not sent"); code != tt.code || said == tt.sent || (missing == 0) != tt.sent {
			t.Errorf("%s of %s: exit code %d, want %d; %v not sent; standard error:\n%s", tt.expect, tt.command, code, tt.code, missing, &errs)
		}
		if all := metric("succeeded") + metric("failed") + metric("censored"); all != metric("calls") || metric("failed") < missing {
			t.Errorf("%s: %v calls, %v with an outcome, %v failed, %v not sent", tt.command, metric("calls"), all, metric("failed"), missing)
		}
	}
}
