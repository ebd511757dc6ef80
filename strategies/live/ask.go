package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ratesim/provider/wire"
	"ratesim/strategies"
)

// A Coordinator hands out a quota that several instances share, as wire.Ask says.
// It is safe for concurrent use.
//
// An error says that nothing is known to be granted. Mostly the coordinator could not be
// reached then, and the strategy does as it does in an outage: shared sends its calls
// without a grant, unless its on_outage is closed. An error with a method Misconfigured()
// bool that returns true says that it never will answer as it is set up. Then a call that
// asked ends with the error and is not sent, whatever the strategy does in an outage.
type Coordinator interface {
	Ask(ctx context.Context, q wire.Ask) (wire.Reply, error)
}

// AskError says that an ask of the coordinator had no answer.
type AskError struct {
	Misconfigured bool  // asking again does not help: somebody has to change the setup
	Cause         error // wraps context.DeadlineExceeded when Options.Patience had passed
}

func (e *AskError) Error() string {
	if e.Misconfigured {
		return fmt.Sprintf("live: the coordinator is not set up as it should be: %v", e.Cause)
	}
	return fmt.Sprintf("live: the coordinator does not answer: %v", e.Cause)
}

func (e *AskError) Unwrap() error { return e.Cause }

// AskStats counts what a Transport asked its coordinator and what came of that, since New.
// Asks that are neither failed nor refused were granted, or are under way.
type AskStats struct {
	Asks          uint64
	Refused       uint64 // the coordinator answered, and granted nothing
	Unreachable   uint64 // ended with an error; TimedOut are apart
	TimedOut      uint64 // had no answer within Options.Patience
	Misconfigured uint64 // ended with an error that says so
	// What happened while the latest ask had failed: attempts that were sent (failing open,
	// unless the strategy still had a lease), and calls that ended without success.
	Sent, Failed uint64
}

// AskStats returns the counts so far.
func (t *Transport) AskStats() AskStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.desk.stats
}

// desk is where a Transport keeps its asks of the coordinator. Transport.mu guards it.
type desk struct {
	asks    uint32 // so far
	asking  int    // those that are not settled
	late    int    // those that were given up, but the coordinator has not returned from
	stats   AskStats
	failing error     // of the latest ask; nil = it was answered
	said    time.Time // when a line about that was written
	before  AskStats  // the counts when it began
}

// inquiry is one ask of the coordinator.
type inquiry struct {
	c       *call // nil = on behalf of the instance
	q       wire.Ask
	settled bool // guarded by Transport.mu
}

var (
	errNoCoordinator = errors.New("Options.Coordinator is nil and the strategy asks one")
	errNoAnswer      = fmt.Errorf("no answer within Options.Patience: %w", context.DeadlineExceeded)
	errTooLate       = fmt.Errorf("%d earlier asks have not returned yet", maxLate)
)

// ask asks the coordinator what the strategy wants to know. The mutex is held.
func (t *Transport) ask(f *strategies.Effect) {
	i := &inquiry{q: t.out.Asks[f.Attempt]}
	if f.Call != nil {
		if i.c = t.calls[f.Call.Slot]; i.c == nil || &i.c.Call != f.Call || !i.c.open {
			return
		}
	}
	d := &t.desk
	i.q.Number = d.asks
	d.asks++
	d.asking++
	d.stats.Asks++
	switch {
	case t.o.Coordinator == nil:
		go t.settle(i, wire.Reply{}, &AskError{true, errNoCoordinator})
		return
	case d.late >= maxLate:
		go t.settle(i, wire.Reply{}, &AskError{false, errTooLate})
		return
	}
	// The timer settles the ask itself: client libraries exist that do not hear the context.
	ctx, cancel := context.WithCancel(context.Background())
	timer := time.AfterFunc(t.until(t.last.Add(t.o.Patience)), func() {
		t.settle(i, wire.Reply{}, &AskError{false, errNoAnswer})
		cancel()
	})
	go func() {
		defer cancel()
		r, err := t.consult(ctx, i.q)
		timer.Stop()
		t.settle(i, r, err)
	}()
}

// consult returns an *AskError as an error, or none.
func (t *Transport) consult(ctx context.Context, q wire.Ask) (r wire.Reply, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &AskError{true, panicked("the coordinator", v)}
		}
	}()
	r, err = t.o.Coordinator.Ask(ctx, q)
	if err == nil {
		return r, nil
	}
	var as interface{ Misconfigured() bool }
	return wire.Reply{}, &AskError{errors.As(err, &as) && as.Misconfigured(), err}
}

// settle ends an ask. When the ask was given up before, the coordinator returns late.
func (t *Transport) settle(i *inquiry, r wire.Reply, err error) {
	failed, _ := err.(*AskError)
	timeout := failed != nil && failed.Cause == errNoAnswer
	t.mu.Lock()
	if i.settled {
		if !timeout {
			t.desk.late--
		}
		t.mu.Unlock()
		return
	}
	i.settled = true
	t.desk.asking--
	if timeout {
		t.desk.late++
	}
	if failed != nil {
		r = wire.Reply{Status: wire.StatusTimeout, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	}
	line := t.desk.note(&r, failed)
	switch c := i.c; {
	case c == nil:
		t.tell(replied, t.now(0), nil, &r)
	case !c.open:
		t.rest()
	case failed != nil && failed.Misconfigured:
		t.giveUp(c, t.now(0), failed)
	default:
		t.tell(replied, t.now(0), &c.Call, &r)
	}
	t.mu.Unlock()
	if failed != nil && t.o.AskFailed != nil {
		t.o.AskFailed(failed)
	}
	if line != nil {
		log := t.o.Log
		if log == nil {
			log = slog.Default()
		}
		line(log)
	}
}

// sayAgain is how often a coordinator that does not answer is worth a line.
const sayAgain = time.Minute

// note counts how an ask ended. It returns what to write to the log, nil = nothing.
func (d *desk) note(r *wire.Reply, failed *AskError) func(*slog.Logger) {
	s := &d.stats
	switch {
	case failed == nil && !r.OK():
		s.Refused++
	case failed == nil:
	case failed.Misconfigured:
		s.Misconfigured++
	case failed.Cause == errNoAnswer:
		s.TimedOut++
	default:
		s.Unreachable++
	}
	now := time.Now()
	begins := failed != nil && d.failing == nil
	if begins {
		d.before = *s
	}
	sent, lost := s.Sent-d.before.Sent, s.Failed-d.before.Failed
	switch {
	case begins, failed != nil && now.Sub(d.said) >= sayAgain:
		d.failing, d.said = failed, now
		return func(log *slog.Logger) {
			log.Warn("the coordinator of the shared quota does not answer", "error", failed, "sent", sent, "failed", lost)
		}
	case failed == nil && d.failing != nil:
		d.failing = nil
		return func(log *slog.Logger) {
			log.Info("the coordinator of the shared quota answers again", "sent", sent, "failed", lost)
		}
	}
	return nil
}
