package catalog

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"ratesim/provider"
)

// Asks is what a vendor asks of who wants a tier. Its source is the fact "tier" of
// the row.
type Asks struct {
	// USD is how many US dollars must have been paid, in all, to get at least
	// the limits of the tier; nil = the vendor publishes no amount.
	USD *float64 `json:"usd_paid,omitempty"`
	// Days is how many must have passed since the first payment; 0 = none.
	Days int `json:"days_since_first_payment,omitempty"`
	// MonthlyCap is how many US dollars may be spent in a month on the tier; 0 =
	// none is published. At the cap every call is refused until the month is over.
	MonthlyCap float64 `json:"usd_a_month_at_most,omitempty"`
	Condition  string  `json:"condition,omitempty"` // what else there is to say, in words
}

// String says it in one line, such as "$50 paid, 7 days since the first payment; at
// most $500 a month".
func (a *Asks) String() string {
	var parts []string
	switch {
	case a.USD == nil:
		parts = append(parts, "no amount is published")
	case *a.USD == 0:
		parts = append(parts, "no payment")
	case a.Days > 0:
		parts = append(parts, fmt.Sprintf("%s paid, %d days since the first payment", dollars(*a.USD), a.Days))
	default:
		parts = append(parts, dollars(*a.USD)+" paid")
	}
	if a.Condition != "" {
		parts = append(parts, a.Condition)
	}
	if a.MonthlyCap > 0 {
		parts = append(parts, "at most "+dollars(a.MonthlyCap)+" a month")
	}
	return strings.Join(parts, "; ")
}

// dollars writes an amount of at most a billion as $200,000.
func dollars(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	whole, cents, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if cents != "" {
		whole += "." + cents
	}
	return "$" + whole
}

// asked is a row of tiers.csv.
type asked struct {
	Asks
	fact  Fact
	place int // among the tiers of the vendor
}

// readTiers reads what tiers ask for.
func (p *pages) readTiers(vendor string) error {
	return readData(vendor+"/tiers.csv", "vendor,edition,tier,usd_paid,days,usd_a_month_at_most,condition,note", func(l *line) {
		a := asked{Asks{Days: int(l.whole("days", 3650)), MonthlyCap: float64(l.whole("usd_a_month_at_most", 1e9)),
			Condition: l.cell("condition")}, l.fact("tier"), len(p.tiers) + 1}
		if l.cell("usd_paid") != "" {
			usd := l.price("usd_paid")
			a.USD = &usd
		} else if a.Condition == "" {
			l.fail("condition", "is empty, and so is usd_paid; say that nothing is published")
		}
		if a.Days > 0 && (a.USD == nil || *a.USD == 0) {
			l.fail("days", "are counted from a payment, and none is asked for")
		}
		key := l.text("edition") + "@" + l.text("tier")
		if _, twice := p.tiers[key]; twice || l.text("vendor") != vendor {
			l.fail("tier", "%s is there twice, or of another vendor", key)
		}
		p.tiers[key] = a
	})
}

// asks notes what the row's tier asks for, if that is known.
func (p *pages) asks(r *Row) {
	if a, ok := p.tiers[r.Edition+"@"+r.Tier]; ok {
		r.Asks, r.place = &a.Asks, a.place
		r.Facts = append(r.Facts, a.fact)
	}
}

// Tiers returns the pay-as-you-go deployments of the vendor, edition and model of
// ref, the smallest first, each with what it asks for. Of Azure they are those of the
// scope of ref, for global, data zone and regional deployments are the same tiers of a
// subscription; of a provisioned ref they are the global ones, if there are any.
//
// Where ref names no edition, and its tier is of one that has ended, they are the tiers
// of the edition that followed, for nobody can move to another tier of the old one; the
// deployment of ref itself is among them.
//
// Tiers have the order of tiers.csv. Of a user's own, that is smaller which admits fewer
// tokens a minute; of two that admit as many, it is the one that admits fewer requests a
// minute, and then fewer output tokens. A limit of an hour or a day counts as what it
// gives in a minute on average, and a limit that is missing as infinite. In the embedded
// catalog a deployment has no limit below that of a smaller one, so what is enough on one
// tier is enough on the larger ones. A test has the few that are not so, and why.
func (c *Catalog) Tiers(ref string) ([]Row, error) {
	row, _, err := c.row(ref)
	if err != nil {
		return nil, err
	}
	edition := row.Edition
	if _, named, _, _, _ := split(ref); named == "" {
		edition = c.pages(row.Config.Vendor).of(row.Config.Model)[0].Edition // the newest
	}
	tiers := c.tiersOf(row, edition)
	if edition == row.Edition {
		return tiers, nil
	}
	if len(tiers) == 0 {
		return c.tiersOf(row, row.Edition), nil
	}
	place := slices.IndexFunc(tiers, func(r Row) bool { return byLimits(row, &r) < 0 })
	if place < 0 {
		place = len(tiers)
	}
	return slices.Insert(tiers, place, *row), nil
}

// tiersOf returns the pay-as-you-go deployments of an edition that are of the model and the
// scope of a row, the smallest first.
func (c *Catalog) tiersOf(row *Row, edition string) []Row {
	var tiers []Row
	for _, r := range c.pages(row.Config.Vendor).rows {
		if r.Edition == edition && r.Config.Model == row.Config.Model && r.Tier != provisioned {
			tiers = append(tiers, r)
		}
	}
	scope := row.Scope
	if row.Tier == provisioned && len(tiers) > 0 {
		scope = tiers[0].Scope
		if slices.ContainsFunc(tiers, func(r Row) bool { return r.Scope == Global }) {
			scope = Global
		}
	}
	tiers = slices.DeleteFunc(tiers, func(r Row) bool { return r.Scope != scope })
	slices.SortStableFunc(tiers, func(a, b Row) int { return bySize(&a, &b) })
	return tiers
}

func bySize(a, b *Row) int {
	if a.place > 0 && b.place > 0 {
		return cmp.Compare(a.place, b.place)
	}
	return byLimits(a, b)
}

// byLimits compares what two rows admit.
func byLimits(a, b *Row) int {
	return cmp.Or(
		cmp.Compare(a.aMinute(provider.Tokens, provider.Input), b.aMinute(provider.Tokens, provider.Input)),
		cmp.Compare(a.aMinute(provider.Requests), b.aMinute(provider.Requests)),
		cmp.Compare(a.aMinute(provider.Output), b.aMinute(provider.Output)))
}

// aMinute returns how much of some units the row admits in a minute, on average.
func (r *Row) aMinute(units ...provider.Unit) float64 {
	least := math.Inf(1)
	for _, k := range limitColumns() {
		for _, l := range r.Limits {
			if l.Name == k.Name.String() && slices.Contains(units, k.Counts) && k.Per > 0 {
				least = min(least, float64(l.Most)*float64(time.Minute)/float64(k.Per))
			}
		}
	}
	return least
}
