package strategies

import (
	"fmt"
	"slices"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// batching sends what can wait to a batch API, and leaves the rest to another
// strategy. A call can wait if it has no deadline, or one that is far enough away.
//
// A batch API bounds the tokens that wait in it and does not say when there is room
// again. So after a refusal there are at most as many calls in it as there were then, and
// each answer raises that bound by one. Calls that find no room wait for their turn. When
// they cannot wait any more, they go to the other strategy. So do calls that the batch API
// can never take, or refused batchTries times.
//
// A call is the batch's if its Delay is ofBatch; its Phase is then as in a Dispatcher.
type batching struct {
	rest Strategy      // serves calls that cannot wait
	bulk int           // the deployment
	wait time.Duration // what the batch API may take

	waiting deque
	inside  int // calls in it, or that keep their place
	bound   int // most calls in it; 0 = none was refused yet
}

const (
	ofBatch = -1
	// batchAgain is the wait after a refusal when no call is in it whose answer
	// could be waited for: batches take minutes to hours.
	batchAgain = 10 * time.Minute
	batchTries = 20 // which is at least three hours
)

// leaves returns from when on c cannot wait any more.
func (b *batching) leaves(c *Call) clock.Time {
	if c.Deadline == clock.Never {
		return clock.Never
	}
	return c.Deadline.Add(-b.wait) + 1
}

// CountsPrompts implements the interface of that name.
func (b *batching) CountsPrompts() PromptCount {
	if s, ok := b.rest.(CountsPrompts); ok {
		return s.CountsPrompts()
	}
	return AsGiven
}

func (b *batching) Submit(now clock.Time, c *Call, out *Effects) {
	if now >= b.leaves(c) {
		b.rest.Submit(now, c, out)
		return
	}
	c.Delay, c.Phase = ofBatch, Queued
	b.waiting.pushBack(c)
	b.remind(c, out)
	if b.waiting.n == 1 {
		b.pump(out)
	}
}

// remind asks to be woken when c cannot wait any more.
func (b *batching) remind(c *Call, out *Effects) {
	if at := b.leaves(c); at != clock.Never {
		out.Wake(c, at)
	}
}

// pump sends what there may be room for.
func (b *batching) pump(out *Effects) {
	for b.bound == 0 || b.inside < b.bound {
		c := b.waiting.pop()
		if c == nil {
			return
		}
		b.send(c, out)
	}
}

func (b *batching) send(c *Call, out *Effects) {
	c.Phase = inFlight
	b.inside++
	out.Send(c, b.bulk)
}

func (b *batching) Reply(now clock.Time, c *Call, r *wire.Reply, out *Effects) {
	if c.Delay != ofBatch {
		b.rest.Reply(now, c, r, out)
		return
	}
	b.inside--
	c.Phase = 0
	switch {
	case r.OK():
		if b.bound > 0 {
			b.bound++
		}
		out.Done(c)
	case r.Limit == wire.Oversize || r.Retryable() && (c.Sent >= batchTries || now >= b.leaves(c)):
		b.leave(now, c, out)
	case !r.Retryable():
		out.Fail(c, NotRetryable)
	default:
		b.bound = max(1, b.inside)
		if b.inside == 0 {
			c.Phase = asleep
			b.inside = 1 // its place
			out.Wake(c, min(now.Add(batchAgain), b.leaves(c)))
			return
		}
		c.Phase = Queued
		b.waiting.pushFront(c)
	}
	b.pump(out)
}

// leave lets c go the way of the rest.
func (b *batching) leave(now clock.Time, c *Call, out *Effects) {
	c.Delay, c.Phase, c.Held = 0, 0, 0
	if c.Deadline != clock.Never {
		out.Wake(c, clock.Never) // the reminder
	}
	b.rest.Submit(now, c, out)
}

func (b *batching) Wake(now clock.Time, c *Call, out *Effects) {
	switch {
	case c == nil || c.Delay != ofBatch:
		b.rest.Wake(now, c, out)
		return
	case c.Phase == inFlight: // it was due to leave, and was sent before
	case c.Phase == Queued:
		b.waiting.remove(c)
		b.leave(now, c, out)
	case now >= b.leaves(c):
		b.inside--
		b.leave(now, c, out)
	default:
		b.inside--
		b.remind(c, out)
		b.send(c, out)
	}
	b.pump(out)
}

func (b *batching) Cancel(now clock.Time, c *Call, out *Effects) {
	if c.Delay != ofBatch {
		b.rest.Cancel(now, c, out)
		return
	}
	switch c.Phase {
	case Queued:
		b.waiting.remove(c)
	default:
		b.inside--
	}
	out.Fail(c, Deadline)
	b.pump(out)
}

// deque holds calls that wait, by numbers that follow each other; Call.Held is a
// call's number while it does. It is not a Queue because a call that leaves it may
// go to one, which a Queue would take for its own.
type deque struct {
	calls []*Call // length is a power of two, or 0; nil where one has left
	first uint32  // number of the first
	span  uint32  // numbers in use
	n     int     // calls
}

func (q *deque) at(number uint32) **Call { return &q.calls[number&uint32(len(q.calls)-1)] }

func (q *deque) pushBack(c *Call) {
	q.grow()
	c.Held = q.first + q.span
	*q.at(c.Held) = c
	q.span++
	q.n++
}

func (q *deque) pushFront(c *Call) {
	q.grow()
	q.first--
	c.Held = q.first
	*q.at(c.Held) = c
	q.span++
	q.n++
}

func (q *deque) remove(c *Call) {
	*q.at(c.Held) = nil
	q.n--
}

// pop returns the first call; nil if there is none.
func (q *deque) pop() *Call {
	for ; q.span > 0; q.span-- {
		c := *q.at(q.first)
		*q.at(q.first) = nil
		q.first++
		if c != nil {
			q.span--
			q.n--
			return c
		}
	}
	return nil
}

// grow makes room for one more: where others have left, or else in twice the room.
func (q *deque) grow() {
	if int(q.span) < len(q.calls) {
		return
	}
	to := q.calls
	if 2*q.n >= len(to) {
		to = make([]*Call, max(16, 2*len(to)))
	}
	kept := q.first
	for i := range q.span {
		if c := *q.at(q.first + i); c != nil {
			*q.at(q.first + i) = nil
			c.Held = kept
			to[kept&uint32(len(to)-1)] = c
			kept++
		}
	}
	q.calls, q.span = to, kept-q.first
}

var latencyOK = Param{Name: "latency_ok", Kind: DurationParam, Default: "24h", Max: 366 * Day,
	About: "a call can wait if it has no deadline, or one at least this far away; 24h is what batch APIs promise"}

var batchParams = []Param{
	{Name: "batch", Kind: DeploymentParam,
		About: "the batch API; default: the first deployment that is a batch API"},
	latencyOK,
	{Name: "discount", Kind: ShareParam, Default: "0%", Max: 1,
		About: "smallest discount that is worth the wait; vendors give 50%, and 0% accepts any"},
}

func buildBatch(v Values, known Env) (Factory, []ParamError) {
	isBatch := func(d Deployment) bool { return d.Batch }
	bulk, given := v["batch"]
	if !given {
		bulk.number = float64(slices.IndexFunc(known.Deployments, isBatch))
	}
	first := slices.IndexFunc(known.Deployments, func(d Deployment) bool { return !d.Batch })
	switch {
	case bulk.number < 0:
		return nil, []ParamError{{Param: "batch", Msg: "must be given, for no deployment is a batch API"}}
	case first < 0 || int(bulk.number) == first:
		return nil, []ParamError{{Param: "batch", Msg: "must leave another deployment for calls that cannot wait"}}
	}
	if d := &known.Deployments[int(bulk.number)]; d.Discount < v.Number("discount") {
		return nil, []ParamError{{Param: "discount", Msg: fmt.Sprintf("must be at most what deployment %q takes off, %g%%", d.Name, 100*d.Discount)}}
	}
	v["batch"] = bulk
	v["route"] = value{deployments: []int{first}}
	return compose(unpaced, v, known)
}

// BatchBuilder makes the strategy that sends to a batch API what can wait.
func BatchBuilder() Builder {
	return Builder{Params: slices.Concat(batchParams, retryParams()), Make: buildBatch}
}
