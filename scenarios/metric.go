package scenarios

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"ratesim/sim/metrics"
)

// measure is how the values of a metric may be written.
type measure uint8

const (
	plainNumber measure = iota
	share01             // 0.99 or 99%
	timeSpan            // 45s, or a number of seconds
)

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

// metric is what an expectation or an objective can be about.
type metric struct {
	name string
	measure
	parts bool // it is measured of the calls of one tenant, or of one part, too
}

// measurable lists the metrics of results.
func measurable() []metric {
	var list []metric
	for _, m := range metrics.Metrics() {
		known := metric{name: m.Name, parts: m.Applies(metrics.Part{By: metrics.ByTenant})}
		switch m.Unit {
		case metrics.Share:
			known.measure = share01
		case metrics.Seconds:
			known.measure = timeSpan
		}
		list = append(list, known)
	}
	return list
}

// unknownMetric says that a name is that of no metric; with parts, of none that is
// measured of parts. Names of one family are listed only to who wrote one of it.
func unknownMetric(name string, parts bool) string {
	written, _, dotted := strings.Cut(name, ".")
	var known, shown, family []string
	for _, m := range measurable() {
		if parts && !m.parts {
			continue
		}
		known = append(known, m.name)
		of, _, member := strings.Cut(m.name, ".")
		if dotted && member && of == written {
			family = append(family, m.name)
		}
		if member {
			m.name = of + ".…"
		}
		if !slices.Contains(shown, m.name) {
			shown = append(shown, m.name)
		}
	}
	if family != nil {
		known, shown = family, family
	}
	return "unknown metric " + quote(name) + suggest(name, known, shown)
}

// leadingMetric returns the metric that s begins with, up to its end, a space, + or
// -, and the rest. Names of metrics may hold a -, as rejected_by.shared-pool does.
// Without one it returns what stands in its place.
func leadingMetric(s string) (m metric, name, rest string, ok bool) {
	for _, known := range measurable() {
		after, is := strings.CutPrefix(s, known.name)
		if is && (after == "" || strings.IndexByte(" +-", after[0]) >= 0) {
			return known, known.name, strings.TrimSpace(after), true
		}
	}
	name = s
	for i, r := range s {
		minus := r == '-' && i+1 < len(s) && strings.IndexByte(" .0123456789", s[i+1]) >= 0
		if r == ' ' || r == '+' || minus {
			name, rest = s[:i], strings.TrimSpace(s[i:])
			break
		}
	}
	return m, name, rest, false
}

// subject is what a metric is of: all calls, the calls of one tenant or those of a
// part. At most one of its fields is set.
type subject struct{ tenant, part string }

// measured reads a metric, of all calls or TENANT.METRIC or, where parts are allowed,
// PART.METRIC, at the beginning of s, which stands at c. It returns what follows.
func (d *decoder) measured(c cursor, s string, parts bool) (of subject, m metric, rest string, ok bool) {
	m, name, rest, ok := leadingMetric(s)
	if ok {
		return of, m, rest, true
	}
	known := slices.Clone(d.spec.Tenants) // of what a metric may be
	if parts {
		known = append(known, metrics.SizeNames[:]...)
	}
	whose := owner(s, known)
	switch whose {
	case "":
		c.fail("%s", nothing(s, name, known))
		return of, m, "", false
	case s:
		c.fail("want a metric of %s, such as %s.success_rate", whose, whose)
		return of, m, "", false
	}
	m, name, rest, ok = leadingMetric(s[len(whose)+1:])
	switch {
	case !ok:
		c.fail("%s", unknownMetric(name, true))
	case !m.parts:
		c.fail("%s has one value for all calls together, and none for those of %s", m.name, whose)
		ok = false
	case slices.Contains(d.spec.Tenants, whose):
		of.tenant = whose
	default:
		of.part = whose
	}
	return of, m, rest, ok
}

// owner returns the longest of the names with which s begins before a metric, for
// names may contain dots; without a metric, the longest with which it begins.
func owner(s string, names []string) string {
	best := ""
	for _, name := range names {
		after, ok := strings.CutPrefix(s, name+".")
		if _, _, _, metric := leadingMetric(after); ok && metric && len(name) > len(best) {
			best = name
		}
	}
	return cmp.Or(best, longestPrefix(s, names))
}

// nothing says what is wrong with s, which begins with no metric: with name, which
// stands in the place of one, or with whose the metric is to be.
func nothing(s, name string, known []string) string {
	for i := range s {
		if s[i] != '.' {
			continue
		}
		if _, _, _, ok := leadingMetric(s[i+1:]); ok {
			return unknown("tenant", s[:i], known)
		}
	}
	return unknownMetric(name, false)
}
