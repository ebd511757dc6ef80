package reports

import (
	"fmt"
	"strconv"

	"ratesim/provider/capacity"
	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// claimsDifference is which claims end otherwise.
func claimsDifference(a, b *Saved) *Document {
	find := func(r *metrics.Claims, name string) *metrics.Claim {
		for i := range r.Claims {
			if r.Claims[i].Name == name {
				return &r.Claims[i]
			}
		}
		return nil
	}
	t := Table{Of: "claim", Columns: []Column{{Head: "A"}, {Head: "B"}}}
	records := [][]string{{"claim", "a", "b"}}
	both := 0
	verdict := func(c *metrics.Claim) string {
		if c == nil {
			return words.Absent
		}
		return string(c.Verdict)
	}
	add := func(name string, x, y *metrics.Claim) {
		records = append(records, []string{name, verdict(x), verdict(y)})
		if verdict(x) != verdict(y) {
			t.add(name, text(verdict(x)), text(verdict(y)))
		}
	}
	for i := range a.Claims.Claims {
		x := &a.Claims.Claims[i]
		y := find(b.Claims, x.Name)
		if y != nil {
			both++
		}
		add(x.Name, x, y)
	}
	for i := range b.Claims.Claims {
		if y := &b.Claims.Claims[i]; find(a.Claims, y.Name) == nil {
			add(y.Name, nil, y)
		}
	}
	d := &Document{Kind: KindDifference, Name: "claims", Facts: []string{"A is " + a.Name, "B is " + b.Name}, Records: records, Data: map[string]any{"schema": ChangesSchema, "claims": records[1:]},
		Title: fmt.Sprintf("Of the claims that both results have (%d), all end the same.", both)}
	if len(t.Rows) > 0 {
		d.Title, d.Tables = counted(len(t.Rows), "claim ends", "claims end")+" otherwise in B than in A, or in one of them alone.", []Table{t}
	}
	return d
}

// capacityDifference is what each option costs in both reports. PTU sizing has an interval
// for the number of PTUs alone, so its amounts have none.
func capacityDifference(a, b *Saved) *Document {
	x, y := a.Capacity, b.Capacity
	t := Table{Of: "option", Columns: []Column{{Head: x.Currency + "/month", Sub: "A", Rank: 1}, {Head: x.Currency + "/month", Sub: "B", Rank: 1}, {Head: x.Currency + "/month", Sub: "B − A"}}}
	records := [][]string{{"option", "per_month_a", "per_month_b", "difference"}}
	find := func(r *capacity.Report, title string) *capacity.Option {
		for i := range r.Options {
			if r.Options[i].Title() == title {
				return &r.Options[i]
			}
		}
		return nil
	}
	add := func(title string, p, q *capacity.Option) {
		cells := []Cell{absent(), absent(), absent()}
		row := []string{title, "", "", ""}
		if p != nil {
			cells[0], row[1] = money(p.USDPerMonth), known(&p.USDPerMonth)
		}
		if q != nil {
			cells[1], row[2] = money(q.USDPerMonth), known(&q.USDPerMonth)
		}
		if p != nil && q != nil {
			d := q.USDPerMonth - p.USDPerMonth
			cells[2], row[3] = money(d), known(&d)
		}
		t.add(title, cells...)
		records = append(records, row)
		if i := y.Recommendation.Option; i >= 0 && y.Options[i].Title() == title {
			t.Rows[len(t.Rows)-1].Role = chart.Chosen
		}
	}
	for i := range x.Options {
		title := x.Options[i].Title()
		add(title, &x.Options[i], find(y, title))
	}
	for i := range y.Options {
		if title := y.Options[i].Title(); find(x, title) == nil {
			add(title, nil, &y.Options[i])
		}
	}
	advice := func(r *capacity.Report) string {
		if i := r.Recommendation.Option; i >= 0 {
			return r.Options[i].Title() + " for " + words.Money(r.Options[i].USDPerMonth) + " " + r.Currency + " a month"
		}
		return "nothing that was looked at"
	}
	d := &Document{Kind: KindDifference, Name: x.Model, Facts: []string{"A is " + a.Name, "B is " + b.Name}, Tables: []Table{t}, Records: records,
		Data: map[string]any{"schema": ChangesSchema, "options": records[1:]}, Title: "The advice is the same: " + advice(y) + "."}
	if advice(x) != advice(y) {
		d.Title = "A advises " + advice(x) + ", and B " + advice(y) + "."
	}
	d.Lead = []string{"A needs " + strconv.Itoa(x.PTUsAt.P99) + " PTUs for its 99th percentile, and B " + strconv.Itoa(y.PTUsAt.P99) + "."}
	if x.Currency != y.Currency {
		d.Warnings = []string{"A is in " + x.Currency + ", and B in " + y.Currency + ": their amounts cannot be compared"}
	}
	return d
}
