package workload

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// opened returns what opens a log of a text, again and again.
func opened(text string) func(bool) (*Usage, io.Closer, error) {
	return func(inOrder bool) (*Usage, io.Closer, error) {
		u, err := OpenUsage("f", strings.NewReader(text), UsageOptions{InOrder: inOrder})
		return u, io.NopCloser(nil), err
	}
}

// Logs that are merged are all their requests, in the order of their times.
func TestMergeAgainstSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var logs []*Changed
		var want, got []string
		for i := range rapid.IntRange(1, 4).Draw(t, "logs") {
			text := plainHeader + "\n"
			at := rapid.SliceOfN(rapid.IntRange(0, 20), 1, 10).Draw(t, "times")
			slices.Sort(at)
			for _, s := range at {
				text += fmt.Sprintf("%d,%d,1\n", s, i+1)
				want = append(want, fmt.Sprintf("%02d s of log %d", s+5, i+1))
			}
			l, err := NewChanged(opened(text), ChangedOptions{Log: i, Transform: Transform{Shift: 5 * time.Second}})
			if err != nil {
				t.Fatal(err)
			}
			logs = append(logs, l)
		}
		slices.Sort(want)
		m := Merge(logs)
		for r := (Record{}); m.Next(&r); {
			got = append(got, fmt.Sprintf("%02d s of log %d", r.Start.Unix(), r.Prompt))
		}
		if diff := gocmp.Diff(want, got); diff != "" || m.Err() != nil {
			t.Fatalf("error %v (-want +got):\n%s", m.Err(), diff)
		}
	})
}

// Dates stay dates: a slice begins where it was cut, and what is relative counts from the first
// request.
func TestChangedDates(t *testing.T) {
	const text = plainHeader + "\n2026-03-01T09:00:00+01:00,1,1\n2026-03-01T09:00:10+01:00,2,1\n2026-03-01T09:00:30+01:00,3,1\n"
	begin := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		o    ChangedOptions
		want []time.Time
	}{
		{ChangedOptions{}, []time.Time{begin, begin.Add(10 * time.Second), begin.Add(30 * time.Second)}},
		{ChangedOptions{Transform: Transform{Begin: 5 * time.Second, Speed: 2}}, []time.Time{begin.Add(7500 * time.Millisecond), begin.Add(17500 * time.Millisecond)}},
		{ChangedOptions{Transform: Transform{Begin: 5 * time.Second}, Relative: true}, []time.Time{time.Unix(5, 0), time.Unix(25, 0)}},
		{ChangedOptions{Until: 15 * time.Second}, []time.Time{begin, begin.Add(10 * time.Second)}},
	} {
		c, err := NewChanged(opened(text), tt.o)
		if err != nil {
			t.Fatal(err)
		}
		var got []time.Time
		for r := (Record{}); c.Next(&r); {
			got = append(got, r.Start)
		}
		if !slices.EqualFunc(got, tt.want, time.Time.Equal) {
			t.Errorf("%+v: %v, want %v", tt.o, got, tt.want)
		}
	}
}

// A log that is too long to be kept is read again, and gives the same as one that is kept.
func TestChangedReadsAgain(t *testing.T) {
	var text strings.Builder
	text.WriteString(plainHeader + "\n")
	n := maxRecords + 10
	for i := range n {
		fmt.Fprintf(&text, "%d,%d,1\n", i/3, i%4000+1)
	}
	times := 0
	c, err := NewChanged(func(inOrder bool) (*Usage, io.Closer, error) {
		if times++; inOrder != (times > 1) {
			t.Errorf("opening %d: in order %v", times, inOrder)
		}
		return opened(text.String())(inOrder)
	}, ChangedOptions{Transform: Transform{Scale: 2}, Apart: true})
	if err != nil {
		t.Fatal(err)
	}
	rows, copies, last := 0, 0, int64(0)
	for r := (Record{}); c.Next(&r); rows++ {
		if r.Start.UnixNano() < last {
			t.Fatalf("row %d is earlier than the one before", rows)
		}
		if last = r.Start.UnixNano(); r.Tenant == "copy-2" {
			copies++
		}
	}
	if c.Err() != nil || rows != 2*n || copies != n || times < 4 {
		t.Errorf("%d rows, %d of the copy, opened %d times, error %v; want %d and %d", rows, copies, times, c.Err(), 2*n, n)
	}
}

// The calls of several streams are those of each, in the order of their times.
func TestCallsAgainstOpen(t *testing.T) {
	streams := []Stream{
		{Tenant: "a", Arrivals: Arrivals{Process: Poisson, Rate: 20}, Prompt: rng.NewConstant(10), Output: rng.NewConstant(1)},
		{Tenant: "b", Arrivals: Arrivals{Process: Spike, At: time.Second, Calls: 50}, Prompt: rng.NewConstant(20), Output: rng.NewConstant(1)},
		{Tenant: "c", Arrivals: Arrivals{Process: GammaRenewal, Rate: 5, CV: 3}, Prompt: rng.NewConstant(30), Output: rng.NewConstant(1)},
	}
	const until = 20 * clock.Second
	sources, err := Open(streams, rng.New(7, 0), until)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []Arrival
	for _, s := range sources {
		want = append(want, take(t, s, 10_000)...)
	}
	slices.SortStableFunc(want, func(a, b Arrival) int { return cmp.Compare(a.At, b.At) })
	calls, err := NewCalls(streams, rng.New(7, 0), until, -1)
	if err != nil {
		t.Fatal(err)
	}
	var a Arrival
	for _, ok := calls.Next(&a); ok; _, ok = calls.Next(&a) {
		got = append(got, a)
	}
	if diff := gocmp.Diff(want, got); diff != "" || calls.Err() != nil {
		t.Errorf("error %v (-want +got):\n%s", calls.Err(), diff)
	}
}

// By Little's law, users who wait a second for each answer and think for three make a quarter of
// a call a second each.
func TestCallsOfUsers(t *testing.T) {
	streams := []Stream{{Tenant: "a", Arrivals: Arrivals{Process: ClosedLoop, Users: 100, Think: rng.NewConstant(3)}, Prompt: rng.NewConstant(10), Output: rng.NewConstant(1)}}
	calls, err := NewCalls(streams, rng.New(7, 0), 400*clock.Second, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	n, last := 0, clock.Time(0)
	var a Arrival
	for _, ok := calls.Next(&a); ok; _, ok = calls.Next(&a) {
		if a.At < last {
			t.Fatalf("call %d at %v, after %v", n, a.At, last)
		}
		n, last = n+1, a.At
	}
	if n < 9900 || n > 10_100 {
		t.Errorf("%d calls, want 100 × 400 s ÷ 4 s", n)
	}
}

// A queue gives rows in order, whatever the IDs of those of one instant, or says that they are
// not in order and gives all of them away.
func TestRowQueueAgainstSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q rowQueue
		var want, got []heldRow
		start := int64(0)
		for i := range rapid.IntRange(1, 2*queueChunk).Draw(t, "rows") {
			start += int64(i % 7 / 6) // seven rows of one instant
			h := heldRow{start: start, id: uint64(i*7919%11) + 1, line: uint32(i)}
			want = append(want, h)
			if !q.push(&h) {
				t.Fatalf("row %d is not in order", i)
			}
		}
		slices.SortFunc(want, func(a, b heldRow) int { return compareHeld(&a, &b) })
		for range rapid.IntRange(0, len(want)).Draw(t, "taken") {
			got = append(got, *q.pop())
		}
		if q.push(&heldRow{start: start - 1}) && q.rows > 1 {
			t.Fatal("a row that is earlier is in order")
		}
		if got = q.empty(got); !slices.Equal(got[:len(want)], want) {
			t.Fatal("rows are lost, or not in order")
		}
	})
}
