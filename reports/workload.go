package reports

import (
	"fmt"
	"math"
	"strings"

	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/scenarios/workload/profile"
)

// Workload says what a usage log is like, and which limits it would exceed.
func Workload(p *profile.Profile) *Document {
	p = asSaved(p)
	d := &Document{Kind: KindWorkload, Name: words.Printable(p.Source), Title: ladderFinding(p), Lead: burstiness(p), Facts: workloadFacts(p),
		Tables: workloadTables(p), Charts: chart.Workload(p), Warnings: p.Warnings, Legend: workloadLegend(p),
		Command: p.Command, Version: p.Version, Data: rounded{p}, Records: workloadRecords(p)}
	if c := costSentence(p.Cost); c != "" {
		d.Lead = append(d.Lead, c)
	}
	return d
}

// ladderFinding says for each model what is the smallest tier whose limits the log never
// exceeds.
func ladderFinding(p *profile.Profile) string {
	var all []string
	for _, s := range p.Steps() {
		first, last := &s.Tiers[0], &s.Tiers[len(s.Tiers)-1]
		var text string
		switch {
		case len(last.Limits) == 0:
			text = fmt.Sprintf("The log tells nothing that the limits of %s count.", s.Model)
		case s.Fits < 0:
			text = fmt.Sprintf("No tier of %s is large enough: the log exceeds even the limits of %s (%s).", s.Model, last.Ref, worstUse(last))
		case s.Fits == 0:
			text = fmt.Sprintf("The log never exceeds a limit of %s, the smallest tier of its model.", first.Ref)
		default:
			fits := &s.Tiers[s.Fits]
			text = fmt.Sprintf("%s is the smallest tier whose limits the log never exceeds; it exceeds those of %s (%s).", fits.Ref, first.Ref, worstUse(first))
			text += words.Tier(fits.Asks, fits.Derived)
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "No limits are known that this log could be held against."
	}
	return strings.Join(all, " ")
}

// worstUse says how far the limit is exceeded that is exceeded most.
func worstUse(t *profile.Tier) string {
	worst := &t.Limits[0]
	for i := range t.Limits {
		if t.Limits[i].Ratio > worst.Ratio {
			worst = &t.Limits[i]
		}
	}
	if worst.Ratio >= 2 {
		return fmt.Sprintf("%s: up to %s times what is allowed", worst.Limit, words.Write(worst.Ratio, words.Quantity))
	}
	return fmt.Sprintf("%s: up to %s of what is allowed", worst.Limit, words.Write(worst.Ratio, words.Percent))
}

// burstiness says how unevenly requests come.
func burstiness(p *profile.Profile) (out []string) {
	if g := p.Gaps; g != nil {
		how := "come about as unevenly as those of independent users"
		switch {
		case g.CV > 1.5:
			how = "come in bursts"
		case g.CV < 0.67:
			how = "come more evenly than those of independent users"
		}
		text := fmt.Sprintf("Requests %s: the coefficient of variation of the gaps is %.2f, where independent requests have 1", how, g.CV)
		if g.Local != nil {
			text += fmt.Sprintf("; within five minutes it is %.2f", *g.Local)
		}
		out = append(out, text+".")
	}
	if n := len(p.Windows); n > 0 && p.RPM != nil && p.RPM.Mean > 0 {
		w := &p.Windows[n-1]
		out = append(out, fmt.Sprintf("The busiest 60 seconds have %s requests, %.1f times the mean minute, and %s tokens.", words.Write(float64(w.Requests), words.Quantity),
			float64(w.Requests)/p.RPM.Mean, words.Write(float64(w.Tokens), words.Quantity)))
	}
	return out
}

// costSentence holds the cost of the log against list prices.
func costSentence(c *profile.Cost) string {
	if c == nil {
		return ""
	}
	text := fmt.Sprintf("The log says that %s requests cost %s USD.", words.Write(float64(c.Rows), words.Quantity), words.Money(c.Logged))
	if c.Ratio == nil {
		return text + " The catalog has no price for their models."
	}
	return text + fmt.Sprintf(" At the catalog's prices, those of known models (%s) cost %s USD, and the log says %s USD: %+.1f %%.",
		words.Write(float64(c.Priced), words.Quantity), words.Money(c.Listed), words.Money(c.Compare), 100*(*c.Ratio-1))
}

func workloadFacts(p *profile.Profile) []string {
	facts := []string{p.Source + " (" + p.Format + ")"}
	if p.Bucket > 0 {
		facts = append(facts, "buckets of "+words.Write(p.Bucket, words.Seconds))
	}
	facts = append(facts, words.Write(float64(p.Rows), words.Quantity)+" rows", words.Write(float64(p.Requests), words.Quantity)+" requests", "over "+spanText(p.Span))
	if p.Start != "" {
		facts = append(facts, "from "+p.Start)
	}
	if p.Prompt > 0 {
		facts = append(facts, fmt.Sprintf("%s prompt and %s output tokens", words.Write(float64(p.Prompt), words.Quantity), words.Write(float64(p.Output), words.Quantity)),
			fmt.Sprintf("%.0f %% of the prompts cached", 100*float64(p.Cached)/float64(p.Prompt)))
	}
	if p.BadRows > 0 {
		facts = append(facts, fmt.Sprintf("%d rows that cannot be read left out", p.BadRows))
	}
	return facts
}

// spanText writes a span in the unit that suits it.
func spanText(seconds float64) string {
	switch {
	case seconds < 120:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 2*3600:
		return fmt.Sprintf("%.1f min", seconds/60)
	case seconds < 2*86400:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
	return fmt.Sprintf("%.1f days", seconds/86400)
}

func workloadLegend(p *profile.Profile) []string {
	what := "full minutes from the first row on"
	if p.Bucket > 0 {
		what = "buckets"
	}
	legend := []string{fmt.Sprintf("A minute: of %d %s; tokens are prompt and output.", p.Bins, what)}
	if len(p.Windows) > 0 {
		legend = append(legend, "Any 60 s, 10 s, 1 s: the most in any such stretch, wherever it begins.", "Dispersion: the variance of the counts of stretches side by side, divided by their mean.")
	}
	if len(p.Ladder) > 0 {
		legend = append(legend, "Peak: the most that is asked of a limit in any window of its length, of what it allows. Over: the share of minutes (hours, days) that ask for more. "+
			"Tokens count as the vendor charges them once a request is done; tokens that are reserved while it runs come on top. A limit that refills continuously lets pass some peaks that a rolling window refuses: ratesim compare --trace simulates that.")
		if p.Why != "" {
			legend = append(legend, fmt.Sprintf("The limits are those of %s: %s (--provider REF).", p.Ladder[0].Model(), p.Why))
		}
	}
	return legend
}

func workloadTables(p *profile.Profile) []Table {
	tables := []Table{ladderTable(p)}
	if p.RPM != nil || p.TPM != nil {
		tables = append(tables, minuteTable(p))
	}
	if p.PromptSizes != nil {
		tables = append(tables, sizesTable(p))
	}
	if len(p.Windows) > 0 {
		tables = append(tables, unevenTable(p))
	}
	if p.Tenants != nil {
		tables = append(tables, tenantsTable(p))
	}
	if t := countsTable("model", p.Models, p.Requests); len(p.Models) > 1 {
		tables = append(tables, t)
	}
	if t := countsTable("status", p.Statuses, p.Requests); len(p.Statuses) > 0 {
		tables = append(tables, t)
	}
	out := tables[:0]
	for _, t := range tables {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// ladderTable has a row for each tier and two columns for each limit.
func ladderTable(p *profile.Profile) Table {
	t := Table{Of: "tier"}
	var limits []string
	at := map[string]int{}
	for _, tier := range p.Ladder {
		for _, u := range tier.Limits {
			if _, ok := at[u.Limit]; !ok {
				at[u.Limit] = len(limits)
				limits = append(limits, u.Limit)
			}
		}
	}
	for i, name := range limits {
		t.Columns = append(t.Columns, Column{Head: name, Sub: "allowed", Rank: 3 + i}, Column{Head: name, Sub: "peak", Rank: 1}, Column{Head: name, Sub: "over", Rank: 2})
	}
	t.Columns = append(t.Columns, Column{Head: "exceeds", Rank: 1})
	chosen := map[string]bool{}
	for _, s := range p.Steps() {
		if s.Fits >= 0 {
			chosen[s.Tiers[s.Fits].Ref] = true
		}
	}
	for _, tier := range p.Ladder {
		cells := make([]Cell, len(t.Columns))
		for i := range cells {
			cells[i] = absent()
		}
		for _, u := range tier.Limits {
			i := 3 * at[u.Limit]
			cells[i], cells[i+1], cells[i+2] = value(u.Allowed, words.Quantity), value(u.Ratio, words.Percent), value(u.Over, words.FinePercent)
			if u.Window == 0 {
				cells[i+2] = absent()
			}
		}
		cells[len(cells)-1] = text("nothing")
		if len(tier.Breaks) > 0 {
			cells[len(cells)-1] = text(strings.Join(tier.Breaks, ", "))
		}
		if len(tier.Limits) == 0 {
			cells[len(cells)-1] = absent()
		}
		t.add(tier.Ref, cells...)
		if chosen[tier.Ref] {
			t.Rows[len(t.Rows)-1].Role = chart.Chosen
		}
	}
	return t
}

func minuteTable(p *profile.Profile) Table {
	t := Table{Of: "a minute", Columns: columns([]string{"mean", "p50", "p95", "p99", "max", "any 60 s", "any 10 s", "any 1 s", "CV"}, 1, 4, 3, 5, 2, 1, 7, 6, 8)}
	most := func(w profile.Window, tokens bool) float64 {
		if tokens {
			return float64(w.Tokens)
		}
		return float64(w.Requests)
	}
	for _, k := range []struct {
		name string
		r    *profile.Rate
	}{{"requests", p.RPM}, {"tokens", p.TPM}} {
		if k.r == nil {
			continue
		}
		var cells []Cell
		for _, v := range []float64{k.r.Mean, k.r.P50, k.r.P95, k.r.P99, k.r.Max} {
			cells = append(cells, value(v, words.Quantity))
		}
		for i := 2; i >= 0; i-- {
			if i < len(p.Windows) {
				cells = append(cells, value(most(p.Windows[i], k.name == "tokens"), words.Quantity))
			} else {
				cells = append(cells, absent())
			}
		}
		t.add(k.name, append(cells, plainCell(k.r.CV))...)
	}
	if len(p.Hours) > 1 {
		t.Notes = append(t.Notes, "Requests a minute by hour of the day: "+hourBars(p.Hours))
	}
	return t
}

// hourBars draws the hours as bars of the mean.
func hourBars(hours []profile.Hour) string {
	top := 0.0
	for _, h := range hours {
		top = max(top, h.RPM)
	}
	levels := []rune(barLevels)
	bars := ""
	for _, h := range hours {
		level := 0
		if top > 0 {
			level = int(math.Round(h.RPM / top * float64(len(levels)-1)))
		}
		bars += string(levels[level])
	}
	return fmt.Sprintf("%02d:00 %s %02d:00, up to %s", hours[0].Hour, bars, hours[len(hours)-1].Hour, words.Write(top, words.Quantity))
}

// plainCell writes a number without a unit, to three digits.
func plainCell(v float64) Cell { return Cell{Num: fmt.Sprintf("%.3g", v), Sort: v} }

func sizesTable(p *profile.Profile) Table {
	t := Table{Of: "a request", Columns: columns([]string{"mean", "p50", "p95", "p99", "max"}, 1, 2, 3, 4, 5)}
	for _, k := range []struct {
		name string
		s    *profile.Sizes
		of   func(float64) words.Scale
	}{{"prompt tokens", p.PromptSizes, words.Quantity}, {"output tokens", p.OutputSizes, words.Quantity}, {"max_tokens", p.Declared, words.Quantity}, {"latency", p.Latency, words.Seconds}} {
		if k.s == nil {
			continue
		}
		var cells []Cell
		for _, v := range []float64{k.s.Mean, k.s.P50, k.s.P95, k.s.P99, k.s.Max} {
			cells = append(cells, value(v, k.of))
		}
		t.add(k.name, cells...)
	}
	if c := p.Correlation; c != nil {
		t.Notes = append(t.Notes, fmt.Sprintf("Prompt and output: correlation %.3f, of the logarithms %.3f, of the ranks %.3f.", c.Pearson, c.LogLog, c.Spearman))
	}
	if p.Declared != nil && p.Undeclared > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%s requests declare no max_tokens.", words.Write(float64(p.Undeclared), words.Quantity)))
	}
	if p.Open != nil {
		t.Notes = append(t.Notes, fmt.Sprintf("Open at a time, by the latencies: %s on average, at most %d.", words.Write(p.Open.Mean, words.Quantity), p.Open.Max))
	}
	return t
}

func unevenTable(p *profile.Profile) Table {
	t := Table{Of: "how unevenly", Columns: columns([]string{"this log", "independent requests"}, 1, 2)}
	one := func(name string, v *float64, independent string) {
		if v != nil {
			t.add(name, plainCell(*v), text(independent))
		}
	}
	if g := p.Gaps; g != nil {
		one("CV of the gaps", &g.CV, "1")
		one("CV of the gaps within 5 min", g.Local, "1")
	}
	for i := range p.Windows {
		w := &p.Windows[i]
		one(fmt.Sprintf("dispersion by %.0f s", w.Seconds), w.Dispersion, "1")
	}
	if p.RPM != nil {
		one("a minute's requests with the next's", p.RPM.Lag, "0")
	}
	if p.TPM != nil {
		one("a minute's tokens with the next's", p.TPM.Lag, "0")
	}
	return t
}

func tenantsTable(p *profile.Profile) Table {
	t := Table{Of: "tenant", Columns: columns([]string{"requests", "share", "tokens", "share of tokens"}, 1, 1, 2, 2)}
	for _, s := range p.Tenants.Top {
		t.add(words.Printable(s.Name), value(float64(s.Requests), words.Quantity), value(s.Share, words.Percent), value(float64(s.Tokens), words.Quantity), value(s.OfTokens, words.Percent))
	}
	t.Notes = []string{fmt.Sprintf("Of %d tenants the largest makes %s of the requests, five make %s and ten make %s.", p.Tenants.Number,
		words.Write(p.Tenants.Top1, words.Percent), words.Write(p.Tenants.Top5, words.Percent), words.Write(p.Tenants.Top10, words.Percent))}
	return t
}

func countsTable(of string, counts []profile.Count, requests int64) Table {
	t := Table{Of: of, Columns: columns([]string{"requests", "share"}, 1, 1)}
	const most = 20
	for _, c := range counts[:min(len(counts), most)] {
		t.add(words.Printable(c.Name), value(float64(c.Requests), words.Quantity), value(float64(c.Requests)/float64(max(1, requests)), words.Percent))
	}
	if len(counts) > most {
		t.Notes = []string{fmt.Sprintf("And %d more.", len(counts)-most)}
	}
	return t
}

// numbers are the rows of CSV: what a number is of, which number it is, and its value.
type numbers [][]string

func (n *numbers) add(of, statistic string, v float64) {
	*n = append(*n, []string{of, statistic, known(&v)})
}

func (n *numbers) maybe(of, statistic string, v *float64) {
	if v != nil {
		n.add(of, statistic, *v)
	}
}

func (n *numbers) levels(of string, mean, p50, p95, p99, most float64) {
	for i, name := range []string{"mean", "p50", "p95", "p99", "max"} {
		n.add(of, name, []float64{mean, p50, p95, p99, most}[i])
	}
}

// workloadRecords has a row for each number.
func workloadRecords(p *profile.Profile) [][]string {
	n := numbers{{"of", "statistic", "value"}}
	for i, name := range []string{"rows", "bad_rows", "requests", "full_minutes", "prompt_tokens", "cached_tokens", "output_tokens"} {
		n.add("log", name, float64([]int64{p.Rows, p.BadRows, p.Requests, int64(p.Bins), p.Prompt, p.Cached, p.Output}[i]))
	}
	n.add("log", "span_s", p.Span)
	n.add("log", "requests_per_s", p.RequestRate)
	for i, r := range []*profile.Rate{p.RPM, p.TPM} {
		if of := []string{"rpm", "tpm"}[i]; r != nil {
			n.levels(of, r.Mean, r.P50, r.P95, r.P99, r.Max)
			n.add(of, "cv", r.CV)
			n.maybe(of, "lag1_autocorrelation", r.Lag)
		}
	}
	for i, s := range []*profile.Sizes{p.PromptSizes, p.OutputSizes, p.Declared, p.Latency} {
		if s != nil {
			n.levels([]string{"prompt_sizes", "output_sizes", "max_tokens", "latency_s"}[i], s.Mean, s.P50, s.P95, s.P99, s.Max)
		}
	}
	n.uneven(p)
	for _, t := range p.Ladder {
		for _, u := range t.Limits {
			of := t.Ref + " " + u.Limit
			n.add(of, "allowed", u.Allowed)
			n.add(of, "peak", u.Peak)
			n.add(of, "ratio", u.Ratio)
			n.add(of, "share_over", u.Over)
			n.add(of, "excess_share", u.Excess)
		}
	}
	return n
}

// uneven adds how unevenly requests come, and from whom.
func (n *numbers) uneven(p *profile.Profile) {
	for _, w := range p.Windows {
		of := fmt.Sprintf("any_%.0f_s", w.Seconds)
		n.add(of, "max_requests", float64(w.Requests))
		n.add(of, "max_tokens", float64(w.Tokens))
		n.maybe(of, "dispersion", w.Dispersion)
	}
	if g := p.Gaps; g != nil {
		n.add("gaps", "cv", g.CV)
		n.maybe("gaps", "cv_5min", g.Local)
		n.add("gaps", "p50_s", g.P50)
		n.add("gaps", "p99_s", g.P99)
		n.add("gaps", "max_s", g.Max)
	}
	if c := p.Correlation; c != nil {
		n.add("correlation", "pearson", c.Pearson)
		n.add("correlation", "log_log", c.LogLog)
		n.add("correlation", "spearman", c.Spearman)
	}
	if t := p.Tenants; t != nil {
		n.add("tenants", "number", float64(t.Number))
		n.add("tenants", "top1_share", t.Top1)
		n.add("tenants", "top5_share", t.Top5)
		n.add("tenants", "top10_share", t.Top10)
		for _, s := range t.Top {
			n.add("tenant "+s.Name, "share", s.Share)
			n.add("tenant "+s.Name, "share_of_tokens", s.OfTokens)
		}
	}
}

// checkWorkload finds what tables index without asking.
func checkWorkload(p *profile.Profile) error {
	if p.Rows < 1 {
		return fmt.Errorf("rows is %d, must be at least 1", p.Rows)
	}
	if s := p.Series; s != nil && (s.Step <= 0 || len(s.RPM) != len(s.TPM)) {
		return fmt.Errorf("the series has a step of %g s, %d rates of requests and %d of tokens", s.Step, len(s.RPM), len(s.TPM))
	}
	return nil
}
