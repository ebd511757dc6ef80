package scenarios

import (
	"errors"
	"slices"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
)

func (d *decoder) readDeployments() {
	d.deployments.items("deployments", func(_ int, c cursor) {
		cfg := d.deployment(c)
		if cfg.Name != "" && slices.Contains(d.deploymentNames(), cfg.Name) {
			c.child("name").fail("%s is taken by another deployment", quote(cfg.Name))
		}
		d.spec.Deployments = append(d.spec.Deployments, cfg)
	})
	for i := range d.spec.Deployments {
		c := &d.spec.Deployments[i]
		if note, derived := d.catalog.Derived(c.Ref); derived {
			d.warn("deployment %s: nobody has read the limits of %s; they are derived: %s", c.Name, c.Ref, note)
		}
		if c.Batch && d.spec.Drain.Seconds() < c.Latency.TTFT.Quantile(0.95) {
			d.warn("deployment %s is a batch API and drain is %s: calls that it has not answered then count as censored", c.Name, short(d.spec.Drain))
		}
	}
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

// deployment reads the catalog's row and what overrides it.
func (d *decoder) deployment(c cursor) provider.Config {
	var cfg provider.Config
	known := d.catalog
	before := len(c.found)
	if ref := c.child("provider"); c.n.kind == mapping && ref.ok() {
		cfg = fromCatalog(ref, known)
		batch(c.child("batch"), &cfg, known)
	}
	var project provider.Config
	var terms catalog.Terms
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
		need("provider", elsewhere(describeRef)),
		may("batch", elsewhere(describeBatch)),
		may("service", unlessProvisioned(text(&terms.Service))),
		may("region", unlessProvisioned(text(&terms.Region))),
		may("limits", unlessProvisioned(func(c cursor) { limits(c, &cfg) })),
		may("pool", unlessProvisioned(text(&cfg.Pool))),
		may("project", unlessProvisioned(func(c cursor) { limits(c, &project) })),
		may("window", unlessProvisioned(func(c cursor) {
			choice(&cfg.Window, "window", provider.Windows[:])(c)
			for i := range cfg.Limits {
				cfg.Limits[i].Window = cfg.Window
			}
		})),
		may("phase", unlessProvisioned(func(c cursor) { phase(&cfg.Phase, c) })),
		may("latency", func(c cursor) {
			c.mapping(
				may("ttft", dist(&cfg.Latency.TTFT, seconds)),
				may("per_token", quick(&cfg.Latency.PerToken)),
				may("refusal", quick(&cfg.Latency.Refusal)),
				may("load", number(&cfg.Latency.Load, bounds{0, 1000})),
				may("floor", quick(&cfg.Latency.Floor)),
			)
		}),
		may("cache", func(c cursor) { cache(c, &cfg) }),
		may("charge", func(c cursor) {
			c.mapping(
				may("reserve", choice(&cfg.Charge.Reserve, "reservation rule", provider.Reserves[:])),
				may("settle", truth(&cfg.Charge.Settle)),
				may("rejected", truth(&cfg.Charge.Rejected)),
				may("undeclared", count(&cfg.Charge.Undeclared, 0, maxTokens)),
				may("burndown", number(&cfg.Charge.Burndown, bounds{0.001, 1000})),
				may("cache_discount", share(&cfg.Charge.CacheDiscount, bounds{0, 1})),
				may("reserve_cached", truth(&cfg.Charge.ReserveCached)),
				may("cache_write", number(&cfg.Charge.CacheWrite, bounds{0.001, 1000})),
				may("failed_free", truth(&cfg.Charge.FailedFree)),
				may("stops_streams", truth(&cfg.Charge.StopsStreams)),
			)
		}),
	)
	own(c, &cfg, &project)
	d.price(c, &cfg, terms)
	if err := cfg.Validate(); err != nil && len(c.found) == before {
		c.fail("%v", err)
	}
	return cfg
}

// price sets what the tokens of a deployment cost under its terms, and notes the rows that
// say so.
func (d *decoder) price(c cursor, cfg *provider.Config, t catalog.Terms) {
	if cfg.Ref == "" {
		return // it was not found
	}
	t.Kept = cfg.Cache.TTL
	if at := d.spec.Begins; !at.IsZero() {
		t.Day, t.Begins = at.Format(time.DateOnly), catalog.OfWeek(at)
	}
	of, err := d.catalog.SetPrice(cfg, t)
	if u, ok := errors.AsType[*catalog.UnknownError](err); ok && c.child(u.What).ok() {
		c.child(u.What).fail("%v", u)
	} else if err != nil {
		c.fail("%v", err)
	}
	d.spec.Prices = append(d.spec.Prices, pricesOf(cfg, &of)...)
	d.warnOfPrices(cfg, &of)
	d.warnOfAge(cfg, &of)
}

// describeRef and describeBatch describe what fromCatalog and batch read, before the
// other keys are.
func describeRef(c cursor) {
	c.described(shape{Type: []string{"string"}, Pattern: refPattern, Examples: []string{"openai/gpt-4o@tier-1", "anthropic/claude-sonnet-4.5@start", "azure/gpt-4o@ptu-100"}})
}

func describeBatch(c cursor) {
	s := numeric("number", sharePattern, bounds{0, 1})
	s.Type = append(s.Type, "boolean")
	c.described(s)
}

// batch makes cfg the batch API of its model if c says so, at the catalog's
// discount or another.
func batch(c cursor, cfg *provider.Config, known *catalog.Catalog) {
	if !c.ok() || cfg.Ref == "" {
		return
	}
	const want = "true, false or the discount, a share such as 50%"
	s, ok := c.scalar(want)
	off, isShare := parseShare(s, bounds{0, 1})
	switch {
	case !ok || s == "false":
		return
	case s != "true" && !isShare:
		c.fail("want %s, got %s", want, quote(s))
		return
	case cfg.PTU.Units > 0:
		c.fail("does not apply to a provisioned deployment")
		return
	}
	if err := known.ToBatch(cfg); err != nil {
		c.fail("%v", err)
	} else if isShare {
		cfg.Price.Discount = off
	}
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
