package tokens

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Request is what a request to a model costs, as far as it can be told before it is answered.
type Request struct {
	Model     string
	Prompt    int // tokens
	MaxTokens int64
	Messages  int // of a chat; 0 = it is none
	Images    int
	Tools     int
	Guesses   Guesses
}

// Guesses are parts of a request for which no vendor publishes a rule.
type Guesses uint8

// What was guessed, and what was left out.
const (
	ToolGuess  Guesses = 1 << iota // tools that are not OpenAI's functions with flat parameters, calls of tools, schemas of answers
	ImageGuess                     // images of unknown size, or of models without a published rule
	NotCounted                     // parts that are neither text nor images, such as files and sound, which count as nothing
)

// body is what is read of the requests of all endpoints: OpenAI's chat completions, responses,
// completions and embeddings, Anthropic's messages and Gemini's contents.
type body struct {
	Model          string          `json:"model"`
	Messages       []message       `json:"messages"`
	Contents       []message       `json:"contents"`
	System         json.RawMessage `json:"system"`
	SystemGemini   *message        `json:"systemInstruction"`
	Instructions   string          `json:"instructions"`
	Input          json.RawMessage `json:"input"`  // of responses and embeddings
	Prompt         json.RawMessage `json:"prompt"` // of completions
	Tools          []tool          `json:"tools"`
	Functions      []function      `json:"functions"`
	ResponseFormat *struct {
		Schema json.RawMessage `json:"json_schema"`
	} `json:"response_format"`
	MaxTokens  int64 `json:"max_tokens"`
	MaxAnswer  int64 `json:"max_completion_tokens"`
	MaxOutput  int64 `json:"max_output_tokens"`
	Generation struct {
		MaxOutput int64 `json:"maxOutputTokens"`
	} `json:"generationConfig"`
}

type message struct {
	Role    string          `json:"role"`
	Name    string          `json:"name"`
	Content json.RawMessage `json:"content"`
	Parts   json.RawMessage `json:"parts"`
	Calls   []struct {
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

// part is a part of a message, or an item of a list of input.
type part struct {
	message
	Type     string          `json:"type"`
	Text     string          `json:"text"`
	ImageURL json.RawMessage `json:"image_url"` // a URL, or an object with one
	Detail   string          `json:"detail"`
	Source   *source         `json:"source"`     // Anthropic's images
	Inline   *source         `json:"inlineData"` // Gemini's images
	Tool     json.RawMessage `json:"input"`      // of a tool_use
	Call     string          `json:"arguments"`  // of a function_call
	Output   string          `json:"output"`     // of a function_call_output
	Thinking string          `json:"thinking"`
	Refusal  string          `json:"refusal"`
}

type source struct {
	Type string `json:"type"`
	Data string `json:"data"`
}

// sizing is one request while it is counted.
type sizing struct {
	*Request
	c *Counter
}

// Request counts the tokens of the body of a request, for the model that it names, or for
// model if that is not empty. The prompt is what the vendor would count in the usage that it
// reports, without a cache. The error says what is wrong with the JSON.
func (c *Counter) Request(model string, data []byte) (Request, error) {
	var b body
	if err := json.Unmarshal(data, &b); err != nil {
		return Request{}, err
	}
	r := Request{Model: b.Model, Messages: len(b.Messages) + len(b.Contents)}
	for _, most := range [...]int64{b.MaxTokens, b.MaxAnswer, b.MaxOutput, b.Generation.MaxOutput} {
		if most != 0 {
			r.MaxTokens = most // of several the last, which is of the newer endpoints
		}
	}
	if model != "" {
		r.Model = model
	}
	s := sizing{&r, c}
	messages := append(b.Messages, b.Contents...)
	for i := range messages {
		s.message(&messages[i])
	}
	if r.Messages > 0 {
		r.Prompt += perReply
	}
	if len(b.System) > 0 && string(b.System) != "null" {
		r.Prompt += perMessage
		s.content(b.System)
	}
	if b.SystemGemini != nil {
		s.message(b.SystemGemini)
	}
	s.text(b.Instructions)
	s.content(b.Input)
	s.content(b.Prompt)
	s.tools(b.Tools, b.Functions)
	if f := b.ResponseFormat; f != nil && len(f.Schema) > 0 {
		r.Guesses |= ToolGuess
		s.text(string(f.Schema))
	}
	return r, nil
}

func (s sizing) text(text string) {
	if text != "" {
		s.Prompt += s.c.Count(s.Model, text)
	}
}

func (s sizing) message(m *message) {
	s.Prompt += perMessage + perRole
	if m.Name != "" {
		s.Prompt += perName
		s.text(m.Name)
	}
	s.content(m.Content)
	s.content(m.Parts)
	for i := range m.Calls {
		s.Guesses |= ToolGuess
		s.text(m.Calls[i].Function.Name)
		s.text(m.Calls[i].Function.Arguments)
		s.Prompt += perCall
	}
}

// perCall is what a call of a tool costs beside its name and arguments. A guess: it is framed as a
// message is.
const perCall = perMessage

// content counts a text, a list of texts, of tokens and of parts, or one part.
func (s sizing) content(raw json.RawMessage) {
	if len(raw) == 0 {
		return
	}
	switch raw[0] {
	case '"':
		var text string
		if json.Unmarshal(raw, &text) == nil {
			s.text(text)
		}
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil {
			for _, item := range list {
				s.content(item)
			}
		}
	case '{':
		var p part
		if json.Unmarshal(raw, &p) != nil {
			s.Guesses |= NotCounted
			return
		}
		s.part(&p)
	case 'n', 't', 'f':
	default: // a prompt may come as tokens
		s.Prompt++
	}
}

func (s sizing) part(p *part) {
	switch {
	case p.Role != "" && p.Type == "" || p.Type == "message":
		s.message(&p.message)
	case len(p.ImageURL) > 0 || p.Type == "input_image":
		s.imageURL(p)
	case p.Type == "image" && p.Source != nil:
		s.image(p.Source.Data, "")
	case p.Inline != nil:
		s.image(p.Inline.Data, "")
	case p.Type == "tool_use" || p.Type == "function_call":
		s.Guesses |= ToolGuess
		s.Prompt += perCall
		s.text(p.Name)
		s.text(string(p.Tool))
		s.text(p.Call)
	case p.Type == "tool_result" || p.Type == "function_call_output":
		s.Guesses |= ToolGuess
		s.Prompt += perCall
		s.text(p.Output)
		s.content(p.Content)
	case p.Type == "" && p.Text == "", p.Type != "" && !strings.HasSuffix(p.Type, "text") && p.Type != "thinking" && p.Type != "refusal":
		s.Guesses |= NotCounted
	default:
		s.text(p.Text)
		s.text(p.Thinking)
		s.text(p.Refusal)
	}
}

// tool is a tool as OpenAI's chats (function), its responses, or Anthropic define it.
type tool struct {
	Type     string    `json:"type"`
	Function *function `json:"function"`
	function
	Declarations []function `json:"functionDeclarations"`
}

type function struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Parameters  *schema `json:"parameters"`
	Input       *schema `json:"input_schema"`
}

// schema is a JSON schema, as far as it costs tokens.
type schema struct {
	Type        json.RawMessage   `json:"type"`
	Description string            `json:"description"`
	Enum        []json.RawMessage `json:"enum"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
	AnyOf       []schema          `json:"anyOf"`
}

// What tools cost beside the texts in them. Source: openai-cookbook,
// examples/How_to_count_tokens_with_tiktoken.ipynb, section 7. Claude is told in a system prompt
// of its own how tools are used. Source: Anthropic's page on tool use, for Claude 4 and
// tool_choice auto.
const (
	perTool, perOlderTool  = 7, 10 // since gpt-4o, and before
	perProperties          = 3
	perProperty            = 3
	perEnum, perEnumMember = -3, 3
	afterTools             = 12
	claudeTools            = 346
)

func (s sizing) tools(tools []tool, functions []function) {
	for i := range tools {
		t := &tools[i]
		switch {
		case t.Function != nil:
			functions = append(functions, *t.Function)
		case t.Name != "":
			functions = append(functions, t.function)
		case len(t.Declarations) > 0:
			functions = append(functions, t.Declarations...)
		default: // a tool of the vendor, such as web_search
			s.Guesses |= NotCounted
		}
	}
	s.Tools = len(functions)
	if len(functions) == 0 {
		return
	}
	e, ratio := s.c.encodingOf(s.Model)
	n, each := afterTools, perTool
	if e == s.c.cl100k {
		each = perOlderTool
	}
	if !ratio.Published {
		s.Guesses |= ToolGuess
	}
	for i := range functions {
		f := &functions[i]
		n += each + e.count(f.Name+":"+strings.TrimSuffix(f.Description, "."))
		for _, p := range []*schema{f.Parameters, f.Input} {
			if p != nil {
				n += s.properties(e, p, false)
			}
		}
	}
	n = ratio.of(n)
	if strings.HasPrefix(ratio.Family, "Claude") {
		n += claudeTools
	}
	s.Prompt += n
}

// properties counts the parameters of a function, or those within a parameter, for which no
// rule is published.
func (s sizing) properties(e *encoding, of *schema, nested bool) int {
	n := 0
	if len(of.Properties) > 0 {
		n += perProperties
	}
	for name, p := range of.Properties {
		n += perProperty + e.count(name+":"+typeName(p.Type)+":"+strings.TrimSuffix(p.Description, "."))
		if len(p.Enum) > 0 {
			n += perEnum
			for _, member := range p.Enum {
				n += perEnumMember + e.count(strings.Trim(string(member), `"`))
			}
		}
		n += s.properties(e, &p, true)
	}
	if nested && (len(of.Properties) > 0 || of.Items != nil || len(of.AnyOf) > 0) {
		s.Guesses |= ToolGuess
	}
	if of.Items != nil {
		n += e.count(typeName(of.Items.Type)) + s.properties(e, of.Items, true)
	}
	for i := range of.AnyOf {
		n += e.count(typeName(of.AnyOf[i].Type)) + s.properties(e, &of.AnyOf[i], true)
	}
	return n
}

// typeName returns a type, or the types of a list, as they are counted.
func typeName(raw json.RawMessage) string {
	return strings.NewReplacer(`"`, "", "[", "", "]", "").Replace(string(raw))
}

// String names the guesses in a sentence; it is empty for none.
func (g Guesses) String() string {
	var parts []string
	for i, text := range []string{
		"tools, calls of tools or schemas for which no rule is published, which are estimated",
		"images whose size or rule is not known, which are estimated as 1,024 by 1,024 pixels",
		"parts that are neither text nor images, which count as nothing",
	} {
		if g&(1<<i) != 0 {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("has %s", strings.Join(parts, ", and "))
}
