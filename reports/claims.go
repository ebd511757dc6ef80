package reports

import (
	"fmt"
	"strconv"
	"strings"

	"ratesim/sim/metrics"
)

// Claims is what was found about claims, case by case, with the numbers that decided.
func Claims(r *metrics.Claims) *Document {
	d := &Document{Kind: KindClaims, Name: "claims", Data: rounded{r}, Records: claimRecords(r)}
	count := map[metrics.ClaimVerdict]int{}
	sum := Table{Of: "claim", Columns: []Column{{Head: "verdict"}, {Head: "decided by"}}, Checks: true}
	for i := range r.Claims {
		c := &r.Claims[i]
		count[c.Verdict]++
		d.Checks = append(d.Checks, claimChecks(c))
		sum.Rows = append(sum.Rows, claimRow(c))
	}
	d.Tables = []Table{sum}
	d.Title = fmt.Sprintf("Claims that hold: %d; that hold only under conditions: %d; that do not: %d.",
		count[metrics.Holds], count[metrics.HoldsOnlyIf], count[metrics.HoldsNot])
	if n := count[metrics.HoldsMaybe]; n > 0 {
		d.Title = strings.TrimSuffix(d.Title, ".") + fmt.Sprintf("; that are undecided: %d.", n)
	}
	d.Legend = []string{"One replication: differences may be chance."}
	if r.Replications != 1 {
		d.Legend[0] = fmt.Sprintf("Means of %d replications, seed %d; ± half the 95 %% interval of the difference.", r.Replications, r.Seed)
	}
	return d
}

// claimChecks are the cases of a claim. A case that ends as recorded passes, whether it
// holds or not.
func claimChecks(c *metrics.Claim) Checklist {
	held, _, _ := conditions(c)
	out := Checklist{Name: c.Name, Finding: strings.TrimSpace(string(c.Verdict) + " " + held), About: c.About, Notes: notesOf(c)}
	for i := range c.Cases {
		k := &c.Cases[i]
		item := Check{Met: k.Holds, Failed: k.Holds != k.Recorded, State: "no", Text: "if " + k.If, Parts: k.Expectations}
		switch {
		case k.Holds:
			item.State = "yes"
		case !k.Decided():
			item.State, item.Chance = "undecided", true
		}
		if item.Failed {
			item.State, item.Value = strings.ToUpper(item.State), "recorded as no"
			if k.Recorded {
				item.Value = "recorded as yes"
			}
		}
		out.Items = append(out.Items, item)
	}
	return out
}

// notesOf says why the test of a claim is fair, and what would change the verdict.
func notesOf(c *metrics.Claim) []string {
	var notes []string
	if c.Fair != "" {
		notes = append(notes, "Why this is a fair test: "+c.Fair)
	}
	if c.Changes != "" {
		notes = append(notes, "What would change the verdict: "+c.Changes)
	}
	return notes
}

// claimRow is the verdict on a claim, and of the first case in which it holds and of
// the first in which it does not the numbers that decided.
func claimRow(c *metrics.Claim) Row {
	verdict := text(string(c.Verdict))
	if held, failed, open := conditions(c); held != "" {
		verdict.Ends = held
		if failed != "" {
			verdict.Ends += ". Not if " + failed
		}
		if open != "" {
			verdict.Ends += ". Undecided if " + open
		}
	}
	if c.Changed {
		verdict.Ends = strings.TrimSpace(verdict.Ends + " (not as recorded)")
	}
	var numbers []string
	for _, holds := range []bool{true, false} {
		for k := range c.Cases {
			if c.Cases[k].Holds == holds {
				e := c.Cases[k].Deciding()
				numbers = append(numbers, e.Text+": "+figures(e))
				break
			}
		}
	}
	return Row{Name: c.Name + ": " + c.About, Cells: []Cell{verdict, text(strings.Join(numbers, " · "))}}
}

// conditions says in which cases a claim holds, in which it does not and in which that is
// undecided, where it depends.
func conditions(c *metrics.Claim) (held, failed, open string) {
	if c.Verdict != metrics.HoldsOnlyIf {
		return "", "", ""
	}
	var yes, no, perhaps []string
	for i := range c.Cases {
		switch k := &c.Cases[i]; {
		case k.Holds:
			yes = append(yes, k.If)
		case k.Decided():
			no = append(no, k.If)
		default:
			perhaps = append(perhaps, k.If)
		}
	}
	return strings.Join(yes, "; or "), strings.Join(no, "; or "), strings.Join(perhaps, "; or ")
}

// claimRecords has a row for each expectation of each case.
func claimRecords(r *metrics.Claims) [][]string {
	rows := [][]string{{"claim", "verdict", "changed", "if", "holds", "decided", "recorded", "expectation", "met", "certain",
		"value", "against", "margin", "margin_lo", "margin_hi"}}
	for i := range r.Claims {
		c := &r.Claims[i]
		for _, k := range c.Cases {
			for _, e := range k.Expectations {
				row := []string{c.Name, string(c.Verdict), strconv.FormatBool(c.Changed), k.If, strconv.FormatBool(k.Holds), strconv.FormatBool(k.Decided()),
					strconv.FormatBool(k.Recorded), e.Text, strconv.FormatBool(e.Met), strconv.FormatBool(e.Certain), known(e.Value), known(e.Against)}
				rows = append(rows, append(row, decimals(roundEstimate(e.Margin))...))
			}
		}
	}
	return rows
}
