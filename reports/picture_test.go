package reports

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot/plotter"

	"ratesim/sim/metrics"
)

func pictureNames(ps []Picture) (out []string) {
	for _, p := range ps {
		out = append(out, p.Name)
	}
	return out
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		result *metrics.Result
		of     func(*metrics.Result) []Picture
		want   []string
	}{
		{launchDay(), Pictures, []string{"latency", "attempts", "quota", "tenants"}},
		{aHerd(), HerdPictures, []string{"attempts", "jitter"}},
	} {
		pictures, again := c.of(c.result), c.of(c.result)
		if d := cmp.Diff(c.want, pictureNames(pictures)); d != "" {
			t.Fatal(d)
		}
		for i, p := range pictures {
			raster, vector := bytesOf(t, p.WritePNG), bytesOf(t, p.WriteSVG)
			if !bytes.Equal(raster, bytesOf(t, again[i].WritePNG)) || !bytes.Equal(vector, bytesOf(t, p.WriteSVG)) {
				t.Errorf("%s: other bytes for the same result", p.Name)
			}
			size, err := png.DecodeConfig(bytes.NewReader(raster))
			if err != nil {
				t.Fatal(err)
			}
			if size.Width != 1200 || size.Height < 400 || size.Height > 1200 {
				t.Errorf("%s: %d × %d pixels", p.Name, size.Width, size.Height)
			}
			texts := svgTexts(t, vector)
			for _, s := range c.result.Strategies {
				if p.Name != "jitter" && !slices.Contains(texts, s.Name) {
					t.Errorf("%s: does not name %s", p.Name, s.Name)
				}
			}
			if p.Name == "tenants" && (!slices.Contains(texts, "web") || !slices.Contains(texts, "nightly")) {
				t.Errorf("tenants: names none of them in %q", texts)
			}
		}
	}
}

// svgTexts returns the texts of a picture, which must be well-formed.
func svgTexts(t *testing.T, svg []byte) (out []string) {
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
		if text, ok := token.(xml.CharData); ok {
			out = append(out, strings.TrimSpace(string(text)))
		}
	}
}

func bytesOf(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestJitterOrder(t *testing.T) {
	r := &metrics.Result{}
	for _, name := range []string{"jitter-full", "jitter-100%", "retry-after", "jitter", "jitter-5%", "jitter-decorrelated", "backoff", "jitter-odd", "jitter-equal", "jitter-25%"} {
		r.Strategies = append(r.Strategies, metrics.Strategy{Group: metrics.Group{Name: name}})
	}
	var got []string
	for _, j := range byJitter(r) {
		got = append(got, j.label)
	}
	if d := cmp.Diff([]string{"0 %", "5 %", "25 %", "100 %", "full", "equal", "decorrelated"}, got); d != "" {
		t.Error(d)
	}
}

// Curves that no run makes but a file can hold neither panic nor hang.
func TestPicturesOfOddCurves(t *testing.T) {
	for _, c := range []*metrics.Curves{
		nil,
		{},
		{Width: 1, LatencyCDF: []float64{0}, AttemptsPerS: []float64{0}, QuotaUsed: []float64{0}},
		{Width: 1, LatencyCDF: []float64{0, 0}, AttemptsPerS: []float64{1}, RejectedPerS: []float64{1, 2, 3}, QuotaUsed: []float64{1}},
		{Width: 1e300, LatencyCDF: []float64{1e300, -1e300, 5}, AttemptsPerS: []float64{1e300, 1}, QuotaUsed: []float64{1e-300, -4}},
		{Width: 1e-300, LatencyCDF: []float64{1e-300, 1}, AttemptsPerS: []float64{1e-300, 1e-300}, QuotaUsed: []float64{1e9}},
		{Width: 1e308, AttemptsPerS: []float64{1e308, 1e308, 1e308}},
	} {
		r := &metrics.Result{Strategies: []metrics.Strategy{
			{Group: metrics.Group{Name: "<a> & \"b\""}, Curves: c},
			{Group: metrics.Group{Name: "jitter-5%", Values: metrics.Values{metrics.RetryPeak: est(1e308, 0)}}, Curves: c},
			{Group: metrics.Group{Name: "backoff", Values: metrics.Values{metrics.DrainedAt: est(-5, 1)}}, Curves: &metrics.Curves{Width: 1, AttemptsPerS: []float64{3, 1}}},
		}}
		for _, p := range append(Pictures(r), HerdPictures(r)...) {
			bytesOf(t, p.WritePNG)
			svgTexts(t, bytesOf(t, p.WriteSVG))
		}
	}
}

// Thinning a long series keeps its peak and its length.
func TestAreaKeepsPeaks(t *testing.T) {
	ys := make([]float64, 86400)
	ys[54321] = 77
	outline := area(ys, 1, 86400)
	top, end := 0.0, 0.0
	for _, p := range outline {
		top, end = max(top, p.Y), max(end, p.X)
	}
	if top != 77 || end != 86400 || len(outline) > 2*maxSteps+2 {
		t.Errorf("peak %g, end %g, %d points; want 77, 86400, at most %d", top, end, len(outline), 2*maxSteps+2)
	}
}

// A few panels that go on far longer than the others do not press them to the left.
func TestAxisEnd(t *testing.T) {
	for _, c := range []struct {
		ends []float64
		want float64
	}{
		{nil, 0},
		{[]float64{7}, 7},
		{[]float64{0, 0, 0, 0, 0, 0, 7}, 7},
		{[]float64{60, 900}, 900},
		{[]float64{50, 60, 900, 40, 30}, 900},
		{[]float64{50, 60, 900, 40, 30, 20}, 60},
		{[]float64{50, 60, 80, 40, 30, 20}, 80},
		{[]float64{50, 60, 900, 40, 30, 20, 75, 10, 10, 10, 10}, 75},
		{[]float64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 14, 19, 26}, 26},
	} {
		if got := axisEnd(c.ends); got != c.want {
			t.Errorf("%v: %v, want %v", c.ends, got, c.want)
		}
	}
	for _, c := range []struct {
		end, step, others float64
		want              string
	}{{90, 1, 1, " (until 90 s)"}, {900, 2, 1, " (until 15 min, means of 2 s)"}, {100_000, 256, 32, " (until 27.8 h, means of 256 s)"}} {
		if got := goesOn(c.end, c.step, c.others); got != c.want {
			t.Errorf("%v: %q, want %q", c, got, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		hi, unit float64
		n        int
		want     string
	}{
		{640, 60, 6, "0 2 4 6 8 10"}, {1.06, 0.01, 4, "0 50 100"}, {450, 1, 4, "0 200 400"}, {0.7, 1, 4, "0 0.2 0.4 0.6"}, {0, 1, 4, "0"},
	} {
		var got []string
		for _, tick := range ticks(c.n, c.unit, plainNumber)(0, c.hi) {
			got = append(got, tick.Label)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("ticks to %g: %s, want %s", c.hi, s, c.want)
		}
	}
}

// However close latencies lie, the axis names two of them.
func TestLatencyAxisIsLabelled(t *testing.T) {
	for _, at := range []float64{-4, -0.31, 0.1, 1.55, 3} {
		lo, hi := labelled(at, at+0.01)
		n := 0
		for _, tick := range decades(lo, hi) {
			if tick.Label != "" {
				n++
			}
		}
		if n < 2 || lo > at || hi < at+0.01 {
			t.Errorf("from 10^%v: %d labels from %v to %v", at, n, lo, hi)
		}
	}
}

func TestRootTicks(t *testing.T) {
	for hi, want := range map[float64]string{270: "0 50 100", 450: "0 50 200", 9: "0 1 5", 1000: "0 100 500 1000", 0: "0"} {
		var got []string
		for _, tick := range rootTicks(0, math.Sqrt(hi)) {
			got = append(got, tick.Label)
			if v, err := strconv.ParseFloat(tick.Label, 64); err != nil || math.Abs(tick.Value-math.Sqrt(v)) > 1e-12 {
				t.Errorf("label %s stands at %g", tick.Label, tick.Value)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("ticks to %g: %s, want %s", hi, s, want)
		}
	}
}

func jsonOf(r *metrics.Result) func(io.Writer) error {
	return func(w io.Writer) error { return JSON(w, r) }
}

func TestWriteDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	r := short()
	if err := WriteDir(dir, jsonOf(r), Pictures(r)); err != nil {
		t.Fatal(err)
	}
	want := []string{"attempts.png", "attempts.svg", "latency.png", "latency.svg", "result.json", "tenants.png", "tenants.svg"}
	if d := cmp.Diff(want, files(t, dir)); d != "" {
		t.Error(d)
	}
	f, err := os.Open(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := ReadJSON(f); err != nil {
		t.Error(err)
	}
}

func TestWriteFileWholeOrNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.txt")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := writeFile(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return errBroken
	})
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want the cause and %s", err, path)
	}
	if b, _ := os.ReadFile(path); string(b) != "before" {
		t.Errorf("file holds %q, want what was there", b)
	}
	if d := cmp.Diff([]string{"kept.txt"}, files(t, filepath.Dir(path))); d != "" {
		t.Error(d)
	}
	if err := WriteDir(path, jsonOf(short()), nil); err == nil {
		t.Error("a file passes for a folder")
	}
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// The latency curve of a strategy ends at its success rate, not at 1.
func TestLatencyCountsFailedCalls(t *testing.T) {
	s := &metrics.Strategy{Group: metrics.Group{Values: metrics.Values{metrics.SuccessRate: est(0.5, 0)}}, Curves: &metrics.Curves{LatencyCDF: []float64{0, 1, 100}}}
	want := plotter.XYs{{X: -3, Y: 0}, {X: 0, Y: 0.25}, {X: 2, Y: 0.5}}
	if d := cmp.Diff(want, cdf(s)); d != "" {
		t.Error(d)
	}
}

// However many strategies there are, the latency picture names each once; where
// they are too many for one plot, the legend holds the six best, the best first, and
// oracle, and no two lines of a plot look the same.
func TestLatencyOfMany(t *testing.T) {
	for _, n := range []int{3, maxLines, maxLines + 1, 60} {
		r := &metrics.Result{}
		for i := range n {
			s := metrics.Strategy{Group: metrics.Group{Name: "s" + strconv.Itoa(i), Values: metrics.Values{metrics.SuccessRate: est(0.2+0.01*float64(i), 0), metrics.FailedPer1000: est(800-10*float64(i), 0)}},
				Curves: &metrics.Curves{LatencyCDF: []float64{1, 2, 3}}}
			if i == 0 {
				s.Name = oracle
			}
			r.Strategies = append(r.Strategies, s)
		}
		texts := svgTexts(t, bytesOf(t, latencyPicture(r).WriteSVG))
		var names []string
		for _, s := range texts {
			if _, err := strconv.Atoi(strings.TrimPrefix(s, "s")); err == nil && s[0] == 's' || s == oracle {
				names = append(names, s)
			}
		}
		legend, want := n-1, []string(nil)
		if n > maxLines {
			legend = bestLines
			for i := range legend {
				want = append(want, "s"+strconv.Itoa(n-1-i))
			}
		}
		for i := 1; len(want) < n-1; i++ {
			want = append(want, "s"+strconv.Itoa(i))
		}
		want = slices.Insert(want, legend, oracle)
		if d := cmp.Diff(want, names); d != "" {
			t.Errorf("of %d: %s", n, d)
		}
	}
	for i := range maxLines {
		for j := range i {
			if cmp.Equal(lineOf(i, ""), lineOf(j, "")) {
				t.Errorf("lines %d and %d look the same", i, j)
			}
		}
	}
}
