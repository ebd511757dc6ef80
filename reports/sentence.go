package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ratesim/sim/metrics"
)

// dearer is how much more a succeeded call must cost before the verdict
// mentions it. Pay-as-you-go strategies differ by what they waste, a few
// percent; provisioned capacity differs by far more.
const dearer = 1.25

// Verdict says in one sentence which strategy to choose and why, in numbers,
// against the best alternative. The highest success rate wins; strategies that
// no paired 95 % interval tells apart there, or that differ by less than 0.1
// points, compete by p95 latency, then by attempts per call, then by cost.
// Where the winner buys its place with a clearly higher cost per succeeded
// call, as provisioned capacity does, the sentence names the best of the
// cheaper ones. oracle is left out.
func Verdict(r *metrics.Result) string {
	var set []*metrics.Strategy
	alive := false
	for _, s := range inOrder(r) {
		if s.Name != oracle && known(s.SuccessRate) {
			set = append(set, s)
			alive = alive || s.SuccessRate.Mean > 0
		}
	}
	switch {
	case len(set) == 0:
		return "Nothing to choose from: no strategy but the bound was run."
	case !alive:
		return allFailed(r)
	}
	winners := choose(r, set)
	w := winners[0]
	rest := without(set, winners)
	for len(rest) > 0 {
		u := slices.MaxFunc(rest, func(a, b *metrics.Strategy) int { return cmp.Compare(a.SuccessRate.Mean, b.SuccessRate.Mean) })
		if why, ok := reason(r, w, u); ok {
			return "Choose " + names(winners) + tie(r, winners) + ": " + plain(w) + "; " + why + price(r, w, set) + "."
		}
		// Being told apart is not transitive: u lost to another than w.
		winners, rest = append(winners, u), without(rest, []*metrics.Strategy{u})
	}
	return "Choose " + names(winners) + tie(r, winners) + ": " + plain(w) + price(r, w, set) + "."
}

func allFailed(r *metrics.Result) string {
	const none = "No strategy here gets a single call through"
	for i := range r.Strategies {
		if s := &r.Strategies[i]; s.Name == oracle && known(s.SuccessRate) {
			return none + "; oracle, which no client can run, succeeds with " + shown(success(), s) + " of them."
		}
	}
	return none + "."
}

func without(set, out []*metrics.Strategy) []*metrics.Strategy {
	return slices.DeleteFunc(slices.Clone(set), func(s *metrics.Strategy) bool { return slices.Contains(out, s) })
}

// names lists the strategies as alternatives.
func names(set []*metrics.Strategy) string {
	var out []string
	for _, s := range set {
		out = append(out, printable(s.Name))
	}
	return list(out, "or")
}

func list(words []string, last string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
	}
	return strings.Join(words, "")
}

// shown is the value of s in c as the table shows it.
func shown(c criterion, s *metrics.Strategy) string {
	return column{scale: c.scale}.cell(c.of(s)).String()
}

// tie says that several winners are alike.
func tie(r *metrics.Result, winners []*metrics.Strategy) string {
	if len(winners) < 2 {
		return ""
	}
	w, noise := winners[0], true
	for _, c := range criteria() {
		for _, s := range winners[1:] {
			noise = noise && (!known(c.of(s)) || !known(c.of(w)) || !compare(r, c, s, w).beyondNoise())
		}
	}
	return ", with " + noDifference(r, noise) + " between them"
}

// noDifference names the kind of tie: all within noise, or some of it certain
// but too small to matter.
func noDifference(r *metrics.Result, noise bool) string {
	if noise && r.Replications > 1 {
		return "no difference beyond noise"
	}
	return "no difference that matters"
}

// plain describes s on its own.
func plain(s *metrics.Strategy) string {
	out := shown(success(), s) + " of calls succeed"
	if known(s.LatencyP95) {
		out += ", with a p95 latency of " + shown(latency(), s)
	}
	return out
}

// reason says how u falls behind w: by the first criterion in which w is
// better. It reports false when there is none.
func reason(r *metrics.Result, w, u *metrics.Strategy) (string, bool) {
	var equal []string
	noise := true
	for _, c := range criteria() {
		if !known(c.of(w)) || !known(c.of(u)) {
			continue
		}
		d := compare(r, c, w, u)
		if !distinct(r, c, w, u) {
			equal = append(equal, c.noun)
			noise = noise && !d.beyondNoise()
			continue
		}
		if (d.mean > 0) != (c.better == more) {
			return "", false
		}
		next := printable(u.Name) + ", the next best, "
		if len(equal) > 0 {
			next += "shows " + noDifference(r, noise) + " in " + list(equal, "or") + " but "
		}
		return next + c.verb + " " + shown(c, u) + c.after + " (" + behind(c, d) + ")", true
	}
	return "", false
}

// behind writes how far the other strategy is behind, as a positive number.
func behind(c criterion, d difference) string {
	s, word := c.scale(math.Abs(d.mean)), " more"
	unit := s.unit
	if c.better == more {
		word, unit = " less", " points"
		d = difference{-d.mean, -d.hi, -d.lo, d.paired}
	}
	out := s.text(-d.mean) + unit + word
	if d.paired {
		out += ", 95 % interval " + s.text(-d.hi) + " to " + s.text(-d.lo) + unit
	}
	return out
}

// price says what w costs more than the best strategy whose succeeded calls
// are clearly cheaper, if there is one and it costs less in all.
func price(r *metrics.Result, w *metrics.Strategy, set []*metrics.Strategy) string {
	perCall := func(s *metrics.Strategy) float64 {
		if !known(s.CostUSD) || !known(s.Succeeded) || s.Succeeded.Mean <= 0 {
			return math.NaN()
		}
		return s.CostUSD.Mean / s.Succeeded.Mean
	}
	var cheaper []*metrics.Strategy
	for _, s := range set {
		if perCall(s)*dearer < perCall(w) && s.CostUSD.Mean < w.CostUSD.Mean {
			cheaper = append(cheaper, s)
		}
	}
	if len(cheaper) == 0 {
		return ""
	}
	s := choose(r, cheaper)[0]
	more := write(w.CostUSD.Mean-s.CostUSD.Mean, dollars)
	return fmt.Sprintf("; %s costs %s USD a replication, %s more than %s, the best of the cheaper ones (%s)",
		printable(w.Name), shown(cost(), w), more, printable(s.Name), plain(s))
}
