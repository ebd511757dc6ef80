package scenarios

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
	strategycatalog "ratesim/strategies/catalog"
)

// Options is what the command line changes in a scenario. It is applied to the
// file's tree before that is read, so it meets the same checks, and errors name
// the flag.
type Options struct {
	// Catalog is where references are looked up; nil = the embedded one.
	Catalog *catalog.Catalog
	// Describe sums up a trace; nil = its method Describe. A caller that parses often may
	// keep what it has summed up.
	Describe func(*workload.Log) (workload.Summary, error)
	// Provider replaces the catalog reference of the first deployment, and
	// drops its overrides; provisioned deployments of other models move to the
	// same model. Empty = as in the file.
	Provider string
	// Trace replaces the workload by the replay of a trace, with the tenant,
	// max_tokens, estimate, deadline and priority of the first stream; unless
	// Duration is given, the scenario lasts as long as the trace. Empty = none.
	Trace     string
	TraceData []byte // what is in the trace, where that is in no file; Trace is its name then
	// TraceOptions says how the trace is read: its format, its columns, and whether bad
	// rows are skipped.
	TraceOptions workload.UsageOptions
	// Duration replaces the scenario's; 0 = as in the file.
	Duration time.Duration
	// Instances is how many clients there are, from beginning to end; 0 = as in
	// the file.
	Instances int
	// Deadline is the deadline of every stream, and MaxTokens is what each of them
	// declares; 0 = as in the file.
	Deadline  time.Duration
	MaxTokens int
	// Strategies replaces the scenario's: names it declares, names of the
	// catalog, mappings as a file has them ({use: jitter, max_retries: 12}), or all
	// for what is declared and the catalog. Nil = as in the file.
	Strategies []string
	// SLO replaces the scenario's objectives; nil = as in the file.
	SLO []string
	// Baseline replaces the scenario's; empty = as in the file.
	Baseline string
	// Set holds changes of single fields, path=value: fleet.instances=3,
	// deployments.main.limits.rpm=100, workload.0.deadline=10s. Items of lists
	// go by index, name or tenant; values are YAML. They come last, in order.
	Set []string

	traffic bool // the file is traffic.yaml
	lesson  bool // the file is of the library: what it expects is said of it as it stands
}

// changes reports whether the options make another situation of a scenario, or meet it with
// other strategies.
func (o *Options) changes() bool {
	return o.Provider != "" || o.Trace != "" || o.Duration != 0 || o.Instances != 0 || o.Deadline != 0 || o.MaxTokens != 0 ||
		o.Strategies != nil || o.Set != nil
}

// known returns the catalog in which references are looked up.
func (o *Options) known() *catalog.Catalog {
	if o.Catalog == nil {
		return catalog.Embedded()
	}
	return o.Catalog
}

// allStrategies marks strategies that were not asked for by name: those that do
// not fit the scenario are left out.
const allStrategies = "--strategies all"

func (o *Options) apply(root *node, d *decoder) {
	if o.lesson && o.changes() {
		root.drop("expect")
	}
	if o.Provider != "" {
		o.applyProvider(root, d)
	}
	if o.Trace != "" {
		o.applyTrace(root)
	}
	if o.traffic {
		d.traffic = root
		root.put("name", flagText("--trace", strings.Trim(filepath.Base(o.Trace), "<>"))) // of <stdin>
	}
	if o.Duration != 0 {
		root.put("duration", flagText("--duration", o.Duration.String()))
	}
	o.applyClients(root, d)
	if o.Strategies != nil {
		o.applyStrategies(root, d)
	}
	if o.SLO != nil {
		lines := &node{kind: list, at: position{file: "--slo"}}
		for _, line := range o.SLO {
			lines.items = append(lines.items, flagText("--slo "+line, line))
		}
		root.put("slo", lines)
	}
	if o.Baseline != "" {
		root.put("baseline", flagText("--baseline", o.Baseline))
	}
	for _, s := range o.Set {
		flag := "--set " + s
		path, value, ok := strings.Cut(s, "=")
		if !ok || path == "" || value == "" {
			d.add(position{file: flag}, "", "want path=value, such as deployments.0.limits.rpm=100")
			continue
		}
		if n := parseValue(flag, value, d.problems); n != nil {
			if err := set(root, path, n); err != nil {
				d.add(n.at, "", "%v", err)
			}
		}
	}
}

// flagText returns the value that a flag gives.
func flagText(flag, s string) *node { return &node{text: s, at: position{file: flag}} }

// parseValue reads the value of --set; nil if p has been told what is wrong.
func parseValue(flag, value string, p *problems) *node {
	const key = "value" // of a document made up around it
	own := &problems{}
	root := parseTree(flag, []byte(key+": "+value), own)
	for _, e := range own.found {
		p.add(position{file: flag}, "", "%s", e.Msg) // positions in the flag say nothing to a user
	}
	if root == nil || len(own.found) > 0 {
		return nil
	}
	n := root.get(key)
	if n == nil || len(root.keys) > 1 {
		p.add(position{file: flag}, "", "want one value")
		return nil
	}
	n.placed(flag)
	return n
}

// placed makes flag the place of n and all below it.
func (n *node) placed(flag string) {
	n.at = position{file: flag}
	for i := range n.keys {
		n.keys[i].at = n.at
		n.keys[i].value.placed(flag)
	}
	for _, item := range n.items {
		item.placed(flag)
	}
}

func (o *Options) applyProvider(root *node, d *decoder) {
	ref := flagText("--provider", o.Provider)
	deployments := root.get("deployments")
	if deployments == nil || deployments.kind != list || len(deployments.items) == 0 || deployments.items[0].kind != mapping {
		return // reported when it is read
	}
	first := deployments.items[0]
	d.moved = true
	first.drop("limits", "window", "latency", "charge")
	first.put("provider", ref)
	_, rest, _ := strings.Cut(o.Provider, "/")
	model, _, _ := strings.Cut(rest, "@")
	for _, other := range deployments.items[1:] {
		was := other.get("provider")
		if was == nil || was.kind != scalar {
			continue
		}
		vendor, rest, _ := strings.Cut(was.text, "/")
		old, tier, _ := strings.Cut(rest, "@")
		if old == model || !strings.HasPrefix(tier, "ptu-") {
			continue
		}
		moved := vendor + "/" + model + "@" + tier
		if _, err := d.catalog.Find(moved); err != nil {
			d.warn("--provider: %s stays, for the catalog has no %s", was.text, moved)
			continue
		}
		d.warn("--provider: %s becomes %s", was.text, moved)
		other.put("provider", flagText("--provider", moved))
	}
}

func (o *Options) applyTrace(root *node) {
	flag := "--trace"
	arrivals := &node{kind: mapping, at: position{file: flag}}
	arrivals.put("process", flagText(flag, workload.Trace.String()))
	arrivals.put("file", flagText(flag, o.Trace))
	if o.TraceOptions.Format != "" {
		arrivals.put("format", flagText(flag, o.TraceOptions.Format))
	}
	if held := o.TraceOptions.Columns; len(held) > 0 {
		columns := &node{kind: mapping, at: position{file: "--columns"}}
		for _, name := range workload.ColumnNames() {
			if held[name] != "" {
				columns.put(name, flagText("--columns", held[name]))
			}
		}
		arrivals.put("columns", columns)
	}
	if o.TraceOptions.SkipBadRows {
		arrivals.put("skip_bad_rows", flagText("--skip-bad-rows", "true"))
	}
	stream := &node{kind: mapping, at: arrivals.at}
	stream.put("arrivals", arrivals)
	if old := root.get("workload"); old != nil && old.kind == list && len(old.items) > 0 {
		for _, e := range old.items[0].keys {
			if slices.Contains([]string{"tenant", "max_tokens", "estimate", "deadline", "priority"}, e.key) {
				stream.keys = append(stream.keys, e)
			}
		}
	}
	root.put("workload", &node{kind: list, items: []*node{stream}, at: arrivals.at})
	if o.Duration == 0 {
		root.drop("duration")
	}
}

// applyClients sets how many clients there are, and what holds for all their calls.
func (o *Options) applyClients(root *node, d *decoder) {
	if o.Instances != 0 {
		if err := set(root, "fleet.instances", flagText("--instances", strconv.Itoa(o.Instances))); err != nil {
			d.add(position{file: "--instances"}, "", "%v", err)
		} else if fleet := root.get("fleet"); fleet.get("churn") != nil {
			fleet.drop("churn")
			d.warn("--instances: fleet.churn is left out, so that the number of instances stays the same")
		}
	}
	streams := root.get("workload")
	if streams == nil || streams.kind != list {
		return // reported when it is read
	}
	for _, stream := range streams.items {
		if stream.kind == mapping && o.Deadline != 0 {
			stream.put("deadline", flagText("--deadline", o.Deadline.String()))
		}
		if stream.kind == mapping && o.MaxTokens != 0 {
			stream.put("max_tokens", flagText("--max-tokens", strconv.Itoa(o.MaxTokens)))
		}
	}
}

func (o *Options) applyStrategies(root *node, d *decoder) {
	var declared []*node
	if n := root.get("strategies"); n != nil && n.kind == list {
		declared = n.items
	}
	var chosen []*node
	taken := map[string]bool{} // what those are called; to look a name up takes a while
	add := func(n *node) {
		if name := n.called(); !taken[name] {
			taken[name] = true
			chosen = append(chosen, n)
		}
	}
	for _, want := range o.Strategies {
		if want == "all" {
			for _, n := range declared {
				add(n)
			}
			for _, name := range strategycatalog.Names() {
				add(flagText(allStrategies, name))
			}
			continue
		}
		if strings.HasPrefix(want, "{") {
			if n := parseValue("--strategies "+want, want, d.problems); n != nil {
				add(n)
			}
			continue
		}
		known := strategycatalog.Names()
		n := flagText("--strategies", want)
		_, found := strategycatalog.Find(want)
		for _, old := range declared {
			if name := old.name(); name == want || old.called() == fullName(want) {
				n, found = old, true
			} else if name != "" && !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
		if !found {
			d.add(n.at, "", "%s", unknownStrategy(want, append(known, "all")))
			continue
		}
		add(n)
	}
	if len(chosen) == 0 && len(o.Strategies) > 0 {
		return // every name was refused, which has been said
	}
	for _, old := range declared {
		if old.name() != "" && !slices.Contains(chosen, old) {
			d.unselected = append(d.unselected, old)
		}
	}
	root.put("strategies", &node{kind: list, items: chosen, at: position{file: "--strategies"}})
}

// fullName is name, with the version that is meant where a client library is named
// without.
func fullName(name string) string {
	if e, ok := strategycatalog.Find(name); ok {
		return e.Name
	}
	return name
}

// called returns what results call the strategy of an item: the name of its own that
// it was given, or that of the catalog, in full.
func (n *node) called() string {
	name := n.name()
	if n.kind == mapping && n.get("name") != nil {
		if use := n.get("use"); use != nil && use.text != name || use == nil && n.get("layers") != nil {
			return name
		}
	}
	return fullName(name)
}

// name returns what an item of a list goes by: itself, or its name, use or
// tenant; empty if it has none.
func (n *node) name() string {
	if n.kind == scalar {
		return n.text
	}
	for _, key := range []string{"name", "use", "tenant"} {
		if v := n.get(key); v != nil && v.kind == scalar {
			return v.text
		}
	}
	return ""
}

// set puts value at a path, making the mappings that lead there.
func set(n *node, path string, value *node) error {
	if n.kind == list {
		i, rest, err := n.item(path)
		if err != nil {
			return err
		}
		if rest == "" {
			n.items[i] = value
			return nil
		}
		if item := n.items[i]; item.kind == scalar { // a strategy by its name alone
			n.items[i] = &node{kind: mapping, at: item.at, keys: []entry{{"name", item.at, item}}}
		}
		return set(n.items[i], rest, value)
	}
	key, rest, more := strings.Cut(path, ".")
	if !more {
		n.put(key, value)
		return nil
	}
	next := n.get(key)
	if next == nil || next.kind == null {
		next = &node{kind: mapping, at: value.at}
		n.put(key, next)
	}
	if next.kind != mapping && next.kind != list {
		return fmt.Errorf("%s is a single value; it has no %s", key, rest)
	}
	return set(next, rest, value)
}

// item finds the item that path begins with, by index or name, and returns the
// rest of the path.
func (n *node) item(path string) (i int, rest string, err error) {
	var known []string
	for _, item := range n.items {
		known = append(known, item.name())
	}
	if name := longestPrefix(path, known); name != "" {
		return slices.Index(known, name), strings.TrimPrefix(path[len(name):], "."), nil
	}
	first, rest, _ := strings.Cut(path, ".")
	if i, err := strconv.Atoi(first); err == nil && i >= 0 && i < len(n.items) {
		return i, rest, nil
	}
	return 0, "", fmt.Errorf("no item %s in a list of %d%s, or an index from 0", quote(first), len(n.items), suggestion(first, known))
}
