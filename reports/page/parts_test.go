package page

import (
	"strings"
	"testing"

	"ratesim/reports"
	"ratesim/reports/chart"
	"ratesim/sim/metrics"
)

// A part is what the whole page has of it, and nothing of the others.
func TestParts(t *testing.T) {
	d := &reports.Document{Name: "x", Title: "Choose x.", Warnings: []string{"beware"}, Setting: []metrics.Setting{{Topic: "limits", Text: "60 a minute"}},
		Tables: []reports.Table{{Columns: []reports.Column{{Head: "failed"}}, Rows: []reports.Row{{Name: "jitter", Cells: []reports.Cell{{Num: "17"}}}}}}}
	var whole strings.Builder
	if err := Body(&whole, d); err != nil {
		t.Fatal(err)
	}
	said := map[Part]string{Caution: "beware", Settings: "60 a minute", Numbers: "17"}
	for part, has := range said {
		var b strings.Builder
		if err := part.Write(&b, d); err != nil {
			t.Fatal(err)
		}
		for other, text := range said {
			if strings.Contains(b.String(), text) != (other == part) {
				t.Errorf("%s: says %q in:\n%s", part, text, b.String())
			}
		}
		if !strings.Contains(b.String(), has) || !strings.Contains(whole.String(), strings.TrimSpace(b.String())) {
			t.Errorf("%s is not in the whole page as it is alone:\n%s", part, b.String())
		}
	}
}

// What is of another run stands behind, and neither sorts a row nor widens its range.
func TestPaleBehind(t *testing.T) {
	axis := chart.Axis{Lo: 0, Hi: 10}
	pale, dot := chart.Point{Shape: chart.Pale, At: 8, Lo: 8, Hi: 8}, chart.Point{At: 2, Lo: 2, Hi: 2}
	got := marks(&axis, []chart.Point{dot, pale})
	if len(got) != 2 || got[0].Kind != "pale" || got[0].X != "80%" || got[1].Kind != "dot" {
		t.Errorf("got %+v, want the pale one first and no range between them", got)
	}
	if key := sortKey(&chart.Marks{Points: []chart.Point{pale, dot}}); key != "2" {
		t.Errorf("the row is sorted by %s, want 2", key)
	}
	for _, p := range marks(&axis, []chart.Point{{Shape: chart.Pale, Never: true}}) {
		if p.Kind != "pale" {
			t.Errorf("one that is never reached is a %s", p.Kind)
		}
	}
}
