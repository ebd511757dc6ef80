package strategies

import (
	"time"

	"ratesim/sim/clock"
)

// Budget bounds an instance's retries to a share of its calls: retries of the
// last ten seconds may be Ratio of the calls of that time, plus MinPerSecond
// for each of its seconds, so that an instance with few calls may retry at all. It
// is the retry budget of Finagle and linkerd and of tower's TpsBudget, which
// count in ten slots as this does. Where everything fails, attempts are 1 + Ratio
// per call, however many retries a policy allows.
//
// The zero value with Ratio and MinPerSecond 0 allows no retry.
type Budget struct {
	Ratio        float64 // retries per call, from 0 on
	MinPerSecond float64

	slots [budgetSlots]float64 // deposits less withdrawals of each second
	now   int64                // the second of the newest slot
}

// budgetSlots seconds are what Finagle, linkerd and tower remember.
const budgetSlots = 10

// Deposit notes that a call has come.
func (b *Budget) Deposit(now clock.Time) {
	b.advance(now)
	b.slots[b.now%budgetSlots] += b.Ratio
}

// Withdraw takes a retry from the budget, or reports that none is left.
func (b *Budget) Withdraw(now clock.Time) bool {
	b.advance(now)
	balance := b.MinPerSecond * budgetSlots
	for _, s := range b.slots {
		balance += s
	}
	const rounding = 1e-9 // ten deposits of a tenth are a whole one
	if balance < 1-rounding {
		return false
	}
	b.slots[b.now%budgetSlots]--
	return true
}

// advance empties the slots that time has come round to.
func (b *Budget) advance(now clock.Time) {
	second := int64(now) / int64(time.Second)
	if second-b.now >= budgetSlots {
		clear(b.slots[:])
	} else {
		for s := b.now + 1; s <= second; s++ {
			b.slots[s%budgetSlots] = 0
		}
	}
	b.now = max(b.now, second)
}

var minPerSecond = Param{Name: "min_per_s", Kind: NumberParam, Default: "10", Max: 1e6, With: With{Param: "budget"},
	About: "retries per second that each instance may make beyond the ratio; 10 as in Finagle and linkerd"}

var budgetParams = []Param{
	{Name: "ratio", Kind: ShareParam, Default: "20%", Max: 10,
		About: "most retries per call, over ten seconds; 20% is what Finagle, linkerd and Envoy allow"},
	minPerSecond,
}
