package scenarios

import (
	"math"
	"slices"
	"strings"
	"time"
)

// measure is how the values of a metric may be written in expect.
type measure uint8

const (
	plainNumber measure = iota
	share01             // 0.99 or 99%
	timeSpan            // 45s, or a number of seconds
)

// metric is what an expectation can be about.
type metric struct {
	name string
	measure
}

// metrics lists the metrics of a result by their names there; a test holds the
// list against the result's own.
func metrics() []metric {
	return []metric{
		{"calls", plainNumber}, {"succeeded", plainNumber}, {"failed", plainNumber}, {"censored", plainNumber},
		{"success_rate", share01}, {"deadline_met_rate", share01},
		{"attempts", plainNumber}, {"amplification", plainNumber}, {"rejected", plainNumber},
		{"rejected_requests", plainNumber}, {"rejected_tokens", plainNumber}, {"server_errors", plainNumber}, {"coordinator_asks", plainNumber},
		{"goodput_tpm", plainNumber}, {"quota_used", share01}, {"wasted_prompt_tokens", plainNumber},
		{"latency_p50", timeSpan}, {"latency_p95", timeSpan}, {"latency_p99", timeSpan},
		{"latency_max", timeSpan}, {"latency_mean", timeSpan}, {"queue_wait_p95", timeSpan},
		{"peak_attempts_per_s", plainNumber}, {"peak_to_mean", plainNumber}, {"retry_peak", plainNumber},
		{"drained_at", timeSpan}, {"recovery_s", timeSpan},
		{"fairness_jain", share01}, {"fairness_instances", share01}, {"cost_usd", plainNumber}, {"of_optimum", share01}, {"regret_s", timeSpan},
		{"failures.max_retries", plainNumber}, {"failures.deadline", plainNumber},
		{"failures.not_retryable", plainNumber}, {"failures.queue_timeout", plainNumber}, {"failures.oversize", plainNumber},
	}
}

const expectForm = "strategy.metric >= value, such as jitter.success_rate >= 0.99"

func (d *decoder) readExpect() {
	d.expect.items("expectations", func(_ int, c cursor) {
		line, ok := c.scalar(expectForm)
		if !ok {
			return
		}
		if e, ok := d.expectation(c, line); ok {
			d.spec.Expect = append(d.spec.Expect, e)
		}
	})
}

func (d *decoder) expectation(c cursor, line string) (e Expectation, ok bool) {
	e.Text = line
	i := strings.IndexAny(line, "<>=")
	if i < 0 {
		c.fail("want %s, got %s", expectForm, quote(line))
		return e, false
	}
	left, right := strings.TrimSpace(line[:i]), line[i:]
	value := strings.TrimLeft(right, "<>=")
	e.Op = right[:len(right)-len(value)]
	if ops := []string{">=", "<=", ">", "<", "=="}; !slices.Contains(ops, e.Op) {
		c.fail("%s", unknown("comparison", e.Op, ops))
		return e, false
	}
	known := slices.Clone(d.unselected)
	if d.strategies.ok() {
		for _, item := range d.strategies.n.items {
			known = append(known, item.name())
		}
	}
	e.Strategy = longestPrefix(left, known)
	if e.Strategy == "" {
		name, _, _ := strings.Cut(left, ".")
		c.fail("%s", unknown("strategy", name, known))
		return e, false
	}
	e.Metric = strings.TrimPrefix(left[len(e.Strategy):], ".")
	all := metrics()
	m := slices.IndexFunc(all, func(m metric) bool { return m.name == e.Metric })
	if m < 0 {
		var list []string
		for _, m := range all {
			list = append(list, m.name)
		}
		c.fail("%s", unknown("metric", e.Metric, list))
		return e, false
	}
	if e.Value, ok = all[m].parse(strings.TrimSpace(value)); !ok {
		c.fail("want %s after %s, got %s", all[m].want(), e.Op, quote(strings.TrimSpace(value)))
		return e, false
	}
	if !slices.Contains(d.strategyNames(), e.Strategy) { // a faulty one has been reported
		d.warn("%s is not checked: strategy %s is not selected", c.path, e.Strategy)
		return e, false
	}
	if needsOracle := e.Metric == "of_optimum" || e.Metric == "regret_s"; needsOracle &&
		!slices.ContainsFunc(d.spec.Strategies, func(s Strategy) bool { return s.Omniscient }) {
		d.warn("%s is not checked: %s compares with oracle, which is not among the strategies", c.path, e.Metric)
		return e, false
	}
	return e, true
}

// longestPrefix returns the longest of the names with which path begins, as a
// whole or up to a dot; empty when there is none. Names may contain dots.
func longestPrefix(path string, names []string) string {
	best := ""
	for _, name := range names {
		if len(name) > len(best) && (path == name || strings.HasPrefix(path, name+".")) {
			best = name
		}
	}
	return best
}

func (m measure) want() string {
	return [...]string{"a number", "a share, such as 0.99 or 99%,", "a duration or a number of seconds"}[m]
}

func (m measure) parse(s string) (float64, bool) {
	finite := bounds{-math.MaxFloat64, math.MaxFloat64}
	switch m {
	case share01:
		return parseShare(s, finite)
	case timeSpan:
		if d, err := time.ParseDuration(s); err == nil {
			return d.Seconds(), true
		}
	}
	return finite.parse(s, 1)
}
