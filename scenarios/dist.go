package scenarios

import (
	"errors"
	"fmt"
	"time"

	"ratesim/sim/rng"
)

// quantity reads the values of a distribution: tokens, or durations as seconds.
type quantity func(c cursor) (float64, bool)

// families says which distributions may stand at a place.
type families uint8

const (
	allFamilies families = iota
	notMixed             // what a mixture may be of
	smooth               // what can be truncated
)

// dist reads a distribution: a value alone, which is constant, or a mapping.
func dist(dst *rng.Dist, q quantity) reader { return distOf(dst, q, allFamilies) }

func distOf(dst *rng.Dist, q quantity, which families) reader {
	return func(c cursor) {
		if value, other := (&shape{}), (&shape{}); c.described(shape{AnyOf: []*shape{value, other}}) {
			q(cursor{c.problems, c.n, c.path, value})
			oneFamily(dst, q, which)(cursor{c.problems, c.n, c.path, other})
			return
		}
		if c.n.kind != mapping {
			if v, ok := q(c); ok {
				*dst = rng.NewConstant(v)
			}
			return
		}
		oneFamily(dst, q, which)(c)
	}
}

// oneFamily reads a distribution that is a mapping.
func oneFamily(dst *rng.Dist, q quantity, which families) reader {
	return func(c cursor) {
		if c.shape != nil {
			c.path = "distribution" // whose keys mean the same everywhere
		}
		forms, build := distributions(c, q, which)
		i, ok := c.variants("dist", "distribution", forms)
		if !ok {
			return
		}
		d, err := build[i]()
		if err != nil {
			c.fail("%v", err)
			return
		}
		*dst = d
	}
}

// maxTokens bounds the size of a call, prompt or output: ten times the longest
// context window sold.
const maxTokens = 100_000_000

// tokens reads a number of tokens.
func tokens(c cursor) (float64, bool) {
	return c.number("a number of tokens", bounds{1, maxTokens})
}

// seconds reads a duration of at most a day, which batch APIs take, as seconds.
func seconds(c cursor) (float64, bool) {
	d, ok := c.duration(0, 24*time.Hour)
	return d.Seconds(), ok
}

// distributions returns the forms of the mapping at c, and for each what makes
// the distribution once its fields have been read.
func distributions(c cursor, q quantity, which families) ([]variant, []func() (rng.Dist, error)) {
	var p struct{ value, min, max, p50, p95, mean, cv, sigma, s float64 }
	var ranks int
	var values []float64
	var of rng.Dist
	var parts []rng.Part
	value := func(dst *float64) reader {
		return func(c cursor) { *dst, _ = q(c) }
	}
	cut := may("max", value(&p.max))
	capped := func(d rng.Dist, err error) (rng.Dist, error) {
		d.Max = p.max
		return d, err
	}
	forms := []variant{
		{"constant", []field{need("value", value(&p.value))}},
		{"uniform", []field{need("min", value(&p.min)), need("max", value(&p.max))}},
		{"lognormal", []field{may("p50", value(&p.p50)), may("p95", value(&p.p95)),
			may("mean", value(&p.mean)), may("sigma", number(&p.sigma, bounds{0, 10})), cut}},
		{"gamma", []field{need("mean", value(&p.mean)), need("cv", number(&p.cv, bounds{0.001, 1000})), cut}},
		{"zipf", []field{need("s", number(&p.s, bounds{0, 100})), need("max", count(&ranks, 1, rng.MaxZipf))}},
		{"empirical", []field{need("values", func(c cursor) { values = readValues(c, q) }), cut}},
	}
	build := []func() (rng.Dist, error){
		func() (rng.Dist, error) { return rng.NewConstant(p.value), nil },
		func() (rng.Dist, error) { return rng.NewUniform(p.min, p.max) },
		func() (rng.Dist, error) {
			switch given := [4]bool{c.child("p50").ok(), c.child("p95").ok(), c.child("mean").ok(), c.child("sigma").ok()}; given {
			case [4]bool{true, true, false, false}:
				return capped(rng.NewLognormal(p.p50, p.p95))
			case [4]bool{false, false, true, true}:
				return capped(rng.NewLognormalMean(p.mean, p.sigma))
			}
			return rng.Dist{}, errors.New("lognormal needs either p50 and p95, or mean and sigma")
		},
		func() (rng.Dist, error) { return capped(rng.NewGamma(p.mean, p.cv)) },
		func() (rng.Dist, error) { return rng.NewZipf(p.s, ranks) },
		func() (rng.Dist, error) { return capped(rng.NewEmpirical(values)) },
	}
	if which == smooth {
		return forms[2:4], build[2:4]
	}
	forms = append(forms, variant{"truncated", []field{need("of", oneFamily(&of, q, smooth)), need("min", value(&p.min)), need("max", value(&p.max))}})
	build = append(build, func() (rng.Dist, error) { return rng.NewTruncated(of, p.min, p.max) })
	if which == notMixed {
		return forms, build
	}
	forms = append(forms, variant{"mixture", []field{need("parts", func(c cursor) { parts = readParts(c, q) }), cut}})
	return forms, append(build, func() (rng.Dist, error) { return capped(rng.NewMixture(parts)) })
}

// readParts reads what a mixture is of.
func readParts(c cursor, q quantity) []rng.Part {
	var parts []rng.Part
	c.items("parts", func(_ int, c cursor) {
		var p rng.Part
		c.mapping(need("weight", number(&p.Weight, bounds{1e-6, 1e6})), need("of", distOf(&p.Of, q, notMixed)))
		parts = append(parts, p)
	})
	return parts
}

// maxValues bounds the table of an empirical distribution.
const maxValues = 100_000

func readValues(c cursor, q quantity) []float64 {
	if c.described(shape{Type: []string{"array"}, Items: &shape{}, MaxItems: maxValues}) {
		q(cursor{c.problems, c.n, c.path + "[]", c.shape.Items})
		return nil
	}
	if !c.is(list, "a list of values") {
		return nil
	}
	if len(c.n.items) > maxValues {
		c.fail("has %d values; at most %d are allowed", len(c.n.items), maxValues)
		return nil
	}
	var values []float64
	for i, item := range c.n.items {
		v, _ := q(cursor{problems: c.problems, n: item, path: fmt.Sprintf("%s[%d]", c.path, i)})
		values = append(values, v)
	}
	return values
}
