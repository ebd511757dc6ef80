package workload

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// maxSpan bounds the times of a log. It tells Unix times from times since the log's
// beginning.
const maxSpan = 366 * 24 * time.Hour

// timeKind is how a log writes its times.
type timeKind uint8

const (
	unknownTime timeKind = iota // before the first
	relative                    // a number, from the beginning
	epoch                       // a number, from 1970
	zoned                       // dates with a zone
	local                       // dates without one
)

// timeReader reads the times of a log, which are of one kind, told by the first.
type timeReader struct {
	loc       *time.Location // of times without a zone
	kind      timeKind
	unit      int64          // of numbers, in nanoseconds; 0 before the first = seconds or told by its size
	zone      *time.Location // the last one that was written
	offset    int            // of zone, in seconds east
	last      time.Time
	zoneless  *note // nil = the format says which zone is meant
	ambiguous *note
}

// setTimes prepares to read times. Formats that write UTC without saying so
// in each row know it better than a user does.
func (in *input) setTimes(utc bool) {
	t := &in.times
	t.loc = in.Location
	if utc || t.loc == nil {
		t.loc = time.UTC
	}
	if !utc && in.Location == nil {
		t.zoneless = in.note("times have no zone; UTC is assumed")
	}
	t.ambiguous = in.note(fmt.Sprintf("clocks in %v went back and this time came twice; unless the rows above say otherwise, the first is meant", t.loc))
}

const (
	wantDate   = `time must be a date such as "2026-03-01T09:00:00Z" or "2026-03-01 09:00:00.123", got `
	wantNumber = `time must be a number >= 0 such as "12.5", or a date such as "2026-03-01T09:00:00Z", in the same way in every row, got `
)

// parse reads a time, and says what is wrong with it. Numbers are read only
// when they may be.
func (t *timeReader) parse(s []byte, mayNumber bool, line int) (at time.Time, wrong string) {
	if t.kind == relative || t.kind == epoch || t.kind == unknownTime && mayNumber && !looksLikeDate(s) {
		return t.number(s)
	}
	at, zone, ok := t.date(s)
	kind := local
	if zone != nil {
		kind = zoned
	}
	switch {
	case !ok:
		return at, wantDate + excerpt(s)
	case t.kind == unknownTime:
		t.kind = kind
		if kind == local && t.zoneless != nil {
			t.zoneless.add(line)
		}
	case t.kind == zoned && kind == local:
		return at, fmt.Sprintf("time %s has no zone, but times above have one; write all in one way", excerpt(s))
	case t.kind == local && kind == zoned:
		return at, fmt.Sprintf("time %s has a zone, but times above have none; write all in one way", excerpt(s))
	}
	if kind == local && t.loc != time.UTC {
		at, wrong = t.localize(at, line)
	}
	t.last = at
	return at, wrong
}

// epochs are the units of Unix times, and from which number on a number is one. Each
// begins in 1973, and ends in 2201.
var epochs = [...]struct{ from, unit float64 }{{1e17, 1}, {1e14, 1e3}, {1e11, 1e6}, {1e8, 1e9}}

// number reads a time that is a number: seconds from the beginning, or a Unix time in
// seconds, milliseconds, microseconds or nanoseconds, which the first row tells by its
// size. Where the format or the name of the column says milliseconds, that is the unit.
func (t *timeReader) number(s []byte) (at time.Time, wrong string) {
	whole, fraction, ok := parseDecimal(s)
	if !ok {
		return at, wantNumber + excerpt(s)
	}
	if t.kind == unknownTime {
		t.kind = relative
		if t.unit == 0 {
			t.unit = int64(time.Second)
		}
		if float64(whole)*float64(t.unit) > float64(maxSpan) {
			for _, e := range epochs {
				if float64(whole) >= e.from && float64(whole) < 73*e.from {
					t.kind, t.unit = epoch, int64(e.unit)
				}
			}
		}
	}
	most := int64(maxSpan)
	if t.kind == epoch {
		most = math.MaxInt64
	}
	if whole > most/t.unit || whole == most/t.unit && fraction*float64(t.unit) > float64(most%t.unit) {
		return at, fmt.Sprintf("time must be within 366 days of the start, or a Unix time in every row, got %s", excerpt(s))
	}
	return time.Unix(0, whole*t.unit+int64(math.Round(fraction*float64(t.unit)))).UTC(), ""
}

// parseDecimal reads a number >= 0 as its whole part and its fraction, so that Unix times
// keep each nanosecond. Whole parts that are out of range are the largest.
func parseDecimal(s []byte) (whole int64, fraction float64, ok bool) {
	i := 0
	for ; i < len(s) && whole <= math.MaxInt64/10-1 && s[i]-'0' <= 9; i++ {
		whole = 10*whole + int64(s[i]-'0')
	}
	if i == len(s) && i > 0 {
		return whole, 0, true
	}
	if i > 0 && s[i] == '.' {
		part, unit, j := int64(0), 1.0, i+1
		for ; j < len(s) && j < i+16 && s[j]-'0' <= 9; j++ {
			part, unit = 10*part+int64(s[j]-'0'), 10*unit
		}
		if j == len(s) {
			return whole, float64(part) / unit, true
		}
	}
	v, err := strconv.ParseFloat(string(s), 64)
	if err != nil || !(v >= 0) {
		return 0, 0, false
	}
	if v >= math.MaxInt64 {
		return math.MaxInt64, 0, true
	}
	floor, rest := math.Modf(v)
	return int64(floor), rest, true
}

// localize gives a time that was read as UTC the zone it is meant in. Where
// clocks went back, the order of the rows tells which of two times is meant.
func (t *timeReader) localize(wall time.Time, line int) (time.Time, string) {
	guess := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), t.loc)
	start, end := guess.ZoneBounds()
	var found [2]time.Time
	n := 0
	for _, zone := range [...]time.Time{start.Add(-1), guess, end} { // the zones before, at and after it
		if n == len(found) || zone.IsZero() {
			continue
		}
		_, offset := zone.In(t.loc).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		if _, o := at.In(t.loc).Zone(); o == offset && (n == 0 || !found[0].Equal(at)) {
			found[n] = at
			n++
		}
	}
	switch n {
	case 0:
		return wall, fmt.Sprintf("time %s never was in %v: clocks went forward over it; write times with a zone, or name the right one", wall.Format(time.DateTime), t.loc)
	case 2:
		if found[1].Before(found[0]) {
			found[0], found[1] = found[1], found[0]
		}
		t.ambiguous.add(line)
		if found[0].Before(t.last) {
			return found[1], ""
		}
	}
	return found[0], ""
}

// looksLikeDate tells a date from a number by its dashes.
func looksLikeDate(s []byte) bool { return len(s) >= 10 && s[4] == '-' && s[7] == '-' }
