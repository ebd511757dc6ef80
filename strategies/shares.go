package strategies

import (
	"math"
	"slices"
	"time"

	"ratesim/sim/clock"
)

// shares are limits of tenants, before the queue. Each tenant may send its share of the
// tokens per minute, in proportion to its weight. It may send at once what its share
// yields in the time burst. Calls beyond that are held, those of one tenant in the order
// in which they came, and then join the queue.
//
// It is the generic cell rate algorithm (ITU-T I.371) with tokens for cells: due is
// when a tenant that sent at its share would have sent all it has been let
// through so far.
type shares struct {
	weights Weights
	perTPM  float64       // ns that one token per minute of the limit, at weight 1 of 1, takes
	burst   time.Duration // above 0
	due     []clock.Time  // by tenant
}

// newShares divides tpm tokens per minute among so many tenants.
func newShares(weights Weights, tenants int, tpm int64, burst time.Duration) *shares {
	sum := 0.0
	for t := range max(1, tenants) {
		sum += weights.of(uint16(t))
	}
	return &shares{weights: weights, perTPM: float64(time.Minute) / float64(tpm) * sum, burst: burst}
}

// longestTurn is more than any run takes.
const longestTurn = 365 * 24 * time.Hour

// length is how long the tenant of c takes for so many tokens at its share.
func (s *shares) length(c *Call, tokens int64) time.Duration {
	return time.Duration(min(math.Ceil(float64(tokens)*s.perTPM/s.weights.of(c.Tenant)), float64(longestTurn)))
}

// hold reports whether c, which has just come, must not join the queue now, because it
// waits for its tenant's share or could not have it before its deadline.
//
// A call is let through when its tenant has not sent more than a burst ahead of its
// share before it. The size of the call itself does not matter, so a call that is larger than
// a burst is let through too.
func (s *shares) hold(now clock.Time, c *Call, out *Effects) bool {
	for int(c.Tenant) >= len(s.due) {
		s.due = append(s.due, 0)
	}
	due := &s.due[c.Tenant]
	at := max(now, due.Add(-s.burst))
	if at >= c.Deadline {
		out.Fail(c, Deadline)
		return true
	}
	*due = max(now, *due).Add(s.length(c, c.Cost()))
	if at == now {
		return false
	}
	c.Phase = asleep
	out.Wake(c, at)
	return true
}

// settle corrects what c was let through with by what it used.
func (s *shares) settle(c *Call, used int64) {
	s.due[c.Tenant] = s.due[c.Tenant].Add(s.length(c, used) - s.length(c, c.Cost()))
}

// release gives back what c, which is held, would have had.
func (s *shares) release(c *Call) {
	s.due[c.Tenant] = s.due[c.Tenant].Add(-s.length(c, c.Cost()))
}

var burst = Param{Name: "burst", Kind: DurationParam, Default: "60s", Min: 0.001, Max: Day,
	About: "a tenant may send at once what its share of the tokens per minute yields in this time; 60s is the window of the shared limit"}

func buildTenantFair(v Values, known Env) (Factory, []ParamError) {
	v["order"] = value{text: Fair.String()}
	return compose(byWindows, v, known)
}

// TenantFairBuilder makes the strategy with a limit for each tenant and fair turns.
func TenantFairBuilder() Builder {
	return Builder{Params: slices.Concat([]Param{weights, burst}, limitParams, poolParams, windowParams, estimatorParams, retryParams()), Make: buildTenantFair}
}
