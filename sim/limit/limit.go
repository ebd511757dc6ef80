// Package limit holds the arithmetic of rate limits, one file a kind.
// Providers enforce with it and clients pace with it; it knows neither.
//
//	kind         rule                                          memory           who enforces so
//	Log          what was charged in the last width            a charge 16 B    clients that keep count; the MS simulator
//	Counter      the same, spread evenly over two windows      constant         Cloudflare, Kong
//	Fixed        what was charged since the window began       constant         Azure a minute; Gemini; limits a day
//	Bucket       what was charged and is not refilled yet      constant         OpenAI, Anthropic, Groq
//	Utilisation  the same, checked before the call is added    constant         Azure provisioned
//	InFlight     what is held                                  constant         concurrency, batch queues
//	Ramp         what was used in the period before, and more  constant         OpenAI slow_down, Anthropic acceleration
//
// A limit enforced in slices, 60 a minute as 1 a second, is a Fixed of the
// slice's share per slice.
//
// All limiters speak the same words. Cost is in tokens, or in requests where
// the limit counts requests, and never negative. Earliest answers "may I, and if
// not, when?" and changes nothing that can be seen; Fits says whether the answer
// can ever be yes; Take charges, whether or not there is room, so that the caller
// can ask several limiters before it charges any; Settle corrects an earlier
// charge, found by the ticket Take gave for it, by at least minus what it was;
// Refuse counts a refused request, as some vendors do; Left says what replies
// carry in their headers; Resize changes the limit while it is in use. Time
// never runs backwards from one call to the next. No operation allocates once
// the window has been full.
//
// Who has used less is never refused for it, but for two kinds. A Fixed with
// windows from the first request lets an early charge start a window that is
// over sooner, and to a Ramp it is usage that earns the rate of the next period.
package limit

import "time"

// Window is the length of the windows of all limits per minute.
const Window = time.Minute

// Ticket stands for a charge, so that it can be settled. It is good for as
// long as the charge counts; a later one is not mistaken for it before 2^32
// more have been made.
type Ticket uint32
