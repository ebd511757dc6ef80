package strategies

import (
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

// Hedging is a part of a [Dispatcher] that sends a second attempt of a call whose first one
// takes unusually long. The answer that comes first counts, and the other attempt is
// aborted. These are the hedged requests of Dean and Barroso, "The Tail at Scale" (CACM,
// 2013): the second attempt waits for a high quantile of the usual time, so that few calls
// are sent twice and those that are slow all the same end sooner. Providers bill both
// attempts.
//
// A hedge takes from a limit what other calls may need, so it goes only where nothing
// waits: no call is queued, the pacer lets it go at once, and nothing was refused within
// the window of a limit per minute. It does not wait for its turn; a call that cannot be
// hedged when its time comes is not hedged.
//
// If one of the two attempts fails, the other one decides, unless the failure is final.
// gRPC's hedging does the same (proposal A6). If both fail, the retry policy decides, and
// counts both. Retries are not hedged.
type Hedging struct {
	Key      rng.Key
	Quantile float64 // of the usual time of an attempt, after which a call is hedged
	Share    float64 // of the calls that are hedged at most

	usual  durations
	credit float64    // hedges that may be sent now
	closed clock.Time // no call is hedged before, because an attempt was refused

	pairs []pair // of the calls that have two attempts in flight, by Call.Held
	free  []uint32
}

// pair is the two attempts of a call, the first one first.
type pair [2]attempt

// attempt is what a call in flight carries for its Dispatcher and its pacer.
type attempt struct {
	since  clock.Time
	delay  int64
	held   uint32
	mark   uint16
	number uint16
	phase  uint8
}

// carried returns what c carries for its attempt of this number.
func carried(c *Call, number uint16) attempt {
	return attempt{since: c.Since, delay: c.Delay, held: c.Held, mark: c.Mark, number: number, phase: c.Phase}
}

// carry makes c carry a again.
func (c *Call) carry(a *attempt) {
	c.Since, c.Delay, c.Held, c.Mark, c.Phase = a.since, a.delay, a.held, a.mark, a.phase
}

const (
	// mostHedges bounds the hedges that are sent together after a time without any: ten,
	// as the tokens of gRPC's retry throttling. Without a bound, a provider that becomes
	// slow would get one for every call of the quiet hours before.
	mostHedges = 10
	// hedgeSpread is the spread of retry-after.
	hedgeSpread = 0.1
	// quiet is how long after a refusal no call is hedged: a limit per minute that was
	// full may be full again for as long.
	quiet = limit.Window
)

// earn counts a call, a share of which may be hedged.
func (h *Hedging) earn() { h.credit = min(mostHedges, h.credit+h.Share) }

// arm asks for a wake of c, whose first attempt is being sent, when it will have taken
// unusually long. Calls that were sent together are woken one after the other, within a
// tenth of that time: their hedges are no burst, and which of them take what is left of
// the share does not depend on the order of timers that go off at one instant.
func (h *Hedging) arm(now clock.Time, c *Call, out *Effects) {
	if usual, known := h.usual.quantile(h.Quantile); known && c.Sent == 0 {
		u := h.Key.Float64(rng.Jitter, c.ID, uint64(c.Sent))
		out.Wake(c, now.Add(usual+time.Duration(hedgeSpread*u*float64(usual))))
	}
}

// learn learns from r, which answered the attempt that c carries. An attempt that timed
// out has taken at least that long.
func (h *Hedging) learn(now clock.Time, c *Call, r *wire.Reply) {
	switch {
	case r.OK() || r.Status == wire.StatusTimeout:
		h.usual.add(now.Sub(c.Since))
	case refusal(r):
		h.closed = now.Add(quiet)
	}
}

// allows reports whether a call may be hedged now.
func (h *Hedging) allows(now clock.Time) bool {
	const rounding = 1e-9 // twenty twentieths are a whole one
	return h.credit >= 1-rounding && now >= h.closed
}

// join makes c carry both attempts.
func (h *Hedging) join(c *Call, p pair) {
	i := uint32(len(h.pairs))
	if n := len(h.free); n > 0 {
		i, h.free = h.free[n-1], h.free[:n-1]
		h.pairs[i] = p
	} else {
		h.pairs = append(h.pairs, p)
	}
	c.Phase, c.Held = twice, i
}

// part makes c carry its attempt of this number alone, and returns the other one.
func (h *Hedging) part(c *Call, number uint16) attempt {
	p := h.pairs[c.Held]
	h.free = append(h.free, c.Held)
	if p[0].number != number {
		p[0], p[1] = p[1], p[0]
	}
	c.carry(&p[0])
	return p[1]
}

// hedge sends a second attempt of c, whose first one has taken unusually long, if there is
// room for it.
func (d *Dispatcher) hedge(now clock.Time, c *Call, out *Effects) {
	h := d.Hedges
	switch {
	case h == nil || c.Sent != 1 || c.Phase < inFlight || c.Phase == Queued: // the attempt has failed since
		return
	case !h.allows(now) || d.Waiting.Len() > 0 || d.Workers.full():
		return
	case c.Delay < 0: // an answer let it through a closed pacer: see wasClocked
		return
	}
	first := carried(c, c.Sent-1)
	c.Held, c.Mark, c.Since = 0, 0, now
	i, at := d.choose(now, c)
	if i < 0 || at > now || d.Lanes[i].tooLate(at, c) || !d.Failures.Allows(now, c, -1) {
		c.carry(&first)
		return
	}
	h.credit--
	d.send(now, i, c, out)
	h.join(c, pair{first, carried(c, c.Sent)})
}

// outdone handles r, which answered one of the two attempts of c. It reports whether the
// other one decides about c; if not, that was aborted, and c carries the answered one.
func (d *Dispatcher) outdone(now clock.Time, c *Call, r *wire.Reply, out *Effects) bool {
	h := d.Hedges
	other := h.part(c, r.Attempt)
	if r.OK() || !r.Retryable() {
		if other.since < c.Since { // it would have been slower still
			h.usual.add(now.Sub(other.since))
		}
		d.lose(c, other.phase)
		out.Abort(c, other.number)
		return false
	}
	n := d.tell(now, c, r)
	if d.Pauses && refusal(r) || len(d.Lanes) > 1 && slices.Contains(d.MovesOn, r.Status) {
		n.resume = max(n.resume, d.Failures.Closed(now, c, r, 0))
	}
	n.pacer.Release(now, c)
	c.carry(&other)
	return true
}

// remembered is how many durations the usual time is told from: of a hundred, the 99 %
// quantile is the largest but one.
const remembered = 100

// durations are the latest ones.
type durations struct {
	sorted, ring [remembered]time.Duration // ring is in the order in which they came
	n, next      int
}

func (s *durations) add(x time.Duration) {
	if s.n == remembered {
		i, _ := slices.BinarySearch(s.sorted[:], s.ring[s.next])
		copy(s.sorted[i:], s.sorted[i+1:])
		s.n--
	}
	i, _ := slices.BinarySearch(s.sorted[:s.n], x)
	copy(s.sorted[i+1:s.n+1], s.sorted[i:s.n])
	s.sorted[i], s.ring[s.next] = x, x
	s.next = (s.next + 1) % remembered
	s.n++
}

// quantile returns the duration that a share p of them does not exceed. It is not known
// until there are so many that one at least is beyond.
func (s *durations) quantile(p float64) (x time.Duration, known bool) {
	const rounding = 1e-9 // a twentieth of twenty is a whole one
	beyond := int(float64(s.n)*(1-p) + rounding)
	if beyond < 1 {
		return 0, false
	}
	return s.sorted[s.n-1-beyond], true
}

// hedgeParams are the parameters of the part.
var hedgeParams = []Param{
	{Name: "hedge", Kind: ShareParam, Min: 0.5, Max: 0.99,
		About: "a call whose first attempt takes longer than this quantile of the usual time is sent a second time, and the first answer counts; both attempts are billed. Nothing is sent twice while calls wait or within 60s of a refusal. 95% as in \"The Tail at Scale\"; default: no call is hedged"},
	{Name: "hedge_share", Kind: ShareParam, Default: "5%", Min: 0.001, Max: 1, With: With{Param: "hedge"},
		About: "share of the calls that are sent twice at most; 5% is what is slower than the 95% quantile"},
}
