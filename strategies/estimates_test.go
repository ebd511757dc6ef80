package strategies

import (
	"math"
	"testing"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

func ok(prompt, output uint32) *wire.Reply {
	return &wire.Reply{Status: wire.StatusOK, Prompt: prompt, Output: output}
}

// What a call of 100 estimated prompt tokens and max_tokens 50 is taken to cost.
func TestEstimates(t *testing.T) {
	for _, tt := range []struct {
		how         string
		prompt, max uint32
		want        int64
	}{
		{byExact, 100, 50, 150}, {byChars, 100, 50, 150}, // counted by the driver
		{byFixed, 100, 50, 700},
		{byMaxTokens, 100, 50, 50}, {byMaxTokens, 100, 0, 100}, // none declared
		{byLearning, 100, 50, 150}, // nothing known yet
	} {
		e := &Estimates{how: tt.how, fixed: 700, tenants: make([]learned, 1)}
		c := &Call{EstimatedPrompt: tt.prompt, MaxTokens: tt.max}
		if e.begin(c); c.Cost() != tt.want {
			t.Errorf("%s: %d tokens, want %d", tt.how, c.Cost(), tt.want)
		}
	}
}

// A tenant whose prompts have 1.5 times the estimated tokens and whose answers have 130 of the 1000
// that are declared. The sequence by hand: after 8 answers the ratio is 8 × 150 ÷ (8 × 100) and the
// mean answer 130. What is under way then was estimated at 100 and does not count again; what came
// later was estimated at 150, which is 100 × 1.5, so that the ratio stays 1.5.
func TestLearned(t *testing.T) {
	e := newEstimates(Values{"estimator": {text: byLearning}}, Env{Tenants: []string{"a", "b"}})
	var old []*Call
	now := clock.Time(0)
	come := func(tenant uint16) *Call {
		now++
		c := &Call{Arrived: now, EstimatedPrompt: 100, MaxTokens: 1000, Tenant: tenant}
		e.begin(c)
		return c
	}
	for range 20 {
		old = append(old, come(0))
	}
	for i, c := range old[:8] {
		if c.Cost() != 1100 {
			t.Fatalf("call %d costs %d before anything is known", i, c.Cost())
		}
		now++
		e.learn(now, c, ok(150, 130))
	}
	if c := come(0); c.EstimatedPrompt != 150 || c.MaxTokens != 130 {
		t.Errorf("after 8 answers a call is taken for %d + %d tokens, want 150 + 130", c.EstimatedPrompt, c.MaxTokens)
	}
	for _, c := range old[8:] {
		now++
		e.learn(now, c, ok(150, 130))
	}
	for range 200 {
		c := come(0)
		now++
		e.learn(now, c, ok(150, 130))
	}
	if l := &e.tenants[0]; math.Abs(l.ratio-1.5) > 1e-9 || math.Abs(l.output-130) > 1e-9 || l.answers != 220 {
		t.Errorf("%+v", *l)
	}
	if c := come(1); c.Cost() != 1100 {
		t.Errorf("another tenant's call is taken for %d tokens", c.Cost())
	}
	// Texts change to 2 times the estimate. The old sums count half after each batch of 64, so that
	// after four batches the ratio is within a fifth of the way.
	for range 64 * 4 {
		c := come(0)
		now++
		e.learn(now, c, ok(200, 130))
	}
	if l := &e.tenants[0]; l.ratio < 1.9 || l.ratio > 2 {
		t.Errorf("the ratio is %v, want nearly 2", l.ratio)
	}
}

// A max_tokens below the mean answer bounds the estimate, and an answer without usage teaches nothing.
func TestLearnedBounds(t *testing.T) {
	e := newEstimates(Values{"estimator": {text: byLearning}}, Env{})
	for i := range clock.Time(20) {
		c := &Call{Arrived: i + 1, EstimatedPrompt: 10}
		e.begin(c)
		e.learn(i+1, c, ok(10, 400))
		e.learn(i+1, c, ok(0, 0))
	}
	c := &Call{Arrived: 100, EstimatedPrompt: 10, MaxTokens: 50}
	if e.begin(c); c.Cost() != 60 {
		t.Errorf("%d tokens, want 10 + 50", c.Cost())
	}
	for tenant := range uint16(math.MaxUint16) {
		e.begin(&Call{Tenant: tenant})
	}
	if len(e.tenants) != mostLearned {
		t.Errorf("%d tenants are learned from, want at most %d", len(e.tenants), mostLearned)
	}
	call, reply := &Call{Arrived: 200, EstimatedPrompt: 10, Tenant: 60000}, ok(10, 400)
	if n := testing.AllocsPerRun(1000, func() { e.begin(call); e.learn(300, call, reply) }); n > 0 {
		t.Errorf("%v allocations for a call", n)
	}
}
