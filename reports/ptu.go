package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"ratesim/provider/capacity"
)

// PTUTable writes the answer of `ratesim ptu` for a terminal: two sentences, what
// could be done and what it costs, the demand, break-even utilisations, what
// would change the answer, and what it rests on. The error is of w.
func PTUTable(w io.Writer, r *capacity.Report, o TableOptions) error {
	var b strings.Builder
	paint := painter(o.Color)
	for _, line := range wrap(ptuHeading(r), o.Width) {
		b.WriteString(paint(bold, line) + "\n")
	}
	b.WriteString("\n")
	for _, line := range wrap(Answer(r), o.Width) {
		b.WriteString(paint(bold, line) + "\n")
	}
	for _, t := range ptuTables(r) {
		b.WriteString("\n")
		t.write(&b, o, "-o json has all")
	}
	for i, line := range ptuBars(r) {
		if i == 0 {
			b.WriteString("\n")
		}
		paragraph(&b, line, o.Width)
	}
	for _, s := range ptuLists(r) {
		b.WriteString("\n" + paint(bold, s.title) + "\n")
		for _, item := range s.items {
			for i, line := range wrap(printable(item), o.Width-2) {
				b.WriteString([]string{"- ", "  "}[min(i, 1)] + line + "\n")
			}
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// ptuHeading says what was looked at.
func ptuHeading(r *capacity.Report) string {
	parts := []string{printable(r.Model), r.Deployment, printable(r.Source),
		ptuSpan(r.Minutes) + " by the " + r.Granularity}
	if r.Start != "" {
		parts = append(parts, "from "+r.Start)
	}
	if r.Requests > 0 {
		parts = append(parts, write(float64(r.Requests), quantity)+" requests")
	}
	return strings.Join(append(parts, fmt.Sprintf("%.0f %% of the input cached", 100*r.CachedShare)), " · ")
}

func ptuSpan(minutes int) string {
	switch {
	case minutes < 120:
		return strconv.Itoa(minutes) + " min"
	case minutes < 48*60:
		return strconv.FormatFloat(float64(minutes)/60, 'f', 1, 64) + " h"
	}
	return strconv.FormatFloat(float64(minutes)/1440, 'f', 1, 64) + " days"
}

// Answer is what to do and why, in two sentences.
func Answer(r *capacity.Report) string {
	rec := &r.Recommendation
	if rec.Option < 0 || rec.Option >= len(r.Options) {
		return "Nothing that was looked at will do. " + sentence(rec.Why)
	}
	chosen, payg := &r.Options[rec.Option], &r.Options[0]
	var b strings.Builder
	b.WriteString(advice(chosen, printable(r.Model)))
	fmt.Fprintf(&b, ": %s %s a month", money(chosen.USDPerMonth), printable(r.Currency))
	if chosen != payg && payg.USDPerMonth > 0 {
		change := chosen.USDPerMonth/payg.USDPerMonth - 1
		fmt.Fprintf(&b, ", %.0f %% %s than pay-as-you-go alone", 100*math.Abs(change), map[bool]string{true: "less", false: "more"}[change < 0])
	}
	b.WriteString(". ")
	why := rec.Why
	if p := rec.Pays; p != nil {
		lo, hi := rec.PTUsInterval[0], rec.PTUsInterval[1]
		switch {
		case rec.ByObjective:
			why += fmt.Sprintf("; they cost less than pay-as-you-go in %.0f %% of resamples of the days", 100**p)
		case *p < 0.025:
			why += fmt.Sprintf("; that holds in %.0f %% of resamples of the days", 100*(1-*p))
		case lo == hi:
			why += fmt.Sprintf("; PTUs pay in %.0f %% of resamples of the days, and %d is the cheapest number in 95 %% of them", 100**p, lo)
		default:
			why += fmt.Sprintf("; PTUs pay in %.0f %% of resamples of the days, with %d to %d the cheapest number in 95 %% of them", 100**p, lo, hi)
		}
	}
	b.WriteString(sentence(why))
	return b.String()
}

// advice says what to do.
func advice(o *capacity.Option, model string) string {
	batched := ""
	if o.Online < 1 && o.Online > 0 {
		batched = fmt.Sprintf(", with %.0f %% of the demand batched", 100*(1-o.Online))
	}
	lengths := map[string]string{"hourly": "paid by the hour", "monthly": "reserved for a month", "yearly": "reserved for a year"}
	switch {
	case o.PTUs == 0:
		return "Stay on pay-as-you-go" + batched
	case o.Schedule != nil:
		return fmt.Sprintf("Reserve %d %s PTUs of %s for a year and buy up to %d more by the hour when they are needed", o.Schedule.Reserved, o.Deployment, model, o.PTUs-o.Schedule.Reserved)
	case o.Spills:
		return fmt.Sprintf("Buy %d %s PTUs of %s, %s, and let what exceeds them spill over to pay-as-you-go%s", o.PTUs, o.Deployment, model, lengths[o.Commitment], batched)
	}
	return fmt.Sprintf("Buy %d %s PTUs of %s, %s%s", o.PTUs, o.Deployment, model, lengths[o.Commitment], batched)
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	s = printable(s)
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// money writes an amount in whole units with thousands apart.
func money(v float64) string {
	if math.Abs(v) < 9.995 {
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// A sheet is a small table of text. Where there is no room columns go, those of
// the highest rank first, and all of one rank together.
type sheet struct {
	over []string // of groups of columns, above the last of each; nil: none
	head []string
	rank []int // nil: nothing goes
	rows [][]string
	mark int // the row to be seen first; -1 = none
}

// ptuTables are the options, the demand with the PTUs it needs, and break-even
// utilisations.
func ptuTables(r *capacity.Report) []sheet {
	tables := []sheet{optionSheet(r), demandSheet(r)}
	if len(r.WithinHour) > 0 {
		tables = append(tables, burstSheet(r))
	}
	even := sheet{head: []string{"break-even utilisation", "hourly", "monthly", "yearly"}, mark: -1}
	add := func(name string, e capacity.BreakEvens) {
		even.rows = append(even.rows, []string{name, write(e.Hourly, percent), write(e.Monthly, percent), write(e.Yearly, percent)})
	}
	add(fmt.Sprintf("as logged, %.0f %% cached", 100*r.CachedShare), r.BreakEven)
	if r.CachedShare > 0 {
		add("without the cache", r.Uncached)
	}
	return append(tables, even)
}

func optionSheet(r *capacity.Report) sheet {
	currency := printable(r.Currency)
	s := sheet{head: []string{"option", currency + "/month", currency + "/year", "to payg", "used", "spilled", "refused", "p50", "p95", "objective"},
		rank: []int{0, 1, 9, 3, 7, 6, 5, 8, 4, 2}, mark: r.Recommendation.Option}
	for i := range r.Options {
		o := &r.Options[i]
		cells := []string{printable(o.Title()), money(o.USDPerMonth), money(o.USDPerYear), "-", "-", "-", "-", "-", "-", "met"}
		if i > 0 && r.Options[0].USDPerMonth > 0 {
			cells[3] = fmt.Sprintf("%+.0f %%", 100*(o.USDPerMonth/r.Options[0].USDPerMonth-1))
		}
		if o.PTUs > 0 {
			cells[4] = write(o.Utilisation, percent)
			cells[5] = write(o.SpilledShare, percent)
		}
		for k, v := range map[int]*float64{7: o.LatencyP50, 8: o.LatencyP95} {
			if v != nil {
				cells[k] = write(*v, seconds)
			}
		}
		if o.RejectedShare != nil {
			cells[6] = write(*o.RejectedShare, finePercent)
		}
		if !o.MeetsSLO {
			cells[9] = "missed"
		}
		s.rows = append(s.rows, cells)
	}
	return s
}

// finePercent keeps shares of a thousandth apart from 0.
func finePercent(v float64) scale {
	if v < 0.00995 && v != 0 {
		return scale{0.01, 2, " %"}
	}
	return percent(v)
}

func demandSheet(r *capacity.Report) sheet {
	s := sheet{head: []string{"tokens a minute", "mean", "p50", "p90", "p95", "p99", "max", "any 60 s"},
		rank: []int{0, 1, 6, 5, 2, 3, 4, 7}, mark: -1}
	for _, k := range []struct {
		name string
		l    capacity.Levels
	}{{"as logged", r.TPM}, {"normalised", r.Normalised}} {
		row := []string{k.name}
		for _, v := range []float64{k.l.Mean, k.l.P50, k.l.P90, k.l.P95, k.l.P99, k.l.Max, k.l.RollingMax} {
			row = append(row, write(v, quantity))
		}
		s.rows = append(s.rows, row)
	}
	for _, d := range r.Sizes {
		row := []string{fmt.Sprintf("PTUs, %s (%d, +%d)", d.Deployment, d.Minimum, d.Step), "-"}
		for _, n := range []int{d.PTUsAt.P50, d.PTUsAt.P90, d.PTUsAt.P95, d.PTUsAt.P99, d.PTUsAt.Max} {
			row = append(row, strconv.Itoa(n))
		}
		s.rows = append(s.rows, append(row, "-"))
	}
	return s
}

// burstSheet shows how far the answer depends on what a coarse log hides.
func burstSheet(r *capacity.Report) sheet {
	s := sheet{head: []string{"if minutes vary by", "p99 normalised", "max", "PTUs at p99", "cheapest, yearly", printable(r.Currency) + "/month"},
		rank: []int{0, 3, 4, 2, 1, 5}, mark: -1}
	for _, b := range r.WithinHour {
		cheapest := "none"
		if b.PTUs > 0 {
			cheapest = strconv.Itoa(b.PTUs)
		}
		s.rows = append(s.rows, []string{fmt.Sprintf("a CV of %.2f", b.CV), write(b.P99, quantity), write(b.Max, quantity),
			strconv.Itoa(b.PTUsAtP99), cheapest, money(b.USDPerMonth)})
	}
	return s
}

// fit returns the columns that have room.
func (s *sheet) fit(width int) (kept []int, widths []int) {
	for c := range s.head {
		w := len([]rune(s.head[c]))
		if s.over != nil {
			w = max(w, len([]rune(s.over[c])))
		}
		for _, row := range s.rows {
			w = max(w, len([]rune(row[c])))
		}
		widths = append(widths, w)
		kept = append(kept, c)
	}
	for width > 0 && s.rank != nil {
		total, worst := -gap, 0
		for _, c := range kept {
			total += widths[c] + gap
			worst = max(worst, s.rank[c])
		}
		rest := slices.DeleteFunc(slices.Clone(kept), func(c int) bool { return s.rank[c] == worst })
		if total <= width || len(rest) < 2 {
			break
		}
		kept = rest
	}
	return kept, widths
}

// write writes the columns that have room; all says where the others are seen.
func (s *sheet) write(b *strings.Builder, o TableOptions, all string) {
	paint := painter(o.Color)
	kept, widths := s.fit(o.Width)
	line := func(cells []string, mark string) string {
		text := padRight(cells[kept[0]], widths[kept[0]])
		for _, c := range kept[1:] {
			text += strings.Repeat(" ", gap) + padLeft(cells[c], widths[c])
		}
		return strings.TrimRight(text, " ") + mark
	}
	total := -gap
	for _, c := range kept {
		total += widths[c] + gap
	}
	if s.over != nil {
		b.WriteString(line(s.over, "") + "\n")
	}
	b.WriteString(line(s.head, "") + "\n" + paint(dim, strings.Repeat("─", total)) + "\n")
	for i, row := range s.rows {
		if i == s.mark {
			b.WriteString(paint(green, line(row, " *")) + "\n")
		} else {
			b.WriteString(line(row, "") + "\n")
		}
	}
	out := s.leftOut(kept)
	if len(out) > 0 {
		paragraph(b, "Left out for width: "+strings.Join(out, ", ")+" ("+all+").", o.Width)
	}
}

// leftOut names the columns that are not kept: those of a group by its name, too,
// unless all groups are without them.
func (s *sheet) leftOut(kept []int) (out []string) {
	for c, name := range s.head {
		if slices.Contains(kept, c) {
			continue
		}
		if slices.ContainsFunc(kept, func(k int) bool { return s.head[k] == name }) {
			last := slices.IndexFunc(s.over[c:], func(group string) bool { return group != "" })
			name = strings.TrimSpace(s.over[c+last]) + " " + name
		}
		if name = strings.TrimSpace(name); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// ptuBars are the demand by hour of the day and by weekday, where there are
// several.
func ptuBars(r *capacity.Report) (out []string) {
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
	bars := []rune("▁▂▃▄▅▆▇█")
	text := ""
	for _, p := range ps {
		i := 0
		if top > 0 {
			i = min(int(p.Mean/top*float64(len(bars))), len(bars)-1)
		}
		text += string(bars[max(i, 0)])
	}
	return fmt.Sprintf("%s to %s %s mean of %s to %s normalised tokens a minute",
		ps[0].Name, ps[len(ps)-1].Name, text, write(low, quantity), write(top, quantity))
}

// A section is a list with a title.
type section struct {
	title string
	items []string
}

// ptuLists are what would change the answer, what it rests on, and what to know
// of it.
func ptuLists(r *capacity.Report) []section {
	var out []section
	if f := r.Recommendation.FlipsIf; len(f) > 0 {
		out = append(out, section{"Another answer if", f})
	}
	if len(r.Warnings) > 0 {
		out = append(out, section{"Mind", r.Warnings})
	}
	rests := []string{"objective: " + strings.Join(r.Objectives, ", ") + "; refused and latency are of requests sent once, without retries" + replayed(r)}
	var sources []string
	said := map[string][]string{}
	for _, a := range r.Assumptions {
		from := origin(a)
		if said[from] == nil {
			sources = append(sources, from)
		}
		said[from] = append(said[from], fmt.Sprintf("%s %s %s", a.What, plainNumber(a.Value), a.Unit))
	}
	for _, from := range sources {
		rests = append(rests, strings.Join(said[from], "; ")+" ("+from+")")
	}
	return append(out, section{"It rests on", rests})
}

// origin is where an assumption comes from, and when that was so.
func origin(a capacity.Assumption) string {
	parts := []string{a.Source}
	for _, s := range []string{a.Date, a.Confidence} {
		if s != "" && s != "given" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

func replayed(r *capacity.Report) string {
	if r.Replay == nil {
		return ""
	}
	part := "all"
	if r.Replay.Minutes < r.Minutes {
		part = "the busiest " + ptuSpan(r.Replay.Minutes)
	}
	limits := r.Replay.PAYG
	if limits == "" {
		limits = "no limits"
	}
	return fmt.Sprintf("; simulated were %s of it, %s requests, with pay-as-you-go limited as %s", part, write(float64(r.Replay.Requests), quantity), limits)
}

// BreakEvenTable writes the utilisation from which on PTUs pay, of every model,
// for some shares of the input that come from the cache. The error is of w.
func BreakEvenTable(w io.Writer, models []capacity.ModelBreakEven, o TableOptions) error {
	var b strings.Builder
	paragraph(&b, "Utilisation from which on PTUs pay, by cached share of the input and by commitment (global, ten input tokens to one of output)", o.Width)
	t := sheet{over: []string{"cached"}, head: []string{"model"}, rank: []int{0}, mark: -1}
	for _, cached := range capacity.Mixes() {
		t.over = append(t.over, "", "", wholePercent(cached))
		t.head = append(t.head, "hour", "month", "year")
		t.rank = append(t.rank, 3, 2, 1) // what is paid by the hour hardly ever pays
	}
	notes := ""
	var unpriced []string
	for _, m := range models {
		if m.Mixes == nil {
			unpriced = append(unpriced, printable(m.Model))
			continue
		}
		row := []string{printable(m.Model)}
		if m.Uncached {
			row[0] += " *"
			notes = "* no price of cached tokens is known; they cost what others do"
		}
		for _, e := range m.Mixes {
			row = append(row, wholePercent(e.Hourly), wholePercent(e.Monthly), wholePercent(e.Yearly))
		}
		t.rows = append(t.rows, row)
	}
	b.WriteString("\n")
	t.write(&b, o, "a wider terminal shows all")
	paragraph(&b, notes, o.Width)
	if unpriced != nil {
		b.WriteString("\n")
		paragraph(&b, "Left out, for no price of their tokens is known (--input-price, --output-price): "+strings.Join(unpriced, ", "), o.Width)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

func wholePercent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }
