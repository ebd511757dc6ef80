package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"

	"ratesim/provider/script"
)

// longestAnswer bounds a text that is answered, in bytes.
const longestAnswer = 256 << 10

// ParseAnswers reads what a mock provider answers to some requests, a YAML list. The name
// file is for messages. Everything wrong is reported at once, as Errors.
func ParseAnswers(file string, data []byte) ([]script.Answer, error) {
	p := &problems{}
	var answers []script.Answer
	if root := parseDocument(file, data, "a list of answers; [] is none", p); root != nil {
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
