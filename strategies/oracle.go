package strategies

import (
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// truthPacer asks the provider. It is the pacer of oracle, of which there is one for the
// whole fleet. Calls are sent first come, first served, as soon as they are sure to be
// admitted. A call that would be answered after its deadline is dropped when its turn
// comes, and the calls behind it can use its room. How long an attempt takes is not known
// before: a call is sent if 95 % of its attempts would be answered in time.
type truthPacer struct{ peek Peek }

func (g truthPacer) Opens(now clock.Time, c *Call) clock.Time { return g.peek.Admits(now, c, 0) }

func (g truthPacer) Fits(now clock.Time, c *Call) bool     { return g.peek.Fits(now, c, 0) }
func (g truthPacer) Takes(c *Call) time.Duration           { return g.peek.Takes(c, 0) }
func (truthPacer) Late(*Call)                              {}
func (truthPacer) Sent(clock.Time, *Call)                  {}
func (truthPacer) Answered(clock.Time, *Call, *wire.Reply) {}
func (truthPacer) Release(clock.Time, *Call)               {}

// oracleRetry is how oracle treats what even it cannot foresee, failed
// attempts: the first retry is all but immediate, and 40 of them outlast an
// outage of two minutes, so that no strategy beats it by being more patient.
func oracleRetry() Retry {
	return Retry{
		Backoff:    Backoff{Base: 100 * time.Millisecond, Factor: 2, Max: 5 * time.Second},
		MaxRetries: 40,
	}
}

func buildOracle(Values, Env) (Factory, []ParamError) {
	return func(env Env) Strategy {
		return &Dispatcher{Lanes: []Lane{NewLane(0, truthPacer{env.Peek})}, Failures: oracleRetry().For(env), Firm: true}
	}, nil
}

// OracleBuilder makes the strategy that sees the state of the limits.
func OracleBuilder() Builder {
	return Builder{Params: nil, Make: buildOracle}
}
