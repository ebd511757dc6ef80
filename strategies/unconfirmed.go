package strategies

import "ratesim/sim/clock"

// unconfirmed holds the attempts of which it is not known yet whether they were admitted, in
// the order in which they were sent. Their numbers are consecutive and may wrap.
type unconfirmed struct {
	ring  []sentAttempt // its length is a power of two
	first uint32        // the number of the oldest
	n     int
	open  int // of these, those that have no reply
}

type sentAttempt struct {
	sent clock.Time
	done bool // it has a reply
}

func (t *unconfirmed) at(number uint32) *sentAttempt { return &t.ring[number&uint32(len(t.ring)-1)] }

// send notes that the attempt of this number, one more than the last one's, is sent.
func (t *unconfirmed) send(now clock.Time, number uint32) {
	if t.n == 0 {
		t.first = number
	}
	if t.n == len(t.ring) {
		old := *t
		t.ring = make([]sentAttempt, max(16, 2*len(t.ring)))
		for i := range uint32(t.n) {
			*t.at(t.first + i) = *old.at(t.first + i)
		}
	}
	*t.at(number) = sentAttempt{sent: now}
	t.n++
	t.open++
}

// answer notes that the attempt of this number, sent at sent, has a reply, and reports
// whether it was not yet known to be admitted. Callers keep the lower half of a number only:
// where 65,536 were sent since, it may be that of a younger attempt, which sent tells.
func (t *unconfirmed) answer(number uint32, sent clock.Time) bool {
	if number-t.first >= uint32(t.n) {
		return false
	}
	a := t.at(number)
	if a.done || a.sent != sent {
		return false
	}
	a.done = true
	t.open--
	t.drop()
	return true
}

// expire drops the attempts that were sent by then. It returns how many of them have no
// reply, and of those, how many were sent at since or later.
func (t *unconfirmed) expire(by, since clock.Time) (all, lately int) {
	for t.n > 0 && t.at(t.first).sent <= by {
		all++
		if t.at(t.first).sent >= since {
			lately++
		}
		t.at(t.first).done = true
		t.open--
		t.drop()
	}
	return all, lately
}

// drop drops the oldest ones that have a reply.
func (t *unconfirmed) drop() {
	for t.n > 0 && t.at(t.first).done {
		t.first++
		t.n--
	}
}

// oldest returns when the oldest attempt without a reply was sent; there must be one.
func (t *unconfirmed) oldest() clock.Time { return t.at(t.first).sent }
