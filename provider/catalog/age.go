package catalog

import "time"

// AsOf is the day of the newest row of the catalog; a row that has a month is taken to be of
// its last day. Prices are those of AsOf, and ages count to it, so that a run says the same
// whenever it is made.
const AsOf = "2026-10-31"

// Old is the age from which a row is said to be old when a result rests on it: five months,
// the median time from one edition of a vendor's limits to the next in this catalog.
const Old = 150 * 24 * time.Hour

// IsOld reports whether a reader must be told of f's age.
func (f *Fact) IsOld() bool { return f.Age() >= Old }

// Age returns by how much f is older than AsOf, at least: a month or a year stands for its
// last day. It is 0 for what is newer.
func (f *Fact) Age() time.Duration {
	last, err := time.Parse(time.DateOnly, f.Date)
	if month, wrong := time.Parse("2006-01", f.Date); wrong == nil {
		last, err = month.AddDate(0, 1, -1), nil
	}
	if year, wrong := time.Parse("2006", f.Date); wrong == nil {
		last, err = year.AddDate(1, 0, -1), nil
	}
	if err != nil {
		return 0
	}
	now, _ := time.Parse(time.DateOnly, AsOf)
	return max(0, now.Sub(last))
}

// OfWeek returns how much of its week is over at an instant; weeks begin on Monday at 00:00
// UTC.
func OfWeek(at time.Time) time.Duration {
	at = at.UTC()
	days := (int(at.Weekday()) + 6) % 7
	return time.Duration(days)*24*time.Hour + at.Sub(at.Truncate(24*time.Hour))
}
