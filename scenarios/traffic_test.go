package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/sim/clock"
)

// logOf writes a plain log of these rows, with the column model, and returns its path.
func logOf(t *testing.T, header string, rows ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "traffic.csv")
	text := "time,prompt_tokens,output_tokens" + header + "\n" + strings.Join(rows, "\n") + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A log alone is a scenario in which nothing happens but its requests.
func TestNeutralGround(t *testing.T) {
	s, err := Load("", nil, Options{Trace: logOf(t, "", "0,100,20", "30,200,5000", "60,300,30")})
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "traffic.csv" || len(s.Workload) != 1 || len(s.Deployments) != 1 || s.Coordinator != nil || len(s.Warnings) > 0 {
		t.Errorf("%+v", s)
	}
	w, d := &s.Workload[0], &s.Deployments[0]
	if w.Deadline != 0 || w.MaxTokens != 0 || w.Priority != 0 || len(d.Faults) != 0 || d.Ref != "openai/gpt-4o-mini@tier-1" {
		t.Errorf("stream %+v, deployment %s, faults %v", w, d.Ref, d.Faults)
	}
	if f := s.Fleet; f.Instances != 1 || f.Churn != nil || f.Network != (Network{}) || f.Timeout != 10*time.Minute {
		t.Errorf("fleet %+v", f)
	}
	// Rows at 0, 30 and 60 s, and one mean gap of 30 s.
	if s.Duration != 90*time.Second || s.Drain != 7*24*time.Hour {
		t.Errorf("duration %v, drain %v", s.Duration, s.Drain)
	}
	var names []string
	for _, st := range s.Strategies {
		names = append(names, st.Name)
	}
	if diff := cmp.Diff([]string{"none", "naive", "backoff", "jitter", "retry-after", "token-bucket", "queue", "header-aware", "adaptive", "paced"}, names); diff != "" {
		t.Error(diff)
	}
	if s, err = Load("", nil, Options{}); err != nil || s.Name != Default || s.Assumed != nil {
		t.Errorf("without a log: %v, %+v", err, s)
	}
	if s, err = Load(Default, nil, Options{Trace: "azure-conv-2023"}); err != nil || s.Name != Default || s.Fleet.Instances != 12 || s.Assumed != nil {
		t.Errorf("a log in place of a scenario's workload: %v, %+v", err, s)
	}
}

// The deployment of a log is the smallest of its model.
func TestDeploymentOfALog(t *testing.T) {
	const mini = "openai/gpt-4o-mini@tier-1"
	for _, tt := range []struct {
		models string // of the rows, one a word; - is none
		ref    string
		why    string
	}{
		{"gpt-4o", "openai/gpt-4o@tier-1", "the smallest tier of the log's model"},
		{"GPT-4.1-2025-04-14", "openai/gpt-4.1@tier-1", "the smallest tier of the log's model"},
		{"openrouter/openai/gpt-4.1", "openai/gpt-4.1@tier-1", "the smallest tier of the log's model"},
		{"azure/gpt-4o-2024-08-06", "azure/gpt-4o@dz-tier-1", "the smallest tier of the log's model"},
		{"azure/gpt-5", "azure/gpt-5@tier-1", "the smallest tier of the log's model"},
		{"claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4.5@start", "the smallest tier of the log's model"},
		{"bedrock/claude-sonnet-4.5", "bedrock/claude-sonnet-4.5@200k", "the smallest tier of the log's model"},
		{"gpt-4o-mini gpt-5 gpt-5", "openai/gpt-5@tier-1", "the smallest tier of the model of most calls, of 2 models in the log"},
		{"gpt-5 gpt-4.1", "openai/gpt-4.1@tier-1", "the smallest tier of the model of most calls, of 2 models in the log"},
		{"gpt-5 - - -", "openai/gpt-5@tier-1", "the smallest tier of the log's model"},
		{"- -", mini, "the log names no model"},
		{"mystery", mini, "the catalog does not have mystery, the model of the log"},
		{"mystery gpt-5 mystery", mini, "the catalog does not have mystery, the model of most calls of 2 models in the log"},
		{"llama-2-70b", mini, "the catalog does not have llama-2-70b, the model of the log"},
	} {
		var rows []string
		for i, m := range strings.Fields(tt.models) {
			rows = append(rows, fmt.Sprintf("%d,100,20,%s", i, strings.Trim(m, "-")))
		}
		s, err := Load("", nil, Options{Trace: logOf(t, ",model", rows...)})
		if err != nil {
			t.Errorf("%s: %v", tt.models, err)
			continue
		}
		want := "All calls go to " + tt.ref + ": " + tt.why + " (--provider REF)."
		if s.Deployments[0].Ref != tt.ref || s.Assumed[0] != want {
			t.Errorf("%s:\n got %s, %q\nwant %q", tt.models, s.Deployments[0].Ref, s.Assumed[0], want)
		}
	}
}

// What is assumed is said, with the flag that changes it; what a flag sets is not.
func TestAssumed(t *testing.T) {
	const (
		provider   = "All calls go to openai/gpt-4o-mini@tier-1: the log names no model (--provider REF)."
		instances  = "One client process makes all calls (--instances N)."
		deadline   = "No call has a deadline: each waits until its client gives up, at most until 168h after the last arrival (--deadline D)."
		exact      = "clients know the tokens of each prompt exactly (--set workload.0.estimate=chars)"
		faults     = "the provider has no faults (--set 'faults=[{kind: errors, rate: 1%}]')"
		undeclared = "the log has no max_tokens, so calls declare none"
	)
	upper := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
	none := logOf(t, "", "0,100,20", "1,100,20")
	some := logOf(t, ",max_tokens", "0,100,20,64", "1,100,20,", "2,100,20,128")
	all := logOf(t, ",max_tokens", "0,100,20,64", "1,100,20,32")
	for _, tt := range []struct {
		name string
		opt  Options
		want []string
	}{
		{"nothing given", Options{Trace: none}, []string{provider, instances, deadline,
			upper(undeclared) + " (--max-tokens N), " + exact + ", and " + faults + "."}},
		{"everything given", Options{Trace: none, Provider: "openai/gpt-4o@tier-1", Instances: 1, Deadline: time.Minute, MaxTokens: 100,
			Set: []string{"workload.0.estimate=exact", "faults=[]"}}, nil},
		{"by --set", Options{Trace: none, Set: []string{"deployments.main.provider=openai/gpt-4o@tier-1", "fleet={instances: 1}", "workload.0.deadline=1m", "drain=1h",
			"workload.0.max_tokens=7"}}, []string{upper(exact) + " and " + faults + "."}},
		{"max_tokens of some", Options{Trace: some, Provider: "openai/gpt-4o@tier-1", Instances: 3, Deadline: time.Minute},
			[]string{"1 of 3 calls declare no max_tokens, as in the log (--max-tokens N), " + exact + ", and " + faults + "."}},
		{"max_tokens of all", Options{Trace: all, Provider: "openai/gpt-4o@tier-1", Instances: 3, Deadline: time.Minute},
			[]string{upper(exact) + " and " + faults + "."}},
		{"a provider that reserves", Options{Trace: none, Provider: "bedrock/claude-sonnet-4.5@200k", Instances: 3, Deadline: time.Minute, Set: []string{"faults=[]", "workload.0.estimate=chars"}},
			[]string{upper(undeclared) + " and the provider reserves 64000 tokens for their answers (--max-tokens N)."}},
		{"another drain", Options{Trace: none, Provider: "openai/gpt-4o@tier-1", Instances: 3, MaxTokens: 5, Set: []string{"faults=[]", "workload.0.estimate=chars", "drain=90m"}},
			[]string{"No call has a deadline: each waits until its client gives up, at most until 1h30m after the last arrival (--deadline D)."}},
	} {
		s, err := Load("", nil, tt.opt)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, s.Assumed); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if len(s.Assumed) > 4 {
			t.Errorf("%s: %d sentences", tt.name, len(s.Assumed))
		}
	}
}

// What is wrong with a log, or on its neutral ground, is said by the flag.
func TestBadTraffic(t *testing.T) {
	large := logOf(t, ",model", "0,50000,20,gpt-4o", "1,60000,20,gpt-4o")
	for _, tt := range []struct {
		opt  Options
		want string
	}{
		{Options{Trace: "nope.csv"}, "--trace: nope.csv: cannot open the log: no such file or directory; embedded traces: azure-conv-2023"},
		{Options{Trace: large}, "--trace: no call of this stream can ever be admitted: main (openai/gpt-4o@tier-1) charges at least 50000 tokens for one and allows 30000 a minute"},
		{Options{Trace: large, Provider: "openai/gpt-4o@tier-9"}, `--provider: unknown tier "tier-9" of openai/gpt-4o; known: `},
		{Options{Trace: large, Provider: "openai/gpt-5@tier-1", SLO: []string{"web.calls>=1"}}, `--slo web.calls>=1: unknown tenant "web"; allowed: default`},
		{Options{Trace: large, Provider: "openai/gpt-5@tier-1", Baseline: "oracle"}, `--baseline: unknown strategy "oracle"; allowed: none, naive, `},
	} {
		_, err := Load("", nil, tt.opt)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v:\n got %v\nwant %s", tt.opt, err, tt.want)
		}
	}
}

// Calls that a log says to declare max_tokens are admitted by it, and not by what is
// reserved for those that declare none.
func TestDeclaredInALog(t *testing.T) {
	opt := Options{Provider: "bedrock/claude-sonnet-4.5@200k", Set: []string{"deployments.main.limits={tpm: 50000}"}}
	for _, tt := range []struct {
		name string
		rows []string
		want string // of the error or the warning; empty = none
	}{
		{"all declare little", []string{"0,100,20,64", "1,100,20,32"}, ""},
		{"one declares much", []string{"0,100,20,64", "1,100,20,64000"}, "some of its calls can never be admitted"},
		{"one declares nothing", []string{"0,100,20,64", "1,100,20,"}, "some of its calls can never be admitted"}, // 64,000 are reserved
		{"none declares any", []string{"0,100,20,", "1,100,20,"}, "no call of this stream can ever be admitted: main (bedrock/claude-sonnet-4.5@200k) charges at least 64100 tokens"},
	} {
		opt.Trace = logOf(t, ",max_tokens", tt.rows...)
		s, err := Load("", nil, opt)
		got := fmt.Sprint(err)
		if err == nil {
			got = strings.Join(s.Warnings, "\n")
		}
		if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %s; want %q", tt.name, got, tt.want)
		}
	}
}

// Several providers get the same traffic, from standard input as well, which can be
// read but once.
func TestLoadEach(t *testing.T) {
	refs := []string{"openai/gpt-4o@tier-2", "anthropic/claude-sonnet-4.5@start", "openai/gpt-4o@tier-1"}
	once := iotest.OneByteReader(strings.NewReader(twoDeployments))
	got, err := LoadEach("-", once, Options{Duration: 2 * time.Minute}, refs)
	if err != nil || len(got) != len(refs) {
		t.Fatalf("%d scenarios, %v", len(got), err)
	}
	for i, s := range got {
		if s.Deployments[0].Ref != refs[i] || s.Duration != 2*time.Minute {
			t.Errorf("%s: %s for %v", refs[i], s.Deployments[0].Ref, s.Duration)
		}
		if diff := cmp.Diff(got[0].Workload, s.Workload, specs); diff != "" {
			t.Errorf("%s has other traffic: %s", refs[i], diff)
		}
	}
	logs, err := LoadEach("", nil, Options{Trace: "azure-conv-2023"}, refs)
	if err != nil || len(logs) != len(refs) || logs[2].Deployments[0].Ref != refs[2] || logs[2].Assumed == nil {
		t.Errorf("of a log: %d scenarios, %v", len(logs), err)
	}
	alone, err := LoadEach("-", strings.NewReader(twoDeployments), Options{Provider: refs[0]}, nil)
	if err != nil || len(alone) != 1 || alone[0].Deployments[0].Ref != refs[0] {
		t.Errorf("without providers: %d scenarios, %v", len(alone), err)
	}
	for _, tt := range []struct {
		refs []string
		want string
	}{
		{[]string{refs[0], refs[1], refs[0]}, `--provider: "openai/gpt-4o@tier-2" is given twice; each deployment needs to be given once`},
		{[]string{refs[0], "openai:2026-11/gpt-4o@tier-2"}, `--provider: "openai:2026-11/gpt-4o@tier-2" is the same deployment as "openai/gpt-4o@tier-2", which is given too`},
		{[]string{"azure/gpt-4o@ptu-15", "azure:2026-11/gpt-4o@ptu-15"}, `--provider: "azure:2026-11/gpt-4o@ptu-15" is the same deployment as `},
		{[]string{"opnai/gpt-4o@tier-1", refs[0]}, `--provider: unknown vendor "opnai"; known: `},
		{[]string{refs[0], "openai/gpt-4o@tier-9"}, `--provider: unknown tier "tier-9" of openai/gpt-4o`},
	} {
		_, err := LoadEach("-", strings.NewReader(twoDeployments), Options{}, tt.refs)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q:\n got %v\nwant %s", tt.refs, err, tt.want)
		}
	}
	if _, err := LoadEach("-", strings.NewReader(twoDeployments), Options{}, []string{"azure/gpt-4o@ptu-15", "azure/gpt-4o@ptu-20"}); err != nil {
		t.Errorf("two sizes of one deployment: %v", err)
	}
	// What is wrong with the file is said once, what is wrong with each provider, too.
	bad := strings.Replace(twoDeployments, "duration: 1m", "duration: none", 1)
	_, err = LoadEach("-", strings.NewReader(bad), Options{}, []string{refs[0], "openai/gpt-4o@tier-8", "openai/gpt-4o@tier-9"})
	if lines := strings.Split(fmt.Sprint(err), "\n"); len(lines) != 3 || !strings.Contains(lines[0], "tier-8") || !strings.Contains(lines[1], "tier-9") ||
		!strings.HasPrefix(lines[2], "<stdin>:2:11: duration: want") {
		t.Errorf("%q", lines)
	}
}

// Flags that change a scenario's clients and what is asked of it.
func TestClientOptions(t *testing.T) {
	const text = `name: x
duration: 1m
fleet: {instances: 4, churn: [{at: 10s, instances: 8}]}
workload:
  - {tenant: web, arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 100, output_tokens: 50, deadline: 20s, max_tokens: 64}
  - {tenant: job, arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 100, output_tokens: 50}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1}
strategies: [none, jitter]
slo: [success_rate >= 99%, job.latency_p95 <= 1m]
baseline: none
`
	s, err := Parse("x", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Objective{{"success_rate >= 99%", "", "success_rate", ">=", 0.99}, {"job.latency_p95 <= 1m", "job", "latency_p95", "<=", 60}}
	if diff := cmp.Diff(want, s.SLO); diff != "" || s.Baseline != "none" || s.Fleet.Size(clock.FromSeconds(11)) != 8 {
		t.Errorf("baseline %q, %d instances, objectives %s", s.Baseline, s.Fleet.Size(clock.FromSeconds(11)), diff)
	}
	s, err = Parse("x", []byte(text), Options{Instances: 3, Deadline: 7 * time.Second, MaxTokens: 99, SLO: []string{"web.failed<1"}, Baseline: "jitter"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Fleet.Size(clock.FromSeconds(11)); got != 3 || s.Fleet.Instances != 3 || !slices.Equal(s.Warnings, []string{"--instances: fleet.churn is left out, so that the number of instances stays the same"}) {
		t.Errorf("%d instances, warnings %q", got, s.Warnings)
	}
	for _, w := range s.Workload {
		if w.Deadline != 7*time.Second || w.MaxTokens != 99 {
			t.Errorf("%s: deadline %v, max_tokens %d", w.Tenant, w.Deadline, w.MaxTokens)
		}
	}
	want = []Objective{{"web.failed<1", "web", "failed", "<", 1}}
	if diff := cmp.Diff(want, s.SLO); diff != "" || s.Baseline != "jitter" {
		t.Errorf("baseline %q, objectives %s", s.Baseline, diff)
	}
	s, err = Parse("x", []byte(text), Options{Strategies: []string{"jitter"}})
	if err != nil || s.Baseline != "" || !slices.Equal(s.Warnings, []string{"baseline is left out: strategy none is not selected"}) {
		t.Errorf("baseline %q without its strategy: %v, %q", s.Baseline, err, s.Warnings)
	}
	for _, tt := range []struct {
		opt  Options
		want string
	}{
		{Options{Instances: 2_000_000}, `--instances: want a whole number from 1 to 1000000, got "2000000"`},
		{Options{Deadline: 9000 * time.Hour}, `--deadline: want a duration from 1ms to 8784h, such as 500ms, 90s or 1h30m, got "9000h0m0s"`}, // of two streams, once
		{Options{MaxTokens: 1 << 40}, `--max-tokens: want a whole number from 1 to `},
		{Options{SLO: []string{"wbe.failed<1"}}, `--slo wbe.failed<1: unknown tenant "wbe"; did you mean "web"? allowed: web, job`},
		{Options{SLO: []string{"failed"}}, `--slo failed: want METRIC<=VALUE or TENANT.METRIC<=VALUE, such as `},
		{Options{Baseline: "jiter"}, `--baseline: unknown strategy "jiter"; did you mean "jitter"? allowed: none, jitter`},
		{Options{Baseline: "none", Strategies: []string{"jitter"}}, `--baseline: strategy "none" is not selected; allowed: jitter`},
	} {
		_, err := Parse("x", []byte(text), tt.opt)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v:\n got %v\nwant %s", tt.opt, err, tt.want)
		}
	}
}
