package ui

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"ratesim/provider/catalog"
	"ratesim/reports"
	"ratesim/reports/chart"
	"ratesim/reports/page"
	"ratesim/reports/words"
	"ratesim/scenarios"
	strategycatalog "ratesim/strategies/catalog"
)

var templates = template.Must(template.New("").Funcs(template.FuncMap{"text": words.Printable}).ParseFS(assets, "assets/*.html"))

// fill returns what a template makes of data.
func fill(name string, data any) string {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		return template.HTMLEscapeString(err.Error()) // templates are part of the program, and tested
	}
	return b.String()
}

// write sends a page or a part of one.
func write(w http.ResponseWriter, html string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(html)) // a page that is gone reads nothing
}

// A tab is a part of the answer.
type tab struct{ ID, Label string }

var tabs = []tab{{"compare", "Compare"}, {"time", "Over time"}, {"cost", "Cost and differences"}, {"assumed", "What was assumed"}, {"numbers", "All numbers"}}

// show is the whole page, as its URL has it.
func (s *server) show(w http.ResponseWriter, r *http.Request) {
	write(w, fill("page.html", struct {
		Page  string
		Tabs  []tab
		Panel template.HTML
	}{s.pages.open().id, tabs, template.HTML(s.controls(r))}))
}

// panel is the part of the page in which is chosen.
func (s *server) panel(w http.ResponseWriter, r *http.Request) { write(w, s.controls(r)) }

// An option of a select.
type option struct {
	Value, Label string
	Selected     bool
}

// optgroup is a group of options.
type optgroup struct {
	Label   string
	Options []option
}

// check is a strategy to be chosen.
type check struct {
	Name    string
	Checked bool
	Was     bool
}

// controls fills the panel.
func (s *server) controls(r *http.Request) string {
	st, _ := readState(r.URL.Query())
	u := s.open(st)
	v := struct {
		Scenarios []option
		About     string
		Log       *upload
		Own       string // deployment of the scenario
		Providers []optgroup
		Groups    []fieldGroup
		Checks    []check
		Add       []string
		Catalog   []string
		Seed      uint64
		Wrong     []problem
	}{Scenarios: s.choices(&st), Log: s.files.get(st.log), Add: st.add, Seed: st.seed}
	for _, p := range u.wrong {
		v.Wrong = append(v.Wrong, problem{p.Field, s.files.named(p.Text)})
	}
	if u.file == nil {
		return fill("panel.html", v)
	}
	v.About = u.base.About
	v.Own = u.own
	v.Providers = s.providers(u.base.Deployments[0].Ref)
	for _, f := range u.fields {
		if len(v.Groups) == 0 || v.Groups[len(v.Groups)-1].Name != f.Group {
			v.Groups = append(v.Groups, fieldGroup{Name: f.Group})
		}
		value, given := st.values[f.Name]
		if !given {
			value = f.Was
		}
		g := &v.Groups[len(v.Groups)-1]
		g.Fields = append(g.Fields, fieldView{f, value})
	}
	for _, name := range u.names {
		v.Checks = append(v.Checks, check{name, !st.chosen || slices.Contains(st.strategies, name), true})
	}
	for _, name := range st.strategies {
		if !slices.Contains(u.names, name) {
			v.Checks = append(v.Checks, check{name, true, false})
		}
	}
	v.Catalog = strategycatalog.Names()
	return fill("panel.html", v)
}

type fieldGroup struct {
	Name   string
	Fields []fieldView
}

type fieldView struct {
	field
	Value string
}

// choices are the scenarios to choose from.
func (s *server) choices(st *state) []option {
	var out []option
	if st.log != "" {
		out = append(out, option{"", "the log alone", st.scenario == ""})
	}
	list := scenarios.Library()
	if !slices.Contains(list, s.Name) {
		list = append([]string{s.Name}, list...)
	}
	for _, name := range list {
		value := name
		if name == s.Name && st.log == "" {
			value = ""
		}
		out = append(out, option{value, filepath.Base(name), st.scenario == name || st.scenario == value})
	}
	for _, up := range s.files.all() {
		if !up.log {
			out = append(out, option{up.ID, up.Name, st.scenario == up.ID})
		}
	}
	return out
}

// providers are the deployments to choose from, those of the same model first.
func (s *server) providers(now string) []optgroup {
	model, _, _ := strings.Cut(now, "@")
	var out []optgroup
	add := func(label, ref string) {
		i := slices.IndexFunc(out, func(g optgroup) bool { return g.Label == label })
		if i < 0 {
			i = len(out)
			out = append(out, optgroup{Label: label})
		}
		out[i].Options = append(out[i].Options, option{ref, ref, ref == now})
	}
	known := slices.ContainsFunc(s.Catalog.List(), func(r catalog.Row) bool { return r.Ref == now })
	if !known {
		add(model, now)
	}
	for _, same := range []bool{true, false} {
		for _, r := range s.Catalog.List() {
			ref := r.Ref
			if r.Minimum > 0 {
				ref = strings.Replace(ref, "ptu-N", fmt.Sprintf("ptu-%d", r.Minimum), 1)
			}
			label := r.Config.Vendor
			of := strings.HasPrefix(ref, model+"@")
			if of {
				label = model
			}
			if of == same && ref != now || known && ref == now && same {
				add(label, ref)
			}
		}
	}
	return out
}

// scenario sends the state as a scenario file.
func (s *server) scenario(w http.ResponseWriter, r *http.Request) {
	st, wrong := readState(r.URL.Query())
	u := s.open(st)
	u.wrong = append(u.wrong, wrong...)
	spec := u.read()
	if spec == nil {
		var list []string
		for _, p := range u.wrong {
			list = append(list, s.files.named(strings.TrimPrefix(p.Field+": "+p.Text, ": ")))
		}
		http.Error(w, strings.Join(list, "\n"), http.StatusUnprocessableEntity)
		return
	}
	text, err := u.file.YAML(u.opt)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	name := plainName(s.files.named(spec.Name))
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", strings.TrimSuffix(name, ".yaml")+".yaml"))
	_, _ = fmt.Fprintf(w, "# Saved by ratesim ui. The same on the command line:\n#   %s\n%s", s.command(u), s.files.named(string(text))) // a page that is gone reads nothing
}

// command is what shows the same on the command line.
func (s *server) command(u *setup) string {
	name, trace := cmp.Or(u.state.scenario, s.Name), ""
	if up := s.files.get(u.state.scenario); up != nil {
		name = up.Name
	}
	if up := s.files.get(u.state.log); up != nil {
		trace = up.Name
		if u.state.scenario == "" {
			name = ""
		}
	}
	if name == scenarios.Default && trace == "" {
		name = ""
	}
	return u.command(name, trace)
}

// draw makes the parts of the page from what it shows.
func (s *server) draw(p *visit, x *shown) answer {
	p.mu.Lock()
	kept := p.kept
	p.mu.Unlock()
	d := reports.Compare(x.result, "")
	d.Data, d.Records = nil, nil // of the parts none has a result to save
	a := answer{Title: d.Title, Command: d.Command, Stays: p.stays(), Parts: map[string]string{}}
	a.Lead = fill("lead.html", d.Lead)
	if kept != nil && kept.result != x.result {
		a.Kept = fmt.Sprintf("Pale: %s, which was kept. It said: %s", words.Printable(kept.label), kept.title)
	}
	charts := chart.Compare(x.result)
	if a.Kept != "" {
		chart.Behind(charts, chart.Compare(kept.result), kept.label)
	}
	for _, c := range charts {
		part := "compare"
		switch c.(type) {
		case *chart.Strips, *chart.TimeSeries, *chart.Bars:
			part = "time"
		case *chart.Scatter:
			part = "cost"
		}
		if c.Heading().Name == "differences" {
			part = "cost"
		}
		a.Parts[part] += drawn(func(w io.Writer) error { return page.Chart(w, c) })
	}
	for _, x := range []struct {
		tab  string
		part page.Part
	}{{"assumed", page.Caution}, {"assumed", page.Settings}, {"numbers", page.Numbers}} {
		a.Parts[x.tab] += drawn(func(w io.Writer) error { return x.part.Write(w, d) })
	}
	a.Parts["assumed"] += fill("again.html", d)
	for _, t := range tabs {
		if a.Parts[t.ID] == "" {
			a.Parts[t.ID] = fill("nothing.html", t.Label)
		}
	}
	return a
}

// drawn returns what is written, or what went wrong.
func drawn(write func(io.Writer) error) string {
	var b strings.Builder
	if err := write(&b); err != nil {
		return template.HTMLEscapeString(err.Error())
	}
	return b.String()
}

// report is the whole report of what the page shows.
func (s *server) report(w http.ResponseWriter, r *http.Request) {
	p := s.pages.find(r.URL.Query().Get("page"))
	if p == nil || p.current() == nil {
		http.Error(w, "There is no result yet.", http.StatusNotFound)
		return
	}
	res := p.current().result
	d := reports.Compare(res, "")
	d.Charts = chart.Compare(res)
	var b bytes.Buffer
	if err := (page.HTML{}).Report(&b, d); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Del("Content-Security-Policy") // it has its own, which allows its one script by its hash
	write(w, b.String())
}
