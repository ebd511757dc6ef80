package reports

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ratesim/sim/metrics"
)

// billed draws a result of one strategy with a bill, and what it costs in all, in rational
// numbers.
func billed(t *rapid.T) (*metrics.Result, *big.Rat) {
	usd := rapid.Map(rapid.IntRange(0, 90_000), func(n int) float64 { return float64(n) / 10_000 })
	tokens := rapid.Int64Range(0, 1e12)
	s := metrics.Strategy{Group: metrics.Group{Name: "jitter"}}
	r := &metrics.Result{Schema: metrics.Schema, Kind: "simulated", Scenario: "small", Replications: 3}
	sum := new(big.Rat)
	for _, when := range []string{"", "long prompt", "peak hour"} {
		p := metrics.Price{Deployment: "main", When: when, Input: usd.Draw(t, "input"), Cached: usd.Draw(t, "cached"), Written: usd.Draw(t, "written"), Output: usd.Draw(t, "output"),
			Rows: []metrics.PriceRow{{Name: "a row of " + when, Says: "a price", Source: "a page", Date: "2026-10", Confidence: "official"}, {Name: "of all", Says: "times 2", Source: "a page", Date: "2026-10", Confidence: "official"}}}
		u := metrics.Usage{Deployment: "main", When: when, Input: tokens.Draw(t, "input"), Cached: tokens.Draw(t, "cached"), Written: tokens.Draw(t, "written"), Output: tokens.Draw(t, "output")}
		for _, k := range []struct {
			tokens int64
			usd    float64
		}{{u.Input, p.Input}, {u.Cached, p.Cached}, {u.Written, p.Written}, {u.Output, p.Output}} {
			tenThousandths := int64(k.usd*10_000 + 0.5)
			sum.Add(sum, new(big.Rat).Mul(big.NewRat(tenThousandths, 10_000*1_000_000), big.NewRat(k.tokens, 1)))
		}
		r.Prices, s.Bill = append(r.Prices, p), append(s.Bill, u)
	}
	r.Strategies = []metrics.Strategy{s}
	return r, sum
}

// The lines of a strategy add up to its total to the digit, and that is tokens times price.
func TestExplainedCostAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, want := billed(t)
		d := Compare(r, "")
		tables := len(d.Tables)
		ExplainCost(d)
		if len(d.Tables) != tables+1 || len(d.Lists) == 0 {
			t.Fatalf("%d tables and %d lists", len(d.Tables), len(d.Lists))
		}
		table, sum := d.Tables[tables], new(big.Rat)
		for _, row := range table.Rows {
			if row.Title {
				continue
			}
			usd, ok := new(big.Rat).SetString(row.Cells[2].Num)
			if !ok {
				t.Fatalf("%s costs %q", row.Name, row.Cells[2].Num)
			}
			if row.Name != "total" {
				sum.Add(sum, usd)
				continue
			}
			if usd.Cmp(sum) != 0 || usd.Cmp(want) != 0 {
				t.Fatalf("the total is %s, the lines are %s, and tokens times price %s", row.Cells[2].Num, sum.FloatString(12), want.FloatString(12))
			}
		}
		if items := d.Lists[len(d.Lists)-1].Items; len(items) != 4 || !strings.HasPrefix(items[0], "Row 1, a row of : a price. a page, 2026-10, official") {
			t.Fatalf("%q", items)
		}
	})
}

// A saved result is explained as the run was, and other documents stay as they are.
func TestExplainedCostIsSaved(t *testing.T) {
	r := rapid.Custom(func(t *rapid.T) *metrics.Result { r, _ := billed(t); return r }).Example(1)
	fresh := Compare(r, "")
	var data, a, b bytes.Buffer
	if err := (JSON{}).Report(&data, fresh); err != nil {
		t.Fatal(err)
	}
	saved, err := Read("result.json", &data)
	if err != nil {
		t.Fatal(err)
	}
	again := saved.Document("")
	for d, to := range map[*Document]*bytes.Buffer{fresh: &a, again: &b} {
		ExplainCost(d)
		if err := (Text{Width: 200}).Report(to, d); err != nil {
			t.Fatal(err)
		}
	}
	if a.String() != b.String() || !strings.Contains(a.String(), "main, cached, long prompt") {
		t.Errorf("fresh\n%s\nsaved\n%s", a.String(), b.String())
	}
	other := Herd(&metrics.Result{Schema: metrics.Schema, Replications: 1}, "")
	other.Data = nil
	if tables := len(other.Tables); func() int { ExplainCost(other); return len(other.Tables) }() != tables {
		t.Error("a document without a result is explained")
	}
}
