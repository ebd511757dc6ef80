package ui

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
)

// all has a stream of each kind, limits of several kinds, faults, and strategies with
// parameters of their own.
const all = `
name: all
duration: 10m
fleet: {instances: 4, churn: [{at: 1m, instances: 9}]}
workload:
  - {tenant: web, arrivals: {process: poisson, rate: 2/s}, prompt_tokens: 100, output_tokens: 50, deadline: 30s}
  - {tenant: web, arrivals: {process: spike, at: 1m, calls: 101}, prompt_tokens: 100, output_tokens: 50}
  - {tenant: jobs, arrivals: {process: ramp, from: 1/s, to: 3/s}, prompt_tokens: 100, output_tokens: 50}
  - {tenant: jobs, arrivals: {process: mmpp, rate: 1/s, burst_rate: 4/s, calm: 20s, burst: 10s}, prompt_tokens: 100, output_tokens: 50}
  - {tenant: users, arrivals: {process: closed, users: 10, think: 5s}, prompt_tokens: 100, output_tokens: 50}
  - {tenant: log, arrivals: {process: trace, file: log.csv, scale: 0.5}}
deployments:
  - {name: main, provider: anthropic/claude-sonnet-4.5@start}
  - {name: reserved, provider: azure/gpt-4o-mini@ptu-15}
faults:
  - {kind: hang, rate: 0.1}
  - {kind: errors, status: 502, rate: 2%}
strategies: [none, jitter, {name: own, use: jitter, jitter: full}, {name: fixed one, use: fixed, max_retries: 2}]
`

// under returns the scenario of a query, which must be right.
func under(t *testing.T, s *server, query string) *scenarios.Spec {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	st, wrong := readState(q)
	u := s.open(st)
	spec := u.read()
	if spec == nil || len(wrong) > 0 {
		t.Fatalf("%s: %v %v", query, u.wrong, wrong)
	}
	return spec
}

// Each slider changes what it says and nothing else.
func TestFields(t *testing.T) {
	path := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(path, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	log := "time,prompt_tokens,output_tokens\n"
	for i := range 120 { // the second half comes after ten minutes
		log += fmt.Sprintf("%d,100,50\n", i+i/60*600)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "log.csv"), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := served(t, path)
	args := func(s *scenarios.Spec, key string) string {
		var out []string
		for _, k := range s.Strategies {
			out = append(out, k.Name+":"+k.Args[key])
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		query string
		get   func(s *scenarios.Spec) any
		want  any
	}{
		{"", func(s *scenarios.Spec) any { return s.Fleet.Instances*100 + len(s.Fleet.Churn) }, 401},
		{"instances=7", func(s *scenarios.Spec) any { return s.Fleet.Instances*100 + len(s.Fleet.Churn) }, 700},
		{"rpm=77", func(s *scenarios.Spec) any { return s.Deployments[0].RPM }, int64(77)},
		{"itpm=9000", func(s *scenarios.Spec) any { return limits(s) }, "rpm 1000, otpm 400000, itpm 9000"},
		{"otpm=100", func(s *scenarios.Spec) any { return limits(s) }, "rpm 1000, itpm 2000000, otpm 100"},
		{"ptu.reserved=25", func(s *scenarios.Spec) any { return s.Deployments[1].PTU.Units }, 25},
		{"load=3", func(s *scenarios.Spec) any { return traffic(s) },
			"poisson 6/s, spike 303, ramp 3/s 9/s, mmpp 3/s 12/s, closed 30, trace 1.5"},
		{"load=0.5", func(s *scenarios.Spec) any { return traffic(s) },
			"poisson 1/s, spike 51, ramp 0.5/s 1.5/s, mmpp 0.5/s 2/s, closed 5, trace 0.25"},
		// Of the 60 calls that the log has in these ten minutes half are kept.
		{"cv=4", func(s *scenarios.Spec) any { return traffic(s) },
			"gamma 2/s 4, spike 101, ramp 1/s 3/s, gamma 2/s 4, closed 10, gamma 0.05/s 4"},
		{"cv=4&load=2", func(s *scenarios.Spec) any { return traffic(s) },
			"gamma 4/s 4, spike 202, ramp 2/s 6/s, gamma 4/s 4, closed 20, gamma 0.1/s 4"},
		{"deadline.web=5", func(s *scenarios.Spec) any { return deadlines(s) }, "5s 5s 0s 0s 0s 0s"},
		{"deadline.jobs=0.5", func(s *scenarios.Spec) any { return deadlines(s) }, "30s 0s 500ms 500ms 0s 0s"},
		{"errors=5", func(s *scenarios.Spec) any { return faults(s) }, "hang 0.1, errors 0.05"},
		{"outage=20", func(s *scenarios.Spec) any { return faults(s) }, "hang 0.1, errors 0.02, outage 5m0s-5m20s"},
		{"errors=7&outage=20", func(s *scenarios.Spec) any { return faults(s) }, "hang 0.1, errors 0.07, outage 5m0s-5m20s"},
		{"errors=0", func(s *scenarios.Spec) any { return faults(s) }, "hang 0.1, errors 0"},
		{"jitter=60", func(s *scenarios.Spec) any { return args(s, "jitter") }, "none: jitter:60% own:full fixed one:"},
		{"max_retries=3", func(s *scenarios.Spec) any { return args(s, "max_retries") }, "none: jitter:3 own:3 fixed one:2"},
		{"strategy=own&strategy=queue&max_retries=3", func(s *scenarios.Spec) any { return args(s, "max_retries") }, "own:3 queue:3"},
		{"add=jitter+max_retries%3D1+jitter%3Dfull&add=naive", func(s *scenarios.Spec) any { return args(s, "max_retries") },
			"none: jitter: own: fixed one:2 jitter max_retries=1 jitter=full:1 naive:"},
		{"strategy=none&add=naive&max_retries=4", func(s *scenarios.Spec) any { return args(s, "max_retries") }, "none: naive:4"},
		{"provider=openai/gpt-4o%40tier-2", func(s *scenarios.Spec) any { return s.Deployments[0].Ref }, "openai/gpt-4o@tier-2"},
		{"provider=openai/gpt-4o%40tier-2&tpm=5000", func(s *scenarios.Spec) any { return s.Deployments[0].TPM }, int64(5000)},
		{"scenario=agents&load=2", func(s *scenarios.Spec) any { return traffic(s) }, "sessions poisson 0.5/s"},
		{"scenario=outage&instances=2", func(s *scenarios.Spec) any { return s.Name }, "outage"},
	} {
		spec := under(t, s, tt.query)
		if diff := cmp.Diff(tt.want, tt.get(spec)); diff != "" {
			t.Errorf("%s: %s", tt.query, diff)
		}
	}
}

// What stands in the fields is what the scenario has: to set it changes nothing.
func TestFieldsSayWhatIs(t *testing.T) {
	s, _ := served(t, scenarios.Default)
	for _, name := range scenarios.Library() {
		u := s.open(state{scenario: name})
		if u.file == nil {
			t.Fatalf("%s: %v", name, u.wrong)
		}
		seen := map[string]bool{}
		for _, f := range u.fields {
			if seen[f.Name] {
				t.Errorf("%s: two fields are %s", name, f.Name)
			}
			seen[f.Name] = true
			if f.Was == "" || f.Name == "instances" && u.base.Fleet.Churn != nil {
				continue
			}
			st := state{scenario: name, values: map[string]string{f.Name: f.Was}}
			same := s.open(st)
			if len(same.opt.Set) > 0 || same.opt.Instances > 0 || len(same.wrong) > 0 {
				t.Errorf("%s: %s=%s sets %v %v", name, f.Name, f.Was, same.opt.Set, same.wrong)
			}
		}
		for _, want := range []string{"load", "instances", "errors", "outage", "rpm", "tpm"} {
			if !seen[want] && !(want == "tpm" && seen["itpm"]) {
				t.Errorf("%s has no field %s", name, want)
			}
		}
	}
}

// The command is one that the command line takes: quoted where a shell needs it.
func TestCommand(t *testing.T) {
	s, _ := served(t, scenarios.Default)
	for query, want := range map[string]string{
		"":                                       "ratesim compare",
		"scenario=outage&seed=3":                 "ratesim compare outage --seed 3",
		"tpm=300000&instances=20":                "ratesim compare --instances 20 --set deployments.0.limits.tpm=300000",
		"outage=9":                               "ratesim compare --set 'faults=[{kind: errors, status: 500, rate: 0.01}, {kind: outage, at: 300s, for: 9s}]'",
		"strategy=none&add=jitter+jitter%3Dfull": `ratesim compare --strategies 'none,"{name: ""jitter jitter=full"", use: ""jitter"", jitter: ""full""}"'`,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		st, _ := readState(q)
		if got := s.command(s.open(st)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
}

func limits(s *scenarios.Spec) string {
	var out []string
	if d := &s.Deployments[0]; d.RPM > 0 {
		out = append(out, "rpm "+number(float64(d.RPM)))
	}
	for _, l := range s.Deployments[0].Limits {
		if l.Growth == 0 {
			out = append(out, map[int]string{2: "itpm ", 3: "otpm "}[int(l.Counts)]+number(float64(l.Most)))
		}
	}
	return strings.Join(out, ", ")
}

func deadlines(s *scenarios.Spec) string {
	var out []string
	for i := range s.Workload {
		out = append(out, s.Workload[i].Deadline.String())
	}
	return strings.Join(out, " ")
}

func traffic(s *scenarios.Spec) string {
	var out []string
	for i := range s.Workload {
		a := &s.Workload[i].Arrivals
		text := a.Process.String() + " "
		if a.Process == workload.InSessions {
			a = &a.Sessions.Start
			text += a.Process.String() + " "
		}
		switch a.Process {
		case workload.Spike:
			text += number(float64(a.Calls))
		case workload.ClosedLoop:
			text += number(float64(a.Users))
		case workload.Ramp:
			text += number(a.From) + "/s " + number(a.To) + "/s"
		case workload.MMPP:
			text += number(a.Rate) + "/s " + number(a.BurstRate) + "/s"
		case workload.Trace:
			text += number(a.Scale)
		case workload.GammaRenewal:
			text += number(a.Rate) + "/s " + number(a.CV)
		default:
			text += number(a.Rate) + "/s"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func faults(s *scenarios.Spec) string {
	var out []string
	for _, f := range s.Deployments[0].Faults {
		text := []string{"errors", "outage", "limit-cut", "hang"}[f.Kind] + " "
		if f.Kind == 1 {
			text += time.Duration(f.At).String() + "-" + time.Duration(f.Until).String()
		} else {
			text += number(f.Rate)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}
