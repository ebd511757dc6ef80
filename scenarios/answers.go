package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"ratesim/provider/script"
)

// longestAnswer bounds a text that is answered, in bytes.
const longestAnswer = 256 << 10

// ParseAnswers reads what a mock provider answers to some requests: a list in YAML, or a
// mapping in JSON on each line. The name file is for messages. Everything wrong is reported
// at once, as Errors.
func ParseAnswers(file string, data []byte) ([]script.Answer, error) {
	p := &problems{}
	const want = "a list of answers; [] is none"
	var root *node
	if begin := bytes.TrimLeft(data, " \t\r\n"); len(begin) > 0 && begin[0] == '{' {
		root = parseLines(file, data, p)
	} else {
		root = parseDocument(file, data, want, p)
	}
	var answers []script.Answer
	if root != nil {
		cursor{problems: p, n: root, path: "answers"}.items("answers", func(_ int, c cursor) { answers = append(answers, readAnswer(c)) })
	}
	if len(p.found) > 0 {
		return nil, p.err()
	}
	return answers, nil
}

func readAnswer(c cursor) (a script.Answer) {
	a.Where = fmt.Sprintf("%s:%d:%d", c.n.at.file, c.n.at.line, c.n.at.column)
	var finish string
	c.mapping(
		may("match", func(c cursor) {
			c.mapping(may("model", text(&a.Match.Model)), may("path", text(&a.Match.Path)), may("key", text(&a.Match.Key)),
				may("contains", text(&a.Match.Contains)), may("last", text(&a.Last)))
		}),
		may("times", count(&a.Times, 1, mostCallsOfIt)),
		may("text", func(c cursor) {
			s, ok := c.scalar("what the model says")
			if ok && len(s) > longestAnswer {
				c.fail("has %d bytes; at most %d are allowed", len(s), longestAnswer)
			}
			a.Text = s
		}),
		may("calls", func(c cursor) {
			c.items("calls of tools", func(_ int, c cursor) {
				var call script.Call
				c.mapping(need("name", text(&call.Name)), need("arguments", arguments(&call.Arguments)))
				a.Calls = append(a.Calls, call)
			})
		}),
		may("finish", oneOf(&finish, "finish", script.Finishes[1:])),
	)
	if i := slices.Index(script.Finishes[:], finish); i > 0 {
		a.Finish = script.Finish(i)
	}
	if c.n.kind == mapping && !c.child("text").ok() && !c.child("calls").ok() {
		c.fail("says nothing; want the key text or calls")
	}
	return a
}

// arguments reads the arguments of a call: a text that is an object in JSON.
func arguments(dst *string) reader {
	return func(c cursor) {
		const want = `an object in JSON, between quotes, such as '{"city": "Lima"}'`
		s, ok := c.scalar(want)
		if !ok {
			return
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(s), &object); err != nil || object == nil {
			c.fail("want %s, got %s", want, quote(s))
			return
		}
		*dst = s
	}
}

// parseLines reads mappings in JSON, one on each line that is not blank.
func parseLines(file string, data []byte, p *problems) *node {
	if len(data) > maxSize {
		p.add(position{file: file}, "", "is larger than 1 MiB; is it the right file?")
		return nil
	}
	root := &node{kind: list, at: position{file, 1, 1}}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		l := jsonLine{file: file, line: number, text: line, d: json.NewDecoder(bytes.NewReader(line))}
		l.d.UseNumber()
		n, err := l.node(0)
		if err == nil && len(bytes.TrimSpace(line[l.d.InputOffset():])) > 0 {
			err = errors.New("more follows the mapping")
		}
		if err != nil {
			p.add(l.at(), "", "not valid JSON: %v", err)
			continue
		}
		root.items = append(root.items, n)
	}
	return root
}

// jsonLine is a line of JSON that is being read.
type jsonLine struct {
	file string
	line int
	text []byte
	d    *json.Decoder
}

// at returns where the next value begins.
func (l *jsonLine) at() position {
	offset := l.d.InputOffset()
	for offset < int64(len(l.text)) && bytes.IndexByte([]byte(" \t\r\n,:"), l.text[offset]) >= 0 {
		offset++
	}
	return position{l.file, l.line, column(l.text, offset)}
}

// column returns the column of a byte, in characters.
func column(line []byte, offset int64) int {
	return 1 + len([]rune(string(line[:max(0, min(offset, int64(len(line))))])))
}

func (l *jsonLine) node(depth int) (*node, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("nested more than %d deep", maxNesting)
	}
	n := &node{at: l.at()}
	t, err := l.d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		n.kind = null
	case string:
		n.text, n.lead = t, 1
	case json.Delim:
		return n, l.many(n, t, depth)
	default:
		n.text = fmt.Sprint(t)
	}
	return n, nil
}

// many reads the elements of a list, or the fields of a mapping.
func (l *jsonLine) many(n *node, open json.Delim, depth int) error {
	if n.kind = list; open == '{' {
		n.kind = mapping
	}
	for l.d.More() {
		at, key := l.at(), ""
		if n.kind == mapping {
			t, err := l.d.Token()
			if err != nil {
				return err
			}
			key, _ = t.(string) // as keys are
		}
		value, err := l.node(depth + 1)
		if err != nil {
			return err
		}
		if n.kind == list {
			n.items = append(n.items, value)
			continue
		}
		if n.get(key) != nil {
			return fmt.Errorf("the key %q is there twice", key)
		}
		n.keys = append(n.keys, entry{key, at, value})
	}
	_, err := l.d.Token() // the end
	return err
}
