package catalog

import (
	"math"
	"testing"
)

// The worked example of Microsoft's sizing page: 1,000 requests a minute of 200
// tokens in and 20 out, without and with half of the input cached.
func TestSize(t *testing.T) {
	row := func(model string) *Row {
		rows := Embedded().List()
		for i := range rows {
			if r := &rows[i]; r.Config.Model == model && r.Step > 0 {
				return r
			}
		}
		t.Fatalf("no provisioned %s", model)
		return nil
	}
	for _, k := range []struct {
		model                 string
		input, output, cached float64
		exact                 float64
		deployed              int
	}{
		{"gpt-5.2", 200_000, 20_000, 0, 105.9, 110},
		{"gpt-5.2", 200_000, 20_000, 0.5, 76.5, 80},
		{"gpt-5.2", 100, 10, 0, 0.1, 15},       // the minimum
		{"gpt-5.2", 51_000, 0, 0, 15, 15},      // 15 x 3,400
		{"gpt-5.2", 51_001, 0, 0, 15, 20},      // one more token needs a step more
		{"gpt-6-sol", 60_000, 0, 1, 2, 15},     // cached input counts a tenth: 6,000 / 3,000
		{"gpt-6-sol", 300_000, 0, 0, 100, 100}, // 300,000 / 3,000
	} {
		exact, deployed := row(k.model).Size(k.input, k.output, k.cached)
		if math.Abs(exact-k.exact) > 0.05 || deployed != k.deployed {
			t.Errorf("%s, %v in, %v out, %v cached: %.1f, deployed %d; want %.1f and %d", k.model, k.input, k.output, k.cached, exact, deployed, k.exact, k.deployed)
		}
	}
}
