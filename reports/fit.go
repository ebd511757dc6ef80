package reports

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/scenarios/workload/fit"
	"ratesim/sim/metrics"
)

// Fit says which workload is like a log, how it was chosen, and how like it is.
func Fit(r *fit.Report) *Document {
	r = asSaved(r)
	t := &r.Trials[r.Chosen]
	d := &Document{Kind: KindFit, Name: words.Printable(r.Source), Title: fitFinding(r), Lead: fitLead(r), Warnings: r.Warnings,
		Facts: []string{r.Source + " (" + r.Format + ")", words.Write(float64(r.Rows), words.Quantity) + " rows", "over " + spanText(r.Span),
			fmt.Sprintf("%.4g requests a second", r.Rate), fmt.Sprintf("CV of the gaps %.3g", r.CV)},
		Tables: []Table{likenessTable(r, t)}, Legend: fitLegend(r), Charts: chart.Fit(r),
		Command: r.Command, Version: r.Version, Data: rounded{r}, Records: fitRecords(r)}
	if len(r.Trials) > 1 {
		d.Tables = append(d.Tables, trialsTable(r))
	}
	for _, part := range fitParts(r) {
		d.Tables = append(d.Tables, candidatesTable(part.name, part.Part))
	}
	return d
}

type fitPart struct {
	name string
	*fit.Part
}

func fitParts(r *fit.Report) []fitPart {
	return []fitPart{{"arrivals", &r.Arrivals}, {"prompt tokens", &r.Prompt}, {"output tokens", &r.Output}}
}

// fitFinding says how like the log the model is.
func fitFinding(r *fit.Report) string {
	t := &r.Trials[r.Chosen]
	switch t.Meets {
	case fit.Met:
		return fmt.Sprintf("The model reproduces the log: with each of %s clients, failed calls and 429s differ from the log's by at most %.0f %%, or by at most %.0f of 1,000 calls.",
			words.Write(float64(len(t.Strategies)), words.Quantity), 100*fit.Bound, fit.Floor)
	case fit.Chance:
		return fmt.Sprintf("The model is like the log as far as can be seen: some of its failed calls or 429s differ by more than %.0f %% on average, but its own runs differ as much among themselves.", 100*fit.Bound)
	}
	return fmt.Sprintf("The model does not reproduce the log: some of its failed calls or 429s differ by more than %.0f %%, and by more than chance explains.", 100*fit.Bound)
}

// fitLead says what was chosen and what is left.
func fitLead(r *fit.Report) []string {
	var out []string
	for _, p := range fitParts(r) {
		out = append(out, fmt.Sprintf("%s: %s. %s", strings.ToUpper(p.name[:1])+p.name[1:], p.Chosen, p.Why))
	}
	if r.Correlation != 0 {
		out = append(out, fmt.Sprintf("Prompt and output have a rank correlation of %.3f, which the model has as well.", r.Correlation))
	} else {
		out = append(out, fmt.Sprintf("Prompt and output are drawn apart: their ranks have a correlation of %.3f.", r.Spearman))
	}
	var left []string
	for _, c := range r.Trials[r.Chosen].Strategies {
		for _, k := range []struct {
			what string
			p    *fit.Pair
		}{{"failed calls", &c.Failed}, {"429s", &c.Rejected}} {
			if k.p.Meets != fit.Met {
				left = append(left, fmt.Sprintf("%s of %s (%s instead of %s of 1,000 calls)", k.what, c.Strategy, words.Write(k.p.Fit, words.PerThousand), words.Write(k.p.Log, words.PerThousand)))
			}
		}
	}
	if left != nil {
		out = append(out, "What differs by more than the bound: "+words.List(left, "and")+".")
	}
	return out
}

// meetsWords say what a comparison came to.
func meetsWords(meets string) string {
	switch meets {
	case fit.Met:
		return "yes"
	case fit.Chance:
		return "by chance"
	}
	return "no"
}

// likenessTable holds log and model side by side.
func likenessTable(r *fit.Report, t *fit.Trial) Table {
	out := Table{Title: "The log and the model, with the same clients", Of: "client"}
	for _, head := range []string{"failed per 1,000", "429s per 1,000"} {
		out.Columns = append(out.Columns, Column{Head: head, Sub: "log", Rank: 1}, Column{Head: head, Sub: "model", Rank: 1}, Column{Head: head, Sub: "error", Rank: 2}, Column{Head: head, Sub: "one run", Rank: 4},
			Column{Head: head, Sub: "alike", Rank: 3})
	}
	for _, c := range t.Strategies {
		var cells []Cell
		for _, p := range []*fit.Pair{&c.Failed, &c.Rejected} {
			off := absent()
			if p.Error != nil {
				off = Cell{Num: fmt.Sprintf("%+.0f", 100**p.Error), Unit: " %", Sort: math.Abs(*p.Error)}
			}
			cells = append(cells, value(p.Log, words.PerThousand), cellOf(words.PerThousand, metrics.Estimate{Mean: p.Fit, Lo: p.Lo, Hi: p.Hi}, true), off,
				text(words.Write(p.Low, words.PerThousand)+"–"+words.Write(p.High, words.PerThousand)), text(meetsWords(p.Meets)))
		}
		out.add(words.Printable(c.Strategy), cells...)
	}
	limit := r.Stage.Provider
	if r.Stage.TPM > 0 {
		limit += fmt.Sprintf(" with one limit, of %s tokens a minute", words.Write(float64(r.Stage.TPM), words.Quantity))
	}
	out.Notes = []string{fmt.Sprintf("Against %s, which refuses %.1f %% of the log's calls when nobody retries. Calls arrive for %s; %d replications of the model with seed %d.",
		limit, 100*r.Stage.Refused, spanText(r.Stage.Duration), r.Stage.FitRuns, r.Stage.Seed)}
	return out
}

// trialsTable says which models were tried.
func trialsTable(r *fit.Report) Table {
	t := Table{Title: "Models that were simulated", Of: "model", Columns: columns([]string{"arrivals", "prompts", "outputs", "largest error", "alike"}, 1, 2, 2, 1, 1)}
	for i := range r.Trials {
		k := &r.Trials[i]
		t.add(fmt.Sprint(i+1), text(words.Printable(k.Arrivals)), text(words.Printable(k.Prompt)), text(words.Printable(k.Output)), value(k.Worst, words.Percent), text(meetsWords(k.Meets)))
		if i == r.Chosen {
			t.Rows[i].Role = chart.Chosen
		}
	}
	return t
}

// candidatesTable has a row for each candidate of a part.
func candidatesTable(name string, p *fit.Part) Table {
	t := Table{Title: "Candidates for " + name, Of: name, Columns: columns([]string{"parameters", "log-likelihood", "AIC", "BIC", "BIC above the least", "KS distance"}, 2, 4, 4, 3, 1, 1)}
	whole := func(v *float64) Cell {
		if v == nil {
			return absent()
		}
		return Cell{Num: fmt.Sprintf("%.0f", *v), Sort: *v}
	}
	for i := range p.Candidates {
		c := &p.Candidates[i]
		ks := Cell{Num: fmt.Sprintf("%.3f", c.KS), Sort: c.KS}
		if p.Far == 0 {
			ks = absent()
		}
		t.add(words.Printable(c.Name), Cell{Num: fmt.Sprint(c.Parameters), Sort: float64(c.Parameters)}, whole(c.LogLikelihood), whole(c.AIC), whole(c.BIC), whole(c.Above), ks)
		if c.Chosen {
			t.Rows[i].Role = chart.Chosen
		}
	}
	return t
}

func fitLegend(r *fit.Report) []string {
	legend := []string{
		fmt.Sprintf("Alike: yes, if the means differ by at most %.0f %% or by at most %.0f of 1,000 calls; by chance, if one more run of the model would differ as much; the error is that of the mean.", 100*fit.Bound, fit.Floor),
		"The numbers of the model are of runs that had no part in choosing it. One run: between which numbers one more run of the model is with 95 %. The log is one run.",
		"BIC and AIC: the less, the better; they weigh the likelihood against the number of parameters. KS distance: the largest difference between the shares of requests, of the log and of the candidate, that are at most so large.",
		"What the model leaves out: lengths do not depend on those of the requests before, all requests have one tenant, and no prompt is cached.",
	}
	if r.Fitted < r.Rows {
		legend = append(legend, fmt.Sprintf("The model is fitted to the first %s rows.", words.Write(float64(r.Fitted), words.Quantity)))
	}
	return legend
}

// fitRecords has a row for each number.
func fitRecords(r *fit.Report) [][]string {
	n := numbers{{"of", "statistic", "value"}}
	n.add("log", "rows", float64(r.Rows))
	n.add("log", "fitted_rows", float64(r.Fitted))
	n.add("log", "span_s", r.Span)
	n.add("log", "requests_per_s", r.Rate)
	n.add("log", "gap_cv", r.CV)
	n.add("log", "spearman", r.Spearman)
	n.add("stage", "tpm", float64(r.Stage.TPM))
	n.add("stage", "refused_share", r.Stage.Refused)
	for _, p := range fitParts(r) {
		for i := range p.Candidates {
			c := &p.Candidates[i]
			of := strings.ReplaceAll(p.name, " ", "_") + " " + c.Name
			n.add(of, "parameters", float64(c.Parameters))
			n.maybe(of, "log_likelihood", c.LogLikelihood)
			n.maybe(of, "aic", c.AIC)
			n.maybe(of, "bic", c.BIC)
			n.add(of, "ks", c.KS)
			n.add(of, "chosen", map[bool]float64{true: 1}[c.Chosen])
		}
	}
	for i := range r.Trials {
		t := &r.Trials[i]
		n.add(fmt.Sprintf("trial_%d", i+1), "worst_error", t.Worst)
		for _, c := range t.Strategies {
			for _, k := range []struct {
				what string
				p    *fit.Pair
			}{{"failed_per_1000", &c.Failed}, {"rejected_per_1000", &c.Rejected}} {
				of := fmt.Sprintf("trial_%d %s %s", i+1, c.Strategy, k.what)
				n.add(of, "log", k.p.Log)
				n.add(of, "fit", k.p.Fit)
				n.add(of, "lo", k.p.Lo)
				n.add(of, "hi", k.p.Hi)
				n.maybe(of, "error", k.p.Error)
			}
		}
	}
	return n
}

// checkFit finds what tables and pictures index without asking.
func checkFit(r *fit.Report) error {
	if r.Chosen < 0 || r.Chosen >= len(r.Trials) {
		return fmt.Errorf("chosen is %d, of %d trials", r.Chosen, len(r.Trials))
	}
	for i, c := range r.Curves {
		if len(c.Log) != len(c.Share) || len(c.Fit) != len(c.Share) {
			return fmt.Errorf("curves[%d] has %d shares, %d values of the log and %d of the model", i, len(c.Share), len(c.Log), len(c.Fit))
		}
	}
	return nil
}

// Scenario writes the scenario of a fit, and nothing else.
type Scenario struct{}

// Report implements [Reporter].
func (Scenario) Report(w io.Writer, d *Document) error {
	r, ok := d.Data.(rounded)
	if !ok {
		return errors.New("the document holds no scenario")
	}
	f, ok := r.result.(*fit.Report)
	if !ok {
		return errors.New("the document holds no scenario")
	}
	_, err := io.WriteString(w, f.Scenario)
	return err
}
