package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ratesim/provider/capacity"
	"ratesim/reports/chart"
	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

func est(mean, half float64) *metrics.Estimate {
	return &metrics.Estimate{Mean: mean, Lo: max(0, mean-half), Hi: mean + half}
}

// result has strategies that differ in how many calls fail and how late they answer.
func result(names ...string) *metrics.Result {
	r := &metrics.Result{Kind: "simulated", Scenario: "some <scenario> & more", Provider: "acme/model@tier", Seed: 1, Replications: 10}
	for i, name := range names {
		n := float64(i)
		s := metrics.Strategy{Group: metrics.Group{Name: name, Values: metrics.Values{
			metrics.Calls: est(1000, 3), metrics.FailedPer1000: est(7*n, 3*n), metrics.TimeToSuccessP50: est(2+n, 0.2), metrics.TimeToSuccessP95: est(9+3*n, 1),
			metrics.Amplification: est(1+0.2*n, 0.1), metrics.Rejected: est(150*n, 9), metrics.CostPerSuccessUSD: est(0.001*(1+n), 0), metrics.RetryPeak: est(50*n, 2)}}}
		c := &metrics.Curves{Width: 1}
		for k := range 60 {
			c.AttemptsPerS, c.ArrivedPerS = append(c.AttemptsPerS, 10+n*float64(k%7)), append(c.ArrivedPerS, 10)
			c.RejectedPerS, c.LostPerS = append(c.RejectedPerS, n*float64(k%7)), append(c.LostPerS, float64(k%11/10))
			c.AnsweredPerS, c.FailedPerS = append(c.AnsweredPerS, 9), append(c.FailedPerS, n*float64(k%5/4)/3)
		}
		for k := 0; k <= 60 && math.Pow(10, -float64(k)/20) >= 0.007*n; k++ {
			c.Unanswered = append(c.Unanswered, metrics.Tail{Share: math.Pow(10, -float64(k)/20), Within: 1 + n/9 + float64(k*k)/20})
		}
		s.Curves = c
		s.Tenants = []metrics.Group{{Name: "web", Values: s.Values}, {Name: "<nightly>", Values: s.Values}}
		r.Strategies = append(r.Strategies, s)
		if i > 0 {
			r.Paired = append(r.Paired, metrics.Paired{A: names[0], B: name, Metric: "success_rate", Mean: 0.007 * n, Lo: 0.006 * n, Hi: 0.008 * n})
		}
	}
	if len(names) > 0 {
		r.Verdict = &metrics.Verdict{State: metrics.Decided, Chosen: names[:1]}
	}
	r.Load = &metrics.Load{Width: 1, Limits: []metrics.LimitLoad{{Limit: "rpm", Asked: []float64{900, 900}, Allowed: []float64{600, 0}}}}
	return r
}

// drawn returns pictures as SVG, having seen that they are well-formed and without places
// that are none. PNGs are drawn by the same calls.
func drawn(t *testing.T, charts []chart.Chart) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	marks := regexp.MustCompile(`<[^/][^>]*>`)
	number := regexp.MustCompile(`-?[0-9]+\.?[0-9]*`)
	for _, p := range Of(charts) {
		svg := written(t, p.WriteSVG)
		for _, mark := range marks.FindAll(svg[bytes.Index(svg, []byte("<g")):], -1) {
			bad := regexp.MustCompile(`NaN|Inf`).Match(mark)
			for _, n := range number.FindAll(mark, -1) {
				v, err := strconv.ParseFloat(string(n), 64)
				bad = bad || err != nil || math.Abs(v) > 1e5
			}
			if bad {
				t.Fatalf("%s: draws at %.300s", p.Name, mark)
			}
		}
		textsOf(t, svg)
		out[p.Name] = svg
	}
	return out
}

func written(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// textsOf returns the texts of an SVG, which must be well-formed.
func textsOf(t *testing.T, svg []byte) (out []string) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			out = append(out, strings.TrimSpace(string(text)))
		}
	}
}

// A picture says what was run and names every strategy once at least; what pages let the
// reader choose is left out; the same result gives the same bytes.
func TestPictures(t *testing.T) {
	r := result("paced", "jitter", "none", words.Oracle)
	charts := append(chart.Compare(r), chart.Herd(r)[0])
	got := drawn(t, charts)
	for _, name := range []string{"compare", "unanswered", "over-time", "cost-failed", "cost-time", "differences", "tenants", "attempts"} {
		svg, ok := got[name]
		if !ok {
			t.Errorf("no picture %s", name)
			continue
		}
		all := strings.Join(textsOf(t, svg), "\n")
		for _, want := range []string{"some <scenario> & more", "acme/model@tier", "10 replications", "seed 1", "jitter", "none"} {
			if !strings.Contains(strings.ReplaceAll(all, "\n", " "), want) {
				t.Errorf("%s does not say %q:\n%s", name, want, all)
			}
		}
	}
	if _, ok := got["waiting"]; ok {
		t.Error("a series over time has a picture")
	}
	for _, p := range Of(charts) {
		size, err := png.DecodeConfig(bytes.NewReader(written(t, p.WritePNG)))
		if err != nil {
			t.Fatal(err)
		}
		if size.Width != 1200 || size.Height < 200 || size.Height > 1500 {
			t.Errorf("%s: %d × %d pixels", p.Name, size.Width, size.Height)
		}
	}
	for name, svg := range drawn(t, charts) {
		if !bytes.Equal(svg, got[name]) {
			t.Errorf("%s: other bytes for the same result", name)
		}
	}
}

// Results that are hard to draw are drawn.
func TestSpecialResults(t *testing.T) {
	var many []string
	for i := range 60 {
		many = append(many, "strategy-with-a-long-name-"+strconv.Itoa(i))
	}
	none := result("a", "b")
	none.Verdict = &metrics.Verdict{State: metrics.Nothing}
	for i := range none.Strategies {
		v := &none.Strategies[i].Values
		v[metrics.FailedPer1000], v[metrics.TimeToSuccessP50], v[metrics.TimeToSuccessP95] = est(1000, 0), nil, nil
		none.Strategies[i].Curves.Unanswered = nil
	}
	equal := result("a", "b", "c")
	equal.Strategies[1] = equal.Strategies[0]
	equal.Strategies[1].Name = "twin"
	for name, r := range map[string]*metrics.Result{
		"nothing": {}, "one": result("alone"), "many": result(many...), "none succeeds": none, "two the same": equal,
		"hostile": result(`<script>alert("&")</script>`, "\u202eback\x00wards", strings.Repeat("w", 400), "日本語", ""),
		"bare":    {Strategies: []metrics.Strategy{{Group: metrics.Group{Name: "x"}}, {}}},
	} {
		t.Run(name, func(t *testing.T) {
			charts := append(chart.Compare(r), chart.Herd(r)...)
			if len(charts) > 0 {
				charts = append(charts, chart.Bench(r, r)[0], chart.Providers([]*metrics.Result{r, r})[0])
			}
			drawn(t, charts)
		})
	}
}

// Numbers that no run gives but a file can hold neither panic nor hang.
func TestOddNumbers(t *testing.T) {
	huge := 1e300
	for i, c := range []*metrics.Curves{
		nil, {}, {Width: 1}, {Width: -1, AttemptsPerS: []float64{1}},
		{Width: huge, AttemptsPerS: []float64{huge, huge}, RejectedPerS: []float64{huge}, LostPerS: []float64{huge}, FailedPerS: []float64{huge}},
		{Width: 1e-300, AttemptsPerS: []float64{1e-300, 1}, AnsweredPerS: []float64{-5, huge}},
		{Width: 1, AttemptsPerS: []float64{1}, Unanswered: []metrics.Tail{{Share: 1, Within: -3}, {Share: -1, Within: huge}, {Share: 2, Within: 0}}},
		{Width: 1, AttemptsPerS: []float64{1}, Unanswered: []metrics.Tail{{Share: 0.5, Within: 1e-300}, {Share: 0.1, Within: huge}}},
	} {
		for _, v := range []float64{-1, 0, huge} {
			r := result("a", "b", "c")
			for k := range r.Strategies {
				r.Strategies[k].Curves = c
				for id := range r.Strategies[k].Values {
					if r.Strategies[k].Values[id] != nil {
						r.Strategies[k].Values[id] = &metrics.Estimate{Mean: v, Lo: -v, Hi: math.Inf(1)}
					}
				}
			}
			r.Strategies[2] = result("a", "b", "c").Strategies[2]
			r.Load.Width, r.Load.Limits[0].Asked = max(v, 1e-9), []float64{v, v}
			t.Run(strconv.Itoa(i)+" "+strconv.FormatFloat(v, 'g', 3, 64), func(t *testing.T) {
				drawn(t, append(chart.Compare(r), chart.Herd(r)[0]))
			})
		}
	}
}

// What sizes cost is drawn, with the shares below, also where curves leave the plot.
func TestCapacity(t *testing.T) {
	r := &capacity.Report{Model: "m", Currency: "EUR", Assumptions: []capacity.Assumption{{What: "input TPM per PTU", Value: 100}},
		BreakEven: capacity.BreakEvens{"yearly": 0.7}, Options: []capacity.Option{{Name: "payg", USDPerMonth: 1000}, {Name: "ptu+spillover", Commitment: "yearly", PTUs: 15, USDPerMonth: 900, Spills: true, Online: 1}},
		Recommendation: capacity.Recommendation{Option: 1, Flips: []capacity.Flip{{What: "demand", Change: -0.2, Then: "x"}, {What: "demand", Change: 9, Then: "y"}}},
		Curves: &capacity.Curves{StepMinutes: 5, Mean: []float64{1, 2}, Highest: []float64{3, 1e9}, Bin: 100, Histogram: []float64{0.5, 0.5},
			PTUs: []int{0, 15, 20, 40}, Hourly: []float64{1000, 1e9, 1e9, 1e9}, Monthly: []float64{1000, 950, 990, 1200}, Yearly: []float64{1000, 900, 905, 1300}}}
	got := drawn(t, chart.Capacity(r))
	for name, want := range map[string]string{"cost": "15 PTUs: 900", "options": "15 PTUs yearly with spillover", "turns": "10-fold", "demand": "15 PTUs"} {
		if texts := strings.Join(textsOf(t, got[name]), " "); !strings.Contains(texts, want) {
			t.Errorf("%s does not say %q: %s", name, want, texts)
		}
	}
	r.Curves.Yearly[2], r.Curves.Mean = 1e300, nil
	r.Options[1].USDPerMonth, r.Curves.Bin = 0, 1e-300
	drawn(t, chart.Capacity(r))
}

// Lines go on beyond the plot as straight as before, but not without end.
func TestBeyond(t *testing.T) {
	line := span{&chart.Axis{Lo: 0, Hi: 10}, 100, 200}
	log := span{&chart.Axis{Log: true, Lo: 1, Hi: 100}, 0, 200}
	for _, k := range []struct {
		s    span
		v    float64
		want float64
	}{{line, 5, 150}, {line, 15, 250}, {line, -5, 50}, {line, 1e300, 1100}, {line, -1e300, -900}, {log, 10, 100}, {log, 1000, 300}, {log, -7, -300}} {
		if got := float64(k.s.beyond(k.v)); math.Abs(got-k.want) > 1e-9 {
			t.Errorf("%v from %v to %v: %v, want %v", k.v, k.s.axis.Lo, k.s.axis.Hi, got, k.want)
		}
	}
}

func TestWrap(t *testing.T) {
	p := newPen()
	s := style{size: 10, colour: ink()}
	room := p.width(s, "twelve words")
	if got := p.wrap(s, "twelve words  and incomprehensibilities", room, 0); len(got) != 3 || got[0] != "twelve words" || got[1] != "and" || !strings.HasSuffix(got[2], "…") {
		t.Errorf("%q", got)
	}
	if got := p.wrap(s, "one two three four five six seven", room, 2); len(got) != 2 || !strings.HasSuffix(got[1], "…") {
		t.Errorf("%q", got)
	}
	for _, line := range p.wrap(s, strings.Repeat("incomprehensibilities ", 9), room, 3) {
		if p.width(s, line) > room {
			t.Errorf("%q is wider than its room", line)
		}
	}
}
