package presets_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/strategytest"
)

// play is what an application and a provider do: calls come, all at 0 unless at
// says otherwise, and each attempt is answered after latency with status.
type play struct {
	calls   []strategies.Call
	at      func(i int) clock.Time
	latency func(c *strategies.Call) time.Duration
	status  func(c *strategies.Call) int
}

// sends returns when attempts were sent, in seconds.
func (p play) sends(t *testing.T, f strategies.Factory) []float64 {
	t.Helper()
	env := strategytest.Env()
	d := strategytest.NewDriver(f(env), env.Deployments)
	type answer struct {
		at clock.Time
		a  strategytest.Attempt
	}
	var pending []answer
	var sent []float64
	for next := 0; next < len(p.calls) || d.Open() > 0; {
		for _, a := range d.InFlight()[len(pending):] {
			sent = append(sent, d.Now().Seconds())
			pending = append(pending, answer{d.Now().Add(p.latency(a.Call)), a})
		}
		first := -1
		for i := range pending {
			if first < 0 || pending[i].at < pending[first].at {
				first = i
			}
		}
		at := clock.Never
		if next < len(p.calls) {
			at = 0
			if p.at != nil {
				at = p.at(next)
			}
		}
		switch timer := d.Next(); {
		case at < clock.Never && at <= timer && (first < 0 || at <= pending[first].at):
			d.AdvanceTo(at)
			d.Submit(p.calls[next])
			next++
		case first >= 0 && pending[first].at <= timer:
			d.AdvanceTo(pending[first].at)
			a := pending[first].a
			pending = slices.Delete(pending, first, first+1)
			d.Reply(a, wire.Reply{Status: p.status(a.Call), RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
		default:
			d.Step()
		}
		if len(d.Violations) > 0 {
			t.Fatal(d.Violations)
		}
	}
	return sent
}

func ok(*strategies.Call) int { return 200 }

func in(d time.Duration) func(*strategies.Call) time.Duration {
	return func(*strategies.Call) time.Duration { return d }
}

func same(costs ...uint32) []strategies.Call {
	calls := make([]strategies.Call, len(costs))
	for i, n := range costs {
		calls[i].EstimatedPrompt = n
	}
	return calls
}

// TestArticleQueueAsRecorded: forty requests through the article's code as
// printed, with 3 workers and 8 requests a minute, in virtual time, against an
// API that takes the times below and fails every fifth.
func TestArticleQueueAsRecorded(t *testing.T) {
	latencies := []time.Duration{1000, 2500, 700, 4200, 1300, 3100, 900} // ms
	got := play{
		calls: make([]strategies.Call, 40),
		latency: func(c *strategies.Call) time.Duration {
			i := c.ID - 1
			return (latencies[i%7] + time.Duration(i)) * time.Millisecond
		},
		status: func(c *strategies.Call) int {
			if (c.ID-1)%5 == 3 {
				return 400
			}
			return 200
		},
	}.sends(t, build(t, "article:queue", strategies.Args{"workers": "3", "rpm": "8"}, strategytest.Env().Deployments))
	want := []float64{0, 0, 0, 0.702, 1, 2.304, 2.501, 3.407, 4.414, 4.905, 5.409, 60.802, 60.802, 60.802, 61.715, 62.404,
		62.729, 63.445, 64.514, 65.509, 65.832, 66.752, 69.719, 69.719, 69.719, 122.213, 122.213, 122.213, 123.545, 124.014,
		125.019, 126.852, 126.852, 126.852, 128.728, 132.341, 132.341, 132.341, 134.043, 134.043}
	if !slices.EqualFunc(got, want, near) {
		t.Errorf("sent at\n%v\nrecorded\n%v", got, want)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// TestPacedSends: when calls that are all there at 0 leave, by the rules of the
// libraries.
func TestPacedSends(t *testing.T) {
	for _, tt := range []struct {
		name    string
		args    strategies.Args
		costs   []uint32
		latency time.Duration
		want    []float64
	}{
		// 600 requests a minute accrue at 10 a second; a full bucket of 600 would
		// let all pass, one turn of 1 ms each.
		{"sdk:cookbook-parallel@1", strategies.Args{"rpm": "600"}, []uint32{10, 10, 10, 10}, time.Second, []float64{0, 0.001, 0.002, 0.003}},
		// Two requests, then one each 30 s.
		{"sdk:cookbook-parallel@1", strategies.Args{"rpm": "2"}, []uint32{10, 10, 10, 10}, time.Second, []float64{0, 0.001, 30, 60}},
		// Of 6000 tokens 100 a second: 5985+15 are there, then 985+15 take 10 s.
		{"sdk:cookbook-parallel@1", strategies.Args{"tpm": "6000"}, []uint32{5985, 985, 985}, time.Second, []float64{0, 10, 20}},
		{"sdk:langchain-limiter@1", nil, []uint32{1, 99999, 1}, time.Minute, []float64{1, 2, 3}},
		// 2.5 accrue in a second: one after 0.4s.
		{"sdk:langchain-limiter@1", strategies.Args{"requests_per_second": "2.5"}, []uint32{1, 1}, time.Minute, []float64{0.4, 0.8}},
		// Looks every 0.7s: what has accrued since the last, 1.05, fills a bucket of
		// one; what is beyond is lost.
		{"sdk:langchain-limiter@1", strategies.Args{"requests_per_second": "1.5", "check_every": "700ms"}, []uint32{1, 1}, time.Minute, []float64{0.7, 1.4}},
		// 100,000 in the bucket, 33,333 a second: the second needs 0.6 s.
		{"article:bucket", strategies.Args{"estimated_tokens": "0"}, []uint32{80_000, 40_000}, time.Second, []float64{0, 20_000 / 33_333.0}},
		// All take 1,000, as printed: the third needs a 33rd of a second.
		{"article:bucket", strategies.Args{"capacity": "2000"}, []uint32{80_000, 40_000, 1}, time.Second, []float64{0, 0, 1_000 / 33_333.0}},
		// Ten a second of 60 tokens a call, which take 0.1 s to come back.
		{"article:batch-sleep", strategies.Args{"tpm": "36000"}, []uint32{60, 60, 60}, 2 * time.Second, []float64{0, 2.1, 4.2}},
		{"article:batch-sleep", strategies.Args{"tpm": "36000", "mean_tokens": "600"}, []uint32{60, 60}, 2 * time.Second, []float64{0, 3}},
	} {
		got := play{calls: same(tt.costs...), latency: in(tt.latency), status: ok}.sends(t, build(t, tt.name, tt.args, strategytest.Env().Deployments))
		if !slices.EqualFunc(got, tt.want, near) {
			t.Errorf("%s %v: sent at %v, want %v", tt.name, tt.args, got, tt.want)
		}
	}
}

// The cookbook's processor, whose buckets are full at first, sends a minute's worth
// at once and its limit besides; LangChain's limiter, which looks every 100 ms
// and keeps one, half of ten a second if they are a little fewer than ten.
func TestPacedRates(t *testing.T) {
	for _, tt := range []struct {
		name string
		args strategies.Args
		want int // sent in the first 20 s
	}{
		{"sdk:cookbook-parallel@1", strategies.Args{"rpm": "120"}, 160},
		{"sdk:langchain-limiter@1", strategies.Args{"requests_per_second": "10"}, 200},
		{"sdk:langchain-limiter@1", strategies.Args{"requests_per_second": "9.9"}, 100},
	} {
		sent := play{calls: make([]strategies.Call, 220), latency: in(time.Second), status: ok}.sends(t, build(t, tt.name, tt.args, strategytest.Env().Deployments))
		n, _ := slices.BinarySearch(sent, 20+1e-6)
		if n != tt.want {
			t.Errorf("%s %v: %d in the first 20 s, want %d", tt.name, tt.args, n, tt.want)
		}
	}
}
