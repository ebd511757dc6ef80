package ui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"ratesim/reports/page/pagetest"
	"ratesim/scenarios"
)

// idle is true when nothing runs and there is a result.
const idle = `!document.body.classList.contains("busy") && /replication/.test(document.querySelector("#progress").textContent)`

// text is the text of an element.
func text(p *pagetest.Page, selector string) string {
	return pagetest.Eval[string](p, fmt.Sprintf(`document.querySelector(%q).textContent`, selector))
}

// move moves a slider to a place from 0 to 1000, as a hand does.
func move(p *pagetest.Page, field string, place int) {
	pagetest.Eval[bool](p, fmt.Sprintf(`(() => {
		const r = document.querySelector('[data-of="%s"]');
		r.value = %d;
		return r.dispatchEvent(new Event('input', {bubbles: true}));
	})()`, field, place))
}

// address is the page's URL behind its path.
func address(p *pagetest.Page) string { return pagetest.Eval[string](p, `location.search`) }

// The page suits each width, light and dark.
func TestLooks(t *testing.T) {
	b := pagetest.Start(t)
	_, at := served(t, scenarios.Default)
	for _, v := range []pagetest.View{{Width: 1400}, {Width: 768, Dark: true}, {Width: 390}} {
		p := b.Open(t, at+"?load=1.2&strategy=none&strategy=naive&strategy=jitter&strategy=ptu&strategy=oracle", v)
		p.Wait(idle)
		if got := pagetest.Eval[string](p, `[...document.querySelectorAll(".was:not([hidden])")].map(e => e.textContent).join()`); got != "was 1 · back" {
			t.Errorf("what was changed is marked %q", got)
		}
		p.Click("#settings summary, .brand")
		for _, x := range tabs {
			p.Click("#tab-" + x.ID)
			p.Fits()
			p.Accessible()
			p.Shoot("ui-" + v.Name() + "-" + x.ID)
		}
		p.Quiet()
	}
}

// A slider that moves runs what it says, the URL says it too, and back undoes it.
func TestSlide(t *testing.T) {
	b := pagetest.Start(t)
	s, at := served(t, quickFile(t))
	p := b.Open(t, at, pagetest.View{Width: 1400})
	p.Wait(idle)
	if got := address(p); got != "" {
		t.Errorf("where nothing is changed the URL says %q", got)
	}
	before := text(p, "#part-compare")
	move(p, "rpm", 900)
	p.Wait(`document.querySelector("#f-rpm").value == 380`) // 6 × (600/6)^0.9, to two digits
	p.Wait(`location.search == "?rpm=380"`)
	p.Wait(`document.body.classList.contains("busy") || true`)
	p.Wait(idle)
	p.Wait(fmt.Sprintf(`document.querySelector("#part-compare").textContent != %q`, before))
	if got := text(p, `[data-field=rpm] .was`); got != "was 60 · back" {
		t.Errorf("the changed field says %q", got)
	}
	// Who opens the URL sees the same.
	q := b.Open(t, at+"?rpm=380", pagetest.View{Width: 1400})
	q.Wait(idle)
	if a, b := text(p, "#title"), text(q, "#title"); a != b {
		t.Errorf("the URL shows %q, want %q", b, a)
	}
	p.Click(`[data-field=rpm] .was button`)
	p.Wait(`location.search == ""`)
	p.Wait(idle)
	p.Wait(fmt.Sprintf(`document.querySelector("#part-compare").textContent == %q`, before))
	p.Quiet()
	q.Quiet()
	if n := len(s.pages.list); n != 2 {
		t.Errorf("%d pages are open, want 2", n)
	}
}

// Stop ends a run and leaves what is known; another run replaces one that runs.
func TestStop(t *testing.T) {
	b := pagetest.Start(t)
	s, at := served(t, "many-instances")
	p := b.Open(t, at, pagetest.View{Width: 1400})
	p.Wait(`document.querySelector("#part-compare").childElementCount`)
	p.Wait(`document.body.classList.contains("busy")`)
	move(p, "load", 450)
	p.Wait(`location.search.includes("load=")`)
	p.Wait(`document.querySelector("#run").textContent == "Stop"`)
	p.Click("#run")
	p.Wait(`document.querySelector("#run").textContent == "Run"`)
	if got := text(p, "#progress"); !strings.HasPrefix(got, "stopped") {
		t.Errorf("a run that was stopped says %q", got)
	}
	if text(p, "#part-compare") == "" {
		t.Error("nothing is left of what was known")
	}
	for s.pages.list[0].running() {
		p.Wait(`new Promise(done => setTimeout(() => done(true), 20))`)
	}
	p.Quiet()
}

// An error stands at its field, the last result stays, and what mends it removes it.
func TestErrorIsShown(t *testing.T) {
	b := pagetest.Start(t)
	_, at := served(t, quickFile(t))
	p := b.Open(t, at, pagetest.View{Width: 1400})
	p.Wait(idle)
	before := text(p, "#part-compare")
	p.Do("typing", chromedp.SetValue(chromedp.CSS("#f-rpm"), "0"), chromedp.SendKeys(chromedp.CSS("#f-rpm"), "0"))
	p.Wait(`document.querySelector("#e-rpm").textContent.includes("a limit of 0 admits nothing")`)
	if !pagetest.Eval[bool](p, `document.querySelector("#f-rpm").getAttribute("aria-invalid") == "true" && document.querySelector("#wrong").textContent.startsWith("requests a minute: ")`) {
		t.Error("the field is not marked, or the alert does not name it")
	}
	p.Accessible()
	if text(p, "#part-compare") != before {
		t.Error("the last result is gone")
	}
	p.Do("typing", chromedp.SetValue(chromedp.CSS("#f-rpm"), "9"), chromedp.SendKeys(chromedp.CSS("#f-rpm"), "0"))
	p.Wait(`document.querySelector("#e-rpm").textContent == "" && document.querySelector("#wrong").textContent == ""`)
	p.Quiet()
}

// A log that is dropped runs; a bad one is refused with its place, and nothing is lost.
func TestDrop(t *testing.T) {
	b := pagetest.Start(t)
	_, at := served(t, quickFile(t))
	p := b.Open(t, at, pagetest.View{Width: 1400})
	p.Wait(idle)
	drop := func(name, body string) {
		pagetest.Eval[bool](p, fmt.Sprintf(`(() => {
			const data = new DataTransfer();
			data.items.add(new File([%q], %q));
			return dispatchEvent(new DragEvent('drop', {dataTransfer: data}));
		})()`, body, name))
	}
	drop("bad.csv", someLog+"3,many,70\n")
	p.Wait(`document.querySelector("#e-file").textContent.startsWith("bad.csv:5:3: ")`)
	if address(p) != "" || text(p, "#part-compare") == "" {
		t.Error("a bad file changes what is shown")
	}
	drop("mine.csv", someLog)
	p.Wait(`location.search.startsWith("?log=file-")`)
	p.Wait(`document.querySelector("[data-field=file]").textContent.includes("Traffic of mine.csv: 3 requests in 3s")`)
	p.Wait(`document.querySelector("#part-assumed").textContent.includes("ratesim compare --trace mine.csv")`)
	p.Click("[data-drop=log]")
	p.Wait(`location.search == "" && !document.querySelector("[data-drop=log]")`)
	p.Quiet()
}

// What was set is saved as a scenario file, which gives the same scenario again.
func TestSave(t *testing.T) {
	b := pagetest.Start(t)
	_, at := served(t, quickFile(t))
	p := b.Open(t, at, pagetest.View{Width: 1400})
	p.Wait(idle)
	move(p, "errors", 500)
	p.Do("unchecking", chromedp.Click(chromedp.CSS(`[name=strategy][value=naive]`)))
	p.Do("adding", chromedp.SendKeys(chromedp.CSS("#add"), "jitter max_retries=2"+kb.Enter))
	p.Wait(`document.querySelector("[data-drop=add]")`)
	p.Wait(idle)
	name, body := p.Download("#save")
	if name != "quick.yaml" {
		t.Errorf("it is saved as %q", name)
	}
	spec, err := scenarios.Parse(name, body, scenarios.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	var names []string
	for _, k := range spec.Strategies {
		names = append(names, k.Name)
	}
	if got := strings.Join(names, ", "); got != "none, jitter, header-aware, jitter max_retries=2" {
		t.Errorf("the strategies are %s", got)
	}
	if f := spec.Deployments[0].Faults; len(f) != 1 || f[0].Rate != 0.1 {
		t.Errorf("the faults are %+v, want errors at 10 %%", f)
	}
	p.Quiet()
}

// All can be done with the keyboard alone, and the answer is said when it is there.
func TestKeyboard(t *testing.T) {
	b := pagetest.Start(t)
	_, at := served(t, quickFile(t))
	p := b.Open(t, at, pagetest.View{Width: 1400})
	p.Wait(idle)
	press := func(keys string) { p.Do("pressing keys", chromedp.KeyEvent(keys)) }
	focus := func() string {
		return pagetest.Eval[string](p, `(e => e.id || e.dataset.of || e.name || e.tagName)(document.activeElement)`)
	}
	until := func(id string) {
		for range 80 {
			if focus() == id {
				return
			}
			press(kb.Tab)
		}
		t.Fatalf("Tab does not reach %s", id)
	}
	press(kb.Tab)
	if got := pagetest.Eval[string](p, `document.activeElement.textContent`); got != "Go to the result" {
		t.Errorf("the first Tab reaches %q", got)
	}
	until("scenario")
	until("file")
	until("provider")
	until("rpm")
	press(kb.ArrowRight + kb.ArrowRight)
	p.Wait(`location.search.startsWith("?rpm=")`)
	until("jitter")
	until("add")
	until("f-seed")
	until("run")
	p.Wait(idle)
	p.Wait(`document.querySelector("#said").textContent == document.querySelector("#title").textContent`)
	until("keep")
	press(" ")
	p.Wait(`document.querySelector("#copied").textContent.includes("kept")`)
	until("seed")
	press(" ")
	p.Wait(`document.querySelector("#f-seed").value == 2`)
	p.Wait(idle)
	p.Wait(`document.querySelector("#kept").textContent.startsWith("Pale: run A")`)
	p.Wait(`document.querySelector("#stays").textContent.includes("seed")`)
	until("drop") // from the actions on
	until("tab-compare")
	press(kb.ArrowRight)
	if got := focus(); got != "tab-time" {
		t.Errorf("the right arrow goes to %s", got)
	}
	if pagetest.Eval[bool](p, `document.querySelector("#part-time").hidden`) {
		t.Error("its part is hidden")
	}
	press(kb.End)
	press(kb.Tab)
	if got := focus(); got != "part-numbers" {
		t.Errorf("Tab goes from the last tab to %s", got)
	}
	p.Quiet()
}

// The report of what is shown opens as a page of its own.
func TestReportOpens(t *testing.T) {
	b := pagetest.Start(t)
	s, at := served(t, quickFile(t))
	p := b.Open(t, at, pagetest.View{Width: 1400})
	p.Wait(idle)
	title := text(p, "#title")
	r := b.Open(t, at+"report.html?page="+s.pages.list[0].id, pagetest.View{Width: 1200})
	if got := strings.ReplaceAll(text(r, "h1"), "\u00a0", " "); got != title {
		t.Errorf("the report says %q, want %q", got, title)
	}
	r.Quiet()
	p.Quiet()
}

// A run that was kept stands pale behind the next one.
func TestKept(t *testing.T) {
	b := pagetest.Start(t)
	_, at := served(t, quickFile(t))
	p := b.Open(t, at, pagetest.View{Width: 1400})
	p.Wait(idle)
	p.Click("#keep")
	p.Wait(`document.querySelector("#copied").textContent.includes("kept")`)
	move(p, "rpm", 900)
	p.Wait(`document.querySelectorAll("circle.pale").length == 8`) // four strategies in two panels
	p.Wait(`document.querySelector("path.line.before")`)
	p.Wait(idle)
	p.Accessible()
	p.Shoot("ui-kept")
	p.Click("#drop")
	p.Wait(`!document.querySelector("circle.pale") && document.querySelector("#kept").textContent == ""`)
	p.Quiet()
}
