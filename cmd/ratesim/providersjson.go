package main

import (
	"encoding/json"
	"io"

	"ratesim/provider/catalog"
)

// deploymentJSON is a row of the catalog as -o json prints it.
type deploymentJSON struct {
	Ref        string           `json:"ref"`
	Vendor     string           `json:"vendor"`
	Edition    string           `json:"edition"`
	Model      string           `json:"model"`
	Tier       string           `json:"tier"`
	Scope      string           `json:"scope,omitempty"` // where the limits hold, if the vendor has more than one
	Confidence string           `json:"confidence"`      // of the limits, or of what a PTU gives
	Limits     map[string]int64 `json:"limits"`          // rpm, tpm and so on
	Asks       *catalog.Asks    `json:"tier_asks_for,omitempty"`
	BatchQueue int64            `json:"batch_queue_tokens,omitempty"`
	Window     string           `json:"window,omitempty"`
	Reserve    string           `json:"reserve"`
	Settle     bool             `json:"settle"`
	Rejected   bool             `json:"rejected"`
	Burndown   float64          `json:"burndown,omitempty"`
	Discount   float64          `json:"cache_discount"`
	PTU        *ptuJSON         `json:"ptu,omitempty"`
	Price      *priceJSON       `json:"price,omitempty"`
	Latency    latencyJSON      `json:"latency"`
	Facts      []catalog.Fact   `json:"facts"`
}

type ptuJSON struct {
	Minimum     int     `json:"minimum"`
	Step        int     `json:"step"`
	TPMPerUnit  int64   `json:"tpm_per_ptu"`
	OutputRatio float64 `json:"output_ratio"`
}

type priceJSON struct {
	Input    float64 `json:"usd_per_million_input"`
	Cached   float64 `json:"usd_per_million_cached"`
	Output   float64 `json:"usd_per_million_output"`
	Written  float64 `json:"usd_per_million_written,omitempty"` // into the cache; absent where it costs as other input
	UnitHour float64 `json:"usd_per_ptu_hour"`
}

type latencyJSON struct {
	TTFTp50  float64 `json:"ttft_p50_s"`
	TTFTp95  float64 `json:"ttft_p95_s"`
	PerToken float64 `json:"per_token_s"`
	Floor    float64 `json:"per_token_at_most_s,omitempty"`
	Load     float64 `json:"load"`
}

// data returns deployments with all their facts, batches, and what the editions are.
func (p *providersList) data() (any, error) {
	out := struct {
		Deployments []deploymentJSON  `json:"deployments"`
		Batches     []catalog.Batch   `json:"batches"`
		Editions    []catalog.Edition `json:"editions"`
	}{[]deploymentJSON{}, []catalog.Batch{}, []catalog.Edition{}}
	for _, r := range p.shown() {
		out.Deployments = append(out.Deployments, toJSON(&r))
	}
	for _, b := range p.known.Batches() {
		if p.shows(b.Vendor) && (b.Model == "*" || p.ofModel(b.Vendor, b.Model)) {
			out.Batches = append(out.Batches, b)
		}
	}
	for _, e := range p.known.Editions() {
		if p.shows(e.Vendor) {
			out.Editions = append(out.Editions, e)
		}
	}
	return out, nil
}

func toJSON(r *catalog.Row) deploymentJSON {
	c := &r.Config
	d := deploymentJSON{Ref: r.Ref, Vendor: c.Vendor, Edition: r.Edition, Model: c.Model, Tier: r.Tier, Scope: r.Scope, Confidence: r.Confidence(), Limits: map[string]int64{}, Asks: r.Asks, BatchQueue: r.BatchQueue,
		Reserve: c.Charge.Reserve.String(), Settle: c.Charge.Settle, Rejected: c.Charge.Rejected,
		Burndown: c.Charge.Burndown, Discount: c.Charge.CacheDiscount, Facts: r.Facts,
		Latency: latencyJSON{c.Latency.TTFT.Quantile(0.5), c.Latency.TTFT.Quantile(0.95), c.Latency.PerToken.Seconds(), c.Latency.Floor.Seconds(), c.Latency.Load}}
	for _, l := range r.Limits {
		d.Limits[l.Name] = l.Most
	}
	if r.Minimum > 0 {
		d.PTU = &ptuJSON{r.Minimum, r.Step, c.PTU.TPMPerUnit, c.PTU.OutputRatio}
	} else {
		d.Window = c.Window.String()
	}
	if price(r) != "-" {
		d.Price = &priceJSON{c.Price.Input, c.Price.Cached, c.Price.Output, c.Price.Written, c.Price.UnitHour}
	}
	return d
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
