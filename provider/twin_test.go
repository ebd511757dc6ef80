package provider

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

const minute = 60 * clock.Second

// history is every charge ever made against one limit. All that a limit says
// is worked out again from the whole of it.
type history struct {
	window  Window
	width   clock.Time // of fixed windows
	limit   int64
	charges []charge
}

type charge struct {
	at      clock.Time
	cost    int64
	gift    bool // a settlement of a bucket: cannot fill it beyond full
	refused bool // cannot overdraw a bucket
}

func (h *history) counts(c charge, now clock.Time) bool {
	if h.window == SlidingLog {
		return now < c.at+minute
	}
	return c.at/h.width == now/h.width
}

// debt is what a bucket lacks, in token-nanoseconds.
func (h *history) debt(now clock.Time) int64 {
	debt, at := int64(0), clock.Time(0)
	for _, c := range h.charges {
		left := max(0, debt-h.limit*int64(c.at-at))
		at, debt = c.at, left+c.cost*int64(minute)
		switch {
		case c.gift:
			debt = max(0, debt)
		case c.refused:
			debt = max(left, min(debt, h.limit*int64(minute)))
		}
	}
	return max(0, debt-h.limit*int64(now-at))
}

func (h *history) used(now clock.Time) int64 {
	if h.window == TokenBucket {
		return ceil(h.debt(now), int64(minute))
	}
	sum := int64(0)
	for _, c := range h.charges {
		if h.counts(c, now) {
			sum += c.cost
		}
	}
	return sum
}

// when returns the first instant from now on at which cost fits. A window can
// only let something go when it turns or when a charge grows old.
func (h *history) when(now clock.Time, cost int64) clock.Time {
	if h.window == TokenBucket {
		return now + clock.Time(ceil(max(0, h.debt(now)-(h.limit-cost)*int64(minute)), h.limit))
	}
	instants := []clock.Time{now, (now/h.width + 1) * h.width}
	for _, c := range h.charges {
		instants = append(instants, c.at+minute)
	}
	best := clock.Never
	for _, t := range instants {
		if t >= now && t < best && h.used(t)+cost <= h.limit {
			best = t
		}
	}
	return best
}

// quota is the trio a reply carries: what is left, and how long until all of
// the limit is, cut to milliseconds.
func (h *history) quota(now clock.Time, perMinute int64) wire.Quota {
	q := wire.Quota{Limit: perMinute, Remaining: max(0, h.limit-h.used(now))}
	var full clock.Time
	switch {
	case h.window == TokenBucket:
		full = now + clock.Time(ceil(h.debt(now), h.limit))
	case h.window == SlidingLog:
		full = now
		for _, c := range h.charges {
			full = max(full, c.at+minute)
		}
	case h.used(now) == 0:
		full = now
	default:
		full = (now/h.width + 1) * h.width
	}
	q.Reset = full.Sub(now) / time.Millisecond * time.Millisecond
	return q
}

func (h *history) settle(now, admitted clock.Time, delta int64) {
	if h.window == TokenBucket {
		h.charges = append(h.charges, charge{at: now, cost: delta, gift: true})
		return
	}
	for i := range h.charges {
		if h.charges[i].at == admitted {
			h.charges[i].cost += delta
			return
		}
	}
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }

// twin is a deployment without faults, by the rules in the comments of Config.
type twin struct {
	cfg              *Config
	requests, tokens *history // nil without that limit
	tally            Tally
}

func newTwin(c *Config) *twin {
	w := &twin{cfg: c}
	if c.RPM > 0 {
		w.requests = &history{window: c.Window, width: minute, limit: c.RPM}
		switch c.Window {
		case SubMinute: // Azure: a sixth of the limit every ten seconds
			w.requests.width, w.requests.limit = 10*clock.Second, ceil(c.RPM, 6)
		case PerSecond:
			w.requests.width, w.requests.limit = clock.Second, ceil(c.RPM, 60)
		}
	}
	if c.TPM > 0 {
		w.tokens = &history{window: c.Window, width: minute, limit: c.TPM}
		if c.Window == PerSecond {
			w.tokens.window = TokenBucket
		}
	}
	return w
}

func (w *twin) reservation(a *wire.Attempt) int64 {
	return map[Reserve]int64{
		ReserveMaxTokens: int64(a.Guess) + int64(a.MaxTokens),
		ReserveEstimate:  int64(a.Guess),
		ReserveActual:    int64(a.Prompt) + int64(a.Output),
		ReserveLarger:    max(int64(a.Guess), int64(a.MaxTokens)),
	}[w.cfg.Charge.Reserve]
}

// when returns when an attempt of that cost would be admitted, and by which limit
// no earlier.
func (w *twin) when(now clock.Time, cost int64) (at clock.Time, by wire.Limit) {
	at = now
	if w.requests != nil {
		at = w.requests.when(now, 1)
	}
	by = wire.Requests
	if w.tokens != nil {
		if t := w.tokens.when(now, cost); t > at {
			at, by = t, wire.Tokens
		}
	}
	return at, by
}

func (w *twin) arrive(now clock.Time, a *wire.Attempt) wire.Reply {
	r := wire.Reply{Status: 200, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	cost := w.reservation(a)
	if w.tokens != nil && cost > w.tokens.limit {
		r.Status, r.Limit = 429, wire.Oversize
	} else if at, by := w.when(now, cost); at > now {
		r.Status, r.Limit = 429, by
		if w.cfg.Charge.Rejected && w.requests != nil {
			w.requests.charges = append(w.requests.charges, charge{at: now, cost: 1, refused: true})
		}
		at, _ = w.when(now, cost) // what it may expect who comes again
		r.RetryAfter = time.Duration(ceil(int64(at-now), 1e9)) * time.Second
	} else {
		w.admit(now, a, cost, &r)
	}
	if w.requests != nil {
		r.Requests = w.requests.quota(now, w.cfg.RPM)
	}
	if w.tokens != nil {
		r.Tokens = w.tokens.quota(now, w.cfg.TPM)
	}
	return r
}

func (w *twin) admit(now clock.Time, a *wire.Attempt, cost int64, r *wire.Reply) {
	r.Prompt, r.Output = a.Prompt, a.Output
	w.tally.Admitted++
	w.tally.Billed[0].Prompt += int64(a.Prompt)
	w.tally.Billed[0].Output += int64(a.Output)
	if w.requests != nil {
		w.requests.charges = append(w.requests.charges, charge{at: now, cost: 1})
	}
	if w.tokens != nil {
		w.tokens.charges = append(w.tokens.charges, charge{at: now, cost: cost})
		w.tally.Reserved += cost
	}
}

func (w *twin) finish(now clock.Time, a *wire.Attempt, admitted clock.Time) {
	if w.tokens != nil && w.cfg.Charge.Settle {
		delta := int64(a.Prompt) + int64(a.Output) - w.reservation(a)
		w.tally.Settled += delta
		w.tokens.settle(now, admitted, delta)
	}
}

// tookBy is how long the deployments of configs take for an admitted attempt.
func tookBy(a *wire.Attempt) time.Duration {
	return 500*time.Millisecond + time.Duration(a.Output)*20*time.Millisecond
}

var (
	gaps = rapid.SampledFrom([]time.Duration{0, 0, 1, 999 * time.Microsecond, time.Second, 3100 * time.Millisecond,
		10 * time.Second, 59 * time.Second, time.Minute - 1, time.Minute, 2 * time.Minute})
	attempts = rapid.Custom(func(t *rapid.T) wire.Attempt {
		n := rapid.Uint32Range(0, 60)
		return wire.Attempt{Call: rapid.Uint64().Draw(t, "call"), Prompt: n.Draw(t, "prompt"), Guess: n.Draw(t, "guess"),
			MaxTokens: n.Draw(t, "max"), Output: n.Draw(t, "output")}
	})
	configs = rapid.Custom(func(t *rapid.T) *Config {
		return &Config{
			RPM: rapid.Int64Range(0, 8).Draw(t, "rpm"), TPM: rapid.SampledFrom([]int64{0, 30, 90, 250}).Draw(t, "tpm"),
			Window:  rapid.SampledFrom([]Window{SlidingLog, FixedWindow, TokenBucket, SubMinute, PerSecond}).Draw(t, "window"),
			Latency: Latency{TTFT: rng.NewConstant(0.5), PerToken: 20 * time.Millisecond, Refusal: 30 * time.Millisecond},
			Charge: Charge{Reserve: Reserve(rapid.IntRange(0, len(Reserves)-1).Draw(t, "reserve")),
				Settle: rapid.Bool().Draw(t, "settle"), Rejected: rapid.Bool().Draw(t, "rejected")},
		}
	})
)

// Whatever the limits and the history: the same admissions, refusals, headers,
// latencies, charges and bills as from the whole history worked out afresh.
func TestModelAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := configs.Draw(t, "config")
		m, w := New(cfg, rng.New(1, 0), nil), newTwin(cfg)
		var work []job
		now := clock.Time(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(gaps.Draw(t, "gap"))
			work = finish(work, now, func(at clock.Time, a *wire.Attempt) {
				w.finish(at, a, at.Add(-tookBy(a)))
				m.Finish(at, a, false)
			})
			a := attempts.Draw(t, "attempt")
			var r wire.Reply
			took, wantTook := m.Arrive(now, &a, &r), 30*time.Millisecond
			if diff := cmp.Diff(w.arrive(now, &a), r); diff != "" {
				t.Fatalf("at %v (-want +got)\n%s", now, diff)
			}
			if r.OK() {
				wantTook = tookBy(&a)
				work = append(work, job{now.Add(took), a})
			} else if r.Retryable() != (r.Limit != wire.Oversize) || a.Reserved != 0 {
				t.Fatalf("refused by %v: retryable %v, reserved %d", r.Limit, r.Retryable(), a.Reserved)
			}
			if took != wantTook {
				t.Fatalf("took %v, want %v", took, wantTook)
			}
		}
		finish(work, clock.Never, func(at clock.Time, a *wire.Attempt) {
			w.finish(at, a, at.Add(-tookBy(a)))
			m.Finish(at, a, true) // a client that hung up changes nothing
		})
		if diff := cmp.Diff(w.tally, m.Tally); diff != "" {
			t.Fatalf("tally (-want +got)\n%s", diff)
		}
	})
}

// job is work that an admitted attempt began and that ends at a known time.
type job struct {
	end clock.Time
	a   wire.Attempt
}

// finish ends in order the work due by now and returns the rest.
func finish(work []job, now clock.Time, end func(clock.Time, *wire.Attempt)) []job {
	for {
		first := -1
		for i := range work {
			if work[i].end <= now && (first < 0 || work[i].end < work[first].end) {
				first = i
			}
		}
		if first < 0 {
			return work
		}
		end(work[first].end, &work[first].a)
		work = append(work[:first], work[first+1:]...)
	}
}

func TestNoAllocationInSteadyState(t *testing.T) {
	for w := range Windows {
		cfg := &Config{RPM: 1000, TPM: 50_000, Window: Window(w), Charge: Charge{Settle: true, Rejected: true},
			Latency: Latency{TTFT: rng.NewConstant(0.1)}}
		m, now := New(cfg, rng.New(1, 0), nil), clock.Time(0)
		a, r := wire.Attempt{Prompt: 50, Guess: 40, MaxTokens: 20, Output: 10}, wire.Reply{}
		refused := 0
		step := func() {
			for range 3000 {
				now += 20 * clock.Second / 1000
				m.Arrive(now, &a, &r)
				if r.OK() {
					m.Finish(now, &a, false)
				} else {
					refused++
				}
			}
		}
		step()
		if n := testing.AllocsPerRun(5, step); n != 0 || refused == 0 {
			t.Errorf("%v: %v allocations a round, %d refused", Window(w), n, refused)
		}
	}
}
