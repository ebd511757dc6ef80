// Package admin is the operator's side of a mock provider. It counts requests,
// grades clients, and has an HTTP handler that shows both and changes faults while the
// provider runs. Serve it on an address of its own, which clients cannot reach.
package admin

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ratesim/provider/conformance"
	"ratesim/provider/wire"
)

// Monitor counts what a server answers and grades its clients. Its methods may be
// called concurrently.
type Monitor struct {
	requests *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	duration prometheus.Histogram
	inFlight prometheus.Gauge

	speed   float64
	tenants map[string]string
	policy  conformance.Policy
	mu      sync.Mutex
	watcher *conformance.Watcher
	counts  map[series]counters // found once each, for requests and tokens look labels up slowly
}

// series is what tells one counter of attempts from another.
type series struct {
	deployment string
	status     int
	limit      wire.Limit
}

type counters struct{ attempts, prompt, output prometheus.Counter }

// NewMonitor returns a Monitor for a server of that speed, whose keys belong to
// these tenants, if any. The policy says what clients have to pass.
func NewMonitor(speed float64, tenants map[string]string, policy conformance.Policy) *Monitor {
	m := &Monitor{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ratesim_attempts_total",
			Help: "Attempts decided, by deployment, status and the limit that refused them. Statuses below 100 are connections that break on purpose: 1 before the answer, 3 in its middle; 2 is an answer that cannot be read."},
			[]string{"deployment", "status", "limit"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ratesim_tokens_total",
			Help: "Tokens of attempts that succeeded, by deployment and kind: prompt or output."}, []string{"deployment", "kind"}),
		// From what a refusal takes to the longest answers of reasoning models.
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "ratesim_request_duration_seconds",
			Help:    "Real time from a request's headers to the end of its answer, for requests of all kinds.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 60, 180, 600}}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ratesim_requests_in_flight", Help: "Requests being answered."}),
		speed:    speed, tenants: tenants, policy: policy, counts: map[series]counters{},
	}
	m.Reset()
	return m
}

// Watch takes down one attempt; it is what a mock.Config's Watch may be.
func (m *Monitor) Watch(e conformance.Event) {
	r := &e.Reply
	m.mu.Lock()
	defer m.mu.Unlock()
	of := series{e.Deployment, r.Status, r.Limit}
	c, ok := m.counts[of]
	if !ok {
		c.attempts = m.requests.WithLabelValues(of.deployment, strconv.Itoa(of.status), of.limit.String())
		if r.OK() { // no other answer has tokens
			c.prompt = m.tokens.WithLabelValues(of.deployment, "prompt")
			c.output = m.tokens.WithLabelValues(of.deployment, "output")
		}
		m.counts[of] = c
	}
	c.attempts.Inc()
	if r.OK() {
		c.prompt.Add(float64(r.Prompt))
		c.output.Add(float64(r.Output))
	}
	m.watcher.Observe(e)
}

// Measure returns a handler that does what h does and is timed.
func (m *Monitor) Measure(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		m.inFlight.Inc()
		defer func() { // also when h breaks the connection, with a panic
			m.inFlight.Dec()
			m.duration.Observe(time.Since(begin).Seconds())
		}()
		h.ServeHTTP(w, r)
	})
}

// Report returns how clients have behaved since the last Reset.
func (m *Monitor) Report() conformance.Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.watcher.Report(m.policy)
}

// Reset forgets how clients have behaved. Counters go on.
func (m *Monitor) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watcher = conformance.New(m.speed, m.tenants)
}
