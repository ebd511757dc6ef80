package tracefile

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"ratesim/scenarios/workload"
)

// columnar writes the plain format as Parquet. Times are timestamps in nanoseconds, or seconds
// as floating-point numbers, which are exact to the nanosecond for the first 97 days.
type columnar struct {
	to     *parquet.GenericWriter[any]
	dated  bool
	fields []field
	at     []int // column of time, prompt_tokens, output_tokens and the fields
	rows   []parquet.Row
	used   int
}

// rowGroup is how many rows are written as one, and groupRows how many are handed over at a
// time.
const (
	rowGroup  = 1 << 17
	groupRows = 256
)

func openParquet(w io.Writer, o *Options) (encoder, error) {
	c := &columnar{dated: o.Dated, fields: columnsOf(o)}
	begin := parquet.Leaf(parquet.DoubleType)
	if c.dated {
		begin = parquet.Timestamp(parquet.Nanosecond)
	}
	group := parquet.Group{"time": begin, "prompt_tokens": parquet.Int(64), "output_tokens": parquet.Int(64)}
	names := []string{"time", "prompt_tokens", "output_tokens"}
	for _, f := range c.fields {
		node := parquet.Int(64)
		switch f {
		case model, tenant:
			node = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
		case latency, cost, deadline:
			node = parquet.Leaf(parquet.DoubleType)
		}
		group[f.String()] = parquet.Optional(node)
		names = append(names, f.String())
	}
	for _, name := range names {
		for i, of := range group.Fields() { // a group has its columns in the order of their names
			if of.Name() == name {
				c.at = append(c.at, i)
			}
		}
	}
	c.to = parquet.NewGenericWriter[any](w, parquet.NewSchema("trace", group), parquet.Compression(&parquet.Snappy),
		parquet.MaxRowsPerRowGroup(rowGroup), parquet.CreatedBy("ratesim", "", ""))
	c.rows = make([]parquet.Row, groupRows)
	for i := range c.rows {
		c.rows[i] = make(parquet.Row, len(names))
	}
	return c, nil
}

func (c *columnar) remarks() []string { return nil }

func (c *columnar) write(r *workload.Record) error {
	row := c.rows[c.used]
	begin := parquet.Int64Value(r.Start.UnixNano())
	if !c.dated {
		begin = parquet.DoubleValue(float64(r.Start.UnixNano()) / 1e9)
	}
	row[c.at[0]] = begin.Level(0, 0, c.at[0])
	row[c.at[1]] = parquet.Int64Value(r.Prompt).Level(0, 0, c.at[1])
	row[c.at[2]] = parquet.Int64Value(r.Output).Level(0, 0, c.at[2])
	for i, f := range c.fields {
		at := c.at[i+3]
		if !f.in(r) {
			row[at] = parquet.NullValue().Level(0, 0, at)
			continue
		}
		row[at] = valueOf(f, r).Level(0, 1, at)
	}
	if c.used++; c.used < len(c.rows) {
		return nil
	}
	return c.flush()
}

func (c *columnar) flush() error {
	_, err := c.to.WriteRows(c.rows[:c.used])
	if c.used = 0; err != nil {
		return fmt.Errorf("writing rows as Parquet: %w", err)
	}
	return nil
}

func (c *columnar) close() error {
	if err := c.flush(); err != nil {
		return err
	}
	if err := c.to.Close(); err != nil {
		return fmt.Errorf("writing the end of a Parquet file: %w", err)
	}
	return nil
}

// valueOf returns a field as a value of Parquet.
func valueOf(f field, r *workload.Record) parquet.Value {
	switch f {
	case cached:
		return parquet.Int64Value(r.Cached)
	case model:
		return parquet.ByteArrayValue([]byte(r.Model))
	case maxTokens:
		return parquet.Int64Value(r.MaxTokens)
	case tenant:
		return parquet.ByteArrayValue([]byte(r.Tenant))
	case status:
		return parquet.Int64Value(int64(r.Status))
	case latency:
		return parquet.DoubleValue(r.Latency.Seconds())
	case cost:
		return parquet.DoubleValue(r.Cost)
	case deadline:
		return parquet.DoubleValue(r.Deadline.Seconds())
	}
	return parquet.Int64Value(int64(r.Priority))
}
