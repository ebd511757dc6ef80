package vendors_test

import (
	"math"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/provider/vendors"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// bill is what three turns of a conversation and the first of another come to.
type bill struct {
	read, written [4]int64 // tokens of each call
	limit         int64    // tokens charged to the limit on tokens or on input
	usd           float64
}

// TestConversationChargedByHand charges two conversations behind one system prompt of 1,500
// tokens, a call every 10 s with 300 tokens of output each. Their prompts:
//
//	first   1,500 + 500                     2,000
//	        2,000 + 300 answered + 250      2,550
//	        2,550 + 300 answered + 450      3,300
//	second  1,500 + 700                     2,200
//
// Claude Sonnet 4.5 (USD 3, 0.30 read, 3.75 written, 15 per million) keeps every token of a
// prompt of 1,024 and more. It reads what the turn before had, and the second conversation
// reads the system prompt: 0, 2,000, 2,550, 1,500. It writes the rest: 2,000, 550, 750, 700.
// Reads do not count for ITPM, so 2,000 + 550 + 750 + 700 = 4,000 are charged.
//
//	4,000 x 3.75 + 6,050 x 0.30 + 1,200 x 15 = 15,000 + 1,815 + 18,000 = 34,815 millionths
//	with a life of an hour                     24,000 + 1,815 + 18,000 = 43,815
//
// gpt-4o (USD 2.50, 1.25 cached, 10) keeps multiples of 128 from 1,024 on: of 2,000, 2,550
// and 1,500 it is 15 x 128 = 1,920, 19 x 128 = 2,432 and 11 x 128 = 1,408. Writing is free,
// which is as much as other input costs. All tokens count for TPM: 10,050 + 1,200 of output.
//
//	(10,050 - 5,760) x 2.50 + 5,760 x 1.25 + 1,200 x 10 = 10,725 + 7,200 + 12,000 = 29,925
//
// gpt-6-sol (USD 2, 0.20, 10) keeps the same, and has 25 x 128 = 3,200 of 3,300 and 17 x 128
// = 2,176 of 2,200. Written are 1,920, 512, 768 and 768, together 3,968 at 2.50.
//
//	322 x 2 + 5,760 x 0.20 + 3,968 x 2.50 + 12,000 = 644 + 1,152 + 9,920 + 12,000 = 23,716
//
// Claude Haiku 4.5 (USD 1, 0.10, 1.25, 5) keeps nothing of a prompt of less than 4,096.
//
//	10,050 x 1 + 1,200 x 5 = 16,050
func TestConversationChargedByHand(t *testing.T) {
	input := []provider.Limit{{Counts: provider.Input, Most: 1e6, Per: time.Minute}}
	claude := bill{[4]int64{0, 2000, 2550, 1500}, [4]int64{2000, 550, 750, 700}, 4000, 0.034815}
	hour := claude
	hour.usd = 0.043815
	for _, tt := range []struct {
		config provider.Config
		ttl    time.Duration // 0 = the vendor's
		want   bill
	}{
		{provider.Config{Vendor: "anthropic", Model: "claude-sonnet-4.5", Limits: input, Price: provider.Price{Input: 3, Cached: 0.3, Written: 3.75, Output: 15}}, 0, claude},
		{provider.Config{Vendor: "anthropic", Model: "claude-sonnet-4.5", Limits: input, Price: provider.Price{Input: 3, Cached: 0.3, Written: 6, Output: 15}}, time.Hour, hour},
		{provider.Config{Vendor: "openai", Model: "gpt-4o", TPM: 1e6, Price: provider.Price{Input: 2.5, Cached: 1.25, Output: 10}}, 0,
			bill{[4]int64{0, 1920, 2432, 1408}, [4]int64{1920, 512, 768, 768}, 11_250, 0.029925}},
		{provider.Config{Vendor: "openai", Model: "gpt-6-sol", TPM: 1e6, Price: provider.Price{Input: 2, Cached: 0.2, Written: 2.5, Output: 10}}, 0,
			bill{[4]int64{0, 1920, 2432, 1408}, [4]int64{1920, 512, 768, 768}, 11_250, 0.023716}},
		{provider.Config{Vendor: "anthropic", Model: "claude-haiku-4.5", Limits: input, Price: provider.Price{Input: 1, Cached: 0.1, Written: 1.25, Output: 5}}, 0,
			bill{limit: 10_050, usd: 0.01605}},
	} {
		c := tt.config
		c.Name = c.Model
		vendors.Apply(&c)
		if tt.ttl > 0 {
			c.Cache.TTL = tt.ttl
		}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		m := provider.New(&c, rng.New(1, 0), nil)
		var got bill
		for i, prompt := range []uint32{2000, 2550, 3300, 2200} {
			a := wire.Attempt{Call: uint64(i), Prefix: 1, Prompt: prompt, Guess: prompt, Output: 300, System: 1500}
			if i == 3 {
				a.Prefix = 2
			}
			before := m.Tally
			var r wire.Reply
			now := clock.Time(i) * 10 * clock.Second
			if m.Arrive(now, &a, &r); !r.OK() {
				t.Fatalf("%s: call %d: %+v", c.Model, i, r)
			}
			m.Finish(now.Add(5*time.Second), &a, false)
			got.read[i], got.written[i] = m.Tally.Billed[0].Cached-before.Billed[0].Cached, m.Tally.Billed[0].Written-before.Billed[0].Written
			if fresh := m.Tally.Billed[0].Prompt - before.Billed[0].Prompt - got.read[i] - got.written[i]; fresh < 0 || int64(prompt) != fresh+got.read[i]+got.written[i] {
				t.Errorf("%s: of %d tokens sent %d are read, %d written, %d neither", c.Model, prompt, got.read[i], got.written[i], fresh)
			}
		}
		got.limit, got.usd = m.Tally.Charged(), c.Price.Total(&m.Tally.Billed)
		if math.Abs(got.usd-tt.want.usd) < 1e-12 {
			got.usd = tt.want.usd
		}
		if got != tt.want {
			t.Errorf("%s, %v: %+v, want %+v", c.Model, c.Cache.TTL, got, tt.want)
		}
	}
}

// What each vendor keeps, from the pages that the functions name.
func TestCaches(t *testing.T) {
	for _, tt := range []struct {
		vendor, model string
		ttl           time.Duration
		least, step   uint32
	}{
		{"anthropic", "claude-opus-5.5", 5 * time.Minute, 512, 0},
		{"anthropic", "claude-opus-4.8", 5 * time.Minute, 1024, 0},
		{"anthropic", "claude-opus-4.7", 5 * time.Minute, 2048, 0},
		{"anthropic", "claude-opus-4.6", 5 * time.Minute, 4096, 0},
		{"anthropic", "claude-sonnet-4", 5 * time.Minute, 1024, 0},
		{"bedrock", "claude-haiku-4.5", 5 * time.Minute, 4096, 0},
		{"bedrock", "nova-lite", 0, 0, 0},
		{"openai", "gpt-4o-mini", 5 * time.Minute, 1024, 128},
		{"openai", "gpt-4-turbo", 0, 0, 0},
		{"azure", "gpt-5", 5 * time.Minute, 1024, 128},
		{"groq", "sample", 2 * time.Hour, 1024, 0},
		{"gemini", "gemini-2.5-flash", 0, 0, 0},
		{"xai", "grok-4.5", 0, 0, 0},
	} {
		c := provider.Config{Vendor: tt.vendor, Model: tt.model}
		if !vendors.Apply(&c) || c.Cache.TTL != tt.ttl || c.Cache.Least != tt.least || c.Cache.Step != tt.step {
			t.Errorf("%s/%s: %+v", tt.vendor, tt.model, c.Cache)
		}
	}
}
