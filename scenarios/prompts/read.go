package prompts

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"unicode/utf8"

	"ratesim/provider/tokens"
	"ratesim/scenarios/workload"
)

// Options say how files are read. The zero value tells the kind of a file by its beginning and
// takes the model that each request names.
type Options struct {
	Kind  string // one of Kinds; "" or Auto = told by the file
	Model string // of all requests; "" = the one that each names, else Default
	// Counter counts; it is shared by files that are read side by side.
	Counter *tokens.Counter
}

// Default is the model of texts, and of requests that name none.
const Default = "gpt-4o"

// Auto tells the kind of a file by its beginning.
const Auto = "auto"

// Kinds lists the kinds of files that are read.
func Kinds() []string { return []string{Auto, Text, Chat, Batch} }

const (
	// maxFile bounds a text, or a request over several lines, which are read as a whole: a device or
	// a pipe may have no end.
	maxFile = 1 << 30
	// maxLine bounds a request on one line. OpenAI takes batch files of 200 MB.
	maxLine = 200 << 20
	// beginning is how many bytes tell the kind of a file.
	beginning = 64 << 10
	// maxIDs bounds how many names of requests are held against each other.
	maxIDs = 1 << 20
)

// reading is a file while it is read.
type reading struct {
	o      *Options
	c      *Counted
	line   int
	ids    map[uint64]struct{}
	seed   maphash.Seed
	twice  noted
	noName noted
}

// Count reads a file to its end and counts its tokens. The error is a
// *workload.FileError, or of the reader.
func Count(name string, in io.Reader, o Options) (*Counted, error) {
	r := &reading{o: &o, c: &Counted{file: File{Name: name}}, ids: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
	counted := &counting{in: in}
	b := bufio.NewReaderSize(counted, beginning)
	head, err := b.Peek(beginning)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if head = bytes.TrimPrefix(head, []byte("\ufeff")); len(bytes.TrimSpace(head)) == 0 && len(head) < beginning {
		return nil, r.fail(0, 0, "the file is empty; want a text, a request, or a batch file")
	}
	r.c.file.Kind = o.Kind
	if o.Kind == "" || o.Kind == Auto {
		r.c.file.Kind = kindOf(head)
	}
	switch {
	case r.c.file.Kind == Text:
		err = r.text(b)
	case r.c.file.Kind == Batch || oneLine(head):
		err = r.lines(b)
	default:
		err = r.whole(b)
	}
	if err != nil {
		return nil, err
	}
	if r.finish(); r.c.file.Requests == 0 {
		return nil, r.fail(0, 0, "the file has no request in it")
	}
	r.c.file.Bytes = counted.n
	return r.c, nil
}

// counting counts the bytes that are read.
type counting struct {
	in io.Reader
	n  int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}

// kindOf tells the kind of a file by its beginning. What begins as a JSON object and has a key of a
// request is taken for one even if it is broken, so that a file that was cut is not
// counted as a text.
func kindOf(head []byte) string {
	head = bytes.TrimLeft(head, " \t\r\n")
	if len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return Text
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	has := func(in []byte, keys ...string) bool {
		for _, k := range keys {
			if bytes.Contains(in, []byte(`"`+k+`"`)) {
				return true
			}
		}
		return false
	}
	switch {
	case head[0] == '{' && has(first, "custom_id") && has(first, "body", "params"):
		return Batch
	case has(head, "messages", "contents", "input", "prompt"):
		return Chat
	case json.Valid(first):
		return Chat // and an error says what it lacks
	}
	return Text
}

// oneLine reports whether the first line is a JSON value of its own.
func oneLine(head []byte) bool {
	first, _, more := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	return more && first[0] == '{' && json.Valid(first) || len(head) == beginning && !more
}

func (r *reading) fail(line, column int, format string, args ...any) error {
	return &workload.FileError{File: r.c.file.Name, Line: line, Column: column, Msg: fmt.Sprintf(format, args...)}
}

// text counts the file as one prompt.
func (r *reading) text(in io.Reader) error {
	data, err := r.all(in)
	if err != nil {
		return err
	}
	model := r.o.Model
	if model == "" {
		model, r.c.assumed = Default, true
	}
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	if !utf8.ValidString(text) {
		r.warn("is not UTF-8; each byte that is not counts as the character U+FFFD")
	}
	r.c.add(&tokens.Request{Model: model, Prompt: r.o.Counter.Count(model, text)}, "line 1")
	return nil
}

func (r *reading) all(in io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.c.file.Name, err)
	}
	if len(data) > maxFile {
		return nil, r.fail(0, 0, "has more than %d MB, and must be read as a whole", maxFile>>20)
	}
	return data, nil
}

// lines counts a request on each line.
func (r *reading) lines(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			line, err = longLine(in, line)
		}
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return fmt.Errorf("%s: %w", r.c.file.Name, err)
		}
		r.line++
		if len(line) > maxLine {
			return r.fail(r.line, 0, "the line has more than %d MB", maxLine>>20)
		}
		if r.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			if err := r.value(line); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
	}
}

// longLine reads the rest of a line that began with head.
func longLine(in *bufio.Reader, head []byte) ([]byte, error) {
	line := bytes.Clone(head)
	for {
		more, err := in.ReadSlice('\n')
		line = append(line, more...)
		if !errors.Is(err, bufio.ErrBufferFull) || len(line) > maxLine {
			return line, err
		}
	}
}

// entry is what is read of a line of a batch file.
type entry struct {
	ID     *string         `json:"custom_id"`
	Method string          `json:"method"`
	URL    string          `json:"url"`
	Body   json.RawMessage `json:"body"`
	Params json.RawMessage `json:"params"` // Anthropic's
}

// value counts the request of a line.
func (r *reading) value(line []byte) error {
	body, where := line, fmt.Sprintf("line %d", r.line)
	if r.c.file.Kind == Batch {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return r.broken(line, err)
		}
		body = e.Body
		if len(body) == 0 {
			body = e.Params
		}
		if len(body) == 0 || body[0] != '{' {
			return r.fail(r.line, 0, "has no body; want {\"custom_id\": ..., \"method\": \"POST\", \"url\": ..., \"body\": {...}}")
		}
		if e.ID == nil || *e.ID == "" {
			return r.fail(r.line, 0, "has no custom_id, which tells the answers of a batch apart")
		}
		where = *e.ID
		r.name(where)
		if len(e.Body) > 0 && (e.Method != "POST" || !strings.HasPrefix(e.URL, "/v1/")) {
			if r.noName.requests++; r.noName.first == "" {
				r.noName.first = where
			}
		}
	}
	return r.request(body, line, where)
}

// name notes the custom_id of a request.
func (r *reading) name(id string) {
	h := maphash.String(r.seed, id)
	if _, seen := r.ids[h]; seen {
		if r.twice.requests++; r.twice.first == "" {
			r.twice.first = id
		}
	} else if len(r.ids) < maxIDs {
		r.ids[h] = struct{}{}
	}
}

// request counts the body of a request, which is in text.
func (r *reading) request(body, text []byte, where string) error {
	q, err := r.o.Counter.Request(r.o.Model, body)
	if err != nil {
		return r.broken(text, err)
	}
	if q.Model == "" {
		if q, err = r.o.Counter.Request(Default, body); err != nil {
			return r.broken(text, err)
		}
		r.c.assumed = true
	}
	if q.Prompt == 0 && q.Guesses == 0 {
		return r.fail(r.line, 0, "has no prompt; want a request with messages, contents, input or prompt")
	}
	if q.MaxTokens < 0 {
		return r.fail(r.line, 0, "max_tokens must be at least 0, got %d", q.MaxTokens)
	}
	r.c.add(&q, where)
	return nil
}

// broken says what is wrong with a JSON value that begins on the present line.
func (r *reading) broken(text []byte, err error) error {
	at := int64(0)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		if at = syntax.Offset; strings.HasPrefix(syntax.Error(), "unexpected end") {
			return r.fail(r.line, 0, "the line ends in the middle of a request: the file is cut off, or the request has a line break in it")
		}
	case errors.As(err, &kind):
		if at = kind.Offset; kind.Field != "" {
			return r.fail(r.line, 0, "%s is a JSON %s, want %s", kind.Field, kind.Value, kind.Type)
		}
	}
	before := text[:min(max(at, 0), int64(len(text)))]
	return r.fail(max(r.line, 1)+bytes.Count(before, []byte("\n")), max(1, len(before)-bytes.LastIndexByte(before, '\n')-1), "is no JSON of a request: %v", err)
}

// whole counts requests that stand over several lines: one object, several, or a list of them.
func (r *reading) whole(in io.Reader) error {
	data, err := r.all(in)
	if err != nil {
		return err
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var v json.RawMessage
		begin := d.InputOffset()
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return nil
		}
		r.line = 1 + bytes.Count(data[:begin], []byte("\n")) + bytes.Count(data[begin:], []byte("\n")) - bytes.Count(bytes.TrimLeft(data[begin:], " \t\r\n"), []byte("\n"))
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return r.fail(r.line, 0, "the file is cut off in the middle of the request that begins here")
		}
		if err != nil {
			r.line = 1
			return r.broken(data, err)
		}
		list := []json.RawMessage{v}
		if v[0] == '[' {
			if err := json.Unmarshal(v, &list); err != nil {
				return r.broken(data, err)
			}
		}
		for i, body := range list {
			where := fmt.Sprintf("line %d", r.line)
			if len(list) > 1 {
				where = fmt.Sprintf("request %d", i+1)
			}
			if err := r.request(body, body, where); err != nil {
				return err
			}
		}
	}
}

func (r *reading) warn(format string, args ...any) {
	r.c.warnings = append(r.c.warnings, r.c.file.Name+": "+fmt.Sprintf(format, args...))
}

// finish sums up what was read.
func (r *reading) finish() {
	c := r.c
	longest := c.file.Longest
	c.file.Sizes = sizesOf(c.requests)
	c.file.Longest = longest
	for bit, n := range c.guesses {
		if n.requests > 0 {
			r.warn("%d of %d requests, the first of which is %s: it %v", n.requests, len(c.requests), n.first, tokens.Guesses(1<<bit))
		}
	}
	if r.twice.requests > 0 {
		r.warn("%d requests have a custom_id that another one has, such as %s; the batch API refuses such a file", r.twice.requests, r.twice.first)
	}
	if r.noName.requests > 0 {
		r.warn("%d requests have another method than POST, or a url that does not begin with /v1/, such as %s; the batch API refuses such a file", r.noName.requests, r.noName.first)
	}
	if c.file.Kind == Batch && len(c.models) > 1 {
		r.warn("has requests for %d models; OpenAI's batch API takes files for one model", len(c.models))
	}
}
