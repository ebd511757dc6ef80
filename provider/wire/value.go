package wire

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The readers below are total. What is missing, malformed or negative is
// Absent; what is too large for its type is the largest it holds.

// count reads a whole number.
func count(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || n < 0 {
		return Absent
	}
	return n // out of range, ParseInt returns the nearest int64
}

// until reads how long it is from now to what s names: a span from now, with
// bare numbers in seconds, or an instant in RFC 3339 or HTTP's form. What is
// past is 0.
func until(s string, now time.Time) time.Duration {
	if d := span(s, time.Second); d != Absent {
		return d
	}
	if s = strings.TrimSpace(s); s == "" {
		return Absent
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = http.ParseTime(s)
	}
	if err != nil {
		return Absent
	}
	return max(0, t.Sub(now))
}

// span reads a length of time: one bare number, counted in unit, or numbers
// with units of their own as Go writes them, "1h2m3.5s". time.ParseDuration
// would refuse what is too long.
func span(s string, unit time.Duration) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" { // as most headers are: an error of ParseFloat is made anew each time
		return Absent
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return nanoseconds(n * float64(unit))
	}
	total := 0.0
	for s != "" {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789."))
		n, err := strconv.ParseFloat(s[:digits], 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return Absent
		}
		s = s[digits:]
		end := strings.IndexAny(s, "0123456789.")
		if end < 0 {
			end = len(s)
		}
		one := unitNamed(s[:end])
		if one == 0 {
			return Absent
		}
		total += n * float64(one)
		s = s[end:]
	}
	return nanoseconds(total)
}

// unitNamed returns the length of the unit called name, 0 if there is none.
func unitNamed(name string) time.Duration {
	switch name {
	case "ns":
		return time.Nanosecond
	case "us", "µs", "μs":
		return time.Microsecond
	case "ms", "millisecond", "milliseconds":
		return time.Millisecond
	case "s", "second", "seconds":
		return time.Second
	case "m", "minute", "minutes":
		return time.Minute
	case "h", "hour", "hours":
		return time.Hour
	case "d", "day", "days":
		return day
	}
	return 0
}

func nanoseconds(n float64) time.Duration {
	switch {
	case !(n >= 0): // NaN too
		return Absent
	case n >= math.MaxInt64:
		return math.MaxInt64
	}
	return time.Duration(math.Round(n))
}

// waitIn reads the wait that a message in lower case asks for: "try again in
// 1.9918s", "retry after 45 seconds".
func waitIn(message string) time.Duration {
	for _, asks := range [...]string{"try again in ", "retry in ", "retry after ", "wait "} {
		_, rest, found := strings.Cut(message, asks)
		if !found {
			continue
		}
		words := append(strings.Fields(rest), "", "")
		unit := unitNamed(strings.TrimRight(words[1], ".,;")) // of a bare number
		if unit == 0 {
			unit = time.Second
		}
		if d := span(strings.TrimRight(words[0], ".,;"), unit); d != Absent {
			return d
		}
	}
	return Absent
}

// roundUp returns d as the next whole number of units.
func roundUp(d, unit time.Duration) int64 {
	n := int64(d / unit)
	if d%unit > 0 {
		n++
	}
	return n
}
