package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

// suites is JUnit's XML as the schema of Jenkins and GitLab has it, read here without the
// types that write it.
type suites struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Suites   []struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Cases    []struct {
			Name    string `xml:"name,attr"`
			Class   string `xml:"classname,attr"`
			Failure []struct {
				Message string `xml:"message,attr"`
			} `xml:"failure"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func junitOf(t *testing.T, d *Document) suites {
	t.Helper()
	var out suites
	if err := xml.Unmarshal([]byte(written(t, d, JUnit{})), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestJUnit(t *testing.T) {
	got := junitOf(t, Compare(launchDay(), ""))
	if got.Tests != 3 || got.Failures != 2 || len(got.Suites) != 1 || got.Suites[0].Name != "launch-day" || got.Suites[0].Failures != 2 || len(got.Suites[0].Cases) != 3 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []string{"MISSED: was 96.1 %", "", "MISSED: was 19.8 s against 21.5 s ±0.7 s, may be chance"} {
		c := got.Suites[0].Cases[i]
		if c.Class != "launch-day" || len(c.Failure) != min(1, len(want)) || want != "" && c.Failure[0].Message != want {
			t.Errorf("%+v, want the failure %q", c, want)
		}
	}
	// A claim that ends as recorded passes, whether it holds or not.
	got = junitOf(t, Claims(someClaims()))
	if got.Tests != 6 || got.Failures != 1 || len(got.Suites) != 4 || got.Suites[0].Tests != 3 || got.Suites[0].Failures != 0 || got.Suites[2].Failures != 1 {
		t.Errorf("claims: %+v", got)
	}
	if f := got.Suites[2].Cases[0].Failure; len(f) != 1 || f[0].Message != "NO: recorded as yes; soon.recovery_s <= 1m: does not apply" {
		t.Errorf("claims: %+v", f)
	}
	// One suite for each provider; none at all is an empty one.
	a, b := launchDay(), launchDay()
	a.Provider, b.Provider = "openai/a@tier-1", "openai/a@tier-2"
	if got = junitOf(t, SideBySide([]*metrics.Result{a, b}, "")); len(got.Suites) != 2 || got.Suites[1].Name != b.Provider || got.Failures != 4 {
		t.Errorf("providers: %+v", got)
	}
	if got = junitOf(t, Herd(aHerd(), "")); got.Tests != 0 || len(got.Suites) != 1 {
		t.Errorf("nothing expected: %+v", got)
	}
}

// The escapes are those of GitHub's own toolkit (actions/toolkit, command.ts): %, CR and
// LF in messages, and colon and comma too in properties.
func TestGitHub(t *testing.T) {
	r := launchDay()
	r.Scenario = "a:b,c%"
	r.Warnings = []string{"50 % of it,\nor: all"}
	var out, summary bytes.Buffer
	if err := (GitHub{Summary: &summary}).Report(&out, Compare(r, "")); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"::error title=a%3Ab%2Cc%25%3A MISSED::jitter.success_rate >= 0.99 (was 96.1 %25)",
		"::error title=a%3Ab%2Cc%25%3A MISSED::jitter.latency_p95 <= 0.9 * backoff.latency_p95 (was 19.8 s against 21.5 s ±0.7 s, may be chance)",
		"::warning title=a%3Ab%2Cc%25::50 %25 of it,%0Aor: all",
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(want)+1 || !strings.HasPrefix(lines[3], "::notice title=a%3Ab%2Cc%25::Choose queue: 2.0 of 1,000 calls fail and 95 %25 succeed") {
		t.Errorf("got\n%s", out.String())
	}
	for i, w := range want {
		if lines[i] != w {
			t.Errorf("got %s\nwant %s", lines[i], w)
		}
	}
	if s := summary.String(); s != written(t, Compare(r, ""), Markdown{}) {
		t.Errorf("the summary is not the Markdown:\n%s", s)
	}
	// What is met on average alone is worth a warning.
	e := &r.Expectations[1]
	e.Certain = false
	if out := written(t, Compare(r, ""), GitHub{}); !strings.Contains(out, "\n::warning title=a%3Ab%2Cc%25%3A may be chance::queue.latency_p95 <= 45s (was 14.2 s") {
		t.Error(out)
	}
}

// hostile is what a name in a file may hold: escapes of terminals, in both encodings; text
// that turns around; lines, commands of workflows and markup of all kinds.
const hostile = "\x1b[2J\u009b31m\u202eevil\u2066\r\n::error::pwned<script>alert(1)</script>|`*_[x](javascript:y)\x00\x7f\ufeff=1+1%0A]]>&amp;"

func hostileDocuments(t *testing.T) map[string]*Document {
	r := short()
	r.Scenario, r.Provider, r.Kind, r.Hash = hostile, hostile, hostile, hostile
	r.Warnings, r.Assumed = []string{hostile}, []string{hostile}
	r.Setting = []metrics.Setting{{Topic: hostile, Text: hostile, Source: hostile}}
	r.Strategies[0].Name, r.Strategies[0].Tenants[0].Name = hostile, hostile
	r.Verdict.Chosen = []string{hostile}
	r.Verdict.Why[0].Against = hostile
	r.Expectations = []metrics.Expectation{{Text: hostile, Metric: hostile, Value: new(1.0)}, {Text: hostile, Metric: "verdict.chosen", Chosen: []string{hostile}, Certain: true}}
	other := *r
	other.Kind, other.Provider, other.Hash = r.Kind, hostile+"2", "other"
	other.Setting = []metrics.Setting{{Topic: hostile, Text: "other " + hostile}}
	p := aPTU()
	p.Model, p.Source, p.Currency, p.Deployment, p.Start = hostile, hostile, hostile, hostile, hostile
	p.Recommendation.Why, p.Warnings, p.Assumptions[0].Source, p.Options[0].Name, p.ByHour[0].Name = hostile, []string{hostile}, hostile, hostile, hostile
	c := someClaims()
	c.Claims[0].Name, c.Claims[0].About, c.Claims[0].Cases[0].If, c.Claims[0].Cases[0].Expectations[0].Text = hostile, hostile, hostile, hostile
	c.Claims[1].Verdict = hostile
	return map[string]*Document{"comparison": Compare(r, "tenant"), "herd": Herd(r, ""), "providers": SideBySide([]*metrics.Result{r, &other}, ""),
		"bench": Bench(r, r, nil, ""), "capacity": Capacity(p), "claims": Claims(c),
		"difference": between(t, &Saved{Name: hostile, Result: r}, &Saved{Name: hostile, Result: &other})}
}

// Whatever a name holds, no format lets it steer a terminal, turn text around, begin a
// line or pass for markup; and JSON keeps it as it is.
func TestHostileNames(t *testing.T) {
	markup := regexp.MustCompile(`<script|(^|[^\\])\[x\]|(^|[^\\])\|` + "`")
	for kind, d := range hostileDocuments(t) {
		for name, r := range map[string]Reporter{"text": Text{Width: 100}, "wide text": Text{}, "markdown": Markdown{}, "csv": CSV{}, "json": JSON{}, "junit": JUnit{}, "github": GitHub{}} {
			got := written(t, d, r)
			for i, c := range got {
				if c != '\n' && (!unicode.IsPrint(c) || unicode.Is(unicode.Bidi_Control, c)) {
					t.Errorf("%s as %s: %U at %d of\n%s", kind, name, c, i, got)
					break
				}
			}
			for line := range strings.Lines(got) {
				if name == "github" && !strings.HasPrefix(line, "::notice title=") && !strings.HasPrefix(line, "::warning title=") && !strings.HasPrefix(line, "::error title=") {
					t.Errorf("%s as %s: a name begins a line: %s", kind, name, line)
				}
			}
			switch name {
			case "markdown":
				if m := markup.FindString(got); m != "" {
					t.Errorf("%s: %q passes for markup:\n%s", kind, m, got)
				}
			case "csv":
				if _, err := csv.NewReader(strings.NewReader(got)).ReadAll(); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			case "json":
				if !json.Valid([]byte(got)) {
					t.Errorf("%s: not JSON:\n%s", kind, got)
				}
			case "junit":
				if err := xml.Unmarshal([]byte(got), new(suites)); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		}
	}
	r := short()
	r.Scenario = hostile
	if got := reread(t, written(t, Compare(r, ""), JSON{})).Result.Scenario; got != hostile {
		t.Errorf("JSON makes %q of %q", got, hostile)
	}
}

// extremes are results at the ends of what there is.
func extremes() map[string]*metrics.Result {
	one := launchDay()
	one.Strategies = one.Strategies[7:8]
	dead := launchDay() // nothing succeeds
	dead.Verdict = &metrics.Verdict{State: metrics.Nothing, Chosen: []string{}}
	open := launchDay() // every call is still open at the end
	open.Verdict = &metrics.Verdict{State: metrics.Nothing, Chosen: []string{}}
	for i := range dead.Strategies {
		for _, s := range []*metrics.Strategy{&dead.Strategies[i], &open.Strategies[i]} {
			s.Values = metrics.Values{metrics.Calls: est(100, 1), metrics.Succeeded: est(0, 0), metrics.SuccessRate: est(0, 0), metrics.FailedPer1000: est(1000, 0), metrics.Attempts: est(300, 1)}
			s.Tenants, s.Curves = nil, &metrics.Curves{Width: 1, AttemptsPerS: []float64{3, 3}}
		}
		dead.Strategies[i].Values[metrics.Failed], dead.Strategies[i].Curves.RejectedPerS = est(100, 1), []float64{3, 3}
		open.Strategies[i].Values[metrics.Censored] = est(100, 1)
	}
	many := &metrics.Result{Schema: metrics.Schema, Kind: "simulated", Scenario: "many", Seed: 1, Replications: 10}
	for i := range 60 {
		many.Strategies = append(many.Strategies, made(outcome{fmt.Sprintf("strategy-%02d", i), 0.9 + float64(i)/1000, 5 + float64(i), float64(i) / 10, 1}, i))
	}
	many.Verdict = &metrics.Verdict{State: metrics.Undecided}
	for i := range many.Strategies {
		many.Verdict.Chosen = append(many.Verdict.Chosen, many.Strategies[i].Name)
	}
	none := &metrics.Result{Schema: metrics.Schema, Replications: 1}
	return map[string]*metrics.Result{"one strategy": one, "none succeeds": dead, "all censored": open, "60 strategies": many, "no strategies": none}
}

func TestExtremes(t *testing.T) {
	for name, r := range extremes() {
		for kind, d := range map[string]*Document{"comparison": Compare(r, "tenant"), "herd": Herd(r, ""), "providers": SideBySide([]*metrics.Result{r, r}, ""), "bench": Bench(r, r, nil, ""),
			"difference": between(t, &Saved{Name: "a", Result: r}, &Saved{Name: "b", Result: r})} {
			for _, reporter := range []Reporter{Text{Width: 80}, Text{}, Markdown{}, CSV{}, JSON{}, JUnit{}, GitHub{Summary: io.Discard}} {
				if got := written(t, d, reporter); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") || strings.Contains(got, "%!") {
					t.Errorf("%s of %s as %T:\n%s", kind, name, reporter, got)
				}
			}
		}
	}
	all := extremes()
	for name, want := range map[string]string{"none succeeds": "Nothing to choose: no strategy gets a single call answered.", "all censored": "never", "60 strategies": "strategy-59"} {
		if got := written(t, Compare(all[name], ""), Text{Width: 80}); !strings.Contains(got, want) {
			t.Errorf("%s: no %q in\n%s", name, want, got)
		}
	}
}

// Every number in the table is that of the JSON, rounded: they are read back from the
// Markdown and held against the values of the result, unit by unit.
func TestTextEqualsJSON(t *testing.T) {
	units := map[string]float64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9, " %": 0.01, " ms": 1e-3, " s": 1, " min": 60}
	number := regexp.MustCompile(`^([-0-9.]+)( ?[a-zA-Z%]*)`)
	saved := reread(t, written(t, Compare(launchDay(), ""), JSON{})).Result
	cols, checked := compareColumns(), 0
	for line := range strings.Lines(written(t, Compare(launchDay(), ""), Markdown{})) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		s := saved.Find(strings.Trim(cells[0], "|* "))
		if s == nil || len(cells) != len(cols)+1 {
			continue
		}
		for i := range cols {
			e, m := s.Values[cols[i].of], number.FindStringSubmatch(strings.TrimSuffix(cells[i+1], " |"))
			if m == nil {
				if e != nil {
					t.Errorf("%s: %q where the JSON has %v", s.Name, cells[i+1], e)
				}
				continue
			}
			digits, err := strconv.ParseFloat(m[1], 64)
			unit, ok := units[strings.TrimRight(m[2], " (")]
			_, decimals, _ := strings.Cut(m[1], ".")
			half := 0.5001 * math.Pow10(-len(decimals)) * unit
			if want := e.Mean * cols[i].factor(); err != nil || !ok || math.Abs(digits*unit-want) > half {
				t.Errorf("%s: %q where the JSON has %g", s.Name, cells[i+1], want)
			}
			checked++
		}
	}
	if want := len(saved.Strategies)*len(cols) - 30; checked < want {
		t.Errorf("%d numbers checked, want at least %d", checked, want)
	}
}

// All rows of a table are drawn on one scale, which a strategy a thousand times as hard
// as the others does not flatten; what is gone first where room is short is this.
func TestSparks(t *testing.T) {
	series := func(v ...float64) *metrics.Curves {
		return &metrics.Curves{Width: 1, AttemptsPerS: []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, RejectedPerS: v}
	}
	r := &metrics.Result{Replications: 1}
	for i, c := range []*metrics.Curves{series(1000, 1000, 0, 1), series(0, 0, 0, 1, 2), series(), nil, {Width: 0.5, AttemptsPerS: make([]float64, 28), RejectedPerS: []float64{1000, 1000}}} {
		r.Strategies = append(r.Strategies, metrics.Strategy{Group: metrics.Group{Name: strconv.Itoa(i)}, Curves: c})
	}
	// From 1 to 1000 there are eight levels, each 2.37 times as high as the one before.
	want := []string{"██·▁··········", "···▁▁·········", "··············", "", "█·············"}
	table := Compare(r, "").Tables[0]
	last := len(table.Columns) - 1
	if !table.Columns[last].Spark {
		t.Fatal("there is no line over time")
	}
	for i, w := range want {
		if got := table.Rows[i].Cells[last].Num; got != w {
			t.Errorf("row %d: %s, want %s", i, got, w)
		}
	}
	d := Compare(launchDay(), "")
	for width := 60; width < 200; width++ {
		text := written(t, d, Text{Width: width})
		if strings.Contains(text, "over time") && strings.Contains(text, "Left out") {
			t.Errorf("width %d: lines over time push others out:\n%s", width, text)
		}
	}
	if words.Printable(barLevels) != barLevels {
		t.Error("the bars cannot be printed")
	}
}

// Best is the lowest of what is better low and the highest of what is better high, oracle
// aside; where all are the same, none is.
func TestBestOfColumns(t *testing.T) {
	best := map[string][]string{}
	table := Compare(launchDay(), "tenant").Tables[0]
	for _, r := range table.Rows {
		for i, c := range r.Cells {
			if c.Best {
				head := table.Columns[i].title()
				best[head] = append(best[head], r.Name)
			}
		}
	}
	// By the numbers of launchDay: ptu fails least and is fastest, none sends least.
	for head, want := range map[string]string{"failed per 1,000": "ptu", "95 % within": "ptu", "attempts per call": "none", "goodput tokens/min": "ptu"} {
		if got := best[head]; len(got) != 1 || got[0] != want {
			t.Errorf("best of %s is %q, want %s", head, got, want)
		}
	}
}

// Every format that has a place for warnings says them; the command line adds those of CSV.
func TestFormatsWarn(t *testing.T) {
	r := short()
	r.Warnings = []string{"beware of the dog"}
	for _, format := range []Reporter{Text{Width: 200}, Markdown{}, JSON{}, JUnit{}, GitHub{}} {
		var b strings.Builder
		if err := format.Report(&b, Compare(r, "")); err != nil || !strings.Contains(b.String(), "beware of the dog") {
			t.Errorf("%T: error %v, and no warning in\n%s", format, err, &b)
		}
	}
}
