package workload

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// jsonObjects reads the objects of a JSON file one after the other, wherever
// they stand: in a row, in a list, or in the list under one key of pages. The
// file is never held, only the wanted values of one object are.
type jsonObjects struct {
	in     *input
	dec    *json.Decoder
	lines  lineCounter
	wanted map[string]int // index of a value by its key
	list   string         // key of a page's list
	open   []json.Delim   // what is open around the next token
	values []jsonValue    // of the present object
	page   []jsonValue    // of the page around it, those before its list
	line   int            // where the present object begins
	column int
}

// jsonValue is a value of an object, and where its key is. No raw = not there.
type jsonValue struct {
	raw          json.RawMessage
	line, column int
}

// newJSON prepares to read objects that stand in a list under the key list, if
// in any. Names lists the alternative keys of each wanted value.
func newJSON(in *input, list string, names [][]string) *jsonObjects {
	s := &jsonObjects{in: in, list: list, wanted: map[string]int{}, values: make([]jsonValue, len(names)), page: make([]jsonValue, len(names))}
	s.lines = lineCounter{in: in.bytes, line: 1}
	s.dec = json.NewDecoder(&s.lines)
	for i, alternatives := range names {
		for _, n := range alternatives {
			s.wanted[n] = i
		}
	}
	return s
}

// fail records what is wrong with the present object.
func (s *jsonObjects) fail(format string, args ...any) bool {
	return s.in.fail(s.line, s.column, format, args...)
}

// stop is as fail, where nothing can be read after it.
func (s *jsonObjects) stop(format string, args ...any) bool {
	return s.in.stop(s.line, s.column, format, args...)
}

// maxDepth bounds how lists and pages may be nested.
const maxDepth = 16

// nextObject reads the next object that is not a page. False at the end.
func (s *jsonObjects) nextObject() bool {
	for len(s.open) <= maxDepth {
		if n := len(s.open); n > 0 && s.open[n-1] == '{' { // in a page, behind its list
			if _, ok := s.members(); !ok {
				return false
			}
			continue
		}
		t, ok := s.token(len(s.open) > 0)
		if !ok {
			return false
		}
		line, column := s.lines.at(s.dec.InputOffset() - 1)
		switch t {
		case json.Delim('['):
			s.open = append(s.open, '[')
		case json.Delim(']'):
			s.open = s.open[:len(s.open)-1]
		case json.Delim('{'):
			s.line, s.column = line, column
			for i := range s.values {
				s.values[i].raw = s.values[i].raw[:0]
			}
			s.open = append(s.open, '{')
			page, ok := s.members()
			if !ok || !page {
				return ok
			}
		default:
			return s.in.stop(line, 0, "holds %v where an object must be", t)
		}
	}
	return s.stop("is nested deeper than %d lists and pages", maxDepth)
}

// members reads the rest of an object, up to its end or to the list of a page,
// which it enters.
func (s *jsonObjects) members() (page, ok bool) {
	for s.dec.More() {
		t, ok := s.token(true)
		if !ok {
			return false, false
		}
		key, _ := t.(string)
		if key == s.list && s.dec.More() {
			if t, ok = s.token(true); !ok {
				return false, false
			}
			if t == json.Delim('[') {
				s.values, s.page = s.page, s.values
				s.open = append(s.open, '[')
				return true, true
			}
			if d, ok := t.(json.Delim); ok && d == '{' {
				return false, s.stop("%s must be a list", key)
			}
			continue
		}
		if i, ok := s.wanted[key]; ok {
			v := &s.values[i]
			v.line, v.column = s.lines.at(s.dec.InputOffset() - int64(len(key)) - 2)
			if err := s.dec.Decode(&v.raw); err != nil {
				return false, s.explain(err, 1)
			}
		} else if !s.skip() {
			return false, false
		}
	}
	if _, ok := s.token(true); !ok {
		return false, false
	}
	s.open = s.open[:len(s.open)-1]
	return false, true
}

// token reads the next token; at the end of the file there is none.
func (s *jsonObjects) token(inside bool) (json.Token, bool) {
	t, err := s.dec.Token()
	if err == io.EOF && !inside {
		return nil, false
	}
	if err != nil {
		return nil, s.explain(err, 0)
	}
	return t, true
}

// skip reads past the next value.
func (s *jsonObjects) skip() bool {
	for depth := 0; ; {
		t, ok := s.token(true)
		if !ok {
			return false
		}
		if d, ok := t.(json.Delim); ok {
			if d == '{' || d == '[' {
				depth++
			} else {
				depth--
			}
		}
		if depth == 0 {
			return true
		}
	}
}

// explain turns an error of the decoder into one of the log. Where Decode says
// that JSON is wrong, it has read the wrong byte; Token has not.
func (s *jsonObjects) explain(err error, past int64) bool {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok && err != io.ErrUnexpectedEOF {
		line, column := s.lines.at(e.Offset - past)
		return s.in.stop(line, column, "is not JSON: %v", err)
	}
	line, _ := s.lines.at(s.dec.InputOffset())
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return s.in.stop(line, 0, "the file ends within a value that begins here; is it cut short?")
	}
	return s.in.stop(line, 0, "cannot be read: %v", err)
}

// jsonFields makes the objects of a file rows of a table.
type jsonFields struct{ *jsonObjects }

func (f jsonFields) has(int) bool { return true } // an object may lack what the next has

func (f jsonFields) next() (line int, ok bool) {
	ok = f.nextObject()
	return f.line, ok
}

func (f jsonFields) place(i int) (line, column int) {
	if i >= len(f.values) || len(f.values[i].raw) == 0 {
		return f.line, f.column
	}
	return f.values[i].line, f.values[i].column
}

func (f jsonFields) text(i int) []byte {
	if i >= len(f.values) {
		return nil
	}
	return jsonText(f.values[i].raw)
}

// jsonText returns a value as CSV would have it: a string without its quotes,
// null as nothing, all else as it is.
func jsonText(raw json.RawMessage) []byte {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil
	case raw[0] != '"':
		return raw
	case bytes.IndexByte(raw, '\\') < 0:
		return raw[1 : len(raw)-1]
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	return []byte(s)
}

// lineCounter counts the lines of what is read through it.
type lineCounter struct {
	in     io.Reader
	read   int64   // bytes
	line   int     // of the latest offset asked for
	begin  int64   // where that line begins
	breaks []int64 // where later lines begin, of what has been read
}

func (l *lineCounter) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			l.breaks = append(l.breaks, l.read+int64(i)+1)
		}
	}
	l.read += int64(n)
	return n, err
}

// at returns the line and byte of an offset, which should not be before that
// asked for last.
func (l *lineCounter) at(offset int64) (line, column int) {
	n := 0
	for n < len(l.breaks) && l.breaks[n] <= offset {
		l.begin = l.breaks[n]
		n++
	}
	l.line += n
	l.breaks = l.breaks[:copy(l.breaks, l.breaks[n:])]
	return l.line, max(1, int(offset-l.begin)+1)
}
