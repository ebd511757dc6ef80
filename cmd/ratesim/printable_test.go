package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A name with an escape character in a scenario or a log reaches no terminal as such,
// whatever the command says of it.
func TestNamesDoNotSteerTheTerminal(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	scenario := `name: "evil\e[2J"
duration: 10s
workload:
  - {tenant: "a\e[31mb", arrivals: {process: poisson, rate: 2/s}, prompt_tokens: 900, output_tokens: 100}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-2}
strategies: [none]
`
	good := file("good.yaml", scenario)
	bad := file("bad.yaml", scenario+"expect:\n  - {metric: \"x\\e[2J\", max: 1}\n\"key\\e[2J\": 1\n")
	log := file("log.csv", "time,prompt_tokens,output_tokens,tenant\n2026-01-01T00:00:00Z,10,10,a\x1b[2J\n2026-01-01T00:00:05Z,10,10,b\n")
	for _, args := range [][]string{
		{"validate", good}, {"validate", bad}, {"compare", bad}, {"compare", good, "--reps", "1"}, {"compare", good, "--reps", "1", "-o", "csv"},
		{"workload", "describe", log}, {"workload", "fit", log}, {"workload", "fit", log, "-o", "yaml"}, {"compare", "--trace", log, "--reps", "1", "--strategies", "x\x1b[2J"}, {"compare", "no\x1b[2Jfile"},
	} {
		var out, errs bytes.Buffer
		run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs})
		if all := out.String() + errs.String(); strings.ContainsRune(all, '\x1b') || all == "" {
			t.Errorf("%q writes %q", args, all)
		}
	}
}
