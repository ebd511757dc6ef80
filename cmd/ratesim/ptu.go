package main

import (
	"github.com/spf13/cobra"

	"ratesim/provider/capacity"
	"ratesim/provider/catalog"
	"ratesim/sim/sizing"
)

func ptuCommand(s *streams) *cobra.Command {
	var model, payg string
	var hour, month, year money
	f := capacityFlags{vendor: azure}
	f.offers = func(*catalog.Catalog) ([]sizing.Wanted, error) {
		return []sizing.Wanted{{Vendor: azure, Model: model, PAYG: payg}}, nil
	}
	f.units = func() (out []capacity.UnitPrice, err error) {
		for _, p := range []struct {
			of   money
			term capacity.Commitment
			per  string
		}{{hour, capacity.Hourly, "hour"}, {month, capacity.Monthly, "month"}, {year, capacity.Yearly, "year"}} {
			if p.of.v != nil {
				out = append(out, capacity.UnitPrice{Commitment: p.term, USD: *p.of.v, Per: p.per})
			}
		}
		return out, nil
	}
	f.rows = func([]sizing.Wanted) string { return model }
	c := &cobra.Command{
		Use:   "ptu [USAGE]",
		Short: "Decide between provisioned capacity (PTU) and pay-as-you-go, from a usage log",
		Long: `Ptu reads a usage log and answers how many PTUs (provisioned throughput units of
Azure OpenAI) to buy for it, if any. It compares pay-as-you-go, PTUs by the hour,
month or year, with and without spillover, and PTUs by a schedule: what each costs,
and by simulation what each does to requests. USAGE is a file, - for standard
input, or the name of an embedded trace; ratesim tells its format by its beginning. Without USAGE it takes the
workload of a scenario. Ratesim capacity answers the same for other vendors.`,
		Example: `  ratesim ptu usage.csv --model gpt-4o
  ratesim ptu usage.json --model gpt-5 --slo 'p95<=8s' --slo 'rejected<=0.1%' --out ptu
  ratesim ptu --scenario launch-day --model gpt-4o-mini --discount 20%
  ratesim ptu --break-even`,
		Args: f.args,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, s, args) },
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&model, "model", "gpt-4o", "the `MODEL`; of a log with several models only its rows count")
	f.registerDeployment(fl)
	fl.StringVar(&payg, "provider", "", "pay-as-you-go deployment `REF` of the catalog (default the largest tier of the model)")
	f.registerService(fl)
	fl.Var(&hour, "ptu-price", "`PRICE` of a PTU for an hour without reservation, in place of the catalog's")
	fl.Var(&month, "ptu-month-price", "`PRICE` of a PTU that is reserved for a month")
	fl.Var(&year, "ptu-year-price", "`PRICE` of a PTU that is reserved for a year, for the whole year")
	f.register(fl, "PTU")
	return c
}
