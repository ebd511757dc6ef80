package scenarios

import (
	"slices"
	"time"

	"ratesim/provider"
)

// limits reads a mapping of limits over those that cfg has.
func limits(c cursor, cfg *provider.Config) {
	if c.shape != nil {
		c.path = "limits" // of a deployment, a pool or a project alike
	}
	fields := []field{may("rpm", limit(&cfg.RPM)), may("tpm", limit(&cfg.TPM)), may("ramp", func(c cursor) { ramp(c, cfg) })}
	for _, k := range provider.Kinds[2:] {
		fields = append(fields, may(k.Name.String(), func(c cursor) {
			var most int64
			limit(&most)(c)
			replace(cfg, provider.Limit{Counts: k.Counts, Most: most, Per: k.Per, Window: cfg.Window})
		}))
	}
	c.mapping(fields...)
}

// replace puts l in the place of the limit of its kind; one of 0 removes it.
func replace(cfg *provider.Config, l provider.Limit) {
	cfg.Limits = slices.DeleteFunc(cfg.Limits, func(k provider.Limit) bool {
		same := k.Counts == l.Counts && k.Per == l.Per && k.Growth == 0 && l.Growth == 0 || k.Growth > 0 && l.Growth > 0
		if same && l.Growth == 0 {
			l.Window, l.Shared = k.Window, k.Shared
		}
		return same
	})
	if l.Most > 0 {
		cfg.Limits = append(cfg.Limits, l)
	}
}

// ramp reads how fast use may grow, and what was used before the run.
func ramp(c cursor, cfg *provider.Config) {
	l := provider.Limit{Counts: provider.Input, Growth: 0.5, Per: 15 * time.Minute}
	for _, own := range cfg.Limits { // what the vendor's counts, and over which period
		if own.Growth > 0 {
			l = own
		}
	}
	if of := (&shape{}); c.described(shape{AnyOf: []*shape{{Type: []string{"string"}, Enum: []string{"none"}}, of}}) {
		cursor{c.problems, c.n, c.path, of}.mapping(rampKeys(&l)...)
		return
	}
	if c.n.text == "none" {
		replace(cfg, provider.Limit{Growth: 1})
		return
	}
	c.mapping(rampKeys(&l)...)
	replace(cfg, l)
}

func rampKeys(l *provider.Limit) []field {
	return []field{
		need("above", count(&l.Most, 1, provider.MostLimit)),
		may("growth", share(&l.Growth, bounds{0.001, 1000})),
		may("per", duration(&l.Per, time.Second, 24*time.Hour)),
		may("used_before", count(&l.UsedBefore, 0, provider.MostLimit)),
	}
}

// phase reads where in its windows a run begins.
func phase(dst *time.Duration, c cursor) {
	if c.described(durationShape(0, 24*time.Hour).orText("first-request")) {
		return
	}
	if c.n.text == "first-request" {
		*dst = provider.FirstRequest
		return
	}
	duration(dst, 0, 24*time.Hour)(c)
}

// own tells the limits a deployment shares with its pool from those of its
// project, which are its own.
func own(c cursor, cfg, project *provider.Config) {
	if cfg.Pool == "" {
		if p := c.child("project"); c.n.kind == mapping && p.ok() {
			p.fail("are limits within those of a pool; name the pool, or write the limits under limits")
		}
		return
	}
	for i := range cfg.Limits {
		cfg.Limits[i].Shared = true
	}
	for _, l := range project.All() {
		l.Window = cfg.Window
		cfg.Limits = append(cfg.Limits, l)
	}
}

// limit reads a limit, or none.
func limit(dst *int64) reader {
	return func(c cursor) {
		if c.described(numeric("integer", wholePattern, bounds{1, provider.MostLimit}).orText("none")) {
			return
		}
		switch c.n.text {
		case "none":
			*dst = 0
		case "0":
			c.fail("a limit of 0 admits nothing; omit the limit for the catalog's, or write none for no limit")
		default:
			count(dst, 1, provider.MostLimit)(c)
		}
	}
}
