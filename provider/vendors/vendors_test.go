package vendors

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// perMinute is a limit of the tier, as the catalog has it.
func perMinute(u provider.Unit, most int64) provider.Limit {
	return provider.Limit{Counts: u, Most: most, Per: time.Minute}
}

// model applies the vendor's rules to c and starts it.
func model(t *testing.T, c provider.Config) *provider.Model {
	t.Helper()
	if !Apply(&c) {
		t.Fatalf("%s is not known", c.Vendor)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return provider.New(&c, 0, nil)
}

// spend makes a model count used tokens against a limit of most, at time 0.
func spend(m *provider.Model, used uint32) {
	a, r := wire.Attempt{Prompt: used, Guess: used}, wire.Reply{}
	m.Arrive(0, &a, &r)
	m.Finish(0, &a, false)
}

// admitted reports whether a is admitted at a time.
func admitted(m *provider.Model, at time.Duration, a wire.Attempt) bool {
	var r wire.Reply
	m.Arrive(clock.Time(at), &a, &r)
	return r.OK()
}

// Waits of 429s that were seen, to the nanosecond: refused one before,
// admitted when they are over.
func TestWaits(t *testing.T) {
	for _, k := range []struct {
		name            string
		cfg             provider.Config
		used, requested uint32
		wait            time.Duration
	}{
		{"openai/codex fixture", provider.Config{Vendor: "openai", TPM: 30_000}, 22_999, 12_528, 11_054 * time.Millisecond},
		{"openai", provider.Config{Vendor: "openai", TPM: 30_000}, 26_713, 7_669, 8_764 * time.Millisecond},
		{"openai", provider.Config{Vendor: "openai", TPM: 30_000}, 24_102, 7_758, 3_720 * time.Millisecond},
		{"groq", provider.Config{Vendor: "groq", TPM: 6_000}, 5_994, 1_829, 18_230 * time.Millisecond},
	} {
		t.Run(k.name, func(t *testing.T) {
			a := wire.Attempt{Prompt: k.requested, Guess: k.requested}
			for _, at := range []time.Duration{0, k.wait - 1, k.wait} {
				m := model(t, k.cfg)
				spend(m, k.used)
				if got, want := admitted(m, at, a), at == k.wait; got != want {
					t.Errorf("at %v: admitted %v", at, got)
				}
			}
		})
	}
}

// The message of a 429 tells of the limit that refused, as one that was seen does
// (openai/codex fixture), also where two limits count the same.
func TestRefusalIsExplained(t *testing.T) {
	project := provider.Limit{Counts: provider.Requests, Most: 2, Per: time.Minute}
	for _, k := range []struct {
		cfg       provider.Config
		used      []uint32 // tokens of the calls before
		requested uint32
		want      string
	}{
		{provider.Config{TPM: 30_000}, []uint32{22_999}, 12_528, "on tokens per min (TPM): Limit 30000, Used 22999, Requested 12528. Please try again in 11.054s."},
		{provider.Config{TPM: 30_000}, nil, 40_000, "on tokens per min (TPM): Limit 30000, Requested 40000."},
		{provider.Config{RPM: 500, Pool: "all", Limits: []provider.Limit{project}}, []uint32{1, 1}, 1, "on requests per min (RPM): Limit 2, Used 2, Requested 1. Please try again in 30s."},
	} {
		k.cfg.Vendor = "openai"
		m := model(t, k.cfg)
		for _, used := range k.used {
			spend(m, used)
		}
		a, r, ans := wire.Attempt{Prompt: k.requested, Guess: k.requested}, wire.Reply{}, wire.Answer{}
		m.Arrive(0, &a, &r)
		m.Answer(0, &a, &r, &ans)
		d, _ := wire.DialectOf("openai")
		if _, body := d.Encode(&ans, http.Header{}); !strings.Contains(string(body), k.want) {
			t.Errorf("told %s, want %s", body, k.want)
		}
	}
}

// Requests come back one by one: of 500 a minute each 120 ms, of 10,000 a day
// each 8.64 s; the headers show the day.
func TestOpenAIRequests(t *testing.T) {
	for _, k := range []struct {
		cfg   provider.Config
		limit int64
		each  time.Duration
	}{
		{provider.Config{RPM: 500}, 500, 120 * time.Millisecond},
		{provider.Config{RPM: 50_000, Limits: []provider.Limit{{Counts: provider.Requests, Most: 10_000, Per: 24 * time.Hour}}}, 10_000, 8640 * time.Millisecond},
	} {
		k.cfg.Vendor = "openai"
		m := model(t, k.cfg)
		a, r := wire.Attempt{Guess: 1}, wire.Reply{}
		m.Arrive(0, &a, &r)
		if want := (wire.Quota{Limit: k.limit, Remaining: k.limit - 1, Reset: k.each}); r.Requests != want {
			t.Errorf("after one of %d: %+v, want %+v", k.limit, r.Requests, want)
		}
		for range k.limit - 1 {
			m.Arrive(0, &a, &r)
		}
		if !r.OK() || r.Requests.Remaining != 0 {
			t.Errorf("after %d: %+v", k.limit, r)
		}
		if !admitted(m, k.each, a) || admitted(m, 2*k.each-1, a) {
			t.Errorf("of %d requests, the next is not back after %v", k.limit, k.each)
		}
	}
}

// At OpenAI a refused request starts the wait anew: 20 s of 3 a minute, whenever it
// comes. At Groq it waits for what is refilled all the same.
func TestRefusedRequestsCount(t *testing.T) {
	for _, k := range []struct {
		vendor string
		waits  [3]time.Duration // told after 5, 15 and 18 s; 0 = admitted
	}{
		{"openai", [3]time.Duration{20 * time.Second, 20 * time.Second, 20 * time.Second}},
		{"groq", [3]time.Duration{15 * time.Second, 5 * time.Second, 2 * time.Second}},
	} {
		m := model(t, provider.Config{Vendor: k.vendor, RPM: 3})
		var r wire.Reply
		for range 3 {
			m.Arrive(0, &wire.Attempt{Guess: 1}, &r)
		}
		for i, at := range []clock.Time{5 * clock.Second, 15 * clock.Second, 18 * clock.Second} {
			m.Arrive(at, &wire.Attempt{Guess: 1}, &r)
			if r.RetryAfter != k.waits[i] || m.RefusedBy().String() != "rpm" {
				t.Errorf("%s: refused at %v by %v, told to wait %v, want %v", k.vendor, at, m.RefusedBy(), r.RetryAfter, k.waits[i])
			}
		}
		if m.Arrive(18*clock.Second+clock.Time(k.waits[2]), &wire.Attempt{Guess: 1}, &r); !r.OK() {
			t.Errorf("%s: refused again after the wait it asked for", k.vendor)
		}
	}
}

func TestOpenAICharge(t *testing.T) {
	m := model(t, provider.Config{Vendor: "openai", TPM: 1_000_000})
	for _, k := range []struct {
		guess, maxTokens uint32
		want             int64
	}{{900, 100, 900}, {100, 900, 900}, {50, 0, 50}} {
		if got := m.Reservation(&wire.Attempt{Guess: k.guess, MaxTokens: k.maxTokens}); got != k.want {
			t.Errorf("%d estimated, max_tokens %d: %d reserved, want %d", k.guess, k.maxTokens, got, k.want)
		}
	}
}

// OpenAI's slow_down is no rule of its own accord: a steady 2.3M tokens a minute
// pass a limit of 30M. As a limit of a scenario it refuses them after a cold
// start, and not where they are what was used before.
func TestOpenAISlowDown(t *testing.T) {
	slowDown := func(before int64) []provider.Limit {
		return []provider.Limit{{Counts: provider.Input, Most: 1_000_000, Per: 15 * time.Minute, Growth: 0.5, UsedBefore: before}}
	}
	for _, k := range []struct {
		name   string
		limits []provider.Limit
		passed int // of 230 calls of 100,000 tokens in ten minutes
	}{
		{"by the vendor's rules", nil, 230},
		{"cold", slowDown(0), 10 + 99}, // the bucket of a million, and a million in each minute up to the last call's
		{"warm", slowDown(2_300_000), 230},
	} {
		m := model(t, provider.Config{Vendor: "openai", TPM: 30_000_000, Limits: k.limits})
		passed := 0
		for i := range 230 {
			a, r := wire.Attempt{Guess: 100_000, Prompt: 100_000}, wire.Reply{}
			m.Arrive(clock.Time(i)*clock.Time(10*time.Minute)/230, &a, &r)
			if r.OK() {
				passed++
			} else if r.Limit != wire.Ramp {
				t.Fatalf("%s: refused by %v", k.name, r.Limit)
			}
		}
		if passed != k.passed {
			t.Errorf("%s: %d calls pass, want %d", k.name, passed, k.passed)
		}
	}
}

// 600 RPM are 100 in 10 s; tokens are those of the minute and stay charged.
func TestAzure(t *testing.T) {
	m := model(t, provider.Config{Vendor: "azure", Model: "gpt-4o", RPM: 600, TPM: 100_000})
	small := wire.Attempt{Guess: 10, Prompt: 10}
	for i := range 100 {
		if !admitted(m, 3*time.Second, small) {
			t.Fatalf("request %d of 10 s refused", i+1)
		}
	}
	a, r := small, wire.Reply{}
	m.Arrive(clock.Time(3*time.Second), &a, &r)
	want := wire.Reply{Status: 429, Limit: wire.Requests, RetryAfter: 7 * time.Second,
		Requests: wire.Quota{Limit: 600, Remaining: 0, Reset: 7 * time.Second},
		Tokens:   wire.Quota{Limit: 100_000, Remaining: 100_000 - 100*(10+16), Reset: 57 * time.Second}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("request 101 (-want +got)\n%s", diff)
	}
	a = wire.Attempt{Guess: 90_000, Prompt: 90_000, MaxTokens: 7_400, Output: 1}
	m.Arrive(clock.Time(11*time.Second), &a, &r)
	m.Finish(clock.Time(12*time.Second), &a, false)
	if !r.OK() || r.Tokens.Remaining != 0 || admitted(m, 59*time.Second, small) || !admitted(m, time.Minute, small) {
		t.Errorf("all tokens of the minute: %+v, or they came back before it was over", r)
	}
}

// A unit of gpt-4.1 gives 3,000 a minute; cached tokens are free, before GPT-6.
func TestAzurePTU(t *testing.T) {
	for model, discount := range map[string]float64{"gpt-4.1": 1, "gpt-6-sol": 0.9} {
		c := provider.Config{Vendor: "azure", Model: model, PTU: provider.Provisioned{Units: 1, TPMPerUnit: 3000, OutputRatio: 4}}
		if !Apply(&c) || c.Charge.CacheDiscount != discount {
			t.Errorf("%s: cache discount %g, want %g", model, c.Charge.CacheDiscount, discount)
		}
		m := provider.New(&c, 0, nil)
		a, r := wire.Attempt{Guess: 2000, Prompt: 2000, Cached: 1000, MaxTokens: 525, Output: 525}, wire.Reply{}
		m.Arrive(0, &a, &r)
		if want := 1000 + int64((1-discount)*1000+0.5) + 4*525; a.Reserved != want {
			t.Errorf("%s: %d reserved, want %d", model, a.Reserved, want)
		}
		// 100 or 200 tokens above 3,000, of which 50 drain in a second; the level
		// must be below, which takes a millisecond more.
		m.Arrive(0, &a, &r)
		if want := time.Duration(100+(1-discount)*1000+0.5)*20*time.Millisecond + time.Millisecond; r.Limit != wire.Utilisation || r.RetryAfter != want {
			t.Errorf("%s: wait %v by %v, want %v", model, r.RetryAfter, r.Limit, want)
		}
	}
}

// max_tokens has no effect, reads from the cache are free, output counts as
// it is produced and remaining tokens are told in thousands.
func TestAnthropic(t *testing.T) {
	c := provider.Config{Vendor: "anthropic", Model: "claude-sonnet-4.5", RPM: 1000,
		Limits:  []provider.Limit{perMinute(provider.Input, 60_000), perMinute(provider.Output, 6_000)},
		Latency: provider.Latency{TTFT: rng.NewConstant(0), PerToken: 10 * time.Millisecond}}
	m := model(t, c)
	a, r := wire.Attempt{Guess: 50_400, Prompt: 50_400, Cached: 49_000, MaxTokens: 64_000, Output: 6_000}, wire.Reply{}
	took := m.Arrive(0, &a, &r)
	// Whole again in 1.4 s, told as an instant of whole seconds.
	if want := (wire.Quota{Limit: 60_000, Remaining: 59_000, Reset: 2 * time.Second}); !r.OK() || r.Tokens != want {
		t.Errorf("1,400 of 60,000 charged: %+v", r)
	}
	// 100 tokens a second for a minute: the bucket, which refills as fast, stays full.
	tiny := wire.Attempt{Guess: 1, Prompt: 1, MaxTokens: 64_000}
	if !admitted(m, took/2, tiny) {
		t.Error("refused for output not yet produced, or for max_tokens")
	}
	// Two at once produce 200 a second, 100 more than it refills: the last of
	// 6,000 is gone when they end.
	m = model(t, c)
	for range 2 {
		b := a
		m.Arrive(0, &b, &r)
	}
	for at := clock.Time(0); at < clock.Time(55*time.Second); at = at.Add(100 * time.Millisecond) {
		m.Meter(at) // output is charged whenever the model is asked something
	}
	if !admitted(m, 55*time.Second, tiny) {
		t.Error("5,500 of 6,000 output tokens used, and refused")
	}
	b := tiny
	if m.Arrive(clock.Time(60_500*time.Millisecond), &b, &r); r.Limit != wire.Output {
		t.Errorf("all output tokens used: %d by %v, want 429 by output", r.Status, r.Limit)
	}
	if c.Model = "claude-haiku-3.5"; Apply(&c) && c.Charge.CacheDiscount != 0 {
		t.Error("reads from the cache count for Haiku 3.5")
	}
}

// The 429 that was logged 42.9 s into a minute: the next one begins 17.1 s later.
func TestGemini(t *testing.T) {
	const at = 22*time.Hour + 55*time.Minute + 42_900*time.Millisecond
	m := model(t, provider.Config{Vendor: "gemini", Model: "gemini-2.5-flash", RPM: 10, Phase: at,
		Limits: []provider.Limit{{Counts: provider.Requests, Most: 11, Per: 24 * time.Hour}, perMinute(provider.Input, 1000)}})
	for range 10 {
		if !admitted(m, 0, wire.Attempt{Guess: 1, MaxTokens: 64_000, Output: 64_000}) {
			t.Fatal("one of ten refused")
		}
	}
	a, r := wire.Attempt{Guess: 1}, wire.Reply{}
	m.Arrive(0, &a, &r)
	want := wire.Reply{Status: 429, Limit: wire.Requests, InBody: true, RetryAfter: 17_100 * time.Millisecond, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if m.Arrive(clock.Time(17_100*time.Millisecond), &a, &r); !r.OK() || r.InBody {
		t.Errorf("in the next minute: %+v", r)
	}
	if m.Arrive(clock.Time(18*time.Second), &a, &r); r.Limit != wire.Daily || r.RetryAfter != 24*time.Hour-at-18*time.Second {
		t.Errorf("all of the day used: wait %v by %v, want until midnight", r.RetryAfter, r.Limit)
	}
}

// AWS's example: 36,000 reserved, 9,000 settled.
func TestBedrock(t *testing.T) {
	m := model(t, provider.Config{Vendor: "bedrock", Model: "claude-sonnet-4.5", TPM: 200_000})
	a, r := wire.Attempt{Guess: 4000, Prompt: 4000, MaxTokens: 32_000, Output: 1000}, wire.Reply{}
	m.Arrive(0, &a, &r)
	if a.Reserved != 36_000 || m.Tally.Charged() != 36_000 {
		t.Errorf("%d reserved, want 36,000", a.Reserved)
	}
	if m.Finish(0, &a, false); m.Tally.Charged() != 9_000 {
		t.Errorf("settled to %d, want 9,000", m.Tally.Charged())
	}
	if got := m.Reservation(&wire.Attempt{Guess: 1000, Cached: 800}); got != 65_000 {
		t.Errorf("%d reserved without max_tokens and with 800 cached, want 65,000", got)
	}
	big := wire.Attempt{Guess: 200_000, Prompt: 200_000, MaxTokens: 1}
	if m.Arrive(0, &big, &r); r.Limit != wire.Oversize {
		t.Errorf("200,001 tokens: %+v", r)
	}
	big.MaxTokens, big.Guess = 0, 136_000
	want := wire.Reply{Status: 429, Limit: wire.Tokens, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	if m.Arrive(0, &big, &r); r != want {
		t.Errorf("a bucket not quite full: %+v, want %+v", r, want)
	}
}

func TestBurndown(t *testing.T) {
	for model, want := range map[string]float64{
		"claude-opus-4.8": 15, "claude-opus-5.5": 10, "claude-opus-5": 10, "claude-sonnet-5": 10, "claude-fable-5.1": 10,
		"gpt-5.6-sol": 10, "gpt-5.6-terra": 10, "gpt-5.6-luna": 10,
		"claude-sonnet-3.7": 5, "claude-opus-4": 5, "claude-sonnet-4.5": 5, "claude-haiku-4.5": 5, "claude-opus-4.7": 5,
		"claude-haiku-3.5": 1, "llama-3.3-70b": 1,
	} {
		if got := burndown(model); got != want {
			t.Errorf("%s: %g, want %g", model, got, want)
		}
	}
}

// Settled to actual use, a bucket may owe: 101,907 of 100,000 used and 1,412
// requested is a wait of 1.9914 s.
func TestGroqOwes(t *testing.T) {
	const wait = 1_991_400 * time.Microsecond
	next := wire.Attempt{Guess: 1412, Prompt: 1412}
	for _, at := range []time.Duration{wait - 1, wait} {
		m := model(t, provider.Config{Vendor: "groq", TPM: 100_000})
		a, r := wire.Attempt{Guess: 90_000, Prompt: 95_000, Cached: 5_000, MaxTokens: 10_000, Output: 11_907}, wire.Reply{}
		a.Guess += a.Cached
		m.Arrive(0, &a, &r)
		m.Finish(0, &a, false)
		if m.Tally.Charged() != 101_907 {
			t.Fatalf("%d charged", m.Tally.Charged())
		}
		b := next
		if m.Arrive(0, &b, &r); r.RetryAfter != 2*time.Second {
			t.Errorf("retry-after %v, want 2 s", r.RetryAfter)
		}
		if got, want := admitted(m, at, next), at == wait; got != want {
			t.Errorf("at %v: admitted %v", at, got)
		}
	}
}

// 30 of 14,400 requests a day come back in 180 s.
func TestGroqHeaders(t *testing.T) {
	m := model(t, provider.Config{Vendor: "groq", RPM: 1000, Limits: []provider.Limit{{Counts: provider.Requests, Most: 14_400, Per: 24 * time.Hour}}})
	var r wire.Reply
	for range 30 {
		m.Arrive(0, &wire.Attempt{}, &r)
	}
	if want := (wire.Quota{Limit: 14_400, Remaining: 14_370, Reset: 3 * time.Minute}); r.Requests != want {
		t.Errorf("%+v, want %+v", r.Requests, want)
	}
}

// What an attempt reserves and is settled to, and what a 429 tells.
func TestOthers(t *testing.T) {
	for _, k := range []struct {
		vendor            string
		reserved, settled int64
		silent            bool
		reset, wait       time.Duration
	}{
		{"mistral", 300, 300, false, wire.Absent, wire.Absent},
		{"cerebras", 300, 300, false, 18 * time.Second, 4 * time.Second},
		{"xai", 100, 150, true, 0, wire.Absent},
	} {
		m := model(t, provider.Config{Vendor: k.vendor, RPM: 15, TPM: 1000})
		a, r := wire.Attempt{Guess: 100, Prompt: 100, MaxTokens: 200, Output: 50}, wire.Reply{}
		m.Arrive(0, &a, &r)
		if a.Reserved != k.reserved {
			t.Errorf("%s: %d reserved, want %d", k.vendor, a.Reserved, k.reserved)
		}
		if !k.silent && (r.Tokens.Remaining != 700 || r.Tokens.Reset != k.reset) {
			t.Errorf("%s: %+v", k.vendor, r.Tokens)
		} else if k.silent && r.Tokens != wire.NoQuota {
			t.Errorf("%s tells %+v", k.vendor, r.Tokens)
		}
		if m.Finish(0, &a, false); m.Tally.Charged() != k.settled {
			t.Errorf("%s: settled to %d, want %d", k.vendor, m.Tally.Charged(), k.settled)
		}
		for r.OK() {
			b := wire.Attempt{Guess: 1, MaxTokens: 1}
			m.Arrive(0, &b, &r)
		}
		if r.Limit != wire.Requests || r.RetryAfter != k.wait {
			t.Errorf("%s: wait %v by %v, want %v", k.vendor, r.RetryAfter, r.Limit, k.wait)
		}
	}
}

// Apply knows each vendor that has a dialect and no other, and sets the window of each limit.
func TestApply(t *testing.T) {
	names := Names()
	var dialects []string
	for _, d := range wire.Dialects {
		dialects = append(dialects, d.Vendor)
	}
	if slices.Sort(dialects); !slices.Equal(names, dialects) {
		t.Errorf("vendors %q, dialects of %q", names, dialects)
	}
	for _, name := range names {
		c := provider.Config{Vendor: name, RPM: 1, Limits: []provider.Limit{{Counts: provider.Requests, Most: 1, Per: 24 * time.Hour}}}
		if !Apply(&c) || c.Window == provider.SlidingLog || c.Limits[0].Window != c.Window {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if c := (provider.Config{Vendor: "acme"}); Apply(&c) || c.Charge != (provider.Charge{}) {
		t.Errorf("a vendor nobody knows: %+v", c)
	}
}
