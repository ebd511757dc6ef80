package workload

import (
	"strconv"
	"strings"
	"time"
)

// plain reads CSV or lines of JSON with one row a request. It is what other programs can
// write most easily, and the layout of two published traces.
type plain struct {
	*table
	mayNumber    bool
	latencyUnit  float64 // of a latency without a unit, in seconds
	deadlineUnit float64 // the same of a deadline
	status       *note
}

// openPlain reads a log whose columns are named as in columnNames, or mapped to these. Other
// columns are not read. Times are numbers or dates.
func openPlain(in *input) reader {
	wanted := make([]string, len(columnNames))
	for i, name := range columnNames {
		if wanted[i] = name; in.Columns[name] != "" {
			wanted[i] = in.Columns[name]
		}
	}
	if !in.hasColumns(wanted) {
		return nil
	}
	p := &plain{table: openTable(in, false, plainNeeded, wanted...), mayNumber: true, latencyUnit: 1, deadlineUnit: 1,
		status: in.note("has a status that is none of HTTP, nor success or failure; it is not used")}
	if inMilliseconds(wanted[plainTime]) {
		in.times.unit = int64(time.Millisecond)
	}
	if inMilliseconds(wanted[plainLatency]) {
		p.latencyUnit = 1e-3
	}
	if inMilliseconds(wanted[plainDeadline]) {
		p.deadlineUnit = 1e-3
	}
	return p
}

// hasColumns checks that the log has what must be there, and what was mapped.
func (in *input) hasColumns(wanted []string) bool {
	for i, name := range columnNames {
		mapped := in.Columns[name] != ""
		if i >= plainNeeded && !mapped || in.cut && in.json {
			continue
		}
		column := wanted[i][strings.LastIndexByte(wanted[i], '.')+1:]
		switch {
		case len(missing([]string{wanted[i]}, in.names)) == 0 || in.json && len(missing([]string{column}, in.names)) == 0:
		case mapped:
			return in.stop(1, 0, "has no column %s, which --columns names for %s; it has %s", wanted[i], name, someNames(in.names))
		case len(in.Columns) > 0:
			return in.stop(1, 0, "has no column %s, and --columns names none for it; it has %s", name, someNames(in.names))
		default:
			return in.stop(1, 0, "%s", guessColumns(in.names).message(in.names))
		}
	}
	return true
}

// inMilliseconds reports whether the name of a column says that its numbers are
// milliseconds.
func inMilliseconds(column string) bool {
	for _, end := range []string{"_ms", "Ms", "millis", "_msec", "(ms)", " ms"} {
		if strings.HasSuffix(column, end) {
			return true
		}
	}
	return strings.EqualFold(column, "ms")
}

// openAzureTrace reads the Azure LLM inference traces: TIMESTAMP is a date,
// with zone or without.
func openAzureTrace(in *input) reader {
	return &plain{table: openTable(in, false, plainNeeded, "TIMESTAMP", "ContextTokens", "GeneratedTokens")}
}

func (p *plain) next(it *item) bool {
	if !p.table.next(it) || !p.timeOf(plainTime, p.mayNumber, &it.Start) || !p.count(plainPrompt, &it.Prompt) || !p.count(plainOutput, &it.Output) {
		return false
	}
	it.Requests = 1
	if len(p.wanted) == plainNeeded {
		return true
	}
	if !p.count(plainCached, &it.Cached) || !p.count(plainMaxTokens, &it.MaxTokens) ||
		!p.duration(plainLatency, p.latencyUnit, &it.Latency) || !p.cost(plainCost, it) ||
		!p.duration(plainDeadline, p.deadlineUnit, &it.Deadline) || !p.priority(plainPriority, it) {
		return false
	}
	it.Model, it.Tenant = p.word(plainModel), p.word(plainTenant)
	p.statusOf(plainStatus, p.status, it)
	return true
}

// duration reads a time that something took; the unit, in seconds, is that of numbers.
// An empty one is not known.
func (t *table) duration(i int, unit float64, d *time.Duration) bool {
	s := t.rows.text(i)
	if len(s) == 0 {
		return true
	}
	v, err := strconv.ParseFloat(string(s), 64)
	if err == nil {
		v *= unit
	} else if parsed, bad := time.ParseDuration(string(s)); bad == nil {
		v, err = parsed.Seconds(), nil
	}
	if err != nil || !(v >= 0 && v <= maxSpan.Seconds()) {
		return t.fail(i, "%s must be a time such as 1.5, in seconds, or 1500ms, got %s", t.wanted[i], excerpt(s))
	}
	*d = time.Duration(v*1e9 + 0.5)
	return true
}

// cost reads a sum of US dollars. An empty one is not known.
func (t *table) cost(i int, it *item) bool {
	s := t.rows.text(i)
	if len(s) == 0 {
		return true
	}
	v, err := strconv.ParseFloat(strings.TrimPrefix(string(s), "$"), 64)
	if err != nil || !(v >= 0 && v < 1e12) {
		return t.fail(i, "%s must be a sum of US dollars such as 0.0125, got %s", t.wanted[i], excerpt(s))
	}
	it.Cost, it.Priced = v, true
	return true
}

// priority reads how urgent a request is. An empty one is 0.
func (t *table) priority(i int, it *item) bool {
	s := t.rows.text(i)
	if len(s) == 0 {
		return true
	}
	v, err := strconv.ParseInt(string(s), 10, 8)
	if err != nil {
		return t.fail(i, "%s must be a whole number from -128 to 127, got %s", t.wanted[i], excerpt(s))
	}
	it.Priority = int8(v)
	return true
}

// statusOf reads what came of a request: an HTTP status, or success or failure in words,
// which are taken to be 200 and 500.
func (t *table) statusOf(i int, odd *note, it *item) {
	s := t.rows.text(i)
	if len(s) == 0 {
		return
	}
	if len(s) >= 3 {
		if n, ok := digits(s[:3]); ok && n >= 100 && n <= 599 && (len(s) == 3 || s[3] < '0' || s[3] > '9') {
			it.Status = n
			return
		}
	}
	switch strings.ToLower(string(s)) {
	case "success", "succeeded", "ok", "true":
		it.Status = 200
	case "failure", "failed", "error", "false":
		it.Status = 500
	default:
		odd.add(it.Line)
	}
}
