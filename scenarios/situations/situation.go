package situations

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/scenarios"
	"ratesim/sim/demand"
	"ratesim/sim/rng"
)

// Situation is a random scenario.
type Situation struct {
	Name  string // with the seed and the index that it was drawn from
	About string // what it is, in a line
	// Seed is that of its runs. No two situations share arrivals or sizes.
	Seed  uint64
	Load  float64 // that was drawn
	Calls float64 // that are to arrive; of a closed workload, those that its users could make
	Flood string  // the tenant that floods; empty = none does

	shape shape
}

// shape is what is written to the file.
type shape struct {
	draws
	ref       string
	row       catalog.Row
	latency   string
	window    string
	phase     string
	limits    []limit
	units     int // PTUs; 0 = not provisioned
	further   string
	duration  time.Duration
	drain     time.Duration
	instances int
	assign    string
	timeout   time.Duration
	deadline  time.Duration // 0 = none
	process   string
	declares  string
	estimate  string
	fault     string
	tenants   []tenant
	calls     float64
	seconds   float64 // that an average answer takes
}

// limit is a limit of the deployment, as a scenario file names it.
type limit struct {
	name string
	most float64
}

// tenant is a share of the calls.
type tenant struct {
	name  string
	share float64
	work  work
}

// Closed reports whether the workload is closed, so that the number of calls depends on
// the client.
func (s *Situation) Closed() bool { return s.shape.process == "closed" }

const (
	fewest, most = 150, 1200 // calls that are drawn
	ceiling      = 2500      // calls above which the run is made shorter
	scarce       = 100       // calls below which the limits are made larger
)

// Draw returns a situation. It fails if no scenario can use a row that is drawn.
func Draw(seed uint64, index int, known *catalog.Catalog) (*Situation, error) {
	d := draws{rng.New(seed, index)}
	s := &Situation{Name: fmt.Sprintf("arena-%d-%03d", seed, index), Seed: d.key.Uint64(rng.Situation, uint64(seedProperty), 0) >> 32,
		Load: d.within(loadProperty, 0.3, 3)}
	s.shape = shape{draws: d, duration: d.lasts(durationProperty, 3*time.Minute, 20*time.Minute)}
	s.Flood = s.shape.drawClients()
	s.shape.drawDeployment(known)
	if err := s.fit(known); err != nil {
		return nil, fmt.Errorf("situation %d of seed %d: %w", index, seed, err)
	}
	s.Calls = s.shape.calls
	s.About = s.shape.about(s.Load)
	return s, nil
}

// drawClients draws all that does not depend on the deployment, and returns the tenant
// that floods.
func (p *shape) drawClients() (flood string) {
	p.instances = int(p.within(instancesProperty, 1, 41))
	if p.chance(assignProperty, 0.3) {
		p.assign = "round-robin"
	}
	p.process = pick(p.draws, processProperty, 0, "poisson", "gamma", "mmpp", "spike", "diurnal", "closed")
	p.declares = pick(p.draws, declaresProperty, 0, "loose", "tight", "none")
	p.estimate = pick(p.draws, estimateProperty, 0, "exact", "exact", "chars", "error", "error")
	if p.estimate == "error" {
		p.estimate = fmt.Sprintf("{error: %.2f}", p.within(errorProperty, 0.1, 0.6))
	}
	p.timeout = p.lasts(timeoutProperty, 30*time.Second, 10*time.Minute)
	if p.chance(dueProperty, 0.6) {
		p.deadline = p.lasts(deadlineProperty, 20*time.Second, 10*time.Minute)
	}
	n := 1
	if p.chance(tenantsProperty, 0.4) {
		n = pick(p.draws, tenantsProperty, 1, 2, 3, 4)
	}
	for i := range n {
		p.tenants = append(p.tenants, tenant{fmt.Sprintf("t%d", i+1), 1 / float64(n), pick(p.draws, workProperty, i, works()...)})
	}
	if n > 1 && p.chance(floodProperty, 0.5) {
		flood = "flood"
		share := 0.7 + 0.2*p.share(floodShare, 0)
		for i := range p.tenants {
			p.tenants[i].share = (1 - share) / float64(n-1)
		}
		p.tenants[0].name, p.tenants[0].share = flood, share
	}
	return flood
}

// drawDeployment draws the vendor, the row and what else there is to a deployment.
func (p *shape) drawDeployment(known *catalog.Catalog) {
	vendors := map[string][]catalog.Row{}
	var names []string
	for _, r := range deployments(known) {
		name := r.Config.Vendor
		if r.Minimum > 0 {
			if int64(r.Minimum)*r.Config.PTU.TPMPerUnit > 100_000 {
				continue // too many calls for a short run
			}
			name += " ptu"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		vendors[name] = append(vendors[name], r)
	}
	r := pick(p.draws, rowProperty, 0, vendors[pick(p.draws, vendorProperty, 0, names...)]...)
	p.row, p.ref = r, r.Ref
	if p.units = r.Minimum; p.units > 0 {
		p.provision(r.Minimum)
		p.latency = "{load: 1}"
		return
	}
	if p.chance(slowerProperty, 0.2) {
		p.latency = pick(p.draws, slowerProperty, 1, "{load: 1}", "{load: 2}")
	}
	for _, l := range r.Limits {
		p.limits = append(p.limits, limit{l.Name, float64(l.Most)})
	}
	window := r.Config.Window
	if p.chance(windowProperty, 0.2) {
		window = pick(p.draws, whichWindow, 0, provider.SlidingLog, provider.FixedWindow, provider.TokenBucket, provider.SubMinute, provider.SlidingCounter, provider.PerSecond)
	}
	sliced := window == provider.SubMinute || window == provider.PerSecond
	if sliced && slices.ContainsFunc(p.limits, func(l limit) bool { return l.name == "rpd" }) {
		window, sliced = r.Config.Window, false // no vendor counts a day's requests by the second
	}
	if window != r.Config.Window {
		p.window = window.String()
	}
	if window == provider.FixedWindow || window == provider.SubMinute { // others do not follow the clock
		p.phase = pick(p.draws, phaseProperty, 0, "", "first-request", fmt.Sprintf("%ds", int(60*p.share(phaseProperty, 1))))
	}
	if p.chance(furtherProperty, 0.4) {
		p.further = pick(p.draws, furtherProperty, 1, "rpd", "rph", "tpd", "concurrency", "ramp")
		if sliced && (p.further == "rpd" || p.further == "rph") {
			p.further = "tpd"
		}
	}
}

// fit scales the limits to the number of calls that was drawn, adds the further limit, and
// then settles how many calls make the load.
func (s *Situation) fit(known *catalog.Catalog) error {
	p := &s.shape
	wanted := p.within(callsProperty, fewest, most)
	p.calls = wanted
	if p.units == 0 {
		if err := p.scale(wanted/s.Load, known); err != nil {
			return err
		}
	}
	spec, capacity, _, err := p.measure(known)
	if err != nil {
		return err
	}
	if p.further != "" {
		p.limit(capacity, spec)
		if _, capacity, _, err = p.measure(known); err != nil {
			return err
		}
	}
	if calls := s.Load * capacity; calls < scarce {
		p.grow(scarce / calls)
		if _, capacity, _, err = p.measure(known); err != nil {
			return err
		}
	}
	// What is saved up at the beginning does not shrink with the run, so that one step may
	// not be enough.
	for p.calls = s.Load * capacity; p.calls > 1.1*ceiling && p.duration > 30*time.Second; p.calls = s.Load * capacity {
		shorter := time.Duration(float64(p.duration) * ceiling / p.calls)
		p.duration = max(30*time.Second, shorter.Round(time.Second))
		if _, capacity, _, err = p.measure(known); err != nil {
			return err
		}
	}
	p.settle(s.Load, spec)
	return nil
}

// provision sets the number of PTUs.
func (p *shape) provision(units int) {
	p.units = units
	p.ref = strings.Replace(p.row.Ref, "ptu-N", fmt.Sprintf("ptu-%d", units), 1)
}

// grow makes the deployment larger.
func (p *shape) grow(factor float64) {
	if p.units > 0 {
		more := math.Ceil((factor - 1) * float64(p.units) / float64(p.row.Step))
		p.provision(p.units + int(more)*p.row.Step)
	}
	for i := range p.limits {
		p.limits[i].most = round(p.limits[i].most * factor)
	}
}

// measure returns how many calls the tightest limit lets through, and the capacity of
// each.
func (p *shape) measure(known *catalog.Catalog) (*scenarios.Spec, float64, []demand.Capacity, error) {
	draft := *p
	if p.process == "closed" { // of which there is no more than the first call of each user to look at
		draft.process = "poisson"
	}
	spec, err := scenarios.Parse("situation", draft.file("draft", "", []string{"none"}), scenarios.Options{Catalog: known})
	if err != nil {
		return nil, 0, nil, err
	}
	capacities, err := demand.Capacities(spec, 0)
	if err != nil {
		return nil, 0, nil, err
	}
	tightest := math.Inf(1)
	for _, c := range capacities {
		tightest = min(tightest, c.Calls)
	}
	return spec, tightest, capacities, nil
}

// scale scales all limits so that the tightest lets through so many calls.
func (p *shape) scale(calls float64, known *catalog.Catalog) error {
	const roomy = 10 // for the first look, so that calls are no larger than the limits
	for i := range p.limits {
		p.limits[i].most *= roomy
	}
	_, capacity, capacities, err := p.measure(known)
	if err != nil {
		return err
	}
	factor := calls / capacity
	head := p.within(headProperty, 1.1, 30)
	for _, c := range capacities {
		switch {
		case c.Window == 0:
		case c.Dearest > 1: // tokens
			factor = max(factor, head*float64(c.Dearest)/float64(c.Window))
		default:
			factor = max(factor, 2/float64(c.Window)) // requests in a slice
		}
	}
	for i := range p.limits {
		p.limits[i].most = round(p.limits[i].most * factor)
	}
	return nil
}

// limit adds the further limit: a budget for the day or the hour of 0.3 to 1.5 times what
// the other limits let through, or a bound on what is open, or on growth, of as many
// times what they let through at a time.
func (p *shape) limit(capacity float64, spec *scenarios.Spec) {
	times := p.within(furtherSize, 0.3, 1.5)
	prompt, output := sizes(spec)
	perMinute := capacity / p.duration.Minutes()
	l := limit{name: p.further}
	switch p.further {
	case "rpd", "rph":
		l.most = max(10, times*capacity)
	case "tpd":
		l.most = max(60_000, times*capacity*(prompt+output))
	case "concurrency":
		l.most = max(2, times*perMinute/60*seconds(spec, output))
	case "ramp":
		l.most = max(1000, times*perMinute*prompt)
	}
	l.most = round(l.most)
	p.limits = slices.DeleteFunc(p.limits, func(old limit) bool { return old.name == l.name })
	p.limits = append(p.limits, l)
}

// settle sets the times that depend on how long an answer takes and on the load.
func (p *shape) settle(load float64, spec *scenarios.Spec) {
	_, output := sizes(spec)
	p.seconds = seconds(spec, output)
	slowest := 0.0
	for _, t := range p.tenants {
		slowest = max(slowest, seconds(spec, t.work.likely))
	}
	if p.process == "closed" {
		// A user who asks what can never be answered is stuck, and a client that gives up
		// at once would look best.
		p.timeout = max(p.timeout, time.Duration(2*slowest*float64(time.Second)).Round(time.Second))
	}
	switch {
	case p.deadline > 0:
		p.deadline = max(p.deadline, time.Duration(2*slowest*float64(time.Second)).Round(time.Second))
		p.drain = p.deadline + time.Minute
	case p.process == "closed":
		p.drain = 5 * time.Minute
	default: // what is left over is worked off, and then there are ten minutes more
		p.drain = time.Duration(1.5*max(0, load-1)*float64(p.duration)).Round(time.Second) + 10*time.Minute
	}
	p.drawFault()
}

func (p *shape) drawFault() {
	at := (p.duration / 3).Round(time.Second)
	lasts := func(lo, hi time.Duration) time.Duration { return min(p.lasts(faultSize, lo, hi), at) }
	if p.chance(faultProperty, 0.5) {
		return
	}
	p.fault = pick(p.draws, faultProperty, 1,
		fmt.Sprintf("{kind: errors, rate: %.3f}", p.within(faultRate, 0.005, 0.05)),
		fmt.Sprintf("{kind: outage, at: %s, for: %s}", at, lasts(15*time.Second, 90*time.Second)),
		fmt.Sprintf("{kind: limit-cut, at: %s, for: %s, to: %.2f}", at, lasts(time.Minute, 5*time.Minute), p.within(faultRate, 0.3, 0.7)),
		fmt.Sprintf("{kind: slow-stream, rate: %.3f, to: %.1f}", p.within(faultRate, 0.05, 0.2), p.within(faultSize, 3, 8)),
		fmt.Sprintf("{kind: hang, rate: %.4f}", p.within(faultRate, 0.003, 0.02)))
}

// sizes returns the mean size of a call, by the quantiles of each stream.
func sizes(spec *scenarios.Spec) (prompt, output float64) {
	const steps = 200
	n := float64(steps * len(spec.Workload))
	for i := range spec.Workload {
		for k := range steps {
			u := (float64(k) + 0.5) / steps
			prompt += spec.Workload[i].Prompt.Quantile(u) / n
			output += spec.Workload[i].Output.Quantile(u) / n
		}
	}
	return prompt, output
}

// seconds returns how long an answer of so many tokens takes.
func seconds(spec *scenarios.Spec, output float64) float64 {
	l := &spec.Deployments[0].Latency
	return l.TTFT.Quantile(0.5) + output*l.PerToken.Seconds()
}

// round keeps three digits, as whoever sets a limit does.
func round(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(max(x, 1)))-2)
	return max(1, math.Ceil(math.Round(x/unit)*unit))
}

// about says what the situation is.
func (p *shape) about(load float64) string {
	parts := []string{fmt.Sprintf("%s at %.2f of its capacity", p.ref, load), fmt.Sprintf("%d instances", p.instances), p.process}
	var kinds []string
	for _, t := range p.tenants {
		if !slices.Contains(kinds, t.work.name) {
			kinds = append(kinds, t.work.name)
		}
	}
	parts = append(parts, strings.Join(kinds, " and "))
	if len(p.tenants) > 1 {
		parts = append(parts, fmt.Sprintf("%d tenants", len(p.tenants)))
	}
	if p.tenants[0].name == "flood" {
		parts = append(parts, "one of which floods")
	}
	if p.deadline > 0 {
		parts = append(parts, "deadline "+short(p.deadline))
	} else {
		parts = append(parts, "no deadline")
	}
	parts = append(parts, "timeout "+short(p.timeout), "max_tokens "+p.declares, "estimates "+p.estimate)
	if p.window != "" {
		parts = append(parts, "window "+p.window)
	}
	if p.further != "" {
		parts = append(parts, "a limit "+p.further)
	}
	if p.fault != "" {
		parts = append(parts, "fault "+p.fault)
	}
	return strings.Join(parts, ", ")
}

func short(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "m0s") + map[bool]string{true: "m"}[strings.HasSuffix(s, "m0s")]
	return s
}
