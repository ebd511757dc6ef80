package reports

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

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
		LatencyCDF: []float64{0.2, 1.23456789, 30}, Width: 1, AttemptsPerS: []float64{0, 8.1, 1e-7}, RejectedPerS: []float64{0, 1, 0},
	}
	return r
}

func TestGolden(t *testing.T) {
	table := func(o TableOptions) func(io.Writer, *metrics.Result) error {
		return func(w io.Writer, r *metrics.Result) error { return Table(w, r, o) }
	}
	for _, c := range []struct {
		file   string
		result *metrics.Result
		write  func(io.Writer, *metrics.Result) error
	}{
		{"table-unlimited.txt", launchDay(), table(TableOptions{})},
		{"table-120.txt", launchDay(), table(TableOptions{Width: 120})},
		{"table-80.txt", launchDay(), table(TableOptions{Width: 80})},
		{"table-60.txt", launchDay(), table(TableOptions{Width: 60})},
		{"table-120-color.txt", launchDay(), table(TableOptions{Width: 120, Color: true})},
		{"table-80-color.txt", launchDay(), table(TableOptions{Width: 80, Color: true})},
		{"table-60-color.txt", launchDay(), table(TableOptions{Width: 60, Color: true})},
		{"herd-80.txt", aHerd(), func(w io.Writer, r *metrics.Result) error { return HerdTable(w, r, TableOptions{Width: 80}) }},
		{"table-by-tenant.txt", launchDay(), table(TableOptions{By: "tenant"})},
		{"table.md", launchDay(), func(w io.Writer, r *metrics.Result) error { return Markdown(w, r, TableOptions{}) }},
		{"herd.md", aHerd(), func(w io.Writer, r *metrics.Result) error { return HerdMarkdown(w, r, TableOptions{}) }},
		{"table.csv", launchDay(), func(w io.Writer, r *metrics.Result) error { return CSV(w, r, TableOptions{}) }},
		{"table-by-tenant.csv", short(), func(w io.Writer, r *metrics.Result) error { return CSV(w, r, TableOptions{By: "tenant"}) }},
		{"result.json", short(), JSON},
	} {
		golden(t, c.file, c.result, c.write)
	}
}

// golden holds what write makes of value against testdata/file, and wants it to
// pass on what a broken pipe says.
func golden[T any](t *testing.T, file string, value T, write func(io.Writer, T) error) {
	t.Run(file, func(t *testing.T) {
		var b bytes.Buffer
		if err := write(&b, value); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), b.String()); d != "" {
			t.Errorf("differs from %s (-update writes it anew):\n%s", path, d)
		}
		if err := write(broken{}, value); !errors.Is(err, errBroken) {
			t.Errorf("writing to a broken pipe: error %v, want it passed on", err)
		}
	})
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// Lines never pass the width asked for, and colour changes no letter.
func TestTableWidth(t *testing.T) {
	for width := 40; width <= 160; width += 5 {
		plain, colored := tableText(t, launchDay(), TableOptions{Width: width}), tableText(t, launchDay(), TableOptions{Width: width, Color: true})
		for line := range strings.Lines(plain) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("width %d: line of %d: %q", width, n, line)
			}
		}
		bare := strings.NewReplacer(bold, "", green, "", dim, "", reset, "").Replace(colored)
		if d := cmp.Diff(trimLines(plain), trimLines(bare)); d != "" {
			t.Errorf("width %d: colour changes the text:\n%s", width, d)
		}
	}
}

func trimLines(s string) (out []string) {
	for line := range strings.Lines(s) {
		out = append(out, strings.TrimRight(line, " \n"))
	}
	return out
}

func tableText(t *testing.T, r *metrics.Result, o TableOptions) string {
	t.Helper()
	var b strings.Builder
	if err := Table(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		of   func(float64) scale
		v    float64
		want string
	}{
		{percent, 0.973, "97.3 %"},
		{seconds, 0, "0.0 ms"}, {seconds, 0.0042, "4.2 ms"}, {seconds, 0.83, "830 ms"}, {seconds, 0.9996, "1.0 s"},
		{seconds, 4.1, "4.1 s"}, {seconds, 99.96, "100 s"}, {seconds, 312, "312 s"}, {seconds, 7200, "120 min"},
		{quantity, 0, "0"}, {quantity, 0.5, "0.5"}, {quantity, 17, "17"}, {quantity, 1044, "1044"}, {quantity, 9999.6, "10.0k"},
		{quantity, 12345, "12.3k"}, {quantity, 99960, "100k"}, {quantity, 198000, "198k"}, {quantity, 1.2e6, "1.2M"},
		{quantity, 120e6, "120M"}, {quantity, 3e9, "3.0G"},
		{multiple, 1.038, "1.04"}, {multiple, 100, "100"},
		{dollars, 0.00123, "0.0012"}, {dollars, 0.0123, "0.012"}, {dollars, 12.9, "12.90"}, {dollars, 23456, "23.5k"},
	} {
		if got := write(c.v, c.of); got != c.want {
			t.Errorf("%g is written %q, want %q", c.v, got, c.want)
		}
	}
}

// What comes out of a result file may not steer the terminal.
func TestUntrustedNames(t *testing.T) {
	r := launchDay()
	r.Strategies[0].Name = "\x1b[2Jevil\r\n" + strings.Repeat("x", 80)
	r.Warnings = []string{"\x1b]0;title\a"}
	r.Scenario = "a\x00b"
	if got := tableText(t, r, TableOptions{Width: 80}); strings.ContainsAny(got, "\x1b\r\a\x00") {
		t.Errorf("control characters pass through: %q", got)
	}
}
