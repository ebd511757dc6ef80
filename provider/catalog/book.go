package catalog

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"ratesim/provider"
	"ratesim/provider/vendors"
)

//go:embed data
var data embed.FS

// book is what is known of one vendor, read when it is first asked for.
type book struct {
	vendor string
	pages  func() *pages
}

// pages are what the files of one vendor hold.
type pages struct {
	rows     []Row            // newest edition first
	editions []Edition        // newest first
	prices   []listed         // of tokens
	factors  []factor         // of these prices
	unit     *price           // of a PTU of a global deployment; nil where there is none
	tiers    map[string]asked // by edition@tier
}

// Edition is what a vendor's pages said in a period, or what somebody else said of them.
type Edition struct {
	Vendor string `json:"vendor"`
	Name   string `json:"edition"`
	// Until is the day on which it ended; empty where no end is known.
	Until string `json:"until,omitempty"`
	// Follows is the edition in which tiers are looked for that this one does not have.
	Follows string `json:"follows,omitempty"`
	About   string `json:"about"`
	Fact    Fact   `json:"fact"`
}

// embeddedVendors returns the names of the folders in data that have deployments.
func embeddedVendors() []string {
	var names []string
	for _, e := range must(data.ReadDir("data")) {
		if _, err := fs.Stat(data, "data/"+e.Name()+"/limits.csv"); err == nil {
			names = append(names, e.Name())
		}
	}
	return names
}

// must stops the program if one of its own files is wrong; a test reads them all.
func must[T any](v T, err error) T {
	if err != nil {
		panic("provider catalog: " + err.Error())
	}
	return v
}

// pages returns what is known of a vendor; nothing of one that the catalog does not have.
func (c *Catalog) pages(vendor string) *pages {
	i, found := slices.BinarySearchFunc(c.books, vendor, func(b book, name string) int { return cmp.Compare(b.vendor, name) })
	if !found {
		return &pages{}
	}
	return c.books[i].pages()
}

// read reads the files of one vendor.
func (c *Catalog) read(vendor string) *pages {
	p := &pages{tiers: map[string]asked{}}
	err := errors.Join(p.readPrices(vendor), p.readTiers(vendor), p.readEditions(vendor))
	for _, what := range []string{"limits", "ptu"} {
		name := vendor + "/" + what + ".csv"
		file, missing := data.Open("data/" + name)
		if errors.Is(missing, fs.ErrNotExist) {
			continue
		}
		rows, wrong := c.readRows(name, file, what, func(string) *pages { return p })
		err = errors.Join(err, missing, wrong)
		p.rows = merge(p.rows, rows)
	}
	p.name(vendor)
	return must(p, err)
}

// readData reads a data file, of which all columns must be there. A file that is missing
// has no rows.
func readData(file, columns string, row func(*line)) error {
	r, err := data.Open("data/" + file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return read(file, r, strings.Split(columns, ","), nil, row)
}

func (p *pages) readEditions(vendor string) error {
	return readData(vendor+"/editions.csv", "vendor,edition,until,follows,about,note", func(l *line) {
		p.editions = append(p.editions, Edition{Vendor: l.text("vendor"), Name: l.text("edition"), Until: l.cell("until"),
			Follows: l.cell("follows"), About: l.text("about"), Fact: l.fact("edition")})
	})
}

// chain returns the editions in which a tier is looked for: the edition, then those that it
// follows.
func (p *pages) chain(edition string) []string {
	var chain []string
	for edition != "" && !slices.Contains(chain, edition) {
		chain = append(chain, edition)
		i := slices.IndexFunc(p.editions, func(e Edition) bool { return e.Name == edition })
		if i < 0 {
			break
		}
		edition = p.editions[i].Follows
	}
	return chain
}

// editionNames returns the editions that have rows, newest first.
func (p *pages) editionNames() []string {
	var names []string
	for i := range p.rows {
		if e := p.rows[i].Edition; len(names) == 0 || names[len(names)-1] != e {
			names = append(names, e)
		}
	}
	return names
}

// of returns the rows of a model, newest edition first.
func (p *pages) of(model string) []*Row {
	var rows []*Row
	for i := range p.rows {
		if p.rows[i].Config.Model == model {
			rows = append(rows, &p.rows[i])
		}
	}
	return rows
}

// merge adds rows of one vendor, or puts them in the place of those that they name, and
// sorts them, newest edition first.
func merge(rows []Row, more []*Row) []Row {
	rows = slices.Grow(slices.Clone(rows), len(more))
	places := map[name]int{}
	for i := range rows {
		places[rows[i].key()] = i
	}
	for _, r := range more {
		if i, ok := places[r.key()]; ok {
			rows[i] = *r
		} else {
			places[r.key()] = len(rows)
			rows = append(rows, *r)
		}
	}
	if !slices.IsSortedFunc(rows, newestFirst) {
		slices.SortStableFunc(rows, newestFirst)
	}
	return rows
}

func newestFirst(a, b Row) int { return cmp.Compare(b.Edition, a.Edition) }

// name is what tells one row of a vendor from all others.
type name struct{ edition, model, tier string }

func (r *Row) key() name { return name{r.Edition, r.Config.Model, r.Tier} }

// name sets the shortest reference of each row: without an edition where that finds it.
func (p *pages) name(vendor string) {
	newest, has := map[string]string{}, map[name]bool{}
	for i := range p.rows {
		r := &p.rows[i]
		has[r.key()] = true
		if newest[r.Config.Model] == "" {
			newest[r.Config.Model] = r.Edition
		}
	}
	chains := map[string][]string{}
	for _, e := range newest {
		chains[e] = p.chain(e)
	}
	for i := range p.rows {
		r, found := &p.rows[i], ""
		for _, e := range chains[newest[r.Config.Model]] {
			if has[name{e, r.Config.Model, r.Tier}] {
				found = e
				break
			}
		}
		r.Ref = vendor
		if found != r.Edition {
			r.Ref += ":" + r.Edition
		}
		r.Ref += "/" + r.Config.Model + "@" + r.Tier
	}
}

// scope returns where the limits of a row hold; see Row.Scope. The names of tiers tell it.
func (r *Row) scope() string {
	switch r.Config.Vendor {
	case "azure":
		switch {
		case r.Tier == provisioned:
			return ""
		case strings.HasPrefix(r.Tier, "dz-"):
			return "data-zone"
		case strings.HasPrefix(r.Tier, "std-"):
			return "regional"
		}
		return Global
	case "bedrock":
		switch r.Tier {
		case "200k", "1m", "2m", "5m", "reduced-account":
			return "account"
		}
		return r.Tier
	}
	return ""
}

// unitPrice is what a fact is of that says what a PTU costs.
const unitPrice = "ptu price"

// price is that of a PTU.
type price struct {
	provider.Price
	fact Fact
}

// readPrices reads what the vendor's tokens and PTUs cost.
func (p *pages) readPrices(vendor string) error {
	return errors.Join(
		readData(vendor+"/prices.csv", "vendor,model,prompt_from,from,"+strings.Join(priceColumns[:], ",")+",note", func(l *line) {
			r := l.listed()
			r.fact = l.fact("price")
			twice := func(o listed) bool { return o.model == r.model && o.prompt == r.prompt && o.from == r.from }
			if r.model == "" || slices.ContainsFunc(p.prices, twice) || l.text("vendor") != vendor {
				l.fail("model", "%s is there twice, or of another vendor", r.model)
			}
			p.prices = append(p.prices, r)
		}),
		readData(vendor+"/factors.csv", "vendor,model,service,region,hours,from,factor,cached_factor,note", func(l *line) {
			if l.text("vendor") != vendor {
				l.fail("vendor", "is another vendor's")
			}
			p.factors = append(p.factors, l.factor())
		}),
		readData(vendor+"/terms.csv", "vendor,product,model,deployment,term,usd,usd_output,per,note", func(l *line) {
			if l.text("product") == "ptu" && l.text("deployment") == Global && l.text("term") == "hourly" {
				p.unit = &price{provider.Price{UnitHour: l.price("usd")}, l.fact(unitPrice)}
			}
		}))
}

// rules sets the rules of the row's vendor.
func (r *Row) rules(l *line) {
	if !vendors.Apply(&r.Config) {
		l.fail("vendor", "%q has no rules here; vendors: %s", r.Config.Vendor, strings.Join(vendors.Names(), ", "))
	}
}
