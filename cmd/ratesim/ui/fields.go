package ui

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/strategies"
	strategycatalog "ratesim/strategies/catalog"
)

// The groups of fields, in the order of the page.
const (
	ofLimits  = "Limit"
	ofTraffic = "Traffic"
	ofFaults  = "Faults"
	ofClients = "Clients"
)

// A field is a number of the scenario that a slider changes.
type field struct {
	Name  string // in the URL
	Label string // with its unit
	Group string
	Was   string // as the scenario has it; empty = nothing
	None  string // what stands in place of nothing
	// The ends of the slider. A number outside may be typed.
	Min, Max, Step float64
	Log            bool // the slider is logarithmic

	set func(v float64) []string // the scenario's fields that change, path=value
}

// number writes a value as a field has it.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// whole are the ends of a slider for a count that is v in the scenario.
func whole(f field, v float64) field {
	f.Was, f.Log, f.Step = number(v), true, 1
	f.Min, f.Max = max(1, round2(v/10)), max(100, round2(v*10))
	return f
}

// round2 rounds to two digits.
func round2(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Round(v/unit) * unit
}

// set is a change of one field of the scenario.
func set(path string) func(float64) []string {
	return func(v float64) []string { return []string{path + "=" + number(v)} }
}

// fields returns what can be changed by sliders in a scenario, which is s as it stands
// in f, on the deployments that are chosen. values are all that are given, by field.
func fields(f *scenarios.File, s *scenarios.Spec, known *catalog.Catalog, values map[string]float64) []field {
	out := limitFields(s, known)
	out = append(out, trafficFields(s, cmp.Or(values["load"], 1))...)
	out = append(out, whole(field{Name: "instances", Label: "instances", Group: ofTraffic, set: set("fleet.instances")}, float64(s.Fleet.Instances)))
	out = append(out, deadlineFields(s)...)
	out = append(out, faultFields(f, s, values)...)
	return append(out, clientFields(s)...)
}

// labels say what limits count.
var labels = map[string]string{
	"rpm": "requests a minute", "tpm": "tokens a minute", "rpd": "requests a day", "tpd": "tokens a day", "rph": "requests an hour",
	"tph": "tokens an hour", "itpm": "input tokens a minute", "otpm": "output tokens a minute", "concurrency": "requests at a time",
	"queued_tokens": "tokens in the queue",
}

func limitFields(s *scenarios.Spec, known *catalog.Catalog) []field {
	var out []field
	first := &s.Deployments[0]
	if first.PTU.Units == 0 {
		most := map[string]int64{"rpm": first.RPM, "tpm": first.TPM}
		for _, l := range first.Limits {
			if l.Growth == 0 {
				most[provider.NameOf(l.Counts, l.Per).String()] = l.Most
			}
		}
		for _, k := range provider.Kinds {
			if name := k.Name.String(); most[name] > 0 {
				out = append(out, whole(field{Name: name, Label: labels[name], Group: ofLimits, set: set("deployments.0.limits." + name)}, float64(most[name])))
			}
		}
	}
	for i := range s.Deployments {
		if f, ok := unitField(s, i, known); ok {
			out = append(out, f)
		}
	}
	return out
}

// unitField is the number of PTUs of a deployment, if it is provisioned.
func unitField(s *scenarios.Spec, i int, known *catalog.Catalog) (field, bool) {
	d := &s.Deployments[i]
	base, tier, _ := strings.Cut(d.Ref, "@")
	_, ok := strings.CutPrefix(tier, "ptu-")
	rows := known.List()
	k := slices.IndexFunc(rows, func(r catalog.Row) bool { return strings.HasPrefix(r.Ref, base+"@") && r.Minimum > 0 })
	if !ok || k < 0 || d.PTU.Units == 0 {
		return field{}, false
	}
	least := float64(rows[k].Minimum)
	return field{Name: "ptu." + d.Name, Label: "PTUs of " + d.Name, Group: ofLimits, Was: number(float64(d.PTU.Units)),
		Min: least, Max: max(20*least, 4*float64(d.PTU.Units)), Step: float64(rows[k].Step),
		set: func(v float64) []string {
			return []string{fmt.Sprintf("deployments.%d.provider=%s@ptu-%s", i, base, number(v))}
		}}, true
}

func trafficFields(s *scenarios.Spec, load float64) []field {
	out := []field{{Name: "load", Label: "load, × the scenario’s", Group: ofTraffic, Was: "1", Min: 0.1, Max: 10, Step: 0.01, Log: true,
		set: func(v float64) []string { return scaled(s, v) }}}
	burst := field{Name: "cv", Label: "burstiness (cv of the gaps)", Group: ofTraffic, None: "as it is", Min: 0.1, Max: 10, Step: 0.01, Log: true,
		set: func(v float64) []string { return bursty(s, v, load) }}
	was := -1.0
	for i := range s.Workload {
		cv, ok := variation(&s.Workload[i].Arrivals)
		switch {
		case !ok:
		case was < 0:
			was = cv
		case was != cv:
			was = 0
		}
	}
	switch {
	case was < 0:
		return out // nothing arrives at a rate
	case was > 0:
		burst.Was = number(was)
	}
	return append(out, burst)
}

// variation is the coefficient of variation of the gaps between calls; 0 where it is
// not known. It is not ok of what does not arrive at a steady rate.
func variation(a *workload.Arrivals) (cv float64, ok bool) {
	switch a.Process {
	case workload.Poisson:
		return 1, true
	case workload.GammaRenewal, workload.Weibull:
		return a.CV, true
	case workload.ConstantRate, workload.MMPP, workload.Trace:
		return 0, true
	}
	return 0, false
}

// scaled is the workload with k times as many calls.
func scaled(s *scenarios.Spec, k float64) []string {
	var out []string
	for i := range s.Workload {
		path, a := fmt.Sprintf("workload.%d.arrivals.", i), &s.Workload[i].Arrivals
		if a.Process == workload.InSessions {
			path, a = path+"start.", &a.Sessions.Start
		}
		add := func(key string, v float64, unit string) { out = append(out, path+key+"="+number(v*k)+unit) }
		count := func(key string, n int) {
			out = append(out, fmt.Sprintf("%s%s=%.0f", path, key, max(1, math.Round(float64(n)*k))))
		}
		switch a.Process {
		case workload.Trace:
			add("scale", a.Scale, "")
		case workload.Spike:
			count("calls", a.Calls)
		case workload.ClosedLoop:
			count("users", a.Users)
		case workload.Ramp:
			add("from", a.From, "/s")
			add("to", a.To, "/s")
		case workload.MMPP:
			add("rate", a.Rate, "/s")
			add("burst_rate", a.BurstRate, "/s")
		default:
			add("rate", a.Rate, "/s")
		}
	}
	return out
}

// bursty is the workload with k times as many calls at the same mean rates, whose gaps
// vary by cv. What a log recorded keeps the sizes of its calls.
func bursty(s *scenarios.Spec, cv, k float64) []string {
	var out []string
	for i := range s.Workload {
		w := &s.Workload[i]
		rate := w.Arrivals.Rate
		switch w.Arrivals.Process {
		case workload.Poisson, workload.GammaRenewal, workload.Weibull, workload.ConstantRate:
		case workload.MMPP:
			calm, burst := w.Arrivals.Calm.Seconds(), w.Arrivals.Burst.Seconds()
			rate = (rate*calm + w.Arrivals.BurstRate*burst) / (calm + burst)
		case workload.Trace:
			if rate = recorded(s, w); rate == 0 {
				continue
			}
		default:
			continue
		}
		out = append(out, fmt.Sprintf("workload.%d.arrivals={process: gamma, rate: %s/s, cv: %s}", i, number(rate*k), number(cv)))
		if w.Arrivals.Process == workload.Trace {
			out = append(out, fmt.Sprintf("workload.%d.tokens_from=%s", i, strconv.Quote(w.Arrivals.Log.Name)))
		}
	}
	return out
}

// recorded is the mean rate at which a trace brings calls while the scenario lasts; 0
// for one that is too long to be kept.
func recorded(s *scenarios.Spec, w *workload.Stream) float64 {
	n, last := 0, s.Duration.Seconds()*cmp.Or(w.Arrivals.Speed, 1)
	for _, r := range w.Rows {
		if r.At.Seconds() < last {
			n++
		}
	}
	return float64(n) * cmp.Or(w.Arrivals.Scale, 1) / s.Duration.Seconds()
}

// mostTenants is how many tenants get a deadline of their own; more share one.
const mostTenants = 4

func deadlineFields(s *scenarios.Spec) []field {
	groups := map[string][]int{}
	names := s.Tenants
	for i := range s.Workload {
		name := s.Workload[i].Tenant
		if len(s.Tenants) > mostTenants {
			name = "all calls"
			names = []string{name}
		}
		groups[name] = append(groups[name], i)
	}
	var out []field
	for _, name := range names {
		f := field{Name: "deadline." + name, Label: "deadline of " + name + ", s", Group: ofTraffic, None: "none", Min: 1, Max: 600, Step: 0.1, Log: true,
			set: func(v float64) []string {
				var list []string
				for _, i := range groups[name] {
					list = append(list, fmt.Sprintf("workload.%d.deadline=%ss", i, number(v)))
				}
				return list
			}}
		if len(names) == 1 {
			f.Label = "deadline, s"
		}
		if d := s.Workload[groups[name][0]].Deadline; d > 0 {
			f.Was = number(d.Seconds())
		}
		out = append(out, f)
	}
	return out
}

// faultFields change the first fault of a kind in the file, or add one. values are all
// that are given, by field.
func faultFields(f *scenarios.File, s *scenarios.Spec, values map[string]float64) []field {
	begins := number(math.Round(s.Duration.Seconds() / 2))
	kinds := []struct{ kind, key, unit, added, none, label string }{
		{"errors", "rate", "%", "{kind: errors, rate: %s%%}", "{kind: errors, rate: 0}", "errors 5xx, %"},
		{"outage", "for", "s", "{kind: outage, at: " + begins + "s, for: %ss}", "{kind: errors, rate: 0}", "outage, s"},
	}
	var list []string
	at := map[string]int{}
	for item := f.Get("faults.0"); item != ""; item = f.Get(fmt.Sprintf("faults.%d", len(list))) {
		kind := f.Get(fmt.Sprintf("faults.%d.kind", len(list)))
		if _, known := at[kind]; !known && f.Get(fmt.Sprintf("faults.%d.mtbf", len(list))) == "" {
			at[kind] = len(list)
		}
		list = append(list, item)
	}
	for _, k := range kinds { // all that are added, since they are set as one list
		if _, known := at[k.kind]; !known && values[k.kind] > 0 {
			list = append(list, fmt.Sprintf(k.added, number(values[k.kind])))
		}
	}
	var out []field
	for _, k := range kinds {
		x := field{Name: k.kind, Label: k.label, Group: ofFaults, Was: "0", Max: 20, Step: 0.1}
		if k.kind == "outage" {
			x.Max, x.Step = 120, 1
		}
		i, known := at[k.kind]
		if known {
			x.Was = plainNumber(f.Get(fmt.Sprintf("faults.%d.%s", i, k.key)))
		}
		x.set = func(v float64) []string {
			switch {
			case !known:
				return []string{"faults=[" + strings.Join(list, ", ") + "]"}
			case v == 0:
				return []string{fmt.Sprintf("faults.%d=%s", i, k.none)}
			}
			return []string{fmt.Sprintf("faults.%d.%s=%s%s", i, k.key, number(v), k.unit)}
		}
		out = append(out, x)
	}
	return out
}

// plainNumber is a share in per cent, or a duration in seconds.
func plainNumber(text string) string {
	if digits, ok := strings.CutSuffix(text, "%"); ok {
		return digits
	}
	if d, err := time.ParseDuration(text); err == nil {
		return number(d.Seconds())
	}
	v, _ := strconv.ParseFloat(text, 64) // which the scenario's reader has checked
	return number(100 * v)
}

// clientFields change a parameter of all strategies that have it and do not choose it
// themselves.
func clientFields(s *scenarios.Spec) []field {
	var out []field
	for _, f := range []field{
		{Name: "jitter", Label: "jitter of waits, ± %", Group: ofClients, Was: "25", Max: 100, Step: 1},
		{Name: "max_retries", Label: "retries of a call, at most", Group: ofClients, Was: "6", Max: 12, Step: 1},
	} {
		unit := ""
		if f.Name == "jitter" {
			unit = "%"
		}
		var names []string
		for i := range s.Strategies {
			k := &s.Strategies[i]
			if _, own := k.Args[f.Name]; !own && hasDefault(k.Use, f.Name, f.Was+unit) {
				names = append(names, k.Name)
			}
		}
		if len(names) == 0 {
			continue
		}
		f.set = func(v float64) []string {
			var list []string
			for _, name := range names {
				list = append(list, fmt.Sprintf("strategies.%s.%s=%s%s", name, f.Name, number(v), unit))
			}
			return list
		}
		out = append(out, f)
	}
	return out
}

// hasDefault reports whether a strategy has a parameter with this default, whatever its
// other parameters are.
func hasDefault(use, param, value string) bool {
	e, ok := strategycatalog.Find(use)
	return ok && slices.ContainsFunc(e.Params, func(p strategies.Param) bool {
		return p.Name == param && p.Default == value && p.With.Param == ""
	})
}
