package catalog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ratesim/provider"
)

// Numbers of each product, copied from the vendors' pages and not from the data files.
func TestOffers(t *testing.T) {
	known := Embedded()
	s := time.Second
	gsu := []Window{{3, 120 * s}, {49, 30 * s}, {0, 5 * s}}
	minutes := []Window{{0, time.Minute}}
	for _, want := range []struct {
		vendor, model string
		sizes         Sizes
		tpm, output   float64
		ratio, cached float64
		windows       []Window
		terms         []float64 // what a unit costs, by the shortest term
		outputs       float64   // what a unit of output costs
	}{
		{"azure", "gpt-5.2", Sizes{15, 5}, 3400, 0, 8, 1, nil, []float64{1, 260, 2652}, 0},
		{"vertex", "gemini-2.5-flash", Sizes{1, 1}, 2690 * 60, 0, 9, 0, gsu, []float64{1200, 2700, 2400, 2000}, 0},
		{"vertex", "gemini-3.6-flash", Sizes{1, 1}, 675 * 60, 0, 5, 0.9, gsu, []float64{1200, 2700, 2400, 2000}, 0},
		{"vertex", "claude-sonnet-4.5", Sizes{25, 1}, 350 * 60, 0, 5, 0.9, gsu, []float64{2700, 2400, 2000}, 0}, // weeks are for Google's models
		{"openai", "gpt-5", Sizes{1, 1}, 25_000, 2500, 0, 0, minutes, []float64{75}, 60},
		{"openai", "gpt-4o", Sizes{1, 1}, 30_000, 2500, 0, 0, minutes, []float64{124.59}, 39.34},
		{"bedrock", "claude-sonnet-4.5", Sizes{1, 1}, 1000, 1000, 0, 0, minutes, nil, 0},
	} {
		all := known.Offers()
		i := slices.IndexFunc(all, func(o Offer) bool { return o.Vendor == want.vendor && o.Model == want.model })
		if i < 0 {
			t.Errorf("no %s of %s", want.model, want.vendor)
			continue
		}
		o := &all[i]
		if o.Sizes != want.sizes || o.TPM != want.tpm || o.OutputTPM != want.output || o.OutputRatio != want.ratio || !slices.Equal(o.Windows, want.windows) || max(o.CacheDiscount-want.cached, want.cached-o.CacheDiscount) > 1e-9 {
			t.Errorf("%+v, want %+v", o, want)
		}
		var terms []float64
		for _, term := range known.Terms(o, Global) {
			terms = append(terms, term.USD)
			if term.USDOutput != want.outputs {
				t.Errorf("%s: a unit of output costs %v, want %v", want.model, term.USDOutput, want.outputs)
			}
		}
		if !slices.Equal(terms, want.terms) {
			t.Errorf("%s/%s: terms %v, want %v", want.vendor, want.model, terms, want.terms)
		}
	}
}

func TestWindowOf(t *testing.T) {
	o := Offer{Windows: []Window{{3, 2 * time.Minute}, {49, 30 * time.Second}, {0, 5 * time.Second}}}
	for units, want := range map[int]time.Duration{1: 2 * time.Minute, 3: 2 * time.Minute, 4: 30 * time.Second, 49: 30 * time.Second, 50: 5 * time.Second, 9999: 5 * time.Second} {
		if got := o.WindowOf(units); got != want {
			t.Errorf("%d units: %v, want %v", units, got, want)
		}
	}
	if got := new(Offer).WindowOf(1); got != 0 {
		t.Errorf("without windows: %v", got)
	}
}

// Cells of windows that cannot be read are errors with their place.
func TestWindowsCells(t *testing.T) {
	read := func(cell string) ([]Window, error) {
		var got []Window
		err := read("offers.csv", strings.NewReader("windows,source,date,confidence\n"+cell+",a page,2026,official\n"), []string{"windows"}, nil, func(l *line) { got = l.windows("windows") })
		return got, err
	}
	for _, bad := range []string{"3", "3:", ":", "a:5", "3:0", "3:-1", "-3:5", "0:5", "3:120 2:30", ":5 9:1", "3:3601", "3:NaN"} {
		if got, err := read(bad); err == nil || !strings.HasPrefix(err.Error(), "offers.csv:2:1: windows: want ") {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
	if got, err := read("3:120 49:0.5 :5"); err != nil || len(got) != 3 || got[1] != (Window{49, 500 * time.Millisecond}) {
		t.Errorf("%v, %v", got, err)
	}
}

// Terms are named and ordered from the shortest to the longest.
func TestTermsAreInOrder(t *testing.T) {
	known := Embedded()
	for _, o := range known.Offers() {
		for _, deployment := range []string{"global", "data-zone", "regional"} {
			last := -1
			for _, term := range known.Terms(&o, deployment) {
				i := slices.Index([]string{"hourly", "weekly", "monthly", "quarterly", "yearly"}, term.Name)
				if i <= last {
					t.Errorf("%s/%s, %s: %s comes after a longer term, or twice, or is unknown", o.Vendor, o.Model, deployment, term.Name)
				}
				last = i
			}
		}
	}
}

// The deployments of offers: an order of GSUs counts over the window of its size, and bundles
// limit input and output in each minute by themselves and promise a speed.
func TestProvisioned(t *testing.T) {
	known := Embedded()
	sold := func(vendor, model string) *Offer {
		all := known.Offers()
		return &all[slices.IndexFunc(all, func(o Offer) bool { return o.Vendor == vendor && o.Model == model })]
	}
	check := func(cfg provider.Config, err error) provider.Config {
		t.Helper()
		cfg.Name = "bought"
		if bad := cfg.Validate(); err != nil || bad != nil || cfg.Latency.PerToken == 0 {
			t.Errorf("%+v, %v, %v", cfg, err, bad)
		}
		return cfg
	}
	for units, width := range map[int]time.Duration{1: 120 * time.Second, 25: 30 * time.Second, 250: 5 * time.Second} {
		cfg := check(known.Provisioned(sold("vertex", "gemini-2.5-flash"), units, 0))
		if want := (provider.Provisioned{Units: units, TPMPerUnit: 2690 * 60, OutputRatio: 9, Window: width}); cfg.PTU != want || cfg.Latency.Load != 0 {
			t.Errorf("%d GSUs: %+v", units, cfg)
		}
	}
	cfg := check(known.Provisioned(sold("openai", "gpt-5"), 4, 8))
	if len(cfg.Limits) != 2 || cfg.Limits[0].Most != 100_000 || cfg.Limits[0].Counts != provider.Input || cfg.Limits[1].Most != 20_000 || cfg.Limits[1].Counts != provider.Output || cfg.Latency.Floor != 20*time.Millisecond {
		t.Errorf("%+v", cfg)
	}
	if cfg := check(known.Provisioned(sold("azure", "gpt-4o"), 20, 0)); cfg.Ref != "azure/gpt-4o@ptu-20" || cfg.PTU.Window != 0 {
		t.Errorf("%+v", cfg)
	}
	if _, err := known.Provisioned(sold("azure", "gpt-4o"), 17, 0); err == nil {
		t.Error("17 PTUs can be bought")
	}
}
