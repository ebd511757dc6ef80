package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A cancelOn writes to a buffer, and cancels once text has been written to it.
type cancelOn struct {
	bytes.Buffer
	text   string
	cancel func()
}

func (w *cancelOn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.text)) {
		w.cancel()
	}
	return w.Buffer.Write(p)
}

// WriteString is not that of the buffer, which sees no text.
func (w *cancelOn) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// What was finished when the user interrupted is reported, and says so.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	// The progress line is the one sign from within a comparison.
	progress := &cancelOn{text: "of 100000 runs, ", cancel: cancel}
	code := run(ctx, []string{"compare", "--reps", "10000", "--set", "strategies=[none, naive, fixed, jitter, backoff, queue, header-aware, ptu, retry-after, oracle]", "--out", dir},
		streams{in: strings.NewReader(""), out: &out, err: progress, progress: true})
	if code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	for _, want := range []string{"\njitter", "\noracle ", "interrupted: ", " of 10000 replications were finished"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, out.String())
		}
	}
	if !strings.HasSuffix(progress.String(), "ratesim: interrupted\n") {
		t.Errorf("standard error ends in %q", progress.String()[max(0, progress.Len()-50):])
	}
	if _, err := os.Stat(dir + "/result.json"); err != nil {
		t.Error(err)
	}
}

// Interrupted before anything was finished, it prints no result, and leaves no
// folder for it that there was not.
func TestInterruptedAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"compare"}, {"herd"}, {"bench"}, {"ptu"}} {
		own, theirs := filepath.Join(t.TempDir(), "new", "report"), t.TempDir()
		for _, dir := range []string{own, theirs} {
			var out, errs bytes.Buffer
			code := run(ctx, append(args, "--out", dir), streams{in: strings.NewReader(""), out: &out, err: &errs})
			if code != exitInterrupted || out.Len() > 0 || errs.String() != "ratesim: interrupted\n" {
				t.Errorf("%s: exit code %d, output %q, errors %q", args[0], code, out.String(), errs.String())
			}
		}
		if _, err := os.Stat(filepath.Dir(own)); !os.IsNotExist(err) {
			t.Errorf("%s: a folder is left (%v)", args[0], err)
		}
		if _, err := os.Stat(theirs); err != nil {
			t.Errorf("%s: %v", args[0], err)
		}
	}
}

// An interrupt ends the reading of a standard input on which nothing comes, as of
// a terminal.
func TestInterruptedReading(t *testing.T) {
	for _, args := range [][]string{{"ptu", "-"}, {"compare", "-"}, {"claims", "-"}, {"workload", "convert", "-"}, {"workload", "generate", "-"}} {
		ctx, cancel := context.WithCancel(t.Context())
		in, writer := io.Pipe() // a write waits for a reader
		go func() {
			writer.Write([]byte("time,prompt_tokens,output_tokens\n0,1,1\n"))
			cancel()
		}()
		var out, errs bytes.Buffer
		code := run(ctx, args, streams{in: in, out: &out, err: &errs})
		if code != exitInterrupted || out.Len() > 0 || errs.String() != "ratesim: interrupted\n" {
			t.Errorf("%s: exit code %d, output %q, errors %q", args[0], code, out.String(), errs.String())
		}
		writer.Close()
	}
}

// An interrupt while ptu simulates ends it without an answer: costs alone, without
// what each option does to requests, are none.
func TestInterruptedPTU(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	progress := &cancelOn{text: " of ", cancel: cancel}
	code := run(ctx, []string{"ptu", "--model", "gpt-4o-mini"}, streams{in: strings.NewReader(""), out: &out, err: progress, progress: true})
	if code != exitInterrupted || out.Len() > 0 || !strings.HasSuffix(progress.String(), "\x1b[Kratesim: interrupted\n") {
		t.Errorf("exit code %d, output %q, errors %q", code, out.String(), progress.String())
	}
}

// program is the built program, for a run that would take minutes.
func program(t *testing.T, args ...string) *exec.Cmd {
	if testing.Short() {
		t.Skip("runs the program for a while")
	}
	path, err := exec.LookPath("ratesim") // TestMain put it there
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), path, args...)
}

// Ctrl-C ends the program with exit code 130 and a report.
func TestSignal(t *testing.T) {
	cmd := program(t, "compare", "--reps", "10000")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Long enough to have finished some replications, each of which takes
	// some 10 ms; far too short for ten thousand.
	time.Sleep(2 * time.Second)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || exit.ExitCode() != exitInterrupted {
		t.Errorf("exit %v, want code %d", exit, exitInterrupted)
	}
	if !strings.Contains(out.String(), "replications were finished") {
		t.Errorf("output:\n%s", out.String())
	}
	if errs.String() != "ratesim: interrupted\n" {
		t.Errorf("standard error: %q", errs.String())
	}
}

// An interrupt while a trace is written leaves what was there before.
func TestInterruptedTrace(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "calls.csv")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, "workload", "generate", "--set", "workload=[{arrivals: {process: poisson, rate: 1000000/s}, prompt_tokens: 1, output_tokens: 1}]", "--duration", "24h", "-w", file)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 500 { // until it writes
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || exit.ExitCode() != exitInterrupted || errs.String() != "ratesim: interrupted\n" || out.Len() > 0 {
		t.Errorf("exit %v, output %q, errors %q", exit, out.String(), errs.String())
	}
	entries, err := os.ReadDir(dir)
	if data, _ := os.ReadFile(file); err != nil || len(entries) != 1 || string(data) != "before" {
		t.Errorf("%d files, error %v, content %.20q", len(entries), err, data)
	}
}

// A reader that goes away, as head does, ends the program without a word.
func TestClosedPipe(t *testing.T) {
	for _, args := range [][]string{{"list", "providers"}, {"workload", "generate"}, {"workload", "convert", "azure-conv-2023"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) { closedPipe(t, args...) })
	}
}

func closedPipe(t *testing.T, args ...string) {
	cmd := program(t, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	r.Close()
	err = cmd.Run()
	w.Close()
	if err == nil {
		t.Error("the program did not notice")
	}
	if errs.Len() > 0 {
		t.Errorf("standard error: %q", errs.String())
	}
}
