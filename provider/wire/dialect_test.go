package wire_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/provider/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

const day = 24 * time.Hour

var noon = time.Date(2026, 5, 18, 12, 0, 0, 0, time.UTC)

// refusal returns an answer refused by l, as a provider would describe it.
func refusal(l wire.Limit) *wire.Answer {
	a := &wire.Answer{Status: 429, Limit: l, Now: noon, Model: "gpt-4o", Deployment: "chat", Organization: "org-1", Region: "East US",
		RequestID: "req_1", Per: time.Minute, Most: 30000, Used: 22999, Requested: 12528, Wait: 11054 * time.Millisecond, Unit: wire.Token}
	switch l {
	case wire.Requests, wire.Concurrency, wire.Billing, wire.Capacity:
		a.Unit, a.Most, a.Used, a.Requested, a.Wait = wire.Request, 500, 500, 1, 120*time.Millisecond
	case wire.Input:
		a.Unit = wire.InputToken
	case wire.Output:
		a.Unit = wire.OutputToken
	case wire.Daily:
		a.Unit, a.Per, a.Most, a.Used, a.Requested, a.Wait = wire.Request, day, 10000, 10000, 1, 8640*time.Millisecond
	case wire.Utilisation:
		a.Unit = wire.Percent
	case wire.Oversize:
		a.Used, a.Requested, a.Wait = 0, 40000, wire.Absent
	}
	return a
}

func encode(t interface{ Fatalf(string, ...any) }, vendor string, a *wire.Answer) (int, http.Header, []byte) {
	d, ok := wire.DialectOf(vendor)
	if !ok {
		t.Fatalf("no dialect %s", vendor)
	}
	h := http.Header{}
	status, body := d.Encode(a, h)
	for name := range h {
		if http.CanonicalHeaderKey(name) != name {
			t.Fatalf("%s: net/http's clients do not find the header %s", vendor, name)
		}
	}
	return status, h, body
}

// What a client learns of each limit from each vendor: only what it says.
func TestLimitsTold(t *testing.T) {
	const (
		n, r, k, i, o = wire.NoLimit, wire.Requests, wire.Tokens, wire.Input, wire.Output
		d, u, b, z    = wire.Daily, wire.Utilisation, wire.Billing, wire.Oversize
		p, c          = wire.Ramp, wire.Capacity
		at            = wire.Concurrency
	)
	for vendor, told := range map[string][]wire.Limit{
		//          requests, tokens, input, output, daily, utilisation, billing, oversize, concurrency, ramp, capacity
		"openai":    {r, k, k, k, d, k, b, z, r, p, c},
		"azure":     {r, k, k, k, r, u, b, k, r, k, c},
		"anthropic": {r, k, i, o, d, k, b, k, r, p, c},
		"gemini":    {r, i, i, i, d, i, b, i, r, i, c},
		"bedrock":   {r, k, k, k, r, k, r, k, r, k, c},
		"groq":      {r, k, k, k, d, k, b, z, r, p, c},
		"mistral":   {n, n, n, n, n, n, b, n, n, n, c},
		"cerebras":  {r, k, k, k, d, k, b, k, r, k, c},
		"xai":       {r, k, k, k, d, k, b, k, r, k, r},
		"deepseek":  {r, k, k, k, r, k, b, k, at, k, c},
		"together":  {p, p, p, p, p, p, b, p, p, p, c},
	} {
		for j, want := range told {
			l := wire.Limit(j + 1)
			status, h, body := encode(t, vendor, refusal(l))
			var got wire.Reply
			wire.Parse(status, h, body, noon, &got)
			if got.Limit != want || got.Status != status {
				t.Errorf("%s, refused by %v: told %v with %d, want %v; body %s", vendor, l, got.Limit, got.Status, want, body)
			}
			if never := want == b || want == z; got.Retryable() == never {
				t.Errorf("%s, refused by %v: retryable %v", vendor, l, !never)
			}
			if (want == b || want == z) && got.RetryAfter != wire.Absent {
				t.Errorf("%s, refused by %v: told to wait %v in vain", vendor, l, got.RetryAfter)
			}
		}
	}
	a := refusal(wire.Daily)
	a.Unit = wire.Token
	for _, vendor := range []string{"openai", "anthropic", "gemini", "bedrock", "groq", "cerebras", "xai"} {
		status, h, body := encode(t, vendor, a)
		var got wire.Reply
		if wire.Parse(status, h, body, noon, &got); got.Limit != wire.Daily {
			t.Errorf("%s, tokens per day: told %v; body %s", vendor, got.Limit, body)
		}
	}
}

// What is encoded is parsed as it was, up to what the dialect rounds or leaves
// out: a unit of 0 marks what it does not send.
func TestRoundTrip(t *testing.T) {
	for _, d := range []struct {
		vendor string
		wait   time.Duration // waits are rounded up to this
		trios  bool
		round  int64         // remaining tokens are rounded to this
		reset  time.Duration // resets are off by less than this
	}{
		{"openai", time.Second, true, 1, time.Millisecond},
		{"azure", time.Second, true, 1, time.Second},
		{"anthropic", time.Second, true, 1000, time.Second},
		{"gemini", 1, false, 1, 0},
		{"bedrock", 0, false, 1, 0},
		{"groq", time.Second, true, 1, time.Millisecond},
		{"mistral", 0, true, 1, 0},
		{"cerebras", time.Second, true, 1, time.Microsecond},
		{"xai", 0, false, 1, 0},
		{"deepseek", 0, false, 1, 0},
		{"together", time.Second, true, 1, 0},
	} {
		t.Run(d.vendor, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				draw := func(u wire.Unit, label string) wire.Standing {
					limit := rapid.Int64Range(1, 1e12).Draw(t, label)
					return wire.Standing{Unit: u, Per: time.Minute, Limit: limit, Remaining: rapid.Int64Range(0, limit).Draw(t, "remaining"),
						Reset: time.Duration(rapid.Int64Range(0, int64(30*day)).Draw(t, "reset"))}
				}
				a := refusal(rapid.SampledFrom([]wire.Limit{wire.Requests, wire.Tokens}).Draw(t, "limit"))
				a.Now = noon.Add(time.Duration(rapid.Int64Range(0, 1e10).Draw(t, "now")))
				a.Wait = time.Duration(rapid.Int64Range(0, int64(2*day)).Draw(t, "wait"))
				a.Standings = []wire.Standing{draw(wire.Request, "requests"), draw(wire.Token, "tokens")}
				status, h, body := encode(t, d.vendor, a)
				var r wire.Reply
				wire.Parse(status, h, body, a.Now, &r)
				switch {
				case d.wait == 0 && r.RetryAfter != wire.Absent, d.wait > 0 && (r.RetryAfter < a.Wait || r.RetryAfter >= a.Wait+d.wait):
					t.Fatalf("wait %v became %v", a.Wait, r.RetryAfter)
				case r.InBody != (d.vendor == "gemini" || d.vendor == "together"):
					t.Fatalf("wait in the body alone: %v", r.InBody)
				}
				for i, q := range []wire.Quota{r.Requests, r.Tokens} {
					s := a.Standings[i]
					if !d.trios {
						if q != wire.NoQuota {
							t.Fatalf("got %+v, want nothing", q)
						}
						continue
					}
					off := max(q.Remaining-s.Remaining, s.Remaining-q.Remaining)
					if q.Limit != s.Limit || off != 0 && (i == 0 || 2*off > d.round) {
						t.Fatalf("%+v became %+v", s, q)
					}
					if d.reset == 0 && q.Reset != wire.Absent || d.reset > 0 && (q.Reset-s.Reset).Abs() >= d.reset {
						t.Fatalf("%+v became %+v", s, q)
					}
				}
			})
		})
	}
}

// A provisioned deployment's wait is exact to the millisecond, and never early.
func TestProvisionedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := refusal(wire.Utilisation)
		a.Wait = time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "wait"))
		a.Standings = []wire.Standing{{Unit: wire.Percent, Limit: 100, Remaining: -7}}
		status, h, body := encode(t, "azure", a)
		if got := h.Get("azure-openai-deployment-utilization"); got != "107%" {
			t.Fatalf("utilisation %q", got)
		}
		var r wire.Reply
		wire.Parse(status, h, body, noon, &r)
		if r.RetryAfter < a.Wait || r.RetryAfter >= a.Wait+time.Millisecond || r.Limit != wire.Utilisation {
			t.Fatalf("wait %v became %+v", a.Wait, r)
		}
	})
}

// Where a model has a limit per day, OpenAI's and Groq's trio on requests shows it.
// Resets and waits have the vendors' digits.
func TestDigits(t *testing.T) {
	standing := func(u wire.Unit, per time.Duration, limit, left int64) wire.Standing {
		return wire.Standing{Unit: u, Per: per, Limit: limit, Remaining: left,
			Reset: time.Duration(float64(limit-left) / float64(limit) * float64(per))}
	}
	for _, k := range []struct {
		vendor, header, want string
		s                    []wire.Standing
	}{
		{"openai", "x-ratelimit-reset-requests", "12ms", []wire.Standing{standing(wire.Request, time.Minute, 5000, 4999)}},
		{"openai", "x-ratelimit-reset-tokens", "164ms", []wire.Standing{standing(wire.Token, time.Minute, 2_000_000, 1_994_528)}},
		{"openai", "x-ratelimit-reset-tokens", "6ms", []wire.Standing{standing(wire.Token, time.Minute, 200_000, 199_978)}},
		{"openai", "x-ratelimit-reset-tokens", "0s", []wire.Standing{standing(wire.Token, time.Minute, 5_000_000, 4_999_999)}},
		{"openai", "x-ratelimit-reset-requests", "8.64s", []wire.Standing{{Unit: wire.Request, Per: time.Minute}, standing(wire.Request, day, 10000, 9999)}},
		{"openai", "x-ratelimit-reset-tokens", "6m0s", []wire.Standing{{Unit: wire.Token, Per: time.Minute, Reset: 6 * time.Minute}}},
		{"groq", "x-ratelimit-reset-requests", "3m0s", []wire.Standing{standing(wire.Request, day, 14400, 14370)}},
		{"azure", "x-ratelimit-reset-tokens", "10", []wire.Standing{{Unit: wire.Token, Per: time.Minute, Reset: 9500 * time.Millisecond}}},
		{"cerebras", "x-ratelimit-reset-requests-day", "33011.382867", []wire.Standing{{Unit: wire.Request, Per: day, Reset: 33011382867 * time.Microsecond}}},
		{"anthropic", "anthropic-ratelimit-requests-reset", "2026-05-18T12:00:16Z", []wire.Standing{{Unit: wire.Request, Per: time.Minute, Reset: 15001 * time.Millisecond}}},
		{"anthropic", "anthropic-ratelimit-tokens-remaining", "15000", []wire.Standing{
			{Unit: wire.InputToken, Per: time.Minute, Remaining: 499}, {Unit: wire.OutputToken, Per: time.Minute, Remaining: 14100}}},
	} {
		_, h, _ := encode(t, k.vendor, &wire.Answer{Status: 200, Now: noon, Standings: k.s})
		if got := h.Get(k.header); got != k.want {
			t.Errorf("%s: %s is %q, want %q", k.vendor, k.header, got, k.want)
		}
	}
	for _, k := range []struct {
		vendor, want string
		wait         time.Duration
	}{
		{"openai", "Please try again in 11.054s.", 11054 * time.Millisecond},
		{"openai", "Please try again in 120ms.", 120 * time.Millisecond},
		{"openai", "Please try again in 8.64s.", 8640 * time.Millisecond},
		{"openai", "Please try again in 6m0s.", 6 * time.Minute},
		{"groq", "Please try again in 1.991799999s.", 1991799999},
		{"gemini", "Please retry in 17.156209832s.", 17156209832},
		{"gemini", `"retryDelay":"17s"`, 17156209832},
		{"azure", "Please retry after 45 seconds.", 44001 * time.Millisecond},
		{"together", `"error_type":"dynamic_token_limited"`, time.Second},
	} {
		a := refusal(wire.Tokens)
		a.Wait = k.wait
		if _, _, body := encode(t, k.vendor, a); !strings.Contains(string(body), k.want) {
			t.Errorf("%s: no %q in %s", k.vendor, k.want, body)
		}
	}
	full := refusal(wire.Concurrency)
	full.Most, full.Used = 25, 25
	// As a client has logged it; see the source of the dialect.
	const logged = `{"error":{"message":"Too many requests. Your current concurrency is 26, which exceeds your concurrency limit of 25 based on ` +
		`your remaining balance. Please top up your balance to restore your concurrency.","type":"rate_limit_error","param":null,"code":"invalid_request_error"}}`
	if _, _, body := encode(t, "deepseek", full); string(body) != logged {
		t.Errorf("deepseek: %s, want %s", body, logged)
	}
	if _, _, body := encode(t, "bedrock", refusal(wire.Tokens)); len(body) != 63 {
		t.Errorf("bedrock: %d bytes, want the 63 of the capture: %s", len(body), body)
	}
}

// Every error each vendor sends is on file: status, headers, body.
func TestGolden(t *testing.T) {
	for _, d := range wire.Dialects {
		var got strings.Builder
		write := func(name string, a *wire.Answer) {
			status, h, body := encode(t, d.Vendor, a)
			fmt.Fprintf(&got, "== %s\n%d\n", name, status)
			var lines []string
			for k, v := range h {
				lines = append(lines, fmt.Sprintf("%s: %s\n", strings.ToLower(k), v[0]))
			}
			slices.Sort(lines)
			fmt.Fprintf(&got, "%s\n%s\n\n", strings.Join(lines, ""), body)
		}
		standings := []wire.Standing{
			{Unit: wire.Request, Per: time.Minute, Limit: 500, Remaining: 499, Reset: 120 * time.Millisecond},
			{Unit: wire.Token, Per: time.Minute, Limit: 30000, Remaining: 7001, Reset: 45998 * time.Millisecond},
		}
		write("success", &wire.Answer{Status: 200, Now: noon, RequestID: "req_1", Standings: standings, Wait: wire.Absent})
		for l := wire.Requests; l <= wire.Capacity; l++ {
			a := refusal(l)
			a.Standings = standings
			write("refused by "+l.String(), a)
		}
		for _, status := range []int{400, 401, 402, 403, 404, 408, 413, 500, 503, 504, 529} {
			write(fmt.Sprint("status ", status), &wire.Answer{Status: status, Now: noon, RequestID: "req_1", Wait: wire.Absent})
		}
		write("no such model", &wire.Answer{Status: 404, Unserved: "no-such", Message: "(Advice.)", Now: noon, RequestID: "req_1", Wait: wire.Absent})
		path := filepath.Join("testdata", d.Vendor+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d.Vendor, diff)
		}
	}
	if _, ok := wire.DialectOf("nobody"); ok {
		t.Error("nobody has a dialect")
	}
}
