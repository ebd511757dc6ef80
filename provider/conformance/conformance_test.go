package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/calls"
	"ratesim/provider/wire"
)

// noon begins a second and a block.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(math.Round(seconds * float64(time.Second))))
}

var ok = wire.Reply{Status: 200, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota}

func status(code int, l wire.Limit) wire.Reply {
	r := ok
	r.Status, r.Limit = code, l
	return r
}

var (
	down   = status(503, wire.Capacity)
	broke  = status(429, wire.Billing)
	busy   = status(429, wire.Requests)
	aFault = status(400, wire.NoLimit)
)

// empty is a 429 after which nothing is left for reset.
func empty(reset time.Duration) wire.Reply {
	r := busy
	r.Requests = wire.Quota{Limit: 500, Remaining: 0, Reset: reset}
	return r
}

// nearly is a success that tells how much is left.
func nearly(remaining int64) wire.Reply {
	r := ok
	r.Requests = wire.Quota{Limit: 500, Remaining: remaining, Reset: time.Minute}
	return r
}

// attempt is one of a client, and what it is answered.
type attempt struct {
	second   float64
	id       calls.ID
	reply    wire.Reply
	wait     float64 // seconds that the answer asks for; 0 = it does not
	takes    float64 // seconds until it is answered
	scripted bool
}

// The ways in which attempts are known.
func named(call int) calls.ID { return calls.ID{Key: "k", Name: fmt.Sprint(call), Retry: -1} }
func counted(call, retry int) calls.ID {
	return calls.ID{Key: "k", Body: uint64(call), Retry: retry, Connection: "a"}
}
func bodied(call int) calls.ID { return counted(call, -1) }

func on(connection string, id calls.ID) calls.ID {
	id.Connection = connection
	return id
}

// play lets a watcher see attempts.
func play(attempts []attempt) *Watcher {
	w, tracker := New(1, nil), calls.New()
	type ending struct {
		at  time.Time
		end func()
	}
	var endings []ending
	attempts = slices.Clone(attempts)
	slices.SortStableFunc(attempts, func(a, b attempt) int { return at(a.second).Compare(at(b.second)) })
	for i, a := range attempts {
		now := at(a.second)
		slices.SortStableFunc(endings, func(a, b ending) int { return a.at.Compare(b.at) })
		for len(endings) > 0 && !endings[0].at.After(now) {
			endings[0].end()
			endings = endings[1:]
		}
		e := Event{Key: a.id.Key, Deployment: "d", Request: fmt.Sprint("r", i), At: now, Told: at(a.second + a.takes), Wait: wire.Absent, Reply: a.reply, Scripted: a.scripted}
		if a.wait > 0 {
			e.Wait = at(a.wait).Sub(noon)
		}
		begun := tracker.Begin(now, &a.id)
		e.Attempt = *begun
		w.Observe(e)
		answer := e.Answer()
		endings = append(endings, ending{e.Told, func() { tracker.End(begun, &answer) }})
	}
	return w
}

func levelsOf(w *Watcher, p Policy) map[string]Level {
	got := map[string]Level{}
	for _, v := range w.Report(p).Rules {
		if v.Level != Untested {
			got[v.Name] = v.Level
		}
	}
	return got
}

// Each cell of rule and client, for clients that keep a rule, break it, do not exercise it, or
// of which nobody can tell. Each is held to all rules.
func TestGrades(t *testing.T) {
	for _, tt := range slices.Concat(neverRefused(), askedToWait(), incurable(), failing(), withNothingLeft(), nearLimits(), together()) {
		w := play(tt.attempts)
		if diff := cmp.Diff(tt.want, levelsOf(w, Policy{}), cmpEmpty); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		checkReport(t, tt.name, w.Report(Policy{}), tt.want)
	}
}

var cmpEmpty = cmp.Transformer("nil", func(m map[string]Level) map[string]Level {
	if m == nil {
		return map[string]Level{}
	}
	return m
})

// required are the rules without which a run is not a pass.
var required = []string{"retry-after", "hopeless", "amplification"}

// checkReport holds the grade of a run against those of the rules.
func checkReport(t *testing.T, name string, r Report, rules map[string]Level) {
	t.Helper()
	want, open := Untested, Untested
	fails := slices.Contains(slices.Collect(mapValues(rules)), Fail)
	for _, rule := range required {
		if rules[rule] == CannotTell {
			open = CannotTell
		}
	}
	missing := slices.ContainsFunc(required, func(rule string) bool { return rules[rule] == Untested || rules[rule] == CannotTell })
	switch {
	case fails:
		want = Fail
	case missing:
		want = open
	}
	if r.Level != want || r.Open() != missing {
		t.Errorf("%s: the run is %v, want %v; open %v, want %v", name, r.Level, want, r.Open(), missing)
	}
	for _, g := range r.Keys {
		for _, f := range g.Findings {
			if f.Says == "" || strings.Contains(f.Says, "%!") || (f.Level == Fail || f.Level == CannotTell) && f.Name != "lockstep" && len(f.Examples) == 0 {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

func mapValues(m map[string]Level) func(func(Level) bool) {
	return func(yield func(Level) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// The ends of the interval are those of a table of Wilson's score interval for 90 %, which
// is 95 % at each end (computed with R's binom.confint, methods = "wilson", and by solving
// (p-share)^2 = z^2 share (1-share) / n by bisection here).
func TestInterval(t *testing.T) {
	solve := func(bad, of int64, side float64) float64 {
		p, lo, hi := float64(bad)/float64(of), 0.0, 1.0
		if side < 0 {
			hi = p
		} else {
			lo = p
		}
		for range 100 {
			x := (lo + hi) / 2
			outside := (p-x)*(p-x) > 1.645*1.645*x*(1-x)/float64(of)
			if outside == (side < 0) {
				lo = x
			} else {
				hi = x
			}
		}
		return lo
	}
	for _, n := range [][2]int64{{1, 1}, {1, 2}, {0, 20}, {2, 51}, {10, 60}, {60, 60}} {
		low, high := interval(n[0], n[1])
		if want := solve(n[0], n[1], -1); math.Abs(low-want) > 1e-9 {
			t.Errorf("%v: low %v, want %v", n, low, want)
		}
		if want := solve(n[0], n[1], 1); math.Abs(high-want) > 1e-9 {
			t.Errorf("%v: high %v, want %v", n, high, want)
		}
	}
}

// Gates decide alone, at the share they name or at that of the rule.
func TestPolicy(t *testing.T) {
	early := slices.Concat(tries(byName(1), down, 2, 0, 0.5), each(9, func(i int) []attempt { return tries(byName(2+i), down, 2, 10, 12) })) // 1 of 10
	refused := burst(36, 4, func(i int) float64 { return 20 + float64(i) })
	for _, tt := range []struct {
		name     string
		attempts []attempt
		policy   Policy
		want     Level
		open     bool
	}{
		{"no gate, untested", early, Policy{}, Untested, true},
		{"no gate, untested is allowed", early, Policy{AllowUntested: true}, Warn, false},
		{"its own share", early, Policy{FailOn: []Gate{{"retry-after", -1}}}, Warn, false},
		{"above the share", early, Policy{FailOn: []Gate{{"retry-after", 0.09}}}, Fail, false},
		{"at the share", early, Policy{FailOn: []Gate{{"retry-after", 0.1}}}, Pass, false},
		{"another rule is untested", early, Policy{FailOn: []Gate{{"hopeless", -1}}}, Untested, true},
		{"another rule may be untested", early, Policy{FailOn: []Gate{{"hopeless", -1}}, AllowUntested: true}, Warn, false},
		{"one of two", early, Policy{FailOn: []Gate{{"hopeless", -1}, {"retry-after", 0}}}, Fail, true},
		{"a rule that is not required", early, Policy{FailOn: []Gate{{"lockstep", -1}}}, Untested, true},
		{"a rule that never fails by itself", refused, Policy{FailOn: []Gate{{"headroom", -1}}}, Fail, false},
		{"others only inform", fails(byName(1), aFault, 0, 1), Policy{FailOn: []Gate{{"retry-after", -1}}, AllowUntested: true}, Warn, false},
		{"nothing at all", nil, Policy{AllowUntested: true}, Untested, true},
	} {
		r := play(tt.attempts).Report(tt.policy)
		if r.Level != tt.want || r.Open() != tt.open {
			t.Errorf("%s: %v, open %v, want %v and %v", tt.name, r.Level, r.Open(), tt.want, tt.open)
		}
	}
}

// The provider's minute lasts a second at speed 60.
func TestSpeed(t *testing.T) {
	w := New(60, nil)
	for i := range 10 {
		w.Observe(Event{Key: "k", At: at(float64(i)), Told: at(float64(i)), Wait: wire.Absent, Reply: empty(time.Minute)})
	}
	if got := levelsOf(w, Policy{})["exhausted"]; got != Pass {
		t.Errorf("%v", got)
	}
}

// Memory is bounded, whatever clients do.
func TestBounded(t *testing.T) {
	w := New(1, nil)
	for i := range 50_000 {
		e := Event{Key: "k", Deployment: fmt.Sprint(i), At: at(float64(i) / 1000), Told: at(float64(i) / 1000), Reply: empty(time.Minute)}
		e.Attempt.Before = calls.Answer{Outcome: calls.Hopeless}
		w.Observe(e)
		e.Key = fmt.Sprint(i)
		w.Observe(e)
	}
	if n := len(w.clients); n != maxKeys+1 {
		t.Errorf("%d keys", n)
	}
	for key, c := range w.clients {
		if len(c.exhausted) > maxDeployments {
			t.Errorf("%s: %d deployments", key, len(c.exhausted))
		}
		for i := range c.examples {
			if len(c.examples[i]) > maxExamples {
				t.Errorf("%s: %d examples", key, len(c.examples[i]))
			}
		}
	}
}

// A report has what a reader needs to find the requests in a log.
func TestJSON(t *testing.T) {
	early := tries(byName(1), down, 2, 0, 0.5)
	for i := range early {
		early[i].id.Key = "sk-proj-0123456789abcdef"
	}
	w := play(early)
	w.tenants = map[string]string{"sk-proj-0123456789abcdef": "web"}
	data, err := json.Marshal(w.Report(Policy{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"grade":"fail","rules":[{"name":"retry-after","grade":"fail","decides":true,"open":false,`,
		`{"name":"hopeless","grade":"untested","decides":true,"open":true,"says":"Nothing exercised it. To test it, answer`,
		`{"key":"sk-pro…cdef","tenant":"web","grade":"fail","attempts":2,"calls":1,"limited":1,"refused":1,"findings":[{"name":"retry-after","grade":"fail","count":1,"of":1,"share":1,"low":0.2698`,
		`"examples":[{"request":"r1","at":"2026-11-24T12:00:00.5Z","before":"r0","told":"2026-11-24T12:00:00Z","says":"request r1 of 12:00:00.500 came 1.5s too early; request r0 before it was answered 503 at 12:00:00.000 and asked it to wait for 2s"}]}`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in\n%s", want, data)
		}
	}
}

// What was sent in vain is told with the request that had told of it.
func TestExhaustedExample(t *testing.T) {
	w := play(slices.Concat(fails(byName(1), empty(20*time.Second), 0), fails(byName(2), empty(19*time.Second), 1)))
	want := "request r1 of 12:00:01.000 was answered 429; request r0 was told at 12:00:00.000 that nothing was left until 12:00:20.000"
	if x := w.clients["k"].examples[exhausted]; len(x) != 1 || x[0].Says != want || x[0].Before != "r0" {
		t.Errorf("%+v, want %s", x, want)
	}
}

func BenchmarkObserve(b *testing.B) {
	w := New(1, nil)
	b.ReportAllocs()
	e := Event{Key: "k", Deployment: "d", Wait: wire.Absent, Reply: ok}
	for i := 0; b.Loop(); i++ {
		e.At = at(float64(i) / 1000)
		w.Observe(e)
	}
}
