package reports

import (
	"fmt"
	"strings"

	"ratesim/provider/conformance"
	"ratesim/reports/words"
)

// Grades makes a document of how clients of the mock provider behaved: a checklist for
// each key, and one for all together, which also has what the run leaves open.
func Grades(r *conformance.Report) *Document {
	d := &Document{Kind: KindGrades, Name: "conformance", Title: "conformance: " + r.Level.String(), Data: r}
	verdicts := map[string]*conformance.Verdict{}
	open := map[conformance.Level][]string{}
	for i := range r.Rules {
		v := &r.Rules[i]
		if verdicts[v.Name] = v; v.Open {
			open[v.Level] = append(open[v.Level], v.Name)
		}
	}
	all := &r.Keys[len(r.Keys)-1]
	d.Facts = []string{fmt.Sprintf("API keys: %d", len(r.Keys)-1), fmt.Sprintf("requests: %d", all.Attempts), fmt.Sprintf("refused: %d", all.Refused)}
	if untested := open[conformance.Untested]; all.Attempts == 0 {
		d.Lead = append(d.Lead, "No client sent a request that could be graded; is the base URL right?")
	} else if untested != nil {
		d.Lead = append(d.Lead, fmt.Sprintf("Nothing exercised %s.", words.Names(untested, "and")))
	}
	if unclear := open[conformance.CannotTell]; unclear != nil {
		d.Lead = append(d.Lead, fmt.Sprintf("Nobody can tell whether the clients keep %s.", words.Names(unclear, "and")))
	}
	if len(open) > 0 && all.Attempts > 0 {
		d.Lead = append(d.Lead, "--allow-untested accepts this.")
	}
	for i := range r.Keys {
		d.Checks = append(d.Checks, gradeChecks(&r.Keys[i], verdicts))
	}
	last := &d.Checks[len(d.Checks)-1]
	for _, name := range open[conformance.Untested] {
		last.Items = append(last.Items, Check{Failed: true, State: state(conformance.Untested), Text: name, Value: "no case", Lines: []string{verdicts[name].Says}})
	}
	return d
}

// gradeChecks are the rules that a client has exercised.
func gradeChecks(g *conformance.Grade, verdicts map[string]*conformance.Verdict) Checklist {
	list := Checklist{Name: g.Key, Finding: fmt.Sprintf("%v (%d requests for %d calls, %d refused by limits, %d refused in all)", g.Level, g.Attempts, g.Calls, g.Limited, g.Refused)}
	if g.Tenant != "" {
		list.Name = g.Tenant + ", " + g.Key
	}
	var untested []string
	for i := range g.Findings {
		f := &g.Findings[i]
		if f.Level == conformance.Untested {
			untested = append(untested, f.Name)
			continue
		}
		v := verdicts[f.Name]
		k := Check{Met: f.Level == conformance.Pass, State: state(f.Level), Text: f.Name, Value: shareOf(f), Lines: []string{f.Says}}
		k.Failed = f.Level == conformance.Fail && v.Decides || f.Level == conformance.CannotTell && v.Open
		k.Chance = !k.Met && !k.Failed
		for _, x := range f.Examples {
			k.Lines = append(k.Lines, x.Says)
		}
		list.Items = append(list.Items, k)
	}
	if untested != nil {
		list.Notes = append(list.Notes, "untested: "+strings.Join(untested, ", "))
	}
	return list
}

func state(l conformance.Level) string { return strings.ToUpper(l.String()) }

// shareOf is what was found of a rule, with the ends of its interval.
func shareOf(f *conformance.Finding) string {
	return fmt.Sprintf("%d of %d, %.3g %%, between %.2g and %.3g %%", f.Bad, f.Of, f.Share*100, f.Low*100, f.High*100)
}
