// Package script plays fixed sequences of replies to clients, for tests of how they
// retry: 429, 429 and then 200, say. It also holds what models are to say; see [Book].
//
// A sequence belongs to a call and not to a connection or a server: the attempts of one
// call get its replies one after another, whatever other calls come in between, and
// each call begins with the first reply. Package calls tells which attempts belong to
// one call. This package has no clock of its own.
package script

import (
	"time"

	"ratesim/provider/wire"
)

// Header is the header of a request that names the script it wants.
const Header = "Ratesim-Script"

// Script is a sequence of replies, and to which calls it is played.
type Script struct {
	// Name is what requests name in Header. A script with a name and without a Match is
	// played to those requests alone.
	Name    string
	Match   Match
	Matches bool  // there is a Match, be it an empty one
	Calls   int64 // it is played to so many calls; 0 = to all
	Replies []Reply
	Where   string // it was written, for messages
}

// Match says to which calls a script is played: those that have all that is not empty.
type Match struct {
	Model    string // as the request names it, or the name of the deployment
	Path     string
	Key      string // the API key
	Contains string // a part of the prompt
}

// Reply is one reply of a sequence.
type Reply struct {
	Status int // 0 lets the deployment decide, as if there were no script
	// Times is to how many attempts it is given; 0 is one. With For, it is given to all
	// attempts that come within that time of the first that got it.
	Times int
	For   time.Duration

	Limit   wire.Limit // that an error of status 429 names
	Message string     // of an error, instead of the vendor's
	Wait    Wait
	Headers map[string]string // set last
	Delay   time.Duration     // before anything is sent

	// BreakAfter breaks the connection when so many pieces of a streamed answer were
	// sent, and ErrorAfter lets an error event be the last; 0 = neither. Of an answer that
	// is not streamed, half is sent.
	BreakAfter, ErrorAfter uint32
}

// Limits are those that an error of status 429 can name.
var Limits = [...]wire.Limit{wire.Requests, wire.Tokens, wire.Input, wire.Output, wire.Daily, wire.Billing, wire.Capacity}

// Wait is how a reply says when to come back.
type Wait struct {
	Form Form
	For  time.Duration
}

// Form is how a wait is written.
type Form uint8

// The forms of a wait.
const (
	NoWait  Form = iota
	Seconds      // Retry-After: 2
	Date         // Retry-After: Tue, 01 Dec 2026 00:00:00 GMT
	Millis       // Retry-After-Ms: 250
)

// fits reports whether a script is played to a call that begins with a.
func (s *Script) fits(a *Attempt) bool {
	return (s.Matches || s.Name == "") && s.Match.fits(a)
}

func (m *Match) fits(a *Attempt) bool {
	switch {
	case m.Model != "" && m.Model != a.Model && m.Model != a.Deployment,
		m.Path != "" && m.Path != a.Path,
		m.Key != "" && m.Key != a.Key:
		return false
	}
	return a.contains(m.Contains)
}
