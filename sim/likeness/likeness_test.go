package likeness

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/fit"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
)

func question(log *workload.Log) *Question {
	return &Question{Log: log, Source: log.Name, File: "like.yaml", Name: "like", Catalog: catalog.Embedded(), Seed: 1}
}

func fitted(t *testing.T, q *Question) *fit.Report {
	t.Helper()
	r, err := Fit(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// logOf writes the calls of a stream as a log.
func logOf(t *testing.T, s workload.Stream, until time.Duration) *workload.Log {
	t.Helper()
	sources, err := workload.Open([]workload.Stream{s}, rng.New(9, 0), clock.Time(until))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("time,prompt_tokens,output_tokens\n")
	var a workload.Arrival
	for sources[0].Next(&a) {
		fmt.Fprintf(&b, "%.9f,%d,%d\n", a.At.Seconds(), a.Prompt, a.Output)
	}
	return &workload.Log{Name: "made.csv", Data: []byte(b.String())}
}

// A log that a known workload made is fitted with that workload at the first trial, and
// simulated alike.
func TestKnownWorkload(t *testing.T) {
	prompt, err := rng.NewLognormal(900, 3000)
	if err != nil {
		t.Fatal(err)
	}
	output, err := rng.NewGamma(200, 0.6)
	if err != nil {
		t.Fatal(err)
	}
	log := logOf(t, workload.Stream{Arrivals: workload.Arrivals{Process: workload.GammaRenewal, Rate: 4, CV: 2}, Prompt: prompt, Output: output}, 40*time.Minute)
	r := fitted(t, question(log))
	if r.Arrivals.Chosen != "gamma" || r.Prompt.Chosen != "lognormal" || r.Output.Chosen != "gamma" || r.Chosen != 0 {
		t.Errorf("chose %s, %s and %s at trial %d", r.Arrivals.Chosen, r.Prompt.Chosen, r.Output.Chosen, r.Chosen)
	}
	if m := r.Trials[0].Meets; m == fit.Missed {
		t.Errorf("it is %s: %+v", m, r.Trials[0])
	}
	if s := r.Stage; s.TPM <= 0 || s.Refused < leastRefused || s.Refused > mostRefused {
		t.Errorf("the limit of %d tokens a minute refuses %v of the calls", s.TPM, s.Refused)
	}
}

// The embedded trace is reproduced within the bound. Its scenario is in
// order.
func TestEmbeddedTrace(t *testing.T) {
	q := question(&workload.Log{Name: "azure-conv-2023"})
	r := fitted(t, q)
	if m := r.Trials[r.Chosen].Meets; m != fit.Met {
		t.Errorf("it is %s: %+v", m, r.Trials[r.Chosen])
	}
	if _, err := scenarios.Parse("like.yaml", []byte(r.Scenario), scenarios.Options{}); err != nil {
		t.Errorf("%v\n%s", err, r.Scenario)
	}
	for _, c := range r.Curves {
		if c.Log[0] > c.Log[points] || len(c.Fit) != points+1 {
			t.Errorf("curve %s from %v to %v", c.Of, c.Log[0], c.Log[points])
		}
	}
}

// The same log and the same seed give the same report.
func TestSameAgain(t *testing.T) {
	log := logOf(t, workload.Stream{Arrivals: workload.Arrivals{Process: workload.Poisson, Rate: 2}, Prompt: rng.NewConstant(900), Output: rng.NewConstant(100)}, 3*time.Minute)
	if diff := cmp.Diff(fitted(t, question(log)), fitted(t, question(log))); diff != "" {
		t.Errorf("again (-first +again):\n%s", diff)
	}
}

// Whole traces are reproduced: those of conversations within the bound, that of code, with a
// coefficient of variation of 13, as far as chance allows. The figures are those of
// docs/fit.md.
func TestWholeTraces(t *testing.T) {
	for _, tt := range []struct {
		file, columns, meets, arrivals string
		worst                          float64
	}{
		{"AzureLLMInferenceTrace_conv.csv", "", fit.Met, "gamma × rates of 1m", 0.14},
		{"AzureLLMInferenceTrace_code.csv", "", fit.Chance, "weibull × rates of 10s", 0.24},
		{"lmsys_arena_vtc_rpm.csv", "time=req_time_s,tenant=client", fit.Met, "poisson × rates of 15s", 0.18},
	} {
		log := &workload.Log{Name: filepath.Join("..", "..", "..", "shared", "data", tt.file)}
		if _, err := os.Stat(log.Name); err != nil {
			t.Skipf("the whole traces are not part of the repository: %v", err)
		}
		if tt.columns != "" {
			var err error
			if log.Columns, err = workload.ParseColumns(tt.columns); err != nil {
				t.Fatal(err)
			}
		}
		r := fitted(t, question(log))
		chosen := r.Trials[r.Chosen]
		if chosen.Meets != tt.meets || r.Arrivals.Chosen != tt.arrivals || math.Abs(chosen.Worst-tt.worst) > 0.005 {
			t.Errorf("%s: %s with %s and a largest error of %v, want %+v", tt.file, chosen.Meets, r.Arrivals.Chosen, chosen.Worst, tt)
		}
	}
}

// runs are runs with so many calls that failed and 429s, of 1,000 calls.
func runs(rejected ...int64) (out []*metrics.Run) {
	for _, n := range rejected {
		r := &metrics.Run{}
		r.Calls, r.Succeeded, r.Rejected = 1000, 1000-n, n
		out = append(out, r)
	}
	return out
}

// The comparison by hand.
func TestPair(t *testing.T) {
	count := func(r *metrics.Run) int64 { return r.Rejected }
	// 100, 110 and 120 have a mean of 110 and a standard deviation of 10. The quantile of
	// Student's t with two degrees of freedom is 4.303.
	p := pairOf(runs(100, 100), runs(100, 110, 120), count)
	for name, x := range map[string][2]float64{"log": {p.Log, 100}, "fit": {p.Fit, 110}, "error": {*p.Error, 0.1}, "lo": {p.Lo, 110 - 4.3027*10/math.Sqrt(3)},
		"hi": {p.Hi, 110 + 4.3027*10/math.Sqrt(3)}, "low": {p.Low, 110 - 4.3027*10*math.Sqrt(4./3)}, "high": {p.High, 110 + 4.3027*10*math.Sqrt(4./3)}} {
		if math.Abs(x[0]-x[1]) > 0.01 {
			t.Errorf("%s is %v, want %v", name, x[0], x[1])
		}
	}
	for _, tt := range []struct {
		log, model []int64
		want       string
	}{
		{[]int64{100}, []int64{119, 120, 121}, fit.Met},
		{[]int64{100}, []int64{121, 122, 123}, fit.Missed},
		{[]int64{100}, []int64{80, 130, 180}, fit.Chance},
		{[]int64{2}, []int64{6, 7, 8}, fit.Met}, // 5 of 1,000
		{[]int64{2}, []int64{8, 8, 8}, fit.Missed},
		{[]int64{0}, []int64{0, 0, 0}, fit.Met},
	} {
		if p := pairOf(runs(tt.log...), runs(tt.model...), count); p.Meets != tt.want {
			t.Errorf("%v and %v: %s, want %s", tt.log, tt.model, p.Meets, tt.want)
		}
	}
	if p := pairOf(runs(0), runs(1, 1), count); p.Error != nil {
		t.Errorf("error %v of nothing", *p.Error)
	}
}

func TestTrials(t *testing.T) {
	log := []metrics.Outcome{{Name: "a", Runs: runs(100)}, {Name: "b", Runs: runs(100)}}
	trial := compare(log, []metrics.Outcome{{Name: "a", Runs: runs(100, 100)}, {Name: "b", Runs: runs(150, 150)}})
	if trial.Meets != fit.Missed || math.Abs(trial.Worst-0.5) > 1e-9 || len(trial.Strategies) != 2 {
		t.Errorf("%+v", trial)
	}
	of := func(meets string, worst float64) fit.Trial { return fit.Trial{Meets: meets, Worst: worst} }
	for _, tt := range []struct {
		trials []fit.Trial
		want   int
	}{
		{[]fit.Trial{of(fit.Missed, 0.3), of(fit.Chance, 0.9), of(fit.Met, 0.2)}, 2},
		{[]fit.Trial{of(fit.Missed, 0.3), of(fit.Chance, 0.9), of(fit.Missed, 0.2)}, 1},
		{[]fit.Trial{of(fit.Missed, 0.3), of(fit.Missed, 0.9), of(fit.Missed, 0.2)}, 2},
	} {
		if got := best(tt.trials); got != tt.want {
			t.Errorf("best of %v is %d, want %d", tt.trials, got, tt.want)
		}
	}
}

// Limits of the user's own are used as they are, and it is said where they refuse nothing.
func TestOwnLimits(t *testing.T) {
	q := question(&workload.Log{Name: "azure-conv-2023"})
	q.Provider = "openai/gpt-4o@tier-5"
	r := fitted(t, q)
	if r.Stage.TPM != 0 || r.Stage.Refused != 0 || r.Stage.Provider != q.Provider {
		t.Errorf("stage %+v", r.Stage)
	}
	if len(r.Warnings) == 0 || !strings.Contains(strings.Join(r.Warnings, " "), "refuse none of the log's calls") {
		t.Errorf("warnings %q", r.Warnings)
	}
	if !strings.Contains(r.Scenario, "provider: openai/gpt-4o@tier-5") {
		t.Errorf("scenario:\n%s", r.Scenario)
	}
}

func TestWrongQuestions(t *testing.T) {
	q := question(&workload.Log{Name: "absent.csv"})
	if _, err := Fit(t.Context(), q); !errors.As(err, new(InputError)) {
		t.Errorf("error %v", err)
	}
	q.Provider = "openai/gpt-4o@tier-9"
	if _, err := Fit(t.Context(), q); err == nil || !strings.Contains(err.Error(), "--provider") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, question(&workload.Log{Name: "azure-conv-2023"})); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Logs with little in them are fitted without an error.
func TestLittleLogs(t *testing.T) {
	for _, rows := range []string{"5,10,3\n", "5,10,3\n5,10,3\n", "0,10,3\n1,20,0\n5,30,2\n", "0,1,1\n100000,1,1\n", "0,100000,1\n1,100000,1\n"} {
		q := question(&workload.Log{Name: "small", Data: []byte("time,prompt_tokens,output_tokens\n" + rows)})
		if r, err := Fit(t.Context(), q); err != nil || len(r.Trials) == 0 {
			t.Errorf("%q: %v", rows, err)
		}
	}
}
