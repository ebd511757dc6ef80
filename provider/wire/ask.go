package wire

import "time"

// Ask is what an instance asks of a coordinator, which hands out a quota that
// several instances share.
//
// It is answered by a Reply. Without Lease, 200 grants what was wanted, to be
// spent once RetryAfter has passed, and 429 refuses it, because RetryAfter would
// be longer than Within, or for ever where Limit is Oversize. With Lease, 200
// tells in Requests and Tokens the instance's share of the quota: Remaining is
// what it may spend a minute, Reset for how long. Anything else says that the
// coordinator is out of order, and nothing was granted.
type Ask struct {
	From   uint32 // the instance, which the driver fills in
	Number uint32 // of its asks, likewise; with From it names every random draw

	Requests, Tokens int64         // wanted: now, or, with Lease, a minute
	Lease            time.Duration // for how long a share is wanted; 0 = none is
	Within           time.Duration // the longest wait that is of use
	// What was granted before and was not needed. Negative tokens are those that
	// were needed beyond the grant.
	BackRequests, BackTokens int64
}
