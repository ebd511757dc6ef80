package workload

import (
	"container/heap"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// chat is a stream of conversations with fixed sizes, one of them at 0 s.
func chat(turns float64, change func(*Stream, *Sessions)) Stream {
	of := &Sessions{Start: Arrivals{Process: Spike, Calls: 1}, Turns: rng.NewConstant(turns), Added: rng.NewConstant(50), System: 1000}
	s := Stream{Arrivals: Arrivals{Process: InSessions, Think: rng.NewConstant(5), Sessions: of}, Prompt: rng.NewConstant(200), Output: rng.NewConstant(100)}
	if change != nil {
		change(&s, of)
	}
	return s
}

// turn is what a test says of a call.
type turn struct {
	At     float64
	Prompt uint32
	Same   bool // it continues the prompt of the call before
}

// tester is a testing.T or a rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// play serves calls that take a second each, in the order in which they end, and calls
// fails to ask whether one fails. It returns all arrivals in order of time.
func play(t tester, s Source, fails func(a *Arrival) bool) []Arrival {
	t.Helper()
	var open ends
	var all []Arrival
	var a Arrival
	for s.Next(&a) {
		heap.Push(&open, a)
	}
	seen := map[uint64]bool{}
	for len(open) > 0 {
		a := heap.Pop(&open).(Arrival)
		if seen[a.ID] {
			t.Fatalf("ID %x twice", a.ID)
		}
		seen[a.ID] = true
		all = append(all, a)
		end := a.At.Add(time.Second)
		for _, b := range s.(Closed).Ended(end, a.ID, !fails(&a), nil) {
			if b.At < end {
				t.Fatalf("a call at %v after the one before ended at %v", b.At, end)
			}
			heap.Push(&open, b)
		}
	}
	if of := s.(*sessionSource); len(of.open) > 0 || len(of.agents) > 0 {
		t.Errorf("%d sessions and %d sub-agents are left when all calls have ended", len(of.open), len(of.agents))
	}
	return all
}

func never(*Arrival) bool { return false }

func turns(all []Arrival) []turn {
	var list []turn
	for i := range all {
		list = append(list, turn{all[i].At.Seconds(), all[i].Prompt, i > 0 && all[i].Prefix == all[i-1].Prefix})
	}
	return list
}

// TestConversation works the prompts out by hand: a system prompt of 1,000 tokens, 200 to
// begin with, and at each turn the answer of 100 and 50 more. A call takes 1 s, and 5 s
// pass before the next.
func TestConversation(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Stream, *Sessions)
		want   []turn
	}{
		{"grows", nil, []turn{{0, 1200, false}, {6, 1350, true}, {12, 1500, true}, {18, 1650, true}}},
		{"max_tokens cuts answers", func(s *Stream, _ *Sessions) { s.MaxTokens = 10 },
			[]turn{{0, 1200, false}, {6, 1260, true}, {12, 1320, true}, {18, 1380, true}}},
		{"truncated", func(_ *Stream, of *Sessions) { of.MaxContext = 1400 },
			[]turn{{0, 1200, false}, {6, 1350, true}, {12, 1400, false}, {18, 1400, false}}},
		// 1,350 + 100 + 50 exceed 1,400: 1,100 and the 50 that are new; 1,150 + 150; 1,300 + 150 exceed it again.
		{"compacted", func(s *Stream, of *Sessions) { of.MaxContext, of.CompactTo, of.Turns = 1400, 1100, rng.NewConstant(5) },
			[]turn{{0, 1200, false}, {6, 1350, true}, {12, 1150, false}, {18, 1300, true}, {24, 1150, false}}},
		{"too long at once", func(s *Stream, of *Sessions) { of.MaxContext, s.Prompt = 1400, rng.NewConstant(9000) },
			[]turn{{0, 1400, false}, {6, 1400, false}, {12, 1400, false}, {18, 1400, false}}},
	} {
		if diff := cmp.Diff(tt.want, turns(play(t, open(t, chat(4, tt.change), clock.Never), never))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestFanOutJoins starts three sub-agents of two turns after each turn but the last. The
// session's next turn comes 5 s after the last of them, with their last answers.
func TestFanOutJoins(t *testing.T) {
	s := open(t, chat(3, func(_ *Stream, of *Sessions) {
		of.FanOut = FanOut{Share: 1, Agents: rng.NewConstant(3), Turns: rng.NewConstant(2), Prompt: rng.NewConstant(30), Output: rng.NewConstant(7)}
	}), clock.Never)
	all := play(t, s, never)
	prefixes := map[uint64]int{}
	for i := range all {
		prefixes[all[i].Prefix]++
	}
	// The session asks at 0 s. Its sub-agents ask at 1 s, 1.001 s and 1.002 s, with 1,000 +
	// 30, and 5 s after their answers, with 7 + 50 more. The last ends at 8.002 s, and the
	// session goes on at 13.002 s with 1,200 + 100 + 3*7 + 50. The next are 13.002 s later, and
	// the last prompt has 1,371 + 100 + 3*7 + 50.
	agents := []turn{{1, 1030, false}, {1.001, 1030, false}, {1.002, 1030, false}, {7, 1087, false}, {7.001, 1087, false}, {7.002, 1087, false}}
	want := append([]turn{{0, 1200, false}}, agents...)
	want = append(want, turn{13.002, 1371, false})
	for _, a := range agents {
		want = append(want, turn{float64(int64((13.002+a.At)*1000+0.5)) / 1000, a.Prompt, false})
	}
	want = append(want, turn{26.004, 1542, false})
	got := turns(all)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	calls := map[int]int{}
	for _, n := range prefixes {
		calls[n]++
	}
	if calls[3] != 1 || calls[2] != 6 || len(prefixes) != 7 {
		t.Errorf("conversations of %v, want one of 3 calls and, of sub-agents, 6 of 2", prefixes)
	}
}

// TestLostTurns lets one call of a session of 4 turns fail, and counts by hand what it had
// still to make. Two sub-agents of 3 turns follow each turn but the last: 4 + 3*2*3 calls.
func TestLostTurns(t *testing.T) {
	plan := chat(4, func(_ *Stream, of *Sessions) {
		of.FanOut = FanOut{Share: 1, Agents: rng.NewConstant(2), Turns: rng.NewConstant(3), Prompt: rng.NewConstant(30), Output: rng.NewConstant(7)}
	})
	call := func(turn, agent, agentTurn uint64) uint64 {
		return turn<<turnAt | agent<<agentAt | agentTurn<<agentTurnAt
	}
	for _, tt := range []struct {
		name        string
		fail        uint64
		calls, lost int
	}{
		{"none", 1, 22, 0}, // there is no such call
		{"the first turn", call(0, 0, 0), 1, 21},
		{"the second turn", call(1, 0, 0), 1 + 6 + 1, 14},
		{"the last turn", call(3, 0, 0), 22, 0},
		// The other sub-agent's first call was under way and is its last.
		{"a sub-agent's first call", call(0, 1, 0), 1 + 2, 19},
		{"a sub-agent's last call", call(0, 1, 2), 1 + 6, 15},
		{"the last sub-agent's last call", call(2, 2, 2), 21, 1},
	} {
		s := open(t, plan, clock.Never)
		all := play(t, s, func(a *Arrival) bool { return a.ID == tt.fail })
		got := SessionsOf(s)
		lost := int64(0)
		if tt.fail != 1 {
			lost = 1
		}
		if len(all) != tt.calls || got != (SessionCounts{Begun: 1, Lost: lost, LostTurns: int64(tt.lost)}) {
			t.Errorf("%s: %d calls and %+v, want %d calls and %d lost turns", tt.name, len(all), got, tt.calls, tt.lost)
		}
	}
}

// random is a stream of sessions with random parameters.
func random(t *rapid.T) Stream {
	dist := func(name string, most float64) rng.Dist {
		hi := rapid.Float64Range(1, most).Draw(t, name)
		d, err := rng.NewUniform(0, hi)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	s := chat(1, nil)
	of := s.Arrivals.Sessions
	*of = Sessions{Start: Arrivals{Process: Poisson, Rate: rapid.Float64Range(0.01, 2).Draw(t, "rate")}, Turns: dist("turns", 8), Added: dist("added", 500),
		System: rapid.Uint32Range(0, 2000).Draw(t, "system"), MaxContext: rapid.SampledFrom([]uint32{0, 2100, 4000}).Draw(t, "max"),
		FanOut: FanOut{Share: rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "share"), Agents: dist("agents", 4), Turns: dist("agent turns", 4), Prompt: dist("agent prompt", 500), Output: dist("agent output", 90)}}
	if of.MaxContext > 0 && rapid.Bool().Draw(t, "compact") {
		of.CompactTo = of.System
	}
	s.Arrivals.Think, s.Prompt, s.Output = dist("think", 20), dist("prompt", 3000), dist("output", 900)
	return s
}

// TestLostTurnsAreThoseThatAreMissing plays random sessions twice, once without failures:
// what is not there when calls fail was lost, call by call, and what is there is the same.
func TestLostTurnsAreThoseThatAreMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan, key := random(t), rng.New(rapid.Uint64().Draw(t, "seed"), 0)
		again := func() *sessionSource { // all begin within 30 s and have as long as they need
			s := openAll(t, []Stream{plan}, key, clock.Never)[0].(*sessionSource)
			s.times = &ending{s.times, 30 * clock.Second}
			return s
		}
		whole := map[uint64]Arrival{}
		for _, a := range play(t, again(), never) {
			whole[a.ID] = a
		}
		share := rapid.Float64Range(0, 0.3).Draw(t, "failures")
		s := again()
		calls := play(t, s, func(a *Arrival) bool { return key.Float64(rng.Fault, a.ID, 0) < share })
		for i := range calls {
			// A session that waits for sub-agents that fail is never later.
			if b, ok := whole[calls[i].ID]; !ok || b != calls[i] {
				t.Fatalf("%+v, and %+v when nothing fails", calls[i], b)
			}
		}
		if got := SessionsOf(s); got.LostTurns != int64(len(whole)-len(calls)) || got.Begun < got.Lost || (got.LostTurns > 0) && got.Lost == 0 {
			t.Fatalf("%+v; %d of %d calls came", got, len(calls), len(whole))
		}
	})
}

// ending ends arrival times.
type ending struct {
	times
	at clock.Time
}

func (e *ending) next() clock.Time {
	if t := e.times.next(); t < e.at {
		return t
	}
	return clock.Never
}

// TestPrefixesHold holds the promise of Arrival.Prefix against the prompts: within one
// prefix they never get shorter, and each has the answer before it in it.
func TestPrefixesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := random(t)
		s := openAll(t, []Stream{plan}, rng.New(rapid.Uint64().Draw(t, "seed"), 0), 60*clock.Second)[0]
		last := map[uint64]Arrival{}
		most := plan.Arrivals.Sessions.MaxContext
		for _, a := range play(t, s, never) {
			if before, ok := last[a.Prefix]; ok && a.Prompt < before.Prompt+before.Output {
				t.Fatalf("%+v continues %+v", a, before)
			}
			if a.Prefix == 0 || a.At >= 60*clock.Second || a.Prompt < plan.SystemTokens() || most > 0 && a.Prompt > most {
				t.Fatalf("%+v", a)
			}
			last[a.Prefix] = a
		}
	})
}

// TestOneTurnIsAPlainCall opens every open process plainly and as the start of sessions of
// one turn: the arrivals are the same to the last field, but that they have a prefix.
func TestOneTurnIsAPlainCall(t *testing.T) {
	prompt, err := rng.NewLognormal(900, 4000)
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range sound() {
		if start.Process.Waits() || start.Process == Trace {
			continue
		}
		plain := Stream{Arrivals: start, Prompt: prompt, Output: prompt, MaxTokens: 700, Deadline: time.Minute, Estimate: Estimate{Belief: Chars}}
		session := plain
		session.Arrivals = Arrivals{Process: InSessions, Sessions: &Sessions{Start: start, Turns: rng.NewConstant(1), Added: rng.NewConstant(50)}}
		want := take(t, open(t, plain, 60*clock.Second), math.MaxInt)
		got := take(t, open(t, session, 60*clock.Second), math.MaxInt)
		for i := range got {
			if got[i].Prefix != got[i].ID+1 {
				t.Errorf("%s: call %d has the prefix %d", start.Process, got[i].ID, got[i].Prefix)
			}
			got[i].Prefix = 0
		}
		if !slices.Equal(want, got) || len(want) == 0 {
			t.Errorf("%s: %d plain calls and %d sessions differ", start.Process, len(want), len(got))
		}
	}
}

// TestSessionsDoNotDependOnTheStrategy serves the same sessions slower: the calls have the
// same sizes.
func TestSessionsDoNotDependOnTheStrategy(t *testing.T) {
	plan := chat(6, func(s *Stream, of *Sessions) {
		of.Start = Arrivals{Process: Poisson, Rate: 1}
		u, err := rng.NewUniform(0, 300)
		if err != nil {
			t.Fatal(err)
		}
		of.Added, s.Output = u, u
		of.FanOut = FanOut{Share: 0.4, Agents: rng.NewConstant(2), Prompt: u, Output: u}
	})
	fast := runClosed(t, open(t, plan, 60*clock.Second).(Closed), time.Second)
	slow := runClosed(t, open(t, plan, 60*clock.Second).(Closed), 4*time.Second)
	for id, a := range slow {
		if b, ok := fast[id]; ok && (a.Prompt != b.Prompt || a.Output != b.Output || a.Prefix != b.Prefix) {
			t.Errorf("call %x is %+v, and %+v when served fast", id, a, b)
		}
	}
	if len(slow) >= len(fast) || len(slow) < 60 {
		t.Errorf("%d calls, and %d served fast", len(slow), len(fast))
	}
}

// TestSessionsEndWithTheRun cuts sessions off: those that have no time left for a turn are
// neither lost nor kept.
func TestSessionsEndWithTheRun(t *testing.T) {
	plan := chat(1000, func(_ *Stream, of *Sessions) {
		of.Start = Arrivals{Process: Spike, Calls: 10, Over: 20 * time.Second}
		of.FanOut = FanOut{Share: 0.5, Agents: rng.NewConstant(3), Turns: rng.NewConstant(2), Prompt: rng.NewConstant(30), Output: rng.NewConstant(7)}
	})
	s := open(t, plan, 60*clock.Second)
	if all := play(t, s, never); len(all) < 60 || SessionsOf(s) != (SessionCounts{Begun: 10}) {
		t.Errorf("%d calls, %+v", len(all), SessionsOf(s))
	}
}

func TestSessionsOutOfRange(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*Stream, *Sessions)
	}{
		{"max_context is 1000 tokens", func(_ *Stream, of *Sessions) { of.MaxContext = 1000 }},
		{"compact_to must be", func(_ *Stream, of *Sessions) { of.MaxContext, of.CompactTo = 2000, 999 }},
		{"compact_to must be", func(_ *Stream, of *Sessions) { of.MaxContext, of.CompactTo = 2000, 2000 }},
		{"share of turns", func(_ *Stream, of *Sessions) { of.FanOut.Share = math.NaN() }},
		{"start: closed: it says nothing", func(_ *Stream, of *Sessions) { of.Start = Arrivals{Process: ClosedLoop, Users: 1} }},
		{"not described", func(s *Stream, _ *Sessions) { s.Arrivals.Sessions = nil }},
	} {
		if _, err := Open([]Stream{chat(4, tt.change)}, rng.New(1, 0), clock.Never); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want %q", err, tt.want)
		}
	}
}

// BenchmarkSessionsEnded is a turn of one of 10,000 sessions.
func BenchmarkSessionsEnded(b *testing.B) {
	s := open(b, chat(1000, func(_ *Stream, of *Sessions) { of.Start.Calls = 10_000 }), clock.Never).(*sessionSource)
	var now []Arrival
	var a Arrival
	for s.Next(&a) {
		now = append(now, a)
	}
	next := make([]Arrival, 0, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c := &now[i%len(now)]
		next = s.Ended(c.At, c.ID, true, next[:0])
	}
}
