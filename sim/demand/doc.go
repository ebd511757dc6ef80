// Package demand says what the calls of a scenario ask of its deployments before
// any client is run: how many of them can succeed at most ([Survey]), and when they
// ask for more than a limit gives ([Load]).
//
// [Look] walks through the arrivals of one replication once. Its memory is bounded
// by the calls that can be pending at one time, and never grows with the length of
// the run.
//
// # The bound
//
// Survey.MostFirst and MostAll are never below the number of calls that succeed under
// any client, whatever it does and whatever it knows of the future. Such a client may
// send a call many times, and may send calls only to be charged for them. The bound is
// not always reached, for two reasons. It drops the most expensive calls, so a client
// that is fair to large calls stays below it. And it allows for moves that are possible
// but that no real client makes.
//
// Hopeless calls count as lost from the start. A call is hopeless if it is larger than
// a limit at all times at which it could be admitted; if it takes longer, at its
// fastest, than the client waits or than is left before its deadline; or if the
// deployment is down during its whole life. Every other call i can be admitted between
// a(i) and b(i). The earliest time a(i) is its arrival plus the shortest way to the
// deployment. The latest time b(i) is its deadline less the shortest way back and less
// the least time that its answer takes.
//
// # One limit, one set of calls
//
// Let S be calls with a(i) >= s. Any one of them that succeeds was admitted between s
// and b(i). A limit lets through only so much: if X are calls that were all
// admitted between s and t, then
//
//	sum of cost(i) over X  <=  Cap(s,t)                                        (1)
//
// for the costs and the Cap that are given below for each kind of limit. So the
// calls of S that succeed satisfy (1) for every t, with X those of them that have
// b(i) <= t. How many can they be at most? Take the calls in the order of b(i), add
// up their costs, and whenever the sum exceeds Cap(s,b(i)) drop the most expensive
// one so far (Moore's algorithm for late jobs, 1968). What was dropped is the least
// number that must be lost.
//
// Proof. Let G be the calls that the algorithm holds after j calls, and F any choice
// of those j that satisfies (1) for every t. Then G has at least as many calls as F,
// and the cheapest |F| calls of G are, one by one from the cheapest, no dearer than
// those of F. By induction over j: if F does not take call j+1, adding it to G and
// dropping the dearest if need be makes no call of G dearer. If F takes it and had
// fewer calls than G, G has enough calls left even if it drops one. If F had as many as
// G, the calls of G and the new one are no dearer one by one than those of F and the
// new one, so they fit, because those do, and none is dropped. One drop is
// always enough, because Cap never falls as t grows and what is dropped is no cheaper
// than what came. The proof uses no more of the sum than that it does not fall when
// calls become dearer; so it also holds where, in place of the sum, all but the n
// dearest calls are summed, which is needed twice below. Costs may be rounded down,
// b(i) rounded up, and calls left out of S: that only weakens what must hold.
//
// # Many sets
//
// The calls that must be lost of two sets without a common call add up. So the walk
// may end a set at any time and begin another with the calls that come from then on,
// and may take another limit for it: whatever it chooses, the sum is right. Calls that
// are pending then belong to neither set. It begins anew when the set so far leaves
// more room than a new one would have, for instance after a pause in which a bucket
// became full, since a sum over a long time forgets that a full bucket gains nothing.
// In the midst of overload it begins others beside, now and then, and goes on with one
// that proves better. Four chains, as the sets are called in the code, are kept for
// each limit. Each is a histogram of costs in about 5,000 cells, exact below 256 and to
// 1 in 128 above. The best chain of all limits counts.
//
// # What a limit lets through
//
// A call is charged r at its admission, and what it comes to in the end is u, if the
// deployment settles; otherwise u is r. C is what a window allows, W its
// length, C/W the rate.
//
//   - Fixed windows: cost min(r, u), Cap C for each window that meets [s,t]. A charge
//     is corrected in its own window only, so that it counts min(r, u) there at least.
//     If windows begin with a request, at most 2+(t-s)/W of them meet [s,t], one less
//     from the run's first call on.
//   - Sliding log: the same with windows from s on: [s,s+W), [s+W,s+2W), …
//   - Sliding counter: if x of the present window has passed, it and the one before it
//     hold at most C + x C together, because the counter lets n calls into the present
//     window only if n + (1-x) last <= C. So Cap is C, and rises at the rate from the
//     end of the first window on.
//   - Held at a time: a call that takes at least d holds r for d. Cost r d, Cap
//     C (t-s + the largest d): nothing is held for longer after t.
//   - Token buckets: a bucket is a debt D that time pays off, at most C when a call is
//     admitted, r included. Let W(t) be D less the refunds to come: the sum of max(0,
//     r-u) over attempts in flight. A call that is admitted raises W by min(r, u) at
//     least, a call that ends does not lower it, and time lowers it by C/W a time unit
//     at most. So with cost min(r, u), Cap = C + (t-s) C/W - W(s).
//   - Provisioned deployments: the same with D < C before a call is admitted, whatever
//     the call costs. So the last call that is admitted need not fit: the sum leaves
//     out the dearest one.
//   - Growth: a bucket whose rate begins at the floor, or at what use before the run
//     earned, and is (1+growth)^p times that in period p, which use at the limit earns.
//   - Output is charged as it is produced: a bucket, whose debt is at most C when a
//     call is admitted, counts what has been produced before. Calls in flight at the
//     last admission count for nothing. They are no more than the limit on requests
//     admits in their longest flight, n, and the sum leaves out the n dearest.
//     Refunds are bounded from the first call of the run only, so no second set is
//     begun. On other windows such a limit bounds nothing: each begins empty, and then
//     any number of calls is admitted at once.
//
// # Refunds
//
// W(s) can be negative: what was reserved for attempts that are in flight at s, and paid
// off by time since, comes back. G = -W(s) is no more than what time paid off since
// the run's first call. It is also no more than this. Time can raise G only at the
// rate v = C/W, so G was at least G(s) - v (s-τ) at every time τ before s, for a time of
// y = G(s)/v; and it is never more than the refunds to come. Adding up over that time,
//
//	v y²/2  <=  sum of (r-u) L over the attempts in flight in it
//
// with L how long an attempt is in flight. Let A be the largest (r-u) L that any call
// can have, failed attempts included. A limit on requests lets no more than N(y+L)
// attempts be sent in y+L, so v y²/2 <= A N(y+L). And those attempts cost v (y+L) in
// the end at most, if G is as large at s as it ever was before; with Q the largest
// (r-u) L/u, v y²/2 <= Q v (y+L). Either gives a largest y. The smallest of the three
// bounds on v y is granted to every set that begins after the run's first call.
//
// # Calls that come to more
//
// Where u > r, cost min(r, u) is too little: the rest is charged, only later. If v is
// the last admission of calls in X, those that ended before v count u, and those in
// flight at v count r. So with cost u, (1) holds if the largest sum of u-r over calls
// in flight at one time is granted. These were admitted within their longest flight L
// before v, so their r sum up to C + v L + G at most; the largest sum of u-r under that
// condition is that of a fractional knapsack, for which a histogram of (u-r)/r is
// kept. Both costs are tried.
//
// # Conditions
//
// Where limits are cut, C is what is in force. While the deployment is down, or every
// attempt fails, nothing succeeds. A debt that is paid off meanwhile is at most C, or
// C and what the last calls before came to beyond it. Faults that strike some attempts
// only are not counted: a client that knows them sends again.
//
// # Several deployments
//
// A call goes to any of them. Take one limit of each deployment d, and a weight w(d)
// for it. If cost(i,d) satisfies (1) on each d, then the least w(d) cost(i,d) of the
// deployments on which call i is not hopeless satisfies it for the sum of w(d) Cap(d). Any
// weights are right; they are those that make the mean call of a sample cost the same on
// all. Tried are the tightest limit of each on tokens, on requests, and on anything.
//
// # Overload
//
// For every limit, Load has two series in steps of time: the work that comes, as the
// vendor counts it in the end, and the rate that the limit gives, with cuts and outages.
// Work is missed when no client can serve it in time. It is taken in the order of b(i),
// and what exceeds Cap is missed, counted in tokens and not in calls. A period of
// overload is reported when some work is missed. It is not reported when a burst waits for
// a while, or when a bucket's savings absorb it. The period begins when the work that had
// come was least ahead of what the limit had given, and ends when it was most ahead
// since: in between more came than was given. With a limit per day the period begins when
// that is used up. A time counts as overload if at least half of the replications have too
// much work then. Where less
// than half of what is missed is missed in such times, the overload comes in bursts, at
// different times in each replication, and one period describes them all.
package demand
