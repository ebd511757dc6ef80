package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
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
func (d *Dialect) Told(l Limit, unit Unit) (status int, told Limit) {
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

// Dialect is all that is a vendor's own on the wire: where it takes requests and in which
// form, what its replies tell of the limits and by which headers, and its errors. DialectOf
// returns that of a vendor.
type Dialect struct {
	Vendor string

	Routes           []Route
	Key              string // the header that carries an API key, as net/http spells it; empty = Authorization, after Bearer
	path, streamPath string // of completions, as those of Routes, with the query; an empty streamPath is the same
	// ask appends a request for a completion.
	ask func(b []byte, deployment, text string, maxTokens uint32, streamed bool) []byte
	// Mark is a header that tells the vendor's requests from those of others at the same path;
	// empty = there is none.
	Mark string

	// ToolChoices are words for which tool is to be called, beside none, auto and required;
	// each demands a call. They are of vendors that speak like OpenAI.
	ToolChoices []string
	tiers       []tier // the first is that of requests that do not ask; nil = the vendor has none
	// Snapshots are the vendors whose snapshots the models are. Replies name the snapshot that
	// answers; where it is nil, they repeat the id that the request has.
	Snapshots []string
	// Bare cuts what stands before a slash from the names of models in replies.
	Bare             bool
	Refusals, Listed Naming
	Alive            Alive

	Headers      Headers
	quotas       func(d *Dialect, a *Answer, h http.Header)     // sets the headers on the limits; nil = there are none
	requestID    string                                         // the header with the id of a request
	organization string                                         // the header with the name of the organisation
	also         func(a *Answer, status int, h http.Header)     // sets what other headers there are; nil = none
	refuse       func(l Limit) int                              // status of a refusal; nil where it is always 429
	body         func(a *Answer, status int) any                // returns an error's body, for encoding/json
	unserved     func(name string) (status int, message string) // what is said about a model of a name that is not served
}

// Naming is how something of a vendor's names a model.
type Naming uint8

// The ways.
const (
	ByModel Naming = iota // as the catalog does
	ByReply               // as replies do
	ByKey                 // as the catalog does, whichever snapshot it is
)

// Alive is what a vendor sends while the first token of an answer is awaited, so that
// nobody takes the connection for dead. It is nothing where Every is 0.
type Alive struct {
	Every           time.Duration
	Streamed, Whole string
}

// Dialects lists all dialects.
var Dialects = [...]Dialect{openAI, azure, anthropic, gemini, bedrock, groq, mistral, cerebras, xai, deepSeek, together}

// DialectOf returns the dialect of the vendor of that name.
func DialectOf(vendor string) (*Dialect, bool) {
	for i := range Dialects {
		if d := &Dialects[i]; d.Vendor == vendor {
			return d, true
		}
	}
	return nil, false
}

// Status returns what the vendor answers where others send status: a refusal,
// 429, by some limits has a status of its own, as Groq's 413 for a request that
// is too large.
func (d *Dialect) Status(status int, l Limit) int {
	if status != StatusTooManyRequests || d.refuse == nil {
		return status
	}
	return d.refuse(l)
}

// Encode sets the headers the vendor sends with a, and returns the status and
// the body of an error. A success has no body here: that is the completion.
func (d *Dialect) Encode(a *Answer, h http.Header) (status int, body []byte) {
	status = d.Status(a.Status, a.Limit)
	if a.Unserved != "" {
		told := *a
		status, told.Message = d.unserved(a.Unserved)
		if a.Message != "" {
			told.Message += " " + a.Message
		}
		a = &told
	}
	if d.quotas != nil {
		d.quotas(d, a, h)
	}
	d.setWait(a, status, h)
	set(h, d.requestID, a.RequestID)
	set(h, d.organization, a.Organization)
	if d.also != nil {
		d.also(a, status, h)
	}
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
