package calls

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// one is an attempt that is answered at once.
func one(t *Tracker, now time.Time, id ID, answer Answer) *Attempt {
	a := t.Begin(now, &id)
	answer.Told = now
	t.End(a, &answer)
	return a
}

var (
	refused   = Answer{Outcome: Failed}
	succeeded = Answer{Outcome: Succeeded}
	hopeless  = Answer{Outcome: Hopeless}
	lost      = Answer{Outcome: Lost}
)

func wait(seconds float64) Answer {
	return Answer{Outcome: Failed, Asked: true, Wait: at(seconds).Sub(noon)}
}

// However the attempts of calls come in between, each is known as the attempt of its call
// that it is, by what names the call, by the number of retries where calls look alike, or
// by the body.
func TestInterleaved(t *testing.T) {
	ways := map[string]func(call, number int) ID{
		"named":    func(call, _ int) ID { return ID{Name: fmt.Sprint(call), Retry: -1, Body: 1} },
		"numbered": func(_, number int) ID { return ID{Retry: number, Body: 1} },
		"bodies":   func(call, _ int) ID { return ID{Retry: -1, Body: uint64(call)} },
		"keys":     func(call, _ int) ID { return ID{Retry: -1, Key: fmt.Sprint(call)} },
	}
	for way, id := range ways {
		t.Run(way, rapid.MakeCheck(func(t *rapid.T) {
			tracker := New()
			made := make([]int, rapid.IntRange(1, 8).Draw(t, "calls")) // attempts
			numbers := make([]uint64, len(made))
			for now := noon; now.Before(at(60)); now = now.Add(time.Second) {
				i := rapid.IntRange(0, len(made)-1).Draw(t, "call")
				answer := refused
				if made[i] == 3 {
					answer = succeeded
				}
				a := one(tracker, now, id(i, made[i]), answer)
				if a.Number != made[i] || way != "numbered" && made[i] > 0 && a.Call != numbers[i] {
					t.Fatalf("attempt %d of call %d is %+v", made[i], i, a)
				}
				if a.Number > 0 && a.Before.Outcome != Failed {
					t.Fatalf("attempt %d of call %d comes after %+v", made[i], i, a.Before)
				}
				numbers[i] = a.Call
				made[i] = (made[i] + 1) % 4
			}
		}))
	}
}

// step is an attempt of a client, its answer, and what is known of it.
type step struct {
	second float64
	id     ID
	answer Answer
	want   Attempt // without Before
}

func bodied(n uint64, connection string) ID { return ID{Body: n, Retry: -1, Connection: connection} }
func count(n int) ID                        { return ID{Body: 1, Retry: n} }
func called(name string) ID                 { return ID{Name: name, Retry: -1} }

func TestAttempts(t *testing.T) {
	for name, steps := range map[string][]step{
		"a name": {
			{0, called("a"), wait(2), Attempt{Call: 1, By: ByName, Unbidden: 1}},
			{0, called("b"), refused, Attempt{Call: 2, By: ByName, Unbidden: 1}},
			{1, called("a"), wait(2), Attempt{Call: 1, Number: 1, By: ByName, Early: true, Unbidden: 2}},
			{2.995, called("a"), hopeless, Attempt{Call: 1, Number: 2, By: ByName, Bidden: true, Unbidden: 2}}, // a timer fires 5 ms early
			{4, called("a"), succeeded, Attempt{Call: 1, Number: 3, By: ByName, Unbidden: 3}},
			{5, called("a"), succeeded, Attempt{Call: 3, By: ByName, Unbidden: 1}},
		},
		"a count": {
			{0, count(0), wait(2), Attempt{Call: 1, By: ByCount, Unbidden: 1}},
			{0.5, count(0), wait(2), Attempt{Call: 2, By: ByCount, Unbidden: 1}},
			{2.1, count(1), hopeless, Attempt{Call: 1, Number: 1, By: ByCount, Bidden: true, Unbidden: 1}},
			{2.2, count(2), succeeded, Attempt{Call: 1, Number: 2, By: ByCount, Unbidden: 2}},
			{2.6, count(1), lost, Attempt{Call: 2, Number: 1, By: ByCount, Bidden: true, Unbidden: 1}},
			{2.7, count(2), succeeded, Attempt{Call: 2, Number: 2, By: ByCount, Unbidden: 2}},
			{3, count(5), succeeded, Attempt{Call: 3, Number: 5, By: ByCount, Unbidden: 6}}, // of a call that is not known
		},
		"a body": {
			{0, bodied(1, "x"), refused, Attempt{Call: 1, Unbidden: 1}},
			{1, bodied(1, "x"), refused, Attempt{Call: 1, Number: 1, Unbidden: 2}},
			{2, bodied(1, "x"), refused, Attempt{Call: 1, Number: 2, Unbidden: 3}},
			{3, bodied(1, "x"), succeeded, Attempt{Call: 1, Number: 3, Unbidden: 4, Guessed: true}},
			{4, bodied(1, "x"), refused, Attempt{Call: 2, Unbidden: 1, Twin: true}},
			{5, bodied(1, "y"), refused, Attempt{Call: 2, Number: 1, Unbidden: 2, Guessed: true}},
		},
		"a body after what is hopeless": {
			{0, bodied(1, "x"), hopeless, Attempt{Call: 1, Unbidden: 1}},
			{1, bodied(1, "x"), hopeless, Attempt{Call: 2, Unbidden: 1, Again: true}},
			{1, bodied(2, "x"), hopeless, Attempt{Call: 3, Unbidden: 1}},
		},
		"after ten minutes": {
			{0, called("a"), refused, Attempt{Call: 1, By: ByName, Unbidden: 1}},
			{601, called("a"), refused, Attempt{Call: 2, By: ByName, Unbidden: 1}},
		},
	} {
		tracker := New()
		for i, s := range steps {
			a := one(tracker, at(s.second), s.id, s.answer)
			if diff := cmp.Diff(&s.want, a, cmpopts.IgnoreUnexported(Attempt{}), cmpopts.IgnoreFields(Attempt{}, "Before")); diff != "" {
				t.Errorf("%s, attempt %d (-want +got):\n%s", name, i, diff)
			}
		}
	}
}

// While a call is on its way, the same body again is another one, and shows that bodies do
// not tell calls apart; the connection tells their next attempts apart.
func TestAtOnce(t *testing.T) {
	tracker := New()
	id := func(connection string) *ID { return &ID{Retry: -1, Connection: connection} }
	a := tracker.Begin(noon, id("a"))
	b := tracker.Begin(noon, id("b"))
	if a.Call == b.Call || a.Twin || !b.Twin {
		t.Errorf("%+v, %+v", a, b)
	}
	first := map[string]uint64{"a": a.Call, "b": b.Call}
	tracker.End(a, &refused)
	tracker.End(b, &refused)
	for i, connection := range []string{"b", "a", "b", "a"} {
		if x := one(tracker, noon, *id(connection), refused); x.Call != first[connection] || x.Number != 1+i/2 {
			t.Errorf("attempt %d, on %s: %+v", i, connection, x)
		}
	}
}

// A client that hangs up before the answer makes the next attempt of that call.
func TestHangUp(t *testing.T) {
	tracker := New()
	a := tracker.Begin(noon, &ID{Retry: 0})
	b := tracker.Begin(at(1), &ID{Retry: 1})
	tracker.End(a, &lost)
	if b.Call != a.Call || b.Number != 1 || b.Before.Outcome != Unanswered || b.Guessed {
		t.Errorf("%+v", b)
	}
	tracker.End(b, &refused)
	if c := one(tracker, at(2), ID{Retry: 2}, succeeded); c.Call != a.Call || c.Number != 2 || c.Before.Outcome != Failed {
		t.Errorf("%+v", c)
	}
	if len(tracker.groups)+tracker.all.Len() > 0 {
		t.Error("the call is not over")
	}
}

// fewest returns how few retries can have come before their waits were over, by trying all
// ways to match each with a call that was refused before it; most is how many at most.
func fewest(refusals, dues, retries []int) (fewest int) {
	fewest = len(retries) + 1
	used := make([]bool, len(dues))
	var try func(i, early int)
	try = func(i, early int) {
		if early >= fewest {
			return
		}
		if i == len(retries) {
			fewest = early
			return
		}
		for k := range dues {
			if !used[k] && refusals[k] <= retries[i] {
				used[k] = true
				e := 0
				if retries[i] < dues[k] {
					e = 1
				}
				try(i+1, early+e)
				used[k] = false
			}
		}
	}
	try(0, 0)
	return fewest
}

// Of calls that are alike, as few retries count as early as can be: no finding is false.
// A client that waits as it should is never said to have come early, and never in doubt.
func TestAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracker := New()
		n := rapid.IntRange(1, 6).Draw(t, "calls")
		var refusals, dues, retries []int
		good := rapid.Bool().Draw(t, "waits")
		type event struct{ second, due int } // due 0: a retry
		var events []event
		for range n {
			r := rapid.IntRange(0, 10).Draw(t, "refused at")
			due := r + rapid.IntRange(1, 10).Draw(t, "wait")
			refusals, dues = append(refusals, r), append(dues, due)
			events = append(events, event{r, due})
			back := rapid.IntRange(r, due).Draw(t, "back at")
			if good {
				back = due + rapid.IntRange(0, 5).Draw(t, "late")
			}
			if rapid.IntRange(0, 3).Draw(t, "gives up") > 0 {
				retries = append(retries, back)
				events = append(events, event{back, 0})
			}
		}
		slices.Sort(retries)
		slices.SortStableFunc(events, func(a, b event) int {
			if a.second != b.second {
				return a.second - b.second
			}
			return b.due - a.due // refusals first
		})
		early := 0
		for _, e := range events {
			if e.due > 0 {
				one(tracker, at(float64(e.second)), count(0), wait(float64(e.due-e.second)))
				continue
			}
			a := one(tracker, at(float64(e.second)), count(1), succeeded)
			if a.Number != 1 || a.Guessed {
				t.Fatalf("a retry is %+v", a)
			}
			if a.Early {
				early++
			}
			if good && (a.Early || a.Alike) {
				t.Fatalf("a client that waits is said to be early: %+v", a)
			}
		}
		if want := fewest(refusals, dues, retries); early != want {
			t.Fatalf("%d early, want %d", early, want)
		}
	})
}

// Clients that never come back do not take ever more memory, nor do ever new bodies and
// names.
func TestManyCalls(t *testing.T) {
	tracker := New()
	for i := range 3 * mostCalls {
		id := ID{Key: "k", Retry: i%3 - 1, Body: uint64(i % 70_000)}
		if i%5 == 0 {
			id.Name = fmt.Sprint(i)
		}
		one(tracker, noon, id, []Answer{refused, succeeded, hopeless}[i/7%3])
	}
	grouped := 0
	for _, g := range tracker.groups {
		grouped += len(g.calls)
	}
	if n := tracker.all.Len(); n > mostCalls || n != grouped+len(tracker.named) {
		t.Errorf("%d calls, %d of them by body and %d by name", n, grouped, len(tracker.named))
	}
	tracker.Begin(at(700), &ID{})
	if n := tracker.all.Len(); n != 1 || len(tracker.groups) != 1 {
		t.Errorf("%d calls, %d bodies after ten minutes", n, len(tracker.groups))
	}
	tracker.Forget()
	if tracker.all.Len()+len(tracker.groups)+len(tracker.named) > 0 {
		t.Error("calls are left")
	}
}

// What a group counts is what its calls are.
func TestCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracker := New()
		var open []*Attempt
		now := noon
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 400}).Draw(t, "seconds")) * time.Second)
			if len(open) > 0 && rapid.Bool().Draw(t, "ends") {
				i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				tracker.End(open[i], &Answer{Told: now, Outcome: rapid.SampledFrom([]Outcome{Lost, Succeeded, Failed, Hopeless}).Draw(t, "outcome")})
				open = slices.Delete(open, i, i+1)
			} else {
				open = append(open, tracker.Begin(now, &ID{Retry: rapid.IntRange(-1, 2).Draw(t, "retry"), Body: rapid.Uint64Range(0, 1).Draw(t, "body")}))
			}
			for _, g := range tracker.groups {
				var flying, waiting int
				for i, c := range g.calls {
					if c.index != i || c.group != g {
						t.Fatal("a call is not where it says")
					}
					if c.flying > 0 {
						flying++
					}
					if c.waiting() {
						waiting++
					}
				}
				if flying != g.flying || waiting != g.waiting {
					t.Fatalf("%d on their way and %d waiting, counted as %d and %d", flying, waiting, g.flying, g.waiting)
				}
			}
		}
	})
}

func BenchmarkSameBody(b *testing.B) {
	tracker := New()
	var open []*Attempt
	for range 10_000 {
		open = append(open, tracker.Begin(noon, &ID{Key: "k", Retry: -1}))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		k := i % len(open)
		tracker.End(open[k], &succeeded)
		open[k] = tracker.Begin(noon, &ID{Key: "k", Retry: -1})
	}
}
