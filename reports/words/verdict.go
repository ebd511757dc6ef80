package words

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ratesim/sim/metrics"
)

// Verdict says in sentences what to choose and why, as r.Verdict has it: first the
// choice, then what no client can fix, what buying would give, and what changes
// against the baseline.
func Verdict(r *metrics.Result) []string {
	v := r.Verdict
	if v == nil {
		return []string{"This result has no verdict: it was saved by an older version. Run the scenario again for one."}
	}
	out := []string{choice(r, v)}
	for i := range min(len(v.Overload), overloads) {
		out = append(out, overload(&v.Overload[i]))
	}
	if n := len(v.Overload) - overloads; n > 0 {
		out = append(out, fmt.Sprintf("There are %d more such times; the JSON has them all.", n))
	}
	if v.Fits != nil {
		out = append(out, fits(v.Fits))
	}
	for i := range v.Buy {
		out = append(out, purchase(r, v, &v.Buy[i]))
	}
	if v.Baseline != nil {
		out = append(out, saved(v)...)
	}
	return out
}

// overloads is how many times of overload are told, those first in which most cannot
// be served.
const overloads = 3

// choice is the sentence that people act on.
func choice(r *metrics.Result, v *metrics.Verdict) string {
	switch v.State {
	case metrics.Nothing:
		return nothing(r, v)
	case metrics.Undecided:
		return undecided(r, v)
	case metrics.Leads:
		return leads(r, v)
	}
	chosen := Printable(v.Chosen[0])
	text := "Choose " + chosen
	if len(v.Ties) > 0 {
		text += ", the simplest of " + Names(v.Chosen, "and") + ", between which no difference matters"
	}
	text += ": "
	if len(v.SLO) > 0 {
		text += "it meets " + List(Printables(v.SLO), "and") + " for certain"
		if v.State == metrics.Decided && len(v.Why) > 0 {
			text += ", and its answers cost least"
		}
		text += "; "
	}
	return text + does(r, v.Chosen[0]) + "." + next(r, v)
}

// does says what becomes of the calls under a strategy: "2.3 of 1,000 calls fail, and
// 95 % succeed within 7.4 s".
func does(r *metrics.Result, name string) string {
	s := r.Find(name)
	if s == nil {
		return "nothing is known of it"
	}
	var parts []string
	if e := s.Values[metrics.AnswersPerMin]; Known(e) && slices.Contains(r.Verdict.By, "answers_per_min") {
		parts = append(parts, "its users get "+Write(e.Mean, Quantity)+" answers a minute")
	}
	if e := s.Values[metrics.FailedPer1000]; Known(e) {
		c := CellOf(PerThousand, *e, false)
		switch {
		case e.Mean == 0 && r.Replications > 1:
			parts = append(parts, "no call fails (at most "+Write(e.Hi, PerThousand)+" of 1,000)")
		case e.Mean == 0:
			parts = append(parts, "no call fails")
		default:
			parts = append(parts, c.String()+" of 1,000 calls fail")
		}
	}
	for _, q := range []struct {
		id   metrics.ID
		text string
	}{{metrics.TimeToSuccessP95, "95 %"}, {metrics.TimeToSuccessP50, "half"}} {
		if e := s.Values[q.id]; Known(e) {
			parts = append(parts, q.text+" succeed within "+Write(e.Mean, Seconds))
			break
		}
	}
	return List(parts, "and")
}

// next names the strategy that came nearest, and by what it fell behind.
func next(r *metrics.Result, v *metrics.Verdict) string {
	if len(v.Why) == 0 {
		return ""
	}
	w := slices.MinFunc(v.Why, func(a, b metrics.Reason) int {
		return cmp.Or(cmp.Compare(slices.Index(v.By, b.Metric), slices.Index(v.By, a.Metric)), cmp.Compare(size(&a), size(&b)))
	})
	return " The next best, " + Printable(w.Against) + ", " + behind(&w, r.Replications) + "."
}

// size is how large a difference is, to find the smallest.
func size(w *metrics.Reason) float64 {
	switch {
	case w.Difference != nil:
		return w.Difference.Mean
	case w.Ratio != nil:
		return w.Ratio.Mean
	}
	return math.Inf(1)
}

// behind says how much worse a strategy is than the one preferred to it.
func behind(w *metrics.Reason, replications int) string {
	interval := func(e *metrics.Estimate, of func(float64) Scale) string {
		if replications < 2 || e.Lo == e.Hi {
			return ""
		}
		return " (" + Ends(of, *e, true) + ")"
	}
	factor := func(what, more string) string {
		if w.Ratio == nil {
			return "never " + what
		}
		return fmt.Sprintf("%s %s times%s %s", more, Write(w.Ratio.Mean, Multiple), interval(w.Ratio, Multiple), what)
	}
	switch w.Metric {
	case "failed_per_1000":
		return "fails " + Write(w.Difference.Mean, PerThousand) + interval(w.Difference, PerThousand) + " more of 1,000 calls than " + Printable(w.By)
	case "answers_per_min":
		return "gives its users fewer answers: " + Printable(w.By) + " gives " + Write(w.Ratio.Mean, Multiple) + " times" + interval(w.Ratio, Multiple) + " as many"
	case "time_to_success_p95":
		return factor("as long as "+Printable(w.By)+" until 95 % of the calls succeed", "takes")
	case "time_to_success_p50":
		return factor("as long as "+Printable(w.By)+" until half of the calls succeed", "takes")
	case "amplification":
		return factor("as many attempts as "+Printable(w.By), "sends")
	case "cost_per_success_usd":
		return factor("as much for an answer as "+Printable(w.By), "pays")
	}
	return "is worse than " + Printable(w.By) + " in " + Printable(w.Metric)
}

func nothing(r *metrics.Result, v *metrics.Verdict) string {
	if len(v.SLO) == 0 {
		return "Nothing to choose: no strategy gets a single call answered."
	}
	text := "No strategy meets " + List(Printables(v.SLO), "and") + "."
	if len(v.Misses) == 0 {
		return text
	}
	m := v.Misses[0]
	text += " " + Printable(m.Strategy) + " comes nearest: "
	if m.Value == nil {
		return text + "it never reaches " + Printable(m.SLO) + "."
	}
	name, _, _ := strings.Cut(m.SLO, "<")
	name, _, _ = strings.Cut(name, ">")
	name = strings.TrimSpace(name)
	of := ScalingOf(name[strings.LastIndexByte(name, '.')+1:])
	return text + Printable(name) + " is " + Write(m.Value.Mean, of) + " (" + Ends(of, *m.Value, true) + "), which misses " + Printable(m.SLO) + "."
}

// undecided says who is left, and what may still be between them.
func undecided(r *metrics.Result, v *metrics.Verdict) string {
	text := fmt.Sprintf("Undecided after %d replications", r.Replications)
	if len(v.SLO) > 0 {
		return text + ": " + Names(v.Chosen, "and") + " may or may not meet " + List(Printables(v.SLO), "and") + "."
	}
	text += " between " + Names(v.Chosen, "and") + ". " + Printable(v.Chosen[0]) + " is the simplest: " + does(r, v.Chosen[0]) + "."
	var possible []string
	for _, p := range v.Possible {
		if t := atMost(&p); t != "" {
			possible = append(possible, t)
		}
	}
	if len(possible) > 0 {
		text += " Still possible: " + strings.Join(possible, "; ") + "."
	}
	return text
}

// atMost says the largest difference that is still possible.
func atMost(p *metrics.Reason) string {
	a, b := Printable(p.Against), Printable(p.By)
	switch {
	case p.Difference != nil:
		return fmt.Sprintf("%s fails up to %s more of 1,000 calls than %s", a, Write(p.Difference.Hi, PerThousand), b)
	case p.Ratio == nil || math.IsInf(p.Ratio.Hi, 1):
		return ""
	case p.Metric == "amplification":
		return fmt.Sprintf("%s sends up to %s times as many attempts as %s", a, Write(p.Ratio.Hi, Multiple), b)
	case p.Metric == "answers_per_min":
		return fmt.Sprintf("%s gives up to %s times as many answers as %s", b, Write(p.Ratio.Hi, Multiple), a)
	}
	return fmt.Sprintf("%s takes up to %s times as long as %s", a, Write(p.Ratio.Hi, Multiple), b)
}

func leads(r *metrics.Result, v *metrics.Verdict) string {
	count := "One replication is"
	if r.Replications > 1 {
		count = fmt.Sprintf("%d replications are", r.Replications)
	}
	return fmt.Sprintf("%s too few for a verdict. %s leads, which may be chance: %s.", count, Printable(v.Chosen[0]), does(r, v.Chosen[0]))
}

// overload says what no client can fix.
func overload(o *metrics.Overload) string {
	when := fmt.Sprintf("From %s to %s", Clock(o.From), Clock(o.To))
	if o.Share < 1 {
		when = fmt.Sprintf("In bursts, which fill %s of the time from %s to %s,", Write(o.Share, Percent), Clock(o.From), Clock(o.To))
	}
	unit, per := UnitOf(o.Limit)
	return fmt.Sprintf("%s the calls ask for %s %s %s, and the limit %s gives %s: whatever the client does, about %s of all %s cannot be served in time.",
		when, Write(o.Demand, Quantity), unit, per, Printable(o.Limit), Write(o.Allowed, Quantity), Write(o.Missed, Percent), unit)
}

// UnitOf is what a limit counts, in words, and over what time.
func UnitOf(name string) (unit, per string) {
	switch name {
	case "concurrency":
		return "requests", "at a time"
	case "queued_tokens":
		return "tokens", "at a time"
	}
	if strings.HasPrefix(name, "rp") {
		return "requests", "a minute"
	}
	return "tokens", "a minute"
}

// clockTime writes seconds since the beginning as h:mm:ss or m:ss.
func Clock(s float64) string {
	n := int(math.Round(s))
	if n >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
	}
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}

func fits(f *metrics.Fit) string {
	if f.Provider == "" {
		return "No tier of the same model in the catalog would be enough."
	}
	text := fmt.Sprintf("%s would be enough: with %s, %s of the calls succeed there.", Printable(f.Provider), Printable(f.Strategy), Write(f.SuccessRate.Mean, Percent))
	if cost, ok := f.CostPerSuccessUSD, Known(f.CostPerSuccessUSD); ok && cost.Mean > 0 {
		text = strings.TrimSuffix(text, ".") + ", for " + Write(1000*cost.Mean, Dollars) + " USD per 1,000 answers."
	}
	return text + Tier(f.Asks, f.Derived)
}

// Tier says what a tier that is recommended asks for, and from what its limits are derived, if
// nobody has read them; either may be empty. The text begins with a space.
func Tier(asks, derived string) string {
	text := ""
	if asks != "" {
		text = " To get that tier: " + Printable(asks) + "."
	}
	if derived != "" {
		text += " Nobody has read its limits; they are derived: " + Printable(derived) + "."
	}
	return text
}

// purchase says what a strategy that is bought costs and gains.
func purchase(r *metrics.Result, v *metrics.Verdict, p *metrics.Purchase) string {
	more := "costs " + Write(p.USD.Mean, Dollars) + " USD more a run"
	if p.USD.Mean < 0 {
		more = "costs " + Write(-p.USD.Mean, Dollars) + " USD less a run"
	}
	return fmt.Sprintf("%s sends to another deployment too: against %s it %s; with it %s.",
		Printable(p.What), Printable(v.Chosen[0]), more, does(r, p.What))
}

// saved says how many calls a day no longer fail.
func saved(v *metrics.Verdict) []string {
	b := v.Baseline
	if len(v.Chosen) == 0 {
		return nil
	}
	for _, s := range b.Saved {
		if s.Strategy != v.Chosen[0] {
			continue
		}
		e, word := *s.CallsPerDay, "fewer"
		if e.Mean < 0 {
			e, word = metrics.Estimate{Mean: -e.Mean, Lo: -e.Hi, Hi: -e.Lo}, "more"
		}
		return []string{fmt.Sprintf("Compared with %s, which runs today, %s %s calls a day (%s) fail.", Printable(b.Name), Write(e.Mean, Quantity), word, Ends(Quantity, e, true))}
	}
	return []string{Printable(b.Name) + " is what runs today."}
}

// Names lists strategies.
func Names(set []string, last string) string { return List(Printables(set), last) }

// Printables returns each text as [Printable] does.
func Printables(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = Printable(t)
	}
	return out
}

// List joins words: "a, b and c".
func List(words []string, last string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
	}
	return strings.Join(words, "")
}

// Ranked returns the n best strategies of set: those chosen, then the others by what
// they were compared by.
func Ranked(r *metrics.Result, set []*metrics.Strategy, n int) []*metrics.Strategy {
	place := func(s *metrics.Strategy) int {
		if r.Verdict == nil {
			return 0
		}
		if i := slices.Index(r.Verdict.Chosen, s.Name); i >= 0 {
			return i - len(r.Verdict.Chosen)
		}
		return 0
	}
	value := func(s *metrics.Strategy, id metrics.ID) float64 {
		if v, ok := Mean(&s.Values, id); ok {
			return v
		}
		return math.Inf(1)
	}
	sorted := slices.SortedStableFunc(slices.Values(set), func(a, b *metrics.Strategy) int {
		return cmp.Or(cmp.Compare(place(a), place(b)),
			cmp.Compare(value(a, metrics.FailedPer1000), value(b, metrics.FailedPer1000)),
			cmp.Compare(value(a, metrics.TimeToSuccessP95), value(b, metrics.TimeToSuccessP95)))
	})
	return sorted[:min(n, len(sorted))]
}
