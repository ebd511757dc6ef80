package page

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/reports"
	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

var update = flag.Bool("update", false, "write the golden files")

// written is the page of a document.
func written(t testing.TB, d *reports.Document) string {
	t.Helper()
	var out bytes.Buffer
	if err := (HTML{}).Report(&out, d); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// between returns what stands between two texts.
func between(t testing.TB, text, from, to string) string {
	t.Helper()
	_, text, ok := strings.Cut(text, from)
	text, _, ok2 := strings.Cut(text, to)
	if !ok || !ok2 {
		t.Fatalf("there is no %q with %q after it", from, to)
	}
	return text
}

func TestGoldenPage(t *testing.T) {
	var out bytes.Buffer
	if err := Body(&out, small()); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/body.html"
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("the page differs from %s (-update writes it):\n%s", path, diff)
	}
}

// Every number in the table is the one in the JSON of the same page, as far as its
// digits go; and the CSV is what -o csv writes.
func TestNumbersEqualTheJSON(t *testing.T) {
	r := load(t, "../testdata/result.json")
	d := documentOf(r)
	text := written(t, d)
	var data struct {
		Strategies []map[string]json.RawMessage `json:"strategies"`
	}
	if err := json.Unmarshal([]byte(between(t, text, `id="ratesim-json">`, "</script>")), &data); err != nil {
		t.Fatal(err)
	}
	metric := map[string]string{
		"failed per 1,000": "failed_per_1000", "half within": "time_to_success_p50", "95 % within": "time_to_success_p95", "99 % within": "time_to_success_p99",
		"attempts per call": "amplification", "429s": "rejected", "USD per 1,000 ok": "cost_per_success_usd", "goodput tokens/min": "goodput_tpm",
		"quota used": "quota_used", "peak att./s": "peak_attempts_per_s",
	}
	rows := cells(t, text)
	compared := 0
	for _, s := range data.Strategies {
		var name string
		if err := json.Unmarshal(s["name"], &name); err != nil {
			t.Fatal(err)
		}
		for head, key := range metric {
			shown, ok := rows[name][head]
			if !ok {
				t.Fatalf("the table has no %q of %s; it has %v", head, name, rows[name])
			}
			var e *metrics.Estimate
			if raw, ok := s[key]; ok {
				if err := json.Unmarshal(raw, &e); err != nil {
					t.Fatal(err)
				}
			}
			if e == nil {
				if shown != words.Absent && shown != words.Never {
					t.Errorf("%s of %s is %q, and the JSON has none", head, name, shown)
				}
				continue
			}
			if key == "cost_per_success_usd" {
				e.Mean *= 1000
			}
			low, high := bounds(t, shown)
			if e.Mean < low || e.Mean > high {
				t.Errorf("%s of %s is %q, and in the JSON %v", head, name, shown, e.Mean)
			}
			compared++
		}
	}
	if compared < 30 {
		t.Errorf("only %d numbers were compared", compared)
	}
	var asCSV bytes.Buffer
	if err := (reports.CSV{}).Report(&asCSV, d); err != nil {
		t.Fatal(err)
	}
	var inPage string
	if err := json.Unmarshal([]byte(between(t, text, `id="ratesim-csv">`, "</script>")), &inPage); err != nil {
		t.Fatal(err)
	}
	if inPage != asCSV.String() {
		t.Error("the CSV in the page is not what -o csv writes")
	}
	if rows, err := csv.NewReader(strings.NewReader(inPage)).ReadAll(); err != nil || len(rows) < 1+len(r.Strategies) {
		t.Errorf("the CSV has %d rows (%v)", len(rows), err)
	}
}

// cells reads the tables of numbers: by the name of a row that is no part of another,
// and the heading of a column.
func cells(t testing.TB, text string) map[string]map[string]string {
	t.Helper()
	tag, small := regexp.MustCompile(`<[^>]*>`), regexp.MustCompile(`(?s)<small>.*?</small>`)
	plain := func(s string) string {
		return strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(small.ReplaceAllString(s, ""), ""))), " ")
	}
	out := map[string]map[string]string{}
	table := between(t, text, `<table class="numbers">`, "</table>")
	var heads []string
	for _, m := range regexp.MustCompile(`(?s)<th scope="col">(.*?)</th>`).FindAllStringSubmatch(table, -1) {
		heads = append(heads, plain(m[1]))
	}
	for _, m := range regexp.MustCompile(`(?s)<tr class="([^"]*)"><th scope="row">(.*?)</th>(.*?)</tr>`).FindAllStringSubmatch(table, -1) {
		if strings.Contains(m[1], "part") {
			continue
		}
		row := map[string]string{}
		for i, c := range regexp.MustCompile(`(?s)<td[^>]*>(.*?)</td>`).FindAllStringSubmatch(m[3], -1) {
			row[heads[i+1]] = plain(c[1])
		}
		out[plain(m[2])] = row
	}
	return out
}

// bounds returns which values are written so.
func bounds(t testing.TB, shown string) (low, high float64) {
	t.Helper()
	m := regexp.MustCompile(`^(<?)([0-9.]+)\s?(k|M|%|ms|s|min|)$`).FindStringSubmatch(shown)
	if m == nil {
		t.Fatalf("%q is no number with a unit", shown)
	}
	unit := map[string]float64{"k": 1e3, "M": 1e6, "%": 0.01, "ms": 1e-3, "s": 1, "min": 60, "": 1}[m[3]]
	v, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		t.Fatal(err)
	}
	if m[1] == "<" {
		return 0, v * unit
	}
	half := 0.5
	if _, decimals, ok := strings.Cut(m[2], "."); ok {
		half = 0.5 * math.Pow(10, -float64(len(decimals)))
	}
	half += 1e-9
	return (v - half) * unit, (v + half) * unit
}

// bad is a name that tries everything.
const bad = "</script><img src=x onerror=alert(1)>\"'`&\x1b[31m\u202eevil\n{{.}}-->"

func TestHostileNames(t *testing.T) {
	d := small()
	d.Name, d.About, d.Title, d.Command, d.Hash, d.Version = bad, bad, bad, bad, bad, bad
	d.Lead, d.Facts, d.Assumed, d.Warnings, d.Legend = []string{bad}, []string{bad}, []string{bad}, []string{bad}, []string{bad}
	d.Setting = []metrics.Setting{{Topic: bad, Text: bad, Source: bad}}
	d.Lists = []reports.List{{Title: bad, Items: []string{bad}}}
	d.Checks = []reports.Checklist{{Name: bad, Finding: bad, About: bad, Items: []reports.Check{{State: bad, Text: bad, Value: bad}}}}
	d.Data, d.Records = map[string]string{bad: bad}, [][]string{{bad}}
	for i := range d.Tables {
		d.Tables[i].Title, d.Tables[i].Of = bad, bad
		for k := range d.Tables[i].Columns {
			d.Tables[i].Columns[k].Head, d.Tables[i].Columns[k].Sub, d.Tables[i].Columns[k].Note = bad, bad, bad
		}
		for k := range d.Tables[i].Rows {
			d.Tables[i].Rows[k].Name = bad
			for c := range d.Tables[i].Rows[k].Cells {
				cell := &d.Tables[i].Rows[k].Cells[c]
				cell.Num, cell.Unit, cell.Ends = bad, bad, bad
			}
		}
	}
	for _, c := range d.Charts {
		poison(c)
	}
	text := written(t, d)
	inert(t, text)
	if n := strings.Count(text, "onerror=alert"); n < 60 {
		t.Errorf("only %d places show the name: some part of the document is left out", n)
	}
	var data map[string]string
	if err := json.Unmarshal([]byte(between(t, text, `id="ratesim-json">`, "</script>")), &data); err != nil || data[bad] != bad {
		t.Errorf("the JSON in the page is %q (%v)", data, err)
	}
}

// poison puts the bad name into all texts of a chart.
func poison(c chart.Chart) {
	h := c.Heading()
	h.Title, h.Notes, h.Facts = h.Name+bad, []string{bad}, []string{bad}
	axis := func(a *chart.Axis) { a.Label = bad }
	lines := func(list []chart.Line) {
		for i := range list {
			list[i].Names, list[i].Label = []string{bad}, bad
		}
	}
	bands := func(list []chart.Band) {
		for i := range list {
			list[i].Label = bad
		}
	}
	switch c := c.(type) {
	case *chart.Ranking:
		c.Why = bad
		for i := range c.Rows {
			c.Rows[i].Name, c.Rows[i].Why = bad, bad
		}
		for i := range c.Panels {
			c.Panels[i].Title = bad
			for k := range c.Panels[i].Rows {
				m := &c.Panels[i].Rows[k]
				m.Text = bad
				for p := range m.Points {
					m.Points[p].Text = bad
				}
			}
		}
	case *chart.Curves:
		axis(&c.X)
		axis(&c.Y)
		lines(c.Lines)
		bands(c.Bands)
	case *chart.Strips:
		axis(&c.Time)
		axis(&c.LoadY)
		lines(c.Load)
		bands(c.Bands)
		for i := range c.Rows {
			c.Rows[i].Name, c.Rows[i].Text = bad, bad
		}
	case *chart.TimeSeries:
		axis(&c.Time)
		axis(&c.Y)
		bands(c.Bands)
		for i := range c.Series {
			c.Series[i].Name = bad
		}
	case *chart.Scatter:
		for i := range c.Points {
			c.Points[i].Name = bad
		}
	case *chart.Bars:
		c.Label = bad
		for i := range c.Panels {
			c.Panels[i].Names, c.Panels[i].Notes = []string{bad}, []string{bad, bad}
		}
	}
}

// inert fails for markup, control characters and attributes that no page may have.
func inert(t testing.TB, text string) {
	t.Helper()
	for _, re := range []string{`<img`, `<(iframe|object|embed|link|form|base)\b`, `<[a-z][a-z0-9]*(\s+[a-z-]+(="[^"]*")?)*\s+on\w+=`, `javascript:`, `[\x00-\x08\x0b-\x1f\x7f]`, `[\x{202a}-\x{202e}\x{2066}-\x{2069}]`, `<[a-z][a-z0-9]*(\s+[a-z-]+(="[^"]*")?)*\s+style=`} {
		if m := regexp.MustCompile(re).FindString(outsideScripts(text)); m != "" {
			t.Errorf("the page has %q", m)
		}
	}
	if n := strings.Count(text, "</script>"); n != strings.Count(text, "<script") {
		t.Errorf("%d scripts begin and %d end", strings.Count(text, "<script"), n)
	}
	for _, m := range regexp.MustCompile(`\s[a-z0-9-]+="[^"]*(NaN|Inf)[^"]*"`).FindAllString(outsideScripts(text), -1) {
		if !strings.Contains(m, `data-v="Infinity"`) {
			t.Errorf("a place is no number: %s", m)
		}
	}
}

// outsideScripts is the page without its own script and style.
func outsideScripts(text string) string {
	return strings.NewReplacer(Script(), "", Style(), "").Replace(text)
}

func TestPolicyAllowsNothingElse(t *testing.T) {
	policy := html.UnescapeString(between(t, written(t, small()), `content="default-src`, `"`))
	if want := " 'none'; style-src " + hash(Style()) + "; script-src " + hash(Script()) + "; base-uri 'none'; form-action 'none'"; policy != want {
		t.Errorf("the policy is %q", policy)
	}
}

// What results may be like: the page says so without breaking.
func TestOddResults(t *testing.T) {
	read := func() *metrics.Result { return load(t, "../testdata/result.json") }
	one, none, open, many := read(), read(), read(), read()
	one.Strategies = one.Strategies[:1]
	one.Verdict, one.Paired = nil, nil
	for _, r := range []*metrics.Result{none, open} {
		r.Verdict = &metrics.Verdict{State: metrics.Nothing}
		for i := range r.Strategies {
			s := &r.Strategies[i]
			calls := s.Values[metrics.Calls]
			s.Values = metrics.Values{}
			s.Values[metrics.Calls], s.Values[metrics.SuccessRate], s.Values[metrics.FailedPer1000] = calls, &metrics.Estimate{}, &metrics.Estimate{Mean: 1000, Lo: 1000, Hi: 1000}
			s.Curves = &metrics.Curves{Width: 1, AttemptsPerS: make([]float64, 60), RejectedPerS: []float64{5, math.NaN(), 3}, FailedPerS: []float64{0, 1}}
		}
	}
	for i := range open.Strategies {
		open.Strategies[i].Values[metrics.Censored] = open.Strategies[i].Values[metrics.Calls]
	}
	for len(many.Strategies) < 60 {
		s := many.Strategies[0]
		s.Name = fmt.Sprintf("a strategy with a long name, number %d", len(many.Strategies))
		many.Strategies = append(many.Strategies, s)
	}
	for _, c := range []struct {
		name string
		r    *metrics.Result
		want []string
	}{
		{"one strategy", one, []string{"none"}},
		{"none that succeeded", none, []string{"no strategy gets a single call answered", "never"}},
		{"all censored", open, []string{"no strategy gets a single call answered"}},
		{"60 strategies", many, []string{"number 59"}},
		{"empty", &metrics.Result{}, []string{"The same again"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := written(t, documentOf(c.r))
			inert(t, text)
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
	if n := strings.Count(written(t, documentOf(many)), ` fold"`); n < 30 {
		t.Errorf("%d of 60 rows are folded", n)
	}
}

// A page of 40 strategies over an hour, whose every step differs, stays below 1 MB.
func TestSize(t *testing.T) {
	if n := len(written(t, documentOf(forty()))); n >= 1<<20 {
		t.Errorf("the page has %d bytes", n)
	} else {
		t.Logf("%d bytes", n)
	}
	if n := len(Script()); n > 10_000 {
		t.Errorf("the script has %d bytes", n)
	}
}
