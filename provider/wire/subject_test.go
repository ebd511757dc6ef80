package wire_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"ratesim/provider/wire"
)

// What bodies that were captured say of the limit that refused.
func TestSubjectOfCapturedBodies(t *testing.T) {
	for _, k := range []struct {
		body string
		unit wire.Unit
		per  time.Duration // 0 = it does not say
	}{
		{"Rate limit reached for m in organization o on requests per min (RPM): Limit 3, Used 3, Requested 1.", wire.Request, time.Minute},
		{"Rate limit reached for m in organization o on tokens per min (TPM): Limit 30000, Used 22999, Requested 12528.", wire.Token, time.Minute},
		{"Rate limit reached for m in organization o on requests per day (RPD): Limit 10000, Used 10000, Requested 1.", wire.Request, day},
		{"on tokens per day (TPD): Limit 100000, Used 101907, Requested 1412.", wire.Token, day},
		{"Requests to X have exceeded call rate limit of your current OpenAI S0 pricing tier.", wire.Request, 0},
		{"Requests to X have exceeded token rate limit of your current OpenAI S0 pricing tier.", wire.Token, 0},
		{"This request would exceed your organization's rate limit of 8,000 output tokens per minute (org: o, model: m).", wire.OutputToken, time.Minute},
		{"This request would exceed your organization's rate limit of 8,000 input tokens per minute (org: o, model: m).", wire.InputToken, time.Minute},
		{"Number of input tokens has exceeded the per-minute rate limit", wire.InputToken, time.Minute},
		{gemini, wire.Request, time.Minute},
		{strings.ReplaceAll(gemini, "PerMinute", "PerDay"), wire.Request, day},
		{"Quota exceeded for quota metric GenerateContentPaidTierInputTokensPerModelPerDay", wire.InputToken, day},
		{"Too many requests, please wait before trying again.", wire.Request, 0},
		{"Too many tokens per day, please wait before trying again.", wire.Token, day},
		{"Requests per hour limit exceeded - too many requests sent.", wire.Request, time.Hour},
		{"Tokens per hour limit exceeded - too many tokens processed.", wire.Token, time.Hour},
		{"Tokens per day limit exceeded - too many tokens processed.", wire.Token, day},
		{"Too many tokens for team t and model grok-4-0709. Your team's rate limit is — Tokens per Minute (actual/limit): 65605/16000.", wire.Token, time.Minute},
	} {
		var r wire.Reply
		wire.Parse(429, nil, []byte(k.body), noon, &r)
		if unit, per := wire.Subject(&r, []byte(k.body)); unit != k.unit || per != k.per {
			t.Errorf("unit %d per %v, want %d per %v: %s", unit, per, k.unit, k.per, k.body)
		}
	}
}

// A vendor whose errors name the window tells every limit on requests and tokens
// in a time apart.
func TestSubjectIsTold(t *testing.T) {
	for _, vendor := range []string{"openai", "groq", "anthropic", "cerebras", "xai"} {
		for _, unit := range []wire.Unit{wire.Request, wire.Token} {
			for _, per := range []time.Duration{time.Minute, time.Hour, day} {
				a := refusal(wire.Tokens)
				if a.Unit, a.Per = unit, per; unit == wire.Request {
					a.Limit = wire.Requests
				}
				if per == day {
					a.Limit = wire.Daily
				}
				d, _ := wire.DialectOf(vendor)
				h := http.Header{}
				status, body := d.Encode(a, h)
				var r wire.Reply
				wire.Parse(status, h, body, noon, &r)
				if gotUnit, gotPer := wire.Subject(&r, body); r.Limit != a.Limit || gotUnit != unit || gotPer != per {
					t.Errorf("%s, unit %d per %v: told %v, unit %d per %v; %s", vendor, unit, per, r.Limit, gotUnit, gotPer, body)
				}
			}
		}
	}
}
