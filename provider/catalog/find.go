package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ratesim/scenarios/spelling"
)

// maxUnits is the most PTUs of one deployment: MicrosoftDocs/azure-ai-docs
// articles/foundry/openai/quotas-limits.md, 2026-02-17.
const maxUnits = 100_000

// An UnknownError says that the catalog has no such thing.
type UnknownError struct {
	What    string   // vendor, edition, model or tier
	Name    string   // the one asked for
	In      string   // where it was looked for; empty for a vendor
	Known   []string // what there is, as it would be written in Name's place; nil for a model
	Nearest []string // the references, at most three, most like the one asked for
}

func (e *UnknownError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "unknown %s %q", e.What, e.Name)
	if e.In != "" {
		b.WriteString(" of " + e.In)
	}
	if e.Known != nil {
		b.WriteString("; known: " + strings.Join(e.Known, ", "))
	}
	if e.Nearest != nil {
		b.WriteString("; nearest: " + strings.Join(e.Nearest, ", "))
	}
	return b.String()
}

// nearest returns the three references most like ref; of equally near ones those
// that begin more alike.
func (c *Catalog) nearest(ref string) []string {
	const longest = 100 // no reference is longer; the time grows with its length
	if len(ref) > longest {
		return nil
	}
	type near struct {
		ref              string
		distance, shared int
	}
	var all []near
	for _, r := range c.refs() {
		all = append(all, near{r, spelling.Distance(strings.ToLower(ref), strings.ToLower(r)), spelling.Shared(ref, r)})
	}
	slices.SortStableFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(b.shared, a.shared))
	})
	var refs []string
	for _, n := range all[:min(3, len(all))] {
		refs = append(refs, n.ref)
	}
	return refs
}

// split takes a reference apart; edition is empty when ref names none.
func split(ref string) (vendor, edition, model, tier string, ok bool) {
	vendor, rest, slash := strings.Cut(ref, "/")
	model, tier, at := strings.Cut(rest, "@")
	vendor, edition, colon := strings.Cut(vendor, ":")
	return vendor, edition, model, tier, slash && at && vendor != "" && model != "" && tier != "" && (edition != "" || !colon)
}

// row returns the row that ref names, and the PTUs if it is of a provisioned one.
func (c *Catalog) row(ref string) (*Row, int, error) {
	vendor, edition, model, tier, ok := split(ref)
	if !ok {
		return nil, 0, fmt.Errorf("%q is not a reference; want vendor/model@tier or vendor:edition/model@tier, such as openai/gpt-4o@tier-1", ref)
	}
	row, units, err := c.find(vendor, edition, model, tier)
	if unknown, ok := err.(*UnknownError); ok {
		unknown.Nearest = c.nearest(ref)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("looking up %s: %w", ref, err)
	}
	return row, units, nil
}

func (c *Catalog) find(vendor, edition, model, tier string) (*Row, int, error) {
	p := c.pages(vendor)
	if len(p.rows) == 0 {
		return nil, 0, &UnknownError{What: "vendor", Name: vendor, Known: c.Vendors()}
	}
	of := vendor
	if edition != "" {
		if known := p.editionNames(); !slices.Contains(known, edition) {
			return nil, 0, &UnknownError{What: "edition", Name: edition, In: of, Known: known}
		}
		of += ":" + edition
	}
	model = c.model(p, vendor, model)
	rows := p.of(model)
	if edition == "" && len(rows) > 0 {
		edition = rows[0].Edition // the newest comes first
	}
	chain := p.chain(edition)
	if !slices.ContainsFunc(rows, func(r *Row) bool { return slices.Contains(chain, r.Edition) }) {
		return nil, 0, &UnknownError{What: "model", Name: model, In: of} // all models are too many to read
	}
	name := tier
	if digits, ok := strings.CutPrefix(tier, "ptu-"); ok && digits != "" && strings.Trim(digits, "0123456789") == "" {
		name = provisioned
	}
	for _, e := range chain {
		i := slices.IndexFunc(rows, func(r *Row) bool { return r.Edition == e && r.Tier == name })
		switch {
		case i < 0:
		case name != tier:
			units, err := rows[i].units(tier)
			return rows[i], units, err
		case tier != provisioned:
			return rows[i], 0, nil
		}
	}
	unknown := &UnknownError{What: "tier", Name: tier, In: of + "/" + model}
	var others []string // of other editions, by their whole name
	for _, r := range rows {
		if slices.Contains(chain, r.Edition) {
			unknown.Known = append(unknown.Known, r.Tier)
		} else if r.Tier == tier {
			others = append(others, r.Ref)
		}
	}
	unknown.Known = append(unknown.Known, others...)
	return nil, 0, unknown
}

// Model returns the model that a vendor's clients mean by id, as the rows name it; id where
// no row has it.
func (c *Catalog) Model(vendor, id string) string { return c.model(c.pages(vendor), vendor, id) }

// model returns the model that a vendor's clients mean by id, as the rows name it; id
// where no row has it.
func (c *Catalog) model(p *pages, vendor, id string) string {
	for i := range p.rows {
		if p.rows[i].Config.Model == id {
			return id
		}
	}
	known := c.names()
	key, last := known.Key(vendor, id), ""
	for i := range p.rows {
		model := p.rows[i].Config.Model
		if model != last && known.Key(vendor, model) == key {
			return model
		}
		last = model
	}
	return id
}

// provisioned is the tier of rows whose references say how many PTUs they mean.
const provisioned = "ptu-N"

// units reads the N of the tier ptu-N.
func (r *Row) units(tier string) (int, error) {
	digits := strings.TrimPrefix(tier, "ptu-")
	n, err := strconv.ParseInt(digits, 10, 32)
	if legal := r.nearest(int(n)); err != nil || legal != int(n) {
		return 0, fmt.Errorf("%s PTUs of %s cannot be deployed: want %d to %d in steps of %d; nearest: ptu-%d",
			digits, r.Config.Model, r.Minimum, maxUnits, r.Step, legal)
	}
	return int(n), nil
}

// nearest returns the number of PTUs closest to n that can be deployed, the
// larger of two.
func (r *Row) nearest(n int) int {
	steps := (min(max(n, r.Minimum), maxUnits) - r.Minimum + r.Step/2) / r.Step
	return r.Minimum + min(steps, (maxUnits-r.Minimum)/r.Step)*r.Step
}
