// Package limit holds the arithmetic of rate limits per minute, one file an
// algorithm. Providers enforce with it and clients pace with it; it knows
// neither.
//
// All limiters speak the same words. Cost is in tokens, or in requests where
// the limit counts requests. Earliest answers "may I, and if not, when?" and
// changes nothing that can be seen; Take charges, whether or not there is room,
// so that the caller can ask several limiters before it charges any; Settle
// corrects an earlier charge, found by the ticket Take gave for it; Left says what
// replies carry in their headers; Resize changes the limit while it is in use.
// Time never runs backwards from one call to the next. No operation
// allocates once the window has been full.
package limit

import "time"

// Window is the length of the windows of all limits per minute.
const Window = time.Minute

// Ticket stands for a charge, so that it can be settled. It is good for as
// long as the charge counts; a later one is not mistaken for it before 2^32
// more have been made.
type Ticket uint32
