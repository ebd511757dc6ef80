package page

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ratesim/reports"
	"ratesim/reports/page/pagetest"
)

// saved writes the page of a document to disk, from where a reader opens it.
func saved(t *testing.T, d *reports.Document) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(written(t, d)), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPageInBrowser(t *testing.T) {
	b := pagetest.Start(t)
	path := saved(t, small())
	for _, v := range pagetest.Views() {
		t.Run(v.Name(), func(t *testing.T) {
			p := b.Open(t, path, v)
			p.Quiet()
			p.Fits()
			p.Accessible()
			p.Shoot("report-" + v.Name())
		})
	}
}

func TestHostilePageInBrowser(t *testing.T) {
	b := pagetest.Start(t)
	d := small()
	for _, c := range d.Charts {
		poison(c)
	}
	d.Name, d.Title, d.Tables[0].Rows[0].Name = bad, bad, bad
	for _, width := range []int{1200, 390} {
		p := b.Open(t, saved(t, d), pagetest.View{Width: width})
		p.Quiet()
		p.Fits()
		p.Accessible()
		if n := pagetest.Eval[int](p, `document.images.length + document.querySelectorAll("[onerror]").length`); n != 0 {
			t.Errorf("the names became %d elements", n)
		}
		if s := pagetest.Eval[string](p, `document.querySelector("h1").textContent`); !strings.Contains(s, "</script><img src=x") {
			t.Errorf("the title is %q", s)
		}
	}
}

func TestSortInBrowser(t *testing.T) {
	b := pagetest.Start(t)
	p := b.Open(t, saved(t, small()), pagetest.View{Width: 1200})
	rows := func(table string) string {
		return pagetest.Eval[string](p, `[...document.querySelectorAll("`+table+` tbody tr th")].map(e => e.textContent).join(" ")`)
	}
	sorted := func(table, column string) string {
		return pagetest.Eval[string](p, `document.querySelector("`+table+` th:nth-child(`+column+`)").getAttribute("aria-sort")`)
	}
	for _, c := range []struct{ table, column, order, rows string }{
		{".numbers", "2", "ascending", "paced web jitter oracle"},
		{".numbers", "2", "descending", "jitter paced web oracle"}, // what has no value stays last, a part with its whole
		{".numbers", "1", "ascending", "paced web jitter oracle"},
		{".rank", "3", "ascending", "paced jitter oracle"},
		{".rank", "3", "descending", "jitter paced oracle"},
	} {
		p.Click(c.table + " th:nth-child(" + c.column + ") button")
		if got := rows(c.table); got != c.rows {
			t.Errorf("column %s of %s %s: the rows are %q, not %q", c.column, c.table, c.order, got, c.rows)
		}
		if got := sorted(c.table, c.column); got != c.order {
			t.Errorf("column %s of %s is said to be sorted %q, not %q", c.column, c.table, got, c.order)
		}
	}
	p.Quiet()
	p.Accessible()
}

func TestTogglesInBrowser(t *testing.T) {
	b := pagetest.Start(t)
	p := b.Open(t, saved(t, small()), pagetest.View{Width: 1200})
	shown := func() string {
		return pagetest.Eval[string](p, `[".curves .line", ".strips .strip", ".timeseries .line"].map(s => [...document.querySelectorAll(s + "[data-n]")].filter(e => getComputedStyle(e).display != "none").map(e => e.dataset.n.replace("\n", "=")).join(",")).join(" | ")`)
	}
	const all = "jitter=fixed,oracle,paced | paced,jitter | jitter,paced"
	if got := shown(); got != all {
		t.Fatalf("at first %q is shown", got)
	}
	p.Click(".curves .toggles summary")
	p.Click(`.curves .toggles input[value="paced"]`)
	if got, want := shown(), "jitter=fixed,oracle | jitter | jitter"; got != want {
		t.Errorf("without paced %q is shown, not %q", got, want)
	}
	p.Click(`.curves .toggles input[value="jitter"]`)
	if got, want := shown(), "jitter=fixed,oracle |  | "; got != want { // fixed is the same line and is still wanted
		t.Errorf("without jitter %q is shown, not %q", got, want)
	}
	if got := pagetest.Eval[string](p, `document.querySelector(".curves summary").textContent`); got != "Shown: 2 of 4" {
		t.Errorf("the summary says %q", got)
	}
	p.Click(".curves .toggles button") // all
	if got := shown(); got != all {
		t.Errorf("after All %q is shown", got)
	}
	p.Quiet()
	p.Accessible()
}

// tooltip moves the pointer to a share of the width of a plot, and returns what it says.
func tooltip(p *pagetest.Page, selector string, share float64) []string {
	return strings.Split(pagetest.Eval[string](p, `(() => {
		const plot = document.querySelector(`+quoted(selector)+`);
		plot.scrollIntoView({block: "center"});
		const area = plot.matches("svg") ? plot : plot.querySelector(".area"), box = area.getBoundingClientRect();
		plot.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, clientX: box.left + box.width * `+quoted(share)+`, clientY: box.top + 5}));
		return document.querySelector(".ratesim-tip").hidden ? "" : document.querySelector(".ratesim-tip").textContent;
	})()`), "\n")
}

func quoted(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// The values under the pointer are those of the document.
func TestValuesUnderThePointerInBrowser(t *testing.T) {
	b := pagetest.Start(t)
	p := b.Open(t, saved(t, small()), pagetest.View{Width: 1200})
	for _, c := range []struct {
		what, selector string
		share          float64
		want           []string
	}{
		// The x axis of the curves runs from 1 to 100 s within 91 % of its width, so that 45.5 %
		// is 10 s; fixed and jitter step down to 0.5 there, oracle goes on at it.
		{"curves", ".curves .plot", 0.4551, []string{"10.0 s", "50.0 %  jitter = fixed", "50.0 %  oracle"}},
		{"series", ".timeseries .plot", 0.35, []string{"3.5 s", "12  jitter", "3  paced"}},
		{"a gap in a series", ".timeseries .plot", 0.65, []string{"6.5 s", "0  paced"}},
		{"a strip", ".strip:nth-of-type(3) svg", 0.35, []string{"jitter at 3.5 s", "40 429s per second", "0 other failures per second", "2 calls given up per second"}},
		{"bars", ".panel .plot", 0.05, []string{"500 ms", "admitted: 10", "429: 50", "other failures: 0"}},
	} {
		got := tooltip(p, c.selector, c.share)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: under the pointer is %q, not %q", c.what, got, c.want)
		}
	}
	// The time axes are linked: a time in one plot is marked in all.
	tooltip(p, ".timeseries .plot", 0.35)
	marks := pagetest.Eval[[]string](p, `[...document.querySelectorAll(".cursor.on")].map(c => c.getAttribute("x1"))`)
	if len(marks) != 6 { // the load, two strips, the series, two panels of bars
		t.Errorf("%d plots mark the time: %v", len(marks), marks)
	}
	for _, m := range marks {
		if m != "35%" {
			t.Errorf("a plot marks the time at %s", m)
		}
	}
	p.Do("reading a plot with the keyboard", chromedp.Focus(chromedp.CSS(".timeseries .plot")), chromedp.KeyEvent("\u0303")) // arrow right
	if got := pagetest.Eval[string](p, `document.querySelector(".ratesim-tip").textContent`); !strings.HasPrefix(got, "3.6 s") {
		t.Errorf("an arrow key right of 3.5 s says %q", got)
	}
	p.Quiet()
}

func TestSavingInBrowser(t *testing.T) {
	b := pagetest.Start(t)
	for name, d := range map[string]*reports.Document{"plain": small(), "compressed": documentOf(forty())} {
		p := b.Open(t, saved(t, d), pagetest.View{Width: 1200})
		var asJSON, asCSV, compact bytes.Buffer
		if err := (reports.JSON{}).Report(&asJSON, d); err != nil {
			t.Fatal(err)
		}
		if err := (reports.CSV{}).Report(&asCSV, d); err != nil {
			t.Fatal(err)
		}
		if err := json.Compact(&compact, asJSON.Bytes()); err != nil {
			t.Fatal(err)
		}
		for file, want := range map[string][]byte{"result.json": compact.Bytes(), "result.csv": asCSV.Bytes()} {
			got, body := p.Download(`[data-save="` + strings.TrimPrefix(filepath.Ext(file), ".") + `"]`)
			if got != file || !bytes.Equal(bytes.TrimSpace(body), bytes.TrimSpace(want)) {
				t.Errorf("%s: %s was saved as %s with %d bytes, not %d", name, file, got, len(body), len(want))
			}
		}
		p.Quiet()
	}
}

// Forty strategies over an hour are drawn in less than a second, and those beyond the
// first twenty are folded.
func TestManyInBrowser(t *testing.T) {
	b := pagetest.Start(t)
	path := saved(t, documentOf(forty()))
	p := b.Open(t, path, pagetest.View{Width: 1200})
	wall := pagetest.Eval[float64](p, `new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))`)
	t.Logf("drawn in %v of processor time, %.0f ms on the clock", p.Busy(), wall)
	if busy := p.Busy(); busy > time.Second {
		t.Errorf("drawing took %v of processor time", busy)
	}
	p = b.Open(t, path, pagetest.View{Width: 390})
	p.Quiet()
	p.Fits()
	p.Accessible()
	rows := func() int {
		return pagetest.Eval[int](p, `[...document.querySelectorAll(".rank:has(.fold) tbody tr")].filter(e => e.offsetHeight).length`)
	}
	before := rows()
	p.Click(".ratesim-more")
	if after := rows(); before%20 != 0 || after <= before {
		t.Errorf("%d rows are shown, and then %d", before, after)
	}
}
