package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/provider/catalog"
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

// providersList prints the catalog.
type providersList struct {
	file, vendor, output string
	known                *catalog.Catalog
}

func (p *providersList) register(c *cobra.Command) {
	fl := c.Flags()
	fl.SortFlags = false
	catalogFlag(fl, &p.file)
	fl.StringVar(&p.vendor, "vendor", "", "list only the providers or choices of this `VENDOR`")
	fl.StringVarP(&p.output, "output", "o", "table", "`FORMAT` of the list: table or json")
}

// open checks the flags and reads the catalog.
func (p *providersList) open(c *cobra.Command, args []string) error {
	formats := []string{"table", "json"}
	switch {
	case !slices.Contains(formats, p.output):
		return unknown("--output", p.output, formats)
	case c.Flags().Changed("vendor") && len(args) == 1 && args[0] != "providers" && args[0] != "choices":
		return errors.New("--vendor is for list providers and list choices")
	case c.Flags().Changed("catalog") && p.file == "":
		return errors.New("--catalog is empty")
	}
	var err error
	if p.known, err = readCatalog(c.Context(), p.file); err != nil {
		return err
	}
	vendors := vendorsOf(p.known)
	if c.Flags().Changed("vendor") && !slices.Contains(vendors, p.vendor) {
		return unknown("--vendor", p.vendor, vendors)
	}
	return nil
}

// vendorsOf returns the vendors of the catalog, sorted.
func vendorsOf(known *catalog.Catalog) []string {
	var vendors []string
	for _, r := range known.List() {
		vendors = append(vendors, r.Config.Vendor)
	}
	for _, ch := range known.Choices() {
		vendors = append(vendors, ch.Vendor)
	}
	slices.Sort(vendors)
	return slices.Compact(vendors)
}

func (p *providersList) shows(vendor string) bool { return p.vendor == "" || p.vendor == vendor }

func (p *providersList) list(w io.Writer) error {
	t := columns(w)
	if !slices.ContainsFunc(p.known.List(), func(r catalog.Row) bool { return p.shows(r.Config.Vendor) }) {
		_, err := fmt.Fprintf(w, "The catalog has no deployment of %s; --catalog FILE adds your own.\n", p.vendor)
		return err
	}
	fmt.Fprintln(t, "REF\tRPM\tTPM\tOTHER LIMITS\tUSD PER 1M IN / CACHED / OUT\tSOURCE\tDATE\tCONFIDENCE\tTHE TIER ASKS FOR")
	for _, r := range p.known.List() {
		if !p.shows(r.Config.Vendor) {
			continue
		}
		rpm, tpm, others := limits(&r)
		f := r.Facts[0]
		asks := "-"
		if r.Asks != nil {
			asks = r.Asks.String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Ref, rpm, tpm, others, price(&r), f.Source, f.Date, f.Confidence, asks)
	}
	return t.Flush()
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

// deploymentJSON is a row of the catalog as -o json prints it.
type deploymentJSON struct {
	Ref        string           `json:"ref"`
	Vendor     string           `json:"vendor"`
	Edition    string           `json:"edition"`
	Model      string           `json:"model"`
	Tier       string           `json:"tier"`
	Limits     map[string]int64 `json:"limits"` // rpm, tpm and so on
	Asks       *catalog.Asks    `json:"tier_asks_for,omitempty"`
	BatchQueue int64            `json:"batch_queue_tokens,omitempty"`
	Window     string           `json:"window,omitempty"`
	Reserve    string           `json:"reserve"`
	Settle     bool             `json:"settle"`
	Rejected   bool             `json:"rejected"`
	Burndown   float64          `json:"burndown,omitempty"`
	Discount   float64          `json:"cache_discount"`
	PTU        *ptuJSON         `json:"ptu,omitempty"`
	Price      *priceJSON       `json:"price,omitempty"`
	Latency    latencyJSON      `json:"latency"`
	Facts      []catalog.Fact   `json:"facts"`
}

type ptuJSON struct {
	Minimum     int     `json:"minimum"`
	Step        int     `json:"step"`
	TPMPerUnit  int64   `json:"tpm_per_ptu"`
	OutputRatio float64 `json:"output_ratio"`
}

type priceJSON struct {
	Input    float64 `json:"usd_per_million_input"`
	Cached   float64 `json:"usd_per_million_cached"`
	Output   float64 `json:"usd_per_million_output"`
	UnitHour float64 `json:"usd_per_ptu_hour"`
}

type latencyJSON struct {
	TTFTp50  float64 `json:"ttft_p50_s"`
	TTFTp95  float64 `json:"ttft_p95_s"`
	PerToken float64 `json:"per_token_s"`
	Floor    float64 `json:"per_token_at_most_s,omitempty"`
	Load     float64 `json:"load"`
}

// data returns deployments with all their facts, and batches.
func (p *providersList) data() (any, error) {
	out := struct {
		Deployments []deploymentJSON `json:"deployments"`
		Batches     []catalog.Batch  `json:"batches"`
	}{[]deploymentJSON{}, []catalog.Batch{}}
	for _, r := range p.known.List() {
		if p.shows(r.Config.Vendor) {
			out.Deployments = append(out.Deployments, toJSON(&r))
		}
	}
	for _, b := range p.known.Batches() {
		if p.shows(b.Vendor) {
			out.Batches = append(out.Batches, b)
		}
	}
	return out, nil
}

func toJSON(r *catalog.Row) deploymentJSON {
	c := &r.Config
	d := deploymentJSON{Ref: r.Ref, Vendor: c.Vendor, Edition: r.Edition, Model: c.Model, Tier: r.Tier, Limits: map[string]int64{}, Asks: r.Asks, BatchQueue: r.BatchQueue,
		Reserve: c.Charge.Reserve.String(), Settle: c.Charge.Settle, Rejected: c.Charge.Rejected,
		Burndown: c.Charge.Burndown, Discount: c.Charge.CacheDiscount, Facts: r.Facts,
		Latency: latencyJSON{c.Latency.TTFT.Quantile(0.5), c.Latency.TTFT.Quantile(0.95), c.Latency.PerToken.Seconds(), c.Latency.Floor.Seconds(), c.Latency.Load}}
	for _, l := range r.Limits {
		d.Limits[l.Name] = l.Most
	}
	if r.Minimum > 0 {
		d.PTU = &ptuJSON{r.Minimum, r.Step, c.PTU.TPMPerUnit, c.PTU.OutputRatio}
	} else {
		d.Window = c.Window.String()
	}
	if price(r) != "-" {
		d.Price = &priceJSON{c.Price.Input, c.Price.Cached, c.Price.Output, c.Price.UnitHour}
	}
	return d
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
