package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"ratesim/provider/schema"
)

// wishes are what the answer to a request has to be beside text.
type wishes struct {
	choices uint32
	reasons bool   // the model can think before it answers
	effort  uint32 // quarters of the output that are thoughts
	shown   bool   // the thoughts are sent
	forced  bool   // the request names the function that is to be called
	tier    string // as the answer tells it
	auto    bool   // any tier may answer
	// As the answer repeats them; nil = the request has none.
	echoTools, echoChoice json.RawMessage
}

// asks is what a request asks for, before it is known whether it can be had.
type asks struct {
	wishes
	tools   []shape
	must    bool // a tool is to be called
	several bool // it says itself that it takes several calls
	only    []string
	format  *shape // of the text; nil = any
	// wrong returns the vendor's error for a schema: that of tools[i], or with -1 of the
	// format.
	wrong func(i int, err error) error
}

// shape is what a text has to be, or the arguments of a tool: JSON that satisfies a schema.
type shape struct {
	name    string
	schema  json.RawMessage // nil = any object
	loose   looseness
	openAPI bool // the schema is in the form of OpenAPI
}

// looseness says which schemas a vendor refuses as too loose.
type looseness uint8

const (
	anyLoose looseness = iota // it takes all
	closed                    // it refuses objects with properties that are not listed
	exact                     // it refuses those that may lack properties, too
)

// rejection is an error in a request, which the vendor answers with 400.
type rejection struct{ param, code, message string }

func (r *rejection) Error() string { return r.message }

func reject(param, code, format string, args ...any) error {
	return &rejection{param, code, fmt.Sprintf(format, args...)}
}

// errAnswered says that the request has got an answer already.
var errAnswered = errors.New("answered")

// prepare reads what a request asks of its answer, and makes what it is to say. It reports
// false when it has answered itself.
func (e *exchange) prepare(deployment int) bool {
	err := e.readAsks(deployment, e.body)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errAnswered):
		return false
	}
	if r, ok := errors.AsType[*rejection](err); ok {
		e.answer.Param, e.answer.Code = r.param, r.code
	}
	e.fail(http.StatusBadRequest, err.Error())
	return false
}

// readAsks reads what the body asks of the deployment's answer. Its errors are what the
// vendor says with a 400.
func (e *exchange) readAsks(deployment int, body []byte) error {
	e.wishes = e.s.usual[deployment]
	if e.fromBench {
		e.effort = 0 // it says itself how long its answer is
		return nil
	}
	if e.f.embeds {
		if e.query.Stream {
			return reject("", "", "Unrecognized request argument supplied: stream") // recalled
		}
		return e.checkDimensions()
	}
	if _, ok := e.f.style.(messagesStyle); ok && e.query.MaxTokens == 0 {
		return reject("", "", "max_tokens: Field required")
	}
	if message := unstreamed(e.dialect.Vendor, e.s.c.Deployments[deployment].Config.Model); e.query.Stream && message != "" {
		return reject("stream", "unsupported_value", "%s", message)
	}
	if _, items := e.f.style.(responsesStyle); items { // which tells that there were thoughts, and not which
		e.shown = true
	}
	if e.query.Asks {
		if e.account != nil && !e.hold((perByte+1)*int64(len(body))) { // schemas are copied
			return errAnswered
		}
		a, err := e.f.style.asks(body, e)
		if err != nil {
			return err
		}
		e.wishes = a.wishes
		if e.speech, err = a.speech(); err != nil {
			return err
		}
	}
	e.takeAnswer(body)
	for i := range e.speech {
		s := &e.speech[i]
		s.tokens = uint32(max(1, e.s.c.Count(e.s.c.Deployments[deployment].Config.Model, s.text)))
	}
	return nil
}

// decode reads the fields of a request that it asks with. A value of a wrong type is the
// vendor's error.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return reject(wrong.Field, "invalid_type", "Invalid type for '%s': got a value of type %s.", wrong.Field, wrong.Value)
	}
	return err
}

// speech returns what is to be said; nil is filler.
//
// Where a tool has to be called one is: the first that may be. A request that says itself
// that it takes several calls gets one of each of the first two. Where no tool has to be
// called none is, for nobody knows whether the model would.
func (a *asks) speech() ([]said, error) {
	var list []said
	for i := range a.tools {
		t := &a.tools[i]
		wanted := a.must && (a.only == nil || slices.Contains(a.only, t.name)) && (len(list) == 0 || a.several && len(list) == 1)
		text, err := t.text(wanted)
		if err != nil {
			return nil, a.wrong(i, err)
		}
		if wanted {
			list = append(list, said{sort: aCall, name: t.name, text: text})
		}
	}
	if a.format == nil {
		return list, nil
	}
	text, err := a.format.text(list == nil)
	if err != nil {
		return nil, a.wrong(-1, err)
	}
	if list == nil {
		list = []said{{text: text}}
	}
	return list, nil
}

// text returns JSON of this shape if it is wanted, and otherwise only looks whether the
// vendor would refuse the schema.
func (f *shape) text(wanted bool) (string, error) {
	if !wanted && f.loose == anyLoose {
		return "", nil
	}
	if f.schema == nil {
		return "{}", nil
	}
	parse := schema.Parse
	if f.openAPI {
		parse = schema.ParseOpenAPI
	}
	s, err := parse(f.schema)
	if err == nil && f.loose != anyLoose {
		err = s.Loose(f.loose == exact)
	}
	if err != nil || !wanted {
		return "", err
	}
	b, err := s.Example()
	return string(b), err
}

// anyObject is the schema of what answers are in JSON mode, where no schema is given.
var anyObject = json.RawMessage(`{"type":"object","properties":{"answer":{"type":"string"}}}`)

// object returns the arguments of a call as an object; an empty one of a call that was cut.
func (p *part) object() string {
	if p.text == "" || !json.Valid([]byte(p.text)) {
		return "{}"
	}
	return p.text
}

// listed names values as OpenAI's errors do.
func listed(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = "'" + v + "'"
	}
	if n := len(quoted); n > 1 {
		quoted[n-1] = "and " + quoted[n-1]
	}
	return strings.Join(quoted, ", ")
}
