package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/queue"
	"ratesim/sim/rng"
)

// BenchmarkFloor is the least that simulating an attempt can cost: two queue
// events, one limit, one draw, one histogram entry, and nothing else. What
// BenchmarkRun takes beyond it is the price of strategies, networks, replies,
// token accounting and metrics.
//
// The same with a textbook 4-ary heap for the queue says how fast the machine is,
// whatever this package does: figures of two machines compare as theirs do.
func BenchmarkFloor(b *testing.B) {
	for _, live := range []int{1_000, 16_000, 1_000_000} {
		b.Run(fmt.Sprintf("queue=radix/live=%d", live), func(b *testing.B) { floor(b, &queue.Queue{}, live) })
		b.Run(fmt.Sprintf("queue=heap4/live=%d", live), func(b *testing.B) { floor(b, &heap4{}, live) })
	}
}

func floor[Q interface {
	Push(at clock.Time, data uint64)
	Pop() (queue.Event, bool)
}](b *testing.B, q Q, live int) {
	key := rng.New(1, 0)
	requests := limit.NewBucket(int64(live), int64(live), limit.Window)
	latency := hdrhistogram.New(1, int64(time.Hour/time.Microsecond), 3)
	since := make([]clock.Time, live)
	for i := range live {
		q.Push(clock.Time(i), uint64(i)<<1)
	}
	run := func(attempts int) {
		for n := 0; n < attempts; {
			e, _ := q.Pop()
			i, now := e.Data>>1, e.At
			if e.Data&1 == 0 { // sent: decide, reply after the refusal latency
				n++
				if requests.Earliest(now, 1) == now {
					requests.Take(now, 1)
					if err := latency.RecordValue(int64(now-since[i])/1000 + 1); err != nil {
						b.Fatal(err)
					}
					since[i] = now
				}
				q.Push(now+clock.Time(30*time.Millisecond), e.Data|1)
			} else { // replied: back off by up to 32 s
				u := key.Float64(rng.Jitter, i, uint64(now))
				q.Push(now.Add(time.Duration(u*float64(32*time.Second))), e.Data&^1)
			}
		}
	}
	run(4 * live)
	b.ReportAllocs()
	b.ResetTimer()
	run(b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "attempts/s")
}

// heap4 is a 4-ary heap, as textbooks have it.
type heap4 []queue.Event

func (h *heap4) Push(at clock.Time, data uint64) {
	s := append(*h, queue.Event{})
	i := len(s) - 1
	for ; i > 0 && s[(i-1)/4].At > at; i = (i - 1) / 4 {
		s[i] = s[(i-1)/4]
	}
	s[i] = queue.Event{At: at, Data: data}
	*h = s
}

func (h *heap4) Pop() (queue.Event, bool) {
	top, s := (*h)[0], (*h)[:len(*h)-1]
	last, i := (*h)[len(s)], 0
	for least := 1; least < len(s); least = 4*i + 1 {
		for j := least + 1; j < min(4*i+5, len(s)); j++ {
			if s[j].At < s[least].At {
				least = j
			}
		}
		if s[least].At >= last.At {
			break
		}
		s[i] = s[least]
		i = least
	}
	if len(s) > 0 {
		s[i] = last
	}
	*h = s
	return top, true
}
