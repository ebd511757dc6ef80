package workload

import (
	"container/heap"
	"math"
	"testing"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// ends is a heap of calls by the time they end.
type ends []Arrival

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i].At < e[j].At }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(x any)        { *e = append(*e, x.(Arrival)) }
func (e *ends) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// runClosed serves every call in the same time and returns all arrivals.
func runClosed(t *testing.T, s Closed, response time.Duration) map[uint64]Arrival {
	t.Helper()
	all := map[uint64]Arrival{}
	var open ends
	serve := func(a Arrival) {
		if _, twice := all[a.ID]; twice {
			t.Fatalf("ID %x twice", a.ID)
		}
		all[a.ID] = a
		a.At = a.At.Add(response)
		heap.Push(&open, a)
	}
	for _, a := range take(t, s, math.MaxInt) {
		serve(a)
	}
	for len(open) > 0 {
		ended := heap.Pop(&open).(Arrival)
		for _, a := range s.Ended(ended.At, ended.ID, true, nil) {
			if a.At < ended.At {
				t.Fatalf("a call at %v after the one before ended at %v", a.At, ended.At)
			}
			serve(a)
		}
	}
	return all
}

// TestClosedKeepsLittlesLaw counts the calls of users who think for a second
// on average and wait two: users*duration/(R+Z), but that they do not wait at
// the start, within four standard errors of the think times.
func TestClosedKeepsLittlesLaw(t *testing.T) {
	think, err := rng.NewGamma(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	const users, seconds = 1000, 300.0
	s := open(t, Stream{Arrivals: Arrivals{Process: ClosedLoop, Users: users, Think: think}}, clock.FromSeconds(seconds))
	got := float64(len(runClosed(t, s.(Closed), 2*time.Second)))
	want := users * seconds / 3
	// Renewal theory: the count of one user has variance var(gap)/mean(gap)^3 * t,
	// and the start moves it by less than one call a user.
	if se := math.Sqrt(users * 1 / 27.0 * seconds); math.Abs(got-want) > users+4*se {
		t.Errorf("%v calls, want %v +- %v", got, want, users+4*se)
	}
}

// TestClosedDrawsDoNotDependOnTheStrategy slows the service down: users make
// fewer calls, the same ones.
func TestClosedDrawsDoNotDependOnTheStrategy(t *testing.T) {
	uniform, err := rng.NewUniform(1, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	stream := Stream{Arrivals: Arrivals{Process: ClosedLoop, Users: 50, Think: rng.NewConstant(1)}, Prompt: uniform}
	fast := runClosed(t, open(t, stream, 60*clock.Second).(Closed), time.Second)
	slow := runClosed(t, open(t, stream, 60*clock.Second).(Closed), 9*time.Second)
	if len(fast) != 50*30 || len(slow) != 50*6 {
		t.Errorf("%d and %d calls, want 1500 and 300: a call every 2 s and every 10 s", len(fast), len(slow))
	}
	for id, a := range slow {
		if b, ok := fast[id]; !ok || a.Prompt != b.Prompt {
			t.Errorf("call %x has a prompt of %d tokens, and %d when served fast", id, a.Prompt, b.Prompt)
		}
	}
}

func TestClosedUsersDoNotStartInStep(t *testing.T) {
	s := open(t, Stream{Arrivals: Arrivals{Process: ClosedLoop, Users: 10_000, Think: rng.NewConstant(10)}}, clock.Never)
	sum := 0.0
	for _, x := range at(take(t, s, 10_000)) {
		sum += x
	}
	if mean, se := sum/10_000, 10/math.Sqrt(12*10_000); math.Abs(mean-5) > 4*se {
		t.Errorf("first calls arrive at %v s on average, want 5 +- %v", mean, 4*se)
	}
}

func TestClosedEnds(t *testing.T) {
	c := open(t, Stream{Arrivals: Arrivals{Process: ClosedLoop, Users: 2, Think: rng.NewConstant(1)}}, 10*clock.Second).(Closed)
	tests := []struct {
		name string
		now  clock.Time
		id   uint64
		want bool
	}{
		{"in time", 8 * clock.Second, 0, true},
		{"at the end", 9 * clock.Second, 0, false},
		{"at the end of time", clock.Never - 1, 0, false},
		{"the last but one round", 0, 1<<roundBits - 2, true},
		{"the last round", 0, 1<<roundBits - 1, false},
	}
	for _, tt := range tests {
		if next := c.Ended(tt.now, tt.id, true, nil); len(next) == 1 != tt.want {
			t.Errorf("%s: Ended(%v, %x) = %+v, want a call: %v", tt.name, tt.now, tt.id, next, tt.want)
		}
	}
}
