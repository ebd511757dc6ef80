package ui

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"ratesim/scenarios"
)

// State is what the page's URL says: the scenario, and what is changed in it.
type state struct {
	scenario   string // an embedded one, the id of a file; empty = the log alone, or the one that the page starts with
	log        string // the id of an uploaded log; empty = the scenario's own traffic
	provider   string // empty = the scenario's
	strategies []string
	chosen     bool     // strategies are those that are meant; else the scenario's are
	add        []string // strategies with parameters: jitter max_retries=12
	seed       uint64
	values     map[string]string // of fields, as typed
}

// own are the keys of a URL that are no fields.
var own = []string{"scenario", "log", "provider", "strategy", "add", "seed", "page"}

// A problem is what is wrong with a field. Field is its name; empty = none is to blame.
type problem struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// readState reads a URL's query.
func readState(q url.Values) (state, []problem) {
	s := state{scenario: q.Get("scenario"), log: q.Get("log"), provider: q.Get("provider"), add: q["add"], seed: 1, values: map[string]string{}}
	_, s.chosen = q["strategy"]
	for _, name := range q["strategy"] {
		if name != "" {
			s.strategies = append(s.strategies, name)
		}
	}
	var wrong []problem
	if text := q.Get("seed"); text != "" {
		var err error
		if s.seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			wrong = append(wrong, problem{"seed", fmt.Sprintf("The seed takes a whole number from 0, not %q.", text)})
		}
	}
	for name, v := range q {
		if !slices.Contains(own, name) && v[0] != "" {
			s.values[name] = v[0]
		}
	}
	return s, wrong
}

// A setup is a state that has been looked up.
type setup struct {
	state  state
	file   *scenarios.File
	base   *scenarios.Spec // before fields are changed
	own    string          // the deployment that the scenario has itself
	fields []field
	names  []string // of strategies that the scenario declares
	opt    scenarios.Options
	by     map[string]string // the field that gave each option, by what errors call it
	wrong  []problem
}

// open looks a state up. What cannot be run is in setup.wrong; without a file there is
// nothing to show.
func (s *server) open(st state) *setup {
	u := &setup{state: st, by: map[string]string{"--provider": "provider", "--trace": "file", "--strategies": "strategies", "--instances": "instances"}}
	u.opt = scenarios.Options{Catalog: s.Catalog, Describe: s.files.describe, Provider: st.provider}
	if st.log != "" {
		up := s.files.get(st.log)
		if up == nil {
			u.fail("file", "The log is not here any more. Drop it again.")
			return u
		}
		u.opt.Trace = up.path
	}
	g, err := s.ground(st, u.opt)
	if err != nil {
		u.refused(err)
		return u
	}
	u.file, u.base, u.own = g.file, g.base, g.own
	for i := range u.base.Strategies {
		u.names = append(u.names, u.base.Strategies[i].Name)
	}
	u.choose()
	u.change(s)
	return u
}

// A ground is what sliders change: a scenario with its traffic, on its deployments.
type ground struct {
	file *scenarios.File
	base *scenarios.Spec
	own  string
}

// grounds are those that were used last. They are kept because every move of a slider
// asks for the same one.
type grounds struct {
	mu   sync.Mutex
	list map[[3]string]ground
}

// ground returns that of a state, whose options opt are before fields are changed.
func (s *server) ground(st state, opt scenarios.Options) (ground, error) {
	key := [3]string{st.scenario, st.log, st.provider}
	s.grounds.mu.Lock()
	defer s.grounds.mu.Unlock()
	if g, ok := s.grounds.list[key]; ok {
		return g, nil
	}
	var g ground
	var err error
	if g.file, err = s.find(st); err != nil {
		return g, err
	}
	if g.base, err = g.file.Read(opt); err != nil {
		return g, err
	}
	g.own = g.base.Deployments[0].Ref
	if opt.Provider = ""; st.provider != "" {
		if spec, err := g.file.Read(opt); err == nil {
			g.own = spec.Deployments[0].Ref
		}
	}
	if s.grounds.list == nil || len(s.grounds.list) >= mostFiles {
		s.grounds.list = map[[3]string]ground{}
	}
	s.grounds.list[key] = g
	return g, nil
}

func (u *setup) fail(field, text string) { u.wrong = append(u.wrong, problem{field, text}) }

// find returns the file of the state's scenario.
func (s *server) find(st state) (*scenarios.File, error) {
	switch {
	case st.scenario == "" && st.log != "":
		return scenarios.OpenTraffic()
	case st.scenario == "" || st.scenario == s.start():
		return s.Start, nil
	case slices.Contains(scenarios.Library(), st.scenario):
		return scenarios.Open(st.scenario, nil)
	}
	if up := s.files.get(st.scenario); up != nil {
		return scenarios.Open(up.path, nil)
	}
	return nil, fmt.Errorf("there is no scenario %q here; choose one of the list, or drop its file", st.scenario)
}

// keyed is a parameter of a strategy as it is typed.
var keyed = regexp.MustCompile(`^([a-z0-9_]+)=(\S+)$`)

// choose sets which strategies are compared.
func (u *setup) choose() {
	st := &u.state
	if !st.chosen && len(st.add) == 0 {
		return
	}
	list := st.strategies
	if !st.chosen {
		list = u.names
	}
	u.opt.Strategies = append([]string{}, list...)
	for _, text := range st.add {
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if len(words) == 1 {
			u.opt.Strategies = append(u.opt.Strategies, words[0])
			continue
		}
		item := fmt.Sprintf("{name: %q, use: %q", strings.Join(words, " "), words[0])
		for _, w := range words[1:] {
			pair := keyed.FindStringSubmatch(w)
			if pair == nil {
				u.fail("add", fmt.Sprintf("%q is no parameter. Write a strategy and its parameters: jitter max_retries=12 jitter=full.", w))
				return
			}
			item += fmt.Sprintf(", %s: %q", pair[1], pair[2])
		}
		u.opt.Strategies = append(u.opt.Strategies, item+"}")
		u.by["--strategies "+item+"}"] = "add"
	}
}

// change sets the fields that have other values than in the scenario.
func (u *setup) change(s *server) {
	shown := u.base
	if u.opt.Strategies != nil {
		spec, err := u.file.Read(u.opt)
		if err != nil {
			u.refused(err)
		} else {
			shown = spec
		}
	}
	values := map[string]float64{}
	for name, text := range u.state.values {
		v, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
		if err != nil {
			u.fail(name, fmt.Sprintf("Type a number, not %q.", text))
			continue
		}
		values[name] = v
	}
	u.fields = fields(u.file, shown, s.Catalog, values)
	for i := range u.fields {
		f := &u.fields[i]
		v, given := values[f.Name]
		if !given || number(v) == f.Was {
			continue
		}
		if f.Name == "instances" { // which takes a scenario's churn out
			u.opt.Instances = int(v)
			if v < 1 || v != float64(int(v)) {
				u.fail(f.Name, "Type a whole number from 1.")
			}
			continue
		}
		for _, change := range f.set(v) {
			u.opt.Set = append(u.opt.Set, change)
			u.by["--set "+change] = f.Name
		}
	}
	// A whole list of faults comes before what is changed in it.
	slices.SortStableFunc(u.opt.Set, func(a, b string) int {
		whole := func(s string) int { return len(s) - len(strings.TrimPrefix(s, "faults=")) }
		return cmp.Compare(whole(b), whole(a))
	})
}

// read returns the scenario to run, nil if something is wrong.
func (u *setup) read() *scenarios.Spec {
	if len(u.wrong) > 0 {
		return nil
	}
	spec, err := u.file.Read(u.opt)
	if err != nil {
		u.refused(err)
		return nil
	}
	return spec
}

// refused says at which fields the scenario's reader found something wrong.
func (u *setup) refused(err error) {
	list, ok := errors.AsType[scenarios.Errors](err)
	if !ok {
		u.fail("scenario", err.Error())
		return
	}
	for _, e := range list {
		flag, _, _ := strings.Cut(e.File, " ")
		field := cmp.Or(u.by[e.File], u.by[flag])
		text := e.Msg
		switch {
		case field == "":
			field, text = "scenario", e.Error()
		case e.Field != "":
			text = e.Field + ": " + text
		}
		if p := (problem{field, text}); !slices.Contains(u.wrong, p) {
			u.wrong = append(u.wrong, p)
		}
	}
}

// command is what shows the same on the command line.
func (u *setup) command(scenario, trace string) string {
	words := []string{"ratesim", "compare"}
	if scenario != "" {
		words = append(words, scenario)
	}
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag, value)
		}
	}
	add("--trace", trace)
	add("--provider", u.opt.Provider)
	if u.opt.Strategies != nil {
		add("--strategies", csvLine(u.opt.Strategies))
	}
	if u.opt.Instances > 0 {
		add("--instances", strconv.Itoa(u.opt.Instances))
	}
	for _, change := range u.opt.Set {
		add("--set", change)
	}
	if u.state.seed != 1 {
		add("--seed", strconv.FormatUint(u.state.seed, 10))
	}
	for i, w := range words {
		if strings.ContainsFunc(w, func(r rune) bool { return !strings.ContainsRune("-_./=:@,+%", r) && !alphanumeric(r) }) {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

func alphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// csvLine joins values as a flag that takes several has them.
func csvLine(values []string) string {
	list := slices.Clone(values)
	for i, v := range list {
		if strings.ContainsAny(v, `,"`) {
			list[i] = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
		}
	}
	return strings.Join(list, ",")
}
