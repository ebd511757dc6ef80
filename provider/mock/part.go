package mock

import (
	"strings"
	"unicode/utf8"
)

// sort is what a part of an answer is.
type sort uint8

const (
	aText    sort = iota
	aThought      // what the model says to itself before it answers
	aCall         // of a tool; the text is its arguments in JSON
)

// finish is why a choice ends.
type finish uint8

// The reasons; each style has a table of its own names for them.
const (
	complete finish = iota
	cutOff          // by the bound on the output
	called          // for a tool's result
	filtered
)

// said is a piece of what a model says.
type said struct {
	sort   sort
	name   string // of the tool
	text   string
	tokens uint32
}

// part is a piece of an answer as it is sent: a text, a thought or a call of a tool. An
// answer has the parts of its choices one after another.
type part struct {
	said
	filler   bool   // its text is filler
	hidden   bool   // it is billed and not sent
	from, to uint32 // of the answer's tokens, those that it is
	choice   uint32
	index    uint32 // among the parts of its choice that are sent
	call     uint32 // among the calls of its choice
	first    bool   // of its choice that is sent
	last     bool   // of its choice
	finish   finish // of its choice, where it is the last
}

// compose makes the parts of the answer to a request, of which each choice would have so
// many tokens if it were filler, and returns how many tokens there are in all. A choice that
// would be longer than most is cut; most = 0 is no bound.
func (e *exchange) compose(drawn, most uint32) uint32 {
	e.parts, e.saying, e.thought = e.parts[:0], 0, 0
	at := uint32(0)
	for i := range max(1, e.choices) {
		at = e.compose1(at, i, drawn, most)
	}
	e.output = at
	return at
}

// compose1 appends the parts of one choice, which begins after at tokens, and returns how
// many tokens there are then.
func (e *exchange) compose1(at, choice, drawn, most uint32) uint32 {
	begin, left := len(e.parts), most
	if most == 0 {
		left = ^uint32(0)
	}
	add := func(s said, filler, hidden bool) {
		p := part{said: s, filler: filler, hidden: hidden, from: at, choice: choice}
		if s.tokens > left {
			p.text, p.tokens = s.text[:s.cut(left)], left
		}
		left -= p.tokens
		at += p.tokens
		p.to = at
		e.parts = append(e.parts, p)
	}
	tokens := drawn
	if e.speech != nil {
		tokens = 0
		for _, s := range e.speech {
			tokens += s.tokens
		}
	}
	share := e.effort
	thought := uint32(uint64(tokens) * uint64(share) / 4) // of filler, a share of what was drawn
	if e.speech != nil {
		thought = uint32(uint64(tokens) * uint64(share) / uint64(4-share)) // else beside what is said
	}
	if thought > 0 {
		add(said{sort: aThought, tokens: thought}, true, !e.shown)
		e.thought += e.parts[begin].tokens
	}
	if e.speech == nil {
		if left > 0 || thought == 0 || !e.shown {
			add(said{tokens: drawn - thought}, true, false)
		}
	}
	for _, s := range e.speech {
		if left > 0 || len(e.parts) == begin {
			add(s, false, false)
		} else if len(e.parts) == begin+1 && e.parts[begin].hidden {
			add(said{}, false, false) // there is a message, and nothing in it
			break
		}
	}
	e.number(e.parts[begin:], most > 0 && left == 0)
	return at
}

// number numbers the parts of one choice, and says why it ends.
func (e *exchange) number(parts []part, cut bool) {
	index, calls := uint32(0), uint32(0)
	for i := range parts {
		p := &parts[i]
		p.index, p.call, p.first = index, calls, !p.hidden && index == 0
		if !p.hidden {
			index++
		}
		if p.sort == aCall {
			calls++
		}
	}
	last := &parts[len(parts)-1]
	last.last = true
	switch {
	case cut:
		last.finish = cutOff
	case calls > 0:
		last.finish = called
	}
	if e.ends && !cut {
		last.finish = e.finish
	}
}

// cut returns how many bytes of the text of s are so many of its tokens, which is never a
// part of a character.
func (s *said) cut(tokens uint32) int {
	if tokens >= s.tokens {
		return len(s.text)
	}
	n := int(uint64(len(s.text)) * uint64(tokens) / uint64(s.tokens))
	for n > 0 && !utf8.RuneStart(s.text[n]) {
		n--
	}
	return n
}

// whole appends all of a part's text, escaped as in a JSON string.
func (e *exchange) whole(b []byte, p *part) []byte { return e.some(b, p, p.from, p.to) }

// some appends the text of a part's tokens from, up to and without to, likewise.
func (e *exchange) some(b []byte, p *part, from, to uint32) []byte {
	if p.filler {
		return e.words(b, from-p.from, to-p.from)
	}
	return appendEscaped(b, p.text[p.cut(from-p.from):p.cut(to-p.from)])
}

// begin appends the events before the first text of a stream.
func (e *exchange) begin(b []byte) []byte { return e.open(e.f.style.begin(b, e)) }

// open appends the events with which the part begins that comes next.
func (e *exchange) open(b []byte) []byte {
	if p := &e.parts[e.saying]; !p.hidden {
		b = e.f.style.open(b, e, p)
	}
	return b
}

// say appends the tokens from, up to and without to, as events.
func (e *exchange) say(b []byte, from, to uint32) []byte {
	for {
		p := &e.parts[e.saying]
		end := min(to, p.to)
		if !p.hidden {
			b = e.f.style.piece(b, e, p, max(from, p.from), end)
		}
		if end < p.to || e.saying == len(e.parts)-1 {
			return b
		}
		if !p.hidden {
			b = e.f.style.close(b, e, p)
		}
		e.saying++
		b = e.open(b)
	}
}

// end appends the events after the last text.
func (e *exchange) end(b []byte) []byte {
	return e.f.style.end(e.f.style.close(b, e, &e.parts[len(e.parts)-1]), e)
}

// filler is what models say here: a word and the space before it are a token. It
// needs no escapes.
var filler = strings.Repeat(" word", 1<<10)

// words appends the tokens from, up to and without to, of filler.
func (e *exchange) words(b []byte, from, to uint32) []byte {
	if from == 0 && to > 0 {
		b = append(b, "Word"...)
		from++
	}
	for n := int(to) - int(from); n > 0; n = int(to) - int(from) {
		n = min(n, len(filler)/len(" word"))
		b = e.spill(append(b, filler[:n*len(" word")]...))
		from += uint32(n)
	}
	return b
}

// appendEscaped appends s as it stands between the quotes of a JSON string.
func appendEscaped(b []byte, s string) []byte {
	begin := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[begin:i]...)
		begin = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(b, s[begin:]...)
}
