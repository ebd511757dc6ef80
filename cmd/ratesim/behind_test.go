package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A generator that cannot send the calls of a scenario says so on standard error, also
// where the format has no place for it, and the exit code is 1. No machine makes two million
// calls a second.
func TestBenchBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fast.yaml")
	err := os.WriteFile(path, []byte(`name: fast
duration: 10s
drain: 1s
workload:
  - {tenant: a, arrivals: {process: poisson, rate: 20000/s}, prompt_tokens: 9, output_tokens: 1}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-2}
strategies: [none]
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"bench", path, "--speed", "100", "-o", "csv", "--quiet"}, streams{in: strings.NewReader(""), out: &out, err: &errs})
	if code != exitFailed || !strings.Contains(errs.String(), "calls were not sent") || !strings.Contains(out.String(), "none") {
		t.Errorf("exit code %d; standard error:\n%s\nstandard output:\n%s", code, &errs, &out)
	}
}
