package ui

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ratesim/reports/words"
	"ratesim/sim"
	"ratesim/sim/metrics"
)

// pages are the pages that are open, the one used last at the end.
type pages struct {
	mu   sync.Mutex
	next int
	list []*visit
}

// A visit is one tab of a browser. It runs one thing at a time.
type visit struct {
	id   string
	turn sync.Mutex // of who runs

	mu     sync.Mutex
	cancel context.CancelFunc // of what runs; nil = nothing does
	shown  *shown             // what the page shows; nil = nothing yet
	kept   *shown             // what is drawn pale behind it
	seeds  []seedAnswer       // of the same state with other seeds
}

// shown is a result and what it is of.
type shown struct {
	result *metrics.Result
	of     string // the query without the seed
	title  string // of a run that is kept, as is
	label  string
}

// A seedAnswer is whom the verdict chose with a seed.
type seedAnswer struct {
	of     string
	seed   uint64
	chosen []string
}

// open returns a new page. The oldest that runs nothing is forgotten.
func (p *pages) open() *visit {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	x := &visit{id: "page-" + strconv.Itoa(p.next)}
	p.list = append(p.list, x)
	if len(p.list) > mostPages {
		i := max(0, slices.IndexFunc(p.list, func(o *visit) bool { return !o.running() }))
		p.list[i].stop()
		p.list = slices.Delete(p.list, i, i+1)
	}
	return x
}

// find returns a page by its id; nil if it has been forgotten.
func (p *pages) find(id string) *visit {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.list, func(x *visit) bool { return x.id == id })
	if i < 0 {
		return nil
	}
	x := p.list[i]
	p.list = append(slices.Delete(p.list, i, i+1), x)
	return x
}

func (p *visit) running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cancel != nil
}

// stop ends what runs.
func (p *visit) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}

// begin stops what the page runs, waits until it has ended, and returns the context of
// the next run. The caller must call end.
func (p *visit) begin(ctx context.Context) (running context.Context, end func()) {
	p.stop()
	p.turn.Lock()
	ctx, cancel := context.WithCancel(ctx)
	p.mu.Lock()
	p.cancel = cancel
	p.mu.Unlock()
	return ctx, func() {
		cancel()
		p.mu.Lock()
		p.cancel = nil
		p.mu.Unlock()
		p.turn.Unlock()
	}
}

// An answer is what the page puts in its places.
type answer struct {
	Title   string            `json:"title"`
	Lead    string            `json:"lead"`  // HTML, as are the parts
	Parts   map[string]string `json:"parts"` // by tab
	Command string            `json:"command"`
	Stays   string            `json:"stays"` // whether the answer stays with other seeds
	Kept    string            `json:"kept"`
}

// run simulates the state of the query, and sends events while replications come:
// problem, progress, result and done.
func (s *server) run(w http.ResponseWriter, r *http.Request) {
	p := s.pages.find(r.URL.Query().Get("page"))
	e := &events{w: w, rc: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	if p == nil {
		e.send("problem", []problem{{"", fmt.Sprintf("This page has been forgotten, for more than %d are open. Load it again.", mostPages)}})
		return
	}
	ctx, end := p.begin(r.Context())
	defer end()
	if ctx.Err() != nil {
		return // it was replaced while it waited
	}
	st, wrong := readState(r.URL.Query())
	u := s.open(st)
	u.wrong = append(u.wrong, wrong...)
	spec := u.read()
	if spec == nil {
		for i := range u.wrong {
			u.wrong[i].Text = s.files.named(u.wrong[i].Text)
		}
		e.send("problem", u.wrong)
		return
	}
	began := time.Now()
	of := stateless(r)
	show := func(res *metrics.Result, done bool) {
		res.Version, res.Command = s.Version, s.command(u)
		s.unname(res)
		x := &shown{result: res, of: of}
		p.show(x, done)
		e.send("result", s.draw(p, x))
		e.send("progress", fmt.Sprintf("%s, %s", words.Replications(res), took(began)))
	}
	opt := sim.Options{Seed: st.seed, MostCalls: sim.ManyCalls, Catalog: s.Catalog, Interim: func(res *metrics.Result) { show(res, false) }}
	var last time.Time
	opt.Progress = func(at sim.Progress) {
		if now := time.Now(); now.Sub(last) > 100*time.Millisecond && now.Sub(began) > 300*time.Millisecond {
			last = now
			e.send("progress", fmt.Sprintf("%d runs of %d at most, %s", at.Done, at.Most, took(began)))
		}
	}
	res, err := sim.Compare(ctx, spec, opt)
	switch {
	case ctx.Err() != nil:
		return // the page is gone, or runs something else
	case err != nil:
		e.send("problem", []problem{{"", s.files.named(err.Error())}})
		return
	}
	show(res, true)
	e.send("done", fmt.Sprintf("%s, %s", words.Replications(res), took(began)))
}

func took(began time.Time) string { return fmt.Sprintf("%.1f s", time.Since(began).Seconds()) }

// stateless is the query without what may differ between runs that are compared as the
// same.
func stateless(r *http.Request) string {
	q := r.URL.Query()
	q.Del("seed")
	q.Del("page")
	return q.Encode()
}

// unname calls uploaded files by their own names.
func (s *server) unname(r *metrics.Result) {
	r.Scenario = s.files.named(r.Scenario)
	for _, list := range [][]string{r.Warnings, r.Assumed} {
		for i := range list {
			list[i] = s.files.named(list[i])
		}
	}
	for i := range r.Setting {
		r.Setting[i].Text = s.files.named(r.Setting[i].Text)
	}
}

// show makes x what the page shows. A result that is done answers for its seed.
func (p *visit) show(x *shown, done bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = x
	p.seeds = slices.DeleteFunc(p.seeds, func(a seedAnswer) bool { return a.of != x.of || a.seed == x.result.Seed })
	if v := x.result.Verdict; done && v != nil {
		p.seeds = append(p.seeds, seedAnswer{x.of, x.result.Seed, v.Chosen})
	}
}

// stays says whether seeds agree; empty with one.
func (p *visit) stays() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seeds) < 2 {
		return ""
	}
	var seeds, each []string
	same := true
	for _, a := range p.seeds {
		seeds = append(seeds, strconv.FormatUint(a.seed, 10))
		each = append(each, fmt.Sprintf("seed %d: %s", a.seed, names(a.chosen)))
		same = same && sameSet(a.chosen, p.seeds[0].chosen)
	}
	if same {
		return fmt.Sprintf("The answer stays with seeds %s: %s.", words.List(seeds, "and"), names(p.seeds[0].chosen))
	}
	return "The answer depends on the seed. " + strings.Join(each, "; ") + "."
}

func sameSet(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

func names(list []string) string {
	if len(list) == 0 {
		return "nobody"
	}
	return words.List(words.Printables(list), "and")
}

// keep keeps what the page shows, to be drawn behind what comes next, or with drop=1
// forgets what was kept. It answers with what the page shows from now on.
func (s *server) keep(w http.ResponseWriter, r *http.Request) {
	p := s.pages.find(r.URL.Query().Get("page"))
	if p == nil || p.current() == nil {
		http.Error(w, "There is no run to keep.", http.StatusConflict)
		return
	}
	x := p.current()
	p.mu.Lock()
	if p.kept = nil; r.URL.Query().Get("drop") == "" {
		kept := *x
		kept.title = words.Verdict(x.result)[0]
		label := []rune(r.URL.Query().Get("label"))
		kept.label = string(label[:min(len(label), 20)])
		p.kept = &kept
	}
	p.mu.Unlock()
	sendJSON(w, s.draw(p, x))
}

func (p *visit) current() *shown {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown
}

// events writes server-sent events.
type events struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// send sends v as JSON. What goes wrong is that the page is gone, of which the context
// tells.
func (e *events) send(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return // of strings alone: cannot be
	}
	_, _ = fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", name, data)
	_ = e.rc.Flush()
}
