package fit

import (
	"fmt"
	"math"
	"slices"
	"time"

	"ratesim/scenarios/workload"
)

// notable is from which size on a rank correlation is part of the model.
const notable = 0.1

// A Choice says which candidates may be chosen.
type Choice struct {
	// OwnRates takes the rate of each window of the log, and OwnLengths takes the
	// empirical lengths, however well others fit.
	OwnRates, OwnLengths bool
}

// A Model is a workload like that of a log.
type Model struct {
	Arrivals, Prompt, Output Part
	// RankCorrelation is that of prompt and output; 0 where they are drawn apart.
	RankCorrelation float64
	// Period is how long the model's rates last before they repeat; 0 = they are steady.
	Period time.Duration
}

// A Part is one part of a model: how requests arrive, or how large they are.
type Part struct {
	Text       string      `json:"text"`       // of the chosen candidate
	Chosen     string      `json:"chosen"`     // its name
	Why        string      `json:"why"`        // it was chosen, in sentences
	Candidates []Candidate `json:"candidates"` // that there were
	Far        float64     `json:"ks_bound"`   // how far from the log a candidate may be by KS; 0 where there was no choice
}

// Fit chooses a model.
func (s *Sample) Fit(c Choice) *Model {
	m := &Model{Prompt: s.prompt.part(c.OwnLengths), Output: s.output.part(c.OwnLengths)}
	m.Arrivals, m.Period = s.arrivals(c.OwnRates)
	for _, p := range []*Part{&m.Arrivals, &m.Prompt, &m.Output} {
		aboveLeast(p.Candidates)
	}
	if r := s.Spearman(); math.Abs(r) >= notable && math.Abs(r) > 2.6/math.Sqrt(float64(len(s.Kept))) { // which chance exceeds in one of a hundred
		m.RankCorrelation = math.Round(r*1000) / 1000
	}
	return m
}

// take makes a candidate the chosen one.
func (p *Part) take(i int, why string, args ...any) {
	c := &p.Candidates[i]
	c.Chosen = true
	p.Text, p.Chosen, p.Why = c.Text, c.Name, fmt.Sprintf(why, args...)
}

// given is a part that leaves nothing to choose.
func given(name, text, why string) Part {
	return Part{Candidates: []Candidate{{Name: name, Text: text, Chosen: true}}, Text: text, Chosen: name, Why: why}
}

// part chooses how many tokens requests have.
func (t *tally) part(own bool) Part {
	if len(t.values) == 1 {
		return given("constant", number(t.values[0]), "All requests have the same number.")
	}
	p := Part{Candidates: t.lengthCandidates(), Far: farKS(t.n)}
	best := choose(p.Candidates, p.Far)
	nearest := 0
	for i := range p.Candidates {
		if p.Candidates[i].KS < p.Candidates[nearest].KS {
			nearest = i
		}
	}
	if best >= 0 && !own {
		p.take(best, "It has the least BIC of those whose KS distance from the log is at most %.3f.", p.Far)
		return p
	}
	near := &p.Candidates[nearest]
	why := fmt.Sprintf("No distribution is near enough: the nearest, %s, has a KS distance of %.3f from the log, and at most %.3f is allowed.", near.Name, near.KS, p.Far)
	if best >= 0 {
		why = "The simulation showed that no other distribution reproduces the log well enough."
	}
	e := t.empirical()
	p.Candidates = append(p.Candidates, e)
	p.take(len(p.Candidates)-1, "%s It is a list of %d lengths, each the mean of %.0f requests of about that size.", why, e.Parameters, t.n/float64(e.Parameters))
	return p
}

// arrivals chooses how requests arrive, and returns when the rates repeat.
func (s *Sample) arrivals(own bool) (Part, time.Duration) {
	rate := s.Rate()
	n := len(s.times) - 1
	poisson := "{process: poisson, rate: " + rateText(min(rate, workload.MaxRate)) + "}"
	switch {
	case rate == 0:
		return given("spike", fmt.Sprintf("{process: spike, at: 0s, calls: %d}", min(s.Summary.Rows, workload.MaxCalls)), "All requests come at one instant."), 0
	case n < few:
		return given("poisson", poisson, "The requests are too few to tell whether they come in bursts."), 0
	case s.CV() < workload.MinCV:
		return given("constant", "{process: constant, rate: "+rateText(rate)+"}", "All gaps are the same."), 0
	}
	p := Part{Far: farKS(float64(n))}
	list := s.plainProcesses()
	add := func(all []process) (from int) {
		from = len(p.Candidates)
		for i := range all {
			p.Candidates = append(p.Candidates, all[i].Candidate)
		}
		return from
	}
	add(list)
	best := choose(p.Candidates, p.Far)
	if best >= 0 && !own {
		p.take(best, "It has the least BIC of those whose KS distance from the log is at most %.3f.", p.Far)
		return p, s.period(list[best].shape)
	}
	why := fmt.Sprintf("No process with few parameters has gaps within a KS distance of %.3f of the log's.", p.Far)
	if best >= 0 {
		why = "The simulation showed that no process with few parameters reproduces the log well enough."
	}
	if w := s.windowProcesses(); len(w) > 0 {
		from := add(w)
		of := choose(p.Candidates[from:], p.Far)
		if of < 0 {
			of = choose(p.Candidates[from:], math.Inf(1))
			why += " Nor has any process with the rate of each window."
		}
		p.take(from+max(of, 0), "%s It has the log's own rate in each window, and within windows the process of the least BIC.", why)
		return p, s.period(w[0].shape)
	}
	p.take(max(choose(p.Candidates, math.Inf(1)), 0), "%s The log has too few requests for a rate of each window, so it has the least BIC.", why)
	return p, s.period(list[max(choose(p.Candidates, math.Inf(1)), 0)].shape)
}

// period is how long a shape lasts until it repeats.
func (s *Sample) period(shape string) time.Duration {
	switch shape {
	case "":
		return 0
	case "day", "cosine":
		return day
	}
	return s.windows
}

// StreamText is the model as the keys of a stream in a scenario file, each in a line of its
// own that is indented by so many spaces; long lists go over several lines.
func (m *Model) StreamText(indent int) []string {
	out := []string{"arrivals: " + m.Arrivals.Text, "prompt_tokens: " + m.Prompt.Text, "output_tokens: " + m.Output.Text}
	if m.RankCorrelation != 0 {
		out = append(out, "rank_correlation: "+number(m.RankCorrelation))
	}
	var lines []string
	for _, text := range out {
		lines = append(lines, wrapped(text, indent)...)
	}
	return lines
}

// wrapped breaks a line at the spaces after commas.
func wrapped(text string, indent int) []string {
	const width = 118
	var lines []string
	room, pad := width-indent, ""
	for len(pad)+len(text) > room {
		cut := -1
		for i := 1; i < len(text) && len(pad)+i <= room; i++ {
			if text[i] == ' ' && text[i-1] == ',' {
				cut = i
			}
		}
		if cut < 0 {
			break
		}
		lines = append(lines, pad+text[:cut])
		text, pad = text[cut+1:], "  "
	}
	return slices.Concat(lines, []string{pad + text})
}
