package strategies

// Order names who is next in a Queue.
type Order uint8

// The orders, as users name them.
const (
	FIFO     Order = iota // first come, first served
	Priority              // the lowest Call.Priority; among equals the first to come
	Fair                  // start-time fair queueing over tenants by token cost
)

var orderNames = [...]string{"fifo", "priority", "fair"}

func (o Order) String() string { return orderNames[o] }

// Weights say how tenants share, by the number of the tenant. A tenant that is missing
// here or has 0 has the weight 1.
type Weights []float64

func (w Weights) of(tenant uint16) float64 {
	if int(tenant) < len(w) && w[tenant] > 0 {
		return w[tenant]
	}
	return 1
}

// Queued is the Phase of a call that waits in a Queue.
const Queued uint8 = 255

// Queue holds waiting calls and says who is next. Its zero value is an empty
// FIFO. Calls that come in the order in which they are served wait in a ring, and so do
// calls that come back in that order. All others wait in a heap. Push, Pop and Peek take
// O(1) if no call is in the heap, as in FIFO, and otherwise O(log n). They allocate only
// to grow.
//
// Fair is start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): a call
// starts, in virtual time, when the calls before it of the same tenant have had
// their tokens, but not before the call served last; the earliest start is served
// first. Two tenants that always have calls waiting differ in tokens served, each
// divided by its tenant's weight, by at most one call of each.
//
// The entry of a call that has ended stays where it is and is skipped when its turn
// comes. The call's ID and Phase show that it has ended, even after the driver has reused
// its memory.
//
// Stretch is for Fair. With it a call's place is its start + Stretch x its
// tokens: 1 orders by finish tags, as weighted fair queueing does, and more lets
// small calls go first, but a call is overtaken by at most Stretch times its own
// tokens of those that came after it. That is for limits on tokens. Under a limit on
// requests, where a small call takes as much as a large one, Flat does without. Ranked
// lets the most urgent go first, and is fair among equals.
type Queue struct {
	Order   Order
	Weights Weights // Fair: how tenants share; nil = equally
	Stretch int64
	Ranked  bool
	Flat    bool // the calls that come now take their places without Stretch

	back, fresh ring      // calls that came back, and those that never left
	heap        []waiting // those that go before the last of their ring; with Stretch, all that never left; in FIFO, the deferred

	live   int    // entries whose call still waits
	pushed uint64 // twice the entries ever made
	served int64  // Fair: virtual time, the start of the call served last

	finish []int64 // Fair: when, in virtual time, each tenant has had all it asked for
	latest int64   // Fair: the largest of finish
}

// waiting is a call's entry, ordered by class and then by place.
type waiting struct {
	key
	entry
}

// key is where in the order a call is; FIFO does without.
type key struct {
	class int64  // Priority: the priority; Fair: the virtual start, in tokens
	place uint64 // order of arrival; neverLeft is set unless the call came back, and flat if it came without Stretch
}

// What a place has beside the order of arrival, which is counted in twos.
const (
	// neverLeft puts calls that never left behind those that came back for a retry.
	neverLeft uint64 = 1 << 63
	// flat marks calls that came while the queue was Flat.
	flat uint64 = 1
)

func (w *key) before(v *key) bool {
	return w.class < v.class || w.class == v.class && w.place < v.place
}

// Len returns how many calls wait.
func (q *Queue) Len() int { return q.live }

// Push adds c, last of its class, and sets its Phase to Queued.
func (q *Queue) Push(c *Call) {
	switch q.Order {
	case FIFO:
		q.fresh.push(entry{c, c.ID})
	case Priority:
		q.add(&q.fresh, c, int64(c.Priority), neverLeft)
	case Fair:
		from := neverLeft
		if q.Flat {
			from |= flat
		}
		q.add(&q.fresh, c, q.start(c)+q.behind(c, from), from)
	}
	c.Phase = Queued
	q.live++
}

// PushAs adds c to a Queue by Priority, by a priority that is not its own.
func (q *Queue) PushAs(c *Call, priority int64) {
	q.add(&q.fresh, c, priority, neverLeft)
	c.Phase = Queued
	q.live++
}

// start returns the virtual time at which c may start, and charges its tenant.
func (q *Queue) start(c *Call) int64 {
	for int(c.Tenant) >= len(q.finish) {
		q.finish = append(q.finish, 0)
	}
	if q.live == 0 { // nobody is owed anything
		q.served = q.latest
	}
	f := &q.finish[c.Tenant]
	start := max(q.served, *f)
	*f = start + q.length(c)
	q.latest = max(q.latest, *f)
	return start
}

// length is how long c takes in virtual time.
func (q *Queue) length(c *Call) int64 {
	cost := max(c.Cost(), 1)
	if q.Weights == nil {
		return cost
	}
	return int64(float64(cost) * virtualUnit / q.Weights.of(c.Tenant))
}

// virtualUnit is how long a token takes at weight 1, where weights differ: enough
// for weights up to 100 to be told apart, and for 10^15 tokens at a weight of 0.01.
const virtualUnit = 1 << 12

// Return adds c, which was popped before. It goes ahead of the calls of its class that
// were not popped before, because it has waited for its turn already. Under Fair its
// tenant is not charged again.
func (q *Queue) Return(c *Call) {
	switch q.Order {
	case FIFO:
		q.back.push(entry{c, c.ID})
	case Priority:
		q.add(&q.back, c, int64(c.Priority), 0)
	case Fair:
		q.add(&q.back, c, q.served+q.rank(c), 0)
	}
	c.Phase = Queued
	q.live++
}

// Defer adds c, which was popped before, behind all that have not been deferred,
// whatever their class. Under Fair its tenant is not charged again.
func (q *Queue) Defer(c *Call) {
	if q.Order == FIFO { // whose rings have no keys
		q.pushed += 2
		q.pushHeap(waiting{key{lastClass, q.pushed}, entry{c, c.ID}})
	} else {
		q.add(&q.fresh, c, lastClass, neverLeft)
	}
	c.Phase = Queued
	q.live++
}

// lastClass is above the class of every call that is not deferred: see rank.
const lastClass = 1 << 62

// behind is how far behind its start the place of c in a Fair queue is.
func (q *Queue) behind(c *Call, place uint64) int64 {
	if q.Stretch == 0 || place&flat != 0 {
		return q.rank(c)
	}
	return q.rank(c) + q.Stretch*q.length(c)
}

// rank puts all calls of one priority behind those of a lower one: virtual time
// stays below 2^55.
func (q *Queue) rank(c *Call) int64 {
	if !q.Ranked {
		return 0
	}
	return int64(c.Priority) << 55
}

// add adds c to a class, to the end of r if that is its place, which with Stretch
// it seldom is. from is 0 for one that came back.
func (q *Queue) add(r *ring, c *Call, class int64, from uint64) {
	q.pushed += 2
	w := waiting{key{class, q.pushed | from}, entry{c, c.ID}}
	if q.Stretch == 0 && (r.n == 0 || r.key(r.n-1).class <= class) {
		r.pushKey(w)
		return
	}
	q.pushHeap(w)
}

func (q *Queue) pushHeap(w waiting) {
	q.makeRoom()
	q.heap = append(q.heap, w)
	q.up(len(q.heap) - 1)
}

// head returns the entry of the next call, and its key unless the Order is FIFO;
// nil if none waits.
func (q *Queue) head() (e *entry, k *key) {
	if q.live == 0 {
		return nil, nil
	}
	if q.back.n+q.fresh.n+len(q.heap) > q.live { // else there is no need to look at their memory
		q.dropEnded()
	}
	if q.Order == FIFO {
		switch {
		case q.back.n > 0:
			return q.back.at(0), nil
		case q.fresh.n > 0:
			return q.fresh.at(0), nil
		}
		return &q.heap[0].entry, &q.heap[0].key // all that wait are deferred
	}
	if q.fresh.n > 0 {
		e, k = q.fresh.at(0), q.fresh.key(0)
	}
	if q.back.n > 0 && (k == nil || q.back.key(0).before(k)) {
		e, k = q.back.at(0), q.back.key(0)
	}
	if len(q.heap) > 0 && (k == nil || q.heap[0].before(k)) {
		e, k = &q.heap[0].entry, &q.heap[0].key
	}
	return e, k
}

// dropEnded drops the entries of ended calls that are before all others of
// their ring or the heap.
func (q *Queue) dropEnded() {
	q.back.dropEnded()
	q.fresh.dropEnded()
	for len(q.heap) > 0 && q.heap[0].ended() {
		q.drop()
	}
}

// Peek returns the next call and leaves it in the queue; nil if none waits.
func (q *Queue) Peek() *Call {
	if e, _ := q.head(); e != nil {
		return e.call
	}
	return nil
}

// Leads reports whether c, which was pushed last, is the next call.
func (q *Queue) Leads(c *Call) bool { return q.live == 1 || q.Peek() == c }

// Pop removes and returns the next call, its Phase set to 0; nil if none
// waits.
func (q *Queue) Pop() *Call {
	e, k := q.head()
	if e == nil {
		return nil
	}
	c := e.call
	q.take(e, k)
	return c
}

// take is Pop of e, the head, and its key.
func (q *Queue) take(e *entry, k *key) {
	c := e.call
	if q.Order == Fair && k.class < lastClass {
		q.served = max(q.served, k.class-q.behind(c, k.place))
	}
	switch {
	case len(q.heap) > 0 && e == &q.heap[0].entry:
		q.drop()
	case q.back.n > 0 && e == q.back.at(0):
		q.back.drop()
	default:
		q.fresh.drop()
	}
	q.live--
	c.Phase = 0
}

// Remove takes out c, which must be waiting and about to be ended.
func (q *Queue) Remove(c *Call) {
	c.Phase = 0
	q.live--
}

// drop removes the first entry of the heap.
func (q *Queue) drop() {
	n := len(q.heap) - 1
	last := q.heap[n]
	q.heap[n].call = nil
	q.heap = q.heap[:n]
	if n > 0 {
		q.down(0, last)
	}
}

// makeRoom makes room in the heap: it removes the entries of ended calls, and
// doubles the room unless that emptied half of it.
func (q *Queue) makeRoom() {
	if len(q.heap) < cap(q.heap) {
		return
	}
	kept := q.heap[:0]
	for _, w := range q.heap {
		if !w.ended() {
			kept = append(kept, w)
		}
	}
	clear(q.heap[len(kept):])
	q.heap = kept
	for i := len(kept)/2 - 1; i >= 0; i-- {
		q.down(i, kept[i])
	}
	if 2*len(kept) >= cap(kept) {
		// One entry from the start of a cache line, so that both children of an
		// entry lie in one. The allocator sees to that from 1023 entries on, where
		// it puts no header before them; 500,000 are popped a tenth faster.
		q.heap = append(make([]waiting, 1, max(32, 2*cap(kept)+2)), kept...)[1:]
	}
}

func (q *Queue) up(i int) {
	w := q.heap[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !w.before(&q.heap[parent].key) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = w
}

// down puts w where it belongs at or below the hole i.
func (q *Queue) down(i int, w waiting) {
	n := len(q.heap)
	for {
		child := 2*i + 1
		if child >= n {
			break
		}
		if child+1 < n && q.heap[child+1].before(&q.heap[child].key) {
			child++
		}
		if !q.heap[child].before(&w.key) {
			break
		}
		q.heap[i] = q.heap[child]
		i = child
	}
	q.heap[i] = w
}
