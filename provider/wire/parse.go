package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Parse fills in r what an HTTP answer that came at now says, whoever sent it:
// status, which limit refused, the wait asked for, the quotas left, and the usage
// of a success. It need not know the vendor, for no two of them mean different
// things by one header. It leaves r.Attempt and r.Deployment alone.
//
// It is total: what is missing, malformed or negative is Absent (usage: 0), and
// what is too large is the largest the field holds. A header on the wait goes before the
// body, and so does the header in which Together tells it. Of several trios on tokens it takes the one with the least share left,
// and windows of a minute before longer ones. 503 and 529 are Capacity. A 200 whose body
// should be JSON and is not is StatusGarbled.
func Parse(status int, h http.Header, body []byte, now time.Time, r *Reply) {
	r.Status, r.Limit, r.Prompt, r.Output, r.Cached, r.Written = status, NoLimit, 0, 0, 0, 0
	sent := triosOf(h)
	r.Requests, r.Tokens = sent.tightest(&requestWindows, now), sent.tightest(&tokenWindows, now)
	r.RetryAfter = span(h.Get("Retry-After-Ms"), time.Millisecond)
	if r.RetryAfter == Absent {
		r.RetryAfter = until(h.Get("Retry-After"), now)
	}
	r.ShouldRetry, r.InBody = Unsaid, false
	if status == StatusTooManyRequests && r.RetryAfter == Absent {
		if wait := span(h.Get("X-Ratelimit-Reset"), time.Second); wait < oldest { // else it is a date, as gateways send it
			r.RetryAfter, r.InBody = wait, wait != Absent
		}
	}
	switch h.Get("X-Should-Retry") {
	case "true":
		r.ShouldRetry = Retry
	case "false":
		r.ShouldRetry = DoNotRetry
	}
	if r.OK() {
		if !usage(body, r) && len(body) > 0 && saysJSON(h) {
			r.Status = StatusGarbled
		}
		return
	}
	c := complaintOf(body)
	if r.RetryAfter == Absent {
		r.RetryAfter = c.wait()
		r.InBody = r.RetryAfter != Absent
	}
	r.Limit = refuser(status, h, c.text(), r)
}

// oldest is the number of seconds of a Unix time of 2001, and more than any wait has.
const oldest = 1_000_000_000 * time.Second

// windows lists the names of trios in the order in which they are looked at: a
// group is looked at when nothing of the ones before was sent. Names are as
// http.Header spells them.
type windows [4][]string

var (
	requestWindows = windows{{"Requests-Minute", "Req-Minute"}, {"Requests", "Dynamic"}, {"Requests-Hour"}, {"Requests-Day"}}
	tokenWindows   = windows{{"Tokens-Minute"}, {"Input-Tokens", "Output-Tokens", "Tokens", "Project-Tokens", "Tokens-Dynamic"}, {"Tokens-Hour"}, {"Tokens-Day"}}
)

// told is the text of one trio's headers.
type told struct {
	name     string
	values   [3]string // limit, remaining, reset
	spelling [3]int    // of which that value is; the least goes before
}

// trios holds the trios of an answer; no vendor sends as many.
type trios struct {
	list [16]told
	n    int
}

// triosOf reads the headers on limits in all their spellings: OpenAI's, the one
// Azure has misspelt (openai/openai-python#937), Anthropic's.
func triosOf(h http.Header) (t trios) {
	for key, v := range h {
		if len(v) == 0 || v[0] == "" {
			continue
		}
		var field, name string
		spelling := 0
		if rest, ok := strings.CutPrefix(key, "X-Ratelimit-"); ok {
			field, name, _ = strings.Cut(rest, "-")
		} else if rest, ok := strings.CutPrefix(key, "X-Rate-Limit-"); ok {
			spelling = 1
			field, name, _ = strings.Cut(rest, "-")
		} else if rest, ok := strings.CutPrefix(key, "X-Tokenlimit-"); ok { // Together's
			field, name, _ = strings.Cut(rest, "-")
			name = "Tokens-" + name
		} else if rest, ok := strings.CutPrefix(key, "Anthropic-Ratelimit-"); ok {
			spelling = 2
			dash := max(0, strings.LastIndexByte(rest, '-'))
			name, field = rest[:dash], strings.TrimPrefix(rest[dash:], "-")
		} else {
			continue
		}
		if i := slices.Index(fields[:], field); i >= 0 {
			t.put(name, i, spelling, v[0])
		}
	}
	return t
}

var fields = [...]string{"Limit", "Remaining", "Reset"}

func (t *trios) put(name string, field, spelling int, value string) {
	i := 0
	for i < t.n && t.list[i].name != name {
		i++
	}
	if i == len(t.list) {
		return
	}
	e := &t.list[i]
	if i == t.n {
		e.name = name
		t.n++
	}
	if e.values[field] == "" || spelling < e.spelling[field] {
		e.values[field], e.spelling[field] = value, spelling
	}
}

// tightest returns, of the first of the windows of which anything was sent, the
// trio with the least share left.
func (t *trios) tightest(w *windows, now time.Time) Quota {
	for _, names := range w {
		best := NoQuota
		for _, name := range names {
			for i := range t.list[:t.n] {
				e := &t.list[i]
				if e.name != name {
					continue
				}
				q := Quota{count(e.values[0]), count(e.values[1]), until(e.values[2], now)}
				if q != NoQuota && (best == NoQuota || q.Share() < best.Share()) {
					best = q
				}
			}
		}
		if best != NoQuota {
			return best
		}
	}
	return NoQuota
}

// complaint is what the body of an error says.
type complaint struct {
	lines []string // types, codes and messages, as they come
	delay string   // Google's RetryInfo
}

// problem is an error of any vendor, or a part of one.
type problem struct {
	Message    string          `json:"message"`
	Type       string          `json:"type"`
	Code       any             `json:"code"`
	Status     string          `json:"status"`
	ErrorCode  string          `json:"error_code"`
	Error      json.RawMessage `json:"error"`
	Details    json.RawMessage `json:"details"`
	RetryDelay string          `json:"retryDelay"`
	Violations []struct {
		QuotaID string `json:"quotaId"`
	} `json:"violations"`
}

// longest is how much of a body that is not JSON is looked at.
const longest = 4096

func complaintOf(body []byte) complaint {
	var c complaint
	if !json.Valid(body) {
		c.lines = []string{string(body[:min(len(body), longest)])}
		return c
	}
	c.read(body, 5) // a list of envelopes of errors with lists of details
	return c
}

// read takes down what v says, to so many levels of nesting.
func (c *complaint) read(v json.RawMessage, levels int) {
	v = bytes.TrimSpace(v)
	if len(v) == 0 || levels == 0 {
		return
	}
	switch v[0] {
	case '"':
		var s string
		_ = json.Unmarshal(v, &s)
		c.lines = append(c.lines, s)
	case '[':
		var list []json.RawMessage
		_ = json.Unmarshal(v, &list)
		for _, e := range list {
			c.read(e, levels-1)
		}
	case '{':
		var p problem
		_ = json.Unmarshal(v, &p) // a field of another type than expected is left empty, the others are read
		c.lines = append(c.lines, p.Type, p.Status, p.ErrorCode, p.Message)
		if p.Code != nil {
			c.lines = append(c.lines, fmt.Sprint(p.Code))
		}
		for _, q := range p.Violations {
			c.lines = append(c.lines, q.QuotaID)
		}
		if p.RetryDelay != "" {
			c.delay = p.RetryDelay
		}
		c.read(p.Error, levels-1)
		c.read(p.Details, levels-1)
	}
}

// text returns all that was said, in lower case, each part between newlines.
func (c *complaint) text() string { return "\n" + strings.ToLower(strings.Join(c.lines, "\n")) + "\n" }

// wait returns the wait asked for. The message goes first: RetryInfo is cut to
// whole seconds, and so would be too early.
func (c *complaint) wait() time.Duration {
	if d := waitIn(c.text()); d != Absent {
		return d
	}
	return span(c.delay, time.Second)
}

// sayings lists which words in an error name which limit; the first that occurs
// decides. What is never worth a retry comes first, then the particular before
// the general: "too many tokens per day" is Daily.
var sayings = [...]struct {
	limit Limit
	words []string
}{
	{Billing, []string{"insufficient_quota", "credit_balance", "credit balance", "spend_limit", "usage_limit_exceeded",
		"billing_error", "spending cap", "spending limit", "available credits", "any credits"}},
	{Oversize, []string{"request too large", "request_too_large"}},
	{Ramp, []string{"slow_down", "usage increase rate", "dynamic_request_limited", "dynamic_token_limited"}},
	{Capacity, []string{"capacity_exceeded", "overloaded", "high demand", "queue_exceeded", "resource_unavailable", "resource unavailable"}},
	{Utilisation, []string{"utilization"}},
	{Concurrency, []string{"concurren"}},
	{Daily, dayWords},
	{Input, inputWords},
	{Output, []string{"output token"}},
	{Tokens, []string{"too many tokens", "tokens per min", "tokens per hour", "token rate limit", "for tpm", "\ntokens\n"}},
	{Requests, []string{"too many requests", "requests per min", "requests per hour", "requestsperminute", "tier_requests",
		"call rate limit", "requests rate limit", "for rpm", "\nrequests\n"}},
}

var (
	dayWords   = []string{"perday", "per day"}
	inputWords = []string{"input token", "inputtoken", "input_token"}
)

// refuser returns which limit refused, from the status, what the body says, and
// for a 429 that does not say, from the headers.
func refuser(status int, h http.Header, text string, r *Reply) Limit {
	said := NoLimit
	for _, s := range sayings {
		if said == NoLimit && says(text, s.words) {
			said = s.limit
		}
	}
	switch status {
	case http.StatusPaymentRequired:
		return Billing
	case http.StatusBadRequest, http.StatusForbidden: // Anthropic's and xAI's word for no credit
		if said == Billing {
			return Billing
		}
	case http.StatusRequestEntityTooLarge:
		return Oversize
	case StatusFlexCapacity, http.StatusServiceUnavailable, StatusOverloaded:
		return Capacity
	case StatusTooManyRequests:
		if count(h.Get("x-ratelimit-limit-req-minute")) == 0 { // Mistral's word for not activated
			return Billing
		}
		if said == NoLimit {
			return exhausted(h, r)
		}
		return said
	}
	return NoLimit
}

// exhausted returns which limit the headers of a 429 show to be used up.
func exhausted(h http.Header, r *Reply) Limit {
	left := func(name string) int64 { return count(h.Get("anthropic-ratelimit-" + name + "-remaining")) }
	switch policy := strings.ToLower(h.Get("policy-id")); {
	case policy == "deploymentratelimit-call":
		return Requests
	case policy == "deploymentratelimit-token":
		return Tokens
	case h.Get("azure-openai-deployment-utilization") != "":
		return Utilisation
	case r.Requests.Remaining == 0 && r.Tokens.Remaining == 0:
		return NoLimit
	case r.Requests.Remaining == 0:
		return Requests
	case left("input-tokens") == 0:
		return Input
	case left("output-tokens") == 0:
		return Output
	case r.Tokens.Remaining == 0:
		return Tokens
	}
	return NoLimit
}

// usage fills in r the tokens that the body of a success reports: OpenAI's and its
// followers', Anthropic's and Bedrock's (whose input leaves out what the cache gave or
// took), Gemini's. It reports false, and fills in nothing, when the body is no JSON.
func usage(body []byte, r *Reply) (valid bool) {
	if !json.Valid(body) {
		return false
	}
	c := cursor{body}
	var in, out, metaIn, metaOut counts
	var cached, written float64
	c.fields(func(key []byte) {
		switch string(key) {
		case "usage":
			c.fields(func(key []byte) {
				switch string(key) {
				case "prompt_tokens", "input_tokens", "inputTokens":
					in[0] = c.number()
				case "cache_creation_input_tokens", "cacheWriteInputTokens":
					in[1] = c.number()
					written = in[1]
				case "cache_read_input_tokens", "cacheReadInputTokens":
					in[2] = c.number()
					cached = in[2]
				case "prompt_tokens_details", "input_tokens_details":
					c.fields(func(key []byte) {
						if string(key) == "cached_tokens" {
							cached = c.number()
						} else {
							c.skip()
						}
					})
				case "completion_tokens", "output_tokens", "outputTokens":
					out[0] = c.number()
				default:
					c.skip()
				}
			})
		case "usageMetadata":
			c.fields(func(key []byte) {
				switch string(key) {
				case "promptTokenCount":
					metaIn[0] = c.number()
				case "cachedContentTokenCount":
					cached = c.number()
				case "candidatesTokenCount":
					metaOut[0] = c.number()
				case "thoughtsTokenCount":
					metaOut[1] = c.number()
				default:
					c.skip()
				}
			})
		default:
			c.skip()
		}
	})
	r.Prompt, r.Output = max(in.tokens(), metaIn.tokens()), max(out.tokens(), metaOut.tokens())
	r.Cached = min((&counts{cached}).tokens(), r.Prompt)
	r.Written = min((&counts{written}).tokens(), r.Prompt-r.Cached)
	return true
}

// saysJSON reports whether an answer says that its body is JSON and not compressed.
func saysJSON(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json") && h.Get("Content-Encoding") == ""
}

// counts are added up.
type counts [3]float64

func (n *counts) tokens() uint32 { return uint32(min(max(n[0]+n[1]+n[2], 0), math.MaxUint32)) }
