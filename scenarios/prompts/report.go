package prompts

import (
	"fmt"
	"slices"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/provider/tokens"
	"ratesim/scenarios"
)

// Question is what to find out of files that were counted.
type Question struct {
	Catalog *catalog.Catalog
	// Provider is a reference that stands for all tiers of its model; "" = the tiers of the model that
	// the requests name.
	Provider string
}

// CheckModel returns an error if nothing is known of a model: neither its family nor a row of the
// catalog.
func CheckModel(model string, known *catalog.Catalog) error {
	if _, _, named := scenarios.DeploymentOf(map[string]int64{model: 1}, known); named || tokens.RatioOf(model).Known {
		return nil
	}
	var names []string
	for _, r := range known.List() {
		if !slices.Contains(names, r.Config.Model) {
			names = append(names, r.Config.Model)
		}
	}
	hint := ""
	if near, ok := scenarios.Nearest(model, names); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("nothing is known of the model %q%s; 'ratesim list providers' has the models of the catalog, and models of OpenAI, Claude, Gemini, Mistral, Grok, Llama, Qwen and DeepSeek are known by the beginning of their names", model, hint)
}

// Answer prices the files and says how long each takes.
func Answer(q *Question, files []*Counted) (*Report, error) {
	r := &Report{Schema: Schema, Warnings: []string{}}
	if q.Provider != "" {
		if _, err := q.Catalog.Tiers(q.Provider); err != nil {
			return nil, fmt.Errorf("--provider: %w", err)
		}
	}
	assumed := false
	for _, c := range files {
		f := c.file
		for i, name := range c.models {
			requests := c.requests
			if len(c.models) > 1 {
				requests = nil
				for _, s := range c.requests {
					if s.model == uint32(i) {
						requests = append(requests, s)
					}
				}
			}
			m, err := q.model(name, &f, requests)
			if err != nil {
				return nil, err
			}
			switch {
			case f.Kind == Text:
				m.Tiers = nil // a prompt is one of many requests, or none
			case m.Tiers == nil:
				r.warn("%s: the catalog has no limits of %s, so nothing is known of how long its requests take (--provider REF)", f.Name, name)
			}
			if !tokens.RatioOf(name).Known {
				r.warn("%s: nothing is known of the model %s; its tokens are a guess", f.Name, name)
			}
			f.Models = append(f.Models, m)
		}
		r.Files = append(r.Files, f)
		r.Warnings = append(r.Warnings, c.warnings...)
		assumed = assumed || c.assumed
	}
	if assumed {
		r.Assumed = append(r.Assumed, fmt.Sprintf("Texts, and requests that name no model, are counted for %s (--model MODEL).", Default))
	}
	return r, nil
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// model sums up the requests for one model.
func (q *Question) model(name string, f *File, requests []sized) (Model, error) {
	m := Model{Model: name, Sizes: sizesOf(requests)}
	ratio := tokens.RatioOf(name)
	m.Ratio, m.Lo, m.Hi = ratio.Mean, m.Tokens, m.Tokens
	if !ratio.Published {
		m.Family = ratio.Family
		lo, hi := ratio.Range(int(m.Tokens))
		m.Lo, m.Hi = int64(lo), int64(hi)
	}
	ref := q.Provider
	if ref == "" {
		var named bool
		if ref, _, named = scenarios.DeploymentOf(map[string]int64{name: 1}, q.Catalog); !named {
			return m, nil
		}
	}
	tiers, err := q.Catalog.Tiers(ref)
	if err != nil {
		return m, err
	}
	for i := range tiers {
		m.Tiers = append(m.Tiers, q.tier(&tiers[i], f, requests))
	}
	if len(tiers) == 0 {
		return m, nil
	}
	price := tiers[0].Config.Price
	m.Input, m.Most = m.cost(&price, requests)
	batch := tiers[0].Config
	batch.Ref = tiers[0].Ref
	if q.Catalog.ToBatch(&batch) == nil {
		m.BatchIn, m.BatchMost = m.cost(&batch.Price, requests)
	}
	return m, nil
}

// cost returns what the prompts cost, and what they and the longest answers cost. The second is
// absent where a request declares no max_tokens. Hours in which tokens cost more are left out.
func (m *Model) cost(p *provider.Price, requests []sized) (input, most *float64) {
	if p.Input == 0 {
		return nil, nil
	}
	var prompts, answers provider.Bill
	for _, r := range requests {
		b := p.Band(0, r.prompt) & provider.LongPrompt
		prompts[b].Prompt += int64(r.prompt)
		answers[b].Output += int64(r.most)
	}
	in := p.Total(&prompts)
	if m.Undeclared == 0 {
		all := in + p.Total(&answers)
		most = &all
	}
	return &in, most
}

// tier says how long requests take at one tier, and by the batch API.
func (q *Question) tier(row *catalog.Row, f *File, requests []sized) Tier {
	t := Tier{Ref: row.Ref}
	if row.Asks != nil {
		t.Asks = row.Asks.String()
	}
	cfg := row.Config
	t.RPM, t.TPM = cfg.RPM, cfg.TPM
	for _, l := range cfg.Limits {
		if l.Counts == provider.Input && t.TPM == 0 && l.Growth == 0 {
			t.TPM = l.Most
		}
	}
	t.Seconds, t.By, t.TooLarge = take(&cfg, requests)
	batch := row.Config
	batch.Ref = row.Ref
	if q.Catalog.ToBatch(&batch) != nil {
		return t
	}
	if len(batch.Limits) > 0 {
		t.Queue = batch.Limits[0].Most
	}
	t.Rounds, t.QueueTooLarge = rounds(t.Queue, requests)
	t.BatchFiles = 1
	for _, b := range q.Catalog.Batches() {
		if b.Vendor != cfg.Vendor || b.Model != cfg.Model && b.Model != "*" {
			continue
		}
		if b.Requests > 0 {
			t.BatchFiles = max(t.BatchFiles, (int64(len(requests))+b.Requests-1)/b.Requests)
		}
		if most := b.Megabytes * 1e6; most > 0 {
			t.BatchFiles = max(t.BatchFiles, (f.Bytes+most-1)/most)
		}
		break
	}
	return t
}
