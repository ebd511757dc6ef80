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
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			for range rapid.IntRange(0, 3).Draw(t, "pushes") {
				at := now + clock.Time(rapid.Int64Range(0, int64(span)).Draw(t, "ahead"))
				fast.Push(at, id)
				slow.push(at, id)
				id++
			}
			if fast.Len() != len(slow) {
				t.Fatalf("Len = %d, want %d", fast.Len(), len(slow))
			}
			for range rapid.IntRange(0, 3).Draw(t, "pops") {
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
