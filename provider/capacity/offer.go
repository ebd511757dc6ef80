package capacity

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios/spelling"
)

// Commitment is how long units of capacity are bought for.
type Commitment uint8

// The commitments, the shortest first.
const (
	Hourly Commitment = iota
	Weekly
	Monthly
	Quarterly // three months
	Yearly
)

// Commitments lists their names, indexed by Commitment.
var Commitments = [...]string{"hourly", "weekly", "monthly", "quarterly", "yearly"}

func (c Commitment) String() string { return Commitments[c] }

// commitment returns the one of an option; false where it has none, or two.
func (o *Option) commitment() (Commitment, bool) {
	i := slices.Index(Commitments[:], o.Commitment)
	return Commitment(max(i, 0)), i >= 0
}

// Deployments lists the kinds of deployment.
var Deployments = [...]string{"global", "data-zone", "regional"}

// An Offer is what a vendor asks for a model's tokens, with and without capacity that is
// bought in units, in one kind of deployment. Prices are in one currency, the catalog's in US
// dollars.
type Offer struct {
	Model      string
	Vendor     string
	Deployment string
	Unit       string // what one unit is called: PTU, GSU, bundle; empty where none is sold
	Weights    Weights
	PerUnit    float64 // normalised tokens a minute that a unit gives, with its share of Outputs
	Sizes      catalog.Sizes
	Terms      []Price // the shortest first; none where no price is known
	// Outputs is how many units of output are bought for each of input; 0 where output is not
	// bought by itself. See For.
	Outputs     float64
	Input       float64 // a million tokens
	Cached      float64
	Output      float64
	Batch       float64 // share of the price that a batch does not pay
	Assumptions []Assumption
	Notes       []string // what the user should know of the above

	sold catalog.Offer
}

// Price is what a unit costs a month of 730 hours when it is bought for a time.
type Price struct {
	Commitment Commitment
	Month      float64 // of a unit
	Output     float64 // of a unit of output, where those are bought by themselves
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
	Units    []UnitPrice
	Input    *float64 // of a million tokens
	Cached   *float64
	Output   *float64
	Discount float64 // share taken off every price of a unit, 0 to 1
}

// UnitPrice is a price of a unit that a user gives.
type UnitPrice struct {
	Commitment Commitment
	USD        float64 // of a unit for Per
	Output     float64 // of a unit of output for Per, where those are bought by themselves
	Per        string  // hour, month or year
}

// NewOffer looks up what a vendor gives and asks for a model, with and without capacity that is
// bought. A vendor that sells no capacity of the model, and has no price of its tokens, is
// an error that names the nearest model; so is one whose tokens have no price, unless p gives
// one.
func NewOffer(known *catalog.Catalog, vendor, model, deployment string, p Prices) (*Offer, error) {
	sold, err := find(known, vendor, model)
	if err != nil {
		return nil, err
	}
	o := &Offer{Model: model, Vendor: vendor, Unit: sold.Unit, Deployment: deployment, Sizes: sold.Sizes, PerUnit: sold.TPM,
		Weights: Weights{Discount: sold.CacheDiscount, Ratio: sold.OutputRatio}, sold: *sold}
	if deployment == "regional" && sold.Unit != "" {
		if o.Sizes = sold.Regional; o.Sizes.Step == 0 {
			return nil, fmt.Errorf("which regional sizes %s can have is not known; want global or data-zone", model)
		}
	}
	if err := o.priceTokens(known, p); err != nil {
		return nil, err
	}
	if sold.Unit == "" || sold.OutputTPM > 0 {
		o.Weights.Ratio = o.Output / max(o.Input, 1e-9) // so that a normalised token costs the same by any mix
	}
	if sold.Unit == "" {
		o.Notes = append(o.Notes, fmt.Sprintf("the catalog knows of no capacity of %s that %s sells: only pay-as-you-go is looked at", model, vendor))
		return o, nil
	}
	tokens := o.Assumptions
	o.Assumptions = nil
	o.assumeUnits()
	if err := o.priceUnits(known, p); err != nil {
		return nil, err
	}
	o.Assumptions = append(o.Assumptions, tokens...)
	if sold.Product == "provisioned-throughput" {
		o.Notes = append(o.Notes, gsuModes, gsuPool)
	}
	return o, nil
}

// assumeUnits takes down what a unit gives.
func (o *Offer) assumeUnits() {
	fact, s := o.sold.Fact, &o.sold
	if s.OutputTPM > 0 {
		o.assume("input TPM per input "+o.Unit, s.TPM, "tokens a minute", fact)
		o.assume("output TPM per output "+o.Unit, s.OutputTPM, "tokens a minute", fact)
	} else {
		o.assume("input TPM per "+o.Unit, o.PerUnit, "normalised tokens a minute", fact)
		o.assume("output:input ratio", o.Weights.Ratio, "normalised tokens per output token", fact)
	}
	o.assume("cached input that does not count", o.Weights.Discount, "share", fact)
	o.assume("smallest deployment, "+o.Deployment, float64(o.Sizes.Minimum), fmt.Sprintf("%s, then steps of %d", plural(o.Sizes.Minimum, o.Unit), o.Sizes.Step), fact)
	for _, w := range s.Windows {
		up := "more " + o.Unit + "s"
		if len(s.Windows) == 1 {
			up = "any number of " + o.Unit + "s"
		}
		if w.UpTo > 0 {
			up = "up to " + counted(w.UpTo, o.Unit)
		}
		o.assume("window of "+up, w.Width.Seconds(), "s", fact)
	}
}

// find returns what a vendor sells of a model, the newest edition of it. Of a vendor that has a
// price of the model and sells no capacity of it, it returns an offer without a unit.
func find(known *catalog.Catalog, vendor, model string) (*catalog.Offer, error) {
	var models, vendors []string
	unit := ""
	all := known.Offers()
	for i := range all {
		o := &all[i]
		vendors = append(vendors, o.Vendor)
		if o.Vendor != vendor {
			continue
		}
		if o.Model == model {
			return o, nil
		}
		models, unit = append(models, o.Model), o.Unit
	}
	if _, _, priced := known.Tokens(vendor, model); priced && unit != "PTU" {
		return &catalog.Offer{Vendor: vendor, Model: model, PAYG: vendor}, nil
	}
	slices.Sort(models)
	models = slices.Compact(models)
	if models == nil {
		slices.Sort(vendors)
		return nil, fmt.Errorf("the catalog has neither capacity nor a price of %s/%s; vendors whose capacity it knows: %s", vendor, model, strings.Join(slices.Compact(vendors), ", "))
	}
	near := slices.MinFunc(models, func(a, b string) int {
		return cmp.Or(cmp.Compare(spelling.Distance(model, a), spelling.Distance(model, b)),
			cmp.Compare(spelling.Shared(model, b), spelling.Shared(model, a)))
	})
	return nil, fmt.Errorf("the catalog has no %ss of %q; nearest: %s; known: %s", unit, model, near, strings.Join(models, ", "))
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

// priceUnits sets what units cost: what the catalog has, with what p gives in its place or
// beside it.
func (o *Offer) priceUnits(known *catalog.Catalog, p Prices) error {
	terms := known.Terms(&o.sold, o.Deployment)
	if o.Deployment == catalog.Global && o.sold.Ref != "" {
		o.ownHour(known, terms)
	}
	for _, given := range p.Units {
		t := catalog.Term{Name: given.Commitment.String(), USD: given.USD, USDOutput: given.Output, Per: given.Per, Length: lengths[given.Per], Fact: fromFlag}
		if i := slices.IndexFunc(terms, func(t catalog.Term) bool { return t.Name == given.Commitment.String() }); i >= 0 {
			terms[i] = t
		} else {
			terms = append(terms, t)
		}
	}
	if len(terms) == 0 {
		if len(known.Terms(&o.sold, catalog.Global)) > 0 {
			return fmt.Errorf("the catalog has no price of %s %ss of %s; want global, or give prices", o.Deployment, o.Unit, o.Vendor)
		}
		o.Notes = append(o.Notes, fmt.Sprintf("the price of a %s of %s is not known (%s): only pay-as-you-go is priced; --unit-price states yours", o.Unit, o.Vendor, o.sold.Fact.Note))
	}
	for _, t := range terms {
		c := Commitment(slices.Index(Commitments[:], t.Name))
		fact := t.Fact
		if p.Discount > 0 {
			fact.Source += fmt.Sprintf(", less %g %%", 100*p.Discount)
		}
		left, months := 1-p.Discount, Month.Hours()/t.Length.Hours()
		unit := strings.ToLower(o.Unit)
		if o.sold.OutputTPM > 0 {
			o.assume("output "+unit+" price, "+t.Name, t.USDOutput*left, "USD per output "+o.Unit+"-"+t.Per, fact)
			unit = "input " + unit
		}
		o.assume(unit+" price, "+t.Name, t.USD*left, "USD per "+o.Unit+"-"+t.Per, fact)
		o.Terms = append(o.Terms, Price{c, t.USD * left * months, t.USDOutput * left * months})
	}
	slices.SortFunc(o.Terms, func(a, b Price) int { return cmp.Compare(a.Commitment, b.Commitment) })
	return nil
}

// ownHour takes the price of an hour from a user's own catalog.
func (o *Offer) ownHour(known *catalog.Catalog, terms []catalog.Term) {
	cfg, err := known.Find(strings.Replace(o.sold.Ref, "ptu-N", fmt.Sprintf("ptu-%d", o.Sizes.Minimum), 1))
	for i := range terms {
		if hour := cfg.Price.UnitHour; err == nil && hour > 0 && terms[i].Name == Hourly.String() {
			terms[i].USD = hour
		}
	}
}

var lengths = map[string]time.Duration{"hour": time.Hour, "month": Month, "year": 12 * Month}

// fromFlag is the source of what a flag set.
var fromFlag = catalog.Fact{Source: "given on the command line", Confidence: "given"}

// priceTokens sets what tokens cost without PTUs.
func (o *Offer) priceTokens(known *catalog.Catalog, p Prices) error {
	price, fact, ok := known.Tokens(o.sold.PAYG, o.Model)
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
			*t.of, from = *t.given, fromFlag
		} else if t.of == &o.Cached && p.Input != nil {
			from = fromFlag
			from.Source += ", at the list's ratio to input"
		}
		o.assume("pay-as-you-go price, "+t.what, *t.of, "USD per million tokens", from)
	}
	for _, b := range known.Batches() {
		if b.Vendor == o.sold.PAYG && o.Batch == 0 {
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

// For returns the offer to a demand that is made of so many tokens. Where input and output are
// bought by themselves, units of output are bought in proportion: so that both run out at
// once when each minute is made like the whole. With i tokens in and o out a minute on
// average, and units that give I and O,
//
//	(o / O) / (i / I)
//
// are bought for each unit of input.
func (o *Offer) For(total Tokens) *Offer {
	if o.sold.OutputTPM == 0 {
		return o
	}
	fit := *o
	fit.Outputs = total.Output / o.sold.OutputTPM / max(total.Prompt/o.sold.TPM, 1e-9)
	fit.PerUnit = o.sold.TPM + o.Weights.Ratio*fit.Outputs*o.sold.OutputTPM
	return &fit
}

// OutputsFor returns how many units of output are bought with so many of input.
func (o *Offer) OutputsFor(units int) int {
	if o.Outputs == 0 || units == 0 {
		return 0
	}
	return max(1, int(math.Ceil(float64(units)*o.Outputs-1e-9)))
}

// price returns what a unit costs a month, with its share of the units of output; 0 where the
// offer has no such term.
func (o *Offer) price(c Commitment) float64 {
	for _, t := range o.Terms {
		if t.Commitment == c {
			return t.Month + o.Outputs*t.Output
		}
	}
	return 0
}

// cost returns what so many units cost a month, units of output being whole ones.
func (o *Offer) cost(units int, c Commitment) float64 {
	for _, t := range o.Terms {
		if t.Commitment == c {
			return float64(units)*t.Month + float64(o.OutputsFor(units))*t.Output
		}
	}
	return 0
}

// Longest returns the longest term for which there is a price, which is the cheapest as a rule.
func (o *Offer) Longest() Commitment {
	if n := len(o.Terms); n > 0 {
		return o.Terms[n-1].Commitment
	}
	return Yearly
}

// has reports whether there is a price for a term.
func (o *Offer) has(c Commitment) bool {
	return slices.ContainsFunc(o.Terms, func(t Price) bool { return t.Commitment == c })
}

// BreakEven returns which share of a unit's throughput must be used, over the
// whole commitment, for it to cost what the same tokens cost without it. mix is
// what the tokens are made of, in any amount. Above 1, a unit never pays.
//
//	price of a unit a month / (TPM per unit x 43,800 min x pay-as-you-go price of a normalised token)
func (o *Offer) BreakEven(c Commitment, mix Tokens) float64 {
	return o.price(c) / o.worth(mix)
}

// worth is what the tokens that a unit can serve in a month cost without it.
func (o *Offer) worth(mix Tokens) float64 {
	perToken := o.PayAsYouGo(mix) / o.Weights.Normalise(mix)
	return o.PerUnit * minutesPerMonth * perToken
}

// Sold is the row of the catalog that the offer rests on.
func (o *Offer) Sold() *catalog.Offer { return &o.sold }

// gsuModes says how the options of Vertex AI are asked for, and gsuPool what is not known of its
// pay-as-you-go.
const (
	gsuModes = "requests to a Vertex AI order spill over to pay-as-you-go by default; options without spillover are for requests with X-Vertex-AI-LLM-Request-Type: dedicated, which are refused with 429 when the order is full; pay-as-you-go alone is shared, which skips the order"
	gsuPool  = "pay-as-you-go of Vertex AI is a pool that customers share, without a published limit: unless --provider limits it, it refuses nothing here, which it may do when others use it; its prices are those of the vendor's own API"
)
