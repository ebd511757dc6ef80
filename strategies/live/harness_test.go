package live_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seedFlag = flag.Uint64("seed", 0, "play the scenario of this seed of TestHarness, and print what happens")
	longFlag = flag.Duration("harness", 0, "play fresh scenarios of TestHarness for so long")
)

// TestHarness plays random scenarios with package live in fake time. Each is drawn from one
// number, its seed: a strategy, its calls and how the application gives them up, what
// each attempt and each ask of the coordinator meets, and when the Transport is closed. The
// laws are those that package live and strategies.Strategy promise; see witness, books and
// job. A scenario that breaks one fails with its seed and with what happened:
//
//	go test ./strategies/live -run TestHarness -seed 17
//	go test ./strategies/live -run TestHarness -harness 5m
//
// The same seed gives the same scenario and, as no two events come at one instant, the
// same order of events.
func TestHarness(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // goroutines of one instant run in a fixed order
	kinds := kindsOf(t)
	if *seedFlag != 0 {
		w := play(t, *seedFlag, kinds)
		t.Logf("%s\n%s", w.describe(), w.trace())
		for _, s := range w.broken {
			t.Error(s)
		}
		return
	}
	first, last := uint64(1), 4*time.Second
	if testing.Short() {
		last = time.Second
	}
	if *longFlag > 0 {
		first, last = uint64(time.Now().UnixNano()), *longFlag
	}
	var current atomic.Uint64
	defer watch(&current)()
	begin := time.Now()
	seed := first
	for ; time.Since(begin) < last; seed++ {
		current.Store(seed)
		w := play(t, seed, kinds)
		if len(w.broken) > 0 {
			report(t, w, kinds)
			t.Logf("after %d scenarios and %v", seed-first+1, time.Since(begin).Round(time.Millisecond))
			return
		}
	}
	t.Logf("%d scenarios from seed %d in %v", seed-first, first, time.Since(begin).Round(time.Millisecond))
}

// play plays the scenario of a seed.
func play(t *testing.T, seed uint64, kinds []kind) *world {
	w := newWorld(seed, kinds)
	func() {
		defer func() { // synctest panics when goroutines are left that wait for ever
			if v := recover(); v != nil {
				w.broken = append(w.broken, fmt.Sprint(v))
			}
		}()
		synctest.Test(t, func(*testing.T) { w.run() })
	}()
	return w
}

// report says what a scenario broke, and whether it breaks the same again.
func report(t *testing.T, w *world, kinds []kind) {
	const times = 10
	same := 0
	for range times {
		if again := play(t, w.seed, kinds); slices.Equal(again.broken, w.broken) {
			same++
		}
	}
	t.Errorf("seed %d (%s):\n%s\nthe same in %d of %d further runs; what happened:\n%s", w.seed, w.describe(),
		strings.Join(w.broken, "\n"), same, times, w.trace())
}

// watch ends the process when a scenario takes a minute of real time, as one does that waits for
// a mutex. It returns the function that ends the watch.
func watch(current *atomic.Uint64) func() {
	over := make(chan struct{})
	go func() {
		var last uint64
		for {
			select {
			case <-over:
				return
			case <-time.After(20 * time.Second):
			}
			if now := current.Load(); now == last {
				fmt.Fprintf(os.Stderr, "seed %d does not end:\n%s\n", now, stacks())
				os.Exit(1)
			} else {
				last = now
			}
		}
	}()
	return func() { close(over) }
}

// describe says in a line what a scenario is about.
func (w *world) describe() string {
	p := &w.plan
	return fmt.Sprintf("%s, %d jobs, scale %v, timeout %v, patience %v, speed %v, closes %v, panics at step %d",
		p.kind.name, p.jobs, p.scale, p.timeout, p.patience, p.speed, p.closes, p.panicAt)
}

// A seed gives the same scenario, event by event.
func TestHarnessRepeats(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	kinds := kindsOf(t)
	for seed := range uint64(3000) {
		first, again := play(t, seed, kinds).trace(), play(t, seed, kinds).trace()
		if first != again {
			t.Fatalf("seed %d:\n%s", seed, firstDifference(first, again))
		}
	}
}

// firstDifference returns the first line that differs, with those before it.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return strings.Join(x[max(0, i-10):i], "\n") + "\nfirst: " + x[i] + "\nthen:  " + y[i]
		}
	}
	return fmt.Sprintf("%d lines and %d", len(x), len(y))
}
