package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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

// each is what a client does with calls number 0 to n-1.
func each(n int, call func(i int) []attempt) []attempt {
	var list []attempt
	for i := range n {
		list = append(list, call(i)...)
	}
	return list
}

// tries are attempts of a call at these seconds, the last of which succeeds.
func tries(id func(retry int) calls.ID, refusal wire.Reply, wait float64, seconds ...float64) []attempt {
	var list []attempt
	for i, s := range seconds {
		list = append(list, attempt{second: s, id: id(i), reply: refusal, wait: wait})
	}
	list[len(list)-1].reply, list[len(list)-1].wait = ok, 0
	return list
}

// fails are attempts of a call of which none succeeds.
func fails(id func(retry int) calls.ID, refusal wire.Reply, seconds ...float64) []attempt {
	list := tries(id, refusal, 0, seconds...)
	list[len(list)-1].reply = refusal
	return list
}

func byName(call int) func(int) calls.ID  { return func(int) calls.ID { return named(call) } }
func byCount(call int) func(int) calls.ID { return func(n int) calls.ID { return counted(call, n) } }
func byBody(call int) func(int) calls.ID  { return func(int) calls.ID { return bodied(call) } }

// burst is calls at once that limits refuse but for a few, and that come back one by one.
func burst(n, admitted int, back func(i int) float64) []attempt {
	return each(n, func(i int) []attempt {
		if i < admitted {
			return []attempt{{second: 0.001 * float64(i), id: named(i), reply: nearly(int64(admitted - i - 1))}}
		}
		return tries(byName(i), empty(time.Minute), 20, 0.001*float64(i), back(i))
	})
}

// Each cell of rule and client: what is not listed is untested. Every client that a rule
// lets fail or leaves open is held to the other rules, too.
func TestGrades(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name     string
		attempts []attempt
		want     map[string]Level
	}{
		{"nothing at all", nil, nil},
		{"never refused", each(40, func(i int) []attempt { return tries(byName(i), ok, 0, float64(i)) }), nil},
		{"never refused, with the same body each time", each(40, func(i int) []attempt { return tries(byBody(1), ok, 0, float64(i)) }), nil},

		{"waits as asked, by name", each(3, func(i int) []attempt { return tries(byName(i), busy, 2, 10*float64(i), 10*float64(i)+2.03) }),
			map[string]Level{"retry-after": Pass, "headroom": Warn}},
		{"waits as asked, by count", each(3, func(i int) []attempt { return tries(byCount(i), down, 2, 10*float64(i), 10*float64(i)+2.03) }), map[string]Level{"retry-after": Pass}},
		{"waits as asked, by body", each(3, func(i int) []attempt { return tries(byBody(i), down, 2, 10*float64(i), 10*float64(i)+2.03) }), map[string]Level{"retry-after": Pass}},
		{"a timer that fires a little early", tries(byName(1), down, 2, 0, 1.995), map[string]Level{"retry-after": Pass}},
		{"waits ten times as it is asked to", tries(byName(1), down, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), map[string]Level{"retry-after": Pass}},
		{"comes back at once, by name", tries(byName(1), down, 2, 0, 0.5), map[string]Level{"retry-after": Fail}},
		{"comes back at once, by count", tries(byCount(1), down, 2, 0, 0.5), map[string]Level{"retry-after": Fail}},
		{"comes back at once, by body and connection", tries(byBody(1), down, 2, 0, 0.5), map[string]Level{"retry-after": Fail}},
		{"comes back at once on another connection", []attempt{{id: bodied(1), reply: down, wait: 2}, {second: 0.5, id: on("b", bodied(1)), reply: ok}}, map[string]Level{"retry-after": CannotTell}},
		{"1 early of 20", each(20, func(i int) []attempt { return tries(byName(i), down, 2, 10*float64(i), 10*float64(i)+2-float64(i/19)) }), map[string]Level{"retry-after": Warn}},
		{"a slow answer asks to wait", []attempt{{id: named(1), reply: down, takes: 5, wait: 2}, {second: 7, id: named(1), reply: ok}}, map[string]Level{"retry-after": Pass}},
		{"gives up where it is asked to wait", []attempt{{id: named(1), reply: down, wait: 2}}, nil},
		{"is not asked to wait", tries(byName(1), down, 0, 0, 0.1), nil},
		{"calls with the same body wait at once, by count", each(40, func(i int) []attempt { return tries(byCount(1), down, 2, float64(i)/100, float64(i)/100+2+r.Float64()) }),
			map[string]Level{"retry-after": Pass}},
		{"2 of 51 with the same body come early, by count", each(51, func(i int) []attempt {
			if i < 2 {
				return tries(byCount(1), down, 20, 0.01*float64(i), 0.5)
			}
			return tries(byCount(1), down, 20, 0.01*float64(i), 20+r.Float64())
		}), map[string]Level{"retry-after": Warn}},
		{"all of 40 with the same body come early, by count", each(40, func(i int) []attempt { return tries(byCount(1), down, 20, float64(i)/100, 1+r.Float64()) }), map[string]Level{"retry-after": Fail}},
		{"half the wait, with the same body in a long run, by count", each(300, func(i int) []attempt { return tries(byCount(1), down, 20, float64(i), float64(i)+10.5) }), map[string]Level{"retry-after": Fail}},
		{"1 of 200 with the same body comes early, by count", each(200, func(i int) []attempt {
			if i == 199 {
				return tries(byCount(1), down, 20, 10, 11)
			}
			return tries(byCount(1), down, 20, float64(i)/50, 20+float64(i)/50)
		}), map[string]Level{"retry-after": CannotTell}},
		{"calls with the same body at once, known by body alone", each(40, func(i int) []attempt {
			list := tries(byBody(1), down, 2, float64(i)/100, float64(i)/100+2.01)
			list[0].takes = 0.05
			return list
		}), map[string]Level{"retry-after": CannotTell, "amplification": CannotTell}},
		{"a body again after it has succeeded", slices.Concat(tries(byBody(1), ok, 0, 0), tries(byBody(1), down, 2, 1, 1.5)), map[string]Level{"retry-after": CannotTell}},
		{"calls with the same body one by one that are never early", each(5, func(i int) []attempt { return tries(byBody(1), down, 2, 10*float64(i), 10*float64(i)+2) }), map[string]Level{"retry-after": Pass}},
		{"three attempts, and the same body as another call", slices.Concat(fails(byBody(1), down, 0, 2, 4), fails(byBody(1), down, 4.1, 6, 8)), map[string]Level{"amplification": CannotTell}},

		{"gives up on no credit", each(2, func(i int) []attempt { return fails(byName(i), broke, float64(i)) }), map[string]Level{"hopeless": Pass}},
		{"gives up on no credit, by body", each(2, func(i int) []attempt { return fails(byBody(i), broke, float64(i)) }), map[string]Level{"hopeless": Pass}},
		{"insists on no credit, by name", fails(byName(1), broke, 0, 1), map[string]Level{"hopeless": Fail}},
		{"insists on no credit, by count", fails(byCount(1), broke, 0, 1, 2), map[string]Level{"hopeless": Fail}},
		{"the same body after a bad request", fails(byBody(1), aFault, 0, 1, 2), map[string]Level{"hopeless": CannotTell}},
		{"insists on a bad request", fails(byName(1), aFault, 0, 1), map[string]Level{"hopeless": Fail}},
		{"insists on what is too large", fails(byName(1), status(429, wire.Oversize), 0, 9), map[string]Level{"hopeless": Fail}},
		{"the same after ten minutes", fails(byName(1), broke, 0, 601), map[string]Level{"hopeless": Pass}},

		{"three attempts for each", each(30, func(i int) []attempt { return fails(byCount(i), down, 3*float64(i), 3*float64(i)+1, 3*float64(i)+2) }), map[string]Level{"amplification": Pass}},
		{"three attempts for each, by body", each(3, func(i int) []attempt { return fails(byBody(i), down, float64(i), 1+float64(i), 2+float64(i)) }), map[string]Level{"amplification": Pass}},
		{"two attempts, and success", tries(byName(1), down, 0, 0, 1), nil},
		{"five attempts for each", each(3, func(i int) []attempt { return fails(byCount(i), down, 0, 1, 2, 3, 4) }), map[string]Level{"amplification": Fail}},
		{"four attempts of one call of 20", each(20, func(i int) []attempt { return fails(byName(i), down, []float64{0, 1, 2, 3}[:3+i/19]...) }), map[string]Level{"amplification": Warn}},
		{"comes back early four times", tries(byName(1), down, 10, 0, 1, 2, 3), map[string]Level{"retry-after": Fail, "amplification": Fail}},

		{"goes on though nothing is left", slices.Concat(each(10, func(i int) []attempt { return tries(byName(i), ok, 0, 100+float64(i)) }),
			each(6, func(i int) []attempt { return fails(byName(100+i), empty(20*time.Second), float64(i)) })), map[string]Level{"exhausted": Fail, "headroom": Warn}},
		{"could not know yet", each(4, func(i int) []attempt { return fails(byName(i), empty(20*time.Second), 0.08*float64(i)) }), map[string]Level{"headroom": Warn}},
		{"waits for the reset", slices.Concat(fails(byName(1), empty(2*time.Second), 0), tries(byName(2), ok, 0, 2), tries(byName(3), ok, 0, 4)), map[string]Level{"exhausted": Pass, "headroom": Warn}},
		{"is let in before the reset", slices.Concat(fails(byName(1), empty(20*time.Second), 0), tries(byName(2), ok, 0, 1)), map[string]Level{"exhausted": Pass, "headroom": Warn}},
		{"comes back when it was asked to, before the reset", slices.Concat([]attempt{{id: named(1), reply: empty(time.Minute), wait: 5}}, fails(byName(2), empty(time.Minute), 5)), map[string]Level{"exhausted": Pass, "headroom": Warn}},

		{"32 of 36 are refused", burst(36, 4, func(i int) float64 { return 20 + float64(i) }), map[string]Level{"retry-after": Pass, "exhausted": Pass, "headroom": Warn}},
		{"slows down when little is left", each(100, func(i int) []attempt {
			return []attempt{{second: float64(i), id: named(i), reply: nearly(max(1, 50-int64(i)))}}
		}), map[string]Level{"headroom": Pass}},
		{"1 of 100 is refused", each(100, func(i int) []attempt {
			return append([]attempt{{second: float64(i), id: named(i), reply: ok}}, map[int][]attempt{7: {{second: 7.5, id: named(700), reply: busy}}}[i]...)
		}), map[string]Level{"headroom": Pass}},
		{"a script refuses", []attempt{{id: named(1), reply: busy, wait: 1, scripted: true}, {second: 1, id: named(1), reply: ok}}, map[string]Level{"retry-after": Pass}},

		{"all retries at once", burst(36, 4, func(int) float64 { return 25 }), map[string]Level{"retry-after": Pass, "exhausted": Pass, "headroom": Warn, "lockstep": Fail}},
		{"half a second of jitter", burst(150, 4, func(int) float64 { return 25 + 0.4*r.Float64() }), map[string]Level{"retry-after": Pass, "exhausted": Pass, "headroom": Warn, "lockstep": Warn}},
		{"a second of jitter", burst(200, 4, func(int) float64 { return 25 + r.Float64() }), map[string]Level{"retry-after": Pass, "exhausted": Pass, "headroom": Warn, "lockstep": Pass}},
		{"retries at once that may be none", each(30, func(i int) []attempt {
			return []attempt{{second: 0, id: on(fmt.Sprint(i), bodied(i)), reply: status(429, wire.Capacity)}, {second: 2, id: on("z", bodied(i)), reply: ok}}
		}), map[string]Level{"lockstep": CannotTell}},
		{"retries at once after errors", each(100, func(i int) []attempt { return tries(byName(i), status(500, 0), 0, 0, 2) }), nil},
	} {
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

// herdOf is the index of retries at these delays, each of its own client.
func herdOf(clients int, delay func(r *rand.Rand) float64) (index float64, level Level) {
	r := rand.New(rand.NewPCG(3, 4))
	w := play(each(clients, func(i int) []attempt {
		list := tries(byName(i), busy, 0, 0.05, 0.05+delay(r))
		list[0].id.Key, list[1].id.Key = fmt.Sprint(i), fmt.Sprint(i)
		return list
	}))
	keys := w.Report(Policy{}).Keys
	f := keys[len(keys)-1].Findings[0]
	return 10 * f.Share, f.Level
}

func TestLockstep(t *testing.T) {
	for _, tt := range []struct {
		name   string
		n      int
		delay  func(*rand.Rand) float64
		lo, hi float64 // of the index
		want   Level
	}{
		{"all at once", 200, func(*rand.Rand) float64 { return 2 }, 10, 10, Fail},
		{"within 50 ms", 200, func(r *rand.Rand) float64 { return 2 + 0.05*r.Float64() }, 4.9, 10, Fail},
		{"uniformly in ten seconds", 2000, func(r *rand.Rand) float64 { return 10 * r.Float64() }, 0.95, 1.05, Pass},
		{"uniformly in one second", 500, func(r *rand.Rand) float64 { return 1.95 + r.Float64() }, 0.95, 1.05, Pass},
		{"in 0.4 seconds", 500, func(r *rand.Rand) float64 { return 0.95 + 0.4*r.Float64() }, 2.4, 2.6, Warn}, // 2.5
		{"growing load", 3000, func(r *rand.Rand) float64 { return 20 * math.Sqrt(r.Float64()) }, 0.9, 1.1, Pass},
		{"91 pairs are too few", 14, func(*rand.Rand) float64 { return 2 }, 10, 10, Untested},
		{"105 pairs", 15, func(*rand.Rand) float64 { return 2 }, 10, 10, Fail},
	} {
		index, level := herdOf(tt.n, tt.delay)
		if index < tt.lo || index > tt.hi || level != tt.want {
			t.Errorf("%s: %v, index %.3f, want %v, %v to %v", tt.name, level, index, tt.want, tt.lo, tt.hi)
		}
	}
}

// Retries that know nothing of each other are hardly ever held against their clients.
func TestChance(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const runs = 4000
	bad := 0
	for range runs {
		var h herd
		for i, n := 0, 15+r.IntN(60); i < n; i++ { // 105 pairs and more
			h.add(noon.Add(time.Duration(r.Float64()*float64(time.Second))), false)
		}
		if rules()[lockstep].level(h.pairs, nil) > Pass {
			bad++
		}
	}
	if bad > runs/250 {
		t.Errorf("%d of %d runs are found by chance", bad, runs)
	}
}

// The index, added up as retries come, is Morisita's formula over the counts.
func TestHerdIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenths := rapid.SliceOf(rapid.IntRange(0, 40)).Draw(t, "tenths of a second")
		slices.Sort(tenths)
		var h herd
		windows, blocks := map[int]int64{}, map[int]int64{}
		for _, n := range tenths {
			h.add(at(float64(n)/10), false)
			windows[n]++
			blocks[n/10]++
		}
		var together, pairs int64
		for _, n := range windows {
			together += n * (n - 1) / 2
		}
		for _, n := range blocks {
			pairs += n * (n - 1) / 2
		}
		if h.pairs.bad != together || h.pairs.of != pairs {
			t.Errorf("%+v, want %d of %d", h.pairs, together, pairs)
		}
	})
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

func BenchmarkObserve(b *testing.B) {
	w := New(1, nil)
	b.ReportAllocs()
	e := Event{Key: "k", Deployment: "d", Wait: wire.Absent, Reply: ok}
	for i := 0; b.Loop(); i++ {
		e.At = at(float64(i) / 1000)
		w.Observe(e)
	}
}
