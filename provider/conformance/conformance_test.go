package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

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

// limited is a 429 after which nothing is left for reset.
func limited(reset time.Duration) wire.Reply {
	r := status(429, wire.Requests)
	r.Requests = wire.Quota{Limit: 500, Remaining: 0, Reset: reset}
	return r
}

// event is an attempt of key k at a time in seconds; wait is what its answer
// asks for, in seconds, or -1.
func event(seconds float64, body uint64, r wire.Reply, wait float64) Event {
	w := time.Duration(wait * float64(time.Second))
	if wait < 0 {
		w = wire.Absent
	}
	return Event{Key: "k", Deployment: "d", At: at(seconds), Body: body, Reply: r, Wait: w, Left: 1}
}

func observe(events ...Event) *Watcher {
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	w := New(1, nil)
	for _, e := range events {
		w.Observe(e)
	}
	return w
}

// well is n requests that succeed, a second apart from second 100 on.
func well(n int) []Event {
	var list []Event
	for i := range n {
		list = append(list, event(100+float64(i), uint64(1000+i), ok, -1))
	}
	return list
}

func with(list []Event, more ...Event) []Event { return append(list, more...) }

// Each script shows one client; want names the findings that are not a pass.
func TestScripts(t *testing.T) {
	broke := status(429, wire.Billing)
	for _, tt := range []struct {
		name   string
		events []Event
		want   map[string]Level
	}{
		{"all well", well(30), nil},
		{"waits as asked", with(well(30), event(0, 1, limited(2*time.Second), 2), event(2.03, 1, ok, -1)), nil},
		{"a timer that fires a little early", with(well(30), event(0, 1, limited(0), 2), event(1.995, 1, ok, -1)), nil},
		{"waits longer", with(well(30), event(0, 1, limited(0), 2), event(90, 1, ok, -1)), nil},
		{"comes back at once", with(well(30), event(0, 1, limited(0), 2), event(0.5, 1, ok, -1)), map[string]Level{"retry-after": Fail}},
		{"turns to another deployment", with(well(30), event(0, 1, limited(0), 2), elsewhere(event(0.1, 1, limited(0), 2)), event(2, 1, ok, -1), elsewhere(event(2.1, 1, ok, -1))), nil},
		{"1 early of 20", func() []Event {
			list := well(30)
			for i := range 20 {
				wait := 2.0
				if i == 7 {
					wait = 1.9
				}
				begin := float64(10 * i)
				list = append(list, event(begin, uint64(i), limited(0), 2), event(begin+wait, uint64(i), ok, -1))
			}
			return list
		}(), map[string]Level{"retry-after": Warn}},
		{"not asked to wait", with(well(30), event(0, 1, status(500, 0), -1), event(0, 1, ok, -1)), nil},
		{"gives up on no credit", with(well(30), event(0, 1, broke, -1), event(1, 2, broke, -1)), nil},
		{"insists on no credit", with(well(30), event(0, 1, broke, -1), event(1, 1, broke, -1)), map[string]Level{"hopeless": Fail}},
		{"insists on a bad request", with(well(30), event(0, 1, status(400, 0), -1), event(1, 1, status(400, 0), -1)), map[string]Level{"hopeless": Fail}},
		{"insists on what is too large", with(well(30), event(0, 1, status(429, wire.Oversize), -1), event(9, 1, status(429, wire.Oversize), -1)), map[string]Level{"hopeless": Fail}},
		{"the same after ten minutes", with(well(30), event(0, 1, broke, -1), event(601, 1, broke, -1)), nil},
		{"three attempts for each", spaced(30, 3), map[string]Level{"amplification": Warn}},
		{"five attempts for each", spaced(30, 5), map[string]Level{"amplification": Fail}},
		{"two attempts for each", spaced(30, 2), nil},
		{"few requests", spaced(3, 5), nil},
		{"goes on though nothing is left", with(well(30), // 4 of 34
			event(0, 1, limited(20*time.Second), -1), event(1, 2, limited(19*time.Second), -1),
			event(5, 3, limited(15*time.Second), -1), event(6, 4, limited(14*time.Second), -1), event(7, 5, limited(13*time.Second), -1)), map[string]Level{"exhausted": Fail}},
		{"could not know yet", with(well(30), event(0, 1, limited(20*time.Second), -1), event(0.1, 2, limited(20*time.Second), -1),
			event(0.2, 3, limited(20*time.Second), -1), event(0.24, 4, limited(20*time.Second), -1)), nil},
		{"waits for the reset", with(well(30), event(0, 1, limited(2*time.Second), -1), event(2, 2, limited(2*time.Second), -1), event(4, 3, ok, -1)), nil},
		{"is admitted before the reset", with(well(30), event(0, 1, limited(20*time.Second), -1), event(1, 2, ok, -1)), nil},
		{"asked to come back before the reset", with(well(30), event(0, 1, limited(60*time.Second), 5), event(5, 1, limited(55*time.Second), 5),
			event(10, 1, limited(50*time.Second), 5), event(15, 1, limited(45*time.Second), 5), event(20, 1, limited(45*time.Second), 5)), nil},
		{"drives into the limit", with(well(30), left(0, 1, 0.04), left(1, 2, 0), left(3, 3, 0.01)), map[string]Level{"headroom": Warn}},
		{"is refused out of the blue", with(well(30), left(0, 1, 0.06), left(1, 2, 1), left(3, 3, 0.5)), nil},
	} {
		checkScript(t, tt.name, tt.events, tt.want)
	}
}

// TestNothing: where no client sent a request nothing was tested, which is no pass.
func TestNothing(t *testing.T) {
	if got := Overall(observe().Report()); got != Fail {
		t.Errorf("without a request the grade is %v, want %v", got, Fail)
	}
}

func checkScript(t *testing.T, name string, events []Event, want map[string]Level) {
	t.Helper()
	got := map[string]Level{}
	grades := observe(events...).Report()
	worst := Pass
	for _, g := range grades {
		for _, f := range g.Findings {
			if f.Level != Pass {
				got[f.Name] = f.Level
			}
			worst = max(worst, f.Level)
			if f.Says == "" || strings.Contains(f.Says, "%!") {
				t.Errorf("%s: %s says %q", name, f.Name, f.Says)
			}
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
	if Overall(grades) != worst {
		t.Errorf("%s: overall %v, want %v", name, Overall(grades), worst)
	}
}

func elsewhere(e Event) Event {
	e.Deployment = "spare"
	return e
}

// spaced is n calls of so many attempts each, at random instants.
func spaced(n, attempts int) []Event {
	var list []Event
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		begin := r.Float64() * 300
		for a := range attempts {
			reply := status(500, 0)
			if a == attempts-1 {
				reply = ok
			}
			list = append(list, event(begin+float64(a)*3, uint64(i), reply, -1))
		}
	}
	return list
}

// left is a request refused after it was told how much was left.
func left(seconds float64, body uint64, share float64) Event {
	e := event(seconds, body, status(429, wire.Tokens), -1)
	e.Left = share
	return e
}

// herdOf lets every client be refused once and come back after a delay.
func herdOf(clients int, delay func(r *rand.Rand) float64) Finding {
	var list []Event
	r := rand.New(rand.NewPCG(3, 4))
	for i := range clients {
		a, b := event(0.05, uint64(i), limited(0), -1), event(0.05+delay(r), uint64(i), ok, -1)
		a.Key, b.Key = fmt.Sprint(i), fmt.Sprint(i)
		list = append(list, a, b)
	}
	grades := observe(list...).Report()
	return grades[len(grades)-1].Findings[0]
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
		{"half a second", 500, func(r *rand.Rand) float64 { return 0.95 + 0.5*r.Float64() }, 1.9, 2.15, Warn}, // 2 exactly, by chance above
		{"growing load", 3000, func(r *rand.Rand) float64 { return 20 * math.Sqrt(r.Float64()) }, 0.9, 1.1, Pass},
		{"too few", 19, func(*rand.Rand) float64 { return 2 }, 10, 10, Pass},
	} {
		f := herdOf(tt.n, tt.delay)
		if f.Share < tt.lo || f.Share > tt.hi {
			t.Errorf("%s: index %.3f, want %v to %v", tt.name, f.Share, tt.lo, tt.hi)
		}
		if f.Level != tt.want && tt.name != "half a second" {
			t.Errorf("%s: %v, want %v", tt.name, f.Level, tt.want)
		}
	}
}

// Only 429s ask for what herds do.
func TestHerdAfterErrors(t *testing.T) {
	var list []Event
	for i := range 100 {
		list = append(list, event(0, uint64(i), status(500, 0), -1), event(2, uint64(i), ok, -1))
	}
	if w := observe(list...); w.herd.retries != 0 || w.all.retries != 100 {
		t.Errorf("%d retries of 429s, %d retries", w.herd.retries, w.all.retries)
	}
}

// The index, added up as retries come, is Morisita's formula over the counts.
func TestHerdIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenths := rapid.SliceOf(rapid.IntRange(0, 40)).Draw(t, "tenths of a second")
		slices.Sort(tenths)
		var h herd
		windows, blocks := map[int]int{}, map[int]int{}
		for _, n := range tenths {
			h.add(at(float64(n) / 10))
			windows[n]++
			blocks[n/10]++
		}
		together, pairs := 0, 0
		for _, n := range windows {
			together += n * (n - 1)
		}
		for _, n := range blocks {
			pairs += n * (n - 1)
		}
		want := 0.0
		if pairs > 0 {
			want = 10 * float64(together) / float64(pairs)
		}
		if math.Abs(h.index()-want) > 1e-9 {
			t.Errorf("index %v, want %v", h.index(), want)
		}
	})
}

// The provider's minute lasts a second at speed 60.
func TestSpeed(t *testing.T) {
	w := New(60, nil)
	for i := range 10 {
		w.Observe(event(float64(i), uint64(i), limited(time.Minute), -1))
	}
	if g := w.Report()[0]; g.Level != Pass {
		t.Errorf("%+v", g)
	}
}

// Memory is bounded, whatever clients do.
func TestBounded(t *testing.T) {
	w := New(1, nil)
	for i := range 50_000 {
		e := event(float64(i)/1000, uint64(i), limited(time.Minute), -1)
		e.Deployment = fmt.Sprint(i)
		w.Observe(e)
		e.Key = fmt.Sprint(i)
		w.Observe(e)
	}
	if n := len(w.clients); n != maxKeys+1 {
		t.Errorf("%d keys", n)
	}
	if c := w.clients["k"]; len(c.young) > maxBodies || len(c.old) > maxBodies || len(c.exhausted) > maxDeployments {
		t.Errorf("%d and %d bodies, %d deployments", len(c.young), len(c.old), len(c.exhausted))
	}
	// Of the last refusals, retries are still known.
	e := event(50, 49_999, ok, -1)
	e.Deployment = "49999"
	w.Observe(e)
	if c := w.clients["k"]; c.retries != 1 {
		t.Errorf("%d retries", c.retries)
	}
}

// A retry is what follows a refusal of the same.
func TestCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := New(1, nil)
		refused := map[uint64]bool{}
		retries := int64(0)
		for i := range rapid.IntRange(0, 200).Draw(t, "events") {
			body := rapid.Uint64Range(0, 5).Draw(t, "body")
			reply := rapid.SampledFrom([]wire.Reply{ok, limited(0), status(500, 0), status(400, 0), status(wire.StatusReset, 0)}).Draw(t, "reply")
			if refused[body] {
				retries++
			}
			refused[body] = reply.Status != 200
			w.Observe(event(float64(i), body, reply, -1))
		}
		if w.all.retries != retries {
			t.Errorf("%d retries, want %d", w.all.retries, retries)
		}
	})
}

func TestWriteText(t *testing.T) {
	list := append([]Event{event(0, 1, limited(0), 2), event(0.5, 1, ok, -1)}, well(30)...)
	for i := range list {
		list[i].Key = "sk-proj-0123456789abcdef"
	}
	w := New(1, map[string]string{"sk-proj-0123456789abcdef": "web"})
	for _, e := range list {
		w.Observe(e)
	}
	grades := w.Report()
	var b bytes.Buffer
	if err := WriteText(&b, grades); err != nil {
		t.Fatal(err)
	}
	const want = `web, sk-pro…cdef: fail (32 requests, 1 of them retries, 1 refused by limits, 1 refused in all)
  fail  retry-after    100 %    Came back before Retry-After asked with 1 of 1 retries; wait at least as long as the answer says.
  pass  hopeless       -        Repeats nothing that can never succeed.
  pass  amplification  1.03     Retries add little to its load.
  pass  exhausted      0 %      Sends nothing while it knows that nothing is left.
  pass  headroom       0 %      Slows down before limits refuse it, or meets none.
all keys: pass (32 requests, 1 of them retries, 1 refused by limits, 1 refused in all)
  pass  lockstep       -        Too few retries after 429s to tell: 1.
conformance: fail
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	data, err := json.Marshal(grades)
	if err != nil || !bytes.Contains(data, []byte(`{"key":"sk-pro…cdef","tenant":"web","attempts":32,"retries":1,"limited":1,"refused":1,"grade":"fail","findings":[{"name":"retry-after","count":1,"of":1,"share":1,"warn":0.01,"fail":0.1,"grade":"fail","says":`)) {
		t.Errorf("%v: %s", err, data)
	}
}

func BenchmarkObserve(b *testing.B) {
	w := New(1, nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := ok
		if i%4 == 0 {
			r = limited(time.Second)
		}
		w.Observe(event(float64(i)/1000, uint64(i%3000), r, 1))
	}
}
