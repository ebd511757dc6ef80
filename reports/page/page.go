// Package page writes a [reports.Document] as an HTML page that is complete in itself:
// it loads nothing, and its policy forbids to. Everything that it shows is there
// without its script, which adds values under the pointer, sorting, hiding strategies
// and saving.
//
// Marks and text of a chart are SVG placed in per cent, so they keep their size and
// move with the width of the window. Lines are SVG paths in whole units, stretched to
// the plot; the script reads the values under the pointer from these same paths, so
// that a value is in the page once. No style attribute is written, which lets the
// policy allow the one style sheet alone.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"
	"sync"

	"ratesim/reports"
	"ratesim/reports/chart"
	"ratesim/reports/words"
)

//go:embed assets
var assets embed.FS

// templates are parsed at the first use.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"text": words.Printable, "say": say}).ParseFS(assets, "assets/*.html"))
})

// Style returns the style sheet that [Body] and [Chart] need.
func Style() string { return asset("page.css") }

// Script returns the script that [Body] and [Chart] can do without. It defines
// ratesimEnhance, to be called with an element after such HTML was put into it.
func Script() string { return asset("page.js") }

func asset(name string) string {
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}

// HTML writes documents as pages. It is a [reports.Reporter].
type HTML struct{}

// Report implements reports.Reporter.
func (HTML) Report(w io.Writer, d *reports.Document) error {
	view, err := viewOf(d)
	if err != nil {
		return err
	}
	style, script := Style(), Script()
	view.Style, view.Script = template.CSS(style), template.JS(script)
	view.Policy = "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) + "; base-uri 'none'; form-action 'none'"
	return execute(w, "page", view)
}

// Body writes what the page of d shows, for a page that has [Style] and, if it likes,
// [Script].
func Body(w io.Writer, d *reports.Document) error {
	view, err := viewOf(d)
	if err != nil {
		return err
	}
	return execute(w, "body", view)
}

// A Part is a part of what Body writes.
type Part string

// The parts of a page that can be had alone.
const (
	Caution  Part = "caution"  // what to know before one relies on the result
	Settings Part = "settings" // what was assumed
	Numbers  Part = "numbers"  // the tables
)

// Write writes the part of d, as Body would.
func (p Part) Write(w io.Writer, d *reports.Document) error {
	view, err := viewOf(d)
	if err != nil {
		return err
	}
	return execute(w, string(p), view)
}

// Chart writes one chart, as Body would.
func Chart(w io.Writer, c chart.Chart) error {
	f, err := figureOf(c)
	if err != nil {
		return err
	}
	return execute(w, "figure", f)
}

// execute writes nothing where a template fails half-way.
func execute(w io.Writer, name string, data any) error {
	var out bytes.Buffer
	if err := templates().ExecuteTemplate(&out, name, data); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// hash is how a policy names the one style sheet or script that it allows.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var quantity = regexp.MustCompile(`(\d) (%|ms|s|min|h|USD)([^\pL]|$)`)

// say readies a sentence: no line ends between a number and its unit.
func say(s string) string {
	return quantity.ReplaceAllString(words.Printable(s), "$1\u00a0$2$3")
}

// class is what the style sheet calls a role.
func class(r chart.Role) string {
	switch r {
	case chart.Chosen:
		return "chosen"
	case chart.Cheaper:
		return "cheaper"
	case chart.Bound:
		return "bound"
	case chart.Limit:
		return "limit"
	case chart.Load:
		return "load"
	case chart.Before:
		return "before"
	}
	return "other"
}

// kindClass is what the style sheet calls a kind.
func kindClass(k chart.Kind) string {
	switch k {
	case chart.Rejected:
		return "k429"
	case chart.Lost:
		return "klost"
	case chart.GivenUp:
		return "kgiven"
	case chart.Amount:
		return "kamount"
	}
	return "kadmitted"
}

// names joins the names of strategies that are drawn as one, for people.
func names(list []string) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = words.Printable(n)
	}
	return strings.Join(out, " = ")
}

// keys joins them for the script, which takes them apart again at line ends. No
// printable name has one.
func keys(list ...string) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = words.Printable(n)
	}
	return strings.Join(out, "\n")
}
