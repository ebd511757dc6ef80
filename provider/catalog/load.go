package catalog

import (
	"cmp"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"ratesim/provider"
	"ratesim/sim/rng"
)

// refusal is how long a deployment takes to refuse. No vendor states it: a
// refusal is decided at the gateway, so the figure is one round trip within a
// region and its handling.
const refusal = 30 * time.Millisecond

// limitColumns returns the limits that rows may have: those in a time, and on requests at a
// time. All are shared by the deployments of a pool, which stands for an organisation.
func limitColumns() []provider.Kind {
	return slices.DeleteFunc(slices.Clone(provider.Kinds[:]), func(k provider.Kind) bool { return k.Per == 0 && k.Counts != provider.Requests })
}

// unitColumns are those of provisioned deployments.
var unitColumns = [...]string{"minimum", "step", "tpm_per_ptu", "output_ratio", "target_tps"}

// mostPerUnit is what a limiter can hold for maxUnits PTUs.
const mostPerUnit = provider.MostLimit / maxUnits

// readRows reads deployments. Latencies are those of c; prices and editions of rows that
// give none, and what their tiers ask for, are on the pages of the vendor.
func (c *Catalog) readRows(file string, r io.Reader, what string, of func(vendor string) *pages) ([]*Row, error) {
	may := append([]string{"edition", "batch_queue", "usd_per_ptu_hour"}, priceColumns[:]...)
	may = append(may, unitColumns[:]...)
	may = append(may, "regional_minimum", "regional_step")
	for _, k := range limitColumns() {
		may = append(may, k.Name.String())
	}
	var rows []*Row
	seen := map[string]bool{}
	newest := map[string]map[string]string{} // by vendor
	err := read(file, r, []string{"vendor", "model", "tier"}, may, func(l *line) {
		row := &Row{Edition: l.name("edition"), Tier: l.name("tier"), BatchQueue: l.whole("batch_queue", math.MaxInt64)}
		row.Config = provider.Config{Vendor: l.name("vendor"), Model: l.name("model")}
		if len(rows) == mostRows {
			l.fail("vendor", "a file has at most %d rows", mostRows)
		}
		row.Facts = []Fact{l.fact(what)}
		for _, column := range []string{"vendor", "model", "tier"} {
			l.text(column)
		}
		p := of(row.Config.Vendor)
		if row.Edition == "" {
			editions := newest[row.Config.Vendor]
			if editions == nil {
				editions = p.newest()
				newest[row.Config.Vendor] = editions
			}
			row.Edition = cmp.Or(editions[row.Config.Model+"@"+row.Tier], editions[row.Config.Model], editions[""], "own")
		}
		row.Scope = row.scope()
		row.limit(l)
		row.gives(l)
		c.latency(row)
		p.asks(row)
		row.rules(l)
		p.price(row, l)
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

// newest returns the edition of a row that names none: that of the row which it replaces, as
// model@tier, else the newest of its model, else, as "", the newest of its vendor.
func (p *pages) newest() map[string]string {
	newest := map[string]string{}
	for i := range p.rows { // newest first
		r := &p.rows[i]
		for _, of := range [...]string{r.Config.Model, ""} {
			if newest[of] == "" {
				newest[of] = r.Edition
			}
		}
		if strings.HasPrefix(r.Ref, r.Config.Vendor+"/") {
			newest[r.Config.Model+"@"+r.Tier] = r.Edition
		}
	}
	return newest
}

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

// price sets the row's price: its own, or that of its model.
func (p *pages) price(r *Row, l *line) {
	own := l.cell("usd_per_ptu_hour") != ""
	if r.Tier == provisioned {
		for _, column := range priceColumns {
			if l.cell(column) != "" {
				l.fail("usd_per_million_input", "tokens of a provisioned deployment have no price; leave the cell empty")
			}
		}
		if own {
			r.Config.Price.UnitHour = l.price("usd_per_ptu_hour")
			r.Facts = append(r.Facts, r.Facts[0].about(unitPrice))
		} else if p.unit != nil {
			r.Config.Price = p.unit.Price
			r.Facts = append(r.Facts, p.unit.fact)
		}
		return
	}
	if slices.ContainsFunc(priceColumns[:], func(column string) bool { return l.cell(column) != "" }) {
		own := l.listed()
		own.fact = r.Facts[0].about("price")
		r.own = &own
	}
	of, err := p.pricing(r, Terms{Kept: r.Config.Cache.TTL})
	if err != nil {
		l.fail("model", "%v", err)
	}
	r.Config.Price = of.Price
	for _, row := range of.All() {
		r.Facts = append(r.Facts, row.Fact)
	}
}

// about returns f as the source of something else.
func (f Fact) about(what string) Fact {
	f.What = what
	return f
}

type latency struct {
	ttft     rng.Dist
	perToken time.Duration
	fact     Fact
}

// readLatencies reads latencies by model; a name that ends in * stands for the
// models that begin like it.
func readLatencies() map[string]latency {
	all := map[string]latency{}
	return must(all, readData("latency.csv", "model,ttft_p50_ms,ttft_p95_ms,tokens_per_s,note", func(l *line) {
		ttft, err := rng.NewLognormal(l.number("ttft_p50_ms")/1e3, l.number("ttft_p95_ms")/1e3)
		if err != nil {
			l.fail("ttft_p95_ms", "%v", err)
		}
		all[l.text("model")] = latency{ttft, perToken(l.number("tokens_per_s")), l.fact("latency")}
	}))
}

// latency sets how long answers take. A provisioned deployment promises a
// speed, is faster while it has room, and slows down as it fills.
func (c *Catalog) latency(r *Row) {
	model := r.Config.Model
	known := c.latencies()
	l, ok := known[model]
	for n := len(model); !ok && n >= 0; n-- {
		l, ok = known[model[:n]+"*"]
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

func readBatches() []Batch {
	var all []Batch
	err := readData("batch.csv", "vendor,model,tier,requests_per_file,mb_per_file,enqueued_tokens,discount,note", func(l *line) {
		b := Batch{l.text("vendor"), l.text("model"), l.text("tier"), l.whole("requests_per_file", math.MaxInt64),
			l.whole("mb_per_file", math.MaxInt64), l.whole("enqueued_tokens", math.MaxInt64), l.number("discount"), l.fact("batch")}
		if b.Discount > 1 {
			l.fail("discount", "want a share up to 1, got %g", b.Discount)
		}
		all = append(all, b)
	})
	return must(all, err)
}

func readChoices() []Choice {
	var all []Choice
	err := readData("choices.csv", "vendor,ref,question,key,choice,choice_means,alternative,alternative_means,note", func(l *line) {
		all = append(all, Choice{Vendor: l.text("vendor"), Ref: l.cell("ref"), Question: l.text("question"), Key: l.cell("key"),
			Choice: l.text("choice"), ChoiceMeans: l.cell("choice_means"),
			Alternative: l.text("alternative"), AlternativeMeans: l.cell("alternative_means"), Fact: l.fact("choice")})
	})
	return must(all, err)
}
