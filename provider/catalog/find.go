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
	for i := range c.rows {
		r := c.rows[i].Ref
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

func find(rows []Row, vendor, edition, model, tier string) (*Row, int, error) {
	of := vendor
	rows, err := narrow(rows, "vendor", vendor, "", func(r *Row) string { return r.Config.Vendor })
	if err != nil {
		return nil, 0, err
	}
	if edition != "" {
		if rows, err = narrow(rows, "edition", edition, of, func(r *Row) string { return r.Edition }); err != nil {
			return nil, 0, err
		}
		of += ":" + edition
	}
	if rows, err = narrow(rows, "model", model, of, func(r *Row) string { return r.Config.Model }); err != nil {
		err.(*UnknownError).Known = nil // too many to read
		return nil, 0, err
	}
	all := rows
	rows, _ = narrow(rows, "edition", rows[0].Edition, of, func(r *Row) string { return r.Edition }) // the newest comes first
	of += "/" + model
	name := tier
	if digits, ok := strings.CutPrefix(tier, "ptu-"); ok && digits != "" && strings.Trim(digits, "0123456789") == "" {
		name = provisioned
	}
	tiers, err := narrow(rows, "tier", name, of, func(r *Row) string { return r.Tier })
	if err == nil && name != tier {
		units, err := tiers[0].units(tier)
		return &tiers[0], units, err
	}
	if err == nil && tier != provisioned {
		return &tiers[0], 0, nil
	}
	unknown := &UnknownError{What: "tier", Name: tier, In: of}
	for i := range all { // of other editions, by their whole name
		if r := &all[i]; r.Edition == rows[0].Edition {
			unknown.Known = append(unknown.Known, r.Tier)
		} else if r.Tier == tier {
			unknown.Known = append(unknown.Known, r.Ref)
		}
	}
	return nil, 0, unknown
}

// narrow keeps the rows whose key is name.
func narrow(rows []Row, what, name, of string, key func(*Row) string) ([]Row, error) {
	var kept []Row
	for i := range rows {
		if key(&rows[i]) == name {
			kept = append(kept, rows[i])
		}
	}
	if kept != nil {
		return kept, nil
	}
	var known []string
	seen := map[string]bool{}
	for i := range rows {
		if k := key(&rows[i]); !seen[k] {
			seen[k] = true
			known = append(known, k)
		}
	}
	return nil, &UnknownError{What: what, Name: name, In: of, Known: known}
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
