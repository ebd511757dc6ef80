// Package catalog holds what vendors publish about their deployments: limits
// per tier, the throughput of a PTU, prices, and how fast they answer.
//
// The facts are CSV files in data/. Each row is one fact, with its source, the
// date of the source and how far to trust it. Each vendor has a folder:
//
//	limits.csv    the limits of a model at a tier; an empty cell is no limit
//	prices.csv    what a million tokens of a model cost: for prompts from a length on, and since a day
//	factors.csv   how many times as much in a tier of service, in a region or in some hours
//	tiers.csv     what the vendor asks for a tier: money paid, days, conditions
//	editions.csv  what the editions of the vendor's pages are
//	ptu.csv       what one provisioned throughput unit (PTU) of a model gives
//	offers.csv    capacity that is sold in other units: what one unit of a model gives
//	terms.csv     what a unit of capacity costs, by how long it is bought for
//
// Three files are of all vendors:
//
//	latency.csv  how long an answer takes; a * at the end of a name stands for any ending
//	batch.csv    what a batch may hold, and its discount
//	choices.csv  where sources conflict or are silent: what was chosen
//
// docs/howto/provider.md says how rows are chosen, and how one adds a row.
//
// Package vendors has the rules by which each vendor enforces its limits. A vendor
// that has rules and no rows has published no limits that we have read.
//
// A reference names a deployment: vendor/model@tier, or with the edition of
// the vendor's pages vendor:edition/model@tier. [Catalog.Find] turns it into the
// provider.Config that the simulator and the mock server run. Editions are kept,
// so that a scenario that names one means the same next year. A reference without
// an edition means the newest edition that has the model. Where that edition follows
// another, as editions.csv says, and does not have the tier, the reference means the
// edition before: a tier that a vendor has given up keeps its name and its limits.
package catalog

import (
	"cmp"
	"io"
	"slices"
	"sync"

	"ratesim/provider"
	"ratesim/provider/names"
)

// A Fact says where numbers of a row come from.
type Fact struct {
	What   string `json:"what"`   // limits, ptu, price, ptu price, latency, load, tier, batch or choice
	Source string `json:"source"` // a page, a repository and path, or a title
	Date   string `json:"date"`   // of the source: a year, a month or a day
	// Confidence is official (the vendor's text), observed (on the wire),
	// secondary (someone's summary), derived (arithmetic on others) or recall
	// (unverified).
	Confidence string `json:"confidence"`
	Note       string `json:"note,omitempty"` // may be empty
}

// Row is one deployment of the catalog.
type Row struct {
	// Ref is what Find takes; in ptu-N, N stands for the number of PTUs. It
	// names the edition unless that is the newest that has the model.
	Ref     string
	Edition string // year and month, as a rule
	Tier    string
	// Config is what Find returns, without Ref, and with PTU.Units 0. It has
	// the vendor's rules. Prices are 0 where no fact tells of one.
	Config provider.Config
	Limits []Limit // those of the tier, as the data has them
	// Scope is where the limits hold: global, data-zone or regional at Azure; at Bedrock
	// on-demand, cross-region and so on, or account for quotas that one account had. Empty where the vendor has no
	// such thing. Tiers of one scope can be compared.
	Scope string
	Own   bool // from a file given to With
	// Asks is what the vendor asks for the tier; nil for what is provisioned, and
	// for a user's own rows of tiers that the catalog does not know.
	Asks  *Asks
	own   *listed // the price that a user's own file gives; nil = none
	place int     // of the tier among those of the vendor, from 1; 0 = not known
	// BatchQueue is how many input tokens may wait in the vendor's batch
	// queue; 0 = not known. Batches do not draw on the other limits.
	BatchQueue int64
	// Sizes are those of global and data-zone deployments, Regional of regional
	// ones; zero for rows that are not provisioned, and where none is known.
	Sizes
	Regional Sizes
	Facts    []Fact
}

// Limit is a limit as the data names it.
type Limit struct {
	Name string // rpm, tpm, rpd, tpd, rph, tph, itpm, otpm or concurrency
	Most int64  // above 0
}

// Global is the kind of deployment that the rows of ptu-N are, as terms.csv names
// it. The others have the same throughput at another price.
const Global = "global"

// Batch is what one batch may hold. 0 stands for what was not read.
type Batch struct {
	Vendor    string  `json:"vendor"`
	Model     string  `json:"model"` // * = any
	Tier      string  `json:"tier"`  // * = any
	Requests  int64   `json:"requests_per_file,omitempty"`
	Megabytes int64   `json:"mb_per_file,omitempty"`
	Enqueued  int64   `json:"enqueued_tokens,omitempty"` // of all batches that wait
	Discount  float64 `json:"discount"`                  // share of the price that is not charged
	Fact      Fact    `json:"fact"`
}

// Choice is a point on which sources conflict or are silent.
type Choice struct {
	Vendor   string `json:"vendor"`
	Ref      string `json:"ref,omitempty"` // a deployment for which it is so; none where the catalog has none of the vendor
	Question string `json:"question"`
	// Key is the key of a deployment in a scenario that sets it, or faults, which
	// is one of the scenario. Choice and Alternative are then values of that key,
	// in YAML. Without a key, the alternative cannot be set, and they are words.
	Key              string `json:"key,omitempty"`
	Choice           string `json:"choice"` // what the vendor's rules or rows have
	ChoiceMeans      string `json:"choice_means,omitempty"`
	Alternative      string `json:"alternative"` // what else it could be
	AlternativeMeans string `json:"alternative_means,omitempty"`
	Fact             Fact   `json:"fact"`
}

// Confidence says how far to trust the limits of the row, as Fact.Confidence has it.
func (r *Row) Confidence() string { return r.Facts[0].Confidence }

// Catalog is what is known of deployments. It does not change. What is known of a vendor
// is read when it is first asked for: most commands need one vendor, or none.
type Catalog struct {
	books     []book // by the name of the vendor
	latencies func() map[string]latency
	batches   func() []Batch
	choices   func() []Choice
	sold      func() *sold
	names     func() *names.Table
}

// Embedded returns the catalog that is part of the program.
func Embedded() *Catalog {
	c := &Catalog{latencies: sync.OnceValue(readLatencies), batches: sync.OnceValue(readBatches),
		choices: sync.OnceValue(readChoices), sold: sync.OnceValue(readSold), names: sync.OnceValue(names.Embedded)}
	for _, vendor := range embeddedVendors() {
		c.books = append(c.books, book{vendor, sync.OnceValue(func() *pages { return c.read(vendor) })})
	}
	return c
}

// With returns c with the rows of a user's own file, in the form of
// limits.csv, added, or in place of rows of the same vendor, edition, model and tier.
// An empty or missing edition is the newest that has the model. Beside the
// columns of limits.csv, of which only vendor, model, tier, source, date and
// confidence must be there, it may have prices (usd_per_million_input, _cached, _written,
// _written_1h and _output; the catalog's when empty) and for the tier ptu-N the columns of
// ptu.csv and usd_per_ptu_hour. The name is for messages. Everything wrong
// with the file is reported with its place, as file:line:column.
func (c *Catalog) With(name string, file io.Reader) (*Catalog, error) {
	own, err := c.readRows(name, file, "limits", c.pages)
	if err != nil {
		return nil, err
	}
	extended := *c
	extended.books = slices.Clone(c.books)
	slices.SortStableFunc(own, func(a, b *Row) int { return cmp.Compare(a.Config.Vendor, b.Config.Vendor) })
	for len(own) > 0 {
		vendor, n := own[0].Config.Vendor, 0
		for n < len(own) && own[n].Config.Vendor == vendor {
			own[n].Own = true
			n++
		}
		extended.add(vendor, own[:n])
		own = own[n:]
	}
	return &extended, nil
}

// add puts a user's own rows of a vendor into c.
func (c *Catalog) add(vendor string, own []*Row) {
	p := *c.pages(vendor)
	p.rows = merge(p.rows, own)
	p.name(vendor)
	i, found := slices.BinarySearchFunc(c.books, vendor, func(b book, name string) int { return cmp.Compare(b.vendor, name) })
	if !found {
		c.books = slices.Insert(c.books, i, book{})
	}
	c.books[i] = book{vendor, func() *pages { return &p }}
}

// List returns every deployment, by vendor, newest edition first, then as the
// data files order them.
func (c *Catalog) List() []Row {
	var all []Row
	for i := range c.books {
		all = append(all, c.books[i].pages().rows...)
	}
	return all
}

// refs returns the references of all deployments, in the order of List.
func (c *Catalog) refs() []string {
	var all []string
	for i := range c.books {
		rows := c.books[i].pages().rows
		for j := range rows {
			all = append(all, rows[j].Ref)
		}
	}
	return all
}

// Vendors returns the vendors that have deployments, sorted.
func (c *Catalog) Vendors() []string {
	var names []string
	for i := range c.books {
		names = append(names, c.books[i].vendor)
	}
	return names
}

// Of returns the deployments of a vendor, as List orders them.
func (c *Catalog) Of(vendor string) []Row { return c.pages(vendor).rows }

// Editions returns what the editions of all vendors are, the newest of each vendor first.
func (c *Catalog) Editions() []Edition {
	var all []Edition
	for i := range c.books {
		all = append(all, c.books[i].pages().editions...)
	}
	return all
}

// Tokens returns what a model's tokens cost where capacity is not provisioned,
// and whether that is known.
func (c *Catalog) Tokens(vendor, model string) (provider.Price, Fact, bool) {
	r := Row{Config: provider.Config{Vendor: vendor, Model: model}}
	p, err := c.pages(vendor).pricing(&r, Terms{})
	return p.Price, p.short.Fact, err == nil && p.short.Name != ""
}

// Batches returns what batches may hold.
func (c *Catalog) Batches() []Batch { return c.batches() }

// Choices returns what was chosen where sources conflict or are silent.
func (c *Catalog) Choices() []Choice { return c.choices() }

// Find returns the deployment that ref names. Its model may be named by any id that
// clients use for it, such as openai/gpt-4o-2024-08-06@tier-1: limits are those of the
// model, and so is the price, which a vendor may ask less or more of for a snapshot. A part of ref that the catalog
// does not have is an *UnknownError.
func (c *Catalog) Find(ref string) (provider.Config, error) {
	row, units, err := c.row(ref)
	if err != nil {
		return provider.Config{}, err
	}
	cfg := row.Config
	cfg.Ref, cfg.PTU.Units = ref, units
	cfg.Limits = slices.Clone(cfg.Limits)
	return cfg, nil
}

// Facts returns where the numbers of a deployment come from; nil of one that the catalog
// does not have.
func (c *Catalog) Facts(ref string) []Fact {
	row, _, err := c.row(ref)
	if err != nil {
		return nil
	}
	return row.Facts
}

// Derived reports whether the limits of a deployment, or what its PTUs give, were read
// nowhere but follow from others, and how.
func (c *Catalog) Derived(ref string) (how string, derived bool) {
	row, _, err := c.row(ref)
	if err != nil || row.Confidence() != "derived" {
		return "", false
	}
	return row.Facts[0].Note, true
}

// Same reports whether two references name the same deployment, one with the edition
// and the other without it, say. What the catalog does not have is the same as nothing.
func (c *Catalog) Same(ref, other string) bool {
	a, units, err := c.row(ref)
	b, more, failed := c.row(other)
	return err == nil && failed == nil && a.Ref == b.Ref && units == more
}
