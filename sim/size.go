package sim

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"ratesim/sim/demand"
)

// ManyCalls is more calls than a run should have unless whoever starts it knows: they take at
// least half a minute for each strategy and replication, and 5 GB of memory if all are open at
// once.
const ManyCalls = 20e6

// TooLargeError says that a comparison was not begun because it has more calls a run than
// Options.MostCalls.
type TooLargeError struct {
	Calls float64 // in one run: one strategy in one replication
	Runs  int     // at least
	Most  float64 // that Options allow
}

// What a call takes, by BenchmarkRun: with four attempts, about 1 µs of one core. A call that is
// open takes about 250 bytes.
const (
	callTime  = time.Microsecond
	callBytes = 250
)

// Time is about how long the runs take on this machine, at least.
func (e *TooLargeError) Time() time.Duration {
	ns := e.Calls * float64(e.Runs) * float64(callTime) / float64(min(runtime.GOMAXPROCS(0), e.Runs))
	return time.Duration(min(ns, 1<<62))
}

// Bytes is how much memory they take if all calls of the runs that go on side by side are open
// at once.
func (e *TooLargeError) Bytes() float64 {
	return e.Calls * callBytes * float64(min(runtime.GOMAXPROCS(0), e.Runs))
}

func (e *TooLargeError) Error() string {
	took := fmt.Sprintf("%.0f minutes", math.Ceil(e.Time().Minutes()))
	switch h := e.Time().Hours(); {
	case h > 48:
		took = fmt.Sprintf("%.0f days", h/24)
	case h > 2:
		took = fmt.Sprintf("%.0f hours", h)
	}
	return fmt.Sprintf("a run has about %.0f million calls, more than %.0f million; the first %d runs take %s or longer, and up to %.0f GB of memory where calls wait",
		e.Calls/1e6, e.Most/1e6, e.Runs, took, math.Ceil(e.Bytes()/1e9))
}

// size fails if the runs until the first look have more calls than are allowed.
func (c *comparison) size(ctx context.Context) error {
	if c.options.MostCalls == 0 {
		return nil
	}
	calls, err := demand.Calls(ctx, c.spec, c.options.Seed)
	if err == nil && calls > c.options.MostCalls {
		err = &TooLargeError{Calls: calls, Runs: len(c.outcomes) * c.looks[0], Most: c.options.MostCalls}
	}
	return err
}
