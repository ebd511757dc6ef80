package strategies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Entry is a strategy that users can name: a row of the catalog.
type Entry struct {
	Name  string
	About string // one line
	Keeps Keeps
	// Omniscient strategies need Env.Peek, and one value serves the whole
	// fleet. They exist in simulation only.
	Omniscient bool
	// Alone strategies pace to the whole advertised limit, as if no other instance
	// shared it.
	Alone bool
	Builder
}

// Builder has a strategy's parameters, and the function that makes its Factory from them.
type Builder struct {
	Params []Param
	// Make is given a value for each parameter that the user wrote or that has a
	// default. known is the part of Env that is the same for all instances. The Factory is
	// nil if there are errors.
	Make func(v Values, known Env) (Factory, []ParamError)
}

// Keeps says what a strategy has to keep, or whom it has to ask, beside the calls that
// it retries. Of strategies that serve equally well, the one that keeps least is
// recommended.
type Keeps uint8

// What strategies keep, the simplest first.
const (
	KeepsNothing Keeps = iota // it sends a call once
	KeepsTimers               // when calls are retried
	KeepsBooks                // what it has sent, held against limits that somebody told it
	KeepsBeliefs              // what it has learned of the limits from replies
	KeepsCompany              // another process, or another deployment
)

// Build checks args and returns the Factory that makes the strategy of each instance.
// Parameters that are not in args have their defaults. known is the part of Env that is
// the same for all instances: its Deployments, at least one, and its Tenants. All
// errors are reported, sorted by parameter; the Factory is nil then.
func (e *Entry) Build(args Args, known Env) (Factory, []ParamError) {
	var errs []ParamError
	if len(known.Deployments) == 0 {
		return nil, []ParamError{{Msg: "there is no deployment to send to"}}
	}
	v := make(Values, len(e.Params))
	names := make([]string, len(e.Params))
	for i, p := range e.Params {
		names[i] = p.Name
		s, given := args[p.Name]
		if !given {
			s = p.Default
		}
		applies := e.applies(&p, args)
		if !given && (s == "" || !applies) {
			continue
		}
		parsed, err := p.parse(s, known)
		if !applies {
			err = fmt.Errorf("is for %v only", p.With)
		}
		if err != nil {
			errs = append(errs, ParamError{Param: p.Name, Msg: err.Error()})
			continue
		}
		v[p.Name] = parsed
	}
	for name := range args {
		if !slices.Contains(names, name) {
			errs = append(errs, ParamError{Param: name, Msg: e.Name + " has no such parameter", Known: names})
		}
	}
	slices.SortFunc(errs, func(a, b ParamError) int { return cmp.Compare(a.Param, b.Param) })
	if len(errs) > 0 {
		return nil, errs
	}
	return e.Make(v, known)
}

// applies reports whether the part that p belongs to is chosen.
func (e *Entry) applies(p *Param, args Args) bool {
	w := p.With
	if w.Param == "" {
		return true
	}
	chosen, given := args[w.Param]
	if i := slices.IndexFunc(e.Params, func(q Param) bool { return q.Name == w.Param }); i < 0 {
		return true // the entry has chosen it for all
	} else if !given {
		chosen = e.Params[i].Default
	}
	return chosen != "" && (w.Values == nil || slices.Contains(w.Values, chosen))
}

// Named reports whether name is full, or full without its version. In the catalog older
// versions stand before newer ones, so that the newest is the last one of a name.
func Named(full, name string) bool {
	library, _, versioned := strings.Cut(full, "@")
	return full == name || versioned && library == name
}
