package scenarios

import (
	"errors"
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/sim/clock"
)

func (d *decoder) readDeployments() {
	d.deployments.items("deployments", func(_ int, c cursor) {
		cfg := deployment(c, d.catalog)
		if cfg.Name != "" && slices.Contains(d.deploymentNames(), cfg.Name) {
			c.child("name").fail("%s is taken by another deployment", quote(cfg.Name))
		}
		d.spec.Deployments = append(d.spec.Deployments, cfg)
	})
	if d.deployments.n.kind == list && len(d.deployments.n.items) == 0 {
		d.deployments.fail("is empty; want at least one deployment")
	}
}

func (d *decoder) deploymentNames() []string {
	var list []string
	for i := range d.spec.Deployments {
		list = append(list, d.spec.Deployments[i].Name)
	}
	return list
}

// maxLimit bounds limits per minute: what sim/limit keeps exact.
const maxLimit = 100_000_000_000

// deployment reads the catalog's row and what overrides it.
func deployment(c cursor, known *catalog.Catalog) provider.Config {
	var cfg provider.Config
	if ref := c.child("provider"); c.n.kind == mapping && ref.ok() {
		cfg = fromCatalog(ref, known)
	}
	provisioned := cfg.PTU.Units > 0
	unlessProvisioned := func(read reader) reader {
		return func(c cursor) {
			if provisioned {
				c.fail("does not apply to a provisioned deployment, which is limited by utilisation; change the number of PTUs instead")
				return
			}
			read(c)
		}
	}
	quick := func(dst *time.Duration) reader { return duration(dst, 0, time.Minute) }
	c.mapping(
		need("name", text(&cfg.Name)),
		need("provider", func(cursor) {}),
		may("limits", unlessProvisioned(func(c cursor) {
			c.mapping(may("rpm", limit(&cfg.RPM)), may("tpm", limit(&cfg.TPM)))
		})),
		may("window", unlessProvisioned(choice(&cfg.Window, "window", provider.Windows[:]))),
		may("latency", func(c cursor) {
			c.mapping(
				may("ttft", dist(&cfg.Latency.TTFT, seconds)),
				may("per_token", quick(&cfg.Latency.PerToken)),
				may("refusal", quick(&cfg.Latency.Refusal)),
			)
		}),
		may("charge", func(c cursor) {
			c.mapping(
				may("reserve", choice(&cfg.Charge.Reserve, "reservation rule", provider.Reserves[:])),
				may("settle", truth(&cfg.Charge.Settle)),
				may("rejected", truth(&cfg.Charge.Rejected)),
			)
		}),
	)
	return cfg
}

// fromCatalog looks the reference at c up.
func fromCatalog(c cursor, known *catalog.Catalog) provider.Config {
	ref, ok := c.scalar("a reference such as openai/gpt-4o@tier-1")
	if !ok {
		return provider.Config{}
	}
	cfg, err := known.Find(ref)
	if u, ok := errors.AsType[*catalog.UnknownError](err); ok {
		c.fail("%v", u) // without the reference, which the field shows
	} else if err != nil {
		c.fail("%v", err)
	}
	return cfg
}

// limit reads a limit per minute, or none.
func limit(dst *int64) reader {
	return func(c cursor) {
		switch c.n.text {
		case "none":
			*dst = 0
		case "0":
			c.fail("a limit of 0 admits nothing; omit the limit for the catalog's, or write none for no limit")
		default:
			count(dst, 1, maxLimit)(c)
		}
	}
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
	f.Status = 500
	forms := []variant{
		{"errors", []field{need("rate", share(&f.Rate, bounds{0, 1})), status, may("at", from), window}},
		{"outage", []field{need("at", from), status, window}},
		{"limit-cut", []field{need("at", from), need("to", share(&f.To, bounds{0, 1})), window}},
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
	switch {
	case f.Kind == provider.LimitCut:
		f.Status = 0
	case f.Kind == provider.Outage && !c.child("status").ok():
		f.Status = 503
	}
	return f, name
}
