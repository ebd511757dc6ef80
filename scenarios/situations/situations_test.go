package situations

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/provider/wire"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

func parse(t interface{ Fatalf(string, ...any) }, s *Situation) *scenarios.Spec {
	file := s.File([]string{"none"}, "a note")
	spec, err := scenarios.Parse(s.Name, file, scenarios.Options{})
	if err != nil {
		t.Fatalf("%v in\n%s", err, file)
	}
	return spec
}

// Every situation is a valid scenario within the space that the package states, and
// drawing it again gives the same bytes.
func TestSpace(t *testing.T) {
	known := catalog.Embedded()
	rapid.Check(t, func(t *rapid.T) {
		seed, index := rapid.Uint64Range(1, 5000).Draw(t, "seed"), rapid.IntRange(0, 300).Draw(t, "index")
		s, err := Draw(seed, index, known)
		if err != nil {
			t.Fatalf("%v", err)
		}
		again, _ := Draw(seed, index, known)
		if a, b := s.File([]string{"none"}), again.File([]string{"none"}); !bytes.Equal(a, b) {
			t.Fatalf("drawn twice:\n%s\n%s", a, b)
		}
		spec := parse(t, s)
		f := &spec.Fleet
		if f.Instances < 1 || f.Instances > 40 || f.Timeout < 30*time.Second || f.Timeout > 10*time.Minute || s.Load < 0.3 || s.Load > 3 ||
			spec.Duration < 30*time.Second || spec.Duration > 20*time.Minute || len(spec.Tenants) > 4 || s.Calls > 1.2*ceiling || s.Calls < 0.9*scarce {
			t.Errorf("out of the space: load %v, %v calls in\n%s", s.Load, s.Calls, s.File([]string{"none"}))
		}
		if s.Flood != "" && !slices.Contains(spec.Tenants, s.Flood) {
			t.Errorf("no tenant %s in %q", s.Flood, spec.Tenants)
		}
	})
}

// Every line of the list is a deployment of the catalog, and a user's own join them.
func TestDeployments(t *testing.T) {
	want := strings.Fields(listed)
	known, err := catalog.Embedded().With("own.csv", strings.NewReader("vendor,model,tier,rpm,source,date,confidence\nxai,mine,own,60,s,2026,official\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range deployments(known) {
		got = append(got, r.Ref)
	}
	if want = append(want, got[len(got)-1]); !slices.Equal(got, want) || !strings.HasSuffix(got[len(got)-1], "/mine@own") {
		t.Errorf("%v, want %v", got, want)
	}
}

// What the package promises occurs: each vendor, kind of limit, algorithm, process, work
// and fault.
func TestCoverage(t *testing.T) {
	seen := map[string]int{}
	known := catalog.Embedded()
	for i := range 200 {
		s, err := Draw(7, i, known)
		if err != nil {
			t.Fatal(err)
		}
		spec := parse(t, s)
		d := &spec.Deployments[0]
		seen["vendor "+d.Vendor]++
		for _, r := range d.Rules() {
			seen["limit "+r.Refuser.String()]++
			seen["how "+[]string{"log", "window", "counter", "bucket", "utilisation", "holding", "ramp"}[r.How]]++
		}
		for _, f := range d.Faults {
			seen["fault "+f.Kind.String()]++
		}
		for j := range spec.Workload {
			seen["process "+spec.Workload[j].Arrivals.Process.String()]++
			seen["belief "+[]string{"exact", "chars", "fixed", "error"}[spec.Workload[j].Estimate.Belief]]++
		}
		for _, w := range s.shape.tenants {
			seen["work "+w.work.name]++
		}
		seen["declares "+s.shape.declares]++
		if spec.Workload[0].Deadline == 0 {
			seen["no deadline"]++
		}
		if s.Flood != "" {
			seen["flood"]++
		}
		if spec.Fleet.Instances == 1 {
			seen["alone"]++
		}
	}
	want := "vendor openai|vendor azure|vendor anthropic|vendor gemini|vendor bedrock|vendor groq|vendor mistral|" +
		"limit rpm|limit tpm|limit rpd|limit rph|limit tpd|limit itpm|limit otpm|limit concurrency|limit utilisation|limit ramp|" +
		"how log|how window|how counter|how bucket|how utilisation|how holding|how ramp|" +
		"fault errors|fault outage|fault limit-cut|fault slow-stream|fault hang|" +
		"process poisson|process gamma|process mmpp|process spike|process diurnal|process closed|belief exact|belief chars|belief error|" +
		"work chat|work retrieval|work agents|work classification|work long answers|work embeddings|declares loose|declares tight|declares none|" +
		"no deadline|flood|alone"
	for _, name := range strings.Split(want, "|") {
		if seen[name] == 0 {
			t.Errorf("of 200 situations none has %s", name)
		}
	}
}

// The calls that arrive, as the vendor charges each of them, come to the load that was
// drawn. It is worked out here call by call and from the algorithm of each limit, and in the
// package from averages. Arrivals are random, so that the tolerance is that of the mean
// of 20 replications.
func TestLoad(t *testing.T) {
	known := catalog.Embedded()
	for i := range 60 {
		s, err := Draw(3, i, known)
		if err != nil {
			t.Fatal(err)
		}
		spec := parse(t, s)
		if s.Closed() {
			continue // how many calls there are depends on the client
		}
		const reps = 20
		sum, square := 0.0, 0.0
		for rep := range reps {
			load := charged(t, spec, rep)
			sum += load / reps
			square += load * load / reps
		}
		tolerance := 0.05*s.Load + 3*math.Sqrt(max(0, square-sum*sum)/reps)
		if math.Abs(sum-s.Load) > tolerance {
			t.Errorf("situation %d (%s): the calls come to %.3f of the capacity, want %.3f ± %.3f", i, s.About, sum, s.Load, tolerance)
		}
	}
}

// charged returns the largest share of a limit that the calls of a replication ask for.
func charged(t *testing.T, spec *scenarios.Spec, rep int) float64 {
	sources, err := workload.Open(spec.Workload, rng.New(99, rep), clock.Time(spec.Duration))
	if err != nil {
		t.Fatal(err)
	}
	cfg := &spec.Deployments[0]
	model := provider.New(cfg, rng.New(99, rep), nil)
	rules := cfg.Rules()
	over, held := make([]float64, len(rules)), make([]float64, len(rules))
	for i, source := range sources {
		for a := (workload.Arrival{}); source.Next(&a); {
			w := wire.Attempt{Prompt: a.Prompt, Guess: a.Guess, MaxTokens: a.MaxTokens, Output: a.Output, Cached: uint32(spec.Workload[i].Cached * float64(a.Prompt))}
			first, last := model.Charges(&w)
			takes := (cfg.Latency.TTFT.Quantile(0.5) + float64(a.Output)*cfg.Latency.PerToken.Seconds())
			for j, r := range rules {
				over[j] += float64(last[r.Counts])
				if r.How == provider.ByHolding {
					held[j] += float64(first[r.Counts]) * takes
				} else if first[r.Counts] > last[r.Counts] && r.Counts != provider.Requests {
					held[j] += float64(first[r.Counts]-last[r.Counts]) * takes
				}
			}
		}
	}
	worst, seconds := 0.0, spec.Duration.Seconds()
	for j, r := range rules {
		gives := float64(r.Window) * (1 + seconds/max(1e-9, r.Width.Seconds()))
		switch r.How {
		case provider.ByWindow:
			gives = float64(r.Window) * math.Ceil(seconds/r.Width.Seconds())
		case provider.ByRamp: // 50 % more every two minutes
			gives = 0
			for from, perSecond := 0.0, float64(r.Most)/60; from < seconds; from, perSecond = from+120, perSecond*1.5 {
				gives += perSecond * min(120, seconds-from)
			}
		case provider.ByHolding:
			gives, over[j] = math.Inf(1), 0
		}
		worst = max(worst, over[j]/gives, held[j]/(float64(r.Window)*seconds))
	}
	return worst
}

func TestRange(t *testing.T) {
	for seed, want := range map[uint64]string{1: "design", 999: "design", 1000: "judging", 1 << 40: "judging"} {
		if got := Range(seed); got != want {
			t.Errorf("seed %d is for %s, want %s", seed, got, want)
		}
	}
}
