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

// Terms are what the price of a model's tokens depends on, beside the model. The zero value
// is the standard price on the day AsOf.
type Terms struct {
	Service string        // tier of service, such as flex; empty = standard
	Region  string        // where requests are worked on; empty = where that costs nothing
	Kept    time.Duration // how long the cache keeps what is written to it; above 5 minutes it may cost more
	Day     string        // such as 2026-11-30; empty = AsOf
	Begins  time.Duration // how much of the week is over when the run begins; see provider.PeakHours
}

// Pricing is a price and the rows that it is made of.
type Pricing struct {
	provider.Price
	short, long PriceRow
	factors     []PriceRow // of the service and the region
	peak, batch PriceRow
}

// PriceRow is a row of the files on prices: what tokens cost, or how many times as much.
type PriceRow struct {
	Name string // what it is about: the model, and how its requests must be
	Says string // the prices of a million tokens, or the factor
	Fact Fact
}

// Rows returns the rows that make up the prices of a band: one that has prices, and those
// that change them. It returns none where no price is known.
func (p *Pricing) Rows(b provider.Band) []PriceRow {
	of := *p
	if b&provider.LongPrompt != 0 {
		of.short = PriceRow{}
	} else {
		of.long = PriceRow{}
	}
	if b&provider.PeakHour == 0 {
		of.peak = PriceRow{}
	}
	return of.All()
}

// All returns the rows of all bands.
func (p *Pricing) All() []PriceRow {
	rows := append([]PriceRow{p.short, p.long}, p.factors...)
	rows = append(rows, p.peak, p.batch)
	return slices.DeleteFunc(rows, func(r PriceRow) bool { return r.Name == "" })
}

// listed is what a row of prices.csv has. A price of -1 is not there.
type listed struct {
	model                                string
	prompt                               uint32 // tokens of the shortest prompt that pays so; 0 = any
	from                                 string // the first day on which it holds; empty = always
	input, cached, written, hour, output float64
	fact                                 Fact
}

// priceColumns are the prices of a row, in the order of listed.
var priceColumns = [...]string{"usd_per_million_input", "usd_per_million_cached", "usd_per_million_written", "usd_per_million_written_1h", "usd_per_million_output"}

// listed reads a row with prices. Where none is given for cached tokens and for those that
// are written to the cache, they cost what others do.
func (l *line) listed() listed {
	r := listed{model: l.cell("model"), prompt: uint32(l.whole("prompt_from", 1<<31)), from: l.cell("from")}
	for i, to := range []*float64{&r.input, &r.cached, &r.written, &r.hour, &r.output} {
		switch {
		case to == &r.input || to == &r.output:
			*to = l.price(priceColumns[i])
		case l.cell(priceColumns[i]) != "":
			*to = l.number(priceColumns[i])
		default:
			*to = -1
		}
	}
	l.day("from", r.from)
	return r
}

// day checks that a cell is a day or empty.
func (l *line) day(column, s string) {
	if _, err := time.Parse(time.DateOnly, s); err != nil && s != "" {
		l.fail(column, "want a day such as 2026-11-30, got %q", s)
	}
}

// kept returns what tokens cost that the cache keeps for so long.
func (r *listed) kept(ttl time.Duration) float64 {
	if ttl > shortLife && r.hour >= 0 {
		return r.hour
	}
	return r.written
}

// shortLife is the longest life in the cache that is not charged as an hour.
const shortLife = 5 * time.Minute

// row returns r for readers.
func (r *listed) row(vendor string) PriceRow {
	name := vendor + "/" + r.model
	if r.prompt > 0 {
		name += ", prompts of " + strconv.Itoa(int(r.prompt)) + " tokens and more"
	}
	if r.from != "" {
		name += ", since " + r.from
	}
	var says []string
	for i, usd := range []float64{r.input, r.cached, r.written, r.hour, r.output} {
		if usd >= 0 {
			says = append(says, [...]string{"input", "cached", "written", "written for an hour", "output"}[i]+" "+strconv.FormatFloat(usd, 'f', -1, 64))
		}
	}
	return PriceRow{name, strings.Join(says, ", ") + " USD per million tokens", r.fact}
}

// factor is what a row of factors.csv has: how many times as much tokens cost in a tier of
// service, in a region or in some hours.
type factor struct {
	model                  string // a * at the end stands for any ending
	service, region, hours string
	from                   string
	times, cached          float64 // cached is that of tokens from the cache
	mask                   uint32  // the hours
	weekdays               bool
	fact                   Fact
}

func (l *line) factor() factor {
	f := factor{model: l.text("model"), service: l.cell("service"), region: l.cell("region"), hours: l.cell("hours"), from: l.cell("from"), times: l.number("factor")}
	if f.cached = f.times; l.cell("cached_factor") != "" {
		f.cached = l.number("cached_factor")
	}
	of := 0
	for _, s := range []string{f.service, f.region, f.hours} {
		if s != "" {
			of++
		}
	}
	if of != 1 {
		l.fail("service", "want one of service, region and hours, and leave the others empty")
	}
	if f.hours != "" {
		f.mask, f.weekdays = l.hours(f.hours)
	}
	l.day("from", f.from)
	f.fact = l.fact("price factor")
	return f
}

// hours reads spans of hours of UTC, such as "01-04 06-10 weekdays".
func (l *line) hours(s string) (mask uint32, weekdays bool) {
	for _, part := range strings.Fields(s) {
		if part == "weekdays" {
			weekdays = true
			continue
		}
		a, b, _ := strings.Cut(part, "-")
		from, err := strconv.Atoi(a)
		to, wrong := strconv.Atoi(b)
		if err != nil || wrong != nil || from < 0 || to <= from || to > 24 {
			l.fail("hours", "want spans of hours of UTC such as 01-04, and weekdays if they are of Monday to Friday alone, got %q", part)
			return 0, false
		}
		for h := from; h < to; h++ {
			mask |= 1 << h
		}
	}
	return mask, weekdays
}

// row returns f for readers.
func (f *factor) row(vendor string) PriceRow {
	name := vendor + "/" + f.model
	switch {
	case f.service != "":
		name += ", service " + f.service
	case f.region != "":
		name += ", region " + f.region
	default:
		name += ", hours " + f.hours + " UTC"
	}
	if f.from != "" {
		name += ", since " + f.from
	}
	says := "times " + strconv.FormatFloat(f.times, 'f', -1, 64)
	if f.cached != f.times {
		says += ", cached tokens times " + strconv.FormatFloat(f.cached, 'f', -1, 64)
	}
	return PriceRow{name, says, f.fact}
}

// matches reports whether f is of a model.
func (f *factor) matches(model string) bool {
	if prefix, any := strings.CutSuffix(f.model, "*"); any {
		return strings.HasPrefix(model, prefix)
	}
	return f.model == model
}

// newer returns the row that holds on a day, of those that is chooses; nil = none. Of several
// that hold, it is the one that began last, and of those that began at once the first.
func newer[R any](rows []R, day string, from func(*R) string, is func(*R) bool) *R {
	var best *R
	for i := range rows {
		if r := &rows[i]; is(r) && from(r) <= day && (best == nil || from(r) > from(best)) {
			best = r
		}
	}
	return best
}

func (p *pages) list(model, day string, long bool) *listed {
	return newer(p.prices, day, func(r *listed) string { return r.from },
		func(r *listed) bool { return r.model == model && (r.prompt > 0) == long })
}

func (p *pages) factor(model, day string, is func(*factor) bool) *factor {
	return newer(p.factors, day, func(f *factor) string { return f.from },
		func(f *factor) bool { return f.matches(model) && is(f) })
}

// pricing returns what the tokens of a row cost. A price of the row's own takes the place of
// its model's; what is written to the cache then costs more in the same proportion.
func (p *pages) pricing(r *Row, t Terms) (Pricing, error) {
	vendor, model := r.Config.Vendor, r.Config.Model
	day := cmp.Or(t.Day, AsOf)
	short, long := p.list(model, day, false), p.list(model, day, true)
	if r.own != nil {
		own := *r.own
		if own.written < 0 && short != nil && short.written >= 0 && short.input > 0 {
			own.written = short.written / short.input * own.input
			if own.hour = -1; short.hour >= 0 {
				own.hour = short.hour / short.input * own.input
			}
		}
		short, long = &own, nil
	}
	if short == nil {
		if t.Service != "" || t.Region != "" {
			return Pricing{}, fmt.Errorf("the catalog has no price of %s/%s", vendor, model)
		}
		return Pricing{}, nil
	}
	of := Pricing{short: short.row(vendor), Price: provider.Price{Input: short.input, Output: short.output,
		Cached: cmp.Or(max(short.cached, 0), short.input), Written: max(short.kept(t.Kept), 0)}}
	if long != nil {
		of.long = long.row(vendor)
		of.Long = provider.LongPrices{From: long.prompt, Input: long.input, Output: long.output, Cached: max(long.cached, 0), Written: max(long.kept(t.Kept), 0)}
	}
	if err := p.change(&of, r, t, day); err != nil {
		return Pricing{}, err
	}
	return of, nil
}

// change applies to a price what its service, its region and its hours do to it.
func (p *pages) change(of *Pricing, r *Row, t Terms, day string) error {
	vendor, model := r.Config.Vendor, r.Config.Model
	service := p.factor(model, day, func(f *factor) bool { return f.service != "" && f.service == t.Service })
	if service == nil && t.Service != "" {
		return &UnknownError{What: "service", Name: t.Service, In: vendor + "/" + model, Known: p.named(model, func(f *factor) string { return f.service })}
	}
	where := cmp.Or(t.Region, r.Scope)
	region := p.factor(model, day, func(f *factor) bool { return f.region != "" && f.region == where })
	if region == nil && t.Region != "" {
		return &UnknownError{What: "region", Name: t.Region, In: vendor + "/" + model, Known: p.named(model, func(f *factor) string { return f.region })}
	}
	for _, f := range []*factor{service, region} {
		if f == nil {
			continue
		}
		for _, usd := range []*float64{&of.Input, &of.Written, &of.Output, &of.Long.Input, &of.Long.Written, &of.Long.Output} {
			*usd = times(*usd, f.times)
		}
		of.Cached, of.Long.Cached = times(of.Cached, f.cached), times(of.Long.Cached, f.cached)
		of.factors = append(of.factors, f.row(vendor))
	}
	if f := p.factor(model, day, func(f *factor) bool { return f.hours != "" }); f != nil {
		of.Peak = provider.PeakHours{Factor: f.times, Hours: f.mask, Weekdays: f.weekdays, Begins: t.Begins}
		of.peak = f.row(vendor)
	}
	return nil
}

// times returns a price times a factor, without the noise of floating point: 50 x 1.1 is 55.
func times(usd, factor float64) float64 { return math.Round(usd*factor*1e9) / 1e9 }

// named returns what rows of factors.csv that match a model name, each once.
func (p *pages) named(model string, of func(*factor) string) []string {
	var names []string
	for i := range p.factors {
		if f := &p.factors[i]; f.matches(model) && of(f) != "" && !slices.Contains(names, of(f)) {
			names = append(names, of(f))
		}
	}
	if names == nil {
		return []string{"none"}
	}
	return names
}

// LongPrompts returns the lengths of prompts, in tokens, from which some model has another
// price; the shortest first.
func (c *Catalog) LongPrompts() []uint32 {
	var lengths []uint32
	for i := range c.books {
		p := c.books[i].pages()
		for j := range p.prices {
			if n := p.prices[j].prompt; n > 0 {
				lengths = append(lengths, n)
			}
		}
	}
	slices.Sort(lengths)
	return slices.Compact(lengths)
}

// SetPrice sets the price of cfg, which Find returned, to what its tokens cost under t, and
// returns the rows that it is made of. A discount that ToBatch has set stays. PTUs keep their
// price. A service or a region of which the catalog has no price is an *UnknownError.
func (c *Catalog) SetPrice(cfg *provider.Config, t Terms) (Pricing, error) {
	row, units, err := c.row(cfg.Ref)
	if err != nil {
		return Pricing{}, err
	}
	if units > 0 {
		of := Pricing{Price: cfg.Price}
		if i := slices.IndexFunc(row.Facts, func(f Fact) bool { return f.What == unitPrice }); i >= 0 {
			of.short = PriceRow{cfg.Vendor + ", " + Global + " PTUs", "an hour " + strconv.FormatFloat(cfg.Price.UnitHour, 'f', -1, 64) + " USD", row.Facts[i]}
		}
		return of, nil
	}
	p := c.pages(row.Config.Vendor)
	of, err := p.pricing(row, t)
	if err != nil {
		return Pricing{}, err
	}
	if cfg.Batch {
		of.Discount = cfg.Price.Discount
		of.batch = PriceRow{cfg.Vendor + ", batch", "times " + strconv.FormatFloat(1-of.Discount, 'f', -1, 64), c.batch(row).Fact}
		if of.Discount != c.batch(row).Discount {
			of.batch.Fact = Fact{What: "batch", Source: "the scenario", Confidence: "given"}
		}
		if f := p.factor(row.Config.Model, cmp.Or(t.Day, AsOf), func(f *factor) bool { return f.service == batchService }); f != nil && f.cached == 1 {
			of.CachedInFull, of.batch = true, f.row(cfg.Vendor)
		}
	}
	cfg.Price, cfg.Service, cfg.Region = of.Price, t.Service, t.Region
	return of, nil
}

// batchService is the service of rows that say what a batch costs where that is not one
// factor for all tokens.
const batchService = "batch"
