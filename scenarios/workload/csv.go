package workload

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// maxRow bounds a row of CSV, in bytes. Logs that hold whole prompts have
// large ones; a quote that is never closed would swallow the file.
const maxRow = 16 << 20

// csvFields reads CSV (RFC 4180) with a header line. A byte-order mark, blank
// lines and spaces around values are ignored. Unlike encoding/csv it allocates
// nothing for a row, for a trace is read while the engine runs.
type csvFields struct {
	in     *input
	header []string
	at     []int // column of each wanted field, -1 = none
	row    []byte
	spans  []span // of row, one a column
	read   int    // lines
	first  int    // line of the row
	begin  int    // of the last line, within row
	cut    bool   // the last line has no end
}

// span is a value within a row, and where it began.
type span struct{ from, to, line, column int }

// newCSV reads the header line. Names lists the alternative names of each
// wanted field.
func newCSV(in *input, names [][]string) *csvFields {
	c := &csvFields{in: in, at: make([]int, len(names))}
	c.readRow()
	for _, s := range c.spans {
		c.header = append(c.header, string(bytes.TrimSpace(c.row[s.from:s.to])))
	}
	for i, alternatives := range names {
		c.at[i] = -1
		for j, column := range c.header {
			if !matchesAny(column, alternatives) {
				continue
			}
			if c.at[i] >= 0 {
				in.stop(1, 0, "has two columns %s", column)
			}
			c.at[i] = j
		}
	}
	return c
}

// csvColumns returns the columns of a header line.
func csvColumns(line []byte) []string {
	return newCSV(&input{bytes: bufio.NewReader(bytes.NewReader(line))}, nil).header
}

func matchesAny(column string, names []string) bool {
	for _, n := range names {
		if strings.EqualFold(column, n) {
			return true
		}
	}
	return false
}

func (c *csvFields) has(i int) bool { return i < len(c.at) && c.at[i] >= 0 }

func (c *csvFields) text(i int) []byte {
	if !c.has(i) {
		return nil
	}
	s := c.spans[c.at[i]]
	return bytes.TrimSpace(c.row[s.from:s.to])
}

func (c *csvFields) place(i int) (line, column int) {
	if !c.has(i) {
		return c.spans[0].line, 0
	}
	s := c.spans[c.at[i]]
	return s.line, s.column
}

func (c *csvFields) next() (line int, ok bool) {
	if !c.readRow() {
		return 0, false
	}
	line = c.spans[0].line
	if len(c.spans) != len(c.header) {
		hint := ""
		if len(c.spans) < len(c.header) && c.cut {
			hint = "; the file ends here, is it cut short?"
		}
		return 0, c.in.fail(line, 0, "want the %d columns %s, got %d%s", len(c.header), shorten(strings.Join(c.header, ",")), len(c.spans), hint)
	}
	return line, true
}

// group hashes the values of all columns that hold no counts.
func (c *csvFields) group() uint64 {
	h := nameHash()
	for i, s := range c.spans {
		if name := c.header[i]; !strings.Contains(name, "tokens") && !strings.Contains(name, "requests") {
			h = hashMore(h, c.row[s.from:s.to])
		}
	}
	return h
}

// shorten cuts a list that is too long for a message.
func shorten(s string) string {
	if len(s) > 80 {
		return s[:77] + "..."
	}
	return s
}

// readRow reads a row that is not blank, and splits it.
func (c *csvFields) readRow() bool {
	c.row, c.spans = c.row[:0], c.spans[:0]
	for len(bytes.TrimSpace(c.row)) == 0 {
		c.row, c.first = c.row[:0], c.read+1
		if !c.readLine() {
			return false
		}
	}
	for pos := 0; ; pos++ { // behind the comma
		s := span{from: pos, line: c.read, column: pos - c.begin + 1}
		ok := true
		if pos < len(c.row) && c.row[pos] == '"' {
			pos, ok = c.quoted(&s)
		} else {
			pos, ok = c.bare(&s)
		}
		if !ok {
			return false
		}
		c.spans = append(c.spans, s)
		if pos == len(c.row) {
			return true
		}
	}
}

// bare takes a value without quotes and returns where it ends.
func (c *csvFields) bare(s *span) (end int, ok bool) {
	end = len(c.row)
	if i := bytes.IndexByte(c.row[s.from:], ','); i >= 0 {
		end = s.from + i
	}
	s.to = end
	if i := bytes.IndexByte(c.row[s.from:end], '"'); i >= 0 {
		return end, c.in.fail(s.line, s.column+i, `has a " within a value; put the value in quotes and write "" for it`)
	}
	return end, true
}

// quoted takes a value in quotes, closes up its doubled quotes, and returns
// where it ends.
func (c *csvFields) quoted(s *span) (end int, ok bool) {
	s.from++
	s.to = s.from
	for pos := s.from; ; {
		i := bytes.IndexByte(c.row[pos:], '"')
		if i < 0 {
			s.to += copy(c.row[s.to:], c.row[pos:])
			pos = len(c.row)
			c.row = append(c.row, '\n')
			if !c.readLine() {
				return 0, c.in.stop(s.line, s.column, "has a quote that is never closed")
			}
			continue
		}
		s.to += copy(c.row[s.to:], c.row[pos:pos+i])
		pos += i + 1
		switch {
		case pos == len(c.row) || c.row[pos] == ',':
			return pos, true
		case c.row[pos] != '"':
			return 0, c.in.fail(s.line, s.column, `has a value that goes on after its quote; write "" for a quote within`)
		}
		c.row[s.to] = '"'
		s.to++
		pos++
	}
}

// readLine appends the next line, without its end, to the row.
func (c *csvFields) readLine() bool {
	c.begin = len(c.row)
	for {
		part, err := c.in.bytes.ReadSlice('\n')
		c.row = append(c.row, part...)
		if c.cut = err == io.EOF; c.cut && len(c.row) == c.begin {
			return false
		}
		switch {
		case len(c.row) > maxRow:
			return c.in.stop(c.first, 0, "row is longer than %d MB; is a quote never closed?", maxRow>>20)
		case err == bufio.ErrBufferFull:
			continue
		case err != nil && !c.cut:
			return c.in.stop(c.read+1, 0, "cannot be read: %v", err)
		}
		c.read++
		c.row = bytes.TrimSuffix(bytes.TrimSuffix(c.row, []byte("\n")), []byte("\r"))
		return true
	}
}
