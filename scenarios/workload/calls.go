package workload

import (
	"fmt"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Calls gives the arrivals of all streams of a workload in time order, where nobody answers
// them: what a trace of the workload holds.
type Calls struct {
	sources []Source
	// answer is after which time each call of a closed stream succeeds.
	answer time.Duration
	next   inOrder[due]
	after  []Arrival // scratch
	err    error
}

// due is the next arrival of a source, or one of a user of a closed source.
type due struct {
	arrival Arrival
	stream  int
	first   bool // the source's Next gave it, so that its next one is to be asked for
}

func (d due) Before(e due) bool {
	return d.arrival.At < e.arrival.At || d.arrival.At == e.arrival.At && d.stream < e.stream
}

// NewCalls opens the streams as [Open] does. The users of a closed stream wait for answers,
// which nobody gives: each call is taken to end after answer; below 0 such a stream is refused.
func NewCalls(streams []Stream, key rng.Key, until clock.Time, answer time.Duration) (*Calls, error) {
	sources, err := Open(streams, key, until)
	if err != nil {
		return nil, err
	}
	c := &Calls{sources: sources, answer: answer}
	for i, s := range sources {
		if _, closed := s.(Closed); closed && answer < 0 {
			return nil, fmt.Errorf("workload[%d] is of users who wait for an answer before they call again (process %s), and a trace has no answers", i, streams[i].Arrivals.Process)
		} else if closed && answer == 0 && !streams[i].Arrivals.Think.Positive() {
			return nil, fmt.Errorf("workload[%d]: no time passes between the calls of a user, for they have no think time and each answer takes 0s", i)
		}
		c.read(i)
	}
	return c, nil
}

// Next fills a with the next arrival and returns which stream it is of. Once ok is false it
// stays so.
func (c *Calls) Next(a *Arrival) (stream int, ok bool) {
	if c.err != nil || len(c.next) == 0 {
		return 0, false
	}
	d := &c.next[0]
	*a, stream = d.arrival, d.stream
	first := d.first
	if closed, ok := c.sources[stream].(Closed); ok {
		c.next.pop()
		c.after = closed.Ended(a.At.Add(c.answer), a.ID, true, c.after[:0])
		for _, follow := range c.after {
			c.next.push(due{follow, stream, false})
		}
		if first {
			c.read(stream)
		}
		return stream, true
	}
	if c.sources[stream].Next(&d.arrival) { // in place, which open streams spend their time on
		c.next.settle()
		return stream, true
	}
	c.next.pop()
	c.failed(stream)
	return stream, true
}

// read takes up the next arrival that a source itself gives.
func (c *Calls) read(stream int) {
	d := due{stream: stream, first: true}
	if c.sources[stream].Next(&d.arrival) {
		c.next.push(d)
		return
	}
	c.failed(stream)
}

func (c *Calls) failed(stream int) {
	if err := c.sources[stream].Err(); err != nil && c.err == nil {
		c.err = err
	}
}

// Err returns what ended a stream early: a trace that cannot be read.
func (c *Calls) Err() error { return c.err }
