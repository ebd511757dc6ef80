package scenarios

import (
	"maps"
	"math"
	"slices"
	"strings"
)

const expectForm = "strategy.metric >= value, such as jitter.success_rate >= 0.99, or a second strategy's metric for the value: backoff.retry_peak >= 2 * jitter.retry_peak"

// chosen is the left side of an expectation about the verdict.
const chosen = "verdict.chosen"

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

// comparison splits a line at its comparison.
func comparison(line string) (left, op, right string, ok bool) {
	i := strings.IndexAny(line, "<>=")
	if i < 0 {
		return "", "", "", false
	}
	if i > 0 && line[i-1] == '!' {
		i--
	}
	right = strings.TrimLeft(line[i:], "!<>=")
	return strings.TrimSpace(line[:i]), line[i : len(line)-len(right)], strings.TrimSpace(right), true
}

func (d *decoder) expectation(c cursor, line string) (e Expectation, ok bool) {
	e.Text = line
	line = strings.TrimSpace(line)
	left, op, right, ok := comparison(line)
	if !ok {
		c.fail("want %s, got %s", expectForm, quote(line))
		return e, false
	}
	e.Op = op
	ops := []string{">=", "<=", ">", "<", "=="}
	if left == chosen {
		ops = []string{"==", "!="}
	}
	if !slices.Contains(ops, op) {
		c.within(line, line[strings.Index(line, op):]).fail("%s", unknown("comparison", op, ops))
		return e, false
	}
	if left == chosen {
		e.Chosen, ok = d.strategyNamed(c.within(line, right), right)
		return e, ok
	}
	var m metric
	var rest string
	if e.Left, m, rest, ok = d.term(c, left); !ok {
		return e, false
	}
	if rest != "" {
		c.fail("want %s after %s, got %s", op, m.name, quote(rest))
		return e, false
	}
	return e, d.rightSide(c, line, right, m, &e)
}

// rightSide reads what a metric is held against: a value, or another metric that is
// measured alike, times a factor, plus or minus a value.
func (d *decoder) rightSide(c cursor, line, right string, m metric, e *Expectation) (ok bool) {
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
	if e.Right = other; unit.measure != m.measure {
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

// term reads strategy.metric, strategy.tenant.metric or strategy.part.metric at the
// beginning of s, which stands at c, and returns what follows it.
func (d *decoder) term(c cursor, s string) (t Term, m metric, rest string, ok bool) {
	called, known := d.declared()
	name := longestPrefix(s, slices.Collect(maps.Keys(called)))
	if name == "" {
		first, what, _ := strings.Cut(s, ".")
		if first == "verdict" {
			c.fail("%s", unknown("part of the verdict", what, []string{strings.TrimPrefix(chosen, "verdict.")}))
			return t, m, "", false
		}
		c.fail("%s", unknown("strategy", first, known))
		return t, m, "", false
	}
	of, m, rest, ok := d.measured(c, strings.TrimPrefix(s[len(name):], "."), true)
	return Term{Strategy: called[name], Tenant: of.tenant, Part: of.part, Metric: m.name}, m, rest, ok
}

// declared returns what results call each strategy of the file, chosen for this run
// or not, by its name there and by that in results, which goes first; and the names
// there, in order.
func (d *decoder) declared() (called map[string]string, names []string) {
	items := slices.Clone(d.unselected)
	if d.strategies.ok() {
		items = append(items, d.strategies.n.items...)
	}
	called = map[string]string{}
	for _, item := range items {
		names = append(names, item.name())
		called[item.name()] = item.called()
	}
	for _, item := range items {
		called[item.called()] = item.called()
	}
	delete(called, "") // an item without a name has been reported
	return called, names
}

// strategyNamed returns what results call the strategy of that name.
func (d *decoder) strategyNamed(c cursor, name string) (string, bool) {
	called, known := d.declared()
	if called[name] == "" {
		c.fail("%s", unknown("strategy", name, known))
	}
	return called[name], called[name] != ""
}

// checkable reports whether what e compares is measured in this run, and warns
// if not.
func (d *decoder) checkable(c cursor, e *Expectation) bool {
	for _, name := range []string{e.Left.Strategy, e.Right.Strategy, e.Chosen} {
		if name != "" && !slices.Contains(d.strategyNames(), name) { // a faulty one has been reported
			d.warn("%s is not checked: strategy %s is not selected", c.path, name)
			return false
		}
	}
	for _, t := range []Term{e.Left, e.Right} {
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
