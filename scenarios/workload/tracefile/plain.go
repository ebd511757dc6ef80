package tracefile

import (
	"io"
	"slices"
	"strconv"

	"ratesim/scenarios/workload"
)

// csv writes the plain format with a header line.
type csv struct {
	text
	fields []field
}

// columnsOf returns the fields that a file has columns for.
func columnsOf(o *Options) []field {
	var fields []field
	for f := range fieldCount {
		if slices.Contains(o.Columns, f.String()) {
			fields = append(fields, f)
		}
	}
	return fields
}

func openCSV(w io.Writer, o *Options) (encoder, error) {
	c := &csv{newText(w, o.Dated), columnsOf(o)}
	c.put("time,prompt_tokens,output_tokens")
	for _, f := range c.fields {
		c.put("," + f.String())
	}
	return c, c.line()
}

func (c *csv) remarks() []string { return nil }

func (c *csv) write(r *workload.Record) error {
	c.moment(r)
	c.buf = append(c.buf, ',')
	c.number(r.Prompt)
	c.buf = append(c.buf, ',')
	c.number(r.Output)
	for _, f := range c.fields {
		c.buf = append(c.buf, ',')
		switch {
		case !f.in(r):
		case f == model:
			c.csvText(r.Model)
		case f == tenant:
			c.csvText(r.Tenant)
		default:
			c.value(f, r)
		}
	}
	return c.line()
}

// value writes a field that is a number.
func (t *text) value(f field, r *workload.Record) {
	switch f {
	case cached:
		t.number(r.Cached)
	case maxTokens:
		t.number(r.MaxTokens)
	case status:
		t.number(int64(r.Status))
	case latency:
		t.seconds(r.Latency)
	case cost:
		t.buf = strconv.AppendFloat(t.buf, r.Cost, 'f', -1, 64)
	case deadline:
		t.seconds(r.Deadline)
	case priority:
		t.number(int64(r.Priority))
	}
}

// jsonl writes the plain format as an object on each line, without what is not known.
type jsonl struct {
	text
	fields []field
	keys   [fieldCount]string
}

func openJSONL(w io.Writer, o *Options) (encoder, error) {
	j := &jsonl{text: newText(w, o.Dated), fields: columnsOf(o)}
	for f := range fieldCount {
		j.keys[f] = `,"` + f.String() + `":`
	}
	return j, nil
}

func (j *jsonl) remarks() []string { return nil }

func (j *jsonl) write(r *workload.Record) error {
	quote := ""
	if j.dated {
		quote = `"`
	}
	j.put(`{"time":` + quote)
	j.moment(r)
	j.put(quote + `,"prompt_tokens":`)
	j.number(r.Prompt)
	j.put(`,"output_tokens":`)
	j.number(r.Output)
	for _, f := range j.fields {
		if !f.in(r) {
			continue
		}
		j.put(j.keys[f])
		switch f {
		case model:
			j.jsonText(r.Model)
		case tenant:
			j.jsonText(r.Tenant)
		default:
			j.value(f, r)
		}
	}
	j.buf = append(j.buf, '}')
	return j.line()
}
