package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/strategies"
)

func listCommand(s *streams) *cobra.Command {
	kinds := []struct {
		name string
		list func(io.Writer) error
	}{
		{"scenarios", listScenarios},
		{"strategies", listStrategies},
		{"providers", listProviders},
		{"processes", listProcesses},
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return &cobra.Command{
		Use:       "list [scenarios|strategies|providers|processes]",
		Short:     "what there is, with parameters and sources",
		ValidArgs: names,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return inputError{fmt.Errorf("%s takes one kind, got %q", c.CommandPath(), args)}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
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

func listStrategies(w io.Writer) error {
	t := columns(w)
	for _, e := range strategies.Catalog() {
		fmt.Fprintf(t, "%s\t%s\n", e.Name, e.About)
		for _, p := range e.Params {
			value := p.Default
			if value == "" {
				value = "-"
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\n", p.Name, value, p.About)
		}
	}
	return t.Flush()
}

func listProviders(w io.Writer) error {
	t := columns(w)
	fmt.Fprintln(t, "REF\tRPM\tTPM\tSOURCE\tDATE\tCONFIDENCE")
	for _, row := range catalog.List() {
		limits := row.Facts[0]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", row.Ref, perMinute(row.Config.RPM), tokensPerMinute(&row),
			limits.Source, limits.Date, limits.Confidence)
	}
	return t.Flush()
}

func perMinute(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func tokensPerMinute(row *catalog.Row) string {
	if row.Minimum > 0 {
		return fmt.Sprintf("%d a PTU; N = %d, %d, ...", row.Config.PTU.TPMPerUnit, row.Minimum, row.Minimum+row.Step)
	}
	return perMinute(row.Config.TPM)
}

func listProcesses(w io.Writer) error {
	t := columns(w)
	for _, p := range workload.About() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", p.Name, p.Keys, p.About)
	}
	return t.Flush()
}
