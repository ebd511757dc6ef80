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
	d.Legend = []string{"One replication: differences may be chance."}
	if r.Replications != 1 {
		d.Legend[0] = fmt.Sprintf("Means of %d replications, seed %d; ± half the 95 %% interval of the difference.", r.Replications, r.Seed)
	}
	return d
}

// claimChecks are the cases of a claim. A case that ends as recorded passes, whether it
// holds or not.
func claimChecks(c *metrics.Claim) Checklist {
	held, _ := conditions(c)
	out := Checklist{Name: c.Name, Finding: strings.TrimSpace(string(c.Verdict) + " " + held), About: c.About}
	for i := range c.Cases {
		k := &c.Cases[i]
		item := Check{Met: k.Holds, Failed: k.Holds != k.Recorded, State: "no", Text: "if " + k.If, Parts: k.Expectations}
		if k.Holds {
			item.State = "yes"
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

// claimRow is the verdict on a claim, and of the first case in which it holds and of
// the first in which it does not the numbers that decided.
func claimRow(c *metrics.Claim) Row {
	verdict := text(string(c.Verdict))
	if held, failed := conditions(c); held != "" {
		verdict.Ends = held + ". Not if " + failed
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

// conditions says in which cases a claim holds and in which not, where it depends.
func conditions(c *metrics.Claim) (held, failed string) {
	if c.Verdict != metrics.HoldsOnlyIf {
		return "", ""
	}
	var yes, no []string
	for i := range c.Cases {
		if c.Cases[i].Holds {
			yes = append(yes, c.Cases[i].If)
		} else {
			no = append(no, c.Cases[i].If)
		}
	}
	return strings.Join(yes, "; or "), strings.Join(no, "; or ")
}

// claimRecords has a row for each expectation of each case.
func claimRecords(r *metrics.Claims) [][]string {
	rows := [][]string{{"claim", "verdict", "changed", "if", "holds", "recorded", "expectation", "met", "certain",
		"value", "against", "margin", "margin_lo", "margin_hi"}}
	for i := range r.Claims {
		c := &r.Claims[i]
		for _, k := range c.Cases {
			for _, e := range k.Expectations {
				row := []string{c.Name, string(c.Verdict), strconv.FormatBool(c.Changed), k.If, strconv.FormatBool(k.Holds),
					strconv.FormatBool(k.Recorded), e.Text, strconv.FormatBool(e.Met), strconv.FormatBool(e.Certain), known(e.Value), known(e.Against)}
				rows = append(rows, append(row, decimals(roundEstimate(e.Margin))...))
			}
		}
	}
	return rows
}
