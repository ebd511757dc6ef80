package provider

import (
	"cmp"
	"time"

	"ratesim/sim/clock"
)

// Price is what a deployment costs, in US dollars; 0 where nothing is charged. It holds the
// numbers of all rows of the catalog that apply, so that a run looks nothing up. It can be
// compared with ==.
type Price struct {
	Input, Output float64 // per million tokens
	UnitHour      float64 // per PTU-hour
	Cached        float64 // per million tokens of the prompt that come from the cache, in place of Input; 0 = as Input
	Written       float64 // per million tokens of the prompt that are put into the cache, in place of Input; 0 = as Input
	// Discount is the share of the price of tokens that a batch does not pay, 0 to 1.
	Discount float64
	// CachedInFull says that the discount does not apply to what comes from the cache.
	CachedInFull bool
	Long         LongPrices
	Peak         PeakHours
}

// LongPrices are what requests with long prompts pay, in place of the other prices, for all of
// their tokens. The zero value is no difference.
type LongPrices struct {
	From          uint32  // tokens of the shortest prompt that pays so; 0 = there is none
	Input, Output float64 // per million tokens
	Cached        float64 // as in Price
	Written       float64 // as in Price
}

// PeakHours are when tokens cost more, by the hours of UTC. The zero value is no difference.
type PeakHours struct {
	Factor   float64 // how many times as much, above 0; 0 = there are no such hours
	Hours    uint32  // bit h is set if the hour from h:00 to h+1:00 is one
	Weekdays bool    // on Monday to Friday alone
	// Begins is how much of the week, which begins on Monday at 00:00 UTC, is over when
	// the run begins.
	Begins time.Duration
}

// week is the period of PeakHours.
const week = 7 * 24 * time.Hour

// at reports whether prices are higher at now.
func (k *PeakHours) at(now clock.Time) bool {
	of := (now.Sub(0)%week + k.Begins) % week
	hour := int(of / time.Hour)
	return k.Hours&(1<<(hour%24)) != 0 && (!k.Weekdays || hour < 5*24)
}

// Band says which prices of a deployment an attempt pays.
type Band uint8

// What makes the price another one. Both can apply.
const (
	LongPrompt Band = 1 << iota // by Price.Long
	PeakHour                    // by Price.Peak
	NumBands   = 1 << iota
)

func (b Band) String() string {
	return [NumBands]string{"", "long prompt", "peak hour", "long prompt, peak hour"}[b]
}

// Band returns the prices that an attempt with a prompt of so many tokens pays, which
// arrives at now.
func (p *Price) Band(now clock.Time, prompt uint32) Band {
	b := Band(0)
	if p.Long.From != 0 && prompt >= p.Long.From {
		b = LongPrompt
	}
	if p.Peak.Factor != 0 && p.Peak.at(now) {
		b |= PeakHour
	}
	return b
}

// Usage is how many tokens were used.
type Usage struct {
	Prompt  int64 // all tokens of the prompts
	Cached  int64 // of Prompt, those that came from the cache
	Written int64 // of Prompt, those that were put into it
	Output  int64
}

// Add adds what v has to u.
func (u *Usage) Add(v Usage) {
	u.Prompt += v.Prompt
	u.Cached += v.Cached
	u.Written += v.Written
	u.Output += v.Output
}

// Token is a kind of token that has a price of its own.
type Token uint8

// The kinds of tokens. Each token of a call is of one of them, so that none is charged twice.
const (
	FreshToken   Token = iota // of the prompt, neither from the cache nor put into it
	CachedToken               // of the prompt, from the cache
	WrittenToken              // of the prompt, put into the cache
	OutputToken               // of the answer
	NumTokens
)

// TokenNames are the names of the kinds, indexed by Token.
var TokenNames = [NumTokens]string{"input", "cached", "written", "output"}

func (k Token) String() string { return TokenNames[k] }

// ByKind returns how many tokens of each kind there are.
func (u *Usage) ByKind() [NumTokens]int64 {
	return [NumTokens]int64{u.Prompt - u.Cached - u.Written, u.Cached, u.Written, u.Output}
}

// Rates returns what a million tokens of each kind cost in a band.
func (p *Price) Rates(b Band) [NumTokens]float64 {
	input, cached, written, output := p.Input, p.Cached, p.Written, p.Output
	if b&LongPrompt != 0 {
		input, cached, written, output = p.Long.Input, p.Long.Cached, p.Long.Written, p.Long.Output
	}
	rates := [NumTokens]float64{input, cmp.Or(cached, input), cmp.Or(written, input), output}
	for k := range rates {
		if b&PeakHour != 0 {
			rates[k] *= p.Peak.Factor
		}
		if p.Discount != 0 && !(p.CachedInFull && Token(k) == CachedToken) {
			rates[k] *= 1 - p.Discount
		}
	}
	return rates
}

// Cost returns what the usage of one call costs that arrives at now, and the band it pays.
func (p *Price) Cost(now clock.Time, u Usage) (usd float64, b Band) {
	b = p.Band(now, uint32(u.Prompt))
	return p.In(b, &u), b
}

// In returns what u costs in a band: the sum over the kinds of tokens.
func (p *Price) In(b Band, u *Usage) float64 {
	usd := 0.0
	rates := p.Rates(b)
	for k, n := range u.ByKind() {
		usd += float64(n) * rates[k] / 1e6
	}
	return usd
}

// Bill is usage by the prices that it pays, indexed by Band.
type Bill [NumBands]Usage

// Total returns all usage of b.
func (b *Bill) Total() Usage {
	var all Usage
	for i := range b {
		all.Add(b[i])
	}
	return all
}

// Total returns what b costs: the sum over its bands.
func (p *Price) Total(b *Bill) float64 {
	usd := 0.0
	for i := range b {
		if b[i] != (Usage{}) {
			usd += p.In(Band(i), &b[i])
		}
	}
	return usd
}
