package strategytest

import (
	"strings"
	"testing"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
)

// honest retries once a second, five times. The faulty strategies below are
// honest but for one thing.
type honest struct{}

func (honest) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) { out.Send(c, 0) }

func (honest) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	switch {
	case r.OK():
		out.Done(c)
	case c.Sent > 5:
		out.Fail(c, strategies.MaxRetries)
	default:
		out.Wake(c, now+clock.Second)
	}
}

func (honest) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) { out.Send(c, 0) }

func (honest) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Fail(c, strategies.Deadline)
}

func TestHonest(t *testing.T) {
	Run(t, func(strategies.Env) strategies.Strategy { return honest{} })
}

type endsTwice struct{ honest }

func (endsTwice) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	out.Done(c)
	out.Fail(c, strategies.MaxRetries)
}

// forgets sends a call and ignores the answer.
type forgets struct{ honest }

func (forgets) Reply(clock.Time, *strategies.Call, *wire.Reply, *strategies.Effects) {}

type wakesInThePast struct{ honest }

func (wakesInThePast) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	if r.OK() {
		out.Done(c)
	} else {
		out.Wake(c, now-1)
	}
}

type alarmsInThePast struct{ honest }

func (alarmsInThePast) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Send(c, 0)
	out.Alarm(now - 1)
}

func (alarmsInThePast) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if c != nil {
		out.Send(c, 0)
	}
}

type retriesForEver struct{ honest }

func (retriesForEver) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	if r.OK() {
		out.Done(c)
	} else {
		out.Send(c, 0)
	}
}

type pollsForEver struct{ honest }

func (pollsForEver) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Wake(c, now+clock.Second)
}

func (pollsForEver) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Wake(c, now+clock.Second)
}

type stopsTime struct{ honest }

func (stopsTime) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Wake(c, now)
}

func (stopsTime) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) { out.Wake(c, now) }

type sendsNowhere struct{ honest }

func (sendsNowhere) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Send(c, 4)
}

type cannotBeCancelled struct{ honest }

func (cannotBeCancelled) Cancel(clock.Time, *strategies.Call, *strategies.Effects) {}

type speaksOfTheDead struct{ honest }

func (speaksOfTheDead) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.Fail(c, strategies.Deadline)
	out.Wake(c, now+clock.Second)
}

// writesToTheDead remembers the last call that ended.
type writesToTheDead struct {
	honest
	last *strategies.Call
}

func (s *writesToTheDead) Cancel(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	if s.last != nil {
		s.last.Phase = 1
	}
	s.last = c
	out.Fail(c, strategies.Deadline)
}

type abortsNothing struct{ honest }

func (abortsNothing) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	out.Abort(c, r.Attempt)
	out.Done(c)
}

type speaksGibberish struct{ honest }

func (speaksGibberish) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	out.List = append(out.List, strategies.Effect{Call: c, Kind: 99})
	out.Send(c, 0)
}

// histories of the size Run draws; each fault must show in one of them.
const tries = 200

func TestFaultsAreFound(t *testing.T) {
	for want, s := range map[string]strategies.Strategy{
		"fail for a call that has ended": endsTwice{},
		"stuck: ":                        forgets{},
		"wake at ":                       wakesInThePast{},
		"alarm at ":                      alarmsInThePast{},
		"was sent more than 64 times":    retriesForEver{},
		"calls are still open after":     pollsForEver{},
		"timers fired and time is still": stopsTime{},
		"was sent to deployment 4 of 4":  sendsNowhere{},
		"was cancelled and not ended":    cannotBeCancelled{},
		"wake for a call that has ended": speaksOfTheDead{},
		"was written to after its end":   &writesToTheDead{},
		"aborted and was not in flight":  abortsNothing{},
		"an effect of unknown kind 99":   speaksGibberish{},
	} {
		if !found(s, want) {
			t.Errorf("%T: no violation %q in %d histories", s, want, tries)
		}
	}
}

func found(s strategies.Strategy, want string) bool {
	for seed := range tries {
		violations, _ := play(s, histories().Example(seed))
		if strings.Contains(strings.Join(violations, "\n"), want) {
			return true
		}
	}
	return false
}

// learns is not a fault in itself; shared between runs it makes them differ.
type learns struct {
	honest
	seen int
}

func (s *learns) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	s.seen++
	out.Send(c, s.seen%3)
}

func TestNondeterminismIsFound(t *testing.T) {
	var s learns
	for seed := range tries {
		h := histories().Example(seed)
		_, first := play(&s, h)
		if _, second := play(&s, h); first != second {
			return
		}
	}
	t.Errorf("a strategy with state from outside gave equal traces for %d histories", tries)
}

type allocates struct {
	honest
	log []*wire.Reply
}

func (s *allocates) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	kept := *r
	s.log = append(s.log, &kept)
	s.honest.Reply(now, c, r, out)
}

func TestAllocationIsFound(t *testing.T) {
	if n := allocations(&allocates{}); n < herd {
		t.Errorf("a strategy that allocates for each reply was counted %v allocations for %d calls", n, herd)
	}
	if n := allocations(honest{}); n != 0 {
		t.Errorf("a strategy that allocates nothing was counted %v allocations", n)
	}
}
