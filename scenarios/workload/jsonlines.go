package workload

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// jsonLines reads rows that are JSON objects, each on a line of its own. It looks only
// for the wanted values, allocates nothing for a row, and goes on after a bad line, none
// of which a json.Decoder does. Values may be wanted from within objects of the row, as
// usage.prompt_tokens.
type jsonLines struct {
	in     *input
	names  [][]string
	row    []byte
	spans  []valueSpan // of row, one for each wanted value; none = not there
	read   int         // lines
	path   []byte      // of the object at hand, each key with a dot behind it
	pos    int         // in row
	nested bool        // a wanted name has a dot, so that objects within the row matter
}

// valueSpan is where a value is within a row.
type valueSpan struct{ from, to int }

func newJSONLines(in *input, names [][]string) *jsonLines {
	l := &jsonLines{in: in, names: names, spans: make([]valueSpan, len(names))}
	for _, alternatives := range names {
		for _, n := range alternatives {
			l.nested = l.nested || strings.Contains(n, ".")
		}
	}
	return l
}

// isJSONLines reports whether a text begins with a line that is a whole object, and no page
// whose rows are in a list.
func isJSONLines(head []byte, list string) bool {
	line := firstLine(head)
	if len(line) == 0 || line[0] != '{' || !json.Valid(line) {
		return false
	}
	var page map[string]json.RawMessage
	return json.Unmarshal(line, &page) == nil && !bytes.HasPrefix(bytes.TrimSpace(page[list]), []byte("["))
}

func (l *jsonLines) has(int) bool { return true } // an object may lack what the next has

func (l *jsonLines) text(i int) []byte {
	if i >= len(l.spans) {
		return nil
	}
	s := l.spans[i]
	return jsonText(l.row[s.from:s.to])
}

func (l *jsonLines) place(i int) (line, column int) {
	if i >= len(l.spans) || l.spans[i].to == 0 {
		return l.read, 0
	}
	return l.read, l.spans[i].from + 1
}

func (l *jsonLines) next() (line int, ok bool) {
	for {
		if !l.readLine() {
			return 0, false
		}
		if l.pos = l.space(0); l.pos < len(l.row) {
			break
		}
	}
	clear(l.spans)
	l.path = l.path[:0]
	if l.row[l.pos] != '{' {
		return 0, l.in.fail(l.read, l.pos+1, "must be a JSON object on a line of its own, got %s", excerpt(l.row[l.pos:]))
	}
	if !l.object() {
		return 0, l.wrong()
	}
	if l.pos = l.space(l.pos); l.pos < len(l.row) {
		return 0, l.in.fail(l.read, l.pos+1, "has more behind the JSON object; each must be on a line of its own")
	}
	return l.read, true
}

// wrong says what is wrong with a line that could not be read.
func (l *jsonLines) wrong() bool {
	var v any
	err := json.Unmarshal(l.row, &v)
	if e, ok := err.(*json.SyntaxError); ok {
		return l.in.fail(l.read, max(1, int(e.Offset)), "is not JSON: %v", e)
	}
	return l.in.fail(l.read, l.pos+1, "is not a JSON object that can be read")
}

// space returns where the text goes on after spaces.
func (l *jsonLines) space(pos int) int {
	for pos < len(l.row) && (l.row[pos] == ' ' || l.row[pos] == '\t' || l.row[pos] == '\r') {
		pos++
	}
	return pos
}

// is reports whether the next character is c, and takes it.
func (l *jsonLines) is(c byte) bool {
	l.pos = l.space(l.pos)
	if l.pos < len(l.row) && l.row[l.pos] == c {
		l.pos++
		return true
	}
	return false
}

// object reads an object, the wanted values of which are noted.
func (l *jsonLines) object() bool {
	l.pos++
	if l.is('}') {
		return true
	}
	for {
		l.pos = l.space(l.pos)
		from := l.pos + 1
		if l.pos == len(l.row) || l.row[l.pos] != '"' || !l.string() {
			return false
		}
		key := l.row[from : l.pos-1]
		if !l.is(':') {
			return false
		}
		l.pos = l.space(l.pos)
		if !l.member(key) {
			return false
		}
		switch {
		case l.is(','):
		case l.is('}'):
			return true
		default:
			return false
		}
	}
}

// member reads a value of an object, notes it if it is wanted, and looks into it if it is an
// object that may hold what is.
func (l *jsonLines) member(key []byte) bool {
	begin, depth := l.pos, len(l.path)
	l.path = append(l.path, key...)
	i := l.wanted()
	if i < 0 && l.nested && l.pos < len(l.row) && l.row[l.pos] == '{' && bytes.Count(l.path, []byte(".")) < maxDepth {
		l.path = append(l.path, '.')
		ok := l.object()
		l.path = l.path[:depth]
		return ok
	}
	l.path = l.path[:depth]
	if !l.value() {
		return false
	}
	if i >= 0 {
		l.spans[i] = valueSpan{begin, l.pos}
	}
	return true
}

// wanted returns which of the wanted values the path names, -1 if none.
func (l *jsonLines) wanted() int {
	for i, alternatives := range l.names {
		for _, n := range alternatives {
			if string(l.path) == n {
				return i
			}
		}
	}
	return -1
}

// value reads past a value. Brackets are counted and not matched: the values that are
// wanted are checked when they are used.
func (l *jsonLines) value() bool {
	for depth := 0; l.pos < len(l.row); {
		switch c := l.row[l.pos]; c {
		case '"':
			if !l.string() {
				return false
			}
		case '{', '[':
			depth++
			l.pos++
			continue
		case '}', ']':
			if depth == 0 {
				return false // there is no value
			}
			depth--
			l.pos++
		case ',', ':', ' ', '\t':
			if depth == 0 {
				return false
			}
			l.pos++
			continue
		default:
			n := bytes.IndexAny(l.row[l.pos:], `,:]}" `+"\t")
			if n < 0 {
				return false
			}
			l.pos += n
		}
		if depth == 0 {
			return true
		}
	}
	return false
}

// string reads past a string.
func (l *jsonLines) string() bool {
	for l.pos++; ; l.pos++ {
		n := bytes.IndexByte(l.row[l.pos:], '"')
		if n < 0 {
			return false
		}
		l.pos += n
		slashes := 0
		for l.row[l.pos-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			l.pos++
			return true
		}
	}
}

// readLine reads the next line without its end.
func (l *jsonLines) readLine() bool {
	for l.row = l.row[:0]; ; {
		part, err := l.in.bytes.ReadSlice('\n')
		l.row = append(l.row, part...)
		switch {
		case len(l.row) > maxRow:
			return l.in.stop(l.read+1, 0, "line is longer than %d MB", maxRow>>20)
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(l.row) == 0:
			return false
		case err != nil && err != io.EOF:
			return l.in.stop(l.read+1, 0, "cannot be read: %v", err)
		}
		l.read++
		l.row = bytes.TrimSuffix(bytes.TrimSuffix(l.row, []byte("\n")), []byte("\r"))
		return true
	}
}
