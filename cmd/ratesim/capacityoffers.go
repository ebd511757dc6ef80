package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ratesim/provider/capacity"
	"ratesim/provider/catalog"
	"ratesim/sim/sizing"
)

// offerFlags say which offers ratesim capacity holds side by side.
type offerFlags struct {
	models, vendors, payg, prices []string
	logModel                      string
}

func capacityCommand(s *streams) *cobra.Command {
	var o offerFlags
	f := capacityFlags{offers: o.wanted, rows: o.rows, units: o.unitPrices}
	c := &cobra.Command{
		Use:   "capacity [USAGE]",
		Short: "Decide how much capacity to buy of which vendor, from a usage log",
		Long: `Capacity reads a usage log and answers whether to buy capacity for it, how much, and of
which vendor: PTUs of Azure OpenAI, GSUs of Vertex AI (provisioned throughput), bundles
of OpenAI's scale tier, and Amazon Bedrock's reserved tier. It says of each, and of each
vendor's pay-as-you-go, what it costs, how many requests fail, how long answers take
and what spills over. With one vendor the answer has all options; with several, the
best of each stand side by side. USAGE is a file, - for standard input, or the name of
an embedded trace. Without USAGE it takes the workload of a scenario.

The tokens of the log are taken to be as many with each model, though models count
differently.`,
		Example: `  ratesim capacity usage.csv --model vertex/gemini-2.5-flash
  ratesim capacity usage.csv --model gpt-5 --model vertex/gemini-2.5-pro --model bedrock/claude-sonnet-4.5
  ratesim capacity usage.csv --model gpt-4.1 --vendor azure --vendor openai --slo 'p95<=8s'
  ratesim capacity usage.csv --model bedrock/claude-sonnet-4.5 --unit-price monthly=100+400
  ratesim capacity --vendor vertex --break-even`,
		Args: f.args,
		RunE: func(c *cobra.Command, args []string) error {
			f.vendor = azure
			if len(o.vendors) > 0 {
				f.vendor = o.vendors[0]
			}
			return f.run(c, s, args)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringArrayVar(&o.models, "model", []string{"gpt-4o"}, "a `MODEL` to compare, or VENDOR/MODEL; may be repeated; a model without vendor is that of each vendor that sells capacity of it")
	fl.StringArrayVar(&o.vendors, "vendor", nil, "only offers of this `VENDOR`; may be repeated")
	fl.StringVar(&o.logModel, "log-model", "", "of a log with several models take the rows of this `MODEL` (default the one of --model, or all rows where there are several)")
	f.registerDeployment(fl)
	fl.StringArrayVar(&o.payg, "provider", nil, "pay-as-you-go deployment `REF` of the catalog, in place of the largest tier of its vendor and model; may be repeated")
	f.registerService(fl)
	fl.StringArrayVar(&o.prices, "unit-price", nil, "`TERM=PRICE` of a unit for a month when it is bought for that term: "+strings.Join(capacity.Commitments[:], ", ")+"; INPUT+OUTPUT where those are bought by themselves; may be repeated")
	f.register(fl, "unit")
	return c
}

// wanted are the offers that the flags name.
func (o *offerFlags) wanted(known *catalog.Catalog) ([]sizing.Wanted, error) {
	sold := known.Offers()
	var out []sizing.Wanted
	add := func(vendor, model string) {
		w := sizing.Wanted{Vendor: vendor, Model: model}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	for _, text := range o.models {
		if vendor, model, named := strings.Cut(text, "/"); named {
			add(vendor, model)
			continue
		}
		before := len(out)
		for i := range sold {
			if s := &sold[i]; s.Model == text && (o.vendors == nil || slices.Contains(o.vendors, s.Vendor)) {
				add(s.Vendor, s.Model)
			}
		}
		for _, vendor := range o.vendors { // of which there is only pay-as-you-go
			add(vendor, text)
		}
		if len(out) == before {
			return nil, fmt.Errorf("no vendor sells capacity of %q, as far as the catalog knows; --model VENDOR/%s compares its pay-as-you-go", text, text)
		}
	}
	return out, o.deployments(out)
}

// deployments sets what pay-as-you-go is simulated with: deployments of the same vendor and
// model, or else of another vendor of the model, for an offer of which the catalog has none.
func (o *offerFlags) deployments(wanted []sizing.Wanted) error {
	for _, ref := range o.payg {
		name, _, _ := strings.Cut(ref, "@")
		vendor, model, _ := strings.Cut(name, "/")
		vendor, _, _ = strings.Cut(vendor, ":")
		i := slices.IndexFunc(wanted, func(w sizing.Wanted) bool { return w.Vendor == vendor && w.Model == model })
		if i < 0 && len(wanted) == 1 && wanted[0].Model == model {
			i = 0
		}
		if i < 0 {
			return fmt.Errorf("--provider: %s is of no offer that is compared; those are %s", ref, names(wanted))
		}
		wanted[i].PAYG = ref
	}
	return nil
}

func names(wanted []sizing.Wanted) string {
	var out []string
	for _, w := range wanted {
		out = append(out, w.Vendor+"/"+w.Model)
	}
	return strings.Join(out, ", ")
}

// rows is the model of which rows of a log count.
func (o *offerFlags) rows(wanted []sizing.Wanted) string {
	if o.logModel != "" {
		return o.logModel
	}
	for _, w := range wanted {
		if w.Model != wanted[0].Model {
			return ""
		}
	}
	return wanted[0].Model
}

// unitPrices reads --unit-price.
func (o *offerFlags) unitPrices() ([]capacity.UnitPrice, error) {
	var all []capacity.UnitPrice
	for _, text := range o.prices {
		term, amount, ok := strings.Cut(text, "=")
		i := slices.Index(capacity.Commitments[:], term)
		input, output, both := strings.Cut(amount, "+")
		var usd, out money
		err := usd.Set(input)
		if both && err == nil {
			err = out.Set(output)
		}
		switch {
		case !ok:
			return nil, fmt.Errorf("--unit-price: want TERM=PRICE, such as yearly=2000, got %q", text)
		case i < 0:
			return nil, unknown("term of --unit-price", term, capacity.Commitments[:])
		case err != nil:
			return nil, fmt.Errorf("--unit-price: %w", err)
		}
		p := capacity.UnitPrice{Commitment: capacity.Commitment(i), USD: *usd.v, Per: "month"}
		if both {
			p.Output = *out.v
		}
		all = append(all, p)
	}
	return all, nil
}
