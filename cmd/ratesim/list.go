package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/metrics"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
)

// kind is one thing that list can list, as a table for people and as data for programs.
type kind struct {
	name, about string
	table       func(io.Writer) error
	data        func() (any, error)
}

// kinds are all that there is to list.
func kinds(p *providersList) []kind {
	return []kind{
		{"scenarios", "embedded scenarios, which compare and bench run", listScenarios, scenarioData},
		{"claims", "embedded claims, which the command claims puts to the test", listClaims, claimData},
		{"strategies", "client strategies with their parameters, defaults and reasons", listStrategies, strategyData},
		{"metrics", "metrics of results with their units and definitions, for --slo and expect", listMetrics, metricData},
		{"providers", "deployments of the catalog with limits, prices and sources, for --provider", p.list, p.data},
		{"choices", "points on which sources about providers conflict or are silent", p.choices, p.choiceData},
		{"processes", "arrival processes of a workload", listProcesses, func() (any, error) { return workload.About(), nil }},
		{"formats", "formats of usage logs, for --trace and ptu", listFormats, func() (any, error) { return workload.Formats(), nil }},
		{"rules", "rules by which serve --conformance grades clients, with what each counts, how sure it is and its sources", listRules, ruleData},
		{"schema", "the JSON Schema of scenario files, for editors", func(w io.Writer) error { return writeJSON(w, scenarios.Schema()) },
			func() (any, error) { return scenarios.Schema(), nil }},
	}
}

func listCommand(s *streams) *cobra.Command {
	var p providersList
	all := kinds(&p)
	var names []string
	for _, k := range all {
		names = append(names, k.name)
	}
	c := &cobra.Command{
		Use:   "list [" + strings.Join(names, "|") + "]",
		Short: "List scenarios, strategies, metrics, providers and more",
		Long: `List prints what there is, with parameters, definitions and sources. Without an
argument it prints what it can list. With -o json it prints the same for programs.

Choices are points on which sources about providers conflict or are silent: what
ratesim chose, what else it could be, and the key of a deployment that sets it, as in
--set deployments.main.KEY=VALUE.

Providers are grouped by vendor and edition, and in these by model. An edition is what a
vendor's pages said in a period; a reference that names it goes on meaning the same.
Limits of the confidence derived were read for no page: they follow from others.`,
		Example: `  ratesim list strategies
  ratesim list metrics -o json
  ratesim list providers --vendor anthropic
  ratesim list providers --model 'gpt-5*' --tier tier-1
  ratesim list providers --vendor openai --confidence official,observed
  ratesim list providers --catalog own.csv -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return inputError{fmt.Errorf("%s takes one kind, got %q", c.CommandPath(), args)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.open(c, args); err != nil {
				return inputError{err}
			}
			if len(args) == 0 {
				return p.print(s, kind{table: func(w io.Writer) error { return listKinds(w, all) }, data: func() (any, error) { return kindData(all), nil }})
			}
			i := slices.Index(names, args[0])
			if i < 0 {
				return inputError{unknown("kind", args[0], names)}
			}
			return p.print(s, all[i])
		},
	}
	p.register(c)
	return c
}

// print prints one kind in the format asked for.
func (p *providersList) print(s *streams, k kind) error {
	if p.output != "json" {
		return k.table(s.out)
	}
	data, err := k.data()
	if err != nil {
		return err
	}
	return writeJSON(s.out, data)
}

// named is what there is to say of a thing that has a name alone.
type named struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Teaches is what a scenario shows; empty of others.
	Teaches string `json:"teaches,omitempty"`
}

func kindData(all []kind) []named {
	var list []named
	for _, k := range all {
		list = append(list, named{Name: k.name, About: k.about})
	}
	return list
}

func listKinds(w io.Writer, all []kind) error { return listNamed(w, "ratesim list ", kindData(all)) }

func listNamed(w io.Writer, before string, list []named) error {
	t := columns(w)
	for _, n := range list {
		fmt.Fprintf(t, "%s%s\t%s\n", before, n.Name, n.About)
		if n.Teaches != "" {
			fmt.Fprintf(t, "\t  %s\n", n.Teaches)
		}
	}
	return t.Flush()
}

func columns(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

func scenarioData() (any, error) { return namedScenarios() }

func namedScenarios() (list []named, err error) {
	for _, name := range scenarios.Library() {
		spec, err := scenarios.Load(name, nil, scenarios.Options{})
		if err != nil {
			return nil, err
		}
		list = append(list, named{name, spec.About, spec.Teaches})
	}
	return list, nil
}

func listScenarios(w io.Writer) error {
	list, err := namedScenarios()
	return cmp.Or(err, listNamed(w, "", list))
}

func claimData() (any, error) { return namedClaims() }

func namedClaims() (list []named, err error) {
	for _, name := range scenarios.Claims() {
		c, err := scenarios.LoadClaim(name, nil, scenarios.Options{})
		if err != nil {
			return nil, err
		}
		list = append(list, named{Name: c.Name, About: c.About})
	}
	return list, nil
}

func listClaims(w io.Writer) error {
	list, err := namedClaims()
	return cmp.Or(err, listNamed(w, "", list))
}

func listStrategies(w io.Writer) error {
	t := columns(w)
	for _, e := range catalog.Entries() {
		fmt.Fprintf(t, "%s\t%s\n", e.Name, e.About)
		params, rest := ownParams(&e)
		for _, p := range params {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", p.Name, cmp.Or(p.Default, "-"), p.Allowed(), p.About)
		}
		if rest != "" {
			fmt.Fprintf(t, "  and all of\t%s\t\t\n", rest)
		}
	}
	return t.Flush()
}

// strategyJSON is a strategy as -o json prints it.
type strategyJSON struct {
	named
	Omniscient bool        `json:"omniscient,omitempty"` // sees the provider's state: in simulations only
	Params     []paramJSON `json:"params"`
}

// paramJSON is a parameter of a strategy. Its About says what it does, and why its
// default is what it is.
type paramJSON struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Default string   `json:"default,omitempty"` // without it, it follows from the scenario, as About says
	Allowed string   `json:"allowed"`
	Unit    string   `json:"unit,omitempty"` // of min and max
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Choices []string `json:"choices,omitempty"`
	With    string   `json:"with,omitempty"` // the part of a composition that it is for
	About   string   `json:"about"`
}

func strategyData() (any, error) {
	list := []strategyJSON{}
	for _, e := range catalog.Entries() {
		one := strategyJSON{named{Name: e.Name, About: e.About}, e.Omniscient, []paramJSON{}}
		for _, p := range e.Params {
			shown := paramJSON{Name: p.Name, Kind: p.Kind.String(), Default: p.Default, Allowed: p.Allowed(), Choices: p.Choices, With: p.With.String(), About: p.About}
			if unit, ok := p.Ranged(); ok {
				shown.Unit, shown.Min, shown.Max = unit, &p.Min, &p.Max
			}
			one.Params = append(one.Params, shown)
		}
		list = append(list, one)
	}
	return list, nil
}

// metricJSON is a metric as -o json prints it.
type metricJSON struct {
	named
	Unit   string `json:"unit,omitempty"` // without it, it is a count
	Better string `json:"better"`         // higher, lower or neither
	Groups bool   `json:"of_tenants"`     // it is measured of the calls of one tenant, too
}

func listedMetrics() []metricJSON {
	var list []metricJSON
	for _, m := range metrics.Metrics() {
		list = append(list, metricJSON{named{Name: m.Name, About: m.About}, m.Unit.String(), m.Better.String(), m.Applies(metrics.Part{By: metrics.ByTenant})})
	}
	return list
}

func metricData() (any, error) { return listedMetrics(), nil }

func listMetrics(w io.Writer) error {
	t := columns(w)
	fmt.Fprintln(t, "METRIC\tUNIT\tBETTER\tWHAT IT IS")
	for _, m := range listedMetrics() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Name, cmp.Or(m.Unit, "count"), m.Better, m.About)
	}
	return t.Flush()
}

// ownParams returns the parameters of e, less those of the retry policy it has
// them all of, whose name it returns, too.
func ownParams(e *strategies.Entry) (own []strategies.Param, rest string) {
	for _, name := range []string{"retry-after", "jitter"} {
		policy, ok := catalog.Find(name)
		if !ok || name == e.Name {
			return e.Params, ""
		}
		own = slices.DeleteFunc(slices.Clone(e.Params), func(p strategies.Param) bool {
			return slices.ContainsFunc(policy.Params, func(q strategies.Param) bool {
				return p.Name == q.Name && p.Default == q.Default && p.About == q.About
			})
		})
		if len(own)+len(policy.Params) == len(e.Params) {
			return own, name
		}
	}
	return e.Params, ""
}

func listFormats(w io.Writer) error {
	t := columns(w)
	for _, f := range workload.Formats() {
		rows := "requests"
		if !f.Requests {
			rows = "buckets"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Name, rows, f.About)
	}
	return t.Flush()
}

func listProcesses(w io.Writer) error {
	t := columns(w)
	for _, p := range workload.About() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", p.Name, p.Keys, p.About)
	}
	return t.Flush()
}
