package live_test

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// try is what is known of one attempt.
type try struct {
	number, deployment int
	sent               time.Time
	ctx                context.Context // of its request; nil = Base has not been called

	touched time.Time // when Base or the answer's body last returned
	status  int       // of the answer; 0 = there was none
	stream  bool
	whole   bool // the answer was read to its end
	opened  int  // bodies of answers
	closed  int

	aborted, told bool // the strategy aborted it, or was told of its end
}

// history is what is known of one call.
type history struct {
	id     uint64
	call   *strategies.Call
	tries  []*try
	wake   clock.Time // clock.Never = none was asked for
	set    clock.Time // when it was
	asking int        // asks that are not answered
	ask    *inquiry   // the last one

	handed      bool // the application has the answer of an attempt as a stream
	ended, done bool
	reason      strategies.Reason
	last        *try // the attempt that was told of last
	status      int  // what was told of it

	grant   int64 // tokens that the coordinator granted; see books
	granted bool
}

// inFlight returns the attempts whose end the strategy has to be told of.
func (h *history) inFlight() int {
	n := 0
	for _, a := range h.tries {
		if !a.told && !a.aborted {
			n++
		}
	}
	return n
}

// witness stands between the Transport and the strategy. It checks what each promises the
// other, as the documents of strategies.Strategy and strategies.Effects say it. World.mu
// guards it.
type witness struct {
	w    *world
	of   strategies.Strategy
	busy atomic.Bool

	calls     map[uint64]*history
	order     []*history // of the same, as they came
	open      int
	lastEnd   time.Time // of a call
	last      clock.Time
	alarm     clock.Time
	set       clock.Time // when the alarm was
	asking    int        // asks for the instance that are not answered
	steps     int
	shattered bool // the strategy has panicked
}

func newWitness(w *world, of strategies.Strategy) *witness {
	return &witness{w: w, of: of, calls: map[uint64]*history{}, alarm: clock.Never}
}

func (s *witness) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	s.step("Submit", now, c, nil, out)
}

func (s *witness) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	s.step("Reply", now, c, r, out)
}

func (s *witness) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	s.step("Wake", now, c, nil, out)
}

func (s *witness) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	s.step("Cancel", now, c, nil, out)
}

// step checks what the strategy is told, passes it on, and checks what it wants.
func (s *witness) step(what string, now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	w := s.w
	if !s.busy.CompareAndSwap(false, true) || w.transport.Unlocked() {
		w.check(false, "the strategy is told two things at a time")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	defer s.busy.Store(false)
	s.hear(what, now, c, r)
	s.steps++
	panics := s.steps == w.plan.panicAt
	whole := false
	defer func() {
		if !whole {
			if !panics {
				w.breach("the strategy panics, which was not planned:\n%s", debug.Stack())
			}
			s.shatter()
		}
	}()
	if panics && w.plan.before {
		panic(errPlanned)
	}
	ahead := s.ahead(now)
	switch what {
	case "Submit":
		s.of.Submit(now+ahead, c, out)
	case "Reply":
		s.of.Reply(now+ahead, c, r, out)
	case "Wake":
		s.of.Wake(now+ahead, c, out)
	case "Cancel":
		s.of.Cancel(now+ahead, c, out)
	}
	if panics {
		panic(errPlanned)
	}
	whole = true
	s.carry(now, ahead, out)
	if h := s.history(c); what == "Cancel" && h != nil && !h.ended {
		if !w.plan.kind.rogue {
			w.breach("the strategy was told to cancel call %d and did not end it", h.id)
		}
		s.end(h, false, strategies.Deadline)
	}
}

// ahead returns how far the strategy's clock is ahead, since it has jumped.
func (s *witness) ahead(now clock.Time) clock.Time {
	if p := &s.w.plan; p.jumpAt > 0 && now >= clock.Time(p.jumpAt) {
		return clock.Time(p.jumpBy)
	}
	return 0
}

// shatter notes that the strategy panicked, which ends all calls.
func (s *witness) shatter() {
	s.w.note("the strategy panics", nobody, -1, nil)
	s.shattered = true
	for _, h := range s.order {
		if !h.ended {
			s.end(h, false, strategies.NotRetryable)
		}
	}
}

func (s *witness) history(c *strategies.Call) *history {
	if c == nil {
		return nil
	}
	return s.calls[c.ID]
}

// late is how much later than asked for a timer may go off: what real times are rounded by.
func (s *witness) late() clock.Time {
	if s.w.plan.speed == 1 {
		return 0
	}
	return 1000
}

// hear checks what the strategy is told.
func (s *witness) hear(what string, now clock.Time, c *strategies.Call, r *wire.Reply) {
	w := s.w
	if c == nil {
		w.note(what, nobody, -1, nil)
	} else if r != nil {
		w.note(what, c.ID, int(r.Attempt), r.Status)
	} else {
		w.note(what, c.ID, -1, nil)
	}
	w.books.settle()
	real := clock.Time(time.Since(w.start))
	if w.plan.speed != 1 {
		real = clock.Time(float64(real) * w.plan.speed)
	}
	switch {
	case now < s.last:
		w.breach("time goes back from %v to %v", s.last, now)
	case now > real+s.late() || now < real-s.late():
		w.breach("the strategy is told %v, and it is %v", now, real)
	case s.shattered:
		w.breach("the strategy has panicked, and is told %s", what)
	case !w.closed.IsZero():
		w.breach("the strategy is told %s after Close returned", what)
	case s.alarm < now-s.late() && s.set < now-s.late() && (s.open > 0 || w.closing.IsZero()):
		w.breach("an alarm for %v has not come at %v", s.alarm, now)
	}
	s.last = now
	h := s.history(c)
	switch {
	case what == "Submit":
		s.hearSubmit(c, h)
		return
	case c == nil && what == "Wake":
		if s.alarm > now {
			w.breach("an alarm comes at %v, and is set for %v", now, s.alarm)
		}
		s.alarm = clock.Never
		return
	case c == nil:
		if s.asking--; s.asking < 0 {
			w.breach("an answer comes, and nothing was asked")
		}
		return
	case h == nil || h.call != c:
		w.breach("%s of call %d, which is not known", what, c.ID)
		return
	case h.ended:
		w.breach("%s of call %d, which has ended", what, c.ID)
	case !h.handed && h.wake < now-s.late() && h.set < now-s.late():
		w.breach("a wake of call %d at %v has not come at %v", c.ID, h.wake, now)
	}
	switch what {
	case "Wake":
		if h.wake > now {
			w.breach("call %d wakes at %v, and asked for %v", c.ID, now, h.wake)
		}
		h.wake = clock.Never
	case "Reply":
		s.hearReply(h, r)
	case "Cancel":
		w.books.canceled(h)
	}
}

func (s *witness) hearSubmit(c *strategies.Call, h *history) {
	switch w := s.w; {
	case h != nil:
		w.breach("call %d is submitted twice", c.ID)
	case !w.closing.IsZero() && w.closing != time.Now():
		w.breach("call %d is submitted after Close", c.ID)
	}
	if n := int(c.EstimatedPrompt) - firstJob; n >= 0 && n < len(s.w.jobs) {
		s.w.jobs[n].is(c.ID)
	}
	h = &history{id: c.ID, call: c, wake: clock.Never}
	s.calls[c.ID] = h
	s.order = append(s.order, h)
	s.open++
}

// hearReply checks that a reply is one to an attempt in flight, or an answer.
func (s *witness) hearReply(h *history, r *wire.Reply) {
	w := s.w
	if h.inFlight() == 0 && h.asking > 0 {
		h.asking--
		w.books.answered(h, r)
		return
	}
	if int(r.Attempt) >= len(h.tries) {
		w.breach("a reply to attempt %d of call %d, which was not sent", r.Attempt, h.id)
		return
	}
	a := h.tries[r.Attempt]
	took := time.Since(a.sent)
	timeout, late := time.Duration(float64(w.plan.timeout)/w.plan.speed), time.Duration(s.late())
	if w.plan.timeout == 0 || deployments[a.deployment].Batch {
		timeout = long
	}
	switch {
	case a.told:
		w.breach("a second reply to attempt %d of call %d", a.number, h.id)
	case a.aborted:
		w.breach("a reply to attempt %d of call %d, which was aborted", a.number, h.id)
	case a.ctx == nil:
		if r.Status != wire.StatusReset || !w.bodyFailed(h) {
			w.breach("a reply to attempt %d of call %d, which Base has not been given", a.number, h.id)
		}
	case int(r.Deployment) != a.deployment:
		w.breach("attempt %d of call %d went to deployment %d, and deployment %d replies", a.number, h.id, a.deployment, r.Deployment)
	case !a.stream && !a.touched.Equal(time.Now()):
		w.breach("attempt %d of call %d ended %v before the strategy is told", a.number, h.id, time.Since(a.touched))
	case a.opened != a.closed && !a.stream:
		w.breach("the body of attempt %d of call %d is not closed when the strategy is told", a.number, h.id)
	case r.Status == a.status && (a.whole || a.stream):
	case r.Status == wire.StatusTimeout && took >= timeout-late:
	case r.Status == wire.StatusReset && a.status == 0 && took <= timeout+late:
	case r.Status == wire.StatusCut && a.status != 0 && !a.whole && took <= timeout+late:
	default:
		w.breach("attempt %d of call %d was answered with %d (whole: %v) after %v, and the strategy is told %d",
			a.number, h.id, a.status, a.whole, took, r.Status)
	}
	a.told = true
	h.last, h.status = a, r.Status
	w.books.replied(h, r)
}

// carry notes what the strategy wants, in that order, as the Transport has to do it.
func (s *witness) carry(now, ahead clock.Time, out *strategies.Effects) {
	for i := range out.List {
		f := &out.List[i]
		if f.At != clock.Never && f.At >= ahead {
			f.At -= ahead
		}
		h := s.history(f.Call)
		if f.Call != nil && (h == nil || h.ended) {
			if !s.w.plan.kind.rogue {
				s.w.breach("the strategy acts on call %d, which is not open", f.Call.ID)
			}
			continue
		}
		switch f.Kind {
		case strategies.AlarmKind:
			s.w.note("  alarm", nobody, -1, f.At)
			s.alarm, s.set = f.At, now
		case strategies.AskKind:
			s.w.books.asked(h, out.Asks[f.Attempt])
		case strategies.SendKind:
			s.w.note("  send", h.id, len(h.tries), f.Deployment)
			h.tries = append(h.tries, &try{number: len(h.tries), deployment: int(f.Deployment), sent: time.Now()})
			if !h.handed { // else the call has its answer, and nothing is sent
				s.w.books.sent(h)
			}
		case strategies.WakeKind:
			s.w.note("  wake", h.id, -1, f.At)
			h.wake, h.set = f.At, now
		case strategies.AbortKind:
			s.w.note("  abort", h.id, int(f.Attempt), nil)
			s.abort(h, int(f.Attempt))
		case strategies.DoneKind:
			s.end(h, true, 0)
		case strategies.FailKind:
			s.end(h, false, f.Reason)
		}
	}
}

func (s *witness) abort(h *history, number int) {
	if number >= len(h.tries) || h.tries[number].told || h.tries[number].aborted {
		if !s.w.plan.kind.rogue {
			s.w.breach("the strategy aborts attempt %d of call %d, which is not in flight", number, h.id)
		}
		return
	}
	h.tries[number].aborted = true
}

func (s *witness) end(h *history, done bool, why strategies.Reason) {
	s.w.note("  end", h.id, -1, []any{done, why})
	h.ended, h.done, h.reason = true, done, why
	s.open--
	s.lastEnd = time.Now()
	s.w.books.ended(done)
}

// begin notes that Base is given an attempt. The mutex is held.
func (s *witness) begin(ctx context.Context, id uint64, number uint32, deployment int) *try {
	w := s.w
	h := s.calls[id]
	if h == nil || int(number) >= len(h.tries) {
		w.breach("Base is given attempt %d of call %d, which the strategy did not send", number, id)
		return &try{ctx: ctx}
	}
	a := h.tries[number]
	gone := ctx.Err() != nil
	switch {
	case a.ctx != nil:
		w.breach("Base is given attempt %d of call %d twice", number, id)
	case a.deployment != deployment:
		w.breach("attempt %d of call %d goes to deployment %d instead of %d", number, id, deployment, a.deployment)
	case (h.ended || a.aborted) && !gone:
		w.breach("attempt %d of call %d is sent, and the call has ended (%v) or it was aborted (%v)", number, id, h.ended, a.aborted)
	case !(w.closed.IsZero() && w.forced.IsZero()) && !gone:
		w.breach("attempt %d of call %d is sent after Close returned", number, id)
	}
	a.ctx = ctx
	return a
}

// epilogue checks that everything was told.
func (s *witness) epilogue() {
	w := s.w
	for _, h := range s.order {
		if !h.ended {
			w.breach("call %d has not ended", h.id)
		}
		for _, a := range h.tries {
			switch {
			case a.opened != a.closed && a.closed == 0:
				w.breach("the body of the answer to attempt %d of call %d was not closed", a.number, h.id)
			case a.ctx != nil && a.ctx.Err() == nil:
				w.breach("the context of attempt %d of call %d is still alive", a.number, h.id)
			}
		}
	}
}
