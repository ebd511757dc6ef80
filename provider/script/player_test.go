package script

import (
	"fmt"
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
func one(t *rapid.T, p *Player, now time.Time, a Attempt) int {
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
// script in their order. A call is known by what names it, by the number of retries
// where calls look alike, or by its body.
func TestInterleaved(t *testing.T) {
	want := []int{429, 503, 429, 200}
	ways := map[string]func(call, number int) Attempt{
		"named":    func(call, _ int) Attempt { return Attempt{Call: fmt.Sprint(call), Retry: -1, Body: 1} },
		"numbered": func(_, number int) Attempt { return Attempt{Retry: number, Body: 1} },
		"bodies":   func(call, _ int) Attempt { return Attempt{Retry: -1, Body: uint64(call)} },
		"keys":     func(call, _ int) Attempt { return Attempt{Retry: -1, Key: fmt.Sprint(call)} },
	}
	for name, attempt := range ways {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			p := NewPlayer([]Script{{Replies: statuses(want...)}})
			calls := make([]int, rapid.IntRange(1, 8).Draw(t, "calls")) // attempts made
			now := noon
			for range 6 * len(calls) {
				i := rapid.IntRange(0, len(calls)-1).Draw(t, "call")
				now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "ms")) * time.Millisecond)
				if got := one(t, p, now, attempt(i, calls[i])); got != want[calls[i]] {
					t.Fatalf("attempt %d of call %d: %d, want %d", calls[i], i, got, want[calls[i]])
				}
				calls[i] = (calls[i] + 1) % len(want) // after the 200 a new call begins
			}
		}))
	}
}

// attempts of one client, and what they get.
func TestSequences(t *testing.T) {
	five := Reply{Status: 503, For: 5 * time.Second}
	named := Script{Name: "mine", Replies: statuses(418)}
	for _, tt := range []struct {
		name     string
		scripts  []Script
		attempts []Attempt
		seconds  []float64 // when they come; one a second if nil
		want     []int
	}{
		{"times", []Script{{Replies: []Reply{{Status: 429, Times: 3}, {Status: 200}}}}, same(5), nil, []int{429, 429, 429, 200, 429}},
		{"for a time", []Script{{Replies: []Reply{five, {Status: 200}}}}, same(5), []float64{0, 1, 4.999, 5, 5.001}, []int{503, 503, 503, 200, 503}},
		{"for a time, and it comes late", []Script{{Replies: []Reply{five, {Status: 200}}}}, same(2), []float64{0, 60}, []int{503, 200}},
		{"is over", []Script{{Replies: statuses(500)}}, same(3), nil, []int{500, 0, 0}},
		{"a new call after the end", []Script{{Replies: statuses(500)}}, []Attempt{{Retry: 0}, {Retry: 1}, {Retry: 0}}, nil, []int{500, 0, 500}},
		{"the first calls", []Script{{Calls: 2, Replies: statuses(500, 200)}, {Replies: statuses(418)}},
			[]Attempt{{Retry: 0}, {Retry: 0}, {Retry: 1}, {Retry: 1}, {Retry: 0}}, nil, []int{500, 500, 200, 200, 418}},
		{"by name", []Script{named, {Replies: statuses(404)}}, []Attempt{{Script: "mine", Retry: -1}, {Retry: -1}}, nil, []int{418, 404}},
		{"by name alone", []Script{named}, []Attempt{{Retry: -1}}, nil, []int{-1}},
		{"a name and a match", []Script{{Name: "mine", Matches: true, Replies: statuses(418)}}, []Attempt{{Retry: -1}}, nil, []int{418}},
		{"forgotten", []Script{{Replies: statuses(500, 200)}}, same(2), []float64{0, 601}, []int{500, 500}},
		{"none", nil, same(1), nil, []int{-1}},
		{"matches", []Script{{Matches: true, Match: Match{Model: "m", Path: "/p", Key: "k", Contains: "rain"}, Replies: statuses(418)}},
			[]Attempt{{Model: "m", Path: "/p", Key: "k", Prompt: "a rainy day", Retry: -1}, {Deployment: "m", Path: "/p", Key: "k", Prompt: "rain", Body: 1, Retry: -1},
				{Model: "n", Path: "/p", Key: "k", Prompt: "rain", Body: 2, Retry: -1}, {Model: "m", Path: "/q", Key: "k", Prompt: "rain", Body: 4, Retry: -1},
				{Model: "m", Path: "/p", Key: "l", Prompt: "rain", Retry: -1}, {Model: "m", Path: "/p", Key: "k", Prompt: "sun", Body: 3, Retry: -1}}, nil, []int{418, 418, -1, -1, -1, -1}},
	} {
		p := NewPlayer(tt.scripts)
		var got []int
		for i, a := range tt.attempts {
			at := float64(i)
			if tt.seconds != nil {
				at = tt.seconds[i]
			}
			turn, err := p.Begin(noon.Add(time.Duration(at*float64(time.Second))), &a)
			switch {
			case err != nil:
				t.Errorf("%s: %v", tt.name, err)
			case turn == nil:
				got = append(got, -1)
			default:
				turn.End(turn.Reply.Status == 200)
				got = append(got, turn.Reply.Status)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func same(n int) []Attempt {
	list := make([]Attempt, n)
	for i := range list {
		list[i].Retry = -1
	}
	return list
}

// While a call is on its way, the same again is another one; the connection tells the
// attempts of two such calls apart.
func TestAlike(t *testing.T) {
	p := NewPlayer([]Script{{Replies: statuses(429, 503, 200)}})
	begin := func(connection string) *Turn {
		turn, err := p.Begin(noon, &Attempt{Retry: -1, Connection: connection})
		if err != nil {
			t.Fatal(err)
		}
		return turn
	}
	a, b := begin("a"), begin("b")
	a.End(false)
	b.End(false)
	got := []int{a.Reply.Status, b.Reply.Status}
	for _, connection := range []string{"b", "a", "b", "a"} {
		turn := begin(connection)
		turn.End(turn.Reply.Status == 200)
		got = append(got, turn.Reply.Status)
	}
	if diff := cmp.Diff([]int{429, 429, 503, 503, 200, 200}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if played := p.Played(); played[0].Calls != 2 || played[0].Replies != 6 {
		t.Errorf("%+v", played)
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
	for i := range 2 * mostCalls {
		turn, err := p.Begin(noon, &Attempt{Call: fmt.Sprint(i % (mostCalls + 7)), Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		turn.End(false)
	}
	if len(p.marked) > mostCalls || p.open.Len() > mostCalls || len(p.alike) > 0 {
		t.Errorf("%d calls, %d open", len(p.marked), p.open.Len())
	}
}
