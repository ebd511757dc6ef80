package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
)

// catalogFlag registers --catalog.
func catalogFlag(fl *pflag.FlagSet, file *string) {
	fl.StringVar(file, "catalog", "", "add the deployments of a CSV `FILE` to the catalog; they replace its own of the same name")
}

// readCatalog returns the embedded catalog with the rows of file, if there is
// one.
func readCatalog(ctx context.Context, file string) (*catalog.Catalog, error) {
	known := catalog.Embedded()
	if file == "" {
		return known, nil
	}
	data, err := readInput(ctx, file, maxCatalog)
	if err != nil {
		return nil, fmt.Errorf("--catalog: %w", err)
	}
	return known.With(file, bytes.NewReader(data))
}

// providersList prints the catalog, or the part of it that the flags name.
type providersList struct {
	file, vendor, model, tier, confidence, output string
	known                                         *catalog.Catalog
	meant                                         map[string]string // by --model, by vendor
}

// narrowing are the flags that are for list providers alone.
var narrowing = [...]string{"model", "tier", "confidence"}

func (p *providersList) register(c *cobra.Command) {
	fl := c.Flags()
	fl.SortFlags = false
	catalogFlag(fl, &p.file)
	fl.StringVar(&p.vendor, "vendor", "", "list only the providers or choices of this `VENDOR`")
	fl.StringVar(&p.model, "model", "", "list only the providers of this `MODEL`; a * stands for any characters, as in 'gpt-5*'")
	fl.StringVar(&p.tier, "tier", "", "list only the providers of this `TIER`; a * stands for any characters, as in 'dz-*'")
	fl.StringVar(&p.confidence, "confidence", "", "list only the providers whose limits are so sure: one or more `LEVELS` of "+strings.Join(catalog.Confidences(), ", ")+", with commas between them")
	fl.StringVarP(&p.output, "output", "o", "table", "`FORMAT` of the list: table or json")
}

// open checks the flags and reads the catalog.
func (p *providersList) open(c *cobra.Command, args []string) error {
	formats := []string{"table", "json"}
	of := append(slices.Clone(args), "")[0]
	switch {
	case !slices.Contains(formats, p.output):
		return unknown("--output", p.output, formats)
	case c.Flags().Changed("vendor") && of != "" && of != "providers" && of != "choices":
		return errors.New("--vendor is for list providers and list choices")
	case c.Flags().Changed("catalog") && p.file == "":
		return errors.New("--catalog is empty")
	}
	for _, flag := range narrowing {
		if c.Flags().Changed(flag) && of != "providers" {
			return fmt.Errorf("--%s is for list providers", flag)
		}
	}
	var err error
	if p.known, err = readCatalog(c.Context(), p.file); err != nil {
		return err
	}
	if c.Flags().Changed("vendor") {
		if vendors := vendorsOf(p.known); !slices.Contains(vendors, p.vendor) {
			return unknown("--vendor", p.vendor, vendors)
		}
	}
	return p.check()
}

// check checks the flags that narrow the list against what there is to list.
func (p *providersList) check() error {
	if p.confidence != "" {
		for _, level := range strings.Split(p.confidence, ",") {
			if !slices.Contains(catalog.Confidences(), level) {
				return unknown("--confidence", level, catalog.Confidences())
			}
		}
	}
	for _, f := range []struct {
		flag, value string
		names       func() []string
		fits        func(*catalog.Row) bool
	}{
		{"--model", p.model, p.models, func(r *catalog.Row) bool { return p.ofModel(r.Config.Vendor, r.Config.Model) }},
		{"--tier", p.tier, p.tiers, func(r *catalog.Row) bool { return matches(p.tier, r.Tier) }},
	} {
		_, err := path.Match(f.value, "")
		switch {
		case f.value == "" || err == nil && slices.ContainsFunc(p.rows(), func(r catalog.Row) bool { return f.fits(&r) }):
		case err != nil:
			return fmt.Errorf("%s: %q is not a pattern: %w", f.flag, f.value, err)
		case strings.Contains(f.value, "*"):
			return fmt.Errorf("%s: no provider fits %q", f.flag, f.value)
		default: // there are too many to read
			hint := ""
			if near, ok := scenarios.Nearest(f.value, f.names()); ok {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return fmt.Errorf("unknown %s %q%s", f.flag, f.value, hint)
		}
	}
	return nil
}

// vendorsOf returns the vendors of the catalog, sorted.
func vendorsOf(known *catalog.Catalog) []string {
	vendors := known.Vendors()
	for _, ch := range known.Choices() {
		vendors = append(vendors, ch.Vendor)
	}
	slices.Sort(vendors)
	return slices.Compact(vendors)
}

// rows returns the deployments of the vendor, or of all.
func (p *providersList) rows() []catalog.Row {
	if p.vendor != "" {
		return p.known.Of(p.vendor)
	}
	return p.known.List()
}

func (p *providersList) models() []string {
	return distinct(p.rows(), func(r *catalog.Row) string { return r.Config.Model })
}

func (p *providersList) tiers() []string {
	return distinct(p.rows(), func(r *catalog.Row) string { return r.Tier })
}

// distinct returns what rows are called, each name once, in their order.
func distinct(rows []catalog.Row, name func(*catalog.Row) string) []string {
	var names []string
	seen := map[string]bool{}
	for i := range rows {
		if n := name(&rows[i]); !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}

func (p *providersList) shows(vendor string) bool { return p.vendor == "" || p.vendor == vendor }

// matches reports whether a name fits a pattern; an empty one fits all.
func matches(pattern, name string) bool {
	fits, err := path.Match(pattern, name)
	return pattern == "" || err == nil && fits
}

// ofModel reports whether --model names the model of a row: as a pattern, or by any id that
// clients use for it.
func (p *providersList) ofModel(vendor, model string) bool {
	if matches(p.model, model) {
		return true
	}
	meant, ok := p.meant[vendor]
	if !ok {
		if p.meant == nil {
			p.meant = map[string]string{}
		}
		meant = p.known.Model(vendor, p.model)
		p.meant[vendor] = meant
	}
	return meant == model
}

// shown returns the deployments that all flags let through.
func (p *providersList) shown() []catalog.Row {
	return slices.DeleteFunc(slices.Clone(p.rows()), func(r catalog.Row) bool {
		return !p.ofModel(r.Config.Vendor, r.Config.Model) || !matches(p.tier, r.Tier) ||
			p.confidence != "" && !slices.Contains(strings.Split(p.confidence, ","), r.Confidence())
	})
}

// list prints the rows that the flags name, by vendor and edition; without a flag there are
// too many to read, and it prints what there is of each.
func (p *providersList) list(w io.Writer) error {
	rows := p.shown()
	switch {
	case len(p.rows()) == 0:
		_, err := fmt.Fprintf(w, "The catalog has no deployment of %s; --catalog FILE adds your own.\n", p.vendor)
		return err
	case len(rows) == 0:
		_, err := fmt.Fprintln(w, "The catalog has no deployment that fits all of the flags.")
		return err
	}
	groups, editions := byEdition(rows), p.known.Editions()
	if p.vendor == "" && p.model == "" && p.tier == "" && p.confidence == "" {
		return overview(w, groups, len(rows))
	}
	for i, of := range groups {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, heading(of, editions))
		if err := table(w, of); err != nil {
			return err
		}
	}
	return nil
}

// byEdition cuts sorted rows where the vendor or the edition changes.
func byEdition(rows []catalog.Row) [][]catalog.Row {
	var groups [][]catalog.Row
	for first := 0; first < len(rows); {
		end := first
		for end < len(rows) && rows[end].Config.Vendor == rows[first].Config.Vendor && rows[end].Edition == rows[first].Edition {
			end++
		}
		groups = append(groups, rows[first:end])
		first = end
	}
	return groups
}

// overview prints what there is of each vendor and edition.
func overview(w io.Writer, groups [][]catalog.Row, all int) error {
	t := columns(w)
	fmt.Fprintln(t, "VENDOR\tEDITION\tMODELS\tDEPLOYMENTS\tLIMITS ARE")
	for _, of := range groups {
		var sure []string
		for _, level := range catalog.Confidences() {
			n := 0
			for i := range of {
				if of[i].Confidence() == level {
					n++
				}
			}
			if n > 0 {
				sure = append(sure, fmt.Sprintf("%s %d", level, n))
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\n", of[0].Config.Vendor, of[0].Edition,
			len(distinct(of, func(r *catalog.Row) string { return r.Config.Model })), len(of), strings.Join(sure, ", "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nThese are %s. --vendor, --model, --tier and --confidence list them with limits, prices and sources; --model '*' lists all.\n",
		counted(all, "deployment", "deployments"))
	return err
}

// heading says what the rows of one vendor and edition are.
func heading(rows []catalog.Row, editions []catalog.Edition) string {
	r := &rows[0]
	text := fmt.Sprintf("%s, edition %s: %s of %s", r.Config.Vendor, r.Edition, counted(len(rows), "deployment", "deployments"),
		counted(len(distinct(rows, func(r *catalog.Row) string { return r.Config.Model })), "model", "models"))
	for _, e := range editions {
		if e.Vendor == r.Config.Vendor && e.Name == r.Edition {
			text += "; " + e.About
			if e.Until != "" {
				text += "; ended on " + e.Until
			}
		}
	}
	return text
}

// table prints rows of one edition, and below them what many have in common: where their
// limits are from, and what their tiers ask for.
func table(w io.Writer, rows []catalog.Row) error {
	t := columns(w)
	fmt.Fprintln(t, "REF\tRPM\tTPM\tOTHER LIMITS\tUSD PER 1M IN / CACHED / OUT\tCONFIDENCE\tDATE\tSOURCE")
	var sources, tiers []string
	for i := range rows {
		r := &rows[i]
		rpm, tpm, others := limits(r)
		f := r.Facts[0]
		n := slices.Index(sources, f.Source)
		if n < 0 {
			n, sources = len(sources), append(sources, f.Source)
		}
		if r.Asks != nil {
			if asks := r.Tier + ": " + r.Asks.String(); !slices.Contains(tiers, asks) {
				tiers = append(tiers, asks)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t[%d]\n", r.Ref, rpm, tpm, others, price(r), f.Confidence, f.Date, n+1)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for n, source := range sources {
		fmt.Fprintf(w, "[%d] %s\n", n+1, source)
	}
	for i, asks := range tiers {
		if i == 0 {
			fmt.Fprintln(w, "What each tier asks for:")
		}
		fmt.Fprintln(w, "  "+asks)
	}
	return nil
}

// limits returns the cells of a row's limits.
func limits(r *catalog.Row) (rpm, tpm, others string) {
	rpm, tpm = "-", "-"
	var list []string
	if r.Minimum > 0 {
		tpm = fmt.Sprintf("%d a PTU", r.Config.PTU.TPMPerUnit)
		list = append(list, fmt.Sprintf("N = %d, %d, ...", r.Minimum, r.Minimum+r.Step))
	}
	for _, l := range r.Limits {
		switch l.Name {
		case "rpm":
			rpm = fmt.Sprint(l.Most)
		case "tpm":
			tpm = fmt.Sprint(l.Most)
		default:
			list = append(list, fmt.Sprintf("%s %d", l.Name, l.Most))
		}
	}
	if r.BatchQueue > 0 {
		list = append(list, fmt.Sprintf("batch queue %d", r.BatchQueue))
	}
	if list == nil {
		return rpm, tpm, "-"
	}
	return rpm, tpm, strings.Join(list, ", ")
}

// price returns the cell of a row's price; - when it is not known.
func price(r *catalog.Row) string {
	p := r.Config.Price
	switch {
	case slices.ContainsFunc(r.Facts, func(f catalog.Fact) bool { return f.What == "ptu price" }):
		return fmt.Sprintf("%g a PTU-hour", p.UnitHour)
	case slices.ContainsFunc(r.Facts, func(f catalog.Fact) bool { return f.What == "price" }):
		return fmt.Sprintf("%g / %g / %g", p.Input, p.Cached, p.Output)
	}
	return "-"
}

func (p *providersList) shownChoices() []catalog.Choice {
	shown := []catalog.Choice{}
	for _, ch := range p.known.Choices() {
		if p.shows(ch.Vendor) {
			shown = append(shown, ch)
		}
	}
	return shown
}

func (p *providersList) choiceData() (any, error) { return p.shownChoices(), nil }

func (p *providersList) choices(w io.Writer) error {
	t := columns(w)
	fmt.Fprintln(t, "VENDOR\tQUESTION\tCHOICE\tALTERNATIVE\tKEY\tSOURCE\tDATE\tCONFIDENCE")
	for _, ch := range p.shownChoices() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", ch.Vendor, ch.Question, explained(ch.Choice, ch.ChoiceMeans),
			explained(ch.Alternative, ch.AlternativeMeans), cmp.Or(ch.Key, "-"), ch.Fact.Source, ch.Fact.Date, ch.Fact.Confidence)
	}
	return t.Flush()
}

// explained returns a value with what it means, if that is told.
func explained(value, means string) string {
	if means == "" {
		return value
	}
	return fmt.Sprintf("%s (%s)", value, means)
}
