package scenarios

import (
	"slices"
	"strings"

	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
)

func (d *decoder) readStrategies() {
	known := d.spec.Env(rng.New(0, 0))
	d.strategies.items("strategies", func(_ int, c cursor) {
		s, ok := d.strategy(c, known)
		if !ok {
			return
		}
		if slices.Contains(d.strategyNames(), s.Name) {
			c.fail("%s is taken by another strategy; give this one a name of its own: {name: …, use: %s}", quote(s.Name), s.Use)
			return
		}
		d.spec.Strategies = append(d.spec.Strategies, s)
	})
	if d.strategies.n.kind == list && len(d.strategies.n.items) == 0 {
		d.strategies.fail("is empty; want at least one strategy")
	}
}

func (d *decoder) strategyNames() []string {
	var list []string
	for i := range d.spec.Strategies {
		list = append(list, d.spec.Strategies[i].Name)
	}
	return list
}

// strategy reads a name of the catalog, or a mapping of name, use and
// parameters.
func (d *decoder) strategy(c cursor, env strategies.Env) (s Strategy, ok bool) {
	before := len(d.found)
	use := c
	s.Args = strategies.Args{}
	if c.n.kind == mapping {
		if use = c.child("use"); !use.ok() {
			use = c.child("name") // a preset may be named by either
		}
		if c.child("layers").ok() && !c.child("use").ok() {
			s.Use = "layers"
		}
		if !use.ok() && s.Use == "" {
			c.fail("want the key use with the name of a strategy: %s", strings.Join(listed(catalog.Names()), ", "))
			return s, false
		}
		if name := c.child("name"); name.ok() {
			text(&s.Name)(name)
		}
		args(s.Args, c)
	}
	if s.Use == "" {
		text(&s.Use)(use)
	}
	if len(d.found) > before {
		return s, false
	}
	known, found := catalog.Find(s.Use)
	if !found {
		use.fail("%s", unknownStrategy(s.Use, catalog.Names()))
		return s, false
	}
	if s.Name == "" || s.Name == s.Use {
		s.Name = known.Name // results say the version
	}
	factory, faults := known.Build(s.Args, env)
	if len(faults) > 0 && len(s.Args) == 0 && (c.n.at.file == allStrategies || d.moved && c.n.at.file != "--strategies") {
		d.warn("strategy %s is left out: %s", s.Name, faults[0].Error())
		return s, false
	}
	for _, f := range faults {
		if _, given := s.Args[f.Param]; given || !d.doubtful {
			reportParam(c, f)
		}
	}
	s.Rank = catalog.Simplicity(known.Name)
	s.Factory, s.Omniscient, s.Share = factory, known.Omniscient, known.Share(s.Args, env)
	return s, len(faults) == 0
}

// With returns k with other parameters, under another name, and what is wrong with them.
func (s *Spec) With(k *Strategy, name string, args strategies.Args) (Strategy, []strategies.ParamError) {
	other, known, env := *k, k.Entry(), s.Env(rng.New(0, 0))
	other.Name, other.Args, other.Share = name, args, known.Share(args, env)
	var faults []strategies.ParamError
	other.Factory, faults = known.Build(args, env)
	return other, faults
}

// Entry returns the row of the catalog that k is made by.
func (k *Strategy) Entry() *strategies.Entry {
	known, _ := catalog.Find(k.Use) // a scenario is not read with another name
	return known
}

func unknownStrategy(name string, known []string) string {
	shown := family(name, known)
	if shown == nil {
		shown = listed(known)
		if !strings.Contains(name, "@") { // nor does what it means have a version
			known = slices.Clone(known)
			for i, k := range known {
				known[i], _, _ = strings.Cut(k, "@")
			}
		}
	}
	return "unknown strategy " + quote(name) + suggest(name, known, shown)
}

// family returns the presets whose names begin as name does, before its version,
// with or without what they all begin with: of sdk:openai all of OpenAI's.
func family(name string, known []string) []string {
	name, _, _ = strings.Cut(name, "@")
	var list []string
	for _, k := range known {
		_, library, preset := strings.Cut(k, ":")
		switch {
		case preset && (strings.HasPrefix(k, name) || strings.HasPrefix(library, name)):
			list = append(list, k)
		case strings.HasPrefix(k, name):
			return nil // or it is the beginning of another
		}
	}
	return list
}

// listed returns what a message has room for: presets of client libraries,
// sdk:NAME@VERSION, of the article and of papers are many.
func listed(names []string) []string {
	preset := func(name string) bool { return strings.Contains(name, ":") }
	return append(slices.DeleteFunc(slices.Clone(names), preset), "sdk:…, article:… and paper:… (ratesim list strategies)")
}

// args reads the parameters in the mapping at c as text; lists are joined by
// commas, and of a mapping each key and value by an equals sign.
func args(dst strategies.Args, c cursor) {
	for _, e := range c.n.keys {
		if e.key == "name" || e.key == "use" {
			continue
		}
		var values []string
		v := c.child(e.key)
		if v.n.kind == mapping {
			for _, k := range v.n.keys {
				if s, ok := v.child(k.key).scalar("a value"); ok {
					values = append(values, k.key+"="+s)
				}
			}
		} else if v.n.kind == list {
			v.items("values", func(_ int, item cursor) {
				if s, ok := item.scalar("a value"); ok {
					values = append(values, s)
				}
			})
		} else if s, ok := v.scalar("a value or a list of values"); ok {
			values = []string{s}
		}
		dst[e.key] = strings.Join(values, ",")
	}
}

// reportParam says what a strategy found wrong, where the user wrote it.
func reportParam(c cursor, f strategies.ParamError) {
	if c.n.kind == mapping {
		for _, e := range c.n.keys {
			if e.key != f.Param || f.Param == "" {
				continue
			}
			if f.Known != nil {
				c.add(e.at, join(c.path, e.key), "unknown parameter%s", suggestion(e.key, append([]string{"name", "use"}, f.Known...)))
			} else {
				c.child(e.key).fail("%s", f.Msg)
			}
			return
		}
	}
	c.fail("%s", f.Error())
}
