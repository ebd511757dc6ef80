package workload

import (
	"bytes"
	"time"
)

// date reads 2006-01-02 15:04:05 with a T or a space between, any fraction of a second,
// and a zone or none: Z, UTC, +01:00, +0100 or +01. The zone is nil when there is none.
// It is written out because it is read for every row: time.Parse takes three times as
// long and allocates for each zone.
func (t *timeReader) date(s []byte) (at time.Time, zone *time.Location, ok bool) {
	if len(s) < len(time.DateTime) || !looksLikeDate(s) || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return at, nil, false
	}
	year, a := digits(s[0:4])
	month, b := digits(s[5:7])
	day, c := digits(s[8:10])
	hour, d := digits(s[11:13])
	minute, e := digits(s[14:16])
	second, f := digits(s[17:19])
	if !(a && b && c && d && e && f) || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return at, nil, false
	}
	s = s[len(time.DateTime):]
	nanos := 0
	if len(s) > 0 && (s[0] == '.' || s[0] == ',') {
		n := 1
		for ; n < len(s) && s[n]-'0' <= 9; n++ {
			if n <= 9 {
				nanos = 10*nanos + int(s[n]-'0')
			}
		}
		for i := n; i <= 9; i++ {
			nanos *= 10
		}
		if n == 1 {
			return at, nil, false
		}
		s = s[n:]
	}
	at = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if len(s) == 0 {
		return at, nil, true
	}
	offset, ok := parseZone(bytes.TrimPrefix(s, []byte(" ")))
	if !ok {
		return at, nil, false
	}
	if offset == 0 {
		return at, time.UTC, true
	}
	if t.zone == nil || t.offset != offset {
		t.zone, t.offset = time.FixedZone("", offset), offset
	}
	return at.Add(-time.Duration(offset) * time.Second).In(t.zone), t.zone, true
}

// parseZone returns a zone's offset in seconds east of UTC.
func parseZone(s []byte) (offset int, ok bool) {
	switch string(s) {
	case "Z", "z", "UTC", "+00:00":
		return 0, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, ok := digits(s[1:3])
	minutes, fine := 0, true
	switch rest := s[3:]; {
	case len(rest) == 0:
	case len(rest) == 3 && rest[0] == ':':
		minutes, fine = digits(rest[1:])
	case len(rest) == 2:
		minutes, fine = digits(rest)
	default:
		return 0, false
	}
	if !ok || !fine || hours > 24 || minutes > 59 {
		return 0, false
	}
	offset = hours*3600 + minutes*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// digits reads a number of digits alone.
func digits(s []byte) (n int, ok bool) {
	for _, c := range s {
		if c-'0' > 9 {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}
