package scenarios

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
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

// metrics lists the metrics of a result by their names there; a test holds the
// list against the result's own.
func metrics() []metric {
	list := []metric{
		{"calls", plainNumber, true}, {"succeeded", plainNumber, true}, {"failed", plainNumber, true}, {"censored", plainNumber, true},
		{"success_rate", share01, true}, {"deadline_met_rate", share01, true}, {"failed_per_1000", plainNumber, true},
		{"attempts", plainNumber, true}, {"amplification", plainNumber, true}, {"rejected", plainNumber, true},
		{"rejected_requests", plainNumber, true}, {"rejected_tokens", plainNumber, true}, {"server_errors", plainNumber, true},
		{"coordinator_asks", plainNumber, false},
		{"goodput_tpm", plainNumber, true}, {"answers_per_min", plainNumber, true}, {"quota_used", share01, false}, {"wasted_prompt_tokens", plainNumber, true},
		{"latency_p50", timeSpan, true}, {"latency_p95", timeSpan, true}, {"latency_p99", timeSpan, true},
		{"latency_max", timeSpan, true}, {"latency_mean", timeSpan, true},
		{"time_to_success_p50", timeSpan, true}, {"time_to_success_p95", timeSpan, true}, {"time_to_success_p99", timeSpan, true},
		{"queue_wait_p95", timeSpan, true},
		{"peak_attempts_per_s", plainNumber, false}, {"peak_to_mean", plainNumber, false}, {"retry_peak", plainNumber, false},
		{"drained_at", timeSpan, false}, {"recovery_s", timeSpan, false},
		{"fairness_jain", share01, false}, {"fairness_instances", share01, false},
		{"cost_usd", plainNumber, true}, {"cost_per_success_usd", plainNumber, true},
		{"of_optimum", share01, false}, {"regret_s", timeSpan, false},
	}
	for _, why := range []string{"max_retries", "deadline", "not_retryable", "queue_timeout", "oversize"} {
		list = append(list, metric{"failures." + why, plainNumber, true})
	}
	for _, limit := range []string{"rpm", "tpm", "rph", "tph", "rpd", "tpd", "itpm", "otpm", "concurrency", "queued_tokens",
		"utilisation", "ramp", "shared-pool", "oversize", "billing", "unnamed"} {
		list = append(list, metric{"rejected_by." + limit, plainNumber, true})
	}
	return list
}

// unknownMetric says that a name is that of no metric; with parts, of none that is
// measured of parts. Names of one family are listed only to who wrote one of it.
func unknownMetric(name string, parts bool) string {
	written, _, dotted := strings.Cut(name, ".")
	var known, shown, family []string
	for _, m := range metrics() {
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
	for _, known := range metrics() {
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

// Parts are the thirds of the calls by the length of their prompts.
var Parts = [...]string{"small", "medium", "large"}

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
		known = append(known, Parts[:]...)
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
		c.fail("%s is measured of all calls together, not of those of %s", m.name, whose)
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
