package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

const day = 24 * time.Hour

// Unit is what a limit counts.
type Unit uint8

// The units of limits.
const (
	Request Unit = iota
	Token        // input and output together
	InputToken
	OutputToken
	Percent // of a provisioned deployment's capacity in use
)

// Standing is one limit as it stands when a provider answers. Absent limits and
// remaining counts are written as they are, -1: Azure has been seen to send that
// (openai/openai-dotnet#838).
type Standing struct {
	Unit      Unit
	Per       time.Duration // the window: a minute, an hour, a day; 0 for Percent
	Limit     int64
	Remaining int64         // may be negative where Used can pass the limit
	Reset     time.Duration // from now until nothing is used
}

// Answer is what a provider says to an attempt, exactly, before a Dialect puts
// it in a vendor's words.
type Answer struct {
	Status int   // as HTTP has it, 429 for any refusal by a limit; see Dialect.Status
	Limit  Limit // that refused; NoLimit otherwise
	Now    time.Time

	// Who speaks to whom. Headers for what is empty are left out.
	Model, Deployment, Organization, Region, RequestID string

	Standings []Standing // what the headers tell, on any answer

	// About the limit that refused: what it counts, over which window, its
	// size, how much of it was used, and how much the attempt asked for.
	Unit                  Unit
	Per                   time.Duration
	Most, Used, Requested int64

	Message string // of an error that no limit is the cause of; empty = that of the status
	// Param and Code are of the field that such an error is about, where the vendor names it.
	Param, Code string

	// Unserved is the name of a model that a request names and that is not served. The
	// status is the vendor's own then, and Message is added to what the vendor says.
	Unserved string

	Millis bool // the wait is told in retry-after-ms

	Wait time.Duration // of an error, until the same attempt would be admitted; Absent when it is not known
}

// Told returns what a client reads of a refusal by l, a limit on unit: its
// status, and which limit it names. Many vendors say less than they know.
func (d Dialect) Told(l Limit, unit Unit) (status int, told Limit) {
	h := http.Header{}
	a := Answer{Status: StatusTooManyRequests, Limit: l, Unit: unit, Per: time.Minute, Most: 2, Used: 1, Requested: 1, Wait: time.Second}
	if l == Daily {
		a.Per = day
	}
	var r Reply
	status, body := d.Encode(&a, h)
	Parse(status, h, body, time.Time{}, &r)
	return status, r.Limit
}

// standing returns the first of a's standings on unit in the order of the
// windows given.
func (a *Answer) standing(unit Unit, windows ...time.Duration) (Standing, bool) {
	for _, per := range windows {
		for _, s := range a.Standings {
			if s.Unit == unit && s.Per == per {
				return s, true
			}
		}
	}
	return Standing{}, false
}

// text is what an error says that no limit is the cause of.
func (a *Answer) text(status int) string { return cmp.Or(a.Message, http.StatusText(status)) }

// asksToWait reports whether the vendor can say when to come back.
func (a *Answer) asksToWait() bool {
	return a.Status >= 400 && a.Wait >= 0 && a.Limit != Billing && a.Limit != Oversize
}

// Dialect is how one vendor says what a provider answers. The zero value is
// none; DialectOf returns the others.
type Dialect struct {
	Vendor  string
	refuse  func(l Limit) int                          // status of a refusal; nil where it is always 429
	headers func(a *Answer, status int, h http.Header) // sets the headers of any answer
	body    func(a *Answer, status int) any            // returns an error's body, for encoding/json
	// unserved returns the status and what is said about a model of a name that is not served.
	unserved func(name string) (status int, message string)
}

// Dialects lists all dialects.
var Dialects = [...]Dialect{
	{"openai", nil, openAIHeaders, openAIBody, openAIUnserved},
	{"azure", nil, azureHeaders, azureBody, azureUnserved},
	{"anthropic", anthropicRefuse, anthropicHeaders, anthropicBody, anthropicUnserved},
	{"gemini", geminiRefuse, geminiHeaders, geminiBody, geminiUnserved},
	{"bedrock", bedrockRefuse, bedrockHeaders, bedrockBody, bedrockUnserved},
	{"groq", groqRefuse, groqHeaders, groqBody, openAIUnserved},
	{"mistral", nil, mistralHeaders, mistralBody, mistralUnserved},
	{"cerebras", cerebrasRefuse, cerebrasHeaders, cerebrasBody, cerebrasUnserved},
	{"xai", xaiRefuse, xaiHeaders, xaiBody, xaiUnserved},
}

// DialectOf returns the dialect of the vendor of that name.
func DialectOf(vendor string) (Dialect, bool) {
	for _, d := range Dialects {
		if d.Vendor == vendor {
			return d, true
		}
	}
	return Dialect{}, false
}

// Status returns what the vendor answers where others send status: a refusal,
// 429, by some limits has a status of its own, as Groq's 413 for a request that
// is too large.
func (d Dialect) Status(status int, l Limit) int {
	if status != StatusTooManyRequests || d.refuse == nil {
		return status
	}
	return d.refuse(l)
}

// Encode sets the headers the vendor sends with a, and returns the status and
// the body of an error. A success has no body here: that is the completion.
func (d Dialect) Encode(a *Answer, h http.Header) (status int, body []byte) {
	status = d.Status(a.Status, a.Limit)
	if a.Unserved != "" {
		told := *a
		status, told.Message = d.unserved(a.Unserved)
		if a.Message != "" {
			told.Message += " " + a.Message
		}
		a = &told
	}
	d.headers(a, status, h)
	if status < 300 {
		return status, nil
	}
	set(h, "Content-Type", "application/json")
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(d.body(a, status)) // cannot fail: bodies are made of strings and numbers
	return status, bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// setTrio sets x-ratelimit-{limit,remaining,reset}-name. An empty reset is left
// out.
func setTrio(h http.Header, name string, s Standing, reset string) {
	var t trio
	switch name { // most answers have these: their names are not made anew
	case "Requests":
		t = trio{"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"}
	case "Tokens":
		t = trio{"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"}
	default:
		t = trio{"X-Ratelimit-Limit-" + name, "X-Ratelimit-Remaining-" + name, "X-Ratelimit-Reset-" + name}
	}
	set(h, t.limit, strconv.FormatInt(s.Limit, 10))
	set(h, t.remaining, strconv.FormatInt(s.Remaining, 10))
	set(h, t.reset, reset)
}

type trio struct{ limit, remaining, reset string }

// set sets a header unless value is empty. Its name is as net/http spells it:
// to spell it anew takes longer than all else that is done for an answer.
func set(h http.Header, name, value string) {
	if value != "" {
		h[name] = []string{value}
	}
}

// setRetryAfter sets retry-after in whole seconds, rounded up: a client that
// comes back earlier is refused again.
func setRetryAfter(a *Answer, h http.Header) {
	switch {
	case !a.asksToWait():
	case a.Millis:
		set(h, "Retry-After-Ms", strconv.FormatInt(roundUp(a.Wait, time.Millisecond), 10))
	default:
		set(h, "Retry-After", strconv.FormatInt(roundUp(a.Wait, time.Second), 10))
	}
}
