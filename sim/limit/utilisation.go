package limit

import "ratesim/sim/clock"

// Utilisation is the leaky bucket of a provisioned deployment: charges fill
// it, time drains it, and an arrival is refused while it is at or above 100 %,
// whatever the arrival itself would add. A burst may therefore pass 100 %.
type Utilisation struct{ Bucket }

// NewUtilisation returns an empty leaky bucket with room for one minute's
// worth of perMinute. Vendors do not publish the depth.
func NewUtilisation(perMinute int64) *Utilisation {
	return &Utilisation{*NewBucket(perMinute, perMinute, Window)}
}

// Earliest returns now if utilisation is below 100 % even when ahead is charged
// first, else the first time at which it will be if nothing more is charged.
// What the arrival itself costs does not matter.
func (u *Utilisation) Earliest(now clock.Time, ahead int64) clock.Time {
	u.drain(now)
	if ahead >= u.capacity {
		return clock.Never
	}
	level := product(u.capacity-ahead, u.token).minus(tokenNS{lo: 1})
	if !level.less(u.debt) {
		return now
	}
	return u.when(level)
}

// Refuse does nothing: an arrival is refused before it is added.
func (u *Utilisation) Refuse(clock.Time) {}

// Fits reports whether an arrival can ever be admitted with ahead charged first.
func (u *Utilisation) Fits(ahead int64) bool { return ahead < u.capacity }
