// Package clock defines simulated time.
//
// Everything below the drivers takes the present time as an argument of type
// [Time] and never asks the operating system for it. So the same strategy runs in
// virtual time and over real HTTP without a change.
package clock

import (
	"math"
	"time"
)

// Time is an instant: nanoseconds since the run began. A run cannot start
// before 0; the range reaches 292 years.
type Time int64

// Never is later than every instant a run can reach. As the answer to "when?"
// it means "not at any time".
const Never Time = math.MaxInt64

// Second is one second of simulated time.
const Second = Time(time.Second)

// Add returns t+d, and Never where the sum would pass it.
func (t Time) Add(d time.Duration) Time {
	s := t + Time(d)
	if d > 0 && s < t {
		return Never
	}
	return s
}

// Sub returns the duration t-u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Seconds returns t in seconds.
func (t Time) Seconds() float64 { return time.Duration(t).Seconds() }

// String formats t as a duration since the start of the run, or "never".
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	return time.Duration(t).String()
}

// FromSeconds converts seconds to a Time, rounding to the nearest nanosecond.
// Values outside the range saturate at 0 and Never.
func FromSeconds(s float64) Time {
	switch {
	case !(s > 0):
		return 0
	case s >= math.MaxInt64/1e9:
		return Never
	}
	return Time(math.Round(s * 1e9))
}
