package scenarios

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

var update = flag.Bool("update", false, "write the .err files of testdata/bad")

// Each file of testdata/bad is refused with the messages in the .err file
// beside it.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := Parse(filepath.Base(file), data, Options{})
		if err == nil || spec != nil {
			t.Errorf("%s: accepted", file)
			continue
		}
		golden := strings.TrimSuffix(file, ".yaml") + ".err"
		if *update {
			if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, readErr := os.ReadFile(golden)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

// What is too large for the first deployment may go to another.
func TestLargeCallsWithARoomierDeployment(t *testing.T) {
	const large = `
name: x
duration: 1m
workload:
  - {arrivals: {process: poisson, rate: 1/s}, prompt_tokens: 50000, output_tokens: 50}
deployments:
  - {name: main, provider: openai/gpt-4o@tier-1}
  - {name: other, provider: %s}
strategies: [route]
`
	s, err := Parse("x", fmt.Appendf(nil, large, "openai/gpt-4o-mini@tier-1"), Options{})
	want := []string{"workload[0]: all of its calls can never be admitted: they cost more than the 30000 tokens that main (openai/gpt-4o@tier-1) allows a minute"}
	if err != nil || !slices.Equal(s.Warnings, want) {
		t.Errorf("error %v, spec %+v; want the warning %q", err, s, want)
	}
	if _, err := Parse("x", fmt.Appendf(nil, large, "openai/gpt-4o@tier-1"), Options{}); err == nil {
		t.Error("calls that fit nowhere are accepted")
	}
}

func TestUnreadable(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"binary", "\x7fELF\x00\x01", "x: is binary, not text; want a YAML file in UTF-8"},
		{"latin-1", "name: caf\xe9\n", "x: is binary, not text; want a YAML file in UTF-8"},
		{"large", strings.Repeat("# padding\n", maxSize/10+1), "x: is larger than 1 MiB; is it the right file?"},
		{"keys", strings.Repeat("a:\n", 10_001), "x: has more than 10000 keys; is it the right file?"},
		{"deep", "a: " + strings.Repeat("[", 100_000), "x: is nested more than 50 deep"},
		{"dashes", strings.Repeat("- ", 100_000), "x: is nested more than 50 deep"},
		{"braces", strings.Repeat("{a: ", 1000), "x: is nested more than 50 deep"},
	} {
		_, err := Parse("x", []byte(tt.data), Options{})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v; want %s", tt.name, err, tt.want)
		}
	}
}

func TestErrorsAreReachable(t *testing.T) {
	_, err := Parse("x", []byte("name: a\nzzz: 1\n"), Options{})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Line != 1 || e.Field != "duration" && e.Field != "workload" {
		t.Errorf("first error %+v", e)
	}
}

var specs = cmp.Options{
	cmp.AllowUnexported(rng.Dist{}),
	cmpopts.IgnoreFields(Strategy{}, "Factory", "Rank"),
	cmpopts.IgnoreFields(Spec{}, "Setting", "Prices"), // TestSetting, TestPrices
}

func mustLognormal(t *testing.T, p50, p95, max float64) rng.Dist {
	t.Helper()
	d, err := rng.NewLognormal(p50, p95)
	if err != nil {
		t.Fatal(err)
	}
	d.Max = max
	return d
}

// contract is the example of the file format's specification; it must go on
// being read as it is.
func TestContract(t *testing.T) {
	data, err := os.ReadFile("testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse("contract.yaml", data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	row, err := catalog.Embedded().Find("openai/gpt-4o-mini@tier-1")
	if err != nil {
		t.Fatal(err)
	}
	lengths, err := workload.ReadLengths("azure-conv-2023")
	if err != nil {
		t.Fatal(err)
	}
	plain := workload.Arrivals{Transform: workload.Transform{Speed: 1, Scale: 1, Growth: 1}, Swing: 0.5, Period: 24 * time.Hour}
	poisson, spike := plain, plain
	poisson.Process, poisson.Rate = workload.Poisson, 8
	spike.Process, spike.At, spike.Calls, spike.Over = workload.Spike, 2*time.Minute, 500, time.Second
	want := &Spec{
		Name: "launch-day", About: "twelve pods meet a tier-1 limit on the morning of a launch",
		Duration: 10 * time.Minute, Drain: 5 * time.Minute,
		Fleet: Fleet{Instances: 12, Network: Network{20 * time.Millisecond, 5 * time.Millisecond}, Timeout: 30 * time.Second},
		Workload: []workload.Stream{
			{Tenant: "web", Arrivals: poisson, MaxTokens: 1024, Deadline: 90 * time.Second,
				Prompt: mustLognormal(t, 900, 4000, 14000), Output: mustLognormal(t, 130, 450, 1000)},
			{Tenant: "nightly", Arrivals: spike, Lengths: lengths},
		},
		Tenants: []string{"web", "nightly"},
		Deployments: []provider.Config{{
			Name: "main", Ref: "openai/gpt-4o-mini@tier-1", Vendor: "openai", Model: "gpt-4o-mini",
			RPM: 500, TPM: 200_000, Window: provider.SlidingLog,
			Limits:  []provider.Limit{{Counts: provider.Requests, Most: 10_000, Per: 24 * time.Hour, Window: provider.SlidingLog, Shared: true}},
			Headers: row.Headers,
			Charge:  provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true, StopsStreams: true},
			Latency: provider.Latency{TTFT: mustLognormal(t, 0.35, 0.9, 0), PerToken: 12 * time.Millisecond, Refusal: 30 * time.Millisecond},
			Cache:   row.Cache,
			Price:   row.Price,
			Faults: []provider.Fault{
				{Kind: provider.Errors, Status: 500, Rate: 0.01, Until: clock.Never},
				{Kind: provider.Outage, Status: 503, At: 240 * clock.Second, Until: 270 * clock.Second},
				{Kind: provider.LimitCut, To: 0.5, At: 360 * clock.Second, Until: 480 * clock.Second},
			},
		}},
		Strategies: []Strategy{
			{Name: "naive", Use: "naive", Args: strategies.Args{}},
			{Name: "jitter", Use: "jitter", Args: strategies.Args{}},
			{Name: "patient", Use: "jitter", Args: strategies.Args{"max_retries": "12", "max_delay": "60s"}},
		},
		Expect: []Expectation{
			{Text: "jitter.success_rate >= 0.99", Left: Term{Strategy: "jitter", Metric: "success_rate"}, Op: ">=", Value: 0.99},
			{Text: "patient.latency_p95 <= 45s", Left: Term{Strategy: "patient", Metric: "latency_p95"}, Op: "<=", Value: 45},
		},
	}
	if diff := cmp.Diff(want, got, specs); diff != "" {
		t.Error(diff)
	}
	for _, s := range got.Strategies {
		if s.Factory == nil {
			t.Errorf("%s: no factory", s.Name)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s.yaml")
	trace := "time,prompt_tokens,output_tokens\n0,10,5\n30,10,5\n60,10,900\n"
	file := strings.Replace(small, "arrivals: {process: poisson, rate: 1/s}\n    prompt_tokens: 100\n    output_tokens: 50", "arrivals: {process: trace, file: ./t.csv}\n    max_tokens: 800", 1)
	file = strings.Replace(file, "duration: 1m\n", "", 1)
	for name, data := range map[string]string{path: file, filepath.Join(dir, "t.csv"): trace} {
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	spec, err := Load(path, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	// Rows at 0, 30 and 60 s; one mean gap of 30 s after the last.
	if spec.Duration != 90*time.Second {
		t.Errorf("duration %v, want 1m30s", spec.Duration)
	}
	want := []string{"workload[0]: max_tokens 800 cuts the longest outputs of the trace, which have up to 900 tokens"}
	if diff := cmp.Diff(want, spec.Warnings); diff != "" {
		t.Error(diff)
	}
	t.Chdir(dir)
	if _, err = Load("-", strings.NewReader(small), Options{Set: []string{"workload.0={arrivals: {process: trace, file: ./t.csv}}"}}); err != nil {
		t.Errorf("trace of a flag, in the working directory: %v", err)
	}
	if spec, err = Load("-", strings.NewReader(small), Options{}); err != nil || spec.Name != "x" {
		t.Errorf("from stdin: %v, %v", spec, err)
	}
	for _, tt := range []struct{ name, want string }{
		{"lunch-day", `no scenario "lunch-day": no such file, and not embedded; did you mean "launch-day"? allowed: ` + strings.Join(Library(), ", ")},
		{dir, "reading scenario: read " + dir + ": is a directory"},
	} {
		if _, err := Load(tt.name, nil, Options{}); err == nil || err.Error() != tt.want {
			t.Errorf("Load(%q): %v; want %s", tt.name, err, tt.want)
		}
	}
}

const small = `name: x
duration: 1m
workload:
  - arrivals: {process: poisson, rate: 1/s}
    prompt_tokens: 100
    output_tokens: 50
deployments:
  - name: main
    provider: openai/gpt-4o@tier-1
strategies: [none]
`

// with parses small with one line in place of another.
func with(t *testing.T, old, new string) (*Spec, error) {
	t.Helper()
	if !strings.Contains(small, old) {
		t.Fatalf("no %q", old)
	}
	return Parse("x", []byte(strings.Replace(small, old, new, 1)), Options{})
}

func TestArrivals(t *testing.T) {
	base := workload.Arrivals{Transform: workload.Transform{Speed: 1, Scale: 1, Growth: 1}, Swing: 0.5, Period: 24 * time.Hour}
	for _, tt := range []struct {
		yaml string
		want func(a *workload.Arrivals)
	}{
		{"{process: constant, rate: 90/m}", func(a *workload.Arrivals) { a.Process, a.Rate = workload.ConstantRate, 1.5 }},
		{"{process: poisson, rate: 7200/h}", func(a *workload.Arrivals) { a.Process, a.Rate = workload.Poisson, 2 }},
		{"{process: gamma, rate: 1/s, cv: 2.5}", func(a *workload.Arrivals) { a.Process, a.Rate, a.CV = workload.GammaRenewal, 1, 2.5 }},
		{"{process: weibull, rate: 1/s, cv: 0.5}", func(a *workload.Arrivals) { a.Process, a.Rate, a.CV = workload.Weibull, 1, 0.5 }},
		{"{process: mmpp, rate: 0/s, burst_rate: 4/s, calm: 1m, burst: 10s}", func(a *workload.Arrivals) {
			a.Process, a.BurstRate, a.Calm, a.Burst = workload.MMPP, 4, time.Minute, 10*time.Second
		}},
		{"{process: ramp, from: 0/s, to: 3/s, over: 30s}", func(a *workload.Arrivals) { a.Process, a.To, a.Over = workload.Ramp, 3, 30*time.Second }},
		{"{process: diurnal, rate: 1/s, swing: 80%, period: 1h, peak_at: 20m}", func(a *workload.Arrivals) {
			a.Process, a.Rate, a.Swing, a.Period, a.PeakAt = workload.Diurnal, 1, 0.8, time.Hour, 20*time.Minute
		}},
		{"{process: spike, at: 10s, calls: 1_000}", func(a *workload.Arrivals) { a.Process, a.At, a.Calls = workload.Spike, 10*time.Second, 1000 }},
		{"{process: closed, users: 5, think: 2s}", func(a *workload.Arrivals) {
			a.Process, a.Users, a.Think = workload.ClosedLoop, 5, rng.NewConstant(2)
		}},
	} {
		spec, err := with(t, "{process: poisson, rate: 1/s}", tt.yaml)
		if err != nil {
			t.Errorf("%s: %v", tt.yaml, err)
			continue
		}
		want := base
		tt.want(&want)
		if diff := cmp.Diff(want, spec.Workload[0].Arrivals, specs, cmpopts.EquateApprox(1e-15, 0)); diff != "" {
			t.Errorf("%s:\n%s", tt.yaml, diff)
		}
	}
}

func TestDistributions(t *testing.T) {
	must := func(d rng.Dist, err error) rng.Dist {
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	capped := func(max float64, d rng.Dist) rng.Dist { d.Max = max; return d }
	for _, tt := range []struct {
		yaml string
		want rng.Dist
	}{
		{"7", rng.NewConstant(7)},
		{"{dist: constant, value: 7}", rng.NewConstant(7)},
		{"{dist: uniform, min: 1, max: 9}", must(rng.NewUniform(1, 9))},
		{"{dist: lognormal, p50: 10, p95: 90}", must(rng.NewLognormal(10, 90))},
		{"{dist: lognormal, mean: 10, sigma: 0.5, max: 50}", capped(50, must(rng.NewLognormalMean(10, 0.5)))},
		{"{dist: gamma, mean: 10, cv: 2}", must(rng.NewGamma(10, 2))},
		{"{dist: zipf, s: 1.2, max: 100}", must(rng.NewZipf(1.2, 100))},
		{"{dist: empirical, values: [3, 1, 2]}", must(rng.NewEmpirical([]float64{1, 2, 3}))},
	} {
		spec, err := with(t, "prompt_tokens: 100", "prompt_tokens: "+tt.yaml)
		if err != nil {
			t.Errorf("%s: %v", tt.yaml, err)
		} else if diff := cmp.Diff(tt.want, spec.Workload[0].Prompt, specs); diff != "" {
			t.Errorf("%s:\n%s", tt.yaml, diff)
		}
	}
}

func TestEstimates(t *testing.T) {
	for yaml, want := range map[string]workload.Estimate{
		"exact":                   {},
		"chars":                   {Belief: workload.Chars},
		"{fixed: 1000}":           {Belief: workload.Fixed, Fixed: 1000},
		"{error: 0.2}":            {Belief: workload.WithError, Error: 0.2},
		"{bias: 0.7}":             {Belief: workload.WithError, Bias: 0.7},
		"{error: 0.2, bias: 1.5}": {Belief: workload.WithError, Error: 0.2, Bias: 1.5},
	} {
		spec, err := with(t, "prompt_tokens: 100", "prompt_tokens: 100\n    estimate: "+yaml)
		if err != nil || spec.Workload[0].Estimate != want {
			t.Errorf("%s: %+v, %v", yaml, spec, err)
		}
	}
}

// Character counts are wrong by the vocabulary of the first deployment's model, wherever the scenario
// is moved to.
func TestCharsByModel(t *testing.T) {
	known := catalog.Embedded()
	claude, err := known.Find("anthropic/claude-opus-5.5@start")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := with(t, "prompt_tokens: 100", "prompt_tokens: 100\n    estimate: chars\n    provider_estimate: chars")
	if err != nil {
		t.Fatal(err)
	}
	own, want := workload.Estimate{Belief: workload.Chars}, workload.Estimate{Belief: workload.Chars, Bias: 1 / 1.5, Error: 0.1}
	if s := spec.Workload[0]; s.Estimate != own || s.Guess != own {
		t.Errorf("GPT: %+v, %+v", s.Estimate, s.Guess)
	}
	moved := spec.On(claude)
	if s := moved.Workload[0]; s.Estimate != want || s.Guess != want {
		t.Errorf("Claude: %+v, %+v", s.Estimate, s.Guess)
	}
	if spec.Workload[0].Estimate != own {
		t.Error("moving a scenario changed it")
	}
	text := strings.NewReplacer("openai/gpt-4o@tier-1", "anthropic/claude-opus-5.5@start", "prompt_tokens: 100", "prompt_tokens: 100\n    estimate: chars").Replace(small)
	parsed, err := Parse("x", []byte(text), Options{})
	if err != nil || parsed.Workload[0].Estimate != want {
		t.Errorf("%+v, %v", parsed, err)
	}
}

func TestLimitOverrides(t *testing.T) {
	spec, err := with(t, "tier-1", "tier-1\n    limits: {rpm: none, tpm: 1e6}")
	if err != nil || spec.Deployments[0].RPM != 0 || spec.Deployments[0].TPM != 1_000_000 {
		t.Errorf("%+v, %v", spec, err)
	}
}

// A limit of 30,000 a minute against prompts uniform on 10,000..50,000: half
// of the calls fit. What is reserved is what counts.
func TestOversize(t *testing.T) {
	for _, tt := range []struct {
		prompt, output, maxTokens, reserve string
		warning                            string // of the share; empty = none
	}{
		{"{dist: uniform, min: 10000, max: 50000}", "1", "", "max_tokens", "50 %"},
		{"{dist: uniform, min: 10000, max: 50000}", "1", "max_tokens: 10000", "max_tokens", "75 %"},
		{"{dist: uniform, min: 10000, max: 50000}", "1", "max_tokens: 10000", "estimate", "50 %"},
		{"{dist: uniform, min: 10000, max: 50000}", "20000", "max_tokens: 10000", "actual", "75 %"},
		{"20000", "{dist: uniform, min: 5000, max: 25000}", "", "actual", "75 %"},
		{"{dist: lognormal, p50: 900, p95: 4000}", "1", "", "max_tokens", ""},
	} {
		text := strings.Replace(small, "100\n    output_tokens: 50", tt.prompt+"\n    output_tokens: "+tt.output+"\n    "+tt.maxTokens, 1) // an empty key line is blank
		text = strings.Replace(text, "tier-1", "tier-1\n    charge: {reserve: "+tt.reserve+"}", 1)
		spec, err := Parse("x", []byte(text), Options{})
		if err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		var want []string
		if tt.warning != "" {
			want = []string{"workload[0]: " + tt.warning + " of its calls can never be admitted: they cost more than the 30000 tokens that main (openai/gpt-4o@tier-1) allows a minute"}
		}
		if diff := cmp.Diff(want, spec.Warnings); diff != "" {
			t.Errorf("%+v:\n%s", tt, diff)
		}
	}
}

func TestFaultDefaults(t *testing.T) {
	spec, err := with(t, "strategies:", "faults:\n  - {kind: outage, at: 6s}\n  - {kind: errors, rate: 5%, at: 1s, for: 2s}\nstrategies:")
	if err != nil {
		t.Fatal(err)
	}
	want := []provider.Fault{
		{Kind: provider.Outage, Status: 503, At: 6 * clock.Second, Until: clock.Never},
		{Kind: provider.Errors, Status: 500, Rate: 0.05, At: clock.Second, Until: 3 * clock.Second},
	}
	if diff := cmp.Diff(want, spec.Deployments[0].Faults); diff != "" {
		t.Error(diff)
	}
}

func TestLateFaultWarns(t *testing.T) {
	spec, err := with(t, "strategies:", "faults:\n  - {kind: outage, at: 6m}\n  - {kind: outage, at: 359s}\nstrategies:")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"faults[0] begins at 6m and changes nothing: the run is over at 6m"}
	if diff := cmp.Diff(want, spec.Warnings); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(small + "slo: [default.latency_p95<=1s, success_rate >= 99%]\nbaseline: none\nexpect: [verdict.chosen != none, none.default.calls > none.small.calls - 3]\n"))
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	embedded, _ := filepath.Glob("library/*.yaml")
	for _, file := range append(files, embedded...) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := Parse("x", data, Options{})
		if (spec == nil) == (err == nil) {
			t.Fatalf("spec %v, error %v", spec, err)
		}
		var es Errors
		if err != nil && !errors.As(err, &es) {
			t.Fatalf("%T", err)
		}
		lines := strings.Split(strings.ReplaceAll(string(data), "\r", "\n"), "\n")
		for _, e := range es {
			if e.Line < 0 || e.Line > len(lines) || e.Line > 0 && e.Column < 1 {
				t.Errorf("%v: outside the file of %d lines", e, len(lines))
			}
		}
	})
}
