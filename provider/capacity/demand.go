package capacity

import (
	"fmt"
	"math"
	"time"

	"ratesim/sim/rng"
)

// Month is the length of the month that prices are told for: 730 hours, a
// twelfth of a year of 365 days.
const Month = 730 * time.Hour

const minutesPerMonth = float64(Month / time.Minute)

// Tokens is what some requests used. Counts are fractional where a longer
// interval was spread over its minutes.
type Tokens struct {
	Requests float64
	Prompt   float64 // with Cached
	Cached   float64
	Output   float64
}

func (t *Tokens) add(o Tokens) {
	t.Requests += o.Requests
	t.Prompt += o.Prompt
	t.Cached += o.Cached
	t.Output += o.Output
}

func (t Tokens) times(f float64) Tokens {
	return Tokens{t.Requests * f, t.Prompt * f, t.Cached * f, t.Output * f}
}

// Raw is prompt and output together, as rate limits count them.
func (t Tokens) Raw() float64 { return t.Prompt + t.Output }

// Weights turn tokens into normalised ones, in which a PTU's throughput is
// stated.
type Weights struct {
	Discount float64 // share of a cached prompt token that does not count
	Ratio    float64 // what an output token counts
}

// Normalise returns t in normalised tokens.
func (w Weights) Normalise(t Tokens) float64 {
	return t.Prompt - w.Discount*t.Cached + w.Ratio*t.Output
}

// Demand is a log, minute by minute.
type Demand struct {
	Start   time.Time // of the first minute; hours and weekdays are those of its location
	Dated   bool      // false: times count from an unknown beginning
	Minutes []Tokens
	// Granularity is the longest interval of the log; 0 where each row is one
	// request.
	Granularity time.Duration
	// Rolling and Normalised are the most raw and normalised tokens in any 60 s,
	// where rows are requests; else those of the busiest minute, which the true
	// ones may exceed.
	Rolling, Normalised float64
	Sizes               []Tokens // of single requests: an even sample, empty unless rows are requests
	Empty               int      // minutes without a row; they count as no demand
	Gap                 Gap      // the longest stretch of them
}

// Gap is a stretch of minutes without a row.
type Gap struct {
	From    time.Time
	Minutes int
}

// Total returns the sum of all minutes.
func (d *Demand) Total() (t Tokens) {
	for i := range d.Minutes {
		t.add(d.Minutes[i])
	}
	return t
}

// Days is how long the log is.
func (d *Demand) Days() float64 { return float64(len(d.Minutes)) / (24 * 60) }

// maxMinutes bounds a log: three years, 50 MB. A date typed wrong must not
// take all memory.
const maxMinutes = 3 * 366 * 24 * 60

// maxSizes is how many sizes of requests are kept. The 99th percentile of so
// many is known to half a percentile.
const maxSizes = 4096

// A Meter adds up a log as it is read. Its memory grows with the minutes of the
// log, not with its rows. The zero value is not usable; see [NewMeter].
type Meter struct {
	weights Weights
	key     rng.Key
	d       Demand
	rows    uint64
	filled  []bool     // minutes that a row told of
	coarse  []interval // longer than a minute
	window  rolling
}

// interval is a row that covers more than a minute.
type interval struct {
	start time.Time
	width time.Duration
	used  Tokens
}

// NewMeter returns an empty Meter. The key is for the sample of sizes and for
// how longer intervals are spread.
func NewMeter(w Weights, dated bool, key rng.Key) *Meter {
	return &Meter{weights: w, key: key, d: Demand{Dated: dated}}
}

// Add takes down a row: what was used from start on for so long, 0 for a single
// request at start. Single requests must come in time order; intervals may
// come in any as long as none begins before the first row.
func (m *Meter) Add(start time.Time, width time.Duration, used Tokens) error {
	if m.rows == 0 {
		m.d.Start = start.Truncate(time.Minute)
	}
	m.rows++
	m.d.Granularity = max(m.d.Granularity, width)
	first := start.Sub(m.d.Start)
	switch last := first + max(width, 1) - 1; {
	case first < 0:
		return fmt.Errorf("%v is before the log's first row at %v", start, m.d.Start)
	case last/time.Minute >= maxMinutes:
		return fmt.Errorf("%v is more than %d days after the log's first row at %v", start, maxMinutes/(24*60), m.d.Start)
	}
	if width > time.Minute {
		m.coarse = append(m.coarse, interval{start, width, used})
		return nil
	}
	m.at(int(first / time.Minute)).add(used)
	if width == 0 {
		if !m.window.add(first, used.Raw(), m.weights.Normalise(used)) {
			return fmt.Errorf("%v is before the row above it", start)
		}
		m.sample(used)
	}
	return nil
}

// at returns the minute i of the log.
func (m *Meter) at(i int) *Tokens {
	for len(m.d.Minutes) <= i {
		m.d.Minutes = append(m.d.Minutes, Tokens{})
		m.filled = append(m.filled, false)
	}
	m.filled[i] = true
	return &m.d.Minutes[i]
}

// sample keeps every row with the same probability: algorithm R of Vitter,
// "Random sampling with a reservoir" (1985).
func (m *Meter) sample(used Tokens) {
	if used.Raw() <= 0 {
		return
	}
	if len(m.d.Sizes) < maxSizes {
		m.d.Sizes = append(m.d.Sizes, used)
		return
	}
	if i := uint64(m.key.Float64(rng.Lengths, m.rows, 0) * float64(m.rows)); i < maxSizes {
		m.d.Sizes[i] = used
	}
}

// Demand returns what was read. Intervals longer than a minute are spread over
// their minutes with the coefficient of variation cv, see [Bursts]. The meter
// can go on being used.
func (m *Meter) Demand(cv float64) *Demand {
	d := m.d
	fine := m.filled
	if len(m.coarse) > 0 {
		w := Meter{d: Demand{Start: d.Start}}
		for i, t := range d.Minutes {
			if m.filled[i] {
				w.at(i).add(t)
			}
		}
		for i := range m.coarse {
			w.spread(&m.coarse[i], m.key.Sub(rng.Stream, uint64(i)), cv)
		}
		d.Minutes, fine = w.d.Minutes, w.filled
	}
	for i, run := 0, 0; i < len(fine); i++ {
		if run++; fine[i] {
			run = 0
			continue
		}
		d.Empty++
		if run > d.Gap.Minutes {
			d.Gap = Gap{d.Start.Add(time.Duration(i-run+1) * time.Minute), run}
		}
	}
	d.Rolling, d.Normalised = m.window.raw.most, m.window.normalised.most
	for i := range d.Minutes {
		d.Rolling = max(d.Rolling, d.Minutes[i].Raw())
		d.Normalised = max(d.Normalised, m.weights.Normalise(d.Minutes[i]))
	}
	return &d
}

// rolling finds the most tokens in any 60 s. Its memory is that of the busiest
// minute.
type rolling struct {
	rows            []entry // a ring
	head, n         int
	raw, normalised running
}

type entry struct {
	at              time.Duration
	raw, normalised float64
}

type running struct{ now, most float64 }

func (r *running) add(v float64) {
	r.now += v
	r.most = max(r.most, r.now)
}

// add takes down a row and reports whether it is in time order. A row counts
// while now < t + 60 s.
func (r *rolling) add(at time.Duration, raw, normalised float64) bool {
	if r.n > 0 && at < r.rows[(r.head+r.n-1)%len(r.rows)].at {
		return false
	}
	for r.n > 0 && at-r.rows[r.head].at >= time.Minute {
		old := &r.rows[r.head]
		r.raw.now -= old.raw
		r.normalised.now -= old.normalised
		r.head = (r.head + 1) % len(r.rows)
		if r.n--; r.n == 0 {
			r.raw.now, r.normalised.now = 0, 0 // so that rounding does not add up
		}
	}
	if r.n == len(r.rows) {
		grown := make([]entry, max(64, 2*r.n))
		for i := range r.n {
			grown[i] = r.rows[(r.head+i)%len(r.rows)]
		}
		r.rows, r.head = grown, 0
	}
	r.rows[(r.head+r.n)%len(r.rows)] = entry{at, raw, normalised}
	r.n++
	r.raw.add(raw)
	r.normalised.add(normalised)
	return true
}

// percentile returns the p-th percentile of sorted values, 0 to 100, with linear
// interpolation between the ranks around it.
func percentile(sorted []float64, p float64) float64 {
	at := p / 100 * float64(len(sorted)-1)
	i := int(math.Floor(at))
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
