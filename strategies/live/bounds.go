package live

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// What a Transport keeps of one call, and how long it waits for a coordinator. Beside
// these, it holds what the application has open: it bounds no number of calls, because
// a strategy decides about that.
const (
	// DefaultMaxAnswer is the largest answer that is read, in bytes: twice the largest that
	// a vendor sends, which is 2,048 embeddings of 3,072 numbers of some 20 characters.
	DefaultMaxAnswer = 256 << 20
	// maxKept is how much of a body without GetBody is kept in memory, so that it
	// can be sent again: 32 MiB, more than any vendor takes in a request to a model.
	maxKept = 32 << 20
	// maxTail is how much of the end of a stream is kept: more than the last events
	// of any vendor, which carry no text.
	maxTail = 8 << 10
	// DefaultPatience is how long an ask may take.
	DefaultPatience = time.Second
	// maxLate is how many asks may be with the coordinator although they were given up.
	// Further asks fail at once, so that a coordinator that never returns costs so many
	// goroutines and no more.
	maxLate = 64
)

// ErrTooLarge says that an answer has more bytes than Options.MaxAnswer. Its call has
// ended, because another attempt would most likely have as large an answer.
var ErrTooLarge = errors.New("live: the answer is too large")

func tooLarge(most int64) error {
	return fmt.Errorf("%w: more than %d bytes (Options.MaxAnswer)", ErrTooLarge, most)
}

// PanicError says that code which a Transport called panicked.
type PanicError struct {
	Where string // "the strategy", for example
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("live: panic: %s: %v", e.Where, e.Value) }

// Unwrap returns the value of the panic, if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func panicked(where string, value any) error { return &PanicError{where, value, debug.Stack()} }

// final reports whether an attempt ended in a way that no strategy can mend.
func final(err error) bool {
	return err != nil && (errors.Is(err, ErrTooLarge) || errors.As(err, new(*PanicError)))
}
