package reports

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// ExplainCost adds to a document of one or more comparisons what makes up the cost of each
// strategy: tokens times price, down to the rows of the catalog. Amounts are exact, so that
// the lines of a strategy add up to the digit. Other documents stay as they are.
func ExplainCost(d *Document) {
	of, ok := d.Data.(rounded)
	if !ok {
		return
	}
	switch r := of.result.(type) {
	case *metrics.Result:
		d.explain(r, "")
	case Providers:
		for _, one := range r.Results {
			d.explain(one, one.Provider+": ")
		}
	}
}

// explain adds the table of costs of one result, and where its prices are from.
func (d *Document) explain(r *metrics.Result, title string) {
	t := Table{Title: title + "What the runs cost", Of: "strategy", Columns: []Column{{Head: "used", Rank: 3}, {Head: "USD per", Sub: "million", Rank: 2}, {Head: "USD", Rank: 1}, {Head: "rows", Rank: 4}}}
	var rows []metrics.PriceRow
	var from []string // the numbers of the rows of each price
	for i := range r.Prices {
		var numbers []string
		for _, row := range r.Prices[i].Rows {
			at := slices.Index(rows, row)
			if at < 0 {
				at, rows = len(rows), append(rows, row)
			}
			numbers = append(numbers, strconv.Itoa(at+1))
		}
		from = append(from, strings.Join(numbers, " "))
	}
	for _, s := range words.InOrder(r) {
		t.Rows = append(t.Rows, Row{Name: s.Name, Title: true})
		total := new(big.Rat)
		for i := range s.Bill {
			u := &s.Bill[i]
			at := slices.IndexFunc(r.Prices, func(p metrics.Price) bool { return p.Deployment == u.Deployment && p.When == u.When })
			if at < 0 {
				continue
			}
			for _, l := range linesOf(u, &r.Prices[at]) {
				total.Add(total, l.usd)
				t.add(l.name, Cell{Num: l.used}, Cell{Num: l.price}, Cell{Num: digits(l.usd)}, Cell{Num: from[at]})
			}
		}
		t.add("total", absent(), absent(), Cell{Num: digits(total)}, absent())
	}
	t.Notes = []string{"Sums over " + words.Replications(r) + "; cost_usd is the total divided by them. The column rows has the numbers of the rows below that make the price."}
	d.Tables = append(d.Tables, t)
	list := List{Title: title + "Where the prices are from"}
	for i, row := range rows {
		text := "Row " + strconv.Itoa(i+1) + ", " + row.Name + ": " + row.Says + ". " + row.Source
		if row.Date != "" {
			text += ", " + row.Date
		}
		text += ", " + row.Confidence
		if row.Note != "" {
			text += " (" + row.Note + ")"
		}
		list.Items = append(list.Items, text)
	}
	if len(rows) == 0 {
		list.Items = []string{"The catalog has no price of these deployments."}
	}
	d.Lists = append(d.Lists, list)
}

// costLine is tokens of one kind, or hours, at one price.
type costLine struct {
	name, used, price string
	usd               *big.Rat
}

// linesOf returns the lines of what was used at a price; nothing for what was not used.
func linesOf(u *metrics.Usage, p *metrics.Price) []costLine {
	var lines []costLine
	name := u.Deployment
	for _, k := range []struct {
		kind   string
		tokens int64
		price  float64
	}{{"input", u.Input, p.Input}, {"cached", u.Cached, p.Cached}, {"written", u.Written, p.Written}, {"output", u.Output, p.Output}} {
		if k.tokens == 0 {
			continue
		}
		what := name + ", " + k.kind
		if u.When != "" {
			what += ", " + u.When
		}
		usd := new(big.Rat).Mul(exact(k.price), big.NewRat(k.tokens, 1_000_000))
		lines = append(lines, costLine{what, strconv.FormatInt(k.tokens, 10) + " tokens", words.Plain(k.price), usd})
	}
	if u.PTUHours > 0 {
		usd := new(big.Rat).Mul(exact(p.PTUHour), exact(u.PTUHours))
		lines = append(lines, costLine{name + ", PTUs", words.Plain(u.PTUHours) + " hours", words.Plain(p.PTUHour) + " an hour", usd})
	}
	return lines
}

// exact returns the number that v is written as.
func exact(v float64) *big.Rat {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(v, 'f', -1, 64))
	if !ok {
		return new(big.Rat) // not finite, which no price is
	}
	return r
}

// digits writes a decimal fraction with all of its digits, and at least two.
func digits(r *big.Rat) string {
	n, finite := r.FloatPrec()
	if !finite {
		n = 15
	}
	return r.FloatString(max(n, 2))
}
