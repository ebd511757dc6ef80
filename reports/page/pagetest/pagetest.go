// Package pagetest opens pages in a real browser, for tests: reports from disk, and
// the page of `ratesim ui` over HTTP. It needs Chromium; a test is skipped where there
// is none.
//
// Two environment variables belong to it. RATESIM_AXE is the path of axe.min.js of
// axe-core, without which pages are not checked for accessibility. RATESIM_SHOTS is a
// folder that gets a picture of each page that a test shoots, to be looked at.
package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for anything that a test asks of it.
const patience = 3 * time.Minute

// A Browser is a Chromium that runs until the test ends.
type Browser struct{ ctx context.Context }

// Start starts Chromium, or skips the test where there is none.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium here: this test opens a page in a browser")
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(patience))...)
	ctx, quit := chromedp.NewContext(alloc)
	t.Cleanup(func() { quit(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return &Browser{ctx}
}

// A View is how a page is looked at.
type View struct {
	Width int // CSS pixels
	Dark  bool
	Print bool
}

// Name is a name for a picture of the view.
func (v View) Name() string {
	name := fmt.Sprint(v.Width)
	if v.Dark {
		name += "-dark"
	}
	if v.Print {
		name += "-print"
	}
	return name
}

// Views are those that every page must suit.
func Views() []View {
	var out []View
	for _, w := range []int{1200, 768, 390} {
		out = append(out, View{Width: w}, View{Width: w, Dark: true})
	}
	return append(out, View{Width: 768, Print: true})
}

// A Page is a page in a tab of its own.
type Page struct {
	t   testing.TB
	ctx context.Context
	mu  sync.Mutex
	bad []string
}

// Open opens a URL, or a file by its path, and waits until it is loaded.
func (b *Browser) Open(t testing.TB, address string, v View) *Page {
	t.Helper()
	if !strings.Contains(address, "://") {
		path, err := filepath.Abs(address)
		if err != nil {
			t.Fatal(err)
		}
		address = "file://" + path
	}
	ctx, closeTab := chromedp.NewContext(b.ctx)
	t.Cleanup(closeTab)
	p := &Page{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	if _, err := chromedp.Call(ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	p.Look(v)
	p.Do("opening "+address, chromedp.Navigate(address))
	return p
}

// Look changes how the page is looked at.
func (p *Page) Look(v View) {
	p.t.Helper()
	scheme, media := "light", "screen"
	if v.Dark {
		scheme = "dark"
	}
	if v.Print {
		media = "print"
	}
	p.Do("changing the view", chromedp.EmulateViewport(int64(v.Width), 900))
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		p.t.Fatalf("changing the view: %v", err)
	}
}

// listen notes what a page complains about: errors of scripts, what its policy
// forbids, what cannot be loaded.
func (p *Page) listen(event any) {
	note := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		note = e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			note += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			note = "console." + string(e.Type)
			for _, a := range e.Args {
				note += " " + string(a.Value) + a.Description
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			note = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if note != "" {
		p.mu.Lock()
		p.bad = append(p.bad, note)
		p.mu.Unlock()
	}
}

// Do runs actions of chromedp, such as keys.
func (p *Page) Do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, what, chromedp.Steps(actions...))
}

func run[T any](p *Page, what string, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// Eval returns the value of an expression, or of its promise.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	return run(p, "evaluating "+expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Wait waits until an expression is true.
func (p *Page) Wait(expression string) {
	p.t.Helper()
	run(p, "waiting for "+expression, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingTimeout(patience)))
}

// Busy returns for how long the page has kept its main thread busy so far: processor
// time, so that it matters little what else the machine does.
func (p *Page) Busy() time.Duration {
	p.t.Helper()
	all, err := chromedp.Call(p.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		p.t.Fatalf("measuring the page: %v", err)
	}
	for _, m := range all.Metrics {
		if m.Name == "TaskDuration" {
			return time.Duration(m.Value * float64(time.Second))
		}
	}
	p.t.Fatal("the browser does not say how long the page was busy")
	return 0
}

// Click clicks the first element that a CSS selector finds.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Do("clicking "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Quiet fails the test if the page has complained about anything so far.
func (p *Page) Quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, note := range p.bad {
		p.t.Errorf("the console says: %s", note)
	}
	p.bad = nil
}

// Fits fails the test if the page is wider than the window, and names what sticks out.
func (p *Page) Fits() {
	p.t.Helper()
	wide := Eval[[]string](p, `(() => {
		const room = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= room) return [];
		const clips = e => { for (e = e.parentElement; e; e = e.parentElement) if (getComputedStyle(e).overflowX != "visible") return true; };
		return ["the page is " + document.documentElement.scrollWidth + " px wide in a window of " + room].concat([...document.body.querySelectorAll("*")]
			.filter(e => e.getBoundingClientRect().right > room + 0.5 && !clips(e)).slice(0, 10)
			.map(e => e.tagName + "." + e.getAttribute("class") + " " + e.textContent.slice(0, 40)));
	})()`)
	if len(wide) > 0 {
		p.t.Errorf("the page does not fit: %s", strings.Join(wide, "; "))
	}
}

// Accessible fails the test for what axe-core finds. It skips that where RATESIM_AXE is
// not set.
func (p *Page) Accessible() {
	p.t.Helper()
	path := os.Getenv("RATESIM_AXE")
	if path == "" {
		p.t.Log("RATESIM_AXE is not set: accessibility was not checked")
		return
	}
	script, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatalf("reading axe-core: %v", err)
	}
	run(p, "loading axe-core", chromedp.Evaluate[chromedp.Void](string(script)))
	var found []struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML    string `json:"html"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	text := Eval[string](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`)
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		p.t.Fatalf("reading what axe-core found: %v", err)
	}
	for _, f := range found {
		for i, n := range f.Nodes {
			if i == 3 {
				p.t.Errorf("axe-core %s: and %d more", f.ID, len(f.Nodes)-i)
				break
			}
			p.t.Errorf("axe-core %s (%s): %.300s\n%s", f.ID, f.Help, n.HTML, n.Summary)
		}
	}
}

// Download clicks what starts a download and returns the file's name and content.
func (p *Page) Download(selector string) (string, []byte) {
	p.t.Helper()
	dir := p.t.TempDir()
	name, done := "", make(chan browser.DownloadProgressState, 1)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	err := chromedp.ListenBrowser(ctx, func(event any) {
		switch e := event.(type) {
		case *browser.EventDownloadWillBegin:
			name = e.SuggestedFilename
		case *browser.EventDownloadProgress:
			if e.State != browser.DownloadProgressStateInProgress {
				select {
				case done <- e.State:
				default:
				}
			}
		}
	})
	if err != nil {
		p.t.Fatalf("listening for downloads: %v", err)
	}
	events := true
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior,
		browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, EventsEnabled: &events})
	if err != nil {
		p.t.Fatalf("allowing downloads: %v", err)
	}
	p.Click(selector)
	select {
	case state := <-done:
		if state != browser.DownloadProgressStateCompleted {
			p.t.Fatalf("the download of %s was %s", selector, state)
		}
	case <-ctx.Done():
		p.t.Fatalf("clicking %s started no download within %s", selector, patience)
	}
	body, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		p.t.Fatalf("reading the download of %s: %v", selector, err)
	}
	return name, body
}

// Shoot writes a picture of the whole page as NAME.png into the folder RATESIM_SHOTS,
// if that is set.
func (p *Page) Shoot(name string) {
	p.t.Helper()
	dir := os.Getenv("RATESIM_SHOTS")
	if dir == "" {
		return
	}
	p.write(filepath.Join(dir, name+".png"), run(p, "taking a picture", chromedp.FullScreenshot(100)))
}

func (p *Page) write(path string, body []byte) {
	p.t.Helper()
	if err := os.WriteFile(path, body, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
