package queue

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ratesim/sim/clock"
)

// sorted is the dumb twin: a slice, sorted stably by time.
type sorted []Event

func (s *sorted) push(at clock.Time, data uint64) {
	i, _ := slices.BinarySearchFunc(*s, at+1, func(e Event, t clock.Time) int { return int(min(max(e.At-t, -1), 1)) })
	*s = slices.Insert(*s, i, Event{at, data})
}

func (s *sorted) pop() (Event, bool) {
	if len(*s) == 0 {
		return Event{}, false
	}
	e := (*s)[0]
	*s = (*s)[1:]
	return e, true
}

func TestAgainstSortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var fast Queue
		var slow sorted
		now, id := clock.Time(0), uint64(0)
		// Spans from nanoseconds to years, and many ties.
		span := rapid.SampledFrom([]clock.Time{1, 3, 100, 1 << 20, 1 << 36, 1 << 58}).Draw(t, "span")
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			for range rapid.SampledFrom([]int{0, 1, 1, 2, 3, 2 * crowd}).Draw(t, "pushes") {
				at := now + clock.Time(rapid.Int64Range(0, int64(span)).Draw(t, "ahead"))
				fast.Push(at, id)
				slow.push(at, id)
				id++
			}
			if fast.Len() != len(slow) {
				t.Fatalf("Len = %d, want %d", fast.Len(), len(slow))
			}
			for range rapid.SampledFrom([]int{0, 1, 2, 3, 5 * crowd}).Draw(t, "pops") {
				got, ok := fast.Pop()
				want, wantOK := slow.pop()
				if got != want || ok != wantOK {
					t.Fatalf("Pop = %v %v, want %v %v", got, ok, want, wantOK)
				}
				if ok {
					now = got.At
				}
			}
		}
	})
}

// Herds put very many events at one instant, and behind it.
func TestHerdAgainstSort(t *testing.T) {
	var q Queue
	r := rand.New(rand.NewPCG(1, 2))
	var want []Event
	for i := range uint64(100_000) {
		at := clock.Time(r.Int64N(3)) * clock.Second
		if i%3 == 0 {
			at += clock.Time(r.Int64N(10_000_000))
		}
		q.Push(at, i)
		want = append(want, Event{at, i})
	}
	slices.SortStableFunc(want, func(a, b Event) int { return int(a.At - b.At) })
	for i := range want {
		if got, _ := q.Pop(); got != want[i] {
			t.Fatalf("event %d: got %v, want %v", i, got, want[i])
		}
	}
	if _, ok := q.Pop(); ok {
		t.Error("an event is left")
	}
}

// A herd that is pushed among a few sorted events is not sorted into them one by
// one, which would take seconds.
func TestHerdAmongFew(t *testing.T) {
	var q Queue
	var want []Event
	r := rand.New(rand.NewPCG(1, 2))
	push := func(at clock.Time) {
		want = append(want, Event{at, uint64(len(want))})
		q.Push(at, want[len(want)-1].Data)
	}
	const begin, end = 1 << spanBits, 2<<spanBits - 200
	push(begin)
	push(begin)
	push(begin)
	push(end)
	q.Pop()
	for i := range clock.Time(200) { // behind the last that was sorted, some at one instant
		push(end + 1 + i/2)
	}
	for range 50_000 {
		push(begin + clock.Time(r.Int64N(end-begin)))
	}
	if n := len(q.near); n > crowd+few {
		t.Errorf("%d events were sorted in one by one, want %d at most", n, crowd+few)
	}
	slices.SortStableFunc(want, func(a, b Event) int { return int(a.At - b.At) })
	for i, w := range want[1:] {
		if got, _ := q.Pop(); got != w {
			t.Fatalf("event %d: got %v, want %v", i+1, got, w)
		}
	}
}

// Herds fill now these buckets, now those. What that takes does not grow with
// their number.
func TestHerdsMemory(t *testing.T) {
	const herd = 4 * own
	var q Queue
	now := clock.Time(0)
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		at := now + clock.Time(r.Int64N(int64(60*clock.Second)))
		for i := range uint64(herd) {
			q.Push(at+clock.Time(r.Int64N(1000)), i)
		}
		for e, ok := q.Pop(); ok; e, ok = q.Pop() {
			now = e.At
		}
	}
	room := 0
	for _, b := range q.buckets {
		room += cap(b)
	}
	for _, class := range q.spare {
		for _, b := range class {
			room += cap(b)
		}
	}
	if most := 8*herd + own*len(q.buckets)/2; room > most {
		t.Errorf("there is room for %d events, want for %d at most, of which a herd is %d", room, most, herd)
	}
}

// Ahead shows what the next Pops return, after the one that spread a middling
// bucket, and only then.
func TestAhead(t *testing.T) {
	for n, shown := range map[int]bool{aheadLeast - 1: false, aheadLeast: true, aheadMost - 1: true, aheadMost: false} {
		var q Queue
		first := clock.Time(1) << 40
		for i := range n {
			q.Push(first+clock.Time(i)<<30, uint64(i))
		}
		q.Pop()
		if got := len(q.Ahead); (got == n) != shown || !shown && got > 0 {
			t.Errorf("of %d events Ahead shows %d", n, got)
		}
		for i, e := range q.Ahead {
			if e.Data != uint64(i) {
				t.Errorf("of %d events Ahead shows %v at %d", n, e, i)
			}
		}
		if q.Pop(); len(q.Ahead) > 0 {
			t.Errorf("of %d events Ahead shows %d when none was spread", n, len(q.Ahead))
		}
	}
}

func TestLastInstant(t *testing.T) {
	var q Queue
	q.Push(math.MaxInt64, 1)
	q.Push(0, 0)
	for i := range uint64(2) {
		if e, ok := q.Pop(); !ok || e.Data != i {
			t.Errorf("Pop = %v %v, want event %d", e, ok, i)
		}
	}
}

// BenchmarkHold is the hold model: pop one, push one, at a steady population;
// delays as a backoff makes them, from 20 ms to a minute.
func BenchmarkHold(b *testing.B) {
	for _, n := range []int{1_000, 64_000, 1_000_000} {
		b.Run(fmt.Sprintf("pending=%d", n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			delays := make([]clock.Time, 1<<16)
			for i := range delays {
				delays[i] = 20_000_000 << r.IntN(12)
				delays[i] += clock.Time(r.Int64N(int64(delays[i])))
			}
			var q Queue
			for i := range n {
				q.Push(delays[i%len(delays)], uint64(i))
			}
			hold := func(times int) {
				for i := range times {
					e, _ := q.Pop()
					q.Push(e.At+delays[i%len(delays)], e.Data)
				}
			}
			hold(4 * n)
			b.ReportAllocs()
			b.ResetTimer()
			hold(b.N)
		})
	}
}
