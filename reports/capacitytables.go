package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ratesim/provider/capacity"
	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// capacityTables are the options, the demand with the PTUs it needs, and break-even
// utilisations.
func capacityTables(r *capacity.Report) []Table {
	tables := []Table{optionTable(r)}
	if r.Replay != nil && len(r.Replay.Tiers) > 0 {
		tables = append(tables, tierTable(r))
	}
	tables = append(tables, demandTable(r))
	if len(r.WithinHour) > 0 {
		tables = append(tables, burstTable(r))
	}
	terms := termsOf(r.BreakEven)
	if len(terms) == 0 {
		return tables
	}
	even := Table{Of: "break-even utilisation", Columns: columns(terms, make([]int, len(terms))...)}
	even.add(fmt.Sprintf("as logged, %.0f %% cached", 100*r.CachedShare), breakEvenCells(r.BreakEven, terms)...)
	if r.CachedShare > 0 {
		even.add("without the cache", breakEvenCells(r.Uncached, terms)...)
	}
	return append(tables, even)
}

// termsOf are the commitments that units are sold for, the shortest first.
func termsOf(e capacity.BreakEvens) []string {
	var out []string
	for _, c := range capacity.Commitments {
		if _, ok := e[c]; ok {
			out = append(out, c)
		}
	}
	return out
}

// columns returns columns with one line of heading.
func columns(heads []string, ranks ...int) []Column {
	var out []Column
	for i, h := range heads {
		out = append(out, Column{Head: h, Rank: ranks[i]})
	}
	return out
}

func (t *Table) add(name string, cells ...Cell) {
	t.Rows = append(t.Rows, Row{Name: name, Cells: cells})
}

func breakEvenCells(e capacity.BreakEvens, terms []string) []Cell {
	var cells []Cell
	for _, t := range terms {
		cells = append(cells, value(e[t], words.Percent))
	}
	return cells
}

// money writes an amount whose currency stands in the heading.
func money(v float64) Cell { return Cell{Num: words.Money(v), Sort: v} }

func count(n int) Cell { return Cell{Num: strconv.Itoa(n), Sort: float64(n)} }

func optionTable(r *capacity.Report) Table {
	t := Table{Of: "option", Columns: columns(
		[]string{r.Currency + "/month", r.Currency + "/year", "to payg", "used", "spilled", "refused", "p50", "p95", "SLO"},
		1, 9, 3, 7, 6, 5, 8, 4, 2)}
	for i := range r.Options {
		o := &r.Options[i]
		cells := []Cell{money(o.USDPerMonth), money(o.USDPerYear), absent(), absent(), absent(), absent(), absent(), absent(), text("met")}
		if payg := r.Options[0].USDPerMonth; i > 0 && payg > 0 {
			change := 100 * (o.USDPerMonth/payg - 1)
			cells[2] = Cell{Num: fmt.Sprintf("%+.0f", change), Unit: " %", Sort: change}
		}
		if o.PTUs > 0 {
			cells[3], cells[4] = value(o.Utilisation, words.Percent), value(o.SpilledShare, words.Percent)
		}
		if o.RejectedShare != nil {
			cells[5] = value(*o.RejectedShare, words.FinePercent)
		}
		for k, v := range map[int]*float64{6: o.LatencyP50, 7: o.LatencyP95} {
			if v != nil {
				cells[k] = value(*v, words.Seconds)
			}
		}
		if !o.MeetsSLO {
			cells[8] = text("missed")
		}
		t.add(o.Title(), cells...)
		if i == r.Recommendation.Option {
			t.Rows[i].Role = chart.Chosen
		}
	}
	return t
}

// tierTable shows what smaller tiers of pay-as-you-go refuse, and what the answer is there.
func tierTable(r *capacity.Report) Table {
	t := Table{Of: "if pay-as-you-go is", Columns: columns([]string{"TPM", "refused alone", "as recommended", "then the cheapest that does"}, 4, 1, 3, 2)}
	for _, tier := range r.Replay.Tiers {
		cells := []Cell{absent(), value(tier.Rejected, words.FinePercent), absent(), text("none")}
		for _, l := range tier.Limits {
			if l.Name == "tpm" || l.Name == "itpm" {
				cells[0] = value(float64(l.Most), words.Quantity)
			}
		}
		if tier.WithChosen != nil {
			cells[2] = value(*tier.WithChosen, words.FinePercent)
		}
		if tier.Option >= 0 && tier.Option < len(r.Options) {
			cells[3] = text(r.Options[tier.Option].Title())
		}
		t.add(tier.Ref, cells...)
	}
	return t
}

func demandTable(r *capacity.Report) Table {
	t := Table{Of: "tokens a minute", Columns: columns([]string{"mean", "p50", "p90", "p95", "p99", "max", "any 60 s"}, 1, 6, 5, 2, 3, 4, 7), Notes: periodNotes(r)}
	for _, k := range []struct {
		name string
		l    capacity.Levels
	}{{"as logged", r.TPM}, {"normalised", r.Normalised}} {
		var cells []Cell
		for _, v := range []float64{k.l.Mean, k.l.P50, k.l.P90, k.l.P95, k.l.P99, k.l.Max, k.l.RollingMax} {
			cells = append(cells, value(v, words.Quantity))
		}
		t.add(k.name, cells...)
	}
	for _, d := range r.Sizes {
		cells := []Cell{absent()}
		for _, n := range []int{d.PTUsAt.P50, d.PTUsAt.P90, d.PTUsAt.P95, d.PTUsAt.P99, d.PTUsAt.Max} {
			cells = append(cells, count(n))
		}
		t.add(fmt.Sprintf("%s, %s (%d, +%d)", unitsOf(r), d.Deployment, d.Minimum, d.Step), append(cells, absent())...)
	}
	return t
}

// burstTable shows how far the answer depends on what a coarse log hides.
func burstTable(r *capacity.Report) Table {
	t := Table{Of: "if minutes vary by", Columns: columns(
		[]string{"p99 normalised", "max", unitsOf(r) + " at p99", "cheapest, yearly", r.Currency + "/month"}, 3, 4, 2, 1, 5)}
	for _, b := range r.WithinHour {
		cheapest := text("none")
		if b.PTUs > 0 {
			cheapest = count(b.PTUs)
		}
		t.add(fmt.Sprintf("a CV of %.2f", b.CV), value(b.P99, words.Quantity), value(b.Max, words.Quantity), count(b.PTUsAtP99), cheapest, money(b.USDPerMonth))
	}
	return t
}

// periodNotes are the demand by hour of the day and by weekday, where there are
// several.
func periodNotes(r *capacity.Report) (out []string) {
	if len(r.ByHour) > 1 {
		out = append(out, "By hour of the day: "+barsOf(r.ByHour))
	}
	if len(r.ByWeekday) > 1 {
		out = append(out, "By weekday: "+barsOf(r.ByWeekday))
	}
	return out
}

// barsOf draws periods as bars of the mean, with the range they stand for.
func barsOf(ps []capacity.Period) string {
	top, low := 0.0, math.Inf(1)
	for _, p := range ps {
		top, low = max(top, p.Mean), min(low, p.Mean)
	}
	levels := []rune(barLevels)
	text := ""
	for _, p := range ps {
		i := 0
		if top > 0 {
			i = min(int(p.Mean/top*float64(len(levels))), len(levels)-1)
		}
		text += string(levels[max(i, 0)])
	}
	return fmt.Sprintf("%s to %s %s mean of %s to %s normalised tokens a minute",
		ps[0].Name, ps[len(ps)-1].Name, text, words.Write(low, words.Quantity), words.Write(top, words.Quantity))
}

// BreakEven is the utilisation from which on units pay, of every model, for some shares
// of the input that come from the cache.
func BreakEven(models []capacity.ModelBreakEven, unit string) *Document {
	t := Table{Title: "Utilisation from which on " + unit + "s pay, by cached share of the input and by commitment (global, ten input tokens to one of output)", Of: "model"}
	var terms []string
	for _, m := range models {
		for _, e := range m.Mixes {
			terms = termsOf(e) // the same of all models of a vendor
		}
	}
	short := map[string]string{"hourly": "hour", "weekly": "week", "monthly": "month", "quarterly": "3 months", "yearly": "year"}
	for _, cached := range capacity.Mixes() {
		for i, c := range terms { // what is bought for a short time hardly ever pays
			t.Columns = append(t.Columns, Column{Head: wholePercent(cached), Sub: short[c], Rank: len(terms) - i})
		}
	}
	d := &Document{Kind: KindCapacity, Name: "break-even", Data: rounded{models}, Records: [][]string{append([]string{"model", "cached_share"}, terms...)}}
	var unpriced []string
	for _, m := range models {
		if m.Mixes == nil {
			unpriced = append(unpriced, m.Model)
			continue
		}
		name := m.Model
		if m.Uncached {
			name += " *"
			t.Notes = []string{"* no price of cached tokens is known; they cost what others do"}
		}
		var cells []Cell
		for i, e := range m.Mixes {
			record := []string{m.Model, decimal(capacity.Mixes()[i])}
			for _, term := range terms {
				v := e[term]
				cells = append(cells, Cell{Num: strconv.FormatFloat(100*v, 'f', 0, 64), Unit: " %", Sort: v})
				record = append(record, known(&v))
			}
			d.Records = append(d.Records, record)
		}
		t.add(name, cells...)
	}
	d.Tables = []Table{t}
	if unpriced != nil {
		d.Legend = []string{"Left out, for no price of their tokens is known (--input-price, --output-price): " + strings.Join(unpriced, ", ")}
	}
	return d
}

func wholePercent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }
