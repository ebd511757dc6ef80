package profile

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/scenarios/workload"
)

// drawRows draws a log of requests.
func drawRows(t *rapid.T) []workload.Record {
	n := rapid.IntRange(2, 300).Draw(t, "rows")
	rows := make([]workload.Record, n)
	at := time.Unix(0, 0).UTC()
	for i := range rows {
		at = at.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "gap")) * time.Millisecond)
		prompt := rapid.Int64Range(0, 3000).Draw(t, "prompt")
		if rapid.IntRange(0, 50).Draw(t, "large") == 0 {
			prompt += 2 << 20
		}
		rows[i] = workload.Record{Start: at, Requests: 1, Prompt: prompt, Cached: prompt / 2, Output: rapid.Int64Range(0, 50).Draw(t, "output")}
	}
	return rows
}

// The most in any stretch of time is what counting each stretch that ends with a request finds,
// and the quantiles are those of the sorted values.
func TestAgainstBruteForce(t *testing.T) {
	uncached := Measure{Prompt: true, Discount: 1}
	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)
		m := NewMeter([]Measure{uncached})
		for i := range rows {
			if err := m.Add(&rows[i]); err != nil {
				t.Fatal(err)
			}
		}
		p := m.Profile(time.UTC)
		for w, width := range windows {
			var requests, tokens, most int64
			for i := range rows {
				n, sum, input := int64(0), int64(0), int64(0)
				for k := 0; k <= i; k++ {
					if rows[i].Start.Sub(rows[k].Start) < time.Duration(width) {
						n, sum, input = n+1, sum+rows[k].Prompt+rows[k].Output, input+rows[k].Prompt-rows[k].Cached
					}
				}
				requests, tokens, most = max(requests, n), max(tokens, sum), max(most, input)
			}
			if p.Windows[w].Requests != requests || p.Windows[w].Tokens != tokens {
				t.Fatalf("in %d s: %+v, want %d requests and %d tokens", width/1e9, p.Windows[w], requests, tokens)
			}
			if use, ok := m.Ask(uncached, 100, time.Minute); w == 2 && (!ok || use.Peak != float64(most)) {
				t.Fatalf("asked %+v, want %d", use, most)
			}
		}
		var prompts []float64
		for _, r := range rows {
			prompts = append(prompts, float64(r.Prompt))
		}
		slices.Sort(prompts)
		for i, got := range p.PromptSizes.Quantiles {
			if want := quantile(prompts, float64(i)/100); math.Abs(got-want) > 1e-6*want {
				t.Fatalf("%d %%: %v, want %v", i, got, want)
			}
		}
		if want := spearmanOf(rows); math.Abs(p.Correlation.Spearman-want) > 1e-9 {
			t.Fatalf("Spearman %v, want %v", p.Correlation.Spearman, want)
		}
	})
}

// spearmanOf is the correlation of the mean ranks, by counting.
func spearmanOf(rows []workload.Record) float64 {
	rank := func(of func(*workload.Record) int64, v int64) float64 {
		less, equal := 0.0, 0.0
		for i := range rows {
			if x := of(&rows[i]); x < v {
				less++
			} else if x == v {
				equal++
			}
		}
		return less + (equal+1)/2
	}
	prompt := func(r *workload.Record) int64 { return r.Prompt }
	output := func(r *workload.Record) int64 { return r.Output }
	var p pairs
	for i := range rows {
		p.add(rank(prompt, rows[i].Prompt), rank(output, rows[i].Output))
	}
	return p.pearson()
}

// Two minutes by hand: 3 requests of 40 tokens, then 1 of 100 (a third minute is not full).
func TestByHand(t *testing.T) {
	begin := time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	m := NewMeter(nil)
	for _, r := range []workload.Record{
		{Start: begin, Prompt: 30, Output: 10, Tenant: "a", Model: "x", Status: 200, Latency: 2 * time.Second, Priced: true, Cost: 0.5},
		{Start: begin.Add(time.Second), Prompt: 30, Output: 10, Tenant: "a", Model: "x", Status: 200, Latency: 2 * time.Second},
		{Start: begin.Add(59 * time.Second), Prompt: 30, Output: 10, Tenant: "b", Model: "y", Status: 429},
		{Start: begin.Add(61 * time.Second), Prompt: 80, Output: 20, Tenant: "a", Model: "x", MaxTokens: 64},
		{Start: begin.Add(121 * time.Second), Prompt: 9, Output: 1, Tenant: "a", Model: "x"},
	} {
		if err := m.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	p := m.Profile(time.UTC)
	half := -0.5 // (3-2)(1-2) ÷ ((3-2)² + (1-2)²)
	if diff := cmp.Diff(&Rate{Mean: 2, P50: 2, P95: 2.9, P99: 2.98, Max: 3, CV: 0.5, Lag: &half}, p.RPM, cmp.Comparer(near)); diff != "" {
		t.Errorf("RPM (-want +got):\n%s", diff)
	}
	if p.TPM.Mean != 110 || p.TPM.Max != 120 || p.Bins != 2 || p.Span != 121 || p.Undeclared != 4 || p.Declared.Max != 64 {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff([]Hour{{0, 1, 1, 100}, {23, 1, 3, 120}}, p.Hours); diff != "" {
		t.Errorf("hours (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Count{{"200", 2}, {"429", 1}}, p.Statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Share{{"a", 4, 0.8, 190, 190.0 / 230}, {"b", 1, 0.2, 40, 40.0 / 230}}, p.Tenants.Top); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
	if p.Open.Max != 2 || !near(p.Open.Mean, 4.0/121) {
		t.Errorf("open %+v", p.Open)
	}
	// A limit of 100 tokens a minute: minutes of 120, 100 and 10. The busiest 60 s
	// end at 61 s, when the request of 1 s is 60 s old and out: 40 + 100.
	use, ok := m.Ask(asTokens, 100, time.Minute)
	if !ok || use.Peak != 140 || !near(use.Over, 1.0/3) || !near(use.Excess, 20.0/230) {
		t.Errorf("asked %+v", use)
	}
	if b := m.Billed(); len(b) != 1 || b[0].USD != 0.5 || b[0].Tokens[0].Prompt != 30 {
		t.Errorf("billed %+v", b)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }

// Buckets of an hour say what a minute had on average, and nothing of shorter times.
func TestBuckets(t *testing.T) {
	m := NewMeter(nil)
	begin := time.Unix(0, 0).UTC()
	for i, n := range []int64{60, 120, 0, 240} {
		r := workload.Record{Start: begin.Add(time.Duration(i) * time.Hour), Width: time.Hour, Requests: n, Prompt: 100 * n, Output: 20 * n}
		if err := m.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	p := m.Profile(nil)
	if p.RPM.Mean != 1.75 || p.RPM.Max != 4 || p.TPM.Max != 480 || p.Bins != 4 || p.Span != 4*3600 || p.Windows != nil || p.PromptSizes != nil || p.Hours != nil {
		t.Errorf("%+v %+v", p, p.RPM)
	}
	if use, ok := m.Ask(asRequests, 3, time.Minute); !ok || use.Peak != 4 || use.Over != 0.25 {
		t.Errorf("asked a minute: %+v", use)
	}
	if use, ok := m.Ask(asRequests, 200, 24*time.Hour); !ok || use.Peak != 420 || use.Over != 1 {
		t.Errorf("asked a day: %+v", use)
	}
}
