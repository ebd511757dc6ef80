package strategies_test

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ratesim/strategies"
)

// sortedQueue is a Queue that anyone can see is right: a slice, searched for
// the smallest (class, came back or not, when put in).
type sortedQueue struct {
	order   strategies.Order
	stretch int64
	flat    bool
	ranked  bool
	items   []item
	puts    int
	now     int64            // Fair: virtual time
	finish  map[uint16]int64 // Fair: by tenant
}

type item struct {
	call  *strategies.Call
	rank  int // Fair: the priority, where it counts
	class int64
	start int64 // Fair
	fresh int
	put   int
}

// deferred in place of fresh puts a call behind all others.
const deferred = 2

func (q *sortedQueue) put(c *strategies.Call, fresh int) {
	q.puts++
	it := item{call: c, fresh: fresh, put: q.puts}
	switch {
	case fresh == deferred:
	case q.order == strategies.Priority:
		it.class = int64(c.Priority)
	case q.order == strategies.Fair && fresh == 0:
		it.class, it.start = q.now, q.now
	case q.order == strategies.Fair:
		if len(q.items) == 0 {
			for _, f := range q.finish {
				q.now = max(q.now, f)
			}
		}
		it.start = max(q.now, q.finish[c.Tenant])
		it.class = it.start
		if !q.flat {
			it.class += q.stretch * max(1, c.Cost())
		}
		q.finish[c.Tenant] = it.start + max(1, c.Cost())
	}
	if q.ranked {
		it.rank = int(c.Priority)
	}
	if fresh == deferred {
		it.rank, it.class, it.start = math.MaxInt, 0, q.now
	}
	q.items = append(q.items, it)
}

func (q *sortedQueue) pop() *strategies.Call {
	if len(q.items) == 0 {
		return nil
	}
	best := 0
	for i, a := range q.items {
		b := q.items[best]
		if slices.Compare([]int{a.rank, int(a.class), a.fresh, a.put}, []int{b.rank, int(b.class), b.fresh, b.put}) < 0 {
			best = i
		}
	}
	it := q.items[best]
	q.items = slices.Delete(q.items, best, best+1)
	if q.order == strategies.Fair {
		q.now = max(q.now, it.start)
	}
	return it.call
}

func (q *sortedQueue) remove(c *strategies.Call) {
	q.items = slices.DeleteFunc(q.items, func(it item) bool { return it.call == c })
}

func TestQueueAgainstSortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom([]strategies.Order{strategies.FIFO, strategies.Priority, strategies.Fair}).Draw(t, "order")
		q := strategies.Queue{Order: order}
		if order == strategies.Fair {
			q.Stretch, q.Ranked = rapid.Int64Range(0, 3).Draw(t, "stretch"), rapid.Bool().Draw(t, "ranked")
		}
		twin := sortedQueue{order: order, stretch: q.Stretch, ranked: q.Ranked, finish: map[uint16]int64{}}
		var memory [60]strategies.Call // reused, as drivers do
		var served []*strategies.Call
		id := uint64(0)
		for range rapid.IntRange(1, 300).Draw(t, "length") {
			c := &memory[rapid.IntRange(0, len(memory)-1).Draw(t, "call")]
			switch op := rapid.IntRange(0, 6).Draw(t, "op"); {
			case op <= 2 && c.Phase != strategies.Queued: // a new call in old memory
				served = slices.DeleteFunc(served, func(x *strategies.Call) bool { return x == c })
				id++
				*c = strategies.Call{ID: id,
					EstimatedPrompt: rapid.Uint32Range(0, 9).Draw(t, "prompt"),
					Tenant:          rapid.Uint16Max(2).Draw(t, "tenant"),
					Priority:        rapid.Int8Range(-1, 1).Draw(t, "priority")}
				q.Flat = rapid.Bool().Draw(t, "flat")
				twin.flat = q.Flat
				q.Push(c)
				twin.put(c, 1)
			case op == 3 && c.Phase == strategies.Queued: // it ends while it waits
				q.Remove(c)
				twin.remove(c)
			case op == 4 && len(served) > 0: // it comes back
				c, served = served[0], served[1:]
				q.Return(c)
				twin.put(c, 0)
			case op == 5 && len(served) > 0: // it comes back, and goes last
				c, served = served[0], served[1:]
				q.Defer(c)
				twin.put(c, deferred)
			default:
				got, want := q.Pop(), twin.pop()
				if got != want {
					t.Fatalf("popped %+v, want %+v", got, want)
				}
				if got != nil {
					served = append(served, got)
				}
			}
			if q.Len() != len(twin.items) {
				t.Fatalf("Len() = %d, want %d", q.Len(), len(twin.items))
			}
		}
	})
}

// TestFairShares: of two tenants that always have calls waiting, neither gets
// ahead by more than one call of each, tokens divided by the tenant's weight (Goyal
// et al., theorem 1).
func TestFairShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := strategies.Queue{Order: strategies.Fair}
		weight := [2]float64{1, 1}
		if rapid.Bool().Draw(t, "weighted") {
			for i := range weight {
				weight[i] = rapid.Float64Range(0.01, 100).Draw(t, "weight")
			}
			q.Weights = weight[:]
		}
		var largest, served [2]float64
		const n = 100
		for i := range uint64(2 * n) {
			tenant := uint16(i % 2)
			c := &strategies.Call{ID: i, Tenant: tenant, EstimatedPrompt: rapid.Uint32Range(1, 1000).Draw(t, "prompt")}
			largest[tenant] = max(largest[tenant], float64(c.Cost())/weight[tenant])
			q.Push(c)
		}
		for left := [2]int{n, n}; left[0] > 0 && left[1] > 0; {
			c := q.Pop()
			left[c.Tenant]--
			served[c.Tenant] += float64(c.Cost()) / weight[c.Tenant]
			const rounding = n / 4096.0 // a call's length is cut to virtual units
			if ahead := served[0] - served[1]; math.Abs(ahead) > largest[0]+largest[1]+rounding {
				t.Fatalf("served %v tokens by weight; the largest calls were %v", served, largest)
			}
		}
	})
}

// TestStretch: with Stretch, tenants that always have calls waiting differ by at
// most Stretch + 1 of the largest call, and within a tenant a call is overtaken by
// at most Stretch times its own tokens. Both follow from the order: calls are
// served by start + Stretch x tokens, and the starts of a tenant that waits are
// the sums of the tokens before.
func TestStretch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := strategies.Queue{Order: strategies.Fair, Stretch: rapid.Int64Range(0, 20).Draw(t, "stretch")}
		var largest int64
		var served, overtaken [2]int64
		left := [2]int{100, 100}
		waiting := [2][]*strategies.Call{}
		for i := range 200 {
			c := &strategies.Call{ID: uint64(i), Tenant: uint16(i % 2), EstimatedPrompt: rapid.Uint32Range(1, 1000).Draw(t, "prompt")}
			largest = max(largest, c.Cost())
			waiting[c.Tenant] = append(waiting[c.Tenant], c)
			q.Push(c)
		}
		for left[0] > 0 && left[1] > 0 {
			c := q.Pop()
			left[c.Tenant]--
			served[c.Tenant] += c.Cost()
			if ahead := served[0] - served[1]; max(ahead, -ahead) > (q.Stretch+1)*largest {
				t.Fatalf("served %v tokens; the largest call was %d", served, largest)
			}
			queue := &waiting[c.Tenant]
			if first := (*queue)[0]; c != first {
				if overtaken[c.Tenant] += c.Cost(); overtaken[c.Tenant] > q.Stretch*first.Cost() {
					t.Fatalf("a call of %d tokens was overtaken by %d; stretch %d", first.Cost(), overtaken[c.Tenant], q.Stretch)
				}
			} else {
				overtaken[c.Tenant] = 0
			}
			*queue = slices.DeleteFunc(*queue, func(x *strategies.Call) bool { return x == c })
		}
	})
}

func TestRanked(t *testing.T) {
	q := strategies.Queue{Order: strategies.Fair, Stretch: 10, Ranked: true}
	calls := []strategies.Call{
		{ID: 0, Priority: 1, EstimatedPrompt: 1},
		{ID: 1, Priority: 0, EstimatedPrompt: 900},
		{ID: 2, Priority: 0, EstimatedPrompt: 10, Tenant: 1},
		{ID: 3, Priority: -1, EstimatedPrompt: 5000},
	}
	for i := range calls {
		q.Push(&calls[i])
	}
	for i, want := range []uint64{3, 2, 1} {
		c := q.Pop()
		if c.ID != want {
			t.Errorf("served call %d as number %d, want %d", c.ID, i, want)
		}
		if i == 1 { // it comes back ahead of its equals, behind the more urgent
			urgent := &strategies.Call{ID: 4, Priority: -1, EstimatedPrompt: 9000}
			q.Return(c)
			q.Push(urgent)
			if got := q.Pop(); got != urgent {
				t.Errorf("served call %d, want the more urgent", got.ID)
			}
			if got := q.Pop(); got != c {
				t.Errorf("served call %d, want the one that came back", got.ID)
			}
		}
	}
}

// TestFairForgetsWhatNobodyGot: a tenant whose flood was cancelled does not pay
// for it once the queue has been empty.
func TestFairForgetsWhatNobodyGot(t *testing.T) {
	q := strategies.Queue{Order: strategies.Fair}
	flood := make([]strategies.Call, 50)
	for i := range flood {
		flood[i] = strategies.Call{ID: uint64(i), EstimatedPrompt: 1000}
		q.Push(&flood[i])
	}
	for i := range flood {
		q.Remove(&flood[i])
	}
	other := [2]strategies.Call{{ID: 100, Tenant: 1, EstimatedPrompt: 10}, {ID: 101, Tenant: 1, EstimatedPrompt: 10}}
	again := strategies.Call{ID: 102, EstimatedPrompt: 10}
	q.Push(&other[0])
	q.Push(&again)
	q.Push(&other[1])
	for i, want := range []uint64{100, 102, 101} {
		if got := q.Pop().ID; got != want {
			t.Errorf("served call %d as number %d, want %d", got, i, want)
		}
	}
}

// TestQueueGrows: calls keep their order when a ring that has turned is cleared
// of ended ones, and when it is made larger.
func TestQueueGrows(t *testing.T) {
	for _, ending := range []int{0, 2, 10} {
		q := strategies.Queue{Order: strategies.Priority}
		calls := make([]strategies.Call, 60)
		var want []*strategies.Call
		for i := range calls {
			c := &calls[i]
			*c = strategies.Call{ID: uint64(i + 1), Priority: int8(i)}
			if i%6 == 5 {
				c.Priority -= 4 // goes before some that came earlier
			}
			q.Push(c)
			want = append(want, c)
			if i == 15 {
				for range 5 {
					want = slices.DeleteFunc(want, func(c *strategies.Call) bool { return c == q.Peek() })
					q.Pop()
				}
			}
			if i == 19 {
				for _, c := range want[3 : 3+ending] {
					q.Remove(c)
				}
				want = slices.Delete(want, 3, 3+ending)
			}
		}
		slices.SortStableFunc(want, func(a, b *strategies.Call) int { return int(a.Priority) - int(b.Priority) })
		for i, c := range want {
			if got := q.Pop(); got != c {
				t.Fatalf("%d ended: call %d is %+v, want %+v", ending, i, got, c)
			}
		}
	}
}

// TestQueueMemory: entries of ended calls do not pile up behind a head that
// does not move.
func TestQueueMemory(t *testing.T) {
	for _, order := range []strategies.Order{strategies.FIFO, strategies.Priority, strategies.Fair} {
		q := strategies.Queue{Order: order}
		head, last, c := strategies.Call{ID: 1}, strategies.Call{ID: 2, Priority: 5}, strategies.Call{}
		q.Push(&head)
		q.Push(&last)
		id := last.ID
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100_000 {
			id++
			c = strategies.Call{ID: id, Priority: 3} // between the two, if that counts
			q.Push(&c)
			q.Remove(&c)
		}
		runtime.ReadMemStats(&after)
		// An entry is 24 bytes or more; the runtime itself allocates a little.
		if n := after.TotalAlloc - before.TotalAlloc; n > 100_000 {
			t.Errorf("%v: %d bytes allocated for 100,000 calls that came and went behind another", order, n)
		}
		if got := q.Pop(); got != &head {
			t.Errorf("%v: popped %+v, want the head", order, got)
		}
	}
}
