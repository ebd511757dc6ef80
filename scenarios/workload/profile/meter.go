package profile

import (
	"fmt"
	"math"
	"slices"
	"time"

	"ratesim/scenarios/workload"
)

// windows are the lengths of the stretches of time that a Profile tells of.
var windows = [...]int64{int64(time.Second), 10 * int64(time.Second), int64(time.Minute)}

const (
	requests = iota // the measure that counts requests
	tokens          // and the one that counts prompt and output tokens
)

// most rows of which samples are kept: 32 MB.
const mostSampled = 1 << 21

// maxBins bounds the minutes of a log: three years.
const maxBins = 3 * 366 * 24 * 60

// mostTenants bounds the tenants of a Meter; the rest are one.
const mostTenants = 1 << 20

// Meter adds up a log. The zero value is not usable; see NewMeter.
type Meter struct {
	measures []Measure
	rows     int64
	first    time.Time
	bucket   time.Duration // of all rows; 0 = requests
	last, at int64         // ns after first: the end of the log, and the last row

	total    workload.Record
	bins     [][]float64 // by measure: what came in each minute, or bucket
	slide    sliding
	sides    [len(windows) - 1]beside // of all windows but the minute, whose are bins
	gaps     moments
	gapSizes sample[float64]
	slice    int64
	local    moments
	locals   []float64

	prompts, outputs, declared, latencies counts
	linear, logs                          pairs
	sizes                                 sample[workload.Length]
	open                                  open

	models   names
	statuses [600]int64 // of HTTP
	tenants  map[string]*Share
	cost     map[string]*Billed
	// Lengths are the prompts, in tokens and from the shortest on, from which a request may
	// have another price. They are set before anything is added.
	Lengths []uint32
}

// Billed is what the rows of a model that say what they cost used.
type Billed struct {
	Model  string
	Rows   int64
	Tokens []Tokens // by the length of the prompt: one more than there are Meter.Lengths
	USD    float64
}

// Tokens is how many tokens were used.
type Tokens struct{ Prompt, Cached, Output int64 }

// NewMeter returns an empty Meter, which also measures what limits count.
func NewMeter(measures []Measure) *Meter {
	m := &Meter{measures: []Measure{asRequests, asTokens}, tenants: map[string]*Share{}, cost: map[string]*Billed{}}
	for _, x := range measures {
		if !slices.Contains(m.measures, x) {
			m.measures = append(m.measures, x)
		}
	}
	m.bins = make([][]float64, len(m.measures))
	m.slide.init(len(m.measures))
	m.gapSizes.most, m.sizes.most = mostSampled, mostSampled
	return m
}

// Add takes down a row. Rows must come in time order.
func (m *Meter) Add(r *workload.Record) error {
	if m.rows == 0 {
		m.first, m.bucket = r.Start, r.Width
	}
	at := int64(r.Start.Sub(m.first))
	m.rows++
	m.last = max(m.last, at+int64(r.Width))
	t := &m.total
	n := r.Requests
	if r.Width == 0 {
		n = max(n, 1)
	}
	t.Requests += n
	t.Prompt += r.Prompt
	t.Cached += r.Cached
	t.Output += r.Output
	if err := m.bin(r, at); err != nil {
		return err
	}
	if r.Width == 0 {
		m.request(r, at)
	}
	m.at = at
	m.named(r, n)
	return nil
}

// bin adds a row to its minute, or to its bucket. One that is wider than the first is spread
// evenly.
func (m *Meter) bin(r *workload.Record, at int64) error {
	width := int64(m.bucket)
	if width == 0 {
		width = int64(time.Minute)
	}
	from, until := at/width, (at+max(int64(r.Width), 1)-1)/width
	if until >= maxBins {
		return fmt.Errorf("line %d: %s is more than three years after the first row", r.Line, r.Start.Format(time.RFC3339))
	}
	for i := range m.measures {
		b := &m.bins[i]
		if n := int(until) + 1; n > len(*b) {
			*b = slices.Grow(*b, n-len(*b))[:n]
		}
		v := m.measures[i].of(r) / float64(until-from+1)
		for k := from; k <= until; k++ {
			(*b)[k] += v
		}
	}
	return nil
}

// request takes down what only a single request has.
func (m *Meter) request(r *workload.Record, at int64) {
	m.slide.add(at, m.measures, r)
	for i := range m.sides {
		m.sides[i].add(at / windows[i])
	}
	if m.rows > 1 {
		gap := float64(at-m.at) / 1e9
		m.gaps.add(gap)
		m.gapSizes.add(gap)
		if slice := at / int64(5*time.Minute); slice == m.slice {
			m.local.add(gap)
		} else { // the gap is of neither
			m.closeSlice()
			m.slice = slice
		}
	}
	m.prompts.add(uint64(r.Prompt))
	m.outputs.add(uint64(r.Output))
	if r.MaxTokens > 0 {
		m.declared.add(uint64(r.MaxTokens))
	}
	if r.Latency > 0 {
		m.latencies.add(uint64(r.Latency / time.Millisecond))
		m.open.add(at, r.Latency)
	}
	m.linear.add(float64(r.Prompt), float64(r.Output))
	if r.Prompt > 0 && r.Output > 0 {
		m.logs.add(math.Log(float64(r.Prompt)), math.Log(float64(r.Output)))
	}
	m.sizes.add(workload.Length{Prompt: uint32(r.Prompt), Output: uint32(r.Output)})
}

// closeSlice takes down how gaps varied within five minutes, if there were enough of them.
func (m *Meter) closeSlice() {
	if m.local.n >= 2 && m.local.mean > 0 {
		m.locals = append(m.locals, m.local.cv())
	}
	m.local = moments{}
}

// named takes down what has a name.
func (m *Meter) named(r *workload.Record, n int64) {
	if r.Model != "" {
		m.models.add(r.Model, n)
	}
	if r.Status != 0 {
		m.statuses[min(max(r.Status, 0), 599)] += n
	}
	if r.Tenant != "" {
		s := m.tenants[r.Tenant]
		if s == nil {
			name := r.Tenant
			if len(m.tenants) >= mostTenants {
				name = "(others)"
			}
			if s = m.tenants[name]; s == nil {
				s = &Share{Name: name}
				m.tenants[name] = s
			}
		}
		s.Requests += n
		s.Tokens += r.Prompt + r.Output
	}
	if r.Priced {
		b := m.cost[r.Model]
		if b == nil {
			b = &Billed{Model: r.Model, Tokens: make([]Tokens, len(m.Lengths)+1)}
			m.cost[r.Model] = b
		}
		at := 0
		for at < len(m.Lengths) && r.Prompt >= n*int64(m.Lengths[at]) {
			at++
		}
		b.Rows++
		t := &b.Tokens[at]
		t.Prompt += r.Prompt
		t.Cached += r.Cached
		t.Output += r.Output
		b.USD += r.Cost
	}
}

// Billed returns what the rows that say what they cost used, by model.
func (m *Meter) Billed() []*Billed {
	var list []*Billed
	for _, b := range m.cost {
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b *Billed) int { return cmpText(a.Model, b.Model) })
	return list
}

// Models returns how many requests there are of each model.
func (m *Meter) Models() map[string]int64 { return m.models.count }

// names count requests by name; after many names, the rest are left out.
type names struct {
	count map[string]int64
}

func (n *names) add(name string, times int64) {
	if n.count == nil {
		n.count = map[string]int64{}
	}
	if _, ok := n.count[name]; ok || len(n.count) < 1<<14 {
		n.count[name] += times
	}
}
