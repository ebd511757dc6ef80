package tracefile

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"ratesim/scenarios/workload"
)

// text collects lines and writes them in blocks.
type text struct {
	to    io.Writer
	buf   []byte
	dated bool
	day   int64  // since 1970, of date
	date  []byte // as 2026-03-01
}

const block = 64 << 10

func newText(w io.Writer, dated bool) text {
	return text{to: w, dated: dated, buf: make([]byte, 0, block+4<<10), day: -1}
}

// line ends a line.
func (t *text) line() error {
	t.buf = append(t.buf, '\n')
	if len(t.buf) < block {
		return nil
	}
	return t.close()
}

func (t *text) close() error {
	_, err := t.to.Write(t.buf)
	t.buf = t.buf[:0]
	return err
}

func (t *text) put(s string)   { t.buf = append(t.buf, s...) }
func (t *text) number(n int64) { t.buf = strconv.AppendInt(t.buf, n, 10) }

// seconds writes a time in seconds, to the nanosecond.
func (t *text) seconds(d time.Duration) {
	t.number(int64(d / time.Second))
	t.fraction(int64(d%time.Second), 9, 0)
}

// fraction writes the digits behind the point of a number, of which there are so many, without
// the zeros at the end beyond least digits.
func (t *text) fraction(n int64, digits, least int) {
	if n == 0 && least == 0 {
		return
	}
	from := len(t.buf)
	t.buf = append(t.buf, ".000000000"[:digits+1]...)
	for i := len(t.buf) - 1; i > from; i-- {
		t.buf[i] = byte('0' + n%10)
		n /= 10
	}
	for len(t.buf) > from+1+least && t.buf[len(t.buf)-1] == '0' {
		t.buf = t.buf[:len(t.buf)-1]
	}
}

// moment writes when a request starts: a date, or seconds from the beginning.
func (t *text) moment(r *workload.Record) {
	if !t.dated {
		t.seconds(time.Duration(r.Start.UnixNano()))
		return
	}
	t.dateTime(r.Start.Unix(), 'T')
	t.fraction(int64(r.Start.Nanosecond()), 9, 0)
	t.buf = append(t.buf, 'Z')
}

// dateTime writes a date and a time of day in UTC.
func (t *text) dateTime(unix int64, between byte) {
	const perDay = 24 * 60 * 60
	day, second := unix/perDay, unix%perDay
	if second < 0 {
		day, second = day-1, second+perDay
	}
	if day != t.day || len(t.date) == 0 { // formatted once a day
		t.day, t.date = day, time.Unix(unix, 0).UTC().AppendFormat(t.date[:0], time.DateOnly)
	}
	t.buf = append(append(t.buf, t.date...), between)
	for i, n := range [...]int64{second / 3600, second / 60 % 60, second % 60} {
		if i > 0 {
			t.buf = append(t.buf, ':')
		}
		t.buf = append(t.buf, byte('0'+n/10), byte('0'+n%10))
	}
}

// csvText writes a text as a value of CSV.
func (t *text) csvText(s string) {
	if !strings.ContainsAny(s, "\",\r\n") {
		t.put(s)
		return
	}
	t.buf = append(t.buf, '"')
	t.put(strings.ReplaceAll(s, `"`, `""`))
	t.buf = append(t.buf, '"')
}

// jsonText writes a text as a string of JSON.
func (t *text) jsonText(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // cannot fail for a string
			t.buf = append(t.buf, quoted...)
			return
		}
	}
	t.buf = append(t.buf, '"')
	t.put(s)
	t.buf = append(t.buf, '"')
}
