package mock

import (
	"sync"

	"ratesim/provider/script"
	"ratesim/provider/wire"
)

// answers is where the answers are that the operator has recorded, and the lock around the
// book in which they are counted.
type answers struct {
	list []script.Answer
	last bool // one of them asks for the last message of a request
	mu   sync.Mutex
	book *script.Book
}

// begin counts anew how many requests each has answered.
func (a *answers) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.book = script.NewBook(a.list)
	a.last = a.book.ReadsLast()
}

// Answered returns how many requests each answer of Config.Answers has answered since the
// start, or the last Reset.
func (s *Server) Answered() []script.Played {
	s.answers.mu.Lock()
	defer s.answers.mu.Unlock()
	return s.answers.book.Given()
}

// taken is a recorded answer that a request has got; without a book it is none.
type taken struct {
	book   *script.Book
	answer int
}

// takeAnswer lets a recorded answer be what is said, if there is one for the request. Lines
// of batches get none: their output has to be the same each time that it is fetched.
func (e *exchange) takeAnswer(body []byte) {
	of := &e.s.answers
	if of.list == nil || e.r == nil {
		return
	}
	last := ""
	if of.last {
		last = wire.Last(body)
	}
	a := script.Attempt{Model: e.query.Model, Deployment: e.name, Path: e.r.URL.Path, Key: e.key, Prompt: e.query.Text}
	of.mu.Lock()
	book := of.book
	i := book.Take(&a, last)
	of.mu.Unlock()
	if i < 0 {
		return
	}
	e.taken = taken{book, i}
	x := &of.list[i]
	e.ends = x.Finish != script.Usual
	e.finish = [...]finish{script.Usual: complete, script.Stop: complete, script.Length: cutOff, script.Filtered: filtered}[x.Finish]
	e.speech = []said{}
	if x.Text != "" || x.Calls == nil {
		e.speech = append(e.speech, said{text: x.Text})
	}
	for _, c := range x.Calls {
		e.speech = append(e.speech, said{sort: aCall, name: c.Name, text: c.Arguments})
	}
}

// returnAnswer gives back a recorded answer that was not given.
func (e *exchange) returnAnswer() {
	if e.taken.book == nil || e.decided.reply.OK() {
		return
	}
	e.s.answers.mu.Lock()
	defer e.s.answers.mu.Unlock()
	e.taken.book.Return(e.taken.answer)
}
