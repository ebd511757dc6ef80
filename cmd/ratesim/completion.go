package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ratesim/provider/capacity"
	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/scenarios/workload/tracefile"
	"ratesim/sim/metrics"
	strategycatalog "ratesim/strategies/catalog"
)

// complete says how shells complete the arguments and the flags of every command below
// root.
func complete(root *cobra.Command) {
	arguments, flags := argumentCompletions(), flagCompletions()
	for _, c := range root.Commands() {
		complete(c)
		if of, ok := arguments[c.Name()]; ok {
			c.ValidArgsFunction = of
		} else if c.ValidArgsFunction == nil {
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			of, ok := flags[c.Name()+" --"+f.Name]
			if !ok {
				of, ok = flags["--"+f.Name]
			}
			if !ok {
				of = cobra.NoFileCompletions
			}
			c.RegisterFlagCompletionFunc(f.Name, of) // fails only for a flag that has completions already
		})
	}
}

// completing reports whether the arguments ask for completions, as shells do. Cobra then
// reads the flags typed so far twice.
func completing(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// argumentCompletions are those of commands that take arguments.
func argumentCompletions() map[string]cobra.CompletionFunc {
	return map[string]cobra.CompletionFunc{
		"compare":  orFiles(scenarioNames),
		"bench":    orFiles(scenarioNames),
		"tune":     orFiles(scenarioNames),
		"validate": orFiles(scenarioNames),
		"claims":   orFiles(claimNames),
		"list":     one(offer(kindNames)),
		"init":     one(files("yaml", "yml")),
		"report":   cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		"ptu":      orFiles(traceNames),
		"capacity": orFiles(traceNames),
		"describe": orFiles(traceNames),
		"generate": orFiles(scenarioNames),
		"convert":  orFiles(traceNames),
	}
}

// flagCompletions are those of flags, of one command or of all.
func flagCompletions() map[string]cobra.CompletionFunc {
	list := offer(func(*cobra.Command) []string { return listOutputs })
	return map[string]cobra.CompletionFunc{
		"--strategies":      strategyLists,
		"--baseline":        offer(strategyNames),
		"--strategy":        offer(strategyNames),
		"--provider":        references,
		"serve --provider":  namedProviders,
		"--slo":             unfinished(metricNames),
		"ptu --slo":         unfinished(objectiveNames),
		"capacity --slo":    unfinished(objectiveNames),
		"--by":              offer(func(*cobra.Command) []string { return divisions }),
		"--reps":            offer(func(*cobra.Command) []string { return []string{"auto\tas many as the verdict needs"} }),
		"--output":          offer(func(*cobra.Command) []string { return outputs }),
		"ptu --output":      offer(func(*cobra.Command) []string { return capacityOutputs }),
		"capacity --output": offer(func(*cobra.Command) []string { return capacityOutputs }),
		"describe --output": offer(func(*cobra.Command) []string { return describeOutputs }),
		"serve --output":    offer(func(*cobra.Command) []string { return gradeOutputs }),
		"--fail-on":         offer(func(*cobra.Command) []string { return ruleNames() }),
		"list --output":     list,
		"validate --output": list,
		"version --output":  list,
		"--trace":           orFiles(traceNames),
		"--trace-format":    offer(formatNames),
		"--scenario":        orFiles(scenarioNames),
		"--from":            offer(embeddedNames),
		"--vendor":          offer(func(c *cobra.Command) []string { return vendorsOf(catalogOf(c)) }),
		"list --model":      offer(func(c *cobra.Command) []string { return listed(c).models() }),
		"list --tier":       offer(func(c *cobra.Command) []string { return listed(c).tiers() }),
		"--confidence":      offer(func(*cobra.Command) []string { return catalog.Confidences() }),
		"ptu --model":       offer(func(c *cobra.Command) []string { return soldModels(c, azure) }),
		"capacity --model":  offer(func(c *cobra.Command) []string { return soldModels(c, "") }),
		"capacity --vendor": offer(soldBy),
		"--unit-price":      offer(func(*cobra.Command) []string { return capacity.Commitments[:] }),
		"--deployment":      offer(func(*cobra.Command) []string { return capacity.Deployments[:] }),
		"--catalog":         files("csv"),
		"--keys":            files("csv"),
		"--faults":          files("yaml", "yml"),
		"--out":             cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		"generate --out":    cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		"convert --out":     cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		"--to":              offer(func(*cobra.Command) []string { return tracefile.FormatNames() }),
	}
}

// offer completes the names that list gives, NAME or NAME<tab>DESCRIPTION.
func offer(list func(*cobra.Command) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return begun(list(c), typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// unfinished is offer for what is only the beginning of a value.
func unfinished(list func(*cobra.Command) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return begun(list(c), typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	}
}

// one completes the first argument alone.
func one(of cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return of(c, args, typed)
	}
}

// begun returns the names that begin as was typed.
func begun(list []string, typed string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return !strings.HasPrefix(name, typed) })
}

// orFiles completes the names that list gives, and files.
func orFiles(list func(*cobra.Command) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return begun(list(c), typed), cobra.ShellCompDirectiveDefault
	}
}

// files completes files whose names end in one of ends.
func files(ends ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(ends, cobra.ShellCompDirectiveFilterFileExt)
}

func described(list []named, err error) []string {
	var out []string
	for _, n := range list { // none if there is an error, which a shell has no room for
		out = append(out, n.Name+"\t"+n.About)
	}
	return out
}

func scenarioNames(*cobra.Command) []string { return described(namedScenarios()) }
func claimNames(*cobra.Command) []string    { return described(namedClaims()) }
func kindNames(*cobra.Command) []string     { return described(kindData(kinds(&providersList{})), nil) }

func embeddedNames(c *cobra.Command) []string {
	list := scenarioNames(c)
	for _, claim := range scenarios.Claims() {
		list = append(list, "claims/"+claim)
	}
	return list
}

func strategyNames(*cobra.Command) []string {
	var list []string
	for _, e := range strategycatalog.Entries() {
		list = append(list, e.Name+"\t"+e.About)
	}
	return list
}

// strategyLists completes the last of several names with commas between them.
func strategyLists(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	var list []string
	for _, s := range append(strategyNames(c), "all\tthe scenario's and all of the catalog that fit it") {
		if name, _, _ := strings.Cut(s, "\t"); !slices.Contains(strings.Split(before, ","), name) {
			list = append(list, before+s)
		}
	}
	return begun(list, typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}

// catalogOf returns the catalog with the rows of --catalog, if that can be read.
func catalogOf(c *cobra.Command) *catalog.Catalog {
	if f := c.Flags().Lookup("catalog"); f != nil {
		if known, err := readCatalog(c.Context(), f.Value.String()); err == nil {
			return known
		}
	}
	return catalog.Embedded()
}

// listed returns the list of the vendor that is typed, or of all.
func listed(c *cobra.Command) *providersList {
	return &providersList{vendor: c.Flag("vendor").Value.String(), known: catalogOf(c)}
}

// references completes a reference in two steps, for there are more than a thousand: first
// the vendor, with an edition where one was begun, and then the model and the tier.
func references(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	known := catalogOf(c)
	vendor, _, named := strings.Cut(typed, "/")
	if named {
		vendor, _, _ = strings.Cut(vendor, ":")
		return begun(refsOf(known, vendor, strings.Contains(typed, ":")), typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
	var list []string
	for _, vendor := range known.Vendors() {
		list = append(list, fmt.Sprintf("%s/\t%s", vendor, counted(len(known.Of(vendor)), "deployment", "deployments")))
	}
	for _, e := range known.Editions() {
		if strings.HasPrefix(typed, e.Vendor+":") {
			list = append(list, fmt.Sprintf("%s:%s/\t%s", e.Vendor, e.Name, e.About))
		}
	}
	return begun(list, typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}

// refsOf returns the references of a vendor's deployments: the shortest ones, or with the
// edition. Limits that nobody has read are marked.
func refsOf(known *catalog.Catalog, vendor string, editions bool) []string {
	var list []string
	rows := known.Of(vendor)
	for i := range rows {
		r := &rows[i]
		rpm, tpm, _ := limits(r)
		about := fmt.Sprintf("%s RPM, %s TPM", rpm, tpm)
		if r.Minimum > 0 {
			about = tpm + ", N PTUs"
		}
		if sure := r.Confidence(); sure != "official" {
			about += ", " + sure
		}
		ref := r.Ref
		if editions {
			ref = fmt.Sprintf("%s:%s/%s@%s", vendor, r.Edition, r.Config.Model, r.Tier)
		}
		list = append(list, ref+"\t"+about)
	}
	return list
}

// namedProviders completes REF and NAME=REF.
func namedProviders(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, "=")+1]
	list, how := references(c, args, typed[len(before):])
	for i := range list {
		list[i] = before + list[i]
	}
	return list, how
}

// metricNames are metrics, each with the comparison that says which way it is better.
func metricNames(*cobra.Command) []string {
	var list []string
	for _, m := range metrics.Metrics() {
		switch m.Better {
		case metrics.Higher:
			list = append(list, m.Name+">=\t"+m.About)
		case metrics.Lower:
			list = append(list, m.Name+"<=\t"+m.About)
		}
	}
	return list
}

func objectiveNames(*cobra.Command) []string {
	var list []string
	for _, name := range capacity.Objectives {
		list = append(list, name+"<=")
	}
	return list
}

func formatNames(*cobra.Command) []string {
	list := []string{workload.AutoFormat + "\ttold by the beginning of the log"}
	for _, f := range workload.Formats() {
		list = append(list, f.Name+"\t"+f.About)
	}
	return list
}

func commandNames(c *cobra.Command) []string {
	var list []string
	for _, sub := range c.Root().Commands() {
		if sub.IsAvailableCommand() {
			list = append(list, sub.Name()+"\t"+sub.Short)
		}
	}
	return list
}

// soldModels are the models of which a vendor sells capacity; with an empty vendor those of all,
// as VENDOR/MODEL.
func soldModels(c *cobra.Command, vendor string) []string {
	var list []string
	for _, o := range catalogOf(c).Offers() {
		switch name := o.Vendor + "/" + o.Model; {
		case vendor == "":
			list = append(list, name)
		case o.Vendor == vendor:
			list = append(list, o.Model)
		}
	}
	return slices.Compact(list)
}

// soldBy are the vendors that sell capacity.
func soldBy(c *cobra.Command) []string {
	var list []string
	for _, o := range catalogOf(c).Offers() {
		list = append(list, o.Vendor)
	}
	return slices.Compact(list)
}
