package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/strategies"
)

func listCommand(s *streams) *cobra.Command {
	var p providersList
	kinds := []struct {
		name string
		list func(io.Writer) error
	}{
		{"scenarios", listScenarios},
		{"claims", listClaims},
		{"strategies", listStrategies},
		{"providers", p.list},
		{"choices", p.choices},
		{"processes", listProcesses},
		{"formats", listFormats},
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	c := &cobra.Command{
		Use:   "list [" + strings.Join(names, "|") + "]",
		Short: "what there is, with parameters and sources",
		Long: `List prints what there is, with parameters and sources: scenarios, claims,
strategies, providers (limits, prices, latencies and batches of the catalog, and
what its tiers ask for), choices, arrival processes and formats of usage logs (those
with a row for each request can be replayed with --trace).

Choices are points on which sources about providers conflict or are silent: what was
chosen, what else it could be, and the key of a deployment that sets it, as in
--set deployments.main.KEY=VALUE. Faults are a key of the scenario.`,
		Example: `  ratesim list providers --vendor anthropic
  ratesim list providers --catalog own.csv -o json
  ratesim list choices --vendor azure`,
		ValidArgs: names,
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
			found := false
			for i, k := range kinds {
				if len(args) > 0 && args[0] != k.name {
					continue
				}
				if found = true; len(args) == 0 {
					fmt.Fprintf(s.out, "%s%s\n", strings.Repeat("\n", min(i, 1)), strings.ToUpper(k.name))
				}
				if err := k.list(s.out); err != nil {
					return err
				}
			}
			if !found {
				return inputError{unknown("kind", args[0], names)}
			}
			return nil
		},
	}
	p.register(c)
	return c
}

func columns(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

func listScenarios(w io.Writer) error {
	t := columns(w)
	for _, name := range scenarios.Library() {
		spec, err := scenarios.Load(name, nil, scenarios.Options{})
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%s\t%s\n", name, spec.About)
	}
	return t.Flush()
}

func listClaims(w io.Writer) error {
	t := columns(w)
	for _, name := range scenarios.Claims() {
		c, err := scenarios.LoadClaim(name, nil, scenarios.Options{})
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%s\t%s\n", c.Name, c.About)
	}
	return t.Flush()
}

func listStrategies(w io.Writer) error {
	t := columns(w)
	for _, e := range strategies.Catalog() {
		fmt.Fprintf(t, "%s\t%s\n", e.Name, e.About)
		params, rest := ownParams(&e)
		for _, p := range params {
			value := p.Default
			if value == "" {
				value = "-"
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\n", p.Name, value, p.About)
		}
		if rest != "" {
			fmt.Fprintf(t, "  and all of\t%s\n", rest)
		}
	}
	return t.Flush()
}

// ownParams returns the parameters of e, less those of the retry policy it has
// them all of, whose name it returns, too.
func ownParams(e *strategies.Entry) (own []strategies.Param, rest string) {
	for _, name := range []string{"retry-after", "jitter"} {
		policy, ok := strategies.Find(name)
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
