// Package prompts says what files of prompts cost before anything is sent: how many tokens
// they have, what they cost, and how long they take at each tier of their model and by its
// batch API. A file is a text, a request or several, or what OpenAI's or Anthropic's batch API
// takes.
package prompts

import (
	"math"
	"slices"

	"ratesim/provider/tokens"
)

// Schema names the layout of a Report in JSON.
const Schema = "ratesim/tokens/v1"

// Report is what the files cost.
type Report struct {
	Schema   string   `json:"schema"`
	Files    []File   `json:"files"`
	Assumed  []string `json:"assumed,omitempty"`
	Warnings []string `json:"warnings"`
	Command  string   `json:"command,omitempty"`
	Version  string   `json:"version,omitempty"`
}

// The kinds of files.
const (
	Text  = "text"
	Chat  = "requests"
	Batch = "batch"
)

// File is what one file costs. Tokens are those of prompts; how long the answers will be
// nobody knows, but they cannot be longer than max_tokens.
type File struct {
	Name    string  `json:"file"`
	Kind    string  `json:"kind"`
	Bytes   int64   `json:"bytes"`
	Sizes           // of all requests
	Longest string  `json:"longest_at"` // the custom_id or the line of the longest request
	Models  []Model `json:"models"`
}

// Sizes say how many tokens requests have. Percentiles are interpolated linearly.
type Sizes struct {
	Requests int64   `json:"requests"`
	Tokens   int64   `json:"tokens"`
	Mean     float64 `json:"mean"`
	P50      float64 `json:"p50"`
	P95      float64 `json:"p95"`
	P99      float64 `json:"p99"`
	Max      int64   `json:"max"`
	// Answers is the sum of max_tokens; Undeclared requests declare none.
	Answers    int64 `json:"max_answer_tokens"`
	Undeclared int64 `json:"without_max_tokens"`
}

// Model is what the requests of a file for one model cost.
type Model struct {
	Model string `json:"model"`
	Sizes
	// Family says whose ratio the tokens are estimated by, where the vocabulary is not published;
	// of two of three texts the tokens are from Lo to Hi.
	Family string  `json:"estimated_by,omitempty"`
	Ratio  float64 `json:"tokens_per_o200k_token"`
	Lo     int64   `json:"tokens_lo"`
	Hi     int64   `json:"tokens_hi"`
	// What the prompts cost, and what they and answers of max_tokens cost, by the list price and
	// by the batch API; absent where the catalog has no price, or no batch API.
	Input     *float64 `json:"prompt_usd,omitempty"`
	Most      *float64 `json:"most_usd,omitempty"`
	BatchIn   *float64 `json:"batch_prompt_usd,omitempty"`
	BatchMost *float64 `json:"batch_most_usd,omitempty"`
	Tiers     []Tier   `json:"tiers,omitempty"`
}

// Tier is how long the requests take at one tier.
type Tier struct {
	Ref  string `json:"ref"`
	Asks string `json:"asks,omitempty"`
	RPM  int64  `json:"rpm,omitempty"`
	TPM  int64  `json:"tpm,omitempty"` // of tokens or of input tokens
	// Seconds is from the first request to the last answer for a client that sends each request
	// as soon as all limits have room for it.
	Seconds  float64 `json:"seconds"`
	By       string  `json:"limited_by,omitempty"` // the limit that made it wait longest
	TooLarge int64   `json:"too_large"`            // requests that no limit of the tier ever admits
	// Queue is how many tokens may wait in the batch API; 0 = not known. Rounds is how often it has
	// to be filled, one after the other, each for at most 24 hours; 0 = the catalog has no batch API.
	Queue         int64 `json:"batch_queue_tokens,omitempty"`
	Rounds        int64 `json:"batch_rounds,omitempty"`
	QueueTooLarge int64 `json:"batch_too_large,omitempty"`
	// BatchFiles is into how many files the requests have to be cut.
	BatchFiles int64 `json:"batch_files,omitempty"`
}

// sized is one request.
type sized struct {
	prompt, most uint32
	model        uint32 // index into counted.models
}

// Counted is a file whose tokens were counted.
type Counted struct {
	file     File
	requests []sized
	models   []string
	guesses  [3]noted // by the bits of tokens.Guesses
	warnings []string
	assumed  bool // a request named no model
}

// noted is how many requests have something, and the first of them.
type noted struct {
	requests int64
	first    string
}

// add notes a request of the file.
func (c *Counted) add(r *tokens.Request, where string) {
	i := slices.Index(c.models, r.Model)
	if i < 0 {
		i = len(c.models)
		c.models = append(c.models, r.Model)
	}
	if len(c.requests) == 0 || int64(r.Prompt) > c.file.Max {
		c.file.Longest, c.file.Max = where, int64(r.Prompt)
	}
	c.requests = append(c.requests, sized{uint32(min(r.Prompt, math.MaxUint32)), uint32(min(max(r.MaxTokens, 0), math.MaxUint32)), uint32(i)})
	for bit := range c.guesses {
		if r.Guesses&(1<<bit) != 0 {
			if c.guesses[bit].requests == 0 {
				c.guesses[bit].first = where
			}
			c.guesses[bit].requests++
		}
	}
}

// sizesOf sums up requests.
func sizesOf(requests []sized) (s Sizes) {
	prompts := make([]uint32, len(requests))
	for i, r := range requests {
		prompts[i] = r.prompt
		s.Tokens += int64(r.prompt)
		s.Answers += int64(r.most)
		if r.most == 0 {
			s.Undeclared++
		}
	}
	s.Requests = int64(len(requests))
	if len(prompts) == 0 {
		return s
	}
	slices.Sort(prompts)
	s.Mean, s.Max = float64(s.Tokens)/float64(len(prompts)), int64(prompts[len(prompts)-1])
	s.P50, s.P95, s.P99 = quantile(prompts, 0.5), quantile(prompts, 0.95), quantile(prompts, 0.99)
	return s
}

// quantile interpolates linearly between the sorted values.
func quantile(sorted []uint32, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return float64(sorted[len(sorted)-1])
	}
	return float64(sorted[i]) + (at-float64(i))*(float64(sorted[i+1])-float64(sorted[i]))
}
