package tracefile

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	tokenizer "ratesim/provider/tokens"
	"ratesim/scenarios/workload"
)

// azure writes the layout of the Azure LLM inference traces: dates to 100 ns, without a zone.
type azure struct {
	text
	cut int64 // requests whose time is not a multiple of that
}

func openAzure(w io.Writer, o *Options) (encoder, error) {
	a := &azure{text: newText(w, o.Dated)}
	a.put("TIMESTAMP,ContextTokens,GeneratedTokens")
	return a, a.line()
}

func (a *azure) write(r *workload.Record) error {
	ns := int64(r.Start.Nanosecond())
	if ns%100 != 0 {
		a.cut++
	}
	a.dateTime(r.Start.Unix(), ' ')
	a.fraction(ns/100, 7, 7)
	a.buf = append(a.buf, ',')
	a.number(r.Prompt)
	a.buf = append(a.buf, ',')
	a.number(r.Output)
	return a.line()
}

func (a *azure) remarks() (all []string) {
	if !a.dated {
		all = append(all, "the format azure has dates: the trace begins at 1970-01-01 00:00:00, and is read again as one that begins with its first request")
	}
	if a.cut > 0 {
		all = append(all, fmt.Sprintf("the format azure has times to 100 ns: those of %d requests were cut", a.cut))
	}
	return all
}

// burstGPT writes the layout of the BurstGPT traces: seconds from midnight of the first day.
type burstGPT struct {
	text
	elapsed  bool // the newer layout, which has the latency
	midnight time.Time
}

func openBurstGPT(w io.Writer, o *Options) (encoder, error) {
	b := &burstGPT{text: newText(w, o.Dated), elapsed: slices.Contains(o.Columns, latency.String())}
	b.put("Timestamp,")
	if b.elapsed {
		b.put("Session ID,Elapsed time,")
	}
	b.put("Model,Request tokens,Response tokens,Total tokens,Log Type")
	return b, b.line()
}

func (b *burstGPT) write(r *workload.Record) error {
	if b.midnight.IsZero() {
		if b.midnight = time.Unix(0, 0); b.dated {
			b.midnight = r.Start.UTC().Truncate(24 * time.Hour)
		}
	}
	b.seconds(r.Start.Sub(b.midnight))
	if b.elapsed {
		b.put(",,")
		if r.Latency > 0 {
			b.seconds(r.Latency)
		}
	}
	b.buf = append(b.buf, ',')
	b.csvText(r.Model)
	for _, n := range [...]int64{r.Prompt, r.Output, r.Prompt + r.Output} {
		b.buf = append(b.buf, ',')
		b.number(n)
	}
	b.put(",API log")
	return b.line()
}

func (b *burstGPT) remarks() []string {
	if b.dated {
		return []string{"the format burstgpt has no dates: times count from midnight of the first day, in UTC"}
	}
	return nil
}

// mooncake writes the layout of the Mooncake traces: milliseconds from the beginning.
type mooncake struct {
	text
	begin time.Time
	last  int64
	cut   int64 // requests whose time is no whole millisecond
	same  int64 // requests of the millisecond of the one before
	some  bool
}

func openMooncake(w io.Writer, o *Options) (encoder, error) {
	return &mooncake{text: newText(w, o.Dated)}, nil
}

func (m *mooncake) write(r *workload.Record) error {
	if !m.some {
		if m.begin = time.Unix(0, 0); m.dated {
			m.begin = r.Start
		}
	}
	d := r.Start.Sub(m.begin)
	ms := d.Milliseconds()
	if d%time.Millisecond != 0 {
		m.cut++
	}
	if m.some && ms == m.last {
		m.same++
	}
	m.some, m.last = true, ms
	m.put(`{"timestamp": `)
	m.number(ms)
	m.put(`, "input_length": `)
	m.number(r.Prompt)
	m.put(`, "output_length": `)
	m.number(r.Output)
	m.put(`, "hash_ids": []}`)
	return m.line()
}

func (m *mooncake) remarks() (all []string) {
	if m.dated {
		all = append(all, "the format mooncake has no dates: times count from the first request")
	}
	if m.cut > 0 {
		all = append(all, fmt.Sprintf("the format mooncake has times in milliseconds: those of %d requests were cut", m.cut))
	}
	if m.same > 0 {
		all = append(all, fmt.Sprintf("%d requests share their millisecond with the one before; ratesim spreads such requests at random when it reads the format mooncake", m.same))
	}
	return all
}

// batch writes requests that OpenAI's batch API takes. Their prompts are of a word that is one
// token to every vocabulary of OpenAI, repeated.
type batch struct {
	text
	model  string
	filler string
	rows   int64
	named  int64 // requests that named no model
	short  int64 // prompts that no message can be as short as
	answer int64 // requests that declared no max_tokens
}

// word is one token, also behind itself.
const word = " hello"

// defaultModel is that of requests that name none.
const defaultModel = "gpt-4o-mini"

func openBatch(w io.Writer, o *Options) (encoder, error) {
	b := &batch{text: newText(w, o.Dated), model: o.Model}
	if b.model == "" {
		b.model = defaultModel
	}
	return b, nil
}

// maxPrompt bounds a made-up prompt, in tokens: 24 MB of text.
const maxPrompt = 4 << 20

func (b *batch) write(r *workload.Record) error {
	b.rows++
	name, bound := r.Model, r.MaxTokens
	if name == "" {
		name = b.model
		b.named++
	}
	if bound == 0 {
		bound = max(1, r.Output)
		b.answer++
	}
	words := int(r.Prompt) - tokenizer.Overhead(1)
	if words < 1 {
		words = 1
		b.short++
	}
	if r.Prompt > maxPrompt {
		return fmt.Errorf("request %d has a prompt of %d tokens; the format openai-batch holds prompts as text, of at most %d tokens", b.rows, r.Prompt, maxPrompt)
	}
	if need := words * len(word); len(b.filler) < need {
		b.filler = strings.Repeat(word, 2*words)
	}
	b.put(`{"custom_id": "request-`)
	b.number(b.rows)
	b.put(`", "method": "POST", "url": "/v1/chat/completions", "body": {"model": `)
	b.jsonText(name)
	b.put(`, "messages": [{"role": "user", "content": "`)
	b.put(b.filler[:words*len(word)])
	b.put(`"}], "max_tokens": `)
	b.number(bound)
	b.put("}}")
	return b.line()
}

func (b *batch) remarks() []string {
	all := []string{"the format openai-batch has no times: all requests arrive at once. Their prompts are made up, of the right number of tokens"}
	if b.named > 0 {
		all = append(all, fmt.Sprintf("%d requests name no model; they are given %s", b.named, b.model))
	}
	if b.answer > 0 {
		all = append(all, fmt.Sprintf("%d requests declare no max_tokens; they are given the length of their answer", b.answer))
	}
	if b.short > 0 {
		all = append(all, fmt.Sprintf("%d prompts are shorter than a message with one word, of %d tokens; they are made so long", b.short, tokenizer.Overhead(1)+1))
	}
	return all
}
