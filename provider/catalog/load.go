package catalog

import (
	"cmp"
	"embed"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"ratesim/provider"
	"ratesim/provider/names"
	"ratesim/provider/vendors"
	"ratesim/sim/rng"
)

//go:embed data
var data embed.FS

// refusal is how long a deployment takes to refuse. No vendor states it: a
// refusal is decided at the gateway, so the figure is one round trip within a
// region and its handling.
const refusal = 30 * time.Millisecond

// embedded assembles the catalog from the data files.
func embedded() (*Catalog, error) {
	c := &Catalog{prices: map[string]price{}, tiers: map[string]asked{}, latencies: map[string]latency{}, names: names.Embedded()}
	err := errors.Join(c.readPrices(), c.readTiers("tiers.csv"), c.readTiers("deepseek/tiers.csv"), c.readTiers("together/tiers.csv"), c.readLatencies(), c.readBatches(), c.readChoices())
	if err != nil {
		return nil, err
	}
	for _, f := range []struct{ file, what string }{{"limits.csv", "limits"}, {"ptu.csv", "ptu"},
		{"deepseek/limits.csv", "limits"}, {"together/limits.csv", "limits"}} {
		r, err := data.Open("data/" + f.file)
		if err != nil {
			return nil, err
		}
		rows, err := c.readRows(f.file, r, f.what)
		if err != nil {
			return nil, err
		}
		c.rows = merge(c.rows, rows)
	}
	return c, nil
}

// readData reads a data file, of which all columns must be there.
func readData(file, columns string, row func(*line)) error {
	r, err := data.Open("data/" + file)
	if err != nil {
		return err
	}
	return read(file, r, strings.Split(columns, ","), nil, row)
}

// limitColumns returns the limits that rows may have: those in a time, and on requests at a
// time. All are shared by the deployments of a pool, which stands for an organisation.
func limitColumns() []provider.Kind {
	return slices.DeleteFunc(slices.Clone(provider.Kinds[:]), func(k provider.Kind) bool { return k.Per == 0 && k.Counts != provider.Requests })
}

// unitColumns are those of provisioned deployments.
var unitColumns = [...]string{"minimum", "step", "tpm_per_ptu", "output_ratio", "target_tps"}

// tokenPrices are the columns of prices of tokens.
var tokenPrices = [...]string{"usd_per_million_input", "usd_per_million_cached", "usd_per_million_output"}

// mostPerUnit is what a limiter can hold for maxUnits PTUs.
const mostPerUnit = provider.MostLimit / maxUnits

// readRows reads deployments. Latencies are those of c; so are prices and
// editions of rows that give none.
func (c *Catalog) readRows(file string, r io.Reader, what string) ([]Row, error) {
	may := append([]string{"edition", "batch_queue", "usd_per_ptu_hour"}, tokenPrices[:]...)
	may = append(may, unitColumns[:]...)
	may = append(may, "regional_minimum", "regional_step")
	for _, k := range limitColumns() {
		may = append(may, k.Name.String())
	}
	var rows []Row
	seen := map[string]bool{}
	editions := c.editions()
	err := read(file, r, []string{"vendor", "model", "tier"}, may, func(l *line) {
		row := Row{Edition: l.name("edition"), Tier: l.name("tier"), BatchQueue: l.whole("batch_queue", math.MaxInt64)}
		row.Config = provider.Config{Vendor: l.name("vendor"), Model: l.name("model")}
		if len(rows) == mostRows {
			l.fail("vendor", "a file has at most %d rows", mostRows)
		}
		row.Facts = []Fact{l.fact(what)}
		for _, column := range []string{"vendor", "model", "tier"} {
			l.text(column)
		}
		if row.Edition == "" {
			row.Edition = cmp.Or(editions[row.model()], editions[row.Config.Vendor], "own")
		}
		row.limit(l)
		row.gives(l)
		c.latency(&row)
		c.price(&row, l)
		c.asks(&row)
		if !vendors.Apply(&row.Config) {
			l.fail("vendor", "%q has no rules here; vendors: %s", row.Config.Vendor, strings.Join(vendors.Names(), ", "))
		}
		whole := row.Config.Vendor + ":" + row.Edition + "/" + row.Config.Model + "@" + row.Tier
		if seen[whole] {
			l.fail("tier", "%s is there twice", whole)
		}
		seen[whole] = true
		check := row.Config
		check.Name = whole
		if err := check.Validate(); err != nil {
			l.fail("vendor", "%v", err)
		}
		rows = append(rows, row)
	})
	return rows, err
}

// mostRows is how many deployments one file may have.
const mostRows = 100_000

// editions returns the newest edition of each model, as vendor/model, and of each
// vendor.
func (c *Catalog) editions() map[string]string {
	newest := map[string]string{}
	for i := range c.rows { // newest first
		r := &c.rows[i]
		for _, of := range [...]string{r.model(), r.Config.Vendor} {
			if newest[of] == "" {
				newest[of] = r.Edition
			}
		}
	}
	return newest
}

// model returns the vendor and the model of r as a reference has them.
func (r *Row) model() string { return r.Config.Vendor + "/" + r.Config.Model }

func (r *Row) limit(l *line) {
	c := &r.Config
	for _, column := range limitColumns() {
		name := column.Name.String()
		most := l.whole(name, provider.MostLimit)
		if most == 0 {
			continue
		}
		if r.Tier == provisioned {
			l.fail(name, "a provisioned deployment is limited by its units alone; leave the cell empty")
		}
		r.Limits = append(r.Limits, Limit{name, most})
		switch name {
		case "rpm":
			c.RPM = most
		case "tpm":
			c.TPM = most
		default:
			c.Limits = append(c.Limits, provider.Limit{Counts: column.Counts, Most: most, Per: column.Per, Shared: true})
		}
	}
}

// gives reads what a PTU gives, for provisioned deployments only.
func (r *Row) gives(l *line) {
	if r.Tier != provisioned {
		for _, column := range append(unitColumns[:], "usd_per_ptu_hour", "regional_minimum", "regional_step") {
			if l.cell(column) != "" {
				l.fail(column, "only the tier %s has PTUs; leave the cell empty", provisioned)
			}
		}
		if strings.HasPrefix(r.Tier, "ptu-") {
			l.fail("tier", "want %s, which stands for any number of PTUs, got %q", provisioned, r.Tier)
		}
		return
	}
	for _, column := range unitColumns {
		l.text(column)
	}
	sizes := func(minimum, step string) Sizes {
		return Sizes{int(l.whole(minimum, maxUnits)), int(l.whole(step, maxUnits))}
	}
	r.Sizes, r.Regional = sizes("minimum", "step"), sizes("regional_minimum", "regional_step")
	if (r.Regional.Minimum == 0) != (r.Regional.Step == 0) {
		l.fail("regional_minimum", "want regional_step beside it, or neither")
	}
	r.Config.PTU = provider.Provisioned{TPMPerUnit: l.whole("tpm_per_ptu", mostPerUnit), OutputRatio: l.number("output_ratio")}
	// The latency target is the speed the vendor guarantees.
	r.Config.Latency.Floor = perToken(l.number("target_tps"))
}

// merge adds rows, or puts them in the place of those that they name, and
// sorts by vendor, newest edition first.
func merge(rows, more []Row) []Row {
	rows = slices.Clone(rows)
	places := map[name]int{}
	for i := range rows {
		places[rows[i].name()] = i
	}
	for _, r := range more {
		if i, ok := places[r.name()]; ok {
			rows[i] = r
		} else {
			places[r.name()] = len(rows)
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Config.Vendor, b.Config.Vendor), cmp.Compare(b.Edition, a.Edition))
	})
	newest := map[string]string{}
	for i := range rows {
		r := &rows[i]
		vendor, model := r.Config.Vendor, r.model()
		if newest[model] == "" {
			newest[model] = r.Edition
		}
		if r.Edition != newest[model] {
			vendor += ":" + r.Edition
		}
		r.Ref = vendor + "/" + r.Config.Model + "@" + r.Tier
	}
	return rows
}

// name is what tells one row from all others.
type name struct{ vendor, edition, model, tier string }

func (r *Row) name() name { return name{r.Config.Vendor, r.Edition, r.Config.Model, r.Tier} }

type price struct {
	provider.Price
	fact Fact
}

// readPrices reads prices by vendor/model, and of PTUs by vendor.
func (c *Catalog) readPrices() error {
	return errors.Join(
		c.readTokens("tokens.csv"),
		c.readTokens("deepseek/prices.csv"), c.readTokens("together/prices.csv"),
		readData("units.csv", "vendor,deployment,usd_per_ptu_hour,usd_per_ptu_month,usd_per_ptu_year,note", func(l *line) {
			u := UnitPrice{l.text("vendor"), l.text("deployment"), l.price("usd_per_ptu_hour"), l.price("usd_per_ptu_month"), l.price("usd_per_ptu_year"), l.fact("ptu price")}
			c.units = append(c.units, u)
			if u.Deployment == Global {
				c.prices[u.Vendor] = price{provider.Price{UnitHour: u.Hour}, u.Fact}
			}
		}))
}

func (c *Catalog) readTokens(file string) error {
	return readData(file, "vendor,model,usd_per_million_input,usd_per_million_cached,usd_per_million_output,note", func(l *line) {
		c.prices[l.text("vendor")+"/"+l.text("model")] = price{l.tokens(), l.fact("price")}
	})
}

// tokens reads the prices of tokens. Where none is given for cached ones, they
// cost what others do.
func (l *line) tokens() provider.Price {
	p := provider.Price{Input: l.price("usd_per_million_input"), Output: l.price("usd_per_million_output")}
	p.Cached = p.Input
	if l.cell("usd_per_million_cached") != "" {
		p.Cached = l.price("usd_per_million_cached")
	}
	return p
}

// price sets the row's price: its own, or that of its model.
func (c *Catalog) price(r *Row, l *line) {
	key, own := r.Config.Vendor+"/"+r.Config.Model, false
	for _, column := range tokenPrices {
		own = own || l.cell(column) != ""
	}
	what := "price"
	if r.Tier == provisioned {
		if own {
			l.fail("usd_per_million_input", "tokens of a provisioned deployment have no price; leave the cell empty")
		}
		key, what, own = r.Config.Vendor, "ptu price", l.cell("usd_per_ptu_hour") != ""
	}
	if own {
		f := r.Facts[0]
		f.What = what
		r.Facts = append(r.Facts, f)
		if r.Tier == provisioned {
			r.Config.Price.UnitHour = l.price("usd_per_ptu_hour")
		} else {
			r.Config.Price = l.tokens()
		}
	} else if p, ok := c.prices[key]; ok {
		r.Config.Price = p.Price
		r.Facts = append(r.Facts, p.fact)
	}
}

type latency struct {
	ttft     rng.Dist
	perToken time.Duration
	fact     Fact
}

// readLatencies reads latencies by model; a name that ends in * stands for the
// models that begin like it.
func (c *Catalog) readLatencies() error {
	return readData("latency.csv", "model,ttft_p50_ms,ttft_p95_ms,tokens_per_s,note", func(l *line) {
		ttft, err := rng.NewLognormal(l.number("ttft_p50_ms")/1e3, l.number("ttft_p95_ms")/1e3)
		if err != nil {
			l.fail("ttft_p95_ms", "%v", err)
		}
		c.latencies[l.text("model")] = latency{ttft, perToken(l.number("tokens_per_s")), l.fact("latency")}
	})
}

// latency sets how long answers take. A provisioned deployment promises a
// speed, is faster while it has room, and slows down as it fills.
func (c *Catalog) latency(r *Row) {
	model := r.Config.Model
	l, ok := c.latencies[model]
	for n := len(model); !ok && n >= 0; n-- {
		l, ok = c.latencies[model[:n]+"*"]
	}
	r.Config.Latency.TTFT, r.Config.Latency.PerToken, r.Config.Latency.Refusal = l.ttft, l.perToken, refusal
	r.Facts = append(r.Facts, l.fact)
	if r.Tier == provisioned {
		r.Config.Latency.PerToken = min(l.perToken, r.Config.Latency.Floor)
		r.Config.Latency.Load = 1
		r.Facts = append(r.Facts, Fact{"load", "learn.microsoft.com/answers/questions/5923658", "2026", "observed",
			"whole answers of gpt-5.4-mini took 1.9 s at p95 with room to spare and 3 to 4 s when 15 PTUs were saturated: twice as long"})
	}
}

func perToken(perSecond float64) time.Duration {
	return time.Duration(math.Round(float64(time.Second) / perSecond))
}

func (c *Catalog) readBatches() error {
	return readData("batch.csv", "vendor,model,tier,requests_per_file,mb_per_file,enqueued_tokens,discount,note", func(l *line) {
		b := Batch{l.text("vendor"), l.text("model"), l.text("tier"), l.whole("requests_per_file", math.MaxInt64),
			l.whole("mb_per_file", math.MaxInt64), l.whole("enqueued_tokens", math.MaxInt64), l.number("discount"), l.fact("batch")}
		if b.Discount > 1 {
			l.fail("discount", "want a share up to 1, got %g", b.Discount)
		}
		c.batches = append(c.batches, b)
	})
}

func (c *Catalog) readChoices() error {
	return readData("choices.csv", "vendor,ref,question,key,choice,choice_means,alternative,alternative_means,note", func(l *line) {
		c.choices = append(c.choices, Choice{Vendor: l.text("vendor"), Ref: l.cell("ref"), Question: l.text("question"), Key: l.cell("key"),
			Choice: l.text("choice"), ChoiceMeans: l.cell("choice_means"),
			Alternative: l.text("alternative"), AlternativeMeans: l.cell("alternative_means"), Fact: l.fact("choice")})
	})
}
