package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
)

// settled is how long files must be left alone before they are read again: editors write
// in several steps.
const settled = 150 * time.Millisecond

// watch runs a comparison again whenever one of its files changes, until ctx ends. That
// is how a user ends it, and so no failure: the exit code is then 0. A change during a
// run begins it anew. run returns the files that the scenario names.
func (f *common) watch(ctx context.Context, s *streams, args []string, run func(context.Context, *streams) ([]string, error)) error {
	files, err := f.watched(args)
	if err != nil {
		return inputError{err}
	}
	w, err := newWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.add(files); err != nil {
		return err
	}
	go w.settle()
	for ctx.Err() == nil {
		again, err := f.round(ctx, s, w, run)
		if err != nil {
			return err
		}
		if again || ctx.Err() != nil {
			continue
		}
		if !f.quiet {
			fmt.Fprintf(printable{s.err}, "ratesim: runs again when %s changes; Ctrl-C ends it\n", strings.Join(w.names, " or "))
		}
		select {
		case <-w.changed:
		case <-ctx.Done():
		}
	}
	return nil
}

// round runs once and prints what comes out, or reports that a file has changed meanwhile.
func (f *common) round(ctx context.Context, s *streams, w *watcher, run func(context.Context, *streams) ([]string, error)) (again bool, err error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	var out bytes.Buffer // printed at the end: until then the round before is seen
	own := *s
	own.out = &out
	var files []string
	var runErr error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		files, runErr = run(running, &own)
	}()
	select {
	case <-w.changed:
		cancel()
		<-ended
		return true, nil
	case <-ended:
	}
	if s.screen {
		io.WriteString(s.out, "\x1b[H\x1b[2J\x1b[3J")
	}
	if _, err := out.WriteTo(s.out); err != nil {
		return false, fmt.Errorf("writing the result: %w", err)
	}
	if ctx.Err() == nil {
		exitCode(runErr, *s) // prints the error; the exit is later
	}
	return false, w.add(files)
}

// watched returns the files that the flags and arguments name.
func (f *common) watched(args []string) ([]string, error) {
	var files []string
	if len(args) == 1 {
		name := args[0]
		switch {
		case name == "-":
			return nil, errors.New("--watch needs a file, and standard input is none")
		case slices.Contains(scenarios.Library(), name):
			return nil, fmt.Errorf("--watch needs a file, and %s is embedded; copy it: ratesim init --from %s mine.yaml", name, name)
		}
		files = append(files, name)
	}
	if f.trace == "-" {
		return nil, errors.New("--watch needs files, and --trace - is none")
	}
	if f.trace != "" && !slices.Contains(workload.Embedded(), f.trace) {
		files = append(files, f.trace)
	}
	if len(files) == 0 {
		return nil, errors.New("--watch needs a file to watch, such as ratesim compare mine.yaml --watch")
	}
	if f.catalog != "" {
		files = append(files, f.catalog)
	}
	for _, name := range files {
		if _, err := os.Stat(name); err != nil {
			return nil, fmt.Errorf("--watch: %w", err)
		}
	}
	return files, nil
}

// watcher notices changes of files. It watches their folders, for editors put a new file
// in the place of the old one.
type watcher struct {
	*fsnotify.Watcher
	changed chan struct{} // a file has changed and was then left alone for a while
	names   []string      // as the user wrote them

	mu    sync.Mutex
	paths []string // absolute
}

func newWatcher() (*watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching files: %w", err)
	}
	return &watcher{Watcher: w, changed: make(chan struct{}, 1)}, nil
}

func (w *watcher) add(files []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range files {
		path, err := filepath.Abs(name)
		if err != nil {
			return fmt.Errorf("watching %s: %w", name, err)
		}
		if slices.Contains(w.paths, path) {
			continue
		}
		if err := w.Add(filepath.Dir(path)); err != nil {
			return fmt.Errorf("watching %s: %w", name, err)
		}
		w.names, w.paths = append(w.names, name), append(w.paths, path)
	}
	return nil
}

func (w *watcher) watches(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.paths, path)
}

// settle tells of changes until the watcher is closed.
func (w *watcher) settle() {
	var quiet <-chan time.Time
	for {
		select {
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			if e.Op != fsnotify.Chmod && w.watches(e.Name) {
				quiet = time.After(settled)
			}
		case _, ok := <-w.Errors:
			if !ok {
				return
			}
			quiet = time.After(settled) // events were lost, perhaps of these files
		case <-quiet:
			select {
			case w.changed <- struct{}{}:
			default: // it has been told, and was not yet heard
			}
		}
	}
}
