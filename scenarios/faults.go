package scenarios

import (
	"math"
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/sim/clock"
)

// ParseFaults reads a list of faults, written as in a scenario, for the
// deployments given, and returns those of each deployment. The name file is for
// messages. Everything wrong is reported at once, as Errors.
func ParseFaults(file string, data []byte, deployments []provider.Config) ([][]provider.Fault, error) {
	p := &problems{}
	if root := parseDocument(file, data, "a list of faults; [] is none", p); root != nil {
		d := &decoder{problems: p, spec: &Spec{Duration: maxDuration, Deployments: slices.Clone(deployments)},
			faults: cursor{problems: p, n: root, path: "faults"}}
		for i := range d.spec.Deployments {
			d.spec.Deployments[i].Faults = nil
		}
		d.readFaults()
		if len(p.found) == 0 {
			lists := make([][]provider.Fault, len(deployments))
			for i := range lists {
				lists[i] = d.spec.Deployments[i].Faults
			}
			return lists, nil
		}
	}
	return nil, p.err()
}

// readFaults reads the faults and hands them to the deployments they name.
func (d *decoder) readFaults() {
	d.faults.items("faults", func(_ int, c cursor) {
		before := len(d.found)
		fault, name := readFault(c)
		if len(d.found) > before {
			return
		}
		if end := clock.Time(d.spec.Duration + d.spec.Drain); fault.At >= end {
			d.warn("%s begins at %s and changes nothing: the run is over at %s", c.path, short(time.Duration(fault.At)), short(time.Duration(end)))
		}
		known := d.deploymentNames()
		if q := d.spec.Coordinator; q != nil {
			if name == q.Name {
				d.hits(c, fault)
				return
			}
			known = append(known, q.Name)
		}
		if name != "" && !slices.Contains(known, name) {
			c.child("deployment").fail("%s", unknown("deployment", name, known))
		}
		for i := range d.spec.Deployments {
			if to := &d.spec.Deployments[i]; name == "" || name == to.Name {
				to.Faults = append(to.Faults, fault)
			}
		}
	})
}

// readFault reads one fault, and the deployment it names; none means all.
func readFault(c cursor) (f provider.Fault, name string) {
	var at, lasts time.Duration
	from := duration(&at, 0, maxDuration)
	window := may("for", duration(&lasts, time.Millisecond, maxDuration))
	status := may("status", count(&f.Status, 500, 599))
	refusal := may("status", failure(&f.Status))
	f.Status = 500
	some := slices.Clip([]field{need("rate", share(&f.Rate, bounds{0, 1})), may("at", from), window})
	spell := func(dst *time.Duration) reader { return duration(dst, time.Millisecond, maxDuration) }
	way := func(k provider.FaultKind) field { return may("how", choice(&f.How, "way", k.Ways())) }
	forms := []variant{
		{"errors", []field{need("rate", share(&f.Rate, bounds{0, 1})), refusal, may("at", from), window}},
		{"outage", []field{may("at", from), refusal, window, may("mtbf", spell(&f.MTBF)), may("mttr", spell(&f.MTTR))}},
		{"limit-cut", []field{need("at", from), need("to", share(&f.To, bounds{0, 1})), window}},
		{"hang", append(some, way(provider.Hang))},
		{"reset", append(some, way(provider.Reset), may("after", count(&f.After, 1, mostBytes)))},
		{"mid-stream", append(some, status)},
		{"slow-stream", append(some, may("to", number(&f.To, bounds{1, 1e6})), may("bytes_per_s", number(&f.BytesPerSecond, bounds{1, mostBytes})))},
		{"billing", []field{need("at", from), window}},
		{"bad-headers", append(some, need("bug", choice(&f.Bug, "bug", provider.Bugs[:])))},
		{"garbled", append(some, way(provider.Garbled))},
	}
	kind, ok := c.variants("kind", "fault", forms, may("deployment", text(&name)))
	if !ok {
		return f, name
	}
	f.Kind = provider.FaultKind(kind)
	f.At, f.Until = clock.Time(at), clock.Never
	if lasts > 0 {
		f.Until = f.At.Add(lasts)
	}
	completeFault(c, &f)
	return f, name
}

// mostBytes is the most that a fault may count of an answer, and more than any has.
const mostBytes = 1_000_000_000

// completeFault checks what several keys of a fault say together, and gives those that
// were left out their defaults.
func completeFault(c cursor, f *provider.Fault) {
	has := func(key string) bool { return c.child(key).ok() }
	switch f.Kind {
	case provider.Outage:
		if f.MTBF > 0 != (f.MTTR > 0) {
			c.fail("an outage that recurs needs both mtbf and mttr: how long it is up, and down, on average")
		} else if f.MTBF == 0 && !has("at") {
			c.fail("an outage needs at, when it begins, or mtbf and mttr, if it recurs")
		}
		if !has("status") {
			f.Status = 503
		}
	case provider.Errors, provider.MidStream:
	default:
		f.Status = 0
	}
	switch {
	case f.Kind == provider.SlowStream && !has("to"):
		if f.To = 1; !has("bytes_per_s") {
			c.fail("a slow stream needs to, how many times as long it takes, or bytes_per_s, how fast its body comes, or both")
		}
	case f.Kind == provider.Reset && f.How == provider.Short && has("after"):
		c.child("after").fail("does not go with how: short, which sends all of the body")
	}
}

// failure reads the status with which a deployment fails: an error of the server, or 429.
func failure(dst *int) reader {
	refusal, errors := bounds{429, 429}, bounds{500, 599}
	return func(c cursor) {
		low, high := numeric("integer", wholePattern, refusal), numeric("integer", wholePattern, errors)
		if c.described(shape{AnyOf: []*shape{&low, &high}}) {
			return
		}
		const want = "the status 429, or one from 500 to 599"
		s, ok := c.scalar(want)
		if !ok {
			return
		}
		for _, b := range []bounds{refusal, errors} {
			if v, ok := b.parse(s, 1); ok && v == math.Trunc(v) {
				*dst = int(v)
				return
			}
		}
		c.fail("want %s, got %s", want, quote(s))
	}
}
