package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
	"ratesim/sim/stats"
)

// ChangesSchema names the layout of Changes.
const ChangesSchema = "ratesim/difference/v1"

// Changes is what changed from one result, A, to another, B.
type Changes struct {
	Schema     string           `json:"schema"`
	A          Side             `json:"a"`
	B          Side             `json:"b"`
	SameCalls  bool             `json:"same_calls"` // both met the same calls, as far as the results tell
	Identical  bool             `json:"identical"`  // every event of every run is the same
	Changed    []Changed        `json:"changed"`    // of what was run
	Added      []string         `json:"added"`      // strategies of B alone
	Removed    []string         `json:"removed"`    // strategies of A alone
	Strategies []StrategyChange `json:"strategies"`
}

// Side is one of two results.
type Side struct {
	File         string        `json:"file"`
	Kind         string        `json:"kind"`
	Scenario     string        `json:"scenario"`
	Provider     string        `json:"provider,omitempty"`
	Version      string        `json:"version,omitempty"`
	Seed         uint64        `json:"seed"`
	Replications int           `json:"replications"`
	Hash         string        `json:"hash"`
	State        metrics.State `json:"verdict,omitempty"`
	Chosen       []string      `json:"chosen"`
}

// Changed is something that was run differently.
type Changed struct {
	What string `json:"what"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// StrategyChange is how much a strategy that both results have changed.
type StrategyChange struct {
	Name    string         `json:"name"`
	Metrics []MetricChange `json:"metrics"`
}

// MetricChange is how much a metric changed. A difference has no interval where one of
// the results has one replication alone.
type MetricChange struct {
	Metric     string            `json:"metric"`
	A          *metrics.Estimate `json:"a,omitempty"`
	B          *metrics.Estimate `json:"b,omitempty"`
	Difference *Delta            `json:"difference,omitempty"`
	Certain    bool              `json:"certain"` // 0 lies outside the interval of the difference

	id metrics.ID
}

// changesOf holds result b against a.
func changesOf(a, b *Saved) *Changes {
	c := &Changes{Schema: ChangesSchema, A: sideOf(a), B: sideOf(b)}
	c.Identical = a.Result.Hash != "" && a.Result.Hash == b.Result.Hash
	c.SameCalls = c.A.Scenario == c.B.Scenario && c.A.Seed == c.B.Seed && c.A.Replications == c.B.Replications
	for _, w := range []Changed{{"kind", c.A.Kind, c.B.Kind}, {"scenario", c.A.Scenario, c.B.Scenario}, {"provider", c.A.Provider, c.B.Provider},
		{"version", c.A.Version, c.B.Version}, {"seed", fmt.Sprint(c.A.Seed), fmt.Sprint(c.B.Seed)},
		{"replications", fmt.Sprint(c.A.Replications), fmt.Sprint(c.B.Replications)}} {
		if w.A != w.B {
			c.Changed = append(c.Changed, w)
		}
	}
	c.Changed = append(c.Changed, settingChanges(a.Result.Setting, b.Result.Setting)...)
	for _, s := range words.InOrder(a.Result) {
		other := b.Result.Find(s.Name)
		if other == nil {
			c.Removed = append(c.Removed, s.Name)
			continue
		}
		x, y := s.Values[metrics.Calls], other.Values[metrics.Calls]
		c.SameCalls = c.SameCalls && words.Known(x) && words.Known(y) && *x == *y
		c.Strategies = append(c.Strategies, strategyChange(s, other, min(c.A.Replications, c.B.Replications)))
	}
	for _, s := range words.InOrder(b.Result) {
		if a.Result.Find(s.Name) == nil {
			c.Added = append(c.Added, s.Name)
		}
	}
	return c
}

func sideOf(s *Saved) Side {
	r := s.Result
	out := Side{File: s.Name, Kind: r.Kind, Scenario: r.Scenario, Provider: r.Provider, Version: r.Version, Seed: r.Seed, Replications: r.Replications, Hash: r.Hash}
	if r.Verdict != nil {
		out.State, out.Chosen = r.Verdict.State, r.Verdict.Chosen
	}
	return out
}

// settingChanges are the lines of a scenario that only one of two results has, by topic.
func settingChanges(a, b []metrics.Setting) []Changed {
	var topics []string
	for _, s := range slices.Concat(a, b) {
		if !slices.Contains(topics, s.Topic) {
			topics = append(topics, s.Topic)
		}
	}
	lines := func(of, without []metrics.Setting, topic string) string {
		var out []string
		for _, s := range of {
			same := func(o metrics.Setting) bool { return o.Topic == topic && o.Text == s.Text }
			if s.Topic == topic && !slices.ContainsFunc(without, same) {
				out = append(out, s.Text)
			}
		}
		return strings.Join(out, "; ")
	}
	var out []Changed
	for _, topic := range topics {
		if x, y := lines(a, b, topic), lines(b, a, topic); x != "" || y != "" {
			out = append(out, Changed{topic, cmp.Or(x, "–"), cmp.Or(y, "–")})
		}
	}
	return out
}

func strategyChange(a, b *metrics.Strategy, replications int) StrategyChange {
	out := StrategyChange{Name: a.Name}
	for id, m := range metrics.Metrics() {
		x, y := roundEstimate(a.Values[id]), roundEstimate(b.Values[id])
		if x == nil && y == nil {
			continue
		}
		k := MetricChange{Metric: m.Name, A: x, B: y, id: metrics.ID(id)}
		if x != nil && y != nil {
			k.Difference = difference(a.Values[id], b.Values[id])
			if d := k.Difference; d != nil && replications == 1 {
				d.Lo, d.Hi = d.Mean, d.Mean
			} else if d != nil {
				k.Certain = d.Lo > 0 || d.Hi < 0
			}
		}
		out.Metrics = append(out.Metrics, k)
	}
	return out
}

// difference returns b minus a with the interval that follows from theirs as if they were
// not paired, for a saved result does not have its replications one by one. It is nil
// where the result has no number.
func difference(a, b *metrics.Estimate) *Delta {
	i := stats.Apart(stats.Interval{Value: b.Mean, Lo: b.Lo, Hi: b.Hi}, stats.Interval{Value: a.Mean, Lo: a.Lo, Hi: a.Hi}, 1)
	if !words.Finite(i.Value) || math.IsNaN(i.Lo) || math.IsNaN(i.Hi) {
		return nil
	}
	return &Delta{i.Value, i.Lo, i.Hi}
}

// find returns the change of a metric; nil where there is none.
func (s *StrategyChange) find(id metrics.ID) *MetricChange {
	for i := range s.Metrics {
		if s.Metrics[i].id == id {
			return &s.Metrics[i]
		}
	}
	return nil
}
