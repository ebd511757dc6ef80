package scenarios

import (
	"fmt"
	"math"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/scenarios/workload"
)

// Parse reads a scenario. The name file is for messages, and paths in the
// scenario are relative to its folder. Everything wrong is reported at once, as
// Errors. Traces that the scenario names are read, whole, to be checked.
func Parse(file string, data []byte, opt Options) (*Spec, error) {
	d, _, err := parse(file, data, opt, nil)
	if err != nil {
		return nil, err
	}
	return d.spec, nil
}

// parse reads a scenario under what a case of it sets, if that is not nil. It returns
// the file's tree too, as it is under opt.
func parse(file string, data []byte, opt Options, set *node) (*decoder, *node, error) {
	p := &problems{}
	root := parseTree(file, data, p)
	if root == nil || root.kind != mapping {
		return nil, nil, p.err()
	}
	d := &decoder{problems: p, spec: &Spec{
		Drain: 5 * time.Minute,
		Fleet: Fleet{Instances: 1, Timeout: 30 * time.Second},
	}}
	d.catalog, d.traceData = opt.known(), opt.TraceData
	if d.describe = opt.Describe; d.describe == nil {
		d.describe = (*workload.Log).Describe
	}
	set.apply(root, p)
	opt.apply(root, d)
	d.scenario(cursor{problems: p, n: root})
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	return d, root, nil
}

// decoder fills a Spec.
type decoder struct {
	*problems
	spec    *Spec
	catalog *catalog.Catalog

	describe  func(*workload.Log) (workload.Summary, error)
	traceData []byte // of the trace that a flag names, where that is in no file

	duration, streams, deployments, coordinator, faults, strategies, slo, baseline, expect cursor

	cases         []caseNode // of a claim
	fair, changes string     // of a claim

	traces     []workload.Summary // of each stream; no Rows for those that are not traces
	unselected []*node            // strategies of the file that --strategies leaves out
	traffic    *node              // the file, if it is traffic.yaml
	why        string             // its deployment is the one it is; empty if it was given
	moved      bool               // --provider put the first deployment elsewhere than the file meant
	doubtful   bool               // deployments are faulty: what follows from them alone is not reported
}

func (d *decoder) warn(format string, args ...any) {
	d.spec.Warnings = append(d.spec.Warnings, fmt.Sprintf(format, args...))
}

// keys are the keys of the whole file. What refers to others is read when those have
// been.
func (d *decoder) keys() []field {
	return []field{
		need("name", text(&d.spec.Name)),
		may("about", text(&d.spec.About)),
		may("teaches", text(&d.spec.Teaches)),
		may("duration", here(&d.duration)),
		may("drain", duration(&d.spec.Drain, 0, maxDuration)),
		may("begins", instant(&d.spec.Begins)),
		may("fleet", d.fleet),
		need("workload", here(&d.streams)),
		need("deployments", here(&d.deployments)),
		may("coordinator", here(&d.coordinator)),
		may("faults", here(&d.faults)),
		need("strategies", here(&d.strategies)),
		may("slo", here(&d.slo)),
		may("baseline", here(&d.baseline)),
		may("expect", here(&d.expect)),
		may("fair", text(&d.fair)),
		may("changes", text(&d.changes)),
		may("cases", d.readCases),
	}
}

// scenario reads the whole file: first what stands for itself, then what
// refers to it.
func (d *decoder) scenario(c cursor) {
	c.mapping(d.keys()...)
	if d.streams.ok() {
		d.readStreams()
	}
	d.readDuration(c)
	if d.traffic != nil {
		d.chooseDeployment()
	}
	d.warnChurn()
	before := len(d.found)
	if d.deployments.ok() {
		d.readDeployments()
	}
	d.spec.weighChars()
	d.doubtful = len(d.found) > before || len(d.spec.Deployments) == 0
	if d.coordinator.ok() {
		d.readCoordinator()
	}
	if d.faults.ok() {
		d.readFaults()
	}
	if !d.doubtful {
		d.checkSizes()
	}
	if d.strategies.ok() {
		d.readStrategies()
	}
	if d.slo.ok() {
		d.readObjectives()
	}
	if d.baseline.ok() {
		d.readBaseline()
	}
	if d.expect.ok() {
		d.readExpect()
	}
	if len(d.found) > 0 {
		return
	}
	if d.traffic != nil {
		d.assume()
	}
	d.spec.Setting = d.setting()
}

// readDuration settles how long arrivals go on.
func (d *decoder) readDuration(c cursor) {
	if d.duration.ok() {
		duration(&d.spec.Duration, time.Millisecond, maxDuration)(d.duration)
		return
	}
	longest := time.Duration(0)
	for i, t := range d.traces {
		a := &d.spec.Workload[i].Arrivals
		if t.Rows == 0 || a.Loop {
			if len(d.found) > 0 {
				return // perhaps for want of a trace that could not be read
			}
			c.add(c.n.at, "duration", "is missing; only a workload of traces that do not loop has a length of its own")
			return
		}
		longest = max(longest, a.Length(&t))
	}
	d.spec.Duration = min(longest, maxDuration)
}

// checkSizes finds streams of which no call, or not every call, can ever be
// admitted: one that costs more than a whole minute's tokens is refused
// whenever it comes. Where another deployment takes some, that is for the
// strategies to find out.
func (d *decoder) checkSizes() {
	to := &d.spec.Deployments[0]
	most := to.TokenLimit()
	if most == 0 || to.PTU.Units > 0 {
		return // utilisation is checked before a call is added to it
	}
	for i := range d.spec.Workload {
		s := &d.spec.Workload[i]
		least, over := oversize(s, &d.traces[i], to, most)
		item := cursor{problems: d.problems, n: d.streams.n.items[i], path: fmt.Sprintf("workload[%d]", i)}
		switch {
		case over == 1 && !d.fitsElsewhere(i):
			if m := item.child("max_tokens"); m.ok() && int64(s.MaxTokens) >= most {
				item = m
			}
			item.fail("no call of this stream can ever be admitted: %s charges at least %d tokens for one and allows %d a minute", whole(to), least, most)
		case over > 0 || math.IsNaN(over):
			d.warn("%s: %s of its calls can never be admitted: they cost more than the %d tokens that %s allows a minute", item.path, percent(over), most, whole(to))
		}
	}
}

// fitsElsewhere reports whether a deployment other than the first admits any call of
// a stream.
func (d *decoder) fitsElsewhere(stream int) bool {
	for i := range d.spec.Deployments[1:] {
		to := &d.spec.Deployments[i+1]
		most := to.TokenLimit()
		if most == 0 || to.PTU.Units > 0 {
			return true
		}
		if _, over := oversize(&d.spec.Workload[stream], &d.traces[stream], to, most); over != 1 {
			return true
		}
	}
	return false
}

// whole names a deployment for who has not read the file.
func whole(to *provider.Config) string { return to.Name + " (" + to.Ref + ")" }

func percent(share float64) string {
	switch {
	case math.IsNaN(share):
		return "some"
	case share == 1:
		return "all"
	}
	return fmt.Sprintf("%.2g %%", share*100)
}

// oversize returns the least that a deployment charges at admission for a call
// of s, and the share of its calls that cost more than the limit; NaN, for a
// trace, when there are some.
func oversize(s *workload.Stream, trace *workload.Summary, to *provider.Config, most int64) (least int64, over float64) {
	cost := func(prompt, output float64, declared uint32) int64 {
		if declared > 0 {
			output = min(output, float64(declared))
		}
		c := int64(max(1, math.Round(prompt)))
		bound := int64(declared)
		if bound == 0 {
			bound = int64(to.Charge.Undeclared)
		}
		reserve := to.Charge.Reserve
		if to.TPM == 0 { // a limit on input
			reserve = provider.ReserveEstimate
		}
		switch reserve {
		case provider.ReserveMaxTokens:
			c += bound
		case provider.ReserveLarger:
			c = max(c, bound)
		case provider.ReserveActual:
			c += int64(max(1, math.Round(output)))
		}
		return c
	}
	if trace.Rows > 0 {
		largest := int64(0)
		least = math.MaxInt64
		for _, declared := range declarations(s, trace) {
			least = min(least, cost(float64(trace.MinPrompt), 1, declared))
			largest = max(largest, cost(float64(trace.MaxPrompt), float64(trace.MaxOutput), declared))
		}
		switch {
		case least > most:
			over = 1
		case largest > most:
			over = math.NaN()
		}
		return least, over
	}
	n, larger := 0, 0
	least = math.MaxInt64
	add := func(prompt, output float64) {
		c := cost(prompt, output, s.MaxTokens)
		least = min(least, c)
		n++
		if c > most {
			larger++
		}
	}
	for _, l := range s.Lengths {
		add(float64(l.Prompt), float64(l.Output))
	}
	if s.Lengths == nil {
		// A lattice of quantiles in place of draws: 377/1000 is close to the
		// golden section, which spreads the outputs evenly over the prompts.
		for i := range 1000 {
			add(s.Prompt.Quantile((float64(i)+0.5)/1000), s.Output.Quantile((float64(i*377%1000)+0.5)/1000))
		}
	}
	return least, float64(larger) / float64(n)
}

// declarations returns the max_tokens that calls of a trace declare, 0 for those that
// declare none: the least and the most.
func declarations(s *workload.Stream, trace *workload.Summary) []uint32 {
	switch {
	case s.MaxTokens > 0 || trace.Declared == 0:
		return []uint32{s.MaxTokens}
	case trace.Declared == trace.Rows:
		return []uint32{trace.MinDeclared, trace.MaxDeclared}
	}
	return []uint32{0, trace.MinDeclared, trace.MaxDeclared}
}
