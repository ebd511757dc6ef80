package page

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ratesim/reports/chart"
)

// drawn reads a path as SVG defines it: relative moves and lines.
func drawn(t *rapid.T, path string) [][2]int {
	var out [][2]int
	x, y := 0, 0
	for _, command := range regexp.MustCompile(`[ml][^ml]*`).FindAllString(path, -1) {
		numbers := regexp.MustCompile(`-?\d+`).FindAllString(command, -1)
		if len(numbers) == 0 || len(numbers)%2 != 0 {
			t.Fatalf("the path %q has a command with %d numbers", path, len(numbers))
		}
		for i := 0; i < len(numbers); i += 2 {
			dx, _ := strconv.Atoi(numbers[i])
			dy, _ := strconv.Atoi(numbers[i+1])
			x, y = x+dx, y+dy
			out = append(out, [2]int{x, y})
		}
	}
	return out
}

// Every point of a series is on its path, in order; what is between two points of a path
// is level.
func TestSeriesIsOnItsPath(t *testing.T) {
	axis := chart.Axis{Hi: coarse}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 30).Draw(t, "values")
		list := make([]float64, len(values))
		for i, v := range values {
			list[i] = float64(v)
		}
		points := drawn(t, series(list, &axis))
		for i, v := range values {
			k, on := slices.BinarySearchFunc(points, i, func(p [2]int, x int) int { return p[0] - x })
			if !on { // a level run jumps over it
				if k == 0 || k == len(points) || points[k-1][1] != points[k][1] {
					t.Fatalf("step %d is not on %v", i, points)
				}
			}
			if got := coarse - points[k][1]; got != v {
				t.Fatalf("step %d is at %d, not %d", i, got, v)
			}
		}
	})
}

func TestCurveIsCutAtTheAxes(t *testing.T) {
	axis := chart.Axis{Hi: 10}
	for _, c := range []struct {
		name string
		line chart.Line
		want string
	}{
		{"within", chart.Line{X: []float64{0, 10}, Y: []float64{0, 10}}, "m0 10000l10000-10000"},
		{"out of the top", chart.Line{X: []float64{0, 10}, Y: []float64{0, 20}}, "m0 10000l5000-10000"},
		{"in at the left", chart.Line{X: []float64{-10, 10}, Y: []float64{5, 5}}, "m0 5000l10000 0"},
		{"out and in again", chart.Line{X: []float64{0, 5, 10}, Y: []float64{5, 15, 5}}, "m0 5000l2500-5000m5000 0l2500 5000"},
		{"beside", chart.Line{X: []float64{0, 10}, Y: []float64{11, 12}}, ""},
		{"a gap", chart.Line{X: []float64{0, 5, 10}, Y: []float64{5, math.NaN(), 5}}, "m0 5000l0 0m10000 0l0 0"},
		{"steps", chart.Line{X: []float64{0, 10}, Y: []float64{0, 10}, Steps: true}, "m0 10000l10000 0 0-10000"},
	} {
		if got := curve(&c.line, &axis, &axis); got != c.want {
			t.Errorf("%s: the path is %q, not %q", c.name, got, c.want)
		}
	}
}

func TestThin(t *testing.T) {
	if got := thin([]float64{1, 3, 5, 7, 9}, 2); !slices.Equal(got, []float64{2, 6, 9}) {
		t.Errorf("the means of pairs are %v", got)
	}
	for _, c := range []struct{ n, lines, want int }{{600, 1, 1}, {3600, 1, 6}, {600, 15, 1}, {600, 40, 3}, {0, 0, 1}} {
		if got := together(c.n, c.lines); got != c.want {
			t.Errorf("%d lines of %d steps: %d become one, not %d", c.lines, c.n, got, c.want)
		}
	}
}

func TestStrip(t *testing.T) {
	edges := []float64{0.1, 1, 3, 10, 30}
	s := stripOf(&chart.Strip{Name: "a", Rejected: []float64{0, 0.5, 0.5, 40, 0}, Lost: []float64{0, 0, 0, 0, 2}, GivenUp: []float64{0, 0, 0, 4, 0.01}}, edges, 1)
	got := map[string]string{}
	for _, p := range s.Paths {
		got[p.Class] = p.Path
	}
	want := map[string]string{"r0": "m1 4h2", "r4": "m3 4h1", "l1": "m4 4h1", "g0": "m4 9h1", "g2": "m3 9h1"}
	for class, path := range want {
		if got[class] != path {
			t.Errorf("%s is %q, not %q", class, got[class], path)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the paths are %v", got)
	}
	if want := "429s per second:0 0.5*2 40 0\n"; !strings.HasPrefix(s.Values, want) {
		t.Errorf("the values are %q, not %q", s.Values, want)
	}
}
