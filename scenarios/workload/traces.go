package workload

import (
	"math"
	"slices"
	"time"

	"ratesim/sim/rng"
)

// burstGPT reads the traces of BurstGPT (arXiv 2401.17644): times in seconds from
// midnight of the first day, and a response of 0 tokens where the call failed.
type burstGPT struct {
	*table
	failed *note
}

const (
	burstTime = iota
	burstPrompt
	burstOutput
	burstModel
	burstElapsed
)

func openBurstGPT(in *input) reader {
	return &burstGPT{openTable(in, true, 3, "Timestamp", "Request tokens", "Response tokens", "Model", "Elapsed time"),
		in.note("failed, for its response has no tokens; it counts as a request")}
}

func (b *burstGPT) next(it *item) bool {
	if !b.table.next(it) || !b.timeOf(burstTime, true, &it.Start) || !b.count(burstPrompt, &it.Prompt) || !b.count(burstOutput, &it.Output) ||
		!b.duration(burstElapsed, 1, &it.Latency) {
		return false
	}
	if it.Requests, it.Model = 1, b.word(burstModel); it.Output == 0 {
		b.failed.add(it.Line)
	}
	return true
}

// lengths reads rows of timestamp, input_length and output_length. It is the layout of
// the Qwen-Bailian traces, in seconds, and of the Mooncake traces, in milliseconds. What
// they say of prefixes that a cache may hold is not read.
type lengths struct{ *table }

const (
	lengthsTime = iota
	lengthsPrompt
	lengthsOutput
)

func openBailian(in *input) reader {
	return &lengths{openTable(in, true, 3, "timestamp", "input_length", "output_length")}
}

func (l *lengths) next(it *item) bool {
	if !l.table.next(it) || !l.timeOf(lengthsTime, true, &it.Start) || !l.count(lengthsPrompt, &it.Prompt) || !l.count(lengthsOutput, &it.Output) {
		return false
	}
	it.Requests = 1
	return true
}

// mooncake spreads the requests of the Mooncake traces. These are written at steps of about
// three seconds, so that nine of ten seem to come at one instant, which none of them did.
// Those of a step are put at random instants from the step to the next one, as independent
// requests are once their number is known.
type mooncake struct {
	rows  reader
	in    *input
	wide  *note
	step  []item // requests of one instant, of which those from given on are to be given
	given int
	ahead item // the first of the next step
	more  bool // there is one
	draws rng.Sequence
	times []float64
}

// mooncakeStep is the width of the steps, where no next one follows so soon.
const mooncakeStep = 3 * time.Second

// maxStep bounds the requests of a step: 40 MB.
const maxStep = 1 << 18

func openMooncake(in *input) reader {
	m := &mooncake{rows: openBailian(in), in: in, draws: rng.New(0, 0).Sequence(rng.Arrivals),
		wide: in.note("shares its instant with others, for the trace has steps of about 3 s; such requests are spread out over their step at random")}
	in.times.unit = int64(time.Millisecond)
	return m
}

func (m *mooncake) next(it *item) bool {
	if m.given == len(m.step) && !m.fill() {
		return false
	}
	*it = m.step[m.given]
	m.given++
	return true
}

// fill reads the next step and spreads it.
func (m *mooncake) fill() bool {
	m.step, m.given = m.step[:0], 0
	if m.in.err != nil { // of the row behind the step before
		return false
	}
	if !m.more {
		if m.more = m.rows.next(&m.ahead); !m.more {
			return false
		}
	}
	start := m.ahead.Start
	for m.more && m.ahead.Start.Equal(start) && len(m.step) < maxStep {
		m.step = append(m.step, m.ahead)
		m.more = m.rows.next(&m.ahead)
	}
	n := len(m.step)
	if n == 1 {
		return true
	}
	width := mooncakeStep
	if gap := m.ahead.Start.Sub(start); m.more && gap > 0 {
		width = min(width, gap)
	}
	m.times = m.times[:0]
	for range n {
		m.times = append(m.times, m.draws.Float64())
	}
	slices.Sort(m.times)
	for i := range m.step {
		m.step[i].Start = start.Add(time.Duration(math.Floor(m.times[i] * float64(width))))
		m.wide.add(m.step[i].Line)
	}
	return true
}

// serveGen reads the clients of ServeGen (arXiv 2505.09999): for each client and window of
// time its rate of requests. The windows are as wide as the times between them; how the
// requests of a window come, and how large they are, is not in the file.
type serveGen struct {
	*table
	sizes *note
}

const (
	genTime = iota
	genClient
	genRate
)

// serveGenWindow is the width of a window.
const serveGenWindow = 10 * time.Minute

func openServeGen(in *input) reader {
	s := &serveGen{openTable(in, true, 3, "window_start_s", "client", "rate_rps"),
		in.note("ServeGen's clients have rates of requests and no tokens")}
	return s
}

func (g *serveGen) next(it *item) bool {
	if !g.table.next(it) || !g.timeOf(genTime, true, &it.Start) {
		return false
	}
	s := g.rows.text(genRate)
	whole, part, ok := parseDecimal(s)
	if !ok || whole > maxCount/600 {
		return g.fail(genRate, "rate_rps must be requests a second >= 0, got %s", excerpt(s))
	}
	it.Width = serveGenWindow
	it.Requests = int64(math.Round((float64(whole) + part) * serveGenWindow.Seconds()))
	it.Tenant = g.word(genClient)
	it.id = nameHash(it.Tenant)
	if g.sizes.rows == 0 {
		g.sizes.add(it.Line)
	}
	return true
}
