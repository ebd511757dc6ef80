package mock

import (
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"
)

// Bounds say how much memory clients can make a server hold. What would pass a
// bound is refused in the vendor's form. 0 stands for the default.
type Bounds struct {
	Body int64 // bytes of one request; default 32 MiB
	// Bodies are the bytes of all requests that are read and decided at one time;
	// default 512 MiB. One account has half of them. A request counts twice its
	// size, for its text is decoded, and nothing up to 64 KiB, so that clients with
	// small requests are served while others fill the room.
	Bodies int64
	Stored int64 // bytes of the files and batches of all accounts; default 1 GiB
	// AccountStored are the bytes of the files and batches of one account; default
	// 64 MiB.
	AccountStored int64
	// Accounts bounds how many accounts there are, of some kilobytes each; default
	// 65,536. When one more comes, the one that nobody has used for the longest time
	// is forgotten, with its files; if that is less than a minute, the new one gets
	// 503 and is told when to come again.
	Accounts int
}

// small is the size up to which the memory of a request or of a piece of an answer
// is neither counted nor given up.
const small = 64 << 10

// perByte is how many bytes of memory one byte of a request's body may need.
const perByte = 2

// withDefaults returns b with defaults for what is 0.
func (b Bounds) withDefaults() (Bounds, error) {
	b.Body = cmp.Or(b.Body, 32<<20)
	b.Bodies = cmp.Or(b.Bodies, max(512<<20, 4*perByte*b.Body))
	b.Stored = cmp.Or(b.Stored, 1<<30)
	b.AccountStored = cmp.Or(b.AccountStored, 64<<20)
	b.Accounts = cmp.Or(b.Accounts, 1<<16)
	if least := 2 * perByte * (b.Body + 1); b.Bodies < least {
		return b, fmt.Errorf("room for %d bytes of requests does not hold one of %d bytes: want at least %d", b.Bodies, b.Body, least)
	}
	if min(b.Body, b.Stored, b.AccountStored, int64(b.Accounts)) < 0 {
		return b, errors.New("a bound on memory is negative")
	}
	return b, nil
}

// room is memory of which so many bytes may be taken. What is taken of a room is
// taken of the one above it too. It is safe for concurrent use.
type room struct {
	most  int64
	above *room
	used  atomic.Int64
}

// take takes n bytes; it reports false, and takes nothing, when there are not as
// many.
func (r *room) take(n int64) bool {
	if r == nil {
		return true
	}
	if r.used.Add(n) > r.most || !r.above.take(n) {
		r.used.Add(-n)
		return false
	}
	return true
}

// give gives n bytes back.
func (r *room) give(n int64) {
	for ; r != nil; r = r.above {
		r.used.Add(-n)
	}
}
