package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// reserve is a limit as one instance of paced sees it: what is left of it, and
// what it has itself sent. As in headerAware, a call in flight carries the total
// as it stood when it left; both may wrap.
//
// A limit that headers tell is theirs. Any other is learned from refusals, and none
// is assumed before the first. A refusal says that nothing is left now, and that the
// limit was charged as much in the last minute as it allows, or more, whether that
// minute is a window, slides, or is a bucket that holds a minute's worth. So a refusal
// leaves most of the limit, or of what was charged lately if that is more: it may be by
// a limit a second or one on attempts in flight. While the limit holds calls back,
// answers let it grow. That is additive increase and multiplicative decrease (Chiu and
// Jain 1989), by which instances that know nothing of each other come to similar shares.
type reserve struct {
	meter
	sent  uint32
	upTo  uint32  // sent when the attempt left whose header was believed last
	spare float64 // what is kept free

	known    bool // headers tell the limit
	other    bool // what they tell is another
	charged  tally
	learned  clock.Time // when a refusal last set the limit
	admitted bool       // something sent since was admitted
	largest  float64    // that was admitted
	tight    bool       // less than half was left when something was sent last: it is being used
}

// The constants of a limit that is learned. Half or double of those of its growth
// changes the success of the embedded scenarios that overload the limits of Gemini or
// Bedrock by 0.7 points at most, and their refusals by half, but in one, limit-cut on
// Gemini's limits, by up to four times.
const (
	// refusalLeaves is what a refusal leaves of a limit, or of what was charged lately if
	// that is more: CUBIC's factor (RFC 9438).
	refusalLeaves = 0.7
	// growCalls and growShare are how much a limit grows in a minute in which all of it
	// is used: so many of its calls, without which small shares would stay small, and
	// such a share of it, without which large ones took hours.
	growCalls, growShare = 2, 0.2
	// steady is for how long after it was learned a limit grows at that pace. Later it
	// does so as many times faster as steady has passed, up to growMost: it may have
	// become much higher.
	steady, growMost = 30 * time.Second, 4
)

// send notes that cost is being sent.
func (s *reserve) send(now clock.Time, cost float64) {
	s.sent += uint32(int64(cost))
	s.charged.add(now, cost)
	s.spend(now, cost, 0)
	s.tight = s.left < s.limit/2
}

// believe reads q, the header of an attempt that left at since, when sent was
// total.
func (s *reserve) believe(now, since clock.Time, q wire.Quota, total uint32) {
	if s.other || q.Limit <= 0 && q.Remaining < 0 {
		return
	}
	s.known = true
	s.observe(since, q, float64(int32(total-s.upTo)))
	s.read(now, since, q, float64(int32(s.sent-total)))
	s.full = clock.Never // the reset is for when nobody else sends, which observe knows better
	s.upTo = total
}

// answered notes that cost, sent at since, was admitted and settled by delta.
func (s *reserve) answered(now, since clock.Time, cost, delta float64) {
	s.charged.add(now, delta)
	s.spare = max(0, s.spare-spareDecay*spareStep*cost)
	if s.known {
		return
	}
	s.admitted = s.admitted || since >= s.learned
	s.largest = max(s.largest, cost)
	if s.tight && s.limit > 0 {
		s.advance(now)
		pace := min(growMost, max(1, float64(now-s.learned)/float64(steady)))
		s.limit += pace * cost * (growShare + growCalls*min(1, cost/s.limit))
		s.setRate()
	}
}

// refused notes that there was no room for cost, though a header said there was.
func (s *reserve) refused(cost float64) {
	s.spare = min(s.spare+spareStep*cost, spareMost*s.limit)
}

// learn draws its conclusions from the refusal of cost by a limit that no header
// tells. After wait there is room for it; 0 if the refusal does not say when.
//
// Until something sent since is admitted, further refusals are of the same shortage,
// however long it lasts, and change the limit no more.
func (s *reserve) learn(now clock.Time, cost float64, wait time.Duration) {
	if s.limit == 0 || s.admitted {
		first := s.limit == 0
		s.limit = refusalLeaves * max(s.limit, s.charged.lately())
		if first {
			s.limit = max(s.limit, cost)
		}
		s.admitted = false
		s.setRate()
		s.learned = now
	}
	s.left, s.asOf, s.full = 0, now, clock.Never
	if wait > 0 {
		s.left = max(0, cost-s.refill*float64(wait))
		s.learned = max(s.learned, now.Add(wait)) // nothing is learned meanwhile
	}
}

// disown drops what headers tell: they are of another limit.
func (s *reserve) disown() {
	if s.known {
		s.meter, s.spare = meter{}, 0
		s.known, s.other = false, true
	}
}

// tally is a total that remembers what it was 45 to 60 s ago.
type tally struct {
	total float64
	marks [4]float64 // the total every markEvery, the latest last
	next  clock.Time // when the next is due
}

const markEvery = clock.Time(15 * time.Second)

func (t *tally) add(now clock.Time, n float64) {
	if now >= t.next {
		due := (now-t.next)/markEvery + 1
		for range min(due, clock.Time(len(t.marks))) {
			copy(t.marks[:], t.marks[1:])
			t.marks[len(t.marks)-1] = t.total
		}
		t.next += due * markEvery
	}
	t.total += n
}

// lately is what was added within the last 45 to 60 s, as of the last add.
func (t *tally) lately() float64 { return t.total - t.marks[0] }
