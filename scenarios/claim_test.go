package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Every embedded claim says what it claims and is tried under more than one
// condition, each of them said once.
func TestEmbeddedClaims(t *testing.T) {
	names := Claims()
	if len(names) < 14 {
		t.Errorf("%d claims", len(names))
	}
	for _, name := range names {
		c, err := LoadClaim(name, nil, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if c.Name != name || c.About == "" || len(c.Cases) < 2 {
			t.Errorf("%s: name %q, about %q, %d cases", name, c.Name, c.About, len(c.Cases))
		}
		if c.Fair == "" || c.Changes == "" {
			t.Errorf("%s does not say why it is fair, or what would change the verdict", name)
		}
		said := map[string]bool{}
		for _, k := range c.Cases {
			if said[k.If] {
				t.Errorf("%s: two cases if %s", name, k.If)
			}
			said[k.If] = true
			if len(k.Spec.Warnings) > 0 {
				t.Errorf("%s, if %s: %q", name, k.If, k.Spec.Warnings)
			}
		}
		if _, err := Load("claims/"+name, nil, Options{}); err != nil {
			t.Errorf("as a scenario: %v", err)
		}
	}
}

const claimBefore = `name: x
about: more is better
duration: 1m
workload:
  - {arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 100, output_tokens: 50}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1}
strategies: [none, {name: again, use: naive}]
expect: [again.success_rate > none.success_rate]
`

// A case changes the fields it sets, and only in itself.
func TestCases(t *testing.T) {
	c, err := ParseClaim("x", []byte(claimBefore+`cases:
  - {if: nothing is set, holds: true}
  - if: much is set
    set:
      fleet.instances: 7
      deployments.main.limits: {rpm: 30}
      workload.0.arrivals.rate: 2/s
      strategies.again.max_retries: 3
      expect: [again.calls >= 1, again.attempts >= 2 * none.attempts]
    window: 100ms
    holds: false
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		If        string
		Holds     bool
		Window    time.Duration
		Instances int
		RPM       int64
		Rate      float64
		Retries   string
		Expect    int
	}
	var got []facts
	for _, k := range c.Cases {
		s := k.Spec
		got = append(got, facts{k.If, k.Holds, k.Window, s.Fleet.Instances, int64(s.Deployments[0].RPM), s.Workload[0].Arrivals.Rate,
			s.Strategies[1].Args["max_retries"], len(s.Expect)})
	}
	want := []facts{
		{"nothing is set", true, 0, 1, 500, 1, "", 1},
		{"much is set", false, 100 * time.Millisecond, 7, 30, 2, "3", 2},
	}
	if diff := cmp.Diff(want, got); diff != "" || c.Name != "x" || c.About != "more is better" {
		t.Errorf("%s %s (-want +got)\n%s", c.Name, c.About, diff)
	}
}

// What is wrong with a claim is reported where it was written.
func TestBadClaims(t *testing.T) {
	for _, tt := range []struct{ cases, want string }{
		{"", "x: cases is missing; want what the claim is tried under: [{if: …, set: {path: value}, holds: true}]"},
		{"cases: []\n", "x: cases is missing; want what the claim is tried under: [{if: …, set: {path: value}, holds: true}]"},
		{"cases: many\n", `x:10:8: cases: want a list of cases, got "many"`},
		{"cases:\n  - {if: so, hold: true}\n", "x:11:5: cases[0].holds: is missing\nx:11:14: cases[0].hold: unknown key; did you mean \"holds\"? allowed: if, set, window, holds"},
		{"cases:\n  - {if: so, holds: perhaps}\n", `x:11:21: cases[0].holds: want true or false, got "perhaps"`},
		{"cases:\n  - {if: so, set: none, holds: true}\n", `x:11:19: cases[0].set: want a mapping of paths to values, such as {fleet.instances: 40}, got "none"`},
		{"cases:\n  - {if: so, set: {deployments.man.limits.rpm: 3}, holds: true}\n",
			`x:11:20: set.deployments.man.limits.rpm: no item "man" in a list of 1; did you mean "main"? allowed: main, or an index from 0`},
		{"cases:\n  - {if: so, set: {fleet.instances: none}, holds: true}\n", `x:11:37: fleet.instances: want a whole number from 1 to 1000000, got "none"`},
		{"cases:\n  - {if: so, set: {expect: []}, holds: true}\n", "x: nothing is expected if so; want expect, with what the claim says"},
		{"cases:\n  - {if: so, window: 0s, holds: true}\n", `x:11:22: cases[0].window: want a duration from 1ms to 1h, such as 500ms, 90s or 1h30m, got "0s"`},
	} {
		_, err := ParseClaim("x", []byte(claimBefore+tt.cases), Options{})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s\n got %v\nwant %s", tt.cases, err, tt.want)
		}
	}
}

func TestLoadClaim(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	text := claimBefore + "cases: [{if: so, holds: true}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, "-"} {
		if c, err := LoadClaim(name, strings.NewReader(text), Options{}); err != nil || c.Name != "x" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c, err := LoadClaim("claims/no-jitter", nil, Options{}); err != nil || c.Name != "no-jitter" {
		t.Error(err)
	}
	_, err := LoadClaim("no-jiter", nil, Options{})
	if err == nil || !strings.Contains(err.Error(), `did you mean "no-jitter"?`) {
		t.Error(err)
	}
	if _, err := Load("library/outage", nil, Options{}); err == nil {
		t.Error("library/outage is a scenario")
	}
}
