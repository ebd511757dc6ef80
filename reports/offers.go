package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ratesim/provider/capacity"
	"ratesim/reports/chart"
	"ratesim/reports/words"
)

// OffersSchema names the layout of several answers of `ratesim capacity` that stand side by
// side. It changes only with the layout.
const OffersSchema = "ratesim/capacity/v1"

// SavedOffers are several answers as they are saved.
type SavedOffers struct {
	Schema  string             `json:"schema"`  // ratesim/capacity/v1
	Best    int                `json:"best"`    // index of Results; -1 = no offer meets the objectives
	Results []*capacity.Report `json:"results"` // each as ratesim ptu prints it
}

// Offers is the answer of `ratesim capacity` where several vendors or models are compared: of
// each its pay-as-you-go, the capacity that is recommended, or would be, and that of the rule
// of thumb.
func Offers(rs []*capacity.Report) *Document {
	o := &SavedOffers{Schema: OffersSchema, Best: cheapest(rs)}
	for _, r := range rs {
		o.Results = append(o.Results, asSaved(r))
	}
	return o.document()
}

func (o *SavedOffers) document() *Document {
	first := o.Results[0]
	d := &Document{Kind: KindCapacity, Name: "capacity", Title: o.answer(), Lead: o.services(), Facts: append([]string{words.List(o.names(), "and")}, capacityFacts(first)[1:]...),
		Tables: []Table{o.table()}, Data: rounded{o}, Records: o.records()}
	d.Charts = []chart.Chart{o.chart(d.Facts)}
	d.Legend = []string{"Of each offer: pay-as-you-go; what is recommended of it; what its units cost without spillover; and the size that the 95th percentile of the demand needs (p95). Refused and p95 are of requests sent once, without retries."}
	if o.mixed() {
		d.Assumed = []string{"The tokens of the log are taken to be as many with each model, though models count differently and answer differently."}
	}
	seen := map[string]bool{}
	for _, r := range o.Results {
		for _, w := range r.Warnings {
			if !seen[w] {
				seen[w] = true
				d.Warnings = append(d.Warnings, w)
			}
		}
	}
	for i, r := range o.Results {
		for _, l := range capacityLists(r) {
			if l.Title == restsOn || i == o.Best { // what turns an offer that is not the best turns little
				d.Lists = append(d.Lists, List{nameOf(r) + ": " + strings.ToLower(l.Title[:1]) + l.Title[1:], l.Items})
			}
		}
	}
	return d
}

// nameOf is vendor/model.
func nameOf(r *capacity.Report) string {
	return words.Printable(r.Vendor) + "/" + words.Printable(r.Model)
}

func (o *SavedOffers) names() (out []string) {
	for _, r := range o.Results {
		out = append(out, nameOf(r))
	}
	return out
}

// mixed reports whether different models are compared.
func (o *SavedOffers) mixed() bool {
	return slices.ContainsFunc(o.Results, func(r *capacity.Report) bool { return r.Model != o.Results[0].Model })
}

// chosenOf is the option that is recommended of an offer; nil if none meets the objectives.
func chosenOf(r *capacity.Report) *capacity.Option {
	if i := r.Recommendation.Option; i >= 0 && i < len(r.Options) {
		return &r.Options[i]
	}
	return nil
}

// cheapest is the index of the offer whose recommended option costs least.
func cheapest(rs []*capacity.Report) int {
	best := -1
	for i, r := range rs {
		if o := chosenOf(r); o != nil && (best < 0 || o.USDPerMonth < chosenOf(rs[best]).USDPerMonth) {
			best = i
		}
	}
	return best
}

// answer says what to buy of whom, and what comes next.
func (o *SavedOffers) answer() string {
	if o.Best < 0 || o.Best >= len(o.Results) || chosenOf(o.Results[o.Best]) == nil {
		return "No offer that was looked at meets " + words.List(words.Printables(o.Results[0].Objectives), "and") + "."
	}
	r := o.Results[o.Best]
	answer := Answer(r)
	if !strings.Contains(answer, "of "+words.Printable(r.Model)) {
		answer = strings.Replace(strings.Replace(answer, "Stay on pay-as-you-go", "Take pay-as-you-go of "+nameOf(r), 1), "stay on pay-as-you-go", "take pay-as-you-go of "+nameOf(r), 1)
	} else {
		answer = strings.Replace(answer, "of "+words.Printable(r.Model), "of "+nameOf(r), 1)
	}
	var next *capacity.Report
	for i, other := range o.Results {
		if c := chosenOf(other); i != o.Best && c != nil && (next == nil || c.USDPerMonth < chosenOf(next).USDPerMonth) {
			next = other
		}
	}
	if next == nil {
		return answer
	}
	a, b := chosenOf(r), chosenOf(next)
	return answer + fmt.Sprintf(" Next comes %s of %s for %s a month, %.0f %% more.", b.Title(), nameOf(next), words.Money(b.USDPerMonth), 100*(b.USDPerMonth/max(a.USDPerMonth, 1e-9)-1))
}

// services says how fast the best offer is, and what the pay-as-you-go of each is limited by.
func (o *SavedOffers) services() (out []string) {
	if o.Best >= 0 && o.Best < len(o.Results) {
		r := o.Results[o.Best]
		if c := chosenOf(r); c != nil && c.PTUs > 0 {
			out = append(out, slower(&r.Options[0], c))
		}
	}
	var limited, unknown []string
	assumed := false
	for _, r := range o.Results {
		switch p := r.Replay; {
		case p == nil || p.PAYG == "":
			unknown = append(unknown, nameOf(r))
		default:
			limited = append(limited, fmt.Sprintf("%s (%s)", words.Printable(p.PAYG), limitWords(p.Limits)))
			assumed = assumed || p.Assumed
		}
	}
	if limited != nil {
		s := "Pay-as-you-go has the limits of " + words.List(limited, "and")
		if assumed {
			s += ": the largest tiers were assumed, --provider names others"
		}
		out = append(out, s+".")
	}
	if unknown != nil {
		out = append(out, "No limits are known of the pay-as-you-go of "+words.List(unknown, "and")+", so that it refuses nothing here.")
	}
	for _, r := range o.Results {
		if r.Replay != nil && len(r.Replay.Tiers) > 0 {
			t := &r.Replay.Tiers[0]
			out = append(out, fmt.Sprintf("Pay-as-you-go on %s (%s) would refuse %s of the requests; ratesim capacity --model %s has all tiers.", words.Printable(t.Ref), limitWords(t.Limits), words.Write(t.Rejected, words.FinePercent), nameOf(r)))
		}
	}
	return out
}

// shown are the options of an offer that stand beside those of others.
func shown(r *capacity.Report) []*capacity.Option {
	out := []*capacity.Option{&r.Options[0]}
	chosen := chosenOf(r)
	var strict *capacity.Option
	for i := 1; i < len(r.Options); i++ {
		o := &r.Options[i]
		if !o.Spills && o.PTUs > 0 && o.Schedule == nil && (strict == nil || o.USDPerMonth < strict.USDPerMonth) {
			strict = o
		}
	}
	var spills *capacity.Option
	for i := range r.Options {
		o := &r.Options[i]
		if o.Spills && o.Rule == "" && o.Online == 1 && (spills == nil || o.USDPerMonth < spills.USDPerMonth) {
			spills = o
		}
	}
	for i := 1; i < len(r.Options); i++ {
		if o := &r.Options[i]; o == chosen || o == strict || o == spills || o.Rule != "" {
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out[1:], func(a, b *capacity.Option) int { return cmp.Compare(a.USDPerMonth, b.USDPerMonth) })
	return out
}

func (o *SavedOffers) table() Table {
	t := Table{Of: "offer", Columns: columns([]string{o.Results[0].Currency + "/month", "used", "spilled", "refused", "p50", "p95", "SLO"}, 1, 6, 5, 4, 7, 3, 2)}
	for k, r := range o.Results {
		t.Rows = append(t.Rows, Row{Name: nameOf(r), Title: true})
		for _, p := range shown(r) {
			cells := []Cell{money(p.USDPerMonth), absent(), absent(), absent(), absent(), absent(), text(map[bool]string{true: "met", false: "missed"}[p.MeetsSLO])}
			if p.PTUs > 0 {
				cells[1], cells[2] = value(p.Utilisation, words.Percent), value(p.SpilledShare, words.Percent)
			}
			if p.RejectedShare != nil {
				cells[3] = value(*p.RejectedShare, words.FinePercent)
			}
			for i, v := range map[int]*float64{4: p.LatencyP50, 5: p.LatencyP95} {
				if v != nil {
					cells[i] = value(*v, words.Seconds)
				}
			}
			t.add(p.Title(), cells...)
			if k == o.Best && p == chosenOf(r) {
				t.Rows[len(t.Rows)-1].Role = chart.Chosen
			}
		}
	}
	return t
}

// chart shows what the options of the table cost.
func (o *SavedOffers) chart(facts []string) chart.Chart {
	var all []chart.Offered
	title := "No offer meets the objectives"
	for k, r := range o.Results {
		for _, p := range shown(r) {
			chosen := k == o.Best && p == chosenOf(r)
			all = append(all, chart.Offered{Option: p, Offer: nameOf(r), Chosen: chosen})
			if chosen {
				title = fmt.Sprintf("%s of %s cost least: %s %s a month", words.Printable(p.Title()), nameOf(r), words.Money(p.USDPerMonth), words.Printable(r.Currency))
				if p.PTUs+p.Outputs < 2 {
					title = strings.Replace(title, " cost least", " costs least", 1)
				}
			}
		}
	}
	return chart.Offers(title, o.Results[0].Currency, facts, all)
}

// records has every option of every offer, after the name of its vendor.
func (o *SavedOffers) records() [][]string {
	var rows [][]string
	for k, r := range o.Results {
		for i, row := range capacityRecords(r) {
			switch {
			case i == 0 && k == 0:
				rows = append(rows, append([]string{"vendor"}, row...))
			case i > 0:
				rows = append(rows, append([]string{r.Vendor}, row...))
			}
		}
	}
	return rows
}
