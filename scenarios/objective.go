package scenarios

import (
	"maps"
	"slices"
	"strings"
)

const objectiveForm = "METRIC<=VALUE or TENANT.METRIC<=VALUE, such as time_to_success_p95<=10s or web.success_rate>=99%"

func (d *decoder) readObjectives() {
	d.slo.items("objectives", func(_ int, c cursor) {
		line, ok := c.scalar(objectiveForm)
		if !ok {
			return
		}
		if o, ok := d.objective(c, line); ok {
			d.spec.SLO = append(d.spec.SLO, o)
		}
	})
}

// objective reads one line of slo.
func (d *decoder) objective(c cursor, line string) (o Objective, ok bool) {
	o.Text = line
	line = strings.TrimSpace(line)
	left, op, right, ok := comparison(line)
	if !ok || left == "" {
		c.fail("want %s, got %s", objectiveForm, quote(line))
		return o, false
	}
	if ops := []string{"<=", ">=", "<", ">"}; !slices.Contains(ops, op) {
		c.within(line, line[strings.Index(line, op):]).fail("%s", unknown("comparison", op, ops))
		return o, false
	}
	if name := d.strategyIn(left); name != "" {
		c.fail("%s is a strategy; an objective is one for every strategy, so leave the name out", name)
		return o, false
	}
	of, m, rest, ok := d.measured(c, left, false)
	if !ok {
		return o, false
	}
	if rest != "" {
		c.fail("want %s after %s, got %s", op, m.name, quote(rest))
		return o, false
	}
	o.Tenant, o.Metric, o.Op = of.tenant, m.name, op
	if o.Value, ok = m.parse(right); !ok {
		c.within(line, right).fail("want %s after %s, got %s", strings.TrimSuffix(m.want(), ","), op, quote(right))
		return o, false
	}
	if m.measure == share01 && (o.Value < 0 || o.Value > 1) {
		c.within(line, right).fail("want a share from 0 to 1, such as 0.99 or 99%%, got %s", quote(right))
		return o, false
	}
	return o, true
}

// strategyIn returns the strategy that stands where a metric or a tenant is to be;
// empty if none does.
func (d *decoder) strategyIn(left string) string {
	if _, _, _, ok := leadingMetric(left); ok || longestPrefix(left, d.spec.Tenants) != "" {
		return ""
	}
	called, _ := d.declared()
	return longestPrefix(left, slices.Collect(maps.Keys(called)))
}

// readBaseline reads the name of the strategy that runs today.
func (d *decoder) readBaseline() {
	c := d.baseline
	name, ok := c.scalar("the name of a strategy")
	if !ok {
		return
	}
	if name, ok = d.strategyNamed(c, name); !ok {
		return
	}
	switch selected := d.strategyNames(); {
	case slices.Contains(selected, name):
		d.spec.Baseline = name
	case c.n.at.line == 0: // the flag
		c.fail("strategy %s is not selected; allowed: %s", quote(name), strings.Join(selected, ", "))
	default:
		d.warn("baseline is left out: strategy %s is not selected", name)
	}
}
