package live_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seedFlag = flag.Uint64("seed", 0, "play the scenario of this seed of TestHarness, and print what happens")
	longFlag = flag.Duration("harness", 0, "play fresh scenarios of TestHarness for so long")
	fromFlag = flag.Uint64("from", 0, "with -harness: the first seed; 0 = one that depends on the time")
	noteFlag = flag.String("note", "", "the file in which TestHarness notes for its parent which seed it plays")
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
// The same seed gives the same scenario and, where no two timers go off at one instant, the
// same events. In one scenario of eight many come at one instant, and Go draws their
// order; a seed of these may have to be played several times until it fails again.
//
// The scenarios are played in a process of their own, so that one that ends the process is
// reported, too.
func TestHarness(t *testing.T) {
	switch {
	case *seedFlag != 0:
		runtime.GOMAXPROCS(1) // goroutines of one instant run in a fixed order
		w := newWorld(*seedFlag, kindsOf(t))
		t.Log(w.describe())
		w.loud = true
		w.play(t)
		for _, s := range w.broken {
			t.Error(s)
		}
	case *noteFlag != "":
		playMany(t)
	default:
		first, last := uint64(1), 4*time.Second
		if testing.Short() {
			last = time.Second
		}
		if *longFlag > 0 {
			first, last = cmp.Or(*fromFlag, uint64(time.Now().UnixNano())), *longFlag
		}
		note := filepath.Join(t.TempDir(), "seed")
		out, err := child(t, last+time.Minute, "-note", note, "-harness", last.String(), "-from", strconv.FormatUint(first, 10))
		if err == nil {
			t.Log(out)
			return
		}
		seed, noteErr := os.ReadFile(note)
		if noteErr != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		again, _ := child(t, 10*time.Second, "-seed", string(seed))
		t.Errorf("%s\nseed %s again:\n%s", out, seed, again)
	}
}

// child plays in a process of its own, which is killed after patience: a scenario may wait for
// a mutex, and fake time stands still then.
func child(t *testing.T, patience time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], append([]string{"-test.run=^TestHarness$", "-test.v"}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// playMany plays scenarios until one breaks a law or the time is over.
func playMany(t *testing.T) {
	runtime.GOMAXPROCS(1)
	note, err := os.Create(*noteFlag)
	if err != nil {
		t.Fatal(err)
	}
	defer note.Close()
	kinds := kindsOf(t)
	var current atomic.Uint64
	go watch(&current)
	begin := time.Now()
	seed := *fromFlag
	for ; time.Since(begin) < *longFlag; seed++ {
		current.Store(seed)
		if _, err := note.WriteAt(strconv.AppendUint(nil, seed, 10), 0); err != nil {
			t.Fatal(err)
		}
		w := newWorld(seed, kinds)
		if w.play(t); len(w.broken) > 0 {
			report(t, w, kinds)
			t.Logf("after %d scenarios and %v", seed-*fromFlag+1, time.Since(begin).Round(time.Millisecond))
			return
		}
	}
	t.Logf("%d scenarios from seed %d in %v", seed-*fromFlag, *fromFlag, time.Since(begin).Round(time.Millisecond))
}

// play plays the scenario.
func (w *world) play(t *testing.T) {
	defer func() { // synctest panics when goroutines are left that wait for ever
		if v := recover(); v != nil {
			w.broken = append(w.broken, fmt.Sprint(v))
		}
	}()
	synctest.Test(t, func(*testing.T) { w.run() })
}

// report says what a scenario broke, and whether it breaks the same again.
func report(t *testing.T, w *world, kinds []kind) {
	const times = 10
	same := 0
	for range times {
		again := newWorld(w.seed, kinds)
		if again.play(t); slices.Equal(again.broken, w.broken) {
			same++
		}
	}
	t.Errorf("seed %d breaks laws, and breaks the same ones in %d of %d further runs:\n%s", w.seed, same, times, strings.Join(w.broken, "\n"))
}

// watch ends the process when a scenario takes 10 s of real time.
func watch(current *atomic.Uint64) {
	var last uint64
	for {
		time.Sleep(5 * time.Second)
		if now := current.Load(); now == last {
			fmt.Printf("seed %d does not end:\n%s\n", now, stacks())
			os.Exit(1)
		} else {
			last = now
		}
	}
}

// describe says in a line what a scenario is about.
func (w *world) describe() string {
	p := &w.plan
	return fmt.Sprintf("%s, %d jobs, scale %v, grain %v, timeout %v, patience %v, speed %v, closes %v, panics at step %d",
		p.kind.name, p.jobs, p.scale, p.grain, p.timeout, p.patience, p.speed, p.closes, p.panicAt)
}

// A seed gives the same events at the same instants. Goroutines that run at one instant may
// take turns in another order when the machine is busy, so their lines are sorted. Under the
// race detector Go shuffles the turns of goroutines on purpose (randomizeScheduler in its
// runtime), and then they decide what happens where an answer and a deadline fall on one
// instant.
func TestHarnessRepeats(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector shuffles the turns of goroutines")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	kinds := kindsOf(t)
	for seed := range uint64(200) {
		first := sorted(t, seed, kinds)
		again := ""
		for range 3 { // a busy machine may change what happens at one instant
			if again = sorted(t, seed, kinds); again == first {
				break
			}
		}
		if first != again {
			t.Fatalf("seed %d:\n%s", seed, firstDifference(first, again))
		}
	}
}

// sorted plays a scenario without ties and returns its events, those of each instant sorted.
func sorted(t *testing.T, seed uint64, kinds []kind) string {
	w := newWorld(seed, kinds)
	if w.plan.grain > 0 {
		return ""
	}
	w.play(t)
	slices.SortStableFunc(w.events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.String(), b.String()))
	})
	return w.trace()
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
