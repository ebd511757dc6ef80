package wire_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/wire"
)

// headers reads lines of "name: value".
func headers(lines string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(lines, "\n") {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			h.Set(name, value)
		}
	}
	return h
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

const none = wire.Absent

// capturedHeaders are headers as they were captured or documented, read at 11:42.
var capturedHeaders = []struct {
	name, lines      string
	status           int
	requests, tokens wire.Quota
	wait             time.Duration
	limit            wire.Limit
}{
	{"OpenAI, limit per day", `x-ratelimit-limit-requests: 10000
		x-ratelimit-remaining-requests: 9999
		x-ratelimit-reset-requests: 8.64s
		x-ratelimit-limit-tokens: 200000
		x-ratelimit-remaining-tokens: 199978
		x-ratelimit-reset-tokens: 6ms`, 200, wire.Quota{10000, 9999, ms(8640)}, wire.Quota{200000, 199978, ms(6)}, none, wire.NoLimit},
	{"OpenAI, long resets", `x-ratelimit-reset-requests: 1h2m3.5s
		x-ratelimit-reset-tokens: 6m0s
		Retry-After: 56`, 503, wire.Quota{none, none, 3723500 * time.Millisecond}, wire.Quota{none, none, 6 * time.Minute}, 56 * time.Second, wire.Capacity},
	{"OpenAI, project limit", `x-ratelimit-limit-tokens: 1000000
		x-ratelimit-remaining-tokens: 900000
		x-ratelimit-limit-project-tokens: 10000
		x-ratelimit-remaining-project-tokens: 100
		x-ratelimit-reset-project-tokens: 59.4s`, 200, wire.NoQuota, wire.Quota{10000, 100, ms(59400)}, none, wire.NoLimit},
	{"Azure, documented", `x-ratelimit-limit-requests: 60
		x-ratelimit-remaining-requests: 59
		x-ratelimit-reset-requests: 10
		x-ratelimit-limit-tokens: 150000
		x-ratelimit-remaining-tokens: 149984
		x-ratelimit-reset-tokens: 300
		retry-after-ms: 2000`, 429, wire.Quota{60, 59, ms(10000)}, wire.Quota{150000, 149984, ms(300000)}, ms(2000), wire.NoLimit},
	{"Azure, calls ran out", `x-ratelimit-reset-requests: 4
		policy-id: DeploymentRatelimit-Call`, 429, wire.Quota{none, none, ms(4000)}, wire.NoQuota, none, wire.Requests},
	{"Azure, misspelt", `x-rate-limit-reset-tokens: 55
		policy-id: DeploymentRatelimit-Token`, 429, wire.NoQuota, wire.Quota{none, none, ms(55000)}, none, wire.Tokens},
	{"Azure, -1/-1/0", `x-ratelimit-limit-tokens: -1
		x-ratelimit-remaining-tokens: -1
		x-ratelimit-reset-tokens: 0`, 429, wire.NoQuota, wire.Quota{none, none, 0}, none, wire.NoLimit},
	{"Azure, a day", "retry-after: 86400", 429, wire.NoQuota, wire.NoQuota, day, wire.NoLimit},
	{"Azure, provisioned", `retry-after: 1
		retry-after-ms: 43
		azure-openai-deployment-utilization: 101%`, 429, wire.NoQuota, wire.NoQuota, ms(43), wire.Utilisation},
	{"Anthropic", `retry-after: 23
		anthropic-ratelimit-requests-limit: 1000
		anthropic-ratelimit-requests-remaining: 994
		anthropic-ratelimit-requests-reset: 2026-05-18T11:42:16Z
		anthropic-ratelimit-input-tokens-limit: 450000
		anthropic-ratelimit-input-tokens-remaining: 0
		anthropic-ratelimit-input-tokens-reset: 2026-05-18T11:42:18Z
		anthropic-ratelimit-output-tokens-limit: 90000
		anthropic-ratelimit-output-tokens-remaining: 14000
		anthropic-ratelimit-output-tokens-reset: 2026-05-18T11:42:17Z`,
		429, wire.Quota{1000, 994, ms(16000)}, wire.Quota{450000, 0, ms(18000)}, ms(23000), wire.Input},
	{"Bedrock", `x-amzn-ErrorType: ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/
		x-amzn-RequestId: 1`, 429, wire.NoQuota, wire.NoQuota, none, wire.NoLimit},
	{"Groq", `x-ratelimit-limit-requests: 14400
		x-ratelimit-remaining-requests: 14370
		x-ratelimit-reset-requests: 2m59.56s
		x-ratelimit-limit-tokens: 18000
		x-ratelimit-remaining-tokens: 17997
		x-ratelimit-reset-tokens: 7.66s
		retry-after: 2`, 429, wire.Quota{14400, 14370, ms(179560)}, wire.Quota{18000, 17997, ms(7660)}, ms(2000), wire.NoLimit},
	{"Cerebras", `x-ratelimit-limit-requests-day: 14400
		x-ratelimit-remaining-requests-day: 14399
		x-ratelimit-reset-requests-day: 33011.382867
		x-ratelimit-limit-requests-minute: 30
		x-ratelimit-remaining-requests-minute: 29
		x-ratelimit-reset-requests-minute: 11.382867`, 200, wire.Quota{30, 29, 11382867 * time.Microsecond}, wire.NoQuota, none, wire.NoLimit},
	{"Cerebras, day alone", "x-ratelimit-reset-requests-day: 33011.382867", 200,
		wire.Quota{none, none, 33011382867 * time.Microsecond}, wire.NoQuota, none, wire.NoLimit},
	{"Mistral", `x-ratelimit-limit-req-minute: 4
		x-ratelimit-remaining-req-minute: 3
		x-ratelimit-limit-tokens-minute: 250000
		x-ratelimit-remaining-tokens-minute: 243582
		x-ratelimit-tokens-query-cost: 6416`, 200, wire.Quota{4, 3, none}, wire.Quota{250000, 243582, none}, none, wire.NoLimit},
	{"Mistral, not activated", "x-ratelimit-limit-req-minute: 0", 429, wire.Quota{0, none, none}, wire.NoQuota, none, wire.Billing},
	{"requests used up", `x-ratelimit-remaining-requests: 0
		x-ratelimit-remaining-tokens: 10`, 429, wire.Quota{none, 0, none}, wire.Quota{none, 10, none}, none, wire.Requests},
	{"a date", "Retry-After: Mon, 18 May 2026 11:42:30 GMT", 503, wire.NoQuota, wire.NoQuota, ms(30000), wire.Capacity},
	{"a date gone by", "Retry-After: Mon, 18 May 2026 11:41:30 GMT", 500, wire.NoQuota, wire.NoQuota, 0, wire.NoLimit},
	{"a fraction", "Retry-After: 0.25", 408, wire.NoQuota, wire.NoQuota, ms(250), wire.NoLimit},
	{"nonsense", `Retry-After: soon
		retry-after-ms: -5
		x-ratelimit-limit-requests: many
		x-ratelimit-reset-tokens: 5x`, 429, wire.NoQuota, wire.NoQuota, none, wire.NoLimit},
	{"too large", `Retry-After: 1e300
		x-ratelimit-limit-requests: 99999999999999999999
		x-ratelimit-remaining-requests: -99999999999999999999
		x-ratelimit-reset-requests: 99999999999999h`, 429, wire.Quota{math.MaxInt64, none, math.MaxInt64}, wire.NoQuota, math.MaxInt64, wire.NoLimit},
}

func TestParseHeaders(t *testing.T) {
	now := time.Date(2026, 5, 18, 11, 42, 0, 0, time.UTC)
	for _, k := range capturedHeaders {
		want := wire.Reply{Status: k.status, Limit: k.limit, RetryAfter: k.wait, Requests: k.requests, Tokens: k.tokens}
		var got wire.Reply
		wire.Parse(k.status, headers(k.lines), nil, now, &got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k.name, diff)
		}
	}
}

// capturedBodies are bodies as they were captured.
var capturedBodies = []struct {
	body   string
	status int
	limit  wire.Limit
	wait   time.Duration
}{
	{`{"error":{"message":"Rate limit reached for gpt-5.1 in organization org-X on tokens per min (TPM): Limit 30000, Used 22999, Requested 12528. Please try again in 11.054s. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`,
		429, wire.Tokens, ms(11054)},
	{`{"error":{"message":"Rate limit reached for m in organization o on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.","type":"requests","param":null,"code":"rate_limit_exceeded"}}`,
		429, wire.Requests, ms(20000)},
	{`{"error":{"message":"Rate limit reached for m in organization o on requests per day (RPD): Limit 10000, Used 10000, Requested 1. Please try again in 8.64s.","type":"requests"}}`,
		429, wire.Daily, ms(8640)},
	{`{"error":{"message":"Request too large for m in organization o on tokens per min (TPM): Limit 30000, Requested 40000. The input or output tokens must be reduced in order to run successfully.","type":"tokens","code":"rate_limit_exceeded"}}`,
		429, wire.Oversize, none},
	{`{"error":{"type":"rate_limit_error","code":"slow_down"}}`, 429, wire.Ramp, none},
	{`{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`,
		429, wire.Billing, none},
	{`{"error":{"type":"insufficient_quota","code":"project_spend_limit_exceeded"}}`, 429, wire.Billing, none},
	{`{"error":{"code":"organization_usage_limit_exceeded"}}`, 429, wire.Billing, none},
	{`{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-02-01 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 86400 seconds. Please go here: https://aka.ms/oai/quotaincrease"}}`,
		429, wire.Tokens, day},
	{`{"error":{"code":"429","message":"Requests to X have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 1 second."}}`,
		429, wire.Requests, ms(1000)},
	{`{"error":{"code":"429","message":"Your requests to gpt for gpt-4o in East US have exceeded the token rate limit for your current AIServices S0 pricing tier. Please retry after 45 seconds."}}`,
		429, wire.Tokens, ms(45000)},
	{`{"error":{"code":"429","message":"The system is currently experiencing high demand and cannot process your request. Your request exceeds the maximum usage size allowed during peak load. Please retry after 20 seconds."}}`,
		429, wire.Capacity, ms(20000)},
	{`{"statusCode":429,"message":"Rate limit is exceeded. Try again in 50 seconds."}`, 429, wire.NoLimit, ms(50000)},
	{`{"error":{"code":"RateLimitReached","message":"Rate limit of 50000 per 60s exceeded for UserByModelByMinuteUncachedInputTokens. Please wait 46 seconds before retrying."}}`,
		429, wire.Input, ms(46000)},
	{`{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 8,000 output tokens per minute (org: o, model: m). Please reduce the prompt length or the maximum tokens requested, or try again later."}}`,
		429, wire.Output, none},
	{`{"type":"error","error":{"type":"rate_limit_error","message":"Number of input tokens has exceeded the per-minute rate limit"}}`, 429, wire.Input, none},
	{`{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}}`, 429, wire.Billing, none},
	{`{"type":"error","error":{"type":"rate_limit_error","message":"Error"}}`, 429, wire.NoLimit, none},
	{`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, 529, wire.Capacity, none},
	{`{"type":"error","error":{"type":"api_error","message":"Overloaded"}}`, 500, wire.NoLimit, none},
	{gemini, 429, wire.Requests, 17156209832},
	{"[" + gemini + "]", 429, wire.Requests, 17156209832},
	{strings.ReplaceAll(strings.ReplaceAll(gemini, "PerMinute", "PerDay"), "17.156209832s", "18h7m17s"), 429, wire.Daily, 18*time.Hour + 7*time.Minute + 17*time.Second},
	{`{"error":{"code":429,"details":[{"retryDelay":"17s"}]}}`, 429, wire.NoLimit, ms(17000)},
	{`{"message":"Too many tokens, please wait before trying again."}`, 429, wire.Tokens, none},
	{`{"message":"Too many requests, please wait before trying again."}`, 429, wire.Requests, none},
	{`{"message":"Too many tokens per day, please wait before trying again."}`, 429, wire.Daily, none},
	{"{\"error\":{\"message\":\"Rate limit reached for model `m` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Used 5994, Requested 1829. Please try again in 18.23s. Need more tokens?\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
		429, wire.Tokens, ms(18230)},
	{`{"error":{"message":"on tokens per day (TPD): Limit 100000, Used 101907, Requested 1412. Please try again in 1.991799999s.","type":"tokens"}}`, 429, wire.Daily, 1991799999},
	{`{"error":{"code":"capacity_exceeded"}}`, 498, wire.Capacity, none},
	{`{"error":{"code":"rate_limit_exceeded"}}`, 413, wire.Oversize, none},
	{`{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","code":"3505"}`, 429, wire.Capacity, none},
	{`{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}`, 429, wire.NoLimit, none},
	{`{"message":"Requests per minute limit exceeded - too many requests sent.","type":"too_many_requests_error","param":"quota","code":"request_quota_exceeded"}`, 429, wire.Requests, none},
	{`{"message":"Tokens per minute limit exceeded - too many tokens processed."}`, 429, wire.Tokens, none},
	{`{"code":"x","error":"Too many tokens for team t and model grok-4-0709. Your team's rate limit is — Tokens per Minute (actual/limit): 65605/16000."}`, 429, wire.Tokens, none},
	{`"Your team t has either used all available credits or reached its monthly spending limit."`, 429, wire.Billing, none},
	{`{"error":"Your newly created team doesn't have any credits or licenses yet."}`, 403, wire.Billing, none},
	{`{"error":{"message":"maximum context length is 128000 tokens","type":"invalid_request_error","code":"context_length_exceeded"}}`, 400, wire.NoLimit, none},
	{`upstream says: retry after 7`, 429, wire.NoLimit, ms(7000)},
	{`{"error":{"code":{"deep":[1]},"message":7,"type":"tokens","status":[]}}`, 429, wire.Tokens, none},
	{``, 402, wire.Billing, none},
}

func TestParseBodies(t *testing.T) {
	for _, k := range capturedBodies {
		want := wire.Reply{Status: k.status, Limit: k.limit, RetryAfter: k.wait, InBody: k.wait != none, Requests: wire.NoQuota, Tokens: wire.NoQuota}
		var got wire.Reply
		wire.Parse(k.status, nil, []byte(k.body), noon, &got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d %s (-want +got):\n%s", k.status, k.body, diff)
		}
	}
}

const gemini = `{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. \n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 10\nPlease retry in 17.156209832s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaDimensions":{"location":"global","model":"gemini-2.5-flash"},"quotaValue":"10"}]},{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"d","url":"u"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"}]}}`

func TestParseUsage(t *testing.T) {
	for _, k := range []struct {
		body                            string
		prompt, output, cached, written uint32
	}{
		{`{"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}}`, 19, 10, 0, 0},
		{`{"usage":{"input_tokens":50,"cache_creation_input_tokens":7,"cache_read_input_tokens":100,"output_tokens":9}}`, 157, 9, 100, 7},
		{`{"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":30},"output_tokens":87}}`, 36, 87, 30, 0},
		{`{"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":5,"thoughtsTokenCount":20}}`, 8, 25, 0, 0},
		{`{"usageMetadata":{"promptTokenCount":80,"cachedContentTokenCount":64,"candidatesTokenCount":5}}`, 80, 5, 64, 0},
		{`{"usage":{"inputTokens":30,"outputTokens":62,"cacheReadInputTokens":900,"cacheWriteInputTokens":70}}`, 1000, 62, 900, 70},
		{`{"usage":{"prompt_tokens":19,"completion_tokens":10,"prompt_tokens_details":{"audio_tokens":3,"cached_tokens":20}}}`, 19, 10, 19, 0},
		{`{"usage":{"prompt_tokens":19,"completion_tokens":10,"prompt_tokens_details":null}}`, 19, 10, 0, 0},
		{`{"usage":{"inputTokens":30,"outputTokens":62,"totalTokens":92}}`, 30, 62, 0, 0},
		{`{"usage":{"prompt_tokens":-3,"completion_tokens":1e30}}`, 0, math.MaxUint32, 0, 0},
		{`{"usage":{"prompt_tokens":"19","completion_tokens":10}}`, 0, 10, 0, 0},
		{`{"choices":[{"text":"please try again in 5s"}]}`, 0, 0, 0, 0},
		{`{"usage":null}`, 0, 0, 0, 0},
		{"{ \"choices\" : [ { } , \"}\\\"{\" ] ,\t\"usage\" : { \"prompt_tokens\" : 19 ,\n\"completion_tokens\" : 10\r\n} }", 19, 10, 0, 0},
		{`[`, 0, 0, 0, 0},
	} {
		want := wire.Reply{Status: 200, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota, Prompt: k.prompt, Output: k.output, Cached: k.cached, Written: k.written}
		var got wire.Reply
		wire.Parse(200, nil, []byte(k.body), noon, &got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k.body, diff)
		}
	}
}

// What is parsed is whole, whatever came: nothing below Absent, and usage only
// with success.
// A success that says it is JSON and is not cannot be read. Of what is compressed, or of
// another type, nobody can tell.
func TestParseGarbled(t *testing.T) {
	for _, k := range []struct {
		lines, body string
		want        int
	}{
		{"Content-Type: application/json", `{"usage":{}}`, 200},
		{"Content-Type: application/json", `{"usage":{`, wire.StatusGarbled},
		{"Content-Type: Application/JSON; charset=utf-8", "\xff", wire.StatusGarbled},
		{"Content-Type: application/json", "", 200},
		{"Content-Type: application/json\nContent-Encoding: gzip", "\x1f\x8b", 200},
		{"Content-Type: application/jsonl", "{}\n{}", 200},
		{"", "<html>", 200},
	} {
		var r wire.Reply
		if wire.Parse(200, headers(k.lines), []byte(k.body), noon, &r); r.Status != k.want || !r.OK() && !r.Retryable() {
			t.Errorf("%q with %q: status %d, want %d", k.body, k.lines, r.Status, k.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(429, "Retry-After", "1.5", "x-ratelimit-reset-tokens", "1m2.5s", []byte(gemini))
	f.Add(200, "retry-after-ms", "-1", "x-ratelimit-limit-req-minute", "0", []byte(`{"usage":{"prompt_tokens":19}}`))
	f.Add(503, "Retry-After", "Mon, 18 May 2026 11:42:30 GMT", "x-ratelimit-reset-requests-day", "9e99h", []byte("[[[retry after 1h9"))
	f.Add(529, "anthropic-ratelimit-tokens-reset", "2026-05-18T11:42:18Z", "x-rate-limit-reset-tokens", "NaN", []byte(`{"error":[{"error":{"error":{}}}]}`))
	f.Fuzz(func(t *testing.T, status int, name1, value1, name2, value2 string, body []byte) {
		h := http.Header{}
		h.Set(name1, value1)
		h.Set(name2, value2)
		r := wire.Reply{Attempt: 7, Deployment: 3, InBody: true, Prompt: 9, Output: 9}
		wire.Parse(status, h, body, noon, &r)
		if r.Status != status || r.Attempt != 7 || r.Deployment != 3 || r.Limit.String() == "" {
			t.Errorf("got %+v", r)
		}
		if !r.OK() && (r.Prompt != 0 || r.Output != 0) || r.OK() && r.Limit != wire.NoLimit {
			t.Errorf("usage with a failure, or a limit with success: %+v", r)
		}
		least := min(int64(r.RetryAfter), r.Requests.Limit, r.Requests.Remaining, int64(r.Requests.Reset),
			r.Tokens.Limit, r.Tokens.Remaining, int64(r.Tokens.Reset))
		if least < wire.Absent || r.InBody && r.RetryAfter == wire.Absent {
			t.Errorf("got %+v", r)
		}
		if unit, per := wire.Subject(&r, body); unit >= wire.Percent || per < 0 {
			t.Errorf("unit %d per %v of %+v", unit, per, r)
		}
	})
}
