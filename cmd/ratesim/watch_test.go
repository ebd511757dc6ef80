package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// shared is a buffer that one goroutine writes and another reads.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *shared) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// await waits until a text has been written so many times.
func (b *shared) await(t *testing.T, text string, times int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		b.mu.Lock()
		got := b.text.String()
		b.mu.Unlock()
		if strings.Count(got, text) >= times {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%q was not written %d times in 20 s:\n%s", text, times, got)
		}
	}
}

const watched = `name: NAME
duration: 1s
workload: [WORKLOAD]
deployments: [{name: main, provider: openai/gpt-4o@tier-1}]
strategies: [none]
`

func watchedFile(name, workload string) []byte {
	return []byte(strings.NewReplacer("NAME", name, "WORKLOAD", workload).Replace(watched))
}

const steady = "{arrivals: {process: constant, rate: 5/s}, prompt_tokens: 10, output_tokens: 5}"

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	file, log := filepath.Join(dir, "mine.yaml"), filepath.Join(dir, "log.csv")
	write := func(path string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, watchedFile("first", steady))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs shared
	exit := make(chan int)
	go func() {
		exit <- run(ctx, []string{"compare", file, "--watch", "--reps", "1"}, streams{in: strings.NewReader(""), out: &out, err: &errs, screen: true})
	}()
	out.await(t, "\nnone ", 1)
	out.await(t, "\x1b[H\x1b[2J\x1b[3Jfirst · simulated", 1)
	errs.await(t, "ratesim: runs again when "+file+" changes; Ctrl-C ends it\n", 1)

	// Written in place, in two steps.
	write(file, nil)
	write(file, watchedFile("second", steady))
	out.await(t, "second · simulated", 1)
	errs.await(t, "runs again", 2)

	// What is wrong is said, and it goes on.
	write(file, watchedFile("third: [", steady))
	errs.await(t, "mine.yaml:1:", 1)
	errs.await(t, "runs again", 3)

	// An editor puts a new file in the place of the old one; it names a trace.
	write(log, []byte("time,prompt_tokens,output_tokens\n0,10,5\n"))
	elsewhere := filepath.Join(t.TempDir(), "new.yaml")
	write(elsewhere, watchedFile("fourth", "{arrivals: {process: trace, file: ./log.csv}}"))
	if err := os.Rename(elsewhere, file); err != nil {
		t.Fatal(err)
	}
	out.await(t, "fourth · simulated", 1)
	errs.await(t, "log.csv changes", 1)

	// A file beside them changes, which starts nothing, and then the trace.
	write(filepath.Join(dir, "other.csv"), []byte("x"))
	time.Sleep(3 * settled)
	write(log, []byte("time,prompt_tokens,output_tokens\n0,10,5\n0.5,10,5\n"))
	out.await(t, "fourth · simulated", 2)
	out.await(t, " 2 calls", 1)
	cancel()
	if code := <-exit; code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(errs.text.String(), "interrupted") {
		t.Errorf("errors: %s", errs.text.String())
	}
	if n := strings.Count(out.text.String(), "simulated"); n != 4 {
		t.Errorf("it ran %d times, want 4:\n%s", n, out.text.String())
	}
}

// A change during a run begins it anew; the result of the run that was given up is not
// printed.
func TestWatchDuringRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, watchedFile("slow", steady), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs shared
	exit := make(chan int)
	long := []string{"compare", file, "--watch", "--reps", "10000", "--strategies", "naive,jitter,queue,paced,adaptive,oracle,header-aware", "--duration", "1m"}
	go func() {
		exit <- run(ctx, long, streams{in: strings.NewReader(""), out: &out, err: &errs, progress: true})
	}()
	errs.await(t, "70000 runs", 1)
	if err := os.WriteFile(file, []byte("name: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	errs.await(t, "mine.yaml:1:", 1)
	errs.await(t, "runs again", 1)
	cancel()
	if code := <-exit; code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if out.text.Len() > 0 {
		t.Errorf("printed:\n%s", out.text.String())
	}
}
