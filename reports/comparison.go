package reports

import (
	"slices"
	"strconv"

	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// ProvidersSchema names the layout of Providers.
const ProvidersSchema = "ratesim/providers/v1"

// Providers is the same traffic on several providers, as -o json prints it.
type Providers struct {
	Schema   string            `json:"schema"`
	Scenario string            `json:"scenario"`
	Seed     uint64            `json:"seed"`
	Results  []*metrics.Result `json:"results"` // one for each provider
}

// Compare is the comparison that a person decides from: what was assumed, a row for
// each strategy, the verdict, and what to know beside it. by adds rows of groups of
// calls below each strategy: by tenant, by size or none.
func Compare(r *metrics.Result, by string) *Document {
	r = asSaved(r)
	d := documentOf([]*metrics.Result{r}, columnsOf(r), words.Verdict(r), by)
	d.Kind, d.Data, d.Records, d.Charts = KindComparison, rounded{r}, records(r, by), chart.Compare(r)
	return d
}

// Herd is how hard a herd of clients hits the deployment under each strategy and how
// long it takes to drain.
func Herd(r *metrics.Result, by string) *Document {
	r = asSaved(r)
	d := documentOf([]*metrics.Result{r}, herdColumns(), herdVerdict(r), by)
	d.Kind, d.Data, d.Records, d.Charts = KindHerd, rounded{r}, records(r, by), chart.Herd(r)
	return d
}

// SideBySide is the same traffic on several providers, at least one.
func SideBySide(results []*metrics.Result, by string) *Document {
	results = asSaved(results)
	var verdict []string
	for _, r := range results {
		for i, sentence := range words.Verdict(r) {
			if i == 0 {
				sentence = r.Provider + ": " + sentence
			}
			verdict = append(verdict, sentence)
		}
	}
	d := documentOf(results, columnsOf(results[0]), verdict, by)
	all := Providers{Schema: ProvidersSchema, Scenario: results[0].Scenario, Seed: results[0].Seed}
	for i, r := range results {
		all.Results = append(all.Results, r)
		for k, row := range records(r, by) {
			first := r.Provider
			if k == 0 {
				if i > 0 {
					continue
				}
				first = "provider"
			}
			d.Records = append(d.Records, append([]string{first}, row...))
		}
	}
	d.Kind, d.Data, d.Charts = KindProviders, rounded{all}, chart.Providers(results)
	return d
}

// documentOf has what the documents of results have in common.
func documentOf(results []*metrics.Result, cols []metricColumn, verdict []string, by string) *Document {
	r := results[0]
	return &Document{Name: r.Scenario, Title: verdict[0], Lead: verdict[1:], Facts: facts(results), Assumed: r.Assumed, Setting: r.Setting,
		Tables: []Table{strategyTable(results, cols, by)}, Legend: legend(results, cols), Warnings: warnings(results), Checks: checklists(results),
		Command: r.Command, Hash: r.Hash, Version: r.Version}
}

// herdVerdict is the choice, or that there is nothing to see where every attempt was
// admitted.
func herdVerdict(r *metrics.Result) []string {
	for i := range r.Strategies {
		v := &r.Strategies[i].Values
		attempts, ok := words.Mean(v, metrics.Amplification)
		share, ok2 := words.Mean(v, metrics.SuccessRate)
		if !ok || !ok2 || attempts != 1 || share != 1 {
			return words.Verdict(r)[:1]
		}
	}
	return []string{"Every client's first attempt was answered: to so few, or at so high a limit, strategies make no difference."}
}

// facts say what was run.
func facts(results []*metrics.Result) []string {
	r := results[0]
	out := []string{r.Scenario, r.Kind}
	if len(results) > 1 {
		out = append(out, strconv.Itoa(len(results))+" providers")
	} else {
		if r.Provider != "" {
			out = append(out, r.Provider)
		}
		out = append(out, words.Replications(r))
	}
	out = append(out, "seed "+strconv.FormatUint(r.Seed, 10))
	for i := range r.Strategies {
		if calls, ok := words.Mean(&r.Strategies[i].Values, metrics.Calls); ok {
			return append(out, strconv.FormatFloat(calls, 'f', 0, 64)+" calls")
		}
	}
	return out
}

// warnings returns the warnings of all results, those that all have once.
func warnings(results []*metrics.Result) []string {
	var out []string
	for _, r := range results {
		for _, text := range r.Warnings {
			if slices.ContainsFunc(results, func(o *metrics.Result) bool { return !slices.Contains(o.Warnings, text) }) {
				text = r.Provider + ": " + text
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

// legend says how to read the columns.
func legend(results []*metrics.Result, cols []metricColumn) []string {
	r := results[0]
	out := []string{"In brackets: 95 % interval."}
	if r.Replications == 1 {
		out[0] = "One replication: no intervals, and differences may be chance."
	}
	for i := range cols {
		switch cols[i].of {
		case metrics.FailedPer1000:
			out = append(out, "Failed: calls without an answer by their deadline, or by the end of the run.")
		case metrics.TimeToSuccessP95:
			out = append(out, "Times are from arrival to success, of all calls: one that failed never succeeds.")
		case metrics.DrainedAt:
			out = append(out, "Time to drain is also short where clients give up soon, so read it together with failed.")
		}
	}
	if r.Find(words.Oracle) != nil {
		out = append(out, "oracle knows the limits and is never refused; no client can be it.")
	}
	if r.Schema == metrics.SchemaV1 {
		out = append(out, "Saved by an older version: shares and times are means over replications.")
	}
	return out
}

// records has a row for each strategy and three columns for each metric: its value under the
// metric's own name, then name_lo and name_hi. Units are those of the result file; a
// metric that does not apply is empty. With by each strategy is followed by a row for
// each group of its calls, which the second column names.
func records(r *metrics.Result, by string) [][]string {
	all := metrics.Metrics()
	head := []string{"strategy"}
	if by != "" {
		head = append(head, by)
	}
	for i := range all {
		head = append(head, all[i].Name, all[i].Name+"_lo", all[i].Name+"_hi")
	}
	rows := [][]string{head}
	add := func(strategy, group string, v *metrics.Values) {
		row := []string{strategy}
		if by != "" {
			row = append(row, group)
		}
		for id := range all {
			row = append(row, decimals(roundEstimate(v[id]))...)
		}
		rows = append(rows, row)
	}
	for _, s := range words.InOrder(r) {
		add(s.Name, "", &s.Values)
		groups := groupsOf(s, by)
		for i := range groups {
			add(s.Name, groups[i].Name, &groups[i].Values)
		}
	}
	return rows
}
