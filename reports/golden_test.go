package reports

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ratesim/reports/words"
	"ratesim/sim/metrics"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

// short is launchDay with curves that leave a readable golden file.
func short() *metrics.Result {
	r := launchDay()
	for i := range r.Strategies {
		r.Strategies[i].Curves = nil
	}
	r.Strategies = append(r.Strategies[:1], r.Strategies[9:]...)
	r.Strategies[1].Curves = &metrics.Curves{
		Unanswered: []metrics.Tail{{Share: 1, Within: 0.2}, {Share: 0.5, Within: 1.23456789}}, Width: 1, AttemptsPerS: []float64{0, 8.1, 1e-7}, RejectedPerS: []float64{0, 1, 0},
	}
	return r
}

func TestGolden(t *testing.T) {
	for _, c := range []struct {
		file     string
		document *Document
		reporter Reporter
	}{
		{"table-unlimited.txt", Compare(launchDay(), ""), Text{}},
		{"table-160.txt", Compare(launchDay(), ""), Text{Width: 160}},
		{"table-120.txt", Compare(launchDay(), ""), Text{Width: 120}},
		{"table-80.txt", Compare(launchDay(), ""), Text{Width: 80}},
		{"table-60.txt", Compare(launchDay(), ""), Text{Width: 60}},
		{"table-120-color.txt", Compare(launchDay(), ""), Text{Width: 120, Color: true}},
		{"table-80-color.txt", Compare(launchDay(), ""), Text{Width: 80, Color: true}},
		{"table-60-color.txt", Compare(launchDay(), ""), Text{Width: 60, Color: true}},
		{"table-by-tenant.txt", Compare(launchDay(), "tenant"), Text{}},
		{"table.md", Compare(launchDay(), ""), Markdown{}},
		{"table.csv", Compare(launchDay(), ""), CSV{}},
		{"table-by-tenant.csv", Compare(short(), "tenant"), CSV{}},
		{"result.json", Compare(short(), ""), JSON{}},
		{"herd-80.txt", Herd(aHerd(), ""), Text{Width: 80}},
		{"herd-120.txt", Herd(aHerd(), ""), Text{Width: 120}},
		{"herd.md", Herd(aHerd(), ""), Markdown{}},
		{"ptu.txt", Capacity(aPTU()), Text{}},
		{"ptu-70-color.txt", Capacity(aPTU()), Text{Width: 70, Color: true}},
		{"ptu.md", Capacity(aPTU()), Markdown{}},
		{"ptu.csv", Capacity(aPTU()), CSV{}},
		{"ptu.json", Capacity(aPTU()), JSON{}},
		{"offers-80.txt", Offers(someOffers()), Text{Width: 80}},
		{"offers.md", Offers(someOffers()), Markdown{}},
		{"offers.csv", Offers(someOffers()), CSV{}},
		{"offers.json", Offers(someOffers()), JSON{}},
		{"workload-120.txt", Workload(aLog()), Text{Width: 120}},
		{"workload-60.txt", Workload(aLog()), Text{Width: 60}},
		{"workload.md", Workload(aLog()), Markdown{}},
		{"workload.csv", Workload(aLog()), CSV{}},
		{"workload.json", Workload(aLog()), JSON{}},
		{"fit-160.txt", Fit(aFit()), Text{Width: 160}},
		{"fit-70.txt", Fit(aFit()), Text{Width: 70}},
		{"fit.md", Fit(aFit()), Markdown{}},
		{"fit.csv", Fit(aFit()), CSV{}},
		{"fit.json", Fit(aFit()), JSON{}},
		{"break-even-100.txt", BreakEven(breakEvens(), "PTU"), Text{Width: 100}},
		{"break-even-60.txt", BreakEven(breakEvens(), "PTU"), Text{Width: 60}},
		{"bench.txt", aBench(), Text{}},
		{"bench-100-color.txt", aBench(), Text{Width: 100, Color: true}},
		{"bench-60.txt", aBench(), Text{Width: 60}},
		{"bench.md", aBench(), Markdown{}},
		{"claims-80.txt", Claims(someClaims()), Text{Width: 80}},
		{"claims-80-color.txt", Claims(someClaims()), Text{Width: 80, Color: true}},
		{"claims.md", Claims(someClaims()), Markdown{}},
		{"claims.csv", Claims(someClaims()), CSV{}},
		{"claims.json", Claims(someClaims()), JSON{}},
		{"difference-160.txt", between(t, before(), after()), Text{Width: 160}},
		{"difference-80.txt", between(t, before(), after()), Text{Width: 80}},
		{"difference.md", between(t, before(), after()), Markdown{}},
		{"difference.csv", between(t, before(), after()), CSV{}},
		{"difference.json", between(t, before(), after()), JSON{}},
	} {
		golden(t, c.file, c.document, c.reporter)
	}
}

// golden holds what a reporter makes of a document against testdata/file, and wants it to
// pass on what a broken pipe says.
func golden(t *testing.T, file string, d *Document, r Reporter) {
	t.Run(file, func(t *testing.T) {
		got := written(t, d, r)
		path := filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("differs from %s (-update writes it anew):\n%s", path, d)
		}
		if err := r.Report(broken{}, d); !errors.Is(err, errBroken) {
			t.Errorf("writing to a broken pipe: error %v, want it passed on", err)
		}
	})
}

func written(t testing.TB, d *Document, r Reporter) string {
	t.Helper()
	var b strings.Builder
	if err := r.Report(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// Lines never pass the width asked for, and colour changes no letter.
func TestTextWidth(t *testing.T) {
	for name, d := range map[string]*Document{"comparison": Compare(launchDay(), "tenant"), "herd": Herd(aHerd(), ""), "bench": aBench(),
		"break-even": BreakEven(breakEvens(), "PTU"), "difference": between(t, before(), after()), "claims": Claims(someClaims())} {
		for width := 40; width <= 160; width++ {
			plain, colored := written(t, d, Text{Width: width}), written(t, d, Text{Width: width, Color: true})
			for line := range strings.Lines(plain) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s, width %d: line of %d: %q", name, width, n, line)
				}
			}
			bare := strings.NewReplacer(bold, "", green, "", dim, "", reset, "").Replace(colored)
			if d := cmp.Diff(trimLines(plain), trimLines(bare)); d != "" {
				t.Errorf("%s, width %d: colour changes the text:\n%s", name, width, d)
			}
		}
	}
}

func trimLines(s string) (out []string) {
	for line := range strings.Lines(s) {
		out = append(out, strings.TrimRight(line, " \n"))
	}
	return out
}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		of   func(float64) words.Scale
		v    float64
		want string
	}{
		{words.Percent, 0.973, "97.3 %"},
		{words.Seconds, 0, "0.0 ms"}, {words.Seconds, 0.0042, "4.2 ms"}, {words.Seconds, 0.83, "830 ms"}, {words.Seconds, 0.9996, "1.0 s"},
		{words.Seconds, 4.1, "4.1 s"}, {words.Seconds, 99.96, "100 s"}, {words.Seconds, 312, "312 s"}, {words.Seconds, 7200, "120 min"},
		{words.Quantity, 0, "0"}, {words.Quantity, 0.5, "0.5"}, {words.Quantity, 17, "17"}, {words.Quantity, 1044, "1044"}, {words.Quantity, 9999.6, "10.0k"},
		{words.Quantity, 12345, "12.3k"}, {words.Quantity, 99960, "100k"}, {words.Quantity, 198000, "198k"}, {words.Quantity, 1.2e6, "1.2M"},
		{words.Quantity, 120e6, "120M"}, {words.Quantity, 3e9, "3.0G"},
		{words.Multiple, 1.038, "1.04"}, {words.Multiple, 100, "100"},
		{words.Dollars, 0.00123, "0.0012"}, {words.Dollars, 0.0123, "0.012"}, {words.Dollars, 12.9, "12.90"}, {words.Dollars, 23456, "23.5k"},
	} {
		if got := words.Write(c.v, c.of); got != c.want {
			t.Errorf("%g is written %q, want %q", c.v, got, c.want)
		}
	}
}
