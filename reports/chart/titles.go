package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// few is how many calls of 1,000 may fail that a strategy is said to fail hardly any.
const few = 1

// rankingTitle says who fails hardly any call and who answers soonest.
func (f *field) rankingTitle() string {
	if v := f.Verdict; v != nil && v.State == metrics.Nothing && len(v.SLO) == 0 {
		return "No strategy gets a single call answered"
	}
	set := f.competing
	if len(set) == 0 {
		set = f.all
	}
	if len(set) == 1 {
		return f.does(&set[0])
	}
	var good, bad []entry
	most := 0.0
	for _, e := range set {
		failed, ok := words.Mean(&e.Values, metrics.FailedPer1000)
		if !ok {
			continue
		}
		if failed < few {
			good, most = append(good, e), max(most, failed)
		} else {
			bad = append(bad, e)
		}
	}
	switch {
	case len(good)+len(bad) == 0:
		return "Nothing is known of the calls"
	case len(good) == 0:
		return f.fewest(bad)
	}
	title := group(good, len(set)) + " fail" + s(len(good)) + " fewer than 1 of 1,000 calls"
	if most == 0 {
		title = group(good, len(set)) + " fail" + s(len(good)) + " no call"
	}
	if soonest := f.soonest(good); soonest != "" {
		title += "; " + soonest
	} else if len(bad) > 0 && len(good) <= 4 {
		title += fmt.Sprintf("; the next, %s, fails %s", bad[0].name(), perThousand(lost(&bad[0])))
	} else if len(bad) > 0 {
		worst := slices.MaxFunc(bad, func(a, b entry) int { return cmp.Compare(lost(&a), lost(&b)) })
		title += fmt.Sprintf("; %s fails %s", worst.name(), perThousand(lost(&worst)))
	}
	return capital(title)
}

// perThousand writes a number of calls of every 1,000, and keeps what is rare apart from
// nothing.
func perThousand(v float64) string {
	return words.CellOf(words.PerThousand, metrics.Estimate{Mean: v}, false).String()
}

// lost is how many calls of 1,000 a strategy fails.
func lost(e *entry) float64 {
	v, _ := words.Mean(&e.Values, metrics.FailedPer1000)
	return v
}

// s is the end of a verb whose subject is one.
func s(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

// does says what becomes of the calls under the only strategy.
func (f *field) does(e *entry) string {
	failed, ok := words.Mean(&e.Values, metrics.FailedPer1000)
	if !ok {
		return "Nothing is known of " + e.name()
	}
	title := e.name() + " fails " + perThousand(failed) + " of 1,000 calls"
	if failed == 0 {
		title = e.name() + " fails no call"
	}
	if t, ok := words.Mean(&e.Values, metrics.TimeToSuccessP95); ok {
		title += " and answers 95 % within " + words.Write(t, words.Seconds)
	}
	return title
}

// fewest says who fails fewest calls, where everybody fails some.
func (f *field) fewest(set []entry) string {
	low, high := &set[0], &set[0]
	for i := range set {
		if lost(&set[i]) < lost(low) {
			low = &set[i]
		}
		if lost(&set[i]) > lost(high) {
			high = &set[i]
		}
	}
	if lost(low) == lost(high) {
		return fmt.Sprintf("All strategies fail %s of 1,000 calls", perThousand(lost(low)))
	}
	return fmt.Sprintf("Every client fails calls: %s fewest with %s of 1,000, %s most with %s",
		low.name(), perThousand(lost(low)), high.name(), perThousand(lost(high)))
}

// soonest names the strategy that answers 95 % of the calls first, where that is beyond
// chance or there are no replications to tell.
func (f *field) soonest(set []entry) string {
	if len(set) < 2 {
		return ""
	}
	best, second := -1, math.Inf(1)
	time := func(i int) float64 {
		if t, ok := words.Mean(&set[i].Values, metrics.TimeToSuccessP95); ok {
			return t
		}
		return math.Inf(1)
	}
	for i := range set {
		if best < 0 || time(i) < time(best) {
			best = i
		}
	}
	for i := range set {
		if i == best {
			continue
		}
		second = min(second, time(i))
		if d := f.paired(set[i].Name, set[best].Name, metrics.TimeToSuccessP95); d != nil && f.Replications > 1 && d.Lo <= 0 {
			return ""
		}
	}
	if !(time(best) < second) {
		return ""
	}
	return fmt.Sprintf("%s answers 95 %% soonest, within %s", set[best].name(), words.Write(time(best), words.Seconds))
}

// paired returns a minus b in a metric, nil where it is not known.
func (f *field) paired(a, b string, id metrics.ID) *metrics.Estimate {
	name := metrics.Metrics()[id].Name
	for i := range f.Paired {
		p := &f.Paired[i]
		switch {
		case p.Metric != name:
		case p.A == a && p.B == b:
			return &metrics.Estimate{Mean: p.Mean, Lo: p.Lo, Hi: p.Hi}
		case p.A == b && p.B == a:
			return &metrics.Estimate{Mean: -p.Mean, Lo: -p.Hi, Hi: -p.Lo}
		}
	}
	return nil
}
