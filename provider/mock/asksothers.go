package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// check returns the vendor's error if a tool that may be called is not among the tools.
func (a *asks) check(unknown func(name string) error) error {
	for _, name := range a.only {
		if !slices.ContainsFunc(a.tools, func(t shape) bool { return t.name == name }) {
			return unknown(name)
		}
	}
	return nil
}

// anthropicTags are the choices of tools. Messages are as those of the vendor's validator,
// pydantic; that for a schema is of anthropics/claude-code#86664, the others are recalled.
var anthropicTags = []string{"auto", "any", "tool", "none"}

// messagesAsks is what a request to Messages can ask for beside text.
type messagesAsks struct {
	MaxTokens int64  `json:"max_tokens"`
	Tier      string `json:"service_tier"`
	Tools     []struct {
		Type   string          `json:"type"`
		Name   string          `json:"name"`
		Schema json.RawMessage `json:"input_schema"`
		Strict bool            `json:"strict"`
	} `json:"tools"`
	Choice *struct {
		Type   string `json:"type"`
		Name   string `json:"name"`
		Single *bool  `json:"disable_parallel_tool_use"`
	} `json:"tool_choice"`
	Format *jsonOutput `json:"output_format"` // as output_config.format was called first
	Output struct {
		Effort string      `json:"effort"`
		Format *jsonOutput `json:"format"`
	} `json:"output_config"`
	Thinking thinking `json:"thinking"`
}

// jsonOutput is the form that a request to Messages asks for.
type jsonOutput struct {
	Type   string          `json:"type"`
	Schema json.RawMessage `json:"schema"`
}

func (messagesStyle) asks(body []byte, e *exchange) (*asks, error) {
	var q messagesAsks
	a := &asks{wishes: e.wishes}
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	where := "output_config.format.schema"
	if q.Format != nil {
		q.Output.Format, where = q.Format, "output_format.schema"
	}
	a.wrong = func(i int, err error) error {
		if i < 0 {
			return reject("", "", "%s: %v", where, err)
		}
		return reject("", "", "tools.%d.custom.input_schema: JSON schema is invalid: %v. It must match JSON Schema draft 2020-12 "+
			"(https://json-schema.org/draft/2020-12). Learn more about tool use at https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview.", i, err)
	}
	for i := range q.Tools {
		t := &q.Tools[i]
		if t.Type != "" && t.Type != "custom" {
			continue // Anthropic runs it itself, or knows its schema
		}
		s := shape{name: t.Name, schema: t.Schema}
		if t.Strict {
			s.loose = closed
		}
		a.tools = append(a.tools, s)
	}
	var ok bool
	if a.tier, ok = e.dialect.Tier(q.Tier); !ok {
		return nil, reject("", "", "service_tier: Input should be 'auto' or 'standard_only'")
	}
	if c := q.Choice; c != nil {
		if !slices.Contains(anthropicTags, c.Type) {
			return nil, reject("", "", "tool_choice: Input tag '%s' found using 'type' does not match any of the expected tags: '%s'", c.Type, strings.Join(anthropicTags, "', '"))
		}
		if q.Tools == nil && c.Type != "none" {
			return nil, reject("", "", "tool_choice may only be specified while providing tools")
		}
		a.must = (c.Type == "any" || c.Type == "tool") && a.tools != nil
		a.several = c.Single != nil && !*c.Single
		if c.Type == "tool" {
			a.only = []string{c.Name}
		}
	}
	if f := q.Output.Format; f != nil {
		if f.Type != "json_schema" {
			return nil, reject("", "", "%s: Input should be 'json_schema'", strings.TrimSuffix(where, "schema")+"type")
		}
		a.format = &shape{schema: f.Schema, loose: closed}
	}
	return a, first(errors.Join(
		a.check(func(name string) error { return reject("", "", "Tool '%s' not found in provided tools", name) }),
		q.Thinking.set(a, q.MaxTokens, q.Output.Effort)))
}

// thinking is how a request to Claude says how much it is to think.
type thinking struct {
	Type   string `json:"type"`
	Budget int64  `json:"budget_tokens"`
}

func (t *thinking) set(a *asks, most int64, effort string) error {
	switch t.Type {
	case "", "disabled":
		return nil
	case "adaptive":
		a.effort, a.shown = 2, true
		if i := slices.Index(efforts[:], effort); i >= 0 {
			a.effort = quarters[i]
		}
	case "enabled":
		switch {
		case t.Budget < 1024:
			return reject("", "", "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
		case most > 0 && t.Budget >= most:
			return reject("", "", "`max_tokens` must be greater than `thinking.budget_tokens`")
		}
		a.effort, a.shown = ofBudget(t.Budget), true
	default:
		return reject("", "", "thinking: Input tag '%s' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'", t.Type)
	}
	if a.must {
		return reject("", "", "Thinking may not be enabled when tool_choice forces tool use.")
	}
	return nil
}

// ofBudget returns how many quarters of an answer are thoughts that may have so many tokens.
func ofBudget(tokens int64) uint32 {
	switch {
	case tokens == 0:
		return 0
	case tokens <= 4096:
		return 1
	case tokens <= 16384:
		return 2
	}
	return 3
}

// keys are the fields of an object of Gemini's, which takes them in camelCase and in
// snake_case.
type keys map[string]json.RawMessage

func (k *keys) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*k = keys{}
	for name, v := range raw {
		words := strings.Split(name, "_")
		for i := 1; i < len(words); i++ {
			if words[i] != "" {
				words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
			}
		}
		if string(v) != "null" {
			(*k)[strings.Join(words, "")] = v
		}
	}
	return nil
}

// read reads the value of a key, if there is one.
func (k keys) read(name string, into any) error {
	v, ok := k[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(v, into); err != nil {
		return reject("", "", "Invalid value at '%s': %s", name, shortened(string(v)))
	}
	return nil
}

// asks reads a request to Gemini. Messages are those of tailcallhq/forgecode#1404 and of its
// errors about enumerations; that for a schema begins as in pipecat-ai/pipecat-flows#110.
func (geminiStyle) asks(body []byte, e *exchange) (*asks, error) {
	var q keys
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	a := &asks{wishes: e.wishes}
	var declared []string // where each tool is declared
	a.wrong = func(i int, err error) error {
		if i < 0 {
			return reject("", "", "* GenerateContentRequest.generation_config.response_schema: %v", err)
		}
		return reject("", "", "* GenerateContentRequest.%s.parameters: %v", declared[i], err)
	}
	var tools []keys
	var config keys
	if err := errors.Join(q.read("tools", &tools), q.read("generationConfig", &config)); err != nil {
		return nil, first(err)
	}
	for i, t := range tools {
		var functions []keys
		if err := t.read("functionDeclarations", &functions); err != nil {
			return nil, err
		}
		for j, f := range functions {
			s := shape{schema: f["parametersJsonSchema"]}
			if p := f["parameters"]; p != nil {
				s.schema, s.openAPI = p, true
			}
			if err := f.read("name", &s.name); err != nil {
				return nil, err
			}
			a.tools = append(a.tools, s)
			declared = append(declared, fmt.Sprintf("tools[%d].function_declarations[%d]", i, j))
		}
	}
	if err := errors.Join(a.geminiTools(q), a.geminiConfig(config)); err != nil {
		return nil, first(err)
	}
	return a, nil
}

func (a *asks) geminiTools(q keys) error {
	var config, calling keys
	var mode string
	err := errors.Join(q.read("toolConfig", &config), config.read("functionCallingConfig", &calling))
	if err = errors.Join(err, calling.read("mode", &mode), calling.read("allowedFunctionNames", &a.only)); err != nil || calling == nil {
		return err
	}
	switch strings.ToUpper(mode) {
	case "", "AUTO", "NONE", "MODE_UNSPECIFIED", "VALIDATED":
		a.only = nil
	case "ANY":
		a.must = true
	default:
		return reject("", "", "Invalid value at 'tool_config.function_calling_config.mode' "+
			"(type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode), %q", mode)
	}
	if a.tools == nil {
		return reject("", "", "Function calling config is set without function_declarations.")
	}
	return a.check(func(name string) error {
		return reject("", "", "allowed_function_names: %s is not among the function_declarations.", name)
	})
}

func (a *asks) geminiConfig(config keys) error {
	var kind string
	var choices *int64
	var thinks keys
	if err := errors.Join(config.read("responseMimeType", &kind), config.read("candidateCount", &choices), config.read("thinkingConfig", &thinks)); err != nil {
		return err
	}
	openAPI, free := config["responseSchema"], config["responseJsonSchema"]
	switch schema := openAPI; {
	case schema != nil || free != nil:
		if kind != "application/json" && kind != "text/x.enum" {
			return reject("", "", "Response schema is only supported with response mime type 'application/json' or 'text/x.enum'.")
		}
		if schema == nil {
			schema = free
		}
		a.format = &shape{schema: schema, openAPI: openAPI != nil}
	case kind == "application/json":
		a.format = &shape{schema: anyObject}
	}
	if choices != nil {
		if *choices < 1 || *choices > 8 {
			return reject("", "", "* GenerateContentRequest.generation_config.candidate_count: candidate_count must be in the range from 1 to 8, got %d.", *choices)
		}
		a.choices = uint32(*choices)
	}
	return a.geminiThinking(thinks)
}

// geminiThinking reads how much Gemini is to think: by tokens, of which -1 leaves it to the
// model, or by a level.
func (a *asks) geminiThinking(config keys) error {
	var budget *int64
	var level string
	if err := errors.Join(config.read("thinkingBudget", &budget), config.read("thinkingLevel", &level), config.read("includeThoughts", &a.shown)); err != nil {
		return err
	}
	if budget != nil && *budget >= 0 {
		a.effort = ofBudget(*budget)
	}
	if i := slices.Index(efforts[:], strings.ToLower(level)); i >= 0 {
		a.effort = quarters[i]
	}
	if a.shown = a.shown && a.effort > 0; a.effort > 0 && !a.reasons {
		return reject("", "", "Thinking is not enabled for this model.") // recalled
	}
	return nil
}

// asks reads a request to Bedrock's Converse. Messages are recalled.
func (converseStyle) asks(body []byte, e *exchange) (*asks, error) {
	var q struct {
		Config struct {
			Tools []struct {
				Spec *struct {
					Name   string `json:"name"`
					Schema struct {
						JSON json.RawMessage `json:"json"`
					} `json:"inputSchema"`
				} `json:"toolSpec"`
			} `json:"tools"`
			Choice map[string]struct {
				Name string `json:"name"`
			} `json:"toolChoice"`
		} `json:"toolConfig"`
		Output struct {
			Format struct {
				Type      string `json:"type"`
				Structure struct {
					Schema struct {
						Text string `json:"schema"` // the schema is a string
					} `json:"jsonSchema"`
				} `json:"structure"`
			} `json:"textFormat"`
		} `json:"outputConfig"`
		Fields struct {
			Thinking thinking `json:"thinking"` // as Claude takes it
		} `json:"additionalModelRequestFields"`
	}
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	a := &asks{wishes: e.wishes}
	a.wrong = func(i int, err error) error {
		if i < 0 {
			return reject("", "", "The value at outputConfig.textFormat.structure.jsonSchema.schema is invalid: %v", err)
		}
		return reject("", "", "The value at toolConfig.tools.%d.toolSpec.inputSchema.json is invalid: %v", i, err)
	}
	for _, t := range q.Config.Tools {
		if t.Spec != nil { // else it is a point up to which prompts are cached
			a.tools = append(a.tools, shape{name: t.Spec.Name, schema: t.Spec.Schema.JSON})
		}
	}
	if f := q.Output.Format; f.Type == "json_schema" {
		a.format = &shape{schema: json.RawMessage(f.Structure.Schema.Text), loose: closed}
	}
	for kind, c := range q.Config.Choice {
		switch kind {
		case "auto":
		case "any", "tool":
			if a.must = true; kind == "tool" {
				a.only = []string{c.Name}
			}
		default:
			return nil, reject("", "", "Unknown choice of a tool %q: want one of auto, any and tool.", kind)
		}
	}
	if a.tools == nil && a.must {
		return nil, reject("", "", "The toolConfig field must be defined when a tool is to be called.")
	}
	return a, first(errors.Join(
		a.check(func(name string) error {
			return reject("", "", "The tool %s in toolChoice is not in toolConfig.tools.", name)
		}),
		q.Fields.Thinking.set(a, int64(e.query.MaxTokens), "")))
}
