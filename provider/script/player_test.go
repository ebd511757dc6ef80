package script

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func statuses(list ...int) []Reply {
	var replies []Reply
	for _, s := range list {
		replies = append(replies, Reply{Status: s})
	}
	return replies
}

// one begins and ends an attempt, and returns its status; -1 if no script is played.
func one(t interface{ Fatal(...any) }, p *Player, now time.Time, a Attempt) int {
	turn, err := p.Begin(now, &a)
	if err != nil {
		t.Fatal(err)
	}
	if turn == nil {
		return -1
	}
	turn.End(turn.Reply.Status == 200)
	return turn.Reply.Status
}

// However the attempts of calls come in between, each call gets the replies of its
// script in their order.
func TestInterleaved(t *testing.T) {
	want := []int{429, 503, 429, 200}
	rapid.Check(t, func(t *rapid.T) {
		p := NewPlayer([]Script{{Replies: statuses(want...)}})
		calls := make([]int, rapid.IntRange(1, 8).Draw(t, "calls")) // attempts made
		now := noon
		for range 6 * len(calls) {
			i := rapid.IntRange(0, len(calls)-1).Draw(t, "call")
			now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "ms")) * time.Millisecond)
			if got := one(t, p, now, Attempt{Call: uint64(i)}); got != want[calls[i]] {
				t.Fatalf("attempt %d of call %d: %d, want %d", calls[i], i, got, want[calls[i]])
			}
			calls[i] = (calls[i] + 1) % len(want) // after the 200 it is played again
		}
	})
}

// attempts of one client, and what they get.
func TestSequences(t *testing.T) {
	five := Reply{Status: 503, For: 5 * time.Second}
	named := Script{Name: "mine", Replies: statuses(418)}
	of := func(calls ...uint64) []Attempt {
		list := make([]Attempt, len(calls))
		for i := range list {
			list[i].Call = calls[i]
		}
		return list
	}
	for _, tt := range []struct {
		name     string
		scripts  []Script
		attempts []Attempt
		seconds  []float64 // when they come; one a second if nil
		want     []int
	}{
		{"times", []Script{{Replies: []Reply{{Status: 429, Times: 3}, {Status: 200}}}}, of(1, 1, 1, 1, 2), nil, []int{429, 429, 429, 200, 429}},
		{"for a time", []Script{{Replies: []Reply{five, {Status: 200}}}}, of(1, 1, 1, 1, 2), []float64{0, 1, 4.999, 5, 5.001}, []int{503, 503, 503, 200, 503}},
		{"for a time, and it comes late", []Script{{Replies: []Reply{five, {Status: 200}}}}, of(1, 1), []float64{0, 60}, []int{503, 200}},
		{"is over", []Script{{Replies: statuses(500)}}, of(1, 1, 1), nil, []int{500, 0, 0}},
		{"a new call after the end", []Script{{Replies: statuses(500)}}, of(1, 1, 2), nil, []int{500, 0, 500}},
		{"the first calls", []Script{{Calls: 2, Replies: statuses(500, 200)}, {Replies: statuses(418)}}, of(1, 2, 1, 2, 3), nil, []int{500, 500, 200, 200, 418}},
		{"by name", []Script{named, {Replies: statuses(404)}}, []Attempt{{Script: "mine", Call: 1}, {Call: 2}}, nil, []int{418, 404}},
		{"by name alone", []Script{named}, of(1), nil, []int{-1}},
		{"a name and a match", []Script{{Name: "mine", Matches: true, Replies: statuses(418)}}, of(1), nil, []int{418}},
		{"none", nil, of(1), nil, []int{-1}},
		{"matches", []Script{{Matches: true, Match: Match{Model: "m", Path: "/p", Key: "k", Contains: "rain"}, Replies: statuses(418)}},
			[]Attempt{{Model: "m", Path: "/p", Key: "k", Prompt: "a rainy day"}, {Deployment: "m", Path: "/p", Key: "k", Prompt: "rain", Call: 1},
				{Model: "n", Path: "/p", Key: "k", Prompt: "rain", Call: 2}, {Model: "m", Path: "/q", Key: "k", Prompt: "rain", Call: 3},
				{Model: "m", Path: "/p", Key: "l", Prompt: "rain", Call: 4}, {Model: "m", Path: "/p", Key: "k", Prompt: "sun", Call: 5}}, nil, []int{418, 418, -1, -1, -1, -1}},
	} {
		p := NewPlayer(tt.scripts)
		var got []int
		for i, a := range tt.attempts {
			at := float64(i)
			if tt.seconds != nil {
				at = tt.seconds[i]
			}
			got = append(got, one(t, p, noon.Add(time.Duration(at*float64(time.Second))), a))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestUnknownName(t *testing.T) {
	for _, tt := range []struct {
		scripts []Script
		want    string
	}{
		{nil, "this server has none with a name"},
		{[]Script{{Name: "a"}, {}, {Name: "b"}}, `no script called "x"; there are a, b`},
	} {
		if _, err := NewPlayer(tt.scripts).Begin(noon, &Attempt{Script: "x"}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}

// Clients that never come back do not take ever more memory.
func TestManyCalls(t *testing.T) {
	p := NewPlayer([]Script{{Replies: statuses(429, 200)}})
	for i := range uint64(2 * mostCalls) {
		turn, err := p.Begin(noon, &Attempt{Call: i % (mostCalls + 7), Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		turn.End(false)
	}
	if len(p.open) > mostCalls || p.order.Len() > mostCalls {
		t.Errorf("%d calls, %d in order", len(p.open), p.order.Len())
	}
}
