package verdict

import "ratesim/sim/metrics"

// Looks returns after how many replications the verdict is asked for when nobody says
// how many there are to be: each time twice as many, so that the last step never
// costs more than all before it, and at most 200, where one launch-day takes some
// seconds. Each look may spend an equal part of the error.
func Looks() []int { return []int{10, 20, 40, 80, 160, 200} }

// Settled reports whether more replications can no longer change the verdict in a way
// that matters.
func Settled(v *metrics.Verdict) bool {
	for _, a := range v.MeetsSLO {
		if a == metrics.Unknown {
			return false
		}
	}
	return v.State == metrics.Decided || v.State == metrics.Tied || v.State == metrics.Nothing
}
