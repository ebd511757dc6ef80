package scenarios

import (
	"maps"
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

const expectForm = "strategy.metric >= value, such as jitter.success_rate >= 0.99, or a second strategy's metric for the value: backoff.retry_peak >= 2 * jitter.retry_peak"

func (d *decoder) readExpect() {
	d.expect.items("expectations", func(_ int, c cursor) {
		line, ok := c.scalar(expectForm)
		if !ok {
			return
		}
		if e, ok := d.expectation(c, line); ok && d.checkable(c, &e) {
			d.spec.Expect = append(d.spec.Expect, e)
		}
	})
}

func (d *decoder) expectation(c cursor, line string) (e Expectation, ok bool) {
	e.Text = line
	line = strings.TrimSpace(line)
	i := strings.IndexAny(line, "<>=")
	if i < 0 {
		c.fail("want %s, got %s", expectForm, quote(line))
		return e, false
	}
	right := strings.TrimLeft(line[i:], "<>=")
	e.Op = line[i : len(line)-len(right)]
	if ops := []string{">=", "<=", ">", "<", "=="}; !slices.Contains(ops, e.Op) {
		c.within(line, line[i:]).fail("%s", unknown("comparison", e.Op, ops))
		return e, false
	}
	var m measure
	if e.Left, m, _, ok = d.term(c, strings.TrimSpace(line[:i])); !ok {
		return e, false
	}
	return e, d.rightSide(c, line, strings.TrimSpace(right), m, &e)
}

// rightSide reads what a metric measured in m is held against: a value, or
// another one, times a factor, plus or minus a value.
func (d *decoder) rightSide(c cursor, line, right string, m measure, e *Expectation) (ok bool) {
	if e.Value, ok = m.parse(right); ok {
		return true
	}
	e.Factor = 1
	rest := right
	if factor, after, found := strings.Cut(right, "*"); found {
		if e.Factor, ok = parseShare(strings.TrimSpace(factor), bounds{math.SmallestNonzeroFloat64, math.MaxFloat64}); !ok {
			c.within(line, right).fail("want a number above 0 before *, got %s", quote(strings.TrimSpace(factor)))
			return false
		}
		rest = strings.TrimSpace(after)
	} else if !strings.Contains(rest, ".") || strings.IndexByte("0123456789.-+", rest[0]) >= 0 {
		c.within(line, right).fail("want %s after %s, got %s", m.want(), e.Op, quote(right))
		return false
	}
	other, unit, rest, ok := d.term(c.within(line, rest), rest)
	if !ok {
		return false
	}
	if e.Right = other; unit != m {
		c.within(line, right).fail("%s is %s, and %s is %s: they cannot be compared", e.Left.Metric, m, other.Metric, unit)
		return false
	}
	if rest == "" {
		return true
	}
	e.Value, ok = m.parse(strings.TrimSpace(rest[1:]))
	if !ok || rest[0] != '+' && rest[0] != '-' {
		c.within(line, rest).fail("want + or - and %s, or nothing, after %s, got %s", strings.TrimSuffix(m.want(), ","), other.Metric, quote(rest))
		return false
	}
	if rest[0] == '-' {
		e.Value = -e.Value
	}
	return true
}

// term reads strategy.metric at the beginning of s, which stands at c, and
// returns what follows it.
func (d *decoder) term(c cursor, s string) (t Term, m measure, rest string, ok bool) {
	items := slices.Clone(d.unselected)
	if d.strategies.ok() {
		items = append(items, d.strategies.n.items...)
	}
	var known []string
	called := map[string]string{} // by the name in the file, and that in results, which goes first
	for _, item := range items {
		known = append(known, item.name())
		called[item.name()] = item.called()
	}
	for _, item := range items {
		called[item.called()] = item.called()
	}
	name := longestPrefix(s, slices.Collect(maps.Keys(called)))
	if name == "" {
		name, _, _ = strings.Cut(s, ".")
		c.fail("%s", unknown("strategy", name, known))
		return t, m, "", false
	}
	t.Strategy = called[name]
	rest = strings.TrimPrefix(s[len(name):], ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r == ' ' || r == '+' || r == '-' })
	if end < 0 {
		end = len(rest)
	}
	t.Metric, rest = rest[:end], strings.TrimSpace(rest[end:])
	all := metrics()
	i := slices.IndexFunc(all, func(m metric) bool { return m.name == t.Metric })
	if i < 0 {
		var list []string
		for _, m := range all {
			list = append(list, m.name)
		}
		c.fail("%s", unknown("metric", t.Metric, list))
		return t, m, "", false
	}
	return t, all[i].measure, rest, true
}

// checkable reports whether what e compares is measured in this run, and warns
// if not.
func (d *decoder) checkable(c cursor, e *Expectation) bool {
	for _, t := range []Term{e.Left, e.Right} {
		if t.Strategy == "" {
			continue
		}
		if !slices.Contains(d.strategyNames(), t.Strategy) { // a faulty one has been reported
			d.warn("%s is not checked: strategy %s is not selected", c.path, t.Strategy)
			return false
		}
		if needsOracle := t.Metric == "of_optimum" || t.Metric == "regret_s"; needsOracle &&
			!slices.ContainsFunc(d.spec.Strategies, func(s Strategy) bool { return s.Omniscient }) {
			d.warn("%s is not checked: %s compares with oracle, which is not among the strategies", c.path, t.Metric)
			return false
		}
	}
	return true
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

func (m measure) String() string { return [...]string{"a number", "a share", "a time"}[m] }

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
