package reports

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"ratesim/provider/capacity"
	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// Capacity is the answer of `ratesim ptu`, and of `ratesim capacity` for one vendor: what to buy and why, what could be done and
// what it costs, the demand, break-even utilisations, what would change the answer, and
// what it rests on.
func Capacity(r *capacity.Report) *Document {
	r = asSaved(r)
	return &Document{Kind: KindCapacity, Name: r.Model, Title: Answer(r), Lead: service(r), Facts: capacityFacts(r), Tables: capacityTables(r),
		Lists: capacityLists(r), Warnings: r.Warnings, Data: rounded{r}, Records: capacityRecords(r), Charts: chart.Capacity(r)}
}

// capacityFacts say what was looked at.
func capacityFacts(r *capacity.Report) []string {
	model := r.Model
	if r.Vendor != "" && r.Unit != "PTU" {
		model = r.Vendor + "/" + model
	}
	parts := []string{model, r.Deployment, r.Source,
		ptuSpan(r.Minutes) + " by the " + r.Granularity}
	if r.Start != "" {
		parts = append(parts, "from "+r.Start)
	}
	if r.Requests > 0 {
		parts = append(parts, words.Write(float64(r.Requests), words.Quantity)+" requests")
	}
	return append(parts, fmt.Sprintf("%.0f %% of the input cached", 100*r.CachedShare))
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

// day is how many minutes there are in a day, of which demand changes from hour to hour.
const day = 24 * 60

// Answer is what to do and why, in two sentences.
func Answer(r *capacity.Report) string {
	rec := &r.Recommendation
	if rec.Option < 0 || rec.Option >= len(r.Options) {
		return "Nothing that was looked at will do. " + sentence(rec.Why)
	}
	chosen, payg := &r.Options[rec.Option], &r.Options[0]
	var b strings.Builder
	do := advice(chosen, words.Printable(r.Model))
	if r.Minutes < day {
		fmt.Fprintf(&b, "The log covers %s, which is too short to decide. If all of the time were like it: ", ptuSpan(r.Minutes))
		do = strings.ToLower(do[:1]) + do[1:]
	}
	b.WriteString(do)
	fmt.Fprintf(&b, ": %s %s a month", words.Money(chosen.USDPerMonth), words.Printable(r.Currency))
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
			why += fmt.Sprintf("; %s pay in %.0f %% of resamples of the days, and %d is the cheapest number in 95 %% of them", unitsOf(r), 100**p, lo)
		default:
			why += fmt.Sprintf("; %s pay in %.0f %% of resamples of the days, with %d to %d the cheapest number in 95 %% of them", unitsOf(r), 100**p, lo, hi)
		}
	}
	b.WriteString(sentence(why))
	return b.String()
}

// service says what the recommended option does to requests, against pay-as-you-go, and what
// pay-as-you-go is limited by.
func service(r *capacity.Report) []string {
	var out []string
	chosen := -1
	if i := r.Recommendation.Option; i >= 0 && i < len(r.Options) {
		chosen = i
	}
	if chosen > 0 {
		if s := slower(&r.Options[0], &r.Options[chosen]); s != "" {
			out = append(out, s)
		}
	}
	p := r.Replay
	if p == nil {
		return out
	}
	limited := "No limits of pay-as-you-go are known, so that none of its requests is refused here; --provider names a deployment with limits."
	if p.PAYG != "" {
		limited = fmt.Sprintf("Pay-as-you-go has the limits of %s", words.Printable(p.PAYG))
		if len(p.Limits) > 0 {
			limited += ", " + limitWords(p.Limits)
		}
		if p.Assumed {
			limited += ": the largest tier was assumed, --provider names another"
		}
		limited += "."
	}
	out = append(out, limited)
	if len(p.Tiers) > 0 {
		out = append(out, onSmallerTiers(r))
	}
	return out
}

// slower says how the latency of an option differs from that of pay-as-you-go, and what it
// refuses.
func slower(payg, o *capacity.Option) string {
	s := ""
	if a, b := payg.LatencyP95, o.LatencyP95; a != nil && b != nil {
		was, is := words.Write(*a, words.Seconds), words.Write(*b, words.Seconds)
		switch {
		case was == is:
			s = fmt.Sprintf("Requests take as long as on pay-as-you-go: 95 %% are answered within %s.", is)
		default:
			s = fmt.Sprintf("Requests take %s than on pay-as-you-go: 95 %% are answered within %s instead of %s",
				map[bool]string{true: "longer", false: "less time"}[*b > *a], is, was)
			if c, d := payg.LatencyP50, o.LatencyP50; c != nil && d != nil {
				s += fmt.Sprintf(", half of them within %s instead of %s", words.Write(*d, words.Seconds), words.Write(*c, words.Seconds))
			}
			s += "."
		}
	}
	if o.RejectedShare != nil && *o.RejectedShare > 0 {
		if s != "" {
			s += " "
		}
		s += fmt.Sprintf("%s of the requests fail.", words.Write(*o.RejectedShare, words.FinePercent))
	}
	return s
}

// limitWords writes limits as "15M TPM and 90K RPM".
func limitWords(limits []capacity.Limit) string {
	var parts []string
	for _, l := range limits {
		parts = append(parts, words.Write(float64(l.Most), words.Quantity)+" "+strings.ToUpper(words.Printable(l.Name)))
	}
	return words.List(parts, "and")
}

// onSmallerTiers says what the smallest tier would refuse, and whether the answer stands.
func onSmallerTiers(r *capacity.Report) string {
	first := &r.Replay.Tiers[0]
	s := fmt.Sprintf("On %s (%s), %s of the requests would be refused", words.Printable(first.Ref), limitWords(first.Limits), words.Write(first.Rejected, words.FinePercent))
	if first.WithChosen != nil {
		s += fmt.Sprintf(", and %s with what is recommended here", words.Write(*first.WithChosen, words.FinePercent))
	}
	for _, t := range r.Replay.Tiers {
		if t.Option != r.Recommendation.Option {
			return s + "; the answer is another one there, as the table of tiers says."
		}
	}
	return s + "; the answer is the same."
}

// unitsOf is what the units that are sold are called.
func unitsOf(r *capacity.Report) string { return cmp.Or(words.Printable(r.Unit), "PTU") + "s" }

// advice says what to do.
func advice(o *capacity.Option, model string) string {
	batched := ""
	if o.Online < 1 && o.Online > 0 {
		batched = fmt.Sprintf(", with %.0f %% of the demand batched", 100*(1-o.Online))
	}
	lengths := map[string]string{"hourly": "paid by the hour", "weekly": "bought for a week", "monthly": "reserved for a month", "quarterly": "reserved for three months", "yearly": "reserved for a year"}
	bought := fmt.Sprintf("%d %s %s", o.PTUs, o.Deployment, o.Units())
	if o.Outputs > 0 {
		bought = fmt.Sprintf("%d input and %d output %s", o.PTUs, o.Outputs, o.Units())
	}
	switch {
	case o.PTUs == 0:
		return "Stay on pay-as-you-go" + batched
	case o.Schedule != nil:
		return fmt.Sprintf("Reserve %d %s %s of %s for a year and buy up to %d more by the hour when they are needed", o.Schedule.Reserved, o.Deployment, o.Units(), model, o.PTUs-o.Schedule.Reserved)
	case o.Spills:
		return fmt.Sprintf("Buy %s of %s, %s, and let what exceeds them spill over to pay-as-you-go%s", bought, model, lengths[o.Commitment], batched)
	}
	return fmt.Sprintf("Buy %s of %s, %s%s", bought, model, lengths[o.Commitment], batched)
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	s = words.Printable(s)
	if s == "" {
		return ""
	}
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + s[n:] + "."
}

// capacityLists are what would change the answer, and what it rests on.
func capacityLists(r *capacity.Report) []List {
	var out []List
	if f := r.Recommendation.FlipsIf; len(f) > 0 {
		out = append(out, List{"Another answer if", f})
	}
	rests := []string{"objective: " + strings.Join(r.Objectives, ", ") + "; refused and latency are of requests sent once, without retries" + replayed(r)}
	var sources []string
	said := map[string][]string{}
	for _, a := range r.Assumptions {
		from := origin(a)
		if said[from] == nil {
			sources = append(sources, from)
		}
		said[from] = append(said[from], fmt.Sprintf("%s %s %s", a.What, words.Plain(a.Value), a.Unit))
	}
	for _, from := range sources {
		rests = append(rests, strings.Join(said[from], "; ")+" ("+from+")")
	}
	return append(out, List{restsOn, rests})
}

// restsOn is the heading of the assumptions.
const restsOn = "It rests on"

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
	limits := "limited as " + r.Replay.PAYG
	if r.Replay.PAYG == "" {
		limits = "without limits"
	}
	return fmt.Sprintf("; simulated were %s of it, %s requests, with pay-as-you-go %s", part, words.Write(float64(r.Replay.Requests), words.Quantity), limits)
}

// capacityRecords has a row for each option. What the log needs at percentiles is in
// the JSON.
func capacityRecords(r *capacity.Report) [][]string {
	rows := [][]string{{"model", "deployment", "name", "commitment", "ptus", "per_month", "per_year", "currency", "utilisation",
		"spilled_share", "rejected_share", "replayed_spilled_share", "latency_p50", "latency_p95", "latency_p99", "meets_slo", "recommended"}}
	for i := range r.Options {
		o := &r.Options[i]
		rows = append(rows, []string{r.Model, o.Deployment, o.Name, o.Commitment, strconv.Itoa(o.PTUs), known(&o.USDPerMonth), known(&o.USDPerYear), r.Currency,
			known(&o.Utilisation), known(&o.SpilledShare), known(o.RejectedShare), known(o.ReplayedSpilled),
			known(o.LatencyP50), known(o.LatencyP95), known(o.LatencyP99), strconv.FormatBool(o.MeetsSLO), strconv.FormatBool(i == r.Recommendation.Option)})
	}
	return rows
}
