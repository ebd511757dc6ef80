package chart

import (
	"fmt"
	"slices"
	"strings"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// An entry is a strategy of a result, in the order and the role in which charts show
// it.
type entry struct {
	*metrics.Strategy
	role   Role
	bought bool // it sends to another deployment too, and does not compete
	reason *metrics.Reason
}

// A field is all strategies of a result, best first; then those that are bought, and
// oracle last.
type field struct {
	*metrics.Result
	all       []entry
	competing []entry // without those that are bought, and oracle
}

// sameCost is by how much costs may differ that count as the same.
const sameCost = 0.05

func fieldOf(r *metrics.Result) field {
	f := field{Result: r}
	var bought, bound []entry
	var set []*metrics.Strategy
	for _, s := range words.InOrder(r) {
		switch {
		case s.Name == words.Oracle:
			bound = append(bound, entry{Strategy: s, role: Bound})
		case r.Verdict != nil && slices.ContainsFunc(r.Verdict.Buy, func(p metrics.Purchase) bool { return p.What == s.Name }):
			bought = append(bought, entry{Strategy: s, bought: true})
		default:
			set = append(set, s)
		}
	}
	for _, s := range words.Ranked(r, set, len(set)) {
		e := entry{Strategy: s}
		if v := r.Verdict; v != nil {
			if v.State != metrics.Nothing && slices.Contains(v.Chosen, s.Name) {
				e.role = Chosen
			}
			if i := slices.IndexFunc(v.Why, func(w metrics.Reason) bool { return w.Against == s.Name }); i >= 0 {
				e.reason = &v.Why[i]
			}
		}
		f.competing = append(f.competing, e)
	}
	f.markCheaper()
	f.all = slices.Concat(f.competing, bought, bound)
	return f
}

// markCheaper finds the best of those whose answers cost less than the chosen one's.
func (f *field) markCheaper() {
	best := f.best()
	if best == nil || best.role != Chosen {
		return
	}
	price, ok := words.Mean(&best.Values, metrics.CostPerSuccessUSD)
	for i := range f.competing {
		e := &f.competing[i]
		if cost, known := words.Mean(&e.Values, metrics.CostPerSuccessUSD); ok && known && e.role == Other && cost < price*(1-sameCost) {
			e.role = Cheaper
			return
		}
	}
}

// best is the first of those that compete; nil where there is none.
func (f *field) best() *entry {
	if len(f.competing) == 0 {
		return nil
	}
	return &f.competing[0]
}

// next is the best of those that are not chosen or, where all are, the second.
func (f *field) next() *entry {
	if i := slices.IndexFunc(f.competing, func(e entry) bool { return e.role != Chosen }); i > 0 {
		return &f.competing[i]
	}
	if len(f.competing) > 1 {
		return &f.competing[1]
	}
	return nil
}

// head returns a head with the facts of the result.
func (f *field) head(name, title string, notes ...string) Head {
	return Head{Name: name, Title: title, Notes: notes, Facts: facts(f.Result)}
}

// facts says what was run, for a picture that stands alone.
func facts(r *metrics.Result) []string {
	var out []string
	for _, s := range []string{r.Scenario, r.Provider} {
		if s != "" {
			out = append(out, words.Printable(s))
		}
	}
	if r.Kind == "live" {
		out = append(out, "over HTTP")
	}
	for i := range r.Strategies {
		if n, ok := words.Mean(&r.Strategies[i].Values, metrics.Calls); ok {
			out = append(out, plural(words.Write(n, words.Quantity), "call"))
			break
		}
	}
	return append(out, words.Replications(r), fmt.Sprintf("seed %d", r.Seed))
}

// plural writes a count of things: "1 call", "12.3k calls".
func plural(n, thing string) string {
	if n == "1" {
		return n + " " + thing
	}
	return n + " " + thing + "s"
}

// colours says what the colours of names mean.
func (f *field) colours() string {
	var out []string
	chosen := 0
	for i := range f.all {
		switch f.all[i].role {
		case Chosen:
			chosen++
		case Cheaper:
			out = append(out, "Green: the best of those that cost less.")
		}
	}
	v := f.Verdict
	switch {
	case chosen == 0:
	case v.State == metrics.Leads:
		out = slices.Insert(out, 0, "Blue: it leads, which may be chance.")
	case v.State == metrics.Undecided:
		out = slices.Insert(out, 0, "Blue: the replications do not decide between these.")
	case v.State == metrics.Tied:
		out = slices.Insert(out, 0, "Blue: chosen; no difference between them matters.")
	default:
		out = slices.Insert(out, 0, "Blue: chosen.")
	}
	return strings.Join(out, " ")
}

func (e *entry) name() string { return words.Printable(e.Name) }

func names(set []entry) []string {
	var out []string
	for i := range set {
		out = append(out, set[i].name())
	}
	return out
}

// group names strategies, up to four; of more it says how many they are.
func group(set []entry, of int) string {
	if len(set) <= 4 {
		return words.List(names(set), "and")
	}
	if len(set) == of {
		return fmt.Sprintf("all %d strategies", of)
	}
	return fmt.Sprintf("%d of %d strategies", len(set), of)
}

// capital begins a sentence with a capital letter where it begins with a count of all;
// names of strategies stay as they are.
func capital(s string) string {
	if strings.HasPrefix(s, "all ") {
		return "A" + s[1:]
	}
	return s
}
