package presets_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/strategytest"
)

// TestPresetsAsRecorded holds presets against the waits that the real SDKs were
// seen to make: the same number of retries, and each wait in the range of 400
// recorded ones, which the preset fills to its ends. Node's shortest timer is a
// millisecond.
func TestPresetsAsRecorded(t *testing.T) {
	var cases []strategytest.Refusal
	load(t, "cases.json", &cases)
	for sdk, preset := range map[string]string{
		"openai-go":        "sdk:openai-go@3.96",
		"anthropic-sdk-go": "sdk:anthropic-go@1.84",
		"openai":           "sdk:openai-node@7.57",
		"anthropic-ai-sdk": "sdk:anthropic-typescript@1.13",
		"ai":               "sdk:vercel-ai@7",
	} {
		var recorded struct {
			Version string
			Cases   map[string]struct {
				Attempts int
				Waits    [][2]float64
			}
		}
		load(t, "delays/"+sdk+".json", &recorded)
		if _, version, _ := strings.Cut(preset, "@"); !strings.HasPrefix(recorded.Version, version) {
			t.Errorf("%s is recorded for %s", preset, recorded.Version)
		}
		f := build(t, preset, nil, strategytest.Env().Deployments)
		for _, c := range cases {
			if sdk == "anthropic-sdk-go" && c.Name == "retry-after: -1" {
				continue // it comes back at once; wire.Parse reads a negative wait as none
			}
			want := recorded.Cases[c.Name]
			least, most := []float64{math.Inf(1), math.Inf(1)}, make([]float64, 2)
			for seed := range uint64(400) {
				got, _ := c.Waits(t, f, seed)
				if len(got)+1 != want.Attempts {
					t.Fatalf("%s: %s: %d attempts, recorded %d", preset, c.Name, len(got)+1, want.Attempts)
				}
				for k, s := range got {
					least[k], most[k] = min(least[k], s), max(most[k], s)
				}
			}
			for k, w := range want.Waits {
				if off := max(math.Abs(least[k]-w[0]), math.Abs(most[k]-w[1])); off > max(0.001, 0.02*w[1]) {
					t.Errorf("%s: %s: retry %d after %g to %g s, recorded %v", preset, c.Name, k, least[k], most[k], w)
				}
			}
		}
	}
}

func load(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile("../../bench/clients/" + name)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// presetWaits has the least and the most wait before each retry by the
// published formulas, in seconds; testdata/sdk_*.txt has what has no jitter.
func presetWaits() []presetWait {
	none := strategytest.Refusal{Name: "no header", Status: 429}
	asks := func(s string) strategytest.Refusal {
		return strategytest.Refusal{Name: "retry-after: " + s, Status: 429, Headers: map[string]string{"retry-after": s}}
	}
	ms := strategytest.Refusal{Name: "1500 ms", Status: 429, Headers: map[string]string{"retry-after-ms": "1500"}}
	status := func(n int) strategytest.Refusal { return strategytest.Refusal{Name: strconv.Itoa(n), Status: n} }
	short := [][2]float64{{0.375, 0.5}, {0.75, 1}}
	return []presetWait{
		{"sdk:openai-python@2", nil, none, short},
		{"sdk:openai-python@2", nil, asks("61"), short},
		{"sdk:openai-python@2", nil, asks("0"), short},
		{"sdk:openai-python@2", strategies.Args{"max_retries": "6"}, none,
			[][2]float64{{0.375, 0.5}, {0.75, 1}, {1.5, 2}, {3, 4}, {6, 8}, {6, 8}}},
		{"sdk:openai-python@3.3", nil, status(409), short},
		{"sdk:openai-node@6.25", nil, asks("60"), short},
		{"sdk:openai-go@3.24", nil, asks("60"), short},
		{"sdk:anthropic-python@0.121", nil, status(529), short},
		{"sdk:anthropic-typescript@0.74", nil, asks("60"), short},
		{"sdk:google-genai@2.19", strategies.Args{"max_retries": "4"}, asks("53"), [][2]float64{{1, 2}, {2, 3}, {4, 5}, {8, 9}}},
		{"sdk:google-genai@2.19", strategies.Args{"max_retries": "7"}, none,
			[][2]float64{{1, 2}, {2, 3}, {4, 5}, {8, 9}, {16, 17}, {32, 33}, {60, 60}}},
		{"sdk:azcore@1.24", nil, none, [][2]float64{{0.64, 1.04}, {1.92, 3.12}, {4.48, 7.28}}},
		{"sdk:botocore@1.43", nil, asks("20"), [][2]float64{{0, 1}, {0, 2}}},
		{"sdk:botocore@1.43", strategies.Args{"max_retries": "6"}, none,
			[][2]float64{{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {0, 20}}},
		{"sdk:litellm@1", nil, none, [][2]float64{{0.5, 1.25}, {1, 1.75}}},
		{"sdk:litellm@1", nil, asks("20"), [][2]float64{{20, 20.75}, {20, 20.75}}},
		{"sdk:litellm@1", nil, asks("61"), [][2]float64{{0.5, 1.25}, {1, 1.75}}},
		{"sdk:litellm@1", nil, ms, [][2]float64{{2, 2.75}, {2, 2.75}}}, // what the same server says in retry-after
		{"sdk:tenacity@9", nil, asks("20"), [][2]float64{{1, 1}, {1, 2}, {1, 4}, {1, 8}, {1, 16}}},
		{"sdk:tenacity@9", nil, status(400), [][2]float64{{1, 1}, {1, 2}, {1, 4}, {1, 8}, {1, 16}}},
		{"sdk:go-retryablehttp@0.7", nil, none, [][2]float64{{1, 1}, {2, 2}, {4, 4}, {8, 8}}},
		{"article:backoff", strategies.Args{"max_retries": "2"}, none, [][2]float64{{0.375, 0.5}, {0.75, 1}, {0.75, 1.25}, {0.375, 0.5}, {0.75, 1}}},
		{"article:backoff", strategies.Args{"max_retries": "2"}, status(500), [][2]float64{{0.375, 0.5}, {0.75, 1}, {1, 1}, {0.375, 0.5}, {0.75, 1}}},
		{"sdk:cenkalti-backoff@5.0", strategies.Args{"max_retries": "3"}, none, [][2]float64{{0.25, 0.75}, {0.375, 1.125}, {0.5625, 1.6875}}},
	}
}

type presetWait struct {
	preset string
	args   strategies.Args
	reply  strategytest.Refusal
	want   [][2]float64
}

func TestPresets(t *testing.T) {
	for _, tt := range presetWaits() {
		f := build(t, tt.preset, tt.args, strategytest.Env().Deployments)
		var got [][2]float64
		for seed := range uint64(400) {
			list, _ := tt.reply.Waits(t, f, seed)
			for k, s := range list {
				if k == len(got) {
					got = append(got, [2]float64{s, s})
				}
				got[k] = [2]float64{min(got[k][0], s), max(got[k][1], s)}
			}
		}
		same := slices.EqualFunc(got, tt.want, func(g, w [2]float64) bool {
			slack := 0.02 * (w[1] - w[0])
			return g[0] >= w[0]-1e-9 && g[0] <= w[0]+slack+1e-9 && g[1] <= w[1]+1e-9 && g[1] >= w[1]-slack-1e-9
		})
		if !same {
			t.Errorf("%s %v: %s: waits %v, want %v", tt.preset, tt.args, tt.reply.Name, got, tt.want)
		}
	}
}

// Gemini asks for a wait in the error's body alone, where no client library looks
// (googleapis/python-genai#1875); a strategy of one's own can.
func TestLibrariesReadNoBody(t *testing.T) {
	const body = `{"error":{"code":429,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"}]}}`
	for _, name := range catalog.Names() {
		if !strings.HasPrefix(name, "sdk:") {
			continue
		}
		f := build(t, name, strategies.Args{"max_retries": "2"}, strategytest.Env().Deployments)
		deaf, _ := strategytest.Refusal{Status: 429}.Waits(t, f, 1)
		if got, _ := (strategytest.Refusal{Status: 429, Body: body}).Waits(t, f, 1); !slices.Equal(got, deaf) {
			t.Errorf("%s: waits %v, without a body %v", name, got, deaf)
		}
	}
	f := build(t, "retry-after", strategies.Args{"max_retries": "2", "spread": "0%"}, strategytest.Env().Deployments)
	if got, _ := (strategytest.Refusal{Status: 429, Body: body}).Waits(t, f, 1); !slices.Equal(got, []float64{17, 17}) {
		t.Errorf("retry-after: waits %v, want 17 s twice", got)
	}
}

// cenkalti/backoff stops when the next retry would begin more than 15 minutes
// after the first attempt: 24 retries or so, and one every minute when the server
// asks for that.
func TestCenkaltiStopsAfterFifteenMinutes(t *testing.T) {
	f := build(t, "sdk:cenkalti-backoff@5.0", nil, strategytest.Env().Deployments)
	for _, tt := range []struct {
		asked       string
		least, most int
	}{{"60", 15, 15}, {"600", 1, 1}, {"901", 0, 0}, {"soon", 20, 30}} {
		c := strategytest.Refusal{Name: tt.asked, Status: 429, Headers: map[string]string{"retry-after": tt.asked}}
		list, _ := c.Waits(t, f, 1)
		if n := len(list); n < tt.least || n > tt.most {
			t.Errorf("asked for %s s: %d retries, want %d to %d", tt.asked, n, tt.least, tt.most)
		}
	}
}

// Six attempts of the recipe around three of the SDK are the 18 requests that
// its users wonder about.
func TestLayersMultiply(t *testing.T) {
	none := strategytest.Refusal{Name: "no header", Status: 429}
	for name, tt := range map[string]struct {
		args strategies.Args
		want int
	}{
		"layers":          {nil, 6 * 3},
		"layers/azcore":   {strategies.Args{"layers": "azcore,sdk:go-retryablehttp@0.7"}, 4 * 5},
		"article:backoff": {nil, 6 * 3},
	} {
		entry, _, _ := strings.Cut(name, "/")
		f := build(t, entry, tt.args, strategytest.Env().Deployments)
		list, _ := none.Waits(t, f, 1)
		if got := len(list) + 1; got != tt.want {
			t.Errorf("%s: %d attempts, want %d", name, got, tt.want)
		}
	}
}

// An instance whose calls all fail may retry 100 times, at a cost of 5 of 500,
// and then not at all until calls succeed.
func TestBotocoreQuota(t *testing.T) {
	env := strategytest.Env()
	d := strategytest.NewDriver(build(t, "sdk:botocore@1.43", nil, env.Deployments)(env), env.Deployments)
	attempts := func(statuses ...int) int { // the last is that of all that follow; 0 is a timeout
		n := 0
		for d.Submit(strategies.Call{EstimatedPrompt: 1, Deadline: clock.Never}); d.Open() > 0; {
			if a := d.InFlight(); len(a) > 0 {
				status := statuses[min(n, len(statuses)-1)]
				n++
				d.Reply(a[0], wire.Reply{Status: status, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota})
			} else {
				d.Step()
			}
		}
		return n
	}
	total := 0
	for range 200 {
		total += attempts(503)
	}
	if total != 200+100 {
		t.Errorf("200 calls that fail make %d attempts, want 300", total)
	}
	for range 5 {
		attempts(200)
	}
	if n := attempts(503, 200); n != 2 {
		t.Errorf("after five successes a call makes %d attempts, want 2", n)
	}
	if n := attempts(503); n != 2 { // the retry that succeeded has given back what it cost
		t.Errorf("after a retry that succeeded a call makes %d attempts, want 2", n)
	}
	for range 5 {
		attempts(200)
	}
	if n := attempts(wire.StatusTimeout); n != 1 {
		t.Errorf("a retry of a timeout costs 10, but with 5 a call makes %d attempts", n)
	}
}
