package scenarios

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/metrics"
	"ratesim/sim/rng"
)

// The topics of a setting, in their order.
const (
	trafficTopic    = "traffic"
	limitsTopic     = "limits"
	clientsTopic    = "clients"
	faultsTopic     = "faults"
	answerTopic     = "answer time"
	strategiesTopic = "strategies"
	chanceTopic     = "chance"
)

// setting says in sentences what the scenario is, once all of it has been read.
func (d *decoder) setting() []metrics.Setting {
	s := d.spec
	list := []metrics.Setting{{Topic: trafficTopic, Text: d.describeTraffic()}}
	for i := range s.Deployments {
		list = append(list, d.describeLimits(&s.Deployments[i]))
	}
	list = append(list, metrics.Setting{Topic: clientsTopic, Text: d.describeClients()},
		metrics.Setting{Topic: faultsTopic, Text: d.describeFaults()})
	for i := range s.Deployments {
		list = append(list, d.describeAnswers(&s.Deployments[i]))
	}
	return append(list, metrics.Setting{Topic: strategiesTopic, Text: d.describeStrategies()})
}

// SettingOf returns the setting of so many replications with a seed.
func (s *Spec) SettingOf(seed uint64, replications int) []metrics.Setting {
	return append(slices.Clone(s.Setting), metrics.Setting{Topic: chanceTopic, Text: counted(replications, "replication") + " with seed " + strconv.FormatUint(seed, 10) + "." +
		" In each of them all strategies meet the same arrivals, sizes, answer times and faults, so they are compared pair by pair."})
}

func (d *decoder) describeTraffic() string {
	s := d.spec
	out := []string{say("Calls arrive for %s.", inWords(s.Duration))}
	for i := range s.Workload {
		w := &s.Workload[i]
		what := w.Tenant + ": " + arrivalsOf(w, &d.traces[i])
		if n := len(w.Arrivals.Shape.Levels); n > 0 {
			what += say(", at a rate that goes up and down in %d steps of %s", n, inWords(w.Arrivals.Shape.Step))
		}
		if w.Arrivals.Process != workload.Trace {
			what += "; " + d.sizesOf(i)
		}
		if w.MaxTokens > 0 {
			what += say("; they declare %d max_tokens", w.MaxTokens)
		}
		if w.Cached > 0 {
			what += say("; %s of each prompt is cached", inPercent(w.Cached))
		}
		out = append(out, what+streamingOf(&w.Streaming)+".")
	}
	return strings.Join(out, " ")
}

// streamingOf says which answers are streamed, and how they are read.
func streamingOf(s *workload.Streaming) string {
	switch {
	case s.Share == 0:
		return ""
	case s.Leave == 0:
		return say("; %s of the answers are streamed", inPercent(s.Share))
	}
	return say("; %s of the answers are streamed, and %s of their readers leave %s after the first token",
		inPercent(s.Share), inPercent(s.Leave), spread(&s.Reading, 1000, "ms"))
}

// arrivalsOf says how the calls of a stream arrive.
func arrivalsOf(w *workload.Stream, trace *workload.Summary) string {
	a := &w.Arrivals
	switch a.Process {
	case workload.ConstantRate:
		return "calls arrive at even gaps, " + perTime(a.Rate)
	case workload.Poisson:
		return "calls arrive at random, " + perTime(a.Rate)
	case workload.GammaRenewal, workload.Weibull:
		return say("calls arrive in clusters, %s, with gaps that vary by %v times their mean", perTime(a.Rate), a.CV)
	case workload.MMPP:
		return say("calls arrive at random, %s, and %s in bursts, which last %s on average and come after %s on average", perTime(a.Rate), perTime(a.BurstRate), inWords(a.Burst), inWords(a.Calm))
	case workload.Ramp:
		return say("calls arrive at random, from %s to %s", perTime(a.From), perTime(a.To))
	case workload.Diurnal:
		return say("calls arrive at random, %s on average, up and down by %s in %s", perTime(a.Rate), inPercent(a.Swing), inWords(a.Period))
	case workload.Spike:
		if a.Over == 0 {
			return say("%d calls at %s, all at once", a.Calls, inWords(a.At))
		}
		return say("%d calls from %s to %s", a.Calls, inWords(a.At), inWords(a.At+a.Over))
	case workload.ClosedLoop:
		return say("%d users, each of whom waits for an answer before the next call", a.Users)
	}
	if a.Process == workload.InSessions {
		return sessionsOf(a)
	}
	return say("the %d calls of the log %s", trace.Rows, a.Log.Name) + changesOf(&a.Transform)
}

// changesOf says how a trace is changed before it is replayed.
func changesOf(t *workload.Transform) (text string) {
	switch {
	case t.End > 0:
		text += say(", those from %s to %s", inWords(t.Begin), inWords(t.End))
	case t.Begin > 0:
		text += say(", those from %s on", inWords(t.Begin))
	}
	switch {
	case t.Scale < 1:
		text += say(", %s of them", inPercent(t.Scale))
	case t.Scale > 1:
		text += say(", %v times as many, by copies that are moved in time", t.Scale)
	}
	if t.Growth != 1 {
		text += say(", %v times as many each week as the week before", t.Growth)
	}
	if t.Speed != 1 {
		text += say(", %v times as fast", t.Speed)
	}
	if t.Loop {
		text += ", over and over"
	}
	if t.Shift > 0 {
		text += say(", beginning at %s", inWords(t.Shift))
	}
	return text
}

// sessionsOf says what the sessions of a stream are like.
func sessionsOf(a *workload.Arrivals) string {
	s := a.Sessions
	start := workload.Stream{Arrivals: s.Start}
	text := strings.Replace(arrivalsOf(&start, nil), "calls", "sessions", 1) + say("; each makes %s, with %s between an answer and the next turn, which adds %s to all that was said",
		spread(&s.Turns, 1, "turns"), spread(&a.Think, 1000, "ms"), spread(&s.Added, 1, "tokens"))
	if s.System > 0 {
		text += say("; every prompt begins with the same %d tokens", s.System)
	}
	switch {
	case s.CompactTo > 0:
		text += say("; a conversation that would exceed %d tokens is compacted to %d", s.MaxContext, s.CompactTo)
	case s.MaxContext > 0:
		text += say("; a prompt has at most %d tokens, and the oldest messages are left out", s.MaxContext)
	}
	if f := &s.FanOut; f.Share > 0 {
		text += say("; after %s of the turns it starts %s, and waits for all of them", inPercent(f.Share), spread(&f.Agents, 1, "sub-agents"))
	}
	return text + "; a session that loses a call stops"
}

// sizesOf says how many tokens the calls of a stream have that is no log.
func (d *decoder) sizesOf(i int) string {
	w := &d.spec.Workload[i]
	if w.Lengths != nil {
		from := cursor{problems: d.problems, n: d.streams.n.items[i]}.child("tokens_from")
		return "they have the sizes of " + from.n.text
	}
	if w.Arrivals.Process == workload.InSessions {
		return say("the first prompt of a session has %s, and answers have %s", spread(&w.Prompt, 1, "tokens"), spread(&w.Output, 1, "tokens"))
	}
	text := say("they have prompts of %s and outputs of %s", spread(&w.Prompt, 1, "tokens"), spread(&w.Output, 1, "tokens"))
	if w.RankCorrelation != 0 {
		text += say(", whose ranks have a correlation of %v", w.RankCorrelation)
	}
	return text
}

// spread says what a distribution is like, in units of which there are so many.
func spread(x *rng.Dist, times float64, unit string) string {
	p50, p95 := times*x.Quantile(0.5), times*x.Quantile(0.95)
	if p50 == p95 {
		return say("%.0f %s", p50, unit)
	}
	return say("%.0f %s (median; 95 %% at most %.0f)", p50, unit, p95)
}

// windowWords say how a limit is counted, by provider.Window.
var windowWords = [...]string{
	"counted over the last 60 s", "counted in windows that follow the clock", "refilled continuously, with room for one minute",
	"requests counted by 10 s and tokens by the minute", "counted over this minute and a part of the last", "requests counted by the second, tokens refilled continuously",
}

// describeLimits says what limits a deployment, and where that is from.
func (d *decoder) describeLimits(c *provider.Config) metrics.Setting {
	base, err := d.catalog.Find(c.Ref)
	if err != nil {
		base = *c
	}
	if c.PTU.Units > 0 {
		return metrics.Setting{Topic: limitsTopic, Source: d.source(c.Ref, "ptu"), Text: say(
			"%s is %s: %d PTUs of %d tokens a minute each, paid by the hour. An output token counts as %v of the prompt.",
			c.Name, c.Ref, c.PTU.Units, c.PTU.TPMPerUnit, c.PTU.OutputRatio)}
	}
	var limits, own []string
	for _, l := range c.All() {
		limits = append(limits, limitWords(&l))
	}
	if ownLimits(c, &base) {
		own = append(own, "limits")
	}
	if c.Window != base.Window {
		own = append(own, "way of counting")
	}
	if c.Charge != base.Charge {
		own = append(own, "charges")
	}
	text := say("%s is %s: no limits.", c.Name, c.Ref)
	if len(limits) > 0 {
		text = say("%s is %s: %s, %s. %s", c.Name, c.Ref, and(limits), windowWords[c.Window], chargeWords(&c.Charge))
	}
	if len(own) > 0 {
		text += say(" The %s of this deployment are the scenario's own, not the catalog's.", and(own))
		if len(own) == 1 && own[0] == "way of counting" {
			text = strings.Replace(text, "deployment are", "deployment is", 1)
		}
	}
	return metrics.Setting{Topic: limitsTopic, Text: text, Source: d.source(c.Ref, "limits")}
}

// sizes are how much each limit beside those per minute allows.
func sizes(c *provider.Config) (list []int64) {
	for _, l := range c.Limits {
		list = append(list, int64(l.Counts), l.Most, int64(l.Per))
	}
	return list
}

func limitWords(l *provider.Limit) string {
	unit := [...]string{"requests", "tokens", "prompt tokens", "output tokens"}[l.Counts]
	switch {
	case l.Growth > 0:
		return say("growth of %s in %s above %d %s a minute", inPercent(l.Growth), inWords(l.Per), l.Most, unit)
	case l.Per == 0:
		return say("%d %s at a time", l.Most, unit)
	}
	per, known := map[time.Duration]string{time.Minute: "a minute", time.Hour: "an hour", 24 * time.Hour: "a day"}[l.Per]
	if !known {
		per = "in " + inWords(l.Per)
	}
	return say("%d %s %s", l.Most, unit, per)
}

func chargeWords(c *provider.Charge) string {
	text := "A call reserves " + [...]string{"its prompt and max_tokens", "its prompt", "what it will use", "the larger of its prompt and max_tokens"}[c.Reserve]
	if c.Settle {
		text += "; the reservation is corrected when the call ends"
	}
	if c.Rejected {
		return text + ". A refused request counts as a request."
	}
	return text + ". A refused request does not count."
}

func (d *decoder) describeClients() string {
	s := d.spec
	who := "One instance makes all calls."
	if n := s.Fleet.Instances; n > 1 || s.Fleet.Churn != nil {
		who = counted(n, "instance")
		for _, size := range s.Fleet.Churn {
			who += say(", %d from %s", size.Instances, inWords(time.Duration(size.At)))
		}
		who += [...]string{"; chance decides which of them gets a call", "; they get calls in turn"}[s.Fleet.Assign]
		if s.Fleet.Skew > 0 {
			who += ", some of them many more than others"
		}
		who += "."
	}
	out := []string{who}
	if q := s.Coordinator; q != nil {
		out = append(out, say("A coordinator, %s, hands out the limits to those that ask it.", q.Name))
	}
	if n := s.Fleet.Network; n.Latency > 0 {
		out = append(out, say("The network takes %s ± %s each way.", inWords(n.Latency), inWords(n.Jitter)))
	}
	out = append(out, say("An attempt is given up after %s.", inWords(s.Fleet.Timeout)))
	return strings.Join(append(out, eachTenant(s, deadlineWords), eachTenant(s, estimateWords)), " ")
}

// eachTenant says something of each stream, once where it is the same of all.
func eachTenant(s *Spec, what func(*workload.Stream) string) string {
	tenants := map[string][]string{}
	var order []string
	for i := range s.Workload {
		w := &s.Workload[i]
		text := what(w)
		if tenants[text] == nil {
			order = append(order, text)
		}
		if !slices.Contains(tenants[text], w.Tenant) {
			tenants[text] = append(tenants[text], w.Tenant)
		}
	}
	for i, text := range order {
		if len(order) > 1 {
			order[i] = and(tenants[text]) + ": " + text + "."
		} else {
			order[i] = sentence(text)
		}
	}
	return strings.Join(order, " ")
}

func deadlineWords(w *workload.Stream) string {
	first := w.Streaming.FirstToken
	switch {
	case w.Deadline == 0 && first == 0:
		return "calls have no deadline"
	case w.Deadline == 0:
		return say("a streamed call is given up %s after it arrived unless its answer has begun", inWords(first))
	}
	text := say("a call is given up %s after it arrived", inWords(w.Deadline))
	if first > 0 {
		text += say(", and a streamed one after %s unless its answer has begun", inWords(first))
	}
	return text
}

func estimateWords(w *workload.Stream) string {
	switch w.Estimate.Belief {
	case workload.Chars:
		if b := w.Estimate.Bias; b != 0 {
			return say("clients take four characters for a token, which is about %.2f times what the model counts", b)
		}
		return "clients take four characters for a token"
	case workload.Fixed:
		return say("clients take every prompt for %d tokens", w.Estimate.Fixed)
	case workload.WithError:
		if b := w.Estimate.Bias; b != 0 && b != 1 {
			return say("clients take a prompt for about %.2f times its tokens, give or take %s", b, inPercent(w.Estimate.Error))
		}
		return say("clients misjudge the tokens of a prompt by %s", inPercent(w.Estimate.Error))
	}
	return "clients know the tokens of each prompt"
}

func (d *decoder) describeFaults() string {
	s := d.spec
	at := map[string][]string{}
	var order []string
	note := func(name string, faults []provider.Fault) {
		for i := range faults {
			text := faultWords(&faults[i])
			if at[text] == nil {
				order = append(order, text)
			}
			at[text] = append(at[text], name)
		}
	}
	for i := range s.Deployments {
		note(s.Deployments[i].Name, s.Deployments[i].Faults)
	}
	if s.Coordinator != nil {
		note(s.Coordinator.Name, s.Coordinator.Faults)
	}
	if order == nil {
		return "There are none."
	}
	for i, text := range order {
		if len(s.Deployments) > 1 || s.Coordinator != nil {
			text = "at " + and(at[text]) + " " + text
		}
		order[i] = sentence(text)
	}
	return strings.Join(order, " ")
}

func faultWords(f *provider.Fault) string {
	text := ""
	switch f.Kind {
	case provider.Errors:
		text = say("%s of the attempts fail with status %d", inPercent(f.Rate), f.Status)
	case provider.Outage:
		text = say("every attempt fails with status %d", f.Status)
		if f.MTBF > 0 {
			text = say("every attempt fails with status %d for %s on average, again and again after %s on average", f.Status, inWords(f.MTTR), inWords(f.MTBF))
		}
	case provider.LimitCut:
		text = say("the limits are %s of what they were", inPercent(f.To))
	case provider.Hang:
		text = say("%s of the attempts get %s", inPercent(f.Rate), [...]string{"no answer", "only the headers of an answer", "half of an answer", "an answer without its last byte"}[f.How])
	case provider.Reset:
		text = say("the connection of %s of the attempts breaks", inPercent(f.Rate))
	case provider.Garbled:
		text = say("%s of the answers cannot be read", inPercent(f.Rate))
	case provider.MidStream:
		text = say("%s of the attempts fail after part of the output", inPercent(f.Rate))
	case provider.SlowStream:
		text = say("%s of the attempts take %v times as long", inPercent(f.Rate), f.To)
		if f.BytesPerSecond > 0 {
			text += say(" and come at %v bytes per second", f.BytesPerSecond)
		}
	case provider.Unpaid:
		text = "every attempt is refused for billing"
	case provider.BadHeaders:
		text = say("%s of the replies have wrong headers (%v)", inPercent(f.Rate), f.Bug)
	}
	switch {
	case f.Until != clock.Never:
		text += say(" from %s to %s", inWords(time.Duration(f.At)), inWords(time.Duration(f.Until)))
	case f.At > 0:
		text += say(" from %s on", inWords(time.Duration(f.At)))
	}
	return text
}

func (d *decoder) describeAnswers(c *provider.Config) metrics.Setting {
	l := &c.Latency
	text := say("%s: the first token comes after %s, each output token takes %s more, a refusal takes %s.",
		c.Name, spread(&l.TTFT, 1000, "ms"), inWords(l.PerToken), inWords(l.Refusal))
	if l.Load > 0 {
		text += say(" All of this takes %v times as long when the limit is used up.", 1+l.Load)
	}
	return metrics.Setting{Topic: answerTopic, Text: text, Source: d.source(c.Ref, "latency")}
}

func (d *decoder) describeStrategies() string {
	var own []string
	for i := range d.spec.Strategies {
		s := &d.spec.Strategies[i]
		var args []string
		for _, name := range slices.Sorted(maps.Keys(s.Args)) {
			args = append(args, name+" "+s.Args[name])
		}
		if len(args) > 0 {
			own = append(own, say("%s is %s with %s.", s.Name, s.Use, and(args)))
		}
	}
	const rest = "have the parameters of the catalog (ratesim list strategies)."
	switch len(own) {
	case 0:
		return "All " + rest
	case len(d.spec.Strategies):
		return strings.Join(own, " ")
	}
	return strings.Join(append(own, "The others "+rest), " ")
}

// source says where a fact about a deployment is from; empty where the catalog has none.
func (d *decoder) source(ref, what string) string {
	for _, f := range d.catalog.Facts(ref) {
		if f.What == what {
			return factWords(&f)
		}
	}
	return ""
}

func factWords(f *catalog.Fact) string {
	return strings.Join(slices.DeleteFunc([]string{f.Source, f.Date, f.Confidence}, func(s string) bool { return s == "" }), ", ")
}
