package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
)

// eachTraffic returns the scenario of a log of one's own, opt.Trace, on neutral ground,
// for each of the providers: one client, one deployment, no faults, no deadline, and
// max_tokens only where the log has it. What opt sets goes over that; Spec.Assumed says
// what it does not set.
func eachTraffic(opt Options, providers []string) ([]*Spec, error) {
	data, err := readTraffic()
	if err != nil {
		return nil, err
	}
	opt.traffic = true
	return each(opt, providers, func(opt Options) (*Spec, error) { return Parse(opt.Trace, data, opt) })
}

func readTraffic() ([]byte, error) {
	data, err := library.ReadFile("traffic.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the scenario of a log: %w", err)
	}
	return data, nil
}

// standIn is where a log goes that names no model of the catalog: where the default
// scenario goes.
const standIn = "openai/gpt-4o-mini@tier-1"

// chooseDeployment gives the deployment of a log its provider, unless it has one: the
// smallest tier of the model of most calls, where whoever opens an account begins.
func (d *decoder) chooseDeployment() {
	if !d.deployments.ok() || d.deployments.n.kind != list || len(d.deployments.n.items) == 0 {
		return // reported when it is read
	}
	first := d.deployments.n.items[0]
	if first.kind != mapping || first.get("provider") != nil {
		return
	}
	var models map[string]int64
	if len(d.traces) > 0 {
		models = d.traces[0].Models
	}
	var ref string
	ref, d.why, _ = DeploymentOf(models, d.catalog)
	first.put("provider", &node{text: ref, at: first.at})
}

// DeploymentOf returns the smallest tier of the model that most rows of a log name, and
// why it is that one. Where named is false, it stands in for a model that is not known.
func DeploymentOf(models map[string]int64, known *catalog.Catalog) (ref, why string, named bool) {
	n := len(models)
	if n == 0 {
		return standIn, "the log names no model", false
	}
	model := mostOf(models)
	ref = smallest(model, known)
	switch {
	case ref == "" && n > 1:
		return standIn, fmt.Sprintf("the catalog does not have %s, the model of most calls of %d models in the log", model, n), false
	case ref == "":
		return standIn, "the catalog does not have " + model + ", the model of the log", false
	case n > 1:
		return ref, fmt.Sprintf("the smallest tier of the model of most calls, of %d models in the log", n), true
	}
	return ref, "the smallest tier of the log's model", true
}

// PriceOf returns what the tokens of a model cost, by the name that a log has for it; ok is
// false where the catalog has no price.
func PriceOf(model string, known *catalog.Catalog) (price provider.Price, ok bool) {
	ref := smallest(model, known)
	if model == "" || ref == "" {
		return price, false
	}
	c, err := known.Find(ref)
	if err != nil {
		return price, false
	}
	return c.Price, c.Price.Input > 0
}

// mostOf returns the model of most rows; of two of as many, the first by name.
func mostOf(models map[string]int64) string {
	best := ""
	for name, rows := range models {
		if best == "" || rows > models[best] || rows == models[best] && name < best {
			best = name
		}
	}
	return best
}

// resellers sell models of others. A log that does not say who served it is taken to
// be of the maker of the model.
var resellers = []string{"azure", "bedrock", "cerebras", "groq"}

// smallest returns the smallest pay-as-you-go deployment of a model, by the name that a
// log has for it; empty when the catalog has none.
func smallest(model string, known *catalog.Catalog) string {
	best, rank := "", 0
	rows := known.List()
	for i := range rows {
		r := &rows[i]
		vendor := r.Config.Vendor
		if r.Minimum > 0 || !workload.SameModel(dashed(model), dashed(r.Config.Model)) {
			continue // provisioned, or of another model
		}
		const surely = 1
		likely := 4
		switch named := strings.Split(model, "/"); {
		case slices.Contains(named[:len(named)-1], vendor):
			likely = 6
		case slices.Contains(resellers, vendor):
			likely = 2
		}
		if sure := r.Confidence(); sure == "official" || sure == "observed" {
			likely += surely // of two editions the one whose limits were read
		}
		if likely <= rank {
			continue
		}
		if tiers, err := known.Tiers(fmt.Sprintf("%s:%s/%s@%s", vendor, r.Edition, r.Config.Model, r.Tier)); err == nil {
			best, rank = tiers[0].Ref, likely
		}
	}
	return best
}

// dashed writes a version as logs of some vendors do: claude-sonnet-4-5.
func dashed(model string) string { return strings.ReplaceAll(model, ".", "-") }

// assume says what the scenario of a log takes for granted.
func (d *decoder) assume() {
	s := d.spec
	add := func(format string, args ...any) { s.Assumed = append(s.Assumed, fmt.Sprintf(format, args...)) }
	if d.why != "" {
		add("All calls go to %s: %s (--provider REF).", s.Deployments[0].Ref, d.why)
	}
	if !d.given("fleet", "instances") {
		add("One client process makes all calls (--instances N).")
	}
	stream := &s.Workload[0]
	if stream.Deadline == 0 && d.traces[0].Deadlines == 0 {
		add("No call has a deadline: each waits until its client gives up, at most until %s after the last arrival (--deadline D).", short(s.Drain))
	}
	var rest []string
	if text := d.undeclared(); text != "" {
		rest = append(rest, text+" (--max-tokens N)")
	}
	if stream.Estimate == (workload.Estimate{}) && !d.given("workload", "0", "estimate") {
		rest = append(rest, "clients know the tokens of each prompt exactly (--set workload.0.estimate=chars)")
	}
	if !d.given("faults") {
		rest = append(rest, "the provider has no faults (--set 'faults=[{kind: errors, rate: 1%}]')")
	}
	if len(rest) > 0 {
		text := and(rest)
		add("%s.", strings.ToUpper(text[:1])+text[1:])
	}
}

// undeclared says which calls declare no max_tokens; empty when all do.
func (d *decoder) undeclared() string {
	trace := &d.traces[0]
	without := trace.Rows - trace.Declared
	if without == 0 || d.spec.Workload[0].MaxTokens > 0 {
		return ""
	}
	text := "the log has no max_tokens, so calls declare none"
	if trace.Declared > 0 {
		text = fmt.Sprintf("%d of %d calls declare no max_tokens, as in the log", without, trace.Rows)
	}
	if n := d.spec.Deployments[0].Charge.Undeclared; n > 0 {
		text += fmt.Sprintf(" and the provider reserves %d tokens for their answers", n)
	}
	return text
}

// given reports whether a flag sets a field of the scenario.
func (d *decoder) given(path ...string) bool {
	n := d.traffic
	for _, key := range path {
		switch {
		case n == nil:
			return false
		case n.kind == list && key == "0" && len(n.items) > 0:
			n = n.items[0]
		default:
			n = n.get(key)
		}
	}
	return n != nil && n.at.line == 0
}

// and joins parts of a sentence.
func and(parts []string) string {
	if len(parts) < 3 {
		return strings.Join(parts, " and ")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + ", and " + parts[len(parts)-1]
}
