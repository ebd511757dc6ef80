package words

import (
	"fmt"
	"strings"

	"ratesim/sim/metrics"
)

// Tuning says in sentences whether other parameters are better than those that a strategy
// has, how sure that is, and how flat the optimum is.
func Tuning(t *metrics.Tuning) []string {
	others := len(t.Settings) - 1
	if t.State == metrics.NoEffect {
		return []string{fmt.Sprintf("The default is as good: the parameters have no effect here. All %d other settings give the same runs as the default, event by event.", others)}
	}
	best, v := Printable(t.Best), t.Held.Verdict
	var out []string
	switch t.State {
	case metrics.Better:
		out = []string{fmt.Sprintf("Use %s instead of the default: %s", best, does(t.Held, t.Best)) + tunedLoss(v, t.Held.Replications, "The default") + "."}
	case metrics.AsGood:
		out = []string{fmt.Sprintf("The default is as good: between it and %s, the best of %d other settings where they were chosen, no difference matters on the part that was held back. With the default %s.", best, others, does(t.Held, "default"))}
	case metrics.Worse:
		out = []string{fmt.Sprintf("Keep the default: on the part that was held back it is better than %s, the best of %d other settings where they were chosen. With the default %s", best, others, does(t.Held, "default")) + tunedLoss(v, t.Held.Replications, "That setting") + "."}
	case metrics.NoneGood:
		out = []string{fmt.Sprintf("Neither the default nor %s, the best of %d other settings, is good enough. %s", best, others, nothing(t.Held, v))}
	default:
		out = []string{fmt.Sprintf("Keep the default: whether %s is better cannot be told from the %s that were held back. More runs may tell.", best, Replications(t.Held))}
		var possible []string
		for i := range v.Possible {
			if text := atMost(&v.Possible[i]); text != "" {
				possible = append(possible, text)
			}
		}
		if possible != nil {
			out = append(out, "Still possible: "+strings.Join(possible, "; ")+".")
		}
	}
	if text := claim(t, best); text != "" {
		out = append(out, text)
	}
	return append(out, flat(t, best)...)
}

// tunedLoss says by how much the setting that a verdict leaves out is worse.
func tunedLoss(v *metrics.Verdict, replications int, who string) string {
	if len(v.Why) == 0 {
		return ", and it alone meets " + List(Printables(v.SLO), "and") + " for certain"
	}
	return ". " + who + " " + behind(&v.Why[0], replications)
}

// claim says where the part that was held back does not bear out what settings were chosen by.
func claim(t *metrics.Tuning, best string) string {
	v := t.Claim
	if t.State == metrics.Better || v.State != metrics.Decided || v.Chosen[0] != t.Best {
		return ""
	}
	text := "The choice does not hold: on " + t.Chosen + " " + best + " was certainly better than the default"
	if len(v.Why) > 0 {
		text += ", which " + behind(&v.Why[0], 2)
	}
	return text + "; on " + t.Judged + " it is not."
}

// flat says which other settings are as good as the best.
func flat(t *metrics.Tuning, best string) []string {
	by := map[metrics.TuningState][]string{}
	like, lost := 0, 0
	for i := range t.Settings {
		s := &t.Settings[i]
		by[s.Against] = append(by[s.Against], s.Name)
		if s.Like != "" {
			like++
		}
		if s.Lost != nil {
			lost++
		}
	}
	var out []string
	for _, k := range []struct {
		state metrics.TuningState
		text  string
	}{{metrics.AsGood, "As good as %s, for no difference matters: %s."}, {metrics.Better, "Certainly better than %s on the part that was held back: %s; only a new search can tell how much of that is luck."},
		{metrics.Worse, "Certainly worse than %s: %s."}, {metrics.Unsure, "Not told apart from %s: %s."}} {
		if names := by[k.state]; names != nil && (t.State == metrics.Better || t.State == metrics.AsGood) {
			out = append(out, fmt.Sprintf(k.text, best, Names(names, "and")))
		}
	}
	if lost > 0 {
		out = append(out, fmt.Sprintf("%d of %d settings were left out early, as certainly worse than another.", lost, len(t.Settings)-1))
	}
	if like > 0 {
		out = append(out, fmt.Sprintf("%d of %d settings give the same runs as another, event by event.", like, len(t.Settings)-1))
	}
	return out
}
