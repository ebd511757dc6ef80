package script

import "strings"

// Answer is what a model says to some requests, in place of what it would make up.
type Answer struct {
	Match  Match
	Last   string // a part of the last message; empty = any
	Times  int64  // it answers so many requests; 0 = all
	Text   string
	Calls  []Call
	Finish Finish
	Where  string // it was written, for messages
}

// Call is a call of a tool.
type Call struct {
	Name      string
	Arguments string // in JSON
}

// Finish is why an answer ends.
type Finish uint8

// The reasons. Usual is what follows from the answer: it is complete, cut by the bound on
// the output, or ends for the result of a tool.
const (
	Usual Finish = iota
	Stop
	Length
	Filtered
)

// Finishes lists the names of all reasons, indexed by Finish.
var Finishes = [...]string{"usual", "stop", "length", "content_filter"}

// Book holds the answers to requests. The first that fits a request, and has not answered as
// many as it may, answers it. A Book is not safe for concurrent use.
type Book struct {
	answers []Answer
	given   []Played
	last    bool // an answer asks for the last message
}

// NewBook returns a book of answers, which must not be changed afterwards.
func NewBook(answers []Answer) *Book {
	b := &Book{answers: answers}
	for i := range answers {
		b.given = append(b.given, Played{Where: answers[i].Where})
		b.last = b.last || answers[i].Last != ""
	}
	return b
}

// ReadsLast reports whether Take has to know the last message of a request.
func (b *Book) ReadsLast() bool { return b.last }

// Take returns the index of the answer to a request whose last message is given, -1 without
// one.
func (b *Book) Take(a *Attempt, last string) int {
	for i := range b.answers {
		x := &b.answers[i]
		if (x.Times == 0 || b.given[i].Calls < x.Times) && x.Match.fits(a) && strings.Contains(last, x.Last) {
			b.given[i].Calls++
			return i
		}
	}
	return -1
}

// Return says that an answer that was taken was not given, for the request was refused.
func (b *Book) Return(i int) { b.given[i].Calls-- }

// Given returns how many requests each answer has answered.
func (b *Book) Given() []Played { return append([]Played{}, b.given...) }
