package reports

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// Difference is what changed from one saved result, A, to another of the same kind, B:
// what was run, the verdict, and how much each strategy changed, beyond chance or not.
// Of a live result and a simulated one of the same scenario it is the account of
// [Bench].
func Difference(a, b *Saved, by string) (*Document, error) {
	switch {
	case a.Claims != nil && b.Claims != nil:
		return claimsDifference(a, b), nil
	case a.Capacity != nil && b.Capacity != nil:
		return capacityDifference(a, b), nil
	case a.Result == nil || b.Result == nil:
		return nil, errors.New("two results can be compared where both are of one scenario on one provider, both of ratesim ptu, or both of ratesim claims")
	}
	x, y := a.Result, b.Result
	if x.Scenario == y.Scenario && x.Kind != y.Kind {
		if y.Kind == "live" {
			x, y = y, x
		}
		return Bench(x, y, nil, by), nil
	}
	return resultDifference(a, b), nil
}

// A change is one metric as the difference of two results shows it.
type change struct {
	metricColumn
	more, less string  // the sentence with %s for the amount: "fails %s more of 1,000 calls"
	most       float64 // of a quantile, the failed calls of 1,000 up to which it is reached
}

// changeColumns are what strategies are compared by.
func changeColumns(a, b *metrics.Result) []change {
	all := []change{
		{metricColumn{head: "answers per min", of: metrics.AnswersPerMin}, "gives its users %s more answers a minute", "gives its users %s fewer answers a minute", 0},
		{metricColumn{head: "failed per 1,000", of: metrics.FailedPer1000}, "fails %s more of 1,000 calls", "fails %s fewer of 1,000 calls", 0},
		{metricColumn{head: "half within", of: metrics.TimeToSuccessP50, never: true}, "takes %s longer until half of its calls succeed", "takes %s less until half of its calls succeed", 500},
		{metricColumn{head: "95 % within", of: metrics.TimeToSuccessP95, never: true}, "takes %s longer until 95 %% of its calls succeed", "takes %s less until 95 %% of its calls succeed", 50},
		{metricColumn{head: "attempts per call", of: metrics.Amplification}, "sends %s more attempts per call", "sends %s fewer attempts per call", 0},
		{metricColumn{head: "USD per 1,000 ok", of: metrics.CostPerSuccessUSD, times: 1000, scale: words.Dollars}, "pays %s USD more for 1,000 answers", "pays %s USD less for 1,000 answers", 0},
	}
	closed := func(r *metrics.Result) bool {
		return r.Verdict != nil && slices.Contains(r.Verdict.By, "answers_per_min")
	}
	reached := func(id metrics.ID) bool {
		has := func(s metrics.Strategy) bool { return s.Name != words.Oracle && words.Known(s.Values[id]) }
		return slices.ContainsFunc(a.Strategies, has) || slices.ContainsFunc(b.Strategies, has)
	}
	return slices.DeleteFunc(all, func(c change) bool {
		switch c.of {
		case metrics.AnswersPerMin:
			return !closed(a) && !closed(b)
		case metrics.TimeToSuccessP50:
			return reached(metrics.TimeToSuccessP95)
		case metrics.TimeToSuccessP95:
			return !reached(c.of)
		}
		return false
	})
}

func resultDifference(a, b *Saved) *Document {
	c := changesOf(a, b)
	cols := changeColumns(a.Result, b.Result)
	d := &Document{Kind: KindDifference, Name: c.A.Scenario, Facts: []string{"A is " + side(a), "B is " + side(b)},
		Tables: []Table{changeTable(a.Result, b.Result, c, cols)}, Data: rounded{c}, Records: changeRecords(c), Warnings: differentWarnings(a.Result, b.Result)}
	d.Title = choices(c)
	if c.Identical {
		d.Tables = nil
		return d
	}
	d.Lead = append(whatDiffers(c), changeSentences(c, cols)...)
	d.Legend = []string{"B − A: in brackets the 95 % interval, combined from those of A and of B as if they were not paired; ~ may be chance.",
		"Of every 20 differences that are none, one lies outside its interval."}
	if min(c.A.Replications, c.B.Replications) == 1 {
		d.Legend = []string{"One of the results has one replication alone: there are no intervals, and every difference may be chance (~)."}
	} else if c.SameCalls {
		d.Legend = append(d.Legend, "Both results met the same calls, so that most intervals are wider than need be.")
	}
	for _, w := range c.Changed {
		if !slices.Contains([]string{"kind", "scenario", "provider", "version", "seed", "replications"}, w.What) {
			d.Lists = append(d.Lists, List{"What differs in " + w.What, []string{"A: " + w.A, "B: " + w.B}})
		}
	}
	return d
}

func side(s *Saved) string {
	parts := []string{s.Name, s.Result.Scenario, s.Result.Provider, words.Replications(s.Result), "seed " + strconv.FormatUint(s.Result.Seed, 10)}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
}

// choices says what the two verdicts are.
func choices(c *Changes) string {
	if c.Identical {
		return "A and B are the same: so is every event of every run."
	}
	x, y := choiceOf(&c.A), choiceOf(&c.B)
	if x == y {
		return "The verdict is the same: each " + x + "."
	}
	return "The verdict changes: A " + x + ", and B " + y + "."
}

func choiceOf(s *Side) string {
	switch s.State {
	case metrics.Decided, metrics.Tied:
		return "chooses " + words.Printable(s.Chosen[0])
	case metrics.Undecided:
		return "leaves it open between " + words.Names(s.Chosen, "and")
	case metrics.Leads:
		return "has too few replications for a verdict, with " + words.Printable(s.Chosen[0]) + " in the lead"
	case metrics.Nothing:
		return "finds nothing to choose"
	}
	return "has no verdict"
}

// whatDiffers says what was run differently, the setting of the scenario aside.
func whatDiffers(c *Changes) []string {
	var parts, topics []string
	for _, w := range c.Changed {
		if len(w.A)+len(w.B) > 100 {
			topics = append(topics, w.What)
			continue
		}
		parts = append(parts, fmt.Sprintf("the %s (A: %s, B: %s)", w.What, cmp.Or(w.A, "not known"), cmp.Or(w.B, "not known")))
	}
	for _, t := range topics {
		parts = append(parts, "the "+t)
	}
	var out []string
	if len(parts) > 0 {
		out = append(out, "They differ in "+words.List(parts, "and")+".")
	}
	if len(c.Removed) > 0 {
		out = append(out, "A alone has "+words.Names(c.Removed, "and")+".")
	}
	if len(c.Added) > 0 {
		out = append(out, "B alone has "+words.Names(c.Added, "and")+".")
	}
	return out
}

// mostTold is of how many strategies the changes are told in sentences; the table has
// all.
const mostTold = 5

// changeSentences tell what changed beyond chance: of the chosen strategies first, then of
// those whose failures changed most.
func changeSentences(c *Changes, cols []change) []string {
	sorted := slices.Clone(c.Strategies)
	weight := func(s *StrategyChange) float64 {
		switch k := s.find(metrics.FailedPer1000); {
		case s.Name == words.Oracle:
			return -1
		case slices.Contains(c.A.Chosen, s.Name) || slices.Contains(c.B.Chosen, s.Name):
			return math.Inf(1)
		case k != nil && k.Difference != nil:
			return math.Abs(k.Difference.Mean)
		}
		return 0
	}
	slices.SortStableFunc(sorted, func(a, b StrategyChange) int { return cmp.Compare(weight(&b), weight(&a)) })
	var out, same []string
	told, more := 0, 0
	for i := range sorted {
		s := &sorted[i]
		var parts []string
		for k := range cols {
			if text := cols[k].sentence(s); text != "" {
				parts = append(parts, text)
			}
		}
		switch {
		case parts == nil:
			same = append(same, s.Name)
		case told == mostTold:
			more++
		default:
			told++
			out = append(out, "Between A and B "+words.Printable(s.Name)+" "+words.List(parts, "and")+".")
		}
	}
	if more > 0 {
		out = append(out, counted(more, "more strategy", "more strategies")+" changed beyond chance; the table has it all.")
	}
	switch {
	case len(sorted) == 0:
		out = append(out, "A and B have no strategy in common.")
	case len(same) == len(sorted):
		out = append(out, "Every difference between them may be chance.")
	case len(same) > mostTold:
		out = append(out, fmt.Sprintf("Of %d strategies every difference may be chance.", len(same)))
	case len(same) > 0:
		out = append(out, "Of "+words.Names(same, "and")+" every difference may be chance.")
	}
	return out
}

// sentence says how much a metric changed, if it did beyond chance.
func (c *change) sentence(s *StrategyChange) string {
	k := s.find(c.of)
	switch {
	case k == nil:
		return ""
	case c.most > 0 && (k.A == nil) != (k.B == nil):
		return c.reaches(k, s.find(metrics.FailedPer1000))
	case !k.Certain:
		return ""
	}
	d, form := *k.Difference, c.more
	if d.Mean < 0 {
		d, form = Delta{-d.Mean, -d.Hi, -d.Lo}, c.less
	}
	of, times := c.scaling(), c.factor()
	text := fmt.Sprintf(form, words.Write(times*d.Mean, of))
	if d.Hi > d.Lo {
		text += " (" + ends(of, times*d.Lo, times*d.Hi, false) + ")"
	}
	return text
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// reaches says that so many calls succeed in one of the results and in the other one
// never, where the intervals of the failed calls say so, too.
func (c *change) reaches(k, failed *MetricChange) string {
	if failed == nil || !failed.Certain {
		return ""
	}
	share := words.Write(1-c.most/1000, words.Percent)
	switch {
	case k.A == nil && failed.A.Lo > c.most && failed.B.Hi < c.most:
		return "gets " + share + " of its calls answered within " + words.Write(k.B.Mean, c.scaling()) + " in B, and never in A"
	case k.B == nil && failed.B.Lo > c.most && failed.A.Hi < c.most:
		return "gets " + share + " of its calls answered within " + words.Write(k.A.Mean, c.scaling()) + " in A, and never in B"
	}
	return ""
}

// ends writes the ends of an interval apart, with signs if asked for: a dash would look
// like a minus.
func ends(of func(float64) words.Scale, lo, hi float64, signs bool) string {
	return signed(of, lo, signs) + " to " + signed(of, hi, signs)
}

func signed(of func(float64) words.Scale, v float64, sign bool) string {
	switch {
	case math.IsInf(v, 1):
		return words.Forever
	case math.IsInf(v, -1):
		return "-" + words.Forever
	case sign && v > 0:
		return "+" + words.Write(v, of)
	}
	return words.Write(v, of)
}

// changeTable has three columns for each metric: A, B and the difference, of strategies
// that both results have. Without room A and B go first.
func changeTable(a, b *metrics.Result, c *Changes, cols []change) Table {
	t := Table{Of: "strategy"}
	for i := range cols {
		h := cols[i].head
		t.Columns = append(t.Columns, Column{Head: h, Sub: "A", Rank: 100}, Column{Head: h, Sub: "B", Rank: 101}, Column{Head: h, Sub: "B − A", Rank: i})
	}
	for i := range c.Strategies {
		s := &c.Strategies[i]
		r := Row{Name: s.Name}
		if s.Name == words.Oracle {
			r.Role = chart.Bound
		}
		for k := range cols {
			r.Cells = append(r.Cells, cols[k].cell(&a.Find(s.Name).Values), cols[k].cell(&b.Find(s.Name).Values), cols[k].difference(s.find(cols[k].of)))
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// difference writes B minus A, marked where it may be chance.
func (c *change) difference(k *MetricChange) Cell {
	if k == nil || k.Difference == nil {
		return absent()
	}
	of, times := c.scaling(), c.factor()
	d := k.Difference
	scale := of(math.Abs(times * d.Mean))
	out := Cell{Num: scale.Text(math.Abs(times * d.Mean)), Unit: scale.Unit, Sort: times * d.Mean}
	if strings.Trim(out.Num, "0.") != "" {
		out.Num = map[bool]string{true: "+", false: "-"}[d.Mean > 0] + out.Num
	}
	if d.Hi > d.Lo {
		out.Ends = "(" + ends(of, times*d.Lo, times*d.Hi, true) + ")"
	}
	if !k.Certain && d.Mean != 0 {
		out.Ends = strings.TrimSpace(out.Ends + " ~")
	}
	return out
}

// differentWarnings are those that one of the results has alone.
func differentWarnings(a, b *metrics.Result) []string {
	var out []string
	for _, w := range a.Warnings {
		if !slices.Contains(b.Warnings, w) {
			out = append(out, "A: "+w)
		}
	}
	for _, w := range b.Warnings {
		if !slices.Contains(a.Warnings, w) {
			out = append(out, "B: "+w)
		}
	}
	return out
}

// changeRecords has a row for each metric of each strategy that both results have.
func changeRecords(c *Changes) [][]string {
	rows := [][]string{{"strategy", "metric", "a", "a_lo", "a_hi", "b", "b_lo", "b_hi", "difference", "difference_lo", "difference_hi", "certain"}}
	for _, s := range c.Strategies {
		for _, k := range s.Metrics {
			row := slices.Concat([]string{s.Name, k.Metric}, decimals(k.A), decimals(k.B))
			if d := k.Difference; d != nil {
				row = append(row, known(&d.Mean), known(unlessInfinite(d.Lo)), known(unlessInfinite(d.Hi)))
			} else {
				row = append(row, "", "", "")
			}
			rows = append(rows, append(row, strconv.FormatBool(k.Certain)))
		}
	}
	return rows
}
