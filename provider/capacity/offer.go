package capacity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios/spelling"
)

// Commitment is how long PTUs are bought for.
type Commitment uint8

// The commitments.
const (
	Hourly Commitment = iota
	Monthly
	Yearly
)

// Commitments lists their names, indexed by Commitment.
var Commitments = [...]string{"hourly", "monthly", "yearly"}

func (c Commitment) String() string { return Commitments[c] }

// commitment returns the one of an option; false where it has none, or two.
func (o *Option) commitment() (Commitment, bool) {
	i := slices.Index(Commitments[:], o.Commitment)
	return Commitment(max(i, 0)), i >= 0
}

// Deployments lists the kinds of deployment.
var Deployments = [...]string{"global", "data-zone", "regional"}

// An Offer is what a model costs with and without PTUs, in one kind of
// deployment. Prices are in one currency, the catalog's in US dollars.
type Offer struct {
	Model       string
	Vendor      string
	Ref         string // of the catalog, ptu-N standing for any number
	Deployment  string
	Weights     Weights
	TPMPerPTU   float64 // normalised tokens a minute
	Sizes       catalog.Sizes
	PTU         [len(Commitments)]float64 // of one, a month of 730 h
	Input       float64                   // a million tokens
	Cached      float64
	Output      float64
	Batch       float64 // share of the price that a batch does not pay
	Assumptions []Assumption
	Notes       []string // what the user should know of the above
}

// Assumption is a number that an answer rests on.
type Assumption struct {
	What   string  `json:"what"`   // is assumed
	Value  float64 `json:"value"`  // in the unit
	Unit   string  `json:"unit"`   // of the value
	Source string  `json:"source"` // of the value
	Date   string  `json:"date"`   // of the source
	// Confidence is that of catalog.Fact, or given for what a flag set.
	Confidence string `json:"confidence,omitempty"`
}

// Prices are what a user pays instead of the catalog's prices. Nil leaves those.
type Prices struct {
	PTU      *float64 // of a PTU-hour without reservation
	Month    *float64 // of a PTU reserved for a month
	Year     *float64 // of a PTU reserved for a year
	Input    *float64 // of a million tokens
	Cached   *float64
	Output   *float64
	Discount float64 // share taken off every PTU price, 0 to 1
}

// NewOffer looks up what a model's PTUs give and cost. A model without PTUs is
// an error that names the nearest that has them; so is one whose tokens have no
// price, unless p gives one.
func NewOffer(known *catalog.Catalog, model, deployment string, p Prices) (*Offer, error) {
	row, err := provisioned(known, model)
	if err != nil {
		return nil, err
	}
	o := &Offer{Model: model, Vendor: row.Config.Vendor, Ref: row.Ref, Deployment: deployment, Sizes: row.Sizes, TPMPerPTU: float64(row.Config.PTU.TPMPerUnit),
		Weights: Weights{Discount: row.Config.Charge.CacheDiscount, Ratio: row.Config.PTU.OutputRatio}}
	if deployment == "regional" {
		if o.Sizes = row.Regional; o.Sizes.Step == 0 {
			return nil, fmt.Errorf("which regional sizes %s can have is not known; want global or data-zone", model)
		}
	}
	fact := row.Facts[0]
	o.assume("input TPM per PTU", o.TPMPerPTU, "normalised tokens a minute", fact)
	o.assume("output:input ratio", o.Weights.Ratio, "normalised tokens per output token", fact)
	o.assume("cached input that does not count", o.Weights.Discount, "share", fact)
	o.assume("smallest deployment, "+deployment, float64(o.Sizes.Minimum), fmt.Sprintf("PTUs, then steps of %d", o.Sizes.Step), fact)
	if err := o.priceUnits(known, row, p); err != nil {
		return nil, err
	}
	return o, o.priceTokens(known, p)
}

// provisioned returns the newest row with PTUs of a model.
func provisioned(known *catalog.Catalog, model string) (*catalog.Row, error) {
	var models []string
	rows := known.List()
	for i := range rows {
		if r := &rows[i]; r.Minimum > 0 {
			if r.Config.Model == model {
				return r, nil
			}
			models = append(models, r.Config.Model)
		}
	}
	slices.Sort(models)
	models = slices.Compact(models)
	near := slices.MinFunc(models, func(a, b string) int {
		return cmp.Or(cmp.Compare(spelling.Distance(model, a), spelling.Distance(model, b)),
			cmp.Compare(spelling.Shared(model, b), spelling.Shared(model, a)))
	})
	return nil, fmt.Errorf("the catalog has no PTUs of %q; nearest: %s; known: %s", model, near, strings.Join(models, ", "))
}

func (o *Offer) assume(what string, value float64, unit string, f catalog.Fact) {
	o.Assumptions = append(o.Assumptions, Assumption{what, value, unit, f.Source, f.Date, f.Confidence})
	if !f.IsOld() || f.What == "batch" { // few answers rest on a batch
		return
	}
	note := fmt.Sprintf("%s rests on a row of %s (%s), which is %d days older than the newest row of the catalog, of %s", what, f.Date, f.Source, f.Age()/(24*time.Hour), catalog.AsOf)
	if !slices.ContainsFunc(o.Notes, func(n string) bool { return strings.Contains(n, f.Source+"), which is") }) {
		o.Notes = append(o.Notes, note) // one note for each source
	}
}

// priceUnits sets what PTUs cost.
func (o *Offer) priceUnits(known *catalog.Catalog, row *catalog.Row, p Prices) error {
	units := known.Units()
	i := slices.IndexFunc(units, func(u catalog.UnitPrice) bool {
		return u.Vendor == row.Config.Vendor && u.Deployment == o.Deployment
	})
	if i < 0 {
		units, i = []catalog.UnitPrice{{}}, 0
		if p.PTU == nil || p.Month == nil || p.Year == nil {
			return fmt.Errorf("the catalog has no price of %s PTUs of %s; give all three: hourly, monthly and yearly", o.Deployment, row.Config.Vendor)
		}
	}
	u := units[i]
	if o.Deployment == catalog.Global && row.Config.Price.UnitHour > 0 && row.Config.Price.UnitHour != u.Hour {
		u.Hour = row.Config.Price.UnitHour // of a user's own catalog
	}
	for c, price := range []struct {
		of    float64
		given *float64
		unit  string
		times float64 // in a month
	}{
		{u.Hour, p.PTU, "USD per PTU-hour", Month.Hours()},
		{u.Month, p.Month, "USD per PTU-month", 1},
		{u.Year, p.Year, "USD per PTU-year", 1.0 / 12},
	} {
		fact, of := u.Fact, price.of
		if price.given != nil {
			fact, of = given, *price.given
		}
		of *= 1 - p.Discount
		if p.Discount > 0 {
			fact.Source += fmt.Sprintf(", less %g %%", 100*p.Discount)
		}
		o.assume("ptu price, "+Commitments[c], of, price.unit, fact)
		o.PTU[c] = of * price.times
	}
	return nil
}

// given is the source of what a flag set.
var given = catalog.Fact{Source: "given on the command line", Confidence: "given"}

// priceTokens sets what tokens cost without PTUs.
func (o *Offer) priceTokens(known *catalog.Catalog, p Prices) error {
	price, fact, ok := known.Tokens(o.Vendor, o.Model)
	if !ok && (p.Input == nil || p.Output == nil) {
		return fmt.Errorf("the catalog has no price of tokens of %s; give --input-price and --output-price, and --cached-price if cached ones are cheaper", o.Model)
	}
	o.Input, o.Cached, o.Output = price.Input, price.Cached, price.Output
	if p.Input != nil && p.Cached == nil {
		if ok && price.Input > 0 {
			o.Cached = *p.Input * price.Cached / price.Input // at the list's ratio
		} else {
			o.Cached = *p.Input
		}
	}
	for _, t := range []struct {
		what  string
		of    *float64
		given *float64
	}{{"input", &o.Input, p.Input}, {"cached input", &o.Cached, p.Cached}, {"output", &o.Output, p.Output}} {
		from := fact
		if t.given != nil {
			*t.of, from = *t.given, given
		} else if t.of == &o.Cached && p.Input != nil {
			from = given
			from.Source += ", at the list's ratio to input"
		}
		o.assume("pay-as-you-go price, "+t.what, *t.of, "USD per million tokens", from)
	}
	for _, b := range known.Batches() {
		if b.Vendor == o.Vendor && o.Batch == 0 {
			o.Batch = b.Discount
			o.assume("batch discount", o.Batch, "share of the pay-as-you-go price", b.Fact)
		}
	}
	return nil
}

// PayAsYouGo returns what t costs without PTUs.
func (o *Offer) PayAsYouGo(t Tokens) float64 {
	return ((t.Prompt-t.Cached)*o.Input + t.Cached*o.Cached + t.Output*o.Output) / 1e6
}

// BreakEven returns which share of a PTU's throughput must be used, over the
// whole commitment, for it to cost what the same tokens cost without it. mix is
// what the tokens are made of, in any amount. Above 1, a PTU never pays.
//
//	PTU price a month / (TPM per PTU x 43,800 min x pay-as-you-go price of a normalised token)
func (o *Offer) BreakEven(c Commitment, mix Tokens) float64 {
	perToken := o.PayAsYouGo(mix) / o.Weights.Normalise(mix)
	return o.PTU[c] / (o.TPMPerPTU * minutesPerMonth * perToken)
}
