package workload

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	types "github.com/parquet-go/parquet-go/format"
)

// parquetMagic is how a Parquet file begins and ends.
const parquetMagic = "PAR1"

// maxSpool bounds a Parquet file that comes through a pipe: it is kept in memory, because
// Parquet says at its end where its rows are.
const maxSpool = 256 << 20

// parquetFields reads the columns of a Parquet file. The rows count as lines, from 1. Columns
// that no format asks for are not read from the file; those of lists are not read at all.
type parquetFields struct {
	in      *input
	columns []*parquetColumn // of each wanted field; nil = the file has none
	groups  []parquet.RowGroup
	left    int64 // rows of the present group
	row     int
}

// parquetColumn is a column and the values read ahead of it.
type parquetColumn struct {
	name   string
	index  int
	append func(dst []byte, v parquet.Value) []byte
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	ahead  []parquet.Value // room for values
	have   int             // of ahead
	at     int             // the value of the present row
	text   []byte
}

// openParquet reads the end of a Parquet file, which says what is in it.
func (in *input) openParquet() (file *parquet.File) {
	defer in.recovered(0)
	from, size, ok := seekable(in.source)
	if !ok {
		data, err := io.ReadAll(io.LimitReader(in.bytes, maxSpool+1))
		if err == nil && len(data) > maxSpool {
			err = fmt.Errorf("through a pipe, or compressed as a whole, it may have at most %d MB; name the file itself", maxSpool>>20)
		}
		if err != nil {
			in.stop(0, 0, "cannot be read as Parquet: %v", err)
			return nil
		}
		from, size = bytes.NewReader(data), int64(len(data))
	}
	err := checkFooter(from, size)
	if err == nil {
		file, err = parquet.OpenFile(from, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	}
	if err != nil {
		in.stop(0, 0, "cannot be read as Parquet: %v; is it cut short?", err)
		return nil
	}
	return file
}

// seekable returns how an input is read at any place, if it can be.
func seekable(r io.Reader) (at io.ReaderAt, size int64, ok bool) {
	if at, ok = r.(io.ReaderAt); !ok {
		return nil, 0, false
	}
	switch r := r.(type) {
	case interface{ Size() int64 }:
		return at, r.Size(), true
	case interface{ Stat() (fs.FileInfo, error) }:
		info, err := r.Stat()
		if err == nil && info.Mode().IsRegular() {
			return at, info.Size(), true
		}
	}
	return nil, 0, false
}

// recovered makes a panic of the Parquet library an error of the file. The library checks
// most of what a file says, but not all.
func (in *input) recovered(row int) {
	if what := recover(); what != nil {
		in.stop(row, 0, "is damaged: the reader of Parquet says: %v", what)
	}
}

// parquetColumns returns the columns of a file that hold one value a row.
func parquetColumns(file *parquet.File) []*parquetColumn {
	var all []*parquetColumn
	var walk func(c *parquet.Column)
	walk = func(c *parquet.Column) {
		if c.Leaf() && c.MaxRepetitionLevel() == 0 {
			all = append(all, &parquetColumn{name: strings.Join(c.Path(), "."), index: c.Index(), append: parquetText(c.Type())})
		}
		for _, child := range c.Columns() {
			walk(child)
		}
	}
	walk(file.Root())
	return all
}

func newParquet(in *input, names [][]string) *parquetFields {
	p := &parquetFields{in: in, columns: make([]*parquetColumn, len(names)), groups: in.parquet.RowGroups()}
	for i, alternatives := range names {
		for _, c := range parquetColumns(in.parquet) {
			if !matchesAny(c.name, alternatives) {
				continue
			}
			if p.columns[i] != nil {
				in.stop(0, 0, "has two columns %s", c.name)
			}
			if p.columns[i] = c; c.append == nil {
				in.stop(0, 0, "has a column %s of a type that is not read; want numbers, texts or times", c.name)
			}
			c.ahead = make([]parquet.Value, 512)
		}
	}
	return p
}

func (p *parquetFields) has(i int) bool { return i < len(p.columns) && p.columns[i] != nil }

func (p *parquetFields) text(i int) []byte {
	if !p.has(i) {
		return nil
	}
	c := p.columns[i]
	v := c.ahead[c.at]
	if v.IsNull() {
		return nil
	}
	c.text = c.append(c.text[:0], v)
	return bytes.TrimSpace(c.text)
}

func (p *parquetFields) place(int) (line, column int) { return p.row, 0 }

func (p *parquetFields) next() (line int, ok bool) {
	defer p.in.recovered(p.row)
	for p.left == 0 {
		if len(p.groups) == 0 {
			return 0, false
		}
		p.open(p.groups[0])
		p.groups = p.groups[1:]
	}
	p.left--
	p.row++
	for _, c := range p.columns {
		if c == nil {
			continue
		}
		if c.at++; c.at >= c.have {
			if err := c.read(); err != nil {
				return 0, p.in.stop(p.row, 0, "column %s cannot be read: %v; is the file damaged?", c.name, err)
			}
		}
	}
	return p.row, true
}

// open begins a group of rows.
func (p *parquetFields) open(group parquet.RowGroup) {
	p.left = group.NumRows()
	for _, c := range p.columns {
		if c == nil {
			continue
		}
		if c.pages != nil {
			c.release()
			c.pages.Close()
		}
		c.pages, c.have, c.at = group.ColumnChunks()[c.index].Pages(), 0, 0
	}
}

func (c *parquetColumn) release() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page, c.values = nil, nil
	}
}

// read reads values ahead, of which there must be some.
func (c *parquetColumn) read() (err error) {
	c.at, c.have = 0, 0
	for c.have == 0 {
		if c.values == nil {
			if c.page, err = c.pages.ReadPage(); err != nil {
				if err == io.EOF {
					err = io.ErrUnexpectedEOF
				}
				return err
			}
			c.values = c.page.Values()
		}
		if c.have, err = c.values.ReadValues(c.ahead); err != nil && err != io.EOF {
			return err
		}
		if c.have == 0 {
			c.release()
		}
	}
	return nil
}

// parquetText returns how values of a type are written as CSV would have them; nil if there
// is no such way.
func parquetText(of parquet.Type) func([]byte, parquet.Value) []byte {
	if logical := of.LogicalType(); logical != nil {
		switch l := logical.Value.(type) {
		case *types.TimestampType:
			return timestampText(l)
		case *types.DateType:
			return func(dst []byte, v parquet.Value) []byte {
				return time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(dst, time.DateTime)
			}
		case *types.DecimalType:
			return decimalText(of.Kind(), int(l.Scale))
		case *types.IntType:
			if !l.IsSigned {
				return func(dst []byte, v parquet.Value) []byte {
					if v.Kind() == parquet.Int32 {
						return strconv.AppendUint(dst, uint64(v.Uint32()), 10)
					}
					return strconv.AppendUint(dst, v.Uint64(), 10)
				}
			}
		}
	}
	switch of.Kind() {
	case parquet.Boolean:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendBool(dst, v.Boolean()) }
	case parquet.Int32:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, int64(v.Int32()), 10) }
	case parquet.Int64:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, v.Int64(), 10) }
	case parquet.Float:
		return func(dst []byte, v parquet.Value) []byte {
			return strconv.AppendFloat(dst, float64(v.Float()), 'f', -1, 32)
		}
	case parquet.Double:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendFloat(dst, v.Double(), 'f', -1, 64) }
	case parquet.Int96: // nanoseconds of a day and the day, as older programs write times
		return func(dst []byte, v parquet.Value) []byte {
			x := v.Int96()
			const epoch = 2440588 // Julian day of 1970-01-01
			at := time.Unix((int64(x[2])-epoch)*86400, int64(x[1])<<32|int64(x[0])).UTC()
			return at.AppendFormat(dst, time.RFC3339Nano)
		}
	case parquet.ByteArray:
		return func(dst []byte, v parquet.Value) []byte { return append(dst, v.ByteArray()...) }
	}
	return nil
}

// timestampText writes instants with a zone and wall times without one.
func timestampText(l *types.TimestampType) func([]byte, parquet.Value) []byte {
	unit := time.Nanosecond
	switch l.Unit.Value.(type) {
	case *types.MilliSeconds:
		unit = time.Millisecond
	case *types.MicroSeconds:
		unit = time.Microsecond
	}
	layout := time.RFC3339Nano
	if !l.IsAdjustedToUTC {
		layout = "2006-01-02T15:04:05.999999999"
	}
	return func(dst []byte, v parquet.Value) []byte {
		per := int64(time.Second / unit)
		n := v.Int64()
		return time.Unix(n/per, n%per*int64(unit)).UTC().AppendFormat(dst, layout)
	}
}

// decimalText writes whole numbers of the unit 10^-scale.
func decimalText(of parquet.Kind, scale int) func([]byte, parquet.Value) []byte {
	if of != parquet.Int32 && of != parquet.Int64 || scale < 0 || scale > 18 {
		return nil
	}
	return func(dst []byte, v parquet.Value) []byte {
		n := v.Int64()
		if of == parquet.Int32 {
			n = int64(v.Int32())
		}
		from := len(dst)
		dst = strconv.AppendInt(dst, n, 10)
		if scale == 0 {
			return dst
		}
		digits := dst[from:]
		sign := ""
		if n < 0 {
			sign, digits = "-", digits[1:]
		}
		text := strings.Repeat("0", max(0, scale+1-len(digits))) + string(digits)
		return append(append(append(append(dst[:from], sign...), text[:len(text)-scale]...), '.'), text[len(text)-scale:]...)
	}
}
