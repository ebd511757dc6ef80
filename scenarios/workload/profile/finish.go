package profile

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"ratesim/scenarios/workload"
)

func cmpText(a, b string) int { return strings.Compare(a, b) }

// Profile returns what the log is like. Hours of the day are those of where; with nil there
// are none, for the times are of no day.
func (m *Meter) Profile(where *time.Location) *Profile {
	p := &Profile{Schema: Schema, Bucket: m.bucket.Seconds(), Rows: m.rows, Requests: m.total.Requests, Span: float64(m.last) / 1e9,
		Bins: m.fullBins(), Prompt: m.total.Prompt, Cached: m.total.Cached, Output: m.total.Output, Warnings: []string{}}
	if where != nil {
		p.Start = m.first.In(where).Format(time.RFC3339Nano)
		p.Hours = m.hours(where)
	}
	if p.Span > 0 {
		p.RequestRate = float64(p.Requests) / p.Span
	}
	if p.Bins > 0 {
		if p.Requests > 0 {
			p.RPM = m.rate(requests)
		}
		if p.Prompt+p.Output > 0 {
			p.TPM = m.rate(tokens)
		}
		p.Series = m.series()
	}
	if m.bucket == 0 {
		m.ofRequests(p)
	}
	p.Models = m.models.list()
	for status, n := range m.statuses {
		if n > 0 {
			p.Statuses = append(p.Statuses, Count{strconv.Itoa(status), n})
		}
	}
	p.Tenants = m.shares()
	return p
}

// perMinute is what turns a bin into a rate per minute.
func (m *Meter) perMinute() float64 {
	if m.bucket == 0 {
		return 1
	}
	return float64(time.Minute) / float64(m.bucket)
}

// fullBins is how many minutes are full. All buckets are.
func (m *Meter) fullBins() int {
	if m.bucket > 0 {
		return len(m.bins[requests])
	}
	return int(m.last / int64(time.Minute))
}

// bin returns what came of a measure in each full minute or bucket; those after the last row
// of a log have nothing.
func (m *Meter) full(measure int) []float64 {
	b := m.bins[measure]
	return b[:min(len(b), m.fullBins())]
}

func (m *Meter) rate(measure int) *Rate {
	full := m.full(measure)
	var all moments
	for _, v := range full {
		all.add(v)
	}
	unit := m.perMinute()
	sorted := slices.Sorted(slices.Values(full))
	r := &Rate{Mean: all.mean * unit, P50: quantile(sorted, 0.5) * unit, P95: quantile(sorted, 0.95) * unit, P99: quantile(sorted, 0.99) * unit, Max: sorted[len(sorted)-1] * unit}
	if all.mean > 0 {
		r.CV = all.cv()
	}
	if all.squares > 0 {
		lag := 0.0
		for i := range len(full) - 1 {
			lag += (full[i] - all.mean) * (full[i+1] - all.mean)
		}
		lag /= all.squares
		r.Lag = &lag
	}
	return r
}

// ofRequests fills in what only single requests tell.
func (m *Meter) ofRequests(p *Profile) {
	for w, width := range windows {
		x := Window{Seconds: float64(width) / 1e9, Requests: int64(m.slide.most[w][requests]), Tokens: int64(m.slide.most[w][tokens])}
		if w < len(m.sides) {
			x.Dispersion = m.sides[w].dispersion(m.last / width)
		} else if p.RPM != nil && p.Bins > 1 {
			d := p.RPM.CV * p.RPM.CV * p.RPM.Mean
			x.Dispersion = &d
		}
		p.Windows = append(p.Windows, x)
	}
	if m.gaps.n >= 2 && m.gaps.mean > 0 {
		m.closeSlice()
		sorted := slices.Sorted(slices.Values(m.gapSizes.kept))
		p.Gaps = &Gaps{CV: m.gaps.cv(), P50: quantile(sorted, 0.5), P99: quantile(sorted, 0.99), Max: sorted[len(sorted)-1]}
		if len(m.locals) > 1 {
			local := quantile(slices.Sorted(slices.Values(m.locals)), 0.5)
			p.Gaps.Local = &local
		}
	}
	p.PromptSizes, p.OutputSizes = m.prompts.sizes(1), m.outputs.sizes(1)
	p.Declared, p.Latency = m.declared.sizes(1), m.latencies.sizes(1e-3)
	p.Undeclared = m.rows - int64(m.declared.n)
	if m.latencies.n > 0 {
		p.Open = &Open{Max: int64(m.open.most)}
		if p.Span > 0 {
			p.Open.Mean = m.open.area / p.Span
		}
	}
	if m.rows > 1 {
		p.Correlation = &Correlation{Pearson: m.linear.pearson(), LogLog: m.logs.pearson(), Rows: int64(len(m.sizes.kept))}
		p.Correlation.Spearman = m.spearman()
	}
}

// spearman is the correlation of the ranks.
func (m *Meter) spearman() float64 {
	prompt, output := m.prompts.ranker(), m.outputs.ranker()
	var ranks pairs
	for _, s := range m.sizes.kept {
		ranks.add(prompt(uint64(s.Prompt)), output(uint64(s.Output)))
	}
	return ranks.pearson()
}

// hours sums up by hour of the day.
func (m *Meter) hours(where *time.Location) []Hour {
	var all [24]Hour
	width := time.Minute
	if m.bucket > 0 {
		width = m.bucket
	}
	if width > time.Hour {
		return nil
	}
	rpm, tpm := m.full(requests), m.full(tokens)
	for i := range rpm {
		h := &all[m.first.Add(time.Duration(i)*width).In(where).Hour()]
		h.Minutes += width.Minutes()
		h.RPM += rpm[i]
		h.TPM += tpm[i]
	}
	var out []Hour
	for i := range all {
		if h := all[i]; h.Minutes > 0 {
			out = append(out, Hour{i, h.Minutes, h.RPM / h.Minutes, h.TPM / h.Minutes})
		}
	}
	return out
}

// mostSteps bounds the steps of a Series.
const mostSteps = 720

func (m *Meter) series() *Series {
	rpm, tpm := m.full(requests), m.full(tokens)
	step := max(1, (len(rpm)+mostSteps-1)/mostSteps)
	s := &Series{Step: float64(step) * 60 / m.perMinute()}
	for i := 0; i < len(rpm); i += step {
		end := min(i+step, len(rpm))
		s.RPM = append(s.RPM, slices.Max(rpm[i:end])*m.perMinute())
		s.TPM = append(s.TPM, slices.Max(tpm[i:end])*m.perMinute())
	}
	return s
}

func (n *names) list() []Count {
	var all []Count
	for _, name := range slices.Sorted(maps.Keys(n.count)) {
		all = append(all, Count{name, n.count[name]})
	}
	slices.SortStableFunc(all, func(a, b Count) int { return cmp.Compare(b.Requests, a.Requests) })
	return all
}

// topTenants is how many tenants are named.
const topTenants = 20

func (m *Meter) shares() *Tenants {
	if len(m.tenants) == 0 {
		return nil
	}
	var all []Share
	for _, s := range m.tenants {
		x := *s
		x.Share = float64(x.Requests) / float64(m.total.Requests)
		if sum := m.total.Prompt + m.total.Output; sum > 0 {
			x.OfTokens = float64(x.Tokens) / float64(sum)
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmpText(a.Name, b.Name)) })
	t := &Tenants{Number: len(all)}
	for i, s := range all {
		for _, top := range []struct {
			most int
			to   *float64
		}{{1, &t.Top1}, {5, &t.Top5}, {10, &t.Top10}} {
			if i < top.most {
				*top.to += s.Share
			}
		}
	}
	t.Top = all[:min(len(all), topTenants)]
	return t
}

// Ask returns what the log asks of a limit that allows so much of a measure in a window of at
// least a minute; ok is false for a measure that the Meter was not told of, and where nothing
// was counted.
func (m *Meter) Ask(measure Measure, allowed float64, window time.Duration) (u Use, ok bool) {
	i := slices.Index(m.measures, measure)
	if i < 0 || allowed <= 0 || len(m.bins[i]) == 0 {
		return u, false
	}
	u = Use{Window: window.Seconds(), Allowed: allowed}
	width := time.Minute
	if m.bucket > 0 {
		width = m.bucket
	}
	per := max(1, int(window/width)) // bins in the window
	scale := 1.0
	if window < width {
		scale = float64(window) / float64(width) // as if a bucket were even
	}
	bins := m.bins[i]
	sum, asked, over, cut := 0.0, 0.0, 0, 0.0
	for k := range bins {
		if sum += bins[k] * scale; k >= per {
			sum -= bins[k-per] * scale
		}
		u.Peak = max(u.Peak, sum)
	}
	sides := 0
	for k := 0; k < len(bins); k += per {
		part := 0.0
		for _, v := range bins[k:min(k+per, len(bins))] {
			part += v * scale
		}
		sides++
		asked += part
		if part > allowed {
			over++
			cut += part - allowed
		}
	}
	if m.bucket == 0 && window == time.Minute {
		u.Peak = m.slide.most[len(windows)-1][i]
	}
	u.Ratio, u.Over = u.Peak/allowed, float64(over)/float64(sides)
	if asked > 0 {
		u.Excess = cut / asked
	}
	return u, !math.IsNaN(u.Ratio)
}

// Read adds up a log to its end. The error is of the log.
func (m *Meter) Read(log interface {
	Next(*workload.Record) bool
	Err() error
}) error {
	var r workload.Record
	for log.Next(&r) {
		if err := m.Add(&r); err != nil {
			return err
		}
	}
	return log.Err()
}
