// Package limit holds the arithmetic of rate limits, with one file for each kind.
// Providers enforce limits with it, and clients pace with it.
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
// All limiters have the same methods. Cost is in tokens, or in requests where the
// limit counts requests, and is never negative.
//
//   - Earliest says when a cost can be admitted. It changes nothing that can be seen.
//   - Fits says whether a cost can ever be admitted.
//   - Take charges a cost whether or not there is room, so that the caller can ask
//     several limiters before it charges any.
//   - Settle corrects an earlier charge, which it finds by the ticket that Take gave. It
//     takes back at most what was charged.
//   - Refuse counts a refused request, as described below.
//   - Left says what replies carry in their headers.
//   - Resize changes the limit while it is in use.
//
// Time never runs backwards from one call to the next. No operation allocates once the
// window has been full.
//
// # What a refused request costs
//
// Some vendors count the requests that they refuse: "As unsuccessful requests
// contribute to your per-minute limit, continuously resending a request won't
// work" (OpenAI, help.openai.com/en/articles/5955604). Azure's page says that
// failed calls may count (quota-2.md, 2026-05-06). Refuse charges a refused
// request like an admitted one, in the arithmetic of each kind. The last column
// says how much of a limit is still given out when requests come at random at
// twice its rate and no client reacts to refusals:
//
//	kind         a refused request                                     given out
//	Log          is one more entry, for a width                        nothing
//	Counter      counts in the present window, and fades in the next   nothing
//	Fixed        counts until the window ends; then it is forgotten    all
//	Bucket       takes one, or what has been refilled of one           41 %
//	Utilisation  costs nothing                                         all
//	InFlight     costs nothing                                         all
//	Ramp         costs nothing, and earns nothing                      all
//
// Log and Counter: Kong's sliding window counts refusals unless disable_penalty
// is set, and Kong warns that a client that keeps sending is blocked for ever; its
// fixed windows start anew whatever was sent before (developer.konghq.com,
// gateway/rate-limiting/window-types). A Fixed in slices does the same in each slice.
//
// Bucket: a refusal takes one request, or the part of one that has been refilled, and
// does not overdraw the bucket. OpenAI's words say that a refusal takes something: if
// a refusal by an empty bucket cost nothing, a client that resends all the time would
// pass as soon as one request is refilled. OpenAI's 429s show that it does not
// overdraw: the number that they call used never exceeds the limit, and the wait is
// never longer than the time between two requests (120 ms of 500 a minute, 20 s of 3,
// 8.64 s of 10,000 a day), also when thousands came at once. No other rule makes a
// bucket of one the same as a log of one. When requests come at random at r > 1 times
// the rate, the share x that is given out solves x e^-x = r e^-r: 91 % at 1.1, 63 % at
// 1.5, 3 % at 5. At Groq a refusal seems to cost nothing: at 30 requests a minute, one
// in 2 s, its 429s name waits of 1.724 s and 1.969 s.
//
// Utilisation: Azure refuses before it adds (provisioned-throughput.md,
// 2026-02-10). InFlight: a refused request is not held. Ramp: only usage counts.
//
// Using less of a limit never makes a later refusal more likely, except for two kinds.
// With a Fixed whose windows begin with the first request, an early charge starts a
// window that ends sooner. With a Ramp, usage earns the rate of the next period.
package limit

import "time"

// Window is the length of the windows of all limits per minute.
const Window = time.Minute

// Ticket stands for a charge, so that it can be settled. It is good for as
// long as the charge counts; a later one is not mistaken for it before 2^32
// more have been made.
type Ticket uint32
