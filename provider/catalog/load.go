package catalog

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"ratesim/provider"
	"ratesim/sim/rng"
)

//go:embed data
var data embed.FS

// refusal is how long a deployment takes to refuse. No vendor states it: a
// refusal is decided at the gateway, so the figure is one round trip within a
// region and its handling.
const refusal = 30 * time.Millisecond

// load assembles the rows from the data files. The files are part of the
// program, so a fault in one is a broken invariant; a test reads them all.
func load() []Row {
	rows, err := assemble()
	if err != nil {
		panic("provider catalog: " + err.Error())
	}
	return rows
}

func assemble() ([]Row, error) {
	prices, err := readPrices()
	if err != nil {
		return nil, err
	}
	latencies, err := readLatencies()
	if err != nil {
		return nil, err
	}
	var rows []Row
	err = errors.Join(
		read("limits.csv", "vendor,edition,model,tier,rpm,tpm", "limits", func(l *line, f Fact) {
			r := Row{Edition: l.text(1), Tier: l.text(3), Facts: []Fact{f}}
			r.Config = provider.Config{Vendor: l.text(0), Model: l.text(2), RPM: l.limit(4), TPM: l.limit(5)}
			// OpenAI's bucket and accounting: every real 429 and header sample
			// fits a continuously refilled bucket of one minute's worth, charged
			// with max_tokens at admission and trued up; refused requests count
			// (developers.openai.com/api/docs/guides/rate-limits, 2026-09).
			r.Config.Window = provider.TokenBucket
			r.Config.Charge = provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true, Rejected: true}
			rows = append(rows, r)
		}),
		read("ptu.csv", "vendor,edition,model,minimum,step,tpm_per_ptu,output_ratio,target_tps", "ptu", func(l *line, f Fact) {
			r := Row{Edition: l.text(1), Tier: "ptu-N", Minimum: int(l.number(3)), Step: int(l.number(4)), Facts: []Fact{f}}
			r.Config = provider.Config{Vendor: l.text(0), Model: l.text(2)}
			r.Config.PTU = provider.Provisioned{TPMPerUnit: int64(l.number(5)), OutputRatio: l.number(6)}
			// A refused call adds nothing to utilisation: it is refused before
			// it is counted (MicrosoftDocs/azure-ai-docs
			// articles/foundry/openai/concepts/provisioned-throughput.md, 2026-02-10).
			r.Config.Charge = provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true}
			// The latency target is the speed the vendor guarantees.
			r.Config.Latency.PerToken = perToken(l.number(7))
			rows = append(rows, r)
		}))
	if err != nil {
		return nil, err
	}
	for i := range rows {
		complete(&rows[i], prices, latencies)
	}
	return order(rows), nil
}

// complete adds price and latency.
func complete(r *Row, prices map[string]price, latencies map[string]latency) {
	c := &r.Config
	key := c.Vendor + "/" + c.Model
	if c.PTU.TPMPerUnit > 0 {
		key = c.Vendor
	}
	if p, ok := prices[key]; ok {
		c.Price = p.Price
		r.Facts = append(r.Facts, p.fact)
	}
	l, ok := latencies[c.Model]
	if !ok {
		l = latencies["*"]
	}
	c.Latency.TTFT, c.Latency.Refusal = l.ttft, refusal
	if c.Latency.PerToken == 0 {
		c.Latency.PerToken = l.perToken
	}
	r.Facts = append(r.Facts, l.fact)
}

// order sorts rows by vendor, newest edition first, and names them.
func order(rows []Row) []Row {
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Config.Vendor, b.Config.Vendor), cmp.Compare(b.Edition, a.Edition))
	})
	newest := map[string]string{}
	for i := range rows {
		r := &rows[i]
		vendor := r.Config.Vendor
		if newest[vendor] == "" {
			newest[vendor] = r.Edition
		}
		if r.Edition != newest[vendor] {
			vendor += ":" + r.Edition
		}
		r.Ref = vendor + "/" + r.Config.Model + "@" + r.Tier
	}
	return rows
}

type price struct {
	provider.Price
	fact Fact
}

// readPrices returns prices by vendor/model, and of PTUs by vendor.
func readPrices() (map[string]price, error) {
	prices := map[string]price{}
	return prices, errors.Join(
		read("tokens.csv", "vendor,model,usd_per_million_input,usd_per_million_output", "price", func(l *line, f Fact) {
			prices[l.text(0)+"/"+l.text(1)] = price{provider.Price{Input: l.number(2), Output: l.number(3)}, f}
		}),
		read("units.csv", "vendor,deployment,usd_per_ptu_hour", "ptu price", func(l *line, f Fact) {
			prices[l.text(0)] = price{provider.Price{UnitHour: l.number(2)}, f}
		}))
}

type latency struct {
	ttft     rng.Dist
	perToken time.Duration
	fact     Fact
}

// readLatencies returns latencies by model; "*" stands for models without a
// row of their own.
func readLatencies() (map[string]latency, error) {
	latencies := map[string]latency{}
	return latencies, read("latency.csv", "model,ttft_p50_ms,ttft_p95_ms,tokens_per_s", "latency", func(l *line, f Fact) {
		ttft, err := rng.NewLognormal(l.number(1)/1e3, l.number(2)/1e3)
		l.check(err)
		latencies[l.text(0)] = latency{ttft, perToken(l.number(3)), f}
	})
}

func perToken(perSecond float64) time.Duration {
	return time.Duration(math.Round(float64(time.Second) / perSecond))
}

// line is one row of a data file; its methods keep the first error.
type line struct {
	cells []string
	err   error
}

func (l *line) check(err error) {
	if l.err == nil {
		l.err = err
	}
}

func (l *line) text(i int) string {
	if l.cells[i] == "" {
		l.check(fmt.Errorf("column %d is empty", i+1))
	}
	return l.cells[i]
}

// number reads a number above 0.
func (l *line) number(i int) float64 {
	v, err := strconv.ParseFloat(l.cells[i], 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		l.check(fmt.Errorf("column %d: want a number above 0, got %q", i+1, l.cells[i]))
		return 1
	}
	return v
}

// limit reads a limit per minute; an empty cell is one the source does not
// give, which a model does not enforce.
func (l *line) limit(i int) int64 {
	if l.cells[i] == "" {
		return 0
	}
	v, err := strconv.ParseInt(l.cells[i], 10, 64)
	if err != nil || v <= 0 {
		l.check(fmt.Errorf("column %d: want a whole number above 0 or nothing, got %q", i+1, l.cells[i]))
	}
	return v
}

const provenance = "source,date,confidence,note"

// read calls row for every row of a data file whose header is head followed
// by the provenance.
func read(file, head, what string, row func(*line, Fact)) error {
	b, err := data.ReadFile("data/" + file)
	if err != nil {
		return err
	}
	return parse(file, b, head, what, row)
}

func parse(file string, b []byte, head, what string, row func(*line, Fact)) error {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	if want := head + "," + provenance; string(first) != want {
		return fmt.Errorf("%s:1: header is %q, want %q", file, first, want)
	}
	records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	for i, cells := range records[1:] {
		n := len(cells)
		l := &line{cells: cells}
		f := Fact{What: what, Source: l.text(n - 4), Date: l.text(n - 3), Confidence: l.text(n - 2), Note: cells[n-1]}
		if !slices.Contains([]string{"official", "observed", "secondary", "derived", "recall"}, f.Confidence) {
			l.check(fmt.Errorf("unknown confidence %q", f.Confidence))
		}
		row(l, f)
		if l.err != nil {
			return fmt.Errorf("%s: row %d: %w", file, i+2, l.err)
		}
	}
	return nil
}
