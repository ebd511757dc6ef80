package capacity

import (
	"slices"
	"time"
)

// Schedule is a reservation and what is bought by the hour on top of it, the
// same every week, or every day where the log is too short to know weeks.
type Schedule struct {
	Reserved int `json:"reserved_ptus"` // PTUs reserved for a year
	// Hours are the PTUs deployed in each hour, Reserved among them: 168 from
	// Monday 00:00, or 24.
	Hours []int   `json:"hours"`
	Extra float64 `json:"hourly_ptus"` // bought by the hour, on average over all hours
}

// hoursOf returns how many slots a schedule for the demand has: a week's hours
// if each came twice at least, a day's if each of those did, else none.
func hoursOf(d *Demand) int {
	switch {
	case !d.Dated || d.Days() < 2:
		return 0
	case d.Days() < 14:
		return 24
	}
	return 24 * 7
}

// NewSchedule returns the cheapest schedule of which at most a share of each
// hour's tokens is over the capacity; false where the log is too short for one, or
// units are not sold both by the hour and for a year.
// An hour that the log lacks gets the reservation. With the size each hour
// needs, the best reservation is where the share of hours that need more equals
// the reserved price over the hourly one: the newsvendor's quantile again.
func NewSchedule(d *Demand, x []float64, o *Offer, share float64) (Schedule, bool) {
	slots := hoursOf(d)
	if slots == 0 || !o.has(Hourly) || !o.has(Yearly) {
		return Schedule{}, false
	}
	minutes := make([][]float64, slots)
	for i := range x {
		t := d.Start.Add(time.Duration(i) * time.Minute)
		h := (weekday(t)*24 + t.Hour()) % slots
		minutes[h] = append(minutes[h], x[i])
	}
	s := Schedule{Hours: make([]int, slots)}
	for h, m := range minutes {
		if len(m) > 0 {
			s.Hours[h] = NewOverflow(m, make([]float64, len(m))).Within(o.Sizes, o.PerUnit, share)
		}
	}
	needs := slices.Sorted(slices.Values(s.Hours))
	slices.Reverse(needs)
	// Of the hours sorted from the neediest, the first so many are cheaper by the hour.
	cheaper := int(float64(slots) * min(1, o.price(Yearly)/o.price(Hourly)))
	s.Reserved = max(o.Sizes.Minimum, needs[min(cheaper, slots-1)])
	for h := range s.Hours {
		s.Hours[h] = max(s.Hours[h], s.Reserved)
		s.Extra += float64(s.Hours[h]-s.Reserved) / float64(slots)
	}
	return s, true
}

// At returns how many PTUs there are in the minute i of a demand.
func (s *Schedule) At(d *Demand, i int) int {
	t := d.Start.Add(time.Duration(i) * time.Minute)
	return s.Hours[(weekday(t)*24+t.Hour())%len(s.Hours)]
}
