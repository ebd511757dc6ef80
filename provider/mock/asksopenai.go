package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ratesim/provider/schema"
)

// function is a function as OpenAI's APIs define it.
type function struct {
	Type       string          `json:"type"`
	Name       string          `json:"name"`
	Parameters json.RawMessage `json:"parameters"`
	Strict     bool            `json:"strict"`
}

func (f *function) shape() shape {
	s := shape{name: f.Name}
	if len(f.Parameters) > 0 && string(f.Parameters) != "null" {
		s.schema = f.Parameters
	}
	if f.Strict {
		s.loose = exact
	}
	return s
}

// jsonFormat is a format as OpenAI's APIs define it.
type jsonFormat struct {
	Name   string          `json:"name"`
	Schema json.RawMessage `json:"schema"`
	Strict bool            `json:"strict"`
}

// set sets what the text of an answer has to be; field is where the request says so.
func (f *jsonFormat) set(a *asks, e *exchange, kind, field string) error {
	switch kind {
	case "", "text":
		return nil
	case "json_object":
		if !strings.Contains(strings.ToLower(e.query.Text), "json") {
			return reject(map[string]string{"response_format": "messages"}[field], "",
				"'messages' must contain the word 'json' in some form, to use '%s' of type 'json_object'.", field)
		}
		a.format = &shape{schema: anyObject}
		return nil
	case "json_schema":
		if f.Schema == nil {
			return reject(field+".schema", "missing_required_parameter", "Missing required parameter: '%s.schema'.", field)
		}
		a.format = &shape{name: f.Name, schema: f.Schema}
		if f.Strict {
			a.format.loose = exact
		}
		return nil
	}
	return reject(field+".type", "invalid_value", "Invalid value: '%s'. Supported values are: 'json_object', 'json_schema', and 'text'.", kind)
}

// badSchema is what OpenAI's APIs say of a schema. Sources: moeru-ai/xsai#202 for chats,
// mavam/pi-web-providers#14 for responses. Those of functions, and that a schema that nothing
// satisfies is refused in these words, are recalled.
func (a *asks) badSchema(i int, err error, formatParam, formatCode, toolParam string) error {
	what, name, param, code := "response_format", "", formatParam, formatCode
	if i >= 0 {
		what, name, param, code = "function", a.tools[i].name, fmt.Sprintf(toolParam, i), "invalid_function_parameters"
	} else {
		name = a.format.name
	}
	path, problem := []string(nil), err.Error()
	if s, ok := errors.AsType[*schema.Error](err); ok {
		path, problem = s.Path, s.Problem
	}
	context := "()"
	if len(path) > 0 {
		context = "('" + strings.Join(path, "', '") + "')"
	}
	return reject(param, code, "Invalid schema for %s '%s': In context=%s, %s.", what, name, context, problem)
}

// toolChoice reads which tool is to be called: a word, or an object that names one.
func (a *asks) toolChoice(e *exchange, raw json.RawMessage, chat bool) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var word string
	if json.Unmarshal(raw, &word) == nil {
		return a.chooseWord(e, word, chat)
	}
	var c struct {
		Type     string   `json:"type"`
		Name     string   `json:"name"`
		Mode     string   `json:"mode"`
		Tools    []named  `json:"tools"`
		Function function `json:"function"`
		Custom   function `json:"custom"`
		Allowed  struct {
			Mode  string  `json:"mode"`
			Tools []named `json:"tools"`
		} `json:"allowed_tools"`
	}
	if err := decode(raw, &c); err != nil {
		return reject("tool_choice", "invalid_type", "Invalid type for 'tool_choice': expected one of 'none', 'auto', 'required' or an object.")
	}
	switch c.Type {
	case "allowed_tools":
		a.must, a.only = c.Mode == "required" || c.Allowed.Mode == "required", []string{}
		for _, t := range append(c.Tools, c.Allowed.Tools...) {
			a.only = append(a.only, t.Name+t.Function.Name)
		}
	case "function", "custom":
		a.must, a.forced, a.only = true, true, []string{c.Name + c.Function.Name + c.Custom.Name}
	default:
		if chat {
			return reject("tool_choice.type", "invalid_value", "Invalid value: '%s'. Supported values are: 'allowed_tools', 'custom', and 'function'.", c.Type)
		}
		return nil // a tool that OpenAI runs itself
	}
	return a.check(func(name string) error {
		return reject("tool_choice", "", "Tool choice '%s' not found in 'tools' parameter.", name) // recalled
	})
}

// named is a tool that is named.
type named struct {
	Name     string   `json:"name"`
	Function function `json:"function"`
}

// chooseWord reads a choice of a tool that is a word. The message of one without tools is
// that of dapr/dapr-agents#248; that of responses is recalled.
func (a *asks) chooseWord(e *exchange, word string, chat bool) error {
	known := append([]string{"none", "auto", "required"}, e.dialect.ToolChoices...)
	switch {
	case !slices.Contains(known, word):
		return reject("tool_choice", "invalid_value", "Invalid value: '%s'. Supported values are: %s.", word, listed(known))
	case a.tools == nil && chat && word != "none" && a.echoTools == nil:
		return reject("tool_choice", "", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
	case a.echoTools == nil && word == "required":
		return reject("tool_choice", "", "Tool choice 'required' must be specified with 'tools' parameter.")
	}
	a.must = word != "none" && word != "auto" && a.tools != nil
	return nil
}

// serviceTier reads the tier that a request asks for.
func (a *asks) serviceTier(e *exchange, tier string) error {
	told, ok := e.dialect.Tier(tier)
	if !ok {
		return reject("service_tier", "invalid_value", "Invalid value: '%s'. Supported values are: %s.", tier, listed(e.dialect.Tiers()))
	}
	a.tier, a.auto = told, tier == "auto"
	return nil
}

// reasoning reads how much the model is to think; field is where the request says so.
func (a *asks) reasoning(effort, field string) error {
	if effort == "" {
		return nil
	}
	i := slices.Index(efforts[:], effort)
	if i < 0 {
		return reject(field, "unsupported_value", "Unsupported value: '%s' is not supported with this model. Supported values are: %s.", effort, listed(efforts[:]))
	}
	if !a.reasons {
		return reject(field, "unsupported_parameter", "Unsupported parameter: '%s' is not supported with this model.", field)
	}
	a.effort = quarters[i]
	return nil
}

func (chatStyle) asks(body []byte, e *exchange) (*asks, error) {
	var q struct {
		N        *int64 `json:"n"`
		Tier     string `json:"service_tier"`
		Effort   string `json:"reasoning_effort"`
		Logprobs bool   `json:"logprobs"`
		Top      *int64 `json:"top_logprobs"`
		Tools    []struct {
			Type     string   `json:"type"`
			Function function `json:"function"`
		} `json:"tools"`
		Choice   json.RawMessage `json:"tool_choice"`
		Parallel *bool           `json:"parallel_tool_calls"`
		Format   struct {
			Type   string     `json:"type"`
			Schema jsonFormat `json:"json_schema"`
		} `json:"response_format"`
	}
	a := &asks{wishes: e.wishes}
	a.wrong = func(i int, err error) error {
		return a.badSchema(i, err, "response_format", "", "tools[%d].function.parameters")
	}
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	for i := range q.Tools {
		a.echoTools = json.RawMessage{}
		if q.Tools[i].Type == "function" {
			a.tools = append(a.tools, q.Tools[i].Function.shape())
		}
	}
	a.several = q.Parallel != nil && *q.Parallel
	err := errors.Join(a.setChoices(q.N), a.serviceTier(e, q.Tier), a.reasoning(q.Effort, "reasoning_effort"),
		a.toolChoice(e, q.Choice, true), q.Format.Schema.set(a, e, q.Format.Type, "response_format"))
	if q.Top != nil && !q.Logprobs {
		err = errors.Join(err, reject("top_logprobs", "", "Invalid value for 'top_logprobs': must be used with 'logprobs' set to true."))
	}
	return a, first(err)
}

// first returns the first of joined errors: a vendor names one.
func first(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()[0]
	}
	return err
}

// setChoices reads how many choices there are to be.
func (a *asks) setChoices(n *int64) error {
	const most = 128
	switch {
	case n == nil:
	case *n < 1:
		return reject("n", "integer_below_min_value", "Invalid 'n': integer below minimum value. Expected a value >= 1, but got %d instead.", *n)
	case *n > most:
		return reject("n", "integer_above_max_value", "Invalid 'n': integer above maximum value. Expected a value <= %d, but got %d instead.", most, *n)
	default:
		a.choices = uint32(*n)
	}
	return nil
}

func (responsesStyle) asks(body []byte, e *exchange) (*asks, error) {
	var q struct {
		Tier      string `json:"service_tier"`
		Reasoning struct {
			Effort string `json:"effort"`
		} `json:"reasoning"`
		Tools    json.RawMessage `json:"tools"`
		Choice   json.RawMessage `json:"tool_choice"`
		Parallel *bool           `json:"parallel_tool_calls"`
		Text     struct {
			Format struct {
				Type string `json:"type"`
				jsonFormat
			} `json:"format"`
		} `json:"text"`
	}
	a := &asks{wishes: e.wishes}
	a.wrong = func(i int, err error) error {
		return a.badSchema(i, err, "text.format.schema", "invalid_json_schema", "tools[%d].parameters")
	}
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	var tools []function
	if len(q.Tools) > 0 {
		if err := decode(q.Tools, &tools); err != nil {
			return nil, err
		}
	}
	for i := range tools {
		if tools[i].Type == "function" {
			a.tools = append(a.tools, tools[i].shape())
		}
	}
	if len(tools) > 0 {
		a.echoTools = q.Tools
	}
	if len(q.Choice) > 0 && string(q.Choice) != "null" {
		a.echoChoice = q.Choice
	}
	a.several = q.Parallel != nil && *q.Parallel
	return a, first(errors.Join(a.serviceTier(e, q.Tier), a.reasoning(q.Reasoning.Effort, "reasoning.effort"),
		a.toolChoice(e, q.Choice, false), q.Text.Format.set(a, e, q.Text.Format.Type, "text.format")))
}
