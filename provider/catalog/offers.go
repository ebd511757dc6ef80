package catalog

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Offer is the capacity of a model that a vendor sells in units, for a time.
//
// A unit gives a throughput of input tokens. Either an output token counts as so many input
// tokens (OutputRatio), as with PTUs and GSUs, or units of output are bought beside those of
// input (OutputTPM), as with OpenAI's scale tier and Bedrock's reserved tier.
type Offer struct {
	Vendor  string
	Product string // ptu, provisioned-throughput, scale-tier or reserved
	Edition string
	Model   string
	Unit    string // what one unit is called: PTU, GSU, bundle
	Sizes          // the numbers of units that can be bought
	// Regional are those in regional deployments, where they differ; zero where it is not
	// known which can be bought there.
	Regional    Sizes
	TPM         float64 // input tokens a minute of a unit
	OutputTPM   float64 // output tokens a minute of a unit of output; 0 = output counts as OutputRatio says
	OutputRatio float64 // what an output token counts
	// CacheDiscount is the share of a cached prompt token that does not count, 0 to 1.
	CacheDiscount float64
	// Windows are over which throughput is counted, by the number of units; none: a level that
	// drains continuously, as Azure's utilisation does.
	Windows []Window
	// Floor is the longest time that an output token takes; 0 = nothing is promised.
	Floor time.Duration
	// PAYG is the vendor in the catalog that has the prices and limits of the model where no
	// capacity is bought; empty where none is known.
	PAYG string
	// Ref is the reference of such a deployment, N standing for the number of units; empty
	// where the catalog has none.
	Ref  string
	Fact Fact
}

// Window is over which the throughput of so many units is counted.
type Window struct {
	UpTo  int // units; 0 = any number
	Width time.Duration
}

// WindowOf returns the window of so many units; 0 where the offer has none.
func (o *Offer) WindowOf(units int) time.Duration {
	for _, w := range o.Windows {
		if units <= w.UpTo || w.UpTo == 0 {
			return w.Width
		}
	}
	return 0
}

// Term is what a unit costs when it is bought for a time.
type Term struct {
	Vendor     string
	Product    string
	Model      string // a * at the end stands for any ending
	Deployment string // global, data-zone or regional
	Name       string // hourly, weekly, monthly, quarterly or yearly
	USD        float64
	USDOutput  float64       // of a unit of output; 0 where none is bought
	Per        string        // hour, day, week, month or year: what USD is paid for
	Length     time.Duration // of Per: a month is 730 hours
	Fact       Fact
}

// Offers returns the capacity that vendors sell, by vendor, as the data files order it. That
// of Azure are the rows of ptu-N, a user's own among them.
func (c *Catalog) Offers() []Offer {
	var all []Offer
	for i := range c.books {
		rows := c.books[i].pages().rows
		for j := range rows {
			if rows[j].Minimum > 0 {
				all = append(all, rows[j].offer())
			}
		}
	}
	all = append(all, c.sold().offers...)
	slices.SortStableFunc(all, func(a, b Offer) int { return cmp.Compare(a.Vendor, b.Vendor) })
	return all
}

// Terms returns what units of an offer cost in a kind of deployment, the shortest term first.
func (c *Catalog) Terms(o *Offer, deployment string) []Term {
	var out []Term
	for _, t := range c.sold().terms {
		if t.Vendor == o.Vendor && t.Product == o.Product && t.Deployment == deployment && fits(t.Model, o.Model) {
			out = append(out, t)
		}
	}
	return out
}

// fits reports whether a model is the one of a row; a * at the end of the row's stands for any
// ending.
func fits(row, model string) bool {
	begins, any := strings.CutSuffix(row, "*")
	return row == model || any && strings.HasPrefix(model, begins)
}

// offer returns the row of a provisioned deployment as an offer.
func (r *Row) offer() Offer {
	p := &r.Config.PTU
	return Offer{Vendor: r.Config.Vendor, Product: "ptu", Edition: r.Edition, Model: r.Config.Model, Unit: "PTU", Sizes: r.Sizes, Regional: r.Regional,
		TPM: float64(p.TPMPerUnit), OutputRatio: p.OutputRatio, CacheDiscount: r.Config.Charge.CacheDiscount,
		Floor: r.Config.Latency.Floor, PAYG: r.Config.Vendor, Ref: r.Ref, Fact: r.Facts[0]}
}

// sold is what the files offers.csv and terms.csv of all vendors hold.
type sold struct {
	offers []Offer
	terms  []Term
}

func readSold() *sold {
	s := &sold{}
	var err error
	for _, e := range must(data.ReadDir("data")) {
		if e.IsDir() {
			err = errors.Join(err, s.readOffers(e.Name()), s.readTerms(e.Name()))
		}
	}
	return must(s, err)
}

const offerColumns = "vendor,product,edition,model,unit,minimum,step,throughput,per,output_throughput,output_ratio,cached_weight,windows,target_tps,payg,note"

func (s *sold) readOffers(vendor string) error {
	return readData(vendor+"/offers.csv", offerColumns, func(l *line) {
		o := Offer{Vendor: l.text("vendor"), Product: l.text("product"), Edition: l.text("edition"), Model: l.name("model"), Unit: l.text("unit"),
			Sizes: Sizes{int(l.whole("minimum", maxUnits)), int(l.whole("step", maxUnits))},
			TPM:   l.number("throughput"), Windows: l.windows("windows"), PAYG: l.cell("payg"), Fact: l.fact("capacity")}
		per, known := map[string]float64{"second": 60, "minute": 1}[l.text("per")]
		if !known {
			l.fail("per", "want second or minute")
		}
		o.TPM *= per
		switch {
		case (l.cell("output_throughput") != "") == (l.cell("output_ratio") != ""):
			l.fail("output_ratio", "want either output_throughput or output_ratio")
		case l.cell("output_ratio") != "":
			o.OutputRatio = l.number("output_ratio")
		default:
			o.OutputTPM = l.number("output_throughput") * per
		}
		if l.cell("cached_weight") != "" {
			if o.CacheDiscount = 1 - l.price("cached_weight"); o.CacheDiscount < 0 {
				l.fail("cached_weight", "want a share of at most 1")
			}
		}
		if l.cell("target_tps") != "" {
			o.Floor = perToken(l.number("target_tps"))
		}
		if o.Minimum == 0 || o.Step == 0 || o.Vendor != vendor {
			l.fail("minimum", "want the smallest number of units and a step, of %s", vendor)
		}
		o.Regional = o.Sizes
		s.offers = append(s.offers, o)
	})
}

// lengths are those of what prices are paid for; a month is a twelfth of 365 days.
var lengths = map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour, "month": 730 * time.Hour, "year": 365 * 24 * time.Hour}

func (s *sold) readTerms(vendor string) error {
	return readData(vendor+"/terms.csv", "vendor,product,model,deployment,term,usd,usd_output,per,note", func(l *line) {
		t := Term{Vendor: l.text("vendor"), Product: l.text("product"), Model: l.text("model"), Deployment: l.text("deployment"), Name: l.text("term"),
			USD: l.price("usd"), Per: l.text("per"), Fact: l.fact("price")}
		if l.cell("usd_output") != "" {
			t.USDOutput = l.price("usd_output")
		}
		if t.Length = lengths[t.Per]; t.Length == 0 || t.Vendor != vendor {
			l.fail("per", "want hour, day, week, month or year, of %s", vendor)
		}
		s.terms = append(s.terms, t)
	})
}

// windows reads "3:120 49:30 :5": 120 s up to 3 units, 30 s up to 49, and 5 s beyond. An empty
// cell has none.
func (l *line) windows(column string) []Window {
	var out []Window
	for _, part := range strings.Fields(l.cell(column)) {
		most, seconds, _ := strings.Cut(part, ":")
		w := Window{}
		var err error
		if most != "" {
			w.UpTo, err = strconv.Atoi(most)
		}
		s, bad := strconv.ParseFloat(seconds, 64)
		if err != nil || bad != nil || !(s > 0 && s <= 3600) || w.UpTo < 0 || (most == "") != (w.UpTo == 0) {
			l.fail(column, "want the most units and seconds, such as 3:120 49:30 :5, got %q", l.cell(column))
			return nil
		}
		w.Width = time.Duration(math.Round(s * float64(time.Second)))
		if n := len(out); n > 0 && (out[n-1].UpTo == 0 || w.UpTo != 0 && w.UpTo <= out[n-1].UpTo) {
			l.fail(column, "want more units in each part than in the one before, got %q", l.cell(column))
		}
		out = append(out, w)
	}
	return out
}
