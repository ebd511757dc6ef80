package chart

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ratesim/reports/words"
)

// Of the other run the points that count and the lines of who is chosen stand behind,
// of strategies that both have.
func TestBehind(t *testing.T) {
	ranking := func(at float64, names ...string) *Ranking {
		c := &Ranking{Head: Head{Name: "compare"}, Panels: []Panel{{Title: "failed", Axis: linear("", 0, 2, 3, words.PerThousand)}, {Title: "cost"}}}
		for _, n := range names {
			c.Rows = append(c.Rows, Row{Name: n})
			c.Panels[0].Rows = append(c.Panels[0].Rows, Marks{Points: []Point{{Shape: Ring, At: 9}, {At: at, Lo: at - 1, Hi: at + 1, Stem: true, Text: "much"}}})
			c.Panels[1].Rows = append(c.Panels[1].Rows, Marks{Text: "3"})
		}
		return c
	}
	curves := func(roles map[string]Role, names ...string) *Curves {
		c := &Curves{Head: Head{Name: "unanswered"}}
		for _, n := range names {
			c.Lines = append(c.Lines, Line{Names: []string{n}, Role: roles[n], X: []float64{1}, Y: []float64{2}})
		}
		return c
	}
	now := []Chart{ranking(1, "a", "b"), curves(map[string]Role{"a": Chosen}, "a", "b", "c"), &Strips{Head: Head{Name: "over-time"}}}
	was := []Chart{curves(map[string]Role{"c": Chosen}, "a", "b", "c", "d"), ranking(5, "b", "d"), &Strips{Head: Head{Name: "over-time"}}}
	Behind(now, was, "run A")
	want := []Marks{
		{Points: []Point{{Shape: Ring, At: 9}, {At: 1, Lo: 0, Hi: 2, Stem: true, Text: "much"}}},
		{Points: []Point{{Shape: Pale, At: 5, Lo: 5, Hi: 5, Text: "run A much"}, {Shape: Ring, At: 9}, {At: 1, Lo: 0, Hi: 2, Stem: true, Text: "much"}}},
	}
	if diff := cmp.Diff(want, now[0].(*Ranking).Panels[0].Rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Marks{{Text: "3"}, {Text: "3"}}, now[0].(*Ranking).Panels[1].Rows); diff != "" {
		t.Error(diff)
	}
	if a := now[0].(*Ranking).Panels[0].Axis; a.Hi < 5 || a.Ticks[len(a.Ticks)-1] < 4 {
		t.Errorf("the axis ends at %g with ticks %v, and has no room for 5", a.Hi, a.Ticks)
	}
	times := durations("", 1, 10)
	times.Never = true
	times.widen(200)
	if times.Hi < 200 || times.Lo != durations("", 1, 10).Lo || !times.Never || !times.Log {
		t.Errorf("an axis of times to 200 s is %+v", times)
	}
	var lines []string
	for _, l := range now[1].(*Curves).Lines {
		if l.Role == Before {
			lines = append(lines, l.Label+" "+l.Names[0])
		}
	}
	if diff := cmp.Diff([]string{"run A a", "run A c"}, lines); diff != "" {
		t.Error(diff)
	}
	if n := len(was[0].(*Curves).Lines); n != 4 || was[0].(*Curves).Lines[0].Role == Before {
		t.Error("the charts of the other run are changed")
	}
}
