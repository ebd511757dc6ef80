package strategies

import "ratesim/provider/wire"

// retriesOfSlow learns whether a call that took longer than the client waits is worth a
// retry. It is where answers are slow now and then. It is not where the answer is so long
// that no attempt is quick enough: then each retry takes from the limits and gives nothing.
// Which of these it is, the retries tell.
type retriesOfSlow struct {
	worth  float64 // the share of them that succeeded lately, less 1
	spared uint8   // retries that were not made
}

const (
	// worthGain is the weight of the newest retry, as of round trips in RFC 6298.
	worthGain = 1. / 8
	// leastWorth is the share of retries that must succeed. It takes nine in a row that do
	// not until no more are made. A third is what half of the retries reach by chance in one
	// case of ten.
	leastWorth = 1. / 3
	// oneInSpared of the retries that are not worth it is made all the same, to learn whether
	// that has changed.
	oneInSpared = 16
)

// learn notes that r answered such a retry.
func (t *retriesOfSlow) learn(r *wire.Reply) {
	switch {
	case r.OK():
		t.worth += worthGain * (0 - t.worth)
	case r.Status == wire.StatusTimeout:
		t.worth += worthGain * (-1 - t.worth)
	}
}

// givesUp reports whether the next one is not made.
func (t *retriesOfSlow) givesUp() bool {
	if 1+t.worth >= leastWorth {
		return false
	}
	t.spared++
	return t.spared%oneInSpared != 0
}
