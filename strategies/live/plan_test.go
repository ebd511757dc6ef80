package live_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
)

// deployments are what the strategies of the harness can send to.
var deployments = []strategies.Deployment{
	{Name: "main", RPM: 600, TPM: 60_000, Coordinated: true},
	{Name: "reserved", Provisioned: true},
	{Name: "spare"},
	{Name: "bulk", Batch: true, Discount: 0.5},
}

// kind is a strategy that scenarios are played with.
type kind struct {
	name string
	make func(w *world) strategies.Strategy
	// rogue strategies break their contract, and the Transport has to bear it.
	rogue bool
	// whims says that the strategy may fail a call for no reason.
	whims bool
	// learns says that the strategy does some things only when it has seen several calls.
	learns bool
	// grants says that what is granted and not used must be given back to the coordinator.
	grants bool
}

// kindsOf returns the strategies of the catalog, some more than once with other parameters,
// and those of the harness itself. Those that meet more of package live come more often.
func kindsOf(t *testing.T) []kind {
	var kinds []kind
	add := func(times int, name string, args strategies.Args) {
		entry, ok := catalog.Find(name)
		if !ok {
			t.Fatalf("no strategy %q", name)
		}
		factory, problems := entry.Build(args, strategies.Env{Deployments: deployments})
		if problems != nil {
			t.Fatalf("%s %v: %v", name, args, problems)
		}
		k := kind{name: fmt.Sprint(name, " ", args), grants: name == "shared", learns: args["hedge"] != "", make: func(w *world) strategies.Strategy {
			return factory(strategies.Env{Key: rng.New(w.seed, 0), Deployments: deployments})
		}}
		for range times {
			kinds = append(kinds, k)
		}
	}
	for _, e := range catalog.Entries() {
		if !e.Omniscient {
			add(1, e.Name, nil)
		}
	}
	add(6, "shared", nil)
	add(6, "shared", strategies.Args{"on_outage": "closed", "wait_timeout": "20s"})
	add(3, "lease", nil)
	add(3, "lease", strategies.Args{"length": "1s", "burst": "1ms"})
	add(2, "queue", strategies.Args{"workers": "1"})
	add(2, "queue", strategies.Args{"workers": "2", "max_queue": "3", "order": "fair", "reserve": "false"})
	add(2, "breaker", strategies.Args{"failures": "1", "open_for": "2s", "wait_timeout": "5s"})
	add(2, "route", strategies.Args{"order": "spare, main", "when": "429, 503, 500"})
	add(5, "compose", strategies.Args{"hedge": "50%", "hedge_share": "100%", "route": "main, spare", "breaker": "2", "workers": "3"})
	add(5, "compose", strategies.Args{"hedge": "50%", "hedge_share": "100%", "pace": "windows", "order": "fair", "retry": "none"})
	add(1, "compose", strategies.Args{"pace": "paced", "route": "main, spare", "order": "priority", "breaker": "2"})
	add(1, "compose", strategies.Args{"batch": "bulk", "latency_ok": "1s", "pace": "windows", "order": "fair"})
	add(1, "compose", strategies.Args{"pace": "adaptive", "route": "reserved, main", "retry": "fixed"})
	for range 12 {
		kinds = append(kinds,
			kind{name: "fickle", whims: true, make: func(w *world) strategies.Strategy { return &fickle{dice: w.dice(forStrategy, 0, 0)} }})
	}
	for range 3 {
		kinds = append(kinds,
			kind{name: "rogue", rogue: true, whims: true, make: func(w *world) strategies.Strategy {
				return &fickle{dice: w.dice(forStrategy, 0, 0), rogue: true}
			}})
	}
	return kinds
}

// plan is what a seed decides about a scenario as a whole.
type plan struct {
	kind     kind
	jobs     int
	scale    time.Duration // of most times
	timeout  time.Duration
	speed    float64
	patience time.Duration
	skew     time.Duration // of the server's clock
	closes   []closing
	grain    time.Duration // of times; 0 = none. With one, many events come at one instant
	alone    bool          // there is no coordinator

	slow     bool          // hooks take their time
	panicky  bool          // hooks panic
	panicAt  int           // the step at which the strategy panics; 0 = never
	before   bool          // it panics before it has done the step
	jumpAt   time.Duration // when the strategy's clock jumps, as after a suspended host; 0 = never
	jumpBy   time.Duration
	sending  weighted // what attempts meet
	asking   weighted // what asks meet
	bodies   weighted // of requests
	ends     weighted // how the application gives up
	readings weighted // of answers that are streams
}

func newPlan(d *dice, kinds []kind) plan {
	p := plan{
		kind:     kinds[d.n(len(kinds))],
		jobs:     1 + d.n(8),
		scale:    d.scale(),
		speed:    1,
		patience: d.span(2 * d.scale()),
		slow:     d.oneIn(2),
		panicky:  d.oneIn(4),
		alone:    d.oneIn(50),
		before:   d.oneIn(2),
		sending:  d.some(numMeetings),
		asking:   d.some(numAnswers),
		bodies:   d.some(numBodies),
		ends:     d.some(numEnds),
		readings: d.some(numReadings),
	}
	if d.oneIn(10) || p.kind.learns && d.oneIn(2) {
		p.jobs = 40
	}
	if d.oneIn(8) {
		p.grain = p.scale / 8
		d.grain = p.grain
		p.patience = d.span(2 * p.scale)
	}
	if d.oneIn(2) {
		p.timeout = d.span(2 * p.scale)
	}
	if d.oneIn(10) {
		p.speed = 60
	}
	if d.oneIn(8) {
		p.panicAt = 1 + d.n(2*p.jobs+5)
	}
	if d.oneIn(8) {
		p.jumpAt, p.jumpBy = d.span(2*p.scale), d.span(time.Hour)
	}
	if d.oneIn(4) {
		p.skew = d.span(2*time.Hour) - time.Hour
	}
	for d.oneIn(2) {
		c := closing{at: d.span(2 * p.scale)}
		if d.oneIn(2) {
			c.patience = d.span(2 * p.scale)
		}
		p.closes = append(p.closes, c)
	}
	return p
}

// held returns what a strategy still holds when no call is open: calls in a queue, and
// workers that are busy. It reads fields that are not exported, wherever they are.
func held(s strategies.Strategy) []string {
	var found []string
	seen := map[uintptr]bool{}
	var look func(v reflect.Value)
	look = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() && !seen[v.Pointer()] {
				seen[v.Pointer()] = true
				look(v.Elem())
			}
		case reflect.Interface:
			look(v.Elem())
		case reflect.Slice:
			for i := range min(v.Len(), 16) {
				look(v.Index(i))
			}
		case reflect.Struct:
			switch v.Type() {
			case reflect.TypeFor[strategies.Queue]():
				if n := v.FieldByName("live").Int(); n != 0 {
					found = append(found, fmt.Sprintf("%d calls in a queue", n))
				}
				return
			case reflect.TypeFor[strategies.WorkerPool]():
				if n := v.FieldByName("busy").Int(); n != 0 {
					found = append(found, fmt.Sprintf("%d busy workers", n))
				}
				return
			case reflect.TypeFor[strategies.Call]():
				return
			}
			for i := range v.NumField() {
				look(v.Field(i))
			}
		}
	}
	look(reflect.ValueOf(s))
	return found
}
