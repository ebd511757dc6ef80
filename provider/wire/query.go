package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Query is what a provider reads in a request to a model, whichever vendor's
// it is.
type Query struct {
	Model        string // empty where it stands in the path
	MaxTokens    uint32 // 0 = none declared
	Stream       bool
	IncludeUsage bool   // stream_options.include_usage
	Text         string // of the prompt, all pieces of it
	Messages     int    // of a chat
	Inputs       int    // texts of a prompt that is no chat, as to embed
	Counted      int    // tokens of the prompt that came as tokens, not as text
	Base64       bool   // embeddings are wanted in base64
	Dimensions   uint32 // of embeddings; 0 = not said
	// Asks says that the request has fields that ask for more than text: tools, a schema,
	// several choices, a tier. Who answers it has to read them.
	Asks bool
}

// ParseQuery reads the body of a request to a model. Its errors are what a
// vendor says with a 400: no JSON, a field of a wrong type, a bound on the output
// that is no positive whole number of 32 bits, nothing to answer.
func ParseQuery(data []byte, r *Query) error {
	*r = Query{}
	if !json.Valid(data) {
		return errors.New("we could not parse the JSON body of your request")
	}
	p := queryParser{cursor: cursor{data}, r: r}
	if p.peek() != '{' {
		return errors.New("the body of your request must be a JSON object")
	}
	p.fields()
	if p.err == nil && r.Messages == 0 && r.Inputs == 0 {
		p.err = errors.New("missing required parameter: 'messages', 'contents' or 'input'")
	}
	if p.err == nil {
		r.Text = textOf(data)
	}
	return p.err
}

// textOf returns the text of the prompt in a body. It needs no more memory than the
// body does.
func textOf(data []byte) string {
	var whole strings.Builder
	var first []byte // most bodies have one piece, without escapes
	Scan(data, func(s []byte) {
		if first == nil && whole.Cap() == 0 && bytes.IndexByte(s, '\\') < 0 {
			first = s
			return
		}
		if whole.Cap() == 0 {
			whole.Grow(len(data))
			whole.Write(first)
		}
		unescape(&whole, s)
	})
	if whole.Cap() == 0 {
		return string(first)
	}
	return whole.String()
}

// unescape writes what a valid JSON string says that is escaped as s.
func unescape(to *strings.Builder, s []byte) {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			to.Write(s)
			return
		}
		to.Write(s[:i])
		escape := s[i+1]
		s = s[i+2:]
		if escape != 'u' {
			if at := strings.IndexByte("bfnrt", escape); at >= 0 {
				escape = "\b\f\n\r\t"[at]
			}
			to.WriteByte(escape)
			continue
		}
		r := hex4(s)
		s = s[4:]
		if utf16.IsSurrogate(r) {
			pair := utf8.RuneError
			if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
				pair = utf16.DecodeRune(r, hex4(s[2:]))
			}
			if r = pair; r != utf8.RuneError {
				s = s[6:]
			}
		}
		to.WriteRune(r)
	}
}

// hex4 returns the number of four hexadecimal digits.
func hex4(s []byte) rune {
	n, _ := strconv.ParseUint(string(s[:4]), 16, 32) // valid, as the body is
	return rune(n)
}

// queryParser reads a body that is known to be valid JSON.
type queryParser struct {
	cursor
	r   *Query
	err error // the first
}

// fields reads the fields of an object. Bounds stand beside the prompt or one
// object deeper.
func (p *queryParser) fields() {
	p.cursor.fields(func(key []byte) {
		switch string(key) {
		case "model":
			p.r.Model = p.text("model")
		case "max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens":
			p.r.MaxTokens = max(p.r.MaxTokens, p.positive(string(key)))
		case "dimensions", "outputDimensionality":
			p.r.Dimensions = p.positive(string(key))
		case "content": // of one text that is to be embedded
			p.r.Inputs++
			p.skip()
		case "requests":
			p.elements(p.fields)
		case "encoding_format":
			p.r.Base64 = p.text("encoding_format") == "base64"
		case "stream":
			p.r.Stream = p.flag("stream")
		case "include_usage":
			p.r.IncludeUsage = p.flag("stream_options.include_usage")
		case "messages", "contents":
			p.r.Messages += p.elements(func() { p.skip() })
		case "input":
			p.input()
		case "tools", "tool_choice", "functions", "function_call", "response_format", "text", "n", "top_logprobs", "service_tier",
			"reasoning", "reasoning_effort", "thinking", "output_format", "output_config", "toolConfig", "tool_config", "outputConfig",
			"candidateCount", "candidate_count", "responseSchema", "response_schema", "responseJsonSchema", "response_json_schema",
			"responseMimeType", "response_mime_type", "thinkingConfig", "thinking_config", "additionalModelRequestFields":
			p.r.Asks = true
			p.skip()
		case "stream_options", "generationConfig", "generation_config", "inferenceConfig", "generateContentRequest":
			p.fields()
		default:
			p.skip()
		}
	})
}

// input reads a text, a list of texts or messages, or of tokens, or of lists of
// tokens.
func (p *queryParser) input() {
	switch p.peek() {
	case '"':
		p.skip()
		p.r.Inputs = 1
	case '[':
		tokens := false
		p.r.Inputs = p.elements(func() {
			switch next := p.peek(); {
			case next == '[':
				p.r.Counted += p.elements(func() { p.skip() })
			case next == '-' || next >= '0' && next <= '9':
				tokens = true
				p.r.Counted++
				p.skip()
			default:
				p.skip()
			}
		})
		if tokens {
			p.r.Inputs = 1
		}
	default:
		p.skip()
	}
}

func (p *queryParser) fail(field string, got []byte, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("invalid value for '%s': %s, expected %s", field, got, want)
	}
}

func (p *queryParser) text(field string) string {
	v := p.skip()
	switch {
	case v[0] == '"':
		return string(unquoted(v))
	case string(v) != "null":
		p.fail(field, v, "a string")
	}
	return ""
}

func (p *queryParser) flag(field string) bool {
	v := p.skip()
	switch string(v) {
	case "true":
		return true
	case "false", "null":
	default:
		p.fail(field, v, "true or false")
	}
	return false
}

// positive reads a count; 0 for null.
func (p *queryParser) positive(field string) uint32 {
	v := p.skip()
	if string(v) == "null" {
		return 0
	}
	n, err := strconv.ParseFloat(string(v), 64)
	if err != nil || n < 1 || n > math.MaxUint32 || n != math.Trunc(n) {
		p.fail(field, v, "a whole number from 1 to "+strconv.Itoa(math.MaxUint32))
		return 0
	}
	return uint32(n)
}
