package workload

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"

	"ratesim/sim/clock"
)

// maxSpan bounds the times of a log. It tells Unix times, which would arrive
// decades after the run, from seconds since its beginning.
const maxSpan = 366 * 24 * time.Hour

// timeKind is how a log writes its times.
type timeKind uint8

const (
	unknownTime timeKind = iota // before the first
	seconds                     // from the beginning
	zoned                       // dates with a zone
	local                       // dates without one
)

// timeReader reads the times of a log, which are of one kind, told by the first.
type timeReader struct {
	loc       *time.Location // of times without a zone
	kind      timeKind
	started   bool
	begin     time.Time // the zero time for seconds, else the first
	last      time.Time // in order
	zoneless  *note     // nil = the format says which zone is meant
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
	wantDate    = `time must be a date such as "2026-03-01T09:00:00Z" or "2026-03-01 09:00:00.123", got `
	wantSeconds = `time must be seconds >= 0 such as "12.5", or an RFC 3339 time in every row, got `
)

// parse reads a time, and says what is wrong with it. Seconds are read only
// when they may be.
func (t *timeReader) parse(s []byte, maySeconds bool, line int) (at time.Time, wrong string) {
	if t.kind == unknownTime && maySeconds && !looksLikeDate(s) {
		t.kind = seconds
	}
	if t.kind == seconds {
		v, err := strconv.ParseFloat(string(s), 64)
		if err != nil || !(v >= 0) {
			return at, wantSeconds + excerpt(s)
		}
		return time.Time{}.Add(time.Duration(min(clock.FromSeconds(v), math.MaxInt64))), ""
	}
	at, hasZone, ok := parseDate(s)
	kind := local
	if hasZone {
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
		return t.localize(at, line)
	}
	return at, ""
}

// inOrder checks that a time does not precede the one before it and lies
// within maxSpan of the first, and says what is wrong.
func (t *timeReader) inOrder(at time.Time, s []byte) string {
	switch {
	case !t.started:
		t.started = true
		if t.kind != seconds {
			t.begin = at
		}
	case at.Before(t.last):
		return fmt.Sprintf("time %s is before that of the row above; sort the rows by time", excerpt(s))
	}
	if at.Sub(t.begin) > maxSpan { // it saturates
		return fmt.Sprintf("time must be within 366 days of the start, got %s; for Unix times, subtract the first or write RFC 3339", excerpt(s))
	}
	t.last = at
	return ""
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

// parseDate reads 2006-01-02 15:04:05 with a T or a space between, any
// fraction of a second, and a zone or none.
func parseDate(s []byte) (date time.Time, hasZone, ok bool) {
	if len(s) < len(time.DateTime) {
		return date, false, false
	}
	layout := time.DateTime
	hasZone = bytes.ContainsAny(s[len(time.DateTime):], "Z+-")
	switch {
	case s[10] == 'T' && hasZone:
		layout = time.RFC3339
	case s[10] == 'T':
		layout = "2006-01-02T15:04:05"
	case hasZone:
		layout = "2006-01-02 15:04:05Z07:00"
	}
	date, err := time.Parse(layout, string(s))
	return date, hasZone, err == nil
}
