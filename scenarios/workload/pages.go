package workload

import (
	"encoding/json"
	"strconv"
	"time"
)

// pages reads the usage APIs of OpenAI and Anthropic: pages of buckets of time,
// each with a result for every group. Pages may stand one after the other or
// in a list, or their buckets alone.
type pages[R any] struct {
	in      *input
	objects *jsonObjects
	use     func(r *R, it *item) (wrong string) // what a result says was used; Width 0 leaves it out
	results []R
	at      int // of results
	bucket  Record
}

const (
	pageStart = iota
	pageEnd
	pageResults
)

func openPages[R any](in *input, start, end string, use func(*R, *item) string) *pages[R] {
	in.setTimes(true)
	return &pages[R]{in: in, use: use, objects: newJSON(in, "data", [][]string{{start}, {end}, {"results"}})}
}

func (p *pages[R]) next(it *item) bool {
	for p.at >= len(p.results) {
		if !p.objects.nextObject() || !p.readBucket() {
			return false
		}
		if len(p.results) == 0 {
			*it = item{Record: p.bucket, id: nameHash("")}
			return true
		}
	}
	*it = item{Record: p.bucket}
	if wrong := p.use(&p.results[p.at], it); wrong != "" {
		return p.objects.fail("results[%d]: %s", p.at, wrong)
	}
	it.id ^= uint64(p.at) // groups that nothing tells apart
	p.at++
	return true
}

// readBucket takes up the object that was read.
func (p *pages[R]) readBucket() bool {
	var start, end time.Time
	v := p.objects.values
	for i, to := range []*time.Time{&start, &end} {
		var wrong string
		if *to, wrong = p.in.times.moment(jsonText(v[i].raw), p.objects.line); wrong != "" {
			return p.objects.fail("the bucket that begins here: %s", wrong)
		}
	}
	p.bucket = Record{Start: start, Width: end.Sub(start), Line: p.objects.line}
	if p.bucket.Width <= 0 || p.bucket.Width > maxSpan {
		return p.objects.fail("the bucket from %s to %s must end after it begins, within a year", start.Format(time.RFC3339), end.Format(time.RFC3339))
	}
	p.results, p.at = nil, 0
	if len(v[pageResults].raw) == 0 {
		return p.objects.fail("the bucket that begins here has no results")
	}
	if err := json.Unmarshal(v[pageResults].raw, &p.results); err != nil {
		return p.objects.fail("the results of the bucket that begins here: %v", err)
	}
	return true
}

// moment reads Unix seconds or a date.
func (t *timeReader) moment(s []byte, line int) (at time.Time, wrong string) {
	if v, err := strconv.ParseFloat(string(s), 64); err == nil && v >= 0 && v < 1<<36 {
		return time.Unix(0, int64(v*1e9)).UTC(), ""
	}
	return t.parse(s, false, line)
}

// counts reads numbers of a result, and says which of them is wrong.
func counts(named ...counted) (wrong string) {
	for _, c := range named {
		n, ok := parseCount([]byte(c.number))
		if !ok {
			return c.name + " must be a whole number from 0 to " + strconv.FormatInt(maxCount, 10) + ", got " + excerpt(string(c.number))
		}
		*c.to += n
	}
	return ""
}

// counted is a number and what it adds to.
type counted struct {
	name   string
	number json.Number
	to     *int64
}
