// Package catalog holds what vendors publish about their deployments: limits
// per tier, the throughput of a PTU, prices, and how fast they answer.
//
// The facts are CSV files in data/, one row a fact, each with its source, the
// date of the source and how far to trust it:
//
//	limits.csv   requests and tokens per minute of a model at a tier
//	ptu.csv      what one provisioned throughput unit (PTU) of a model gives
//	tokens.csv   what a million tokens cost
//	units.csv    what a PTU costs by the hour
//	latency.csv  how long an answer takes
//
// A reference names a deployment: vendor/model@tier, or with the edition of
// the vendor's pages vendor:edition/model@tier. [Find] turns it into the
// provider.Config that the simulator and the mock server run. Editions stay:
// a scenario that names one means the same next year.
package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ratesim/provider"
)

// A Fact says where numbers of a row come from.
type Fact struct {
	What   string // limits, ptu, price, ptu price or latency
	Source string // a page, a repository and path, or a title
	Date   string // of the source: a year, a month or a day
	// Confidence is official (the vendor's text), observed (on the wire),
	// secondary (someone's summary), derived (arithmetic on others) or recall
	// (unverified).
	Confidence string
	Note       string // may be empty
}

// Row is one deployment of the catalog.
type Row struct {
	// Ref is what Find takes; in ptu-N, N stands for the number of PTUs. It
	// names the edition unless that is the vendor's newest.
	Ref     string
	Edition string // year and month
	Tier    string
	// Config is what Find returns, without Ref, and with PTU.Units 0.
	Config provider.Config
	// Minimum and Step are the numbers of PTUs that can be deployed: Minimum,
	// Minimum+Step and so on. 0 for rows that are not provisioned.
	Minimum, Step int
	Facts         []Fact
}

// maxUnits is the most PTUs of one deployment: MicrosoftDocs/azure-ai-docs
// articles/foundry/openai/quotas-limits.md, 2026-02-17.
const maxUnits = 100_000

// An UnknownError says that the catalog has no such thing.
type UnknownError struct {
	What  string   // vendor, edition, model or tier
	Name  string   // the one asked for
	In    string   // where it was looked for; empty for a vendor
	Known []string // what there is, as it would be written in Name's place
}

func (e *UnknownError) Error() string {
	in := ""
	if e.In != "" {
		in = " of " + e.In
	}
	return fmt.Sprintf("unknown %s %q%s; known: %s", e.What, e.Name, in, strings.Join(e.Known, ", "))
}

// List returns every deployment of the catalog, by vendor, newest edition
// first, then as the data files order them.
func List() []Row { return load() }

// Find returns the deployment that ref names. A part of ref that the catalog
// does not have is an *UnknownError.
func Find(ref string) (provider.Config, error) {
	vendor, edition, model, tier, ok := split(ref)
	if !ok {
		return provider.Config{}, fmt.Errorf("%q is not a reference; want vendor/model@tier or vendor:edition/model@tier, such as openai/gpt-4o@tier-1", ref)
	}
	row, units, err := find(load(), vendor, edition, model, tier)
	if err != nil {
		return provider.Config{}, fmt.Errorf("looking up %s: %w", ref, err)
	}
	c := row.Config
	c.Ref, c.PTU.Units = ref, units
	return c, nil
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
	all := rows
	if edition == "" {
		edition = rows[0].Edition // the newest
	} else {
		of += ":" + edition
	}
	if rows, err = narrow(rows, "edition", edition, vendor, func(r *Row) string { return r.Edition }); err != nil {
		return nil, 0, err
	}
	if rows, err = narrow(rows, "model", model, of, func(r *Row) string { return r.Config.Model }); err != nil {
		return nil, 0, err
	}
	of += "/" + model
	if rows[0].Step > 0 {
		units, err := rows[0].units(tier, of)
		return &rows[0], units, err
	}
	tiers, err := narrow(rows, "tier", tier, of, func(r *Row) string { return r.Tier })
	if err != nil {
		unknown := err.(*UnknownError)
		for i := range all {
			if r := &all[i]; r.Config.Model == model && r.Tier == tier {
				unknown.Known = append(unknown.Known, r.Ref)
			}
		}
		return nil, 0, unknown
	}
	return &tiers[0], 0, nil
}

// narrow keeps the rows whose key is name.
func narrow(rows []Row, what, name, of string, key func(*Row) string) ([]Row, error) {
	var kept []Row
	var known []string
	for i := range rows {
		k := key(&rows[i])
		if k == name {
			kept = append(kept, rows[i])
		} else if !slices.Contains(known, k) {
			known = append(known, k)
		}
	}
	if kept == nil {
		return nil, &UnknownError{What: what, Name: name, In: of, Known: known}
	}
	return kept, nil
}

// units reads the N of the tier ptu-N.
func (r *Row) units(tier, of string) (int, error) {
	digits, ok := strings.CutPrefix(tier, "ptu-")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil {
		return 0, &UnknownError{What: "tier", Name: tier, In: of, Known: []string{r.Tier}}
	}
	if legal := r.nearest(int(n)); legal != int(n) {
		return 0, fmt.Errorf("%d PTUs of %s cannot be deployed: want %d to %d in steps of %d; nearest: ptu-%d",
			n, r.Config.Model, r.Minimum, maxUnits, r.Step, legal)
	}
	return int(n), nil
}

// nearest returns the number of PTUs closest to n that can be deployed, the
// larger of two.
func (r *Row) nearest(n int) int {
	n = min(max(n, r.Minimum), maxUnits)
	return r.Minimum + (n-r.Minimum+r.Step/2)/r.Step*r.Step
}
