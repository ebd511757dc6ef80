package main

import (
	"context"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"ratesim/reports/words"
)

// streams is what the program talks to, and what it knows about it.
type streams struct {
	in       io.Reader
	out, err io.Writer
	width    int  // characters in a line of out; 0 = not a terminal
	color    bool // out is a terminal that wants colour
	screen   bool // out is a terminal that can be cleared
	progress bool // err is a terminal that can rewrite a line
	errWidth int  // characters in a line of err; 0 = not known

	// live returns the size of a terminal on which lines can be drawn again in their place,
	// and whether they may be now; nil = out is none, or nobody sits at it.
	live func() (width, height int, ok bool)

	build build // of the program; its zero value leaves results without a version
}

// terminal returns the process's own streams.
func terminal() streams {
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, build: readBuild()}
	capable := os.Getenv("TERM") != "dumb"
	s.progress = capable && term.IsTerminal(int(os.Stderr.Fd()))
	s.errWidth, _, _ = term.GetSize(int(os.Stderr.Fd()))
	if fd := int(os.Stdout.Fd()); term.IsTerminal(fd) {
		s.color, s.screen = os.Getenv("NO_COLOR") == "" && capable, capable
		s.width = 80
		if w, _, err := term.GetSize(fd); err == nil && w > 0 {
			s.width = w
		}
		if s.screen && term.IsTerminal(int(os.Stdin.Fd())) { // a script that starts a server in the background takes its input away
			s.live = func() (width, height int, ok bool) { return liveSize(fd) }
		}
	}
	if w, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && w > 0 {
		s.width = w
	}
	return s
}

// liveSize returns the size of a terminal, and whether this program has it to itself. Where
// the size is not known it is that of the first terminals.
func liveSize(fd int) (width, height int, ok bool) {
	width, height, err := term.GetSize(fd)
	if err != nil || width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	return width, height, foreground(fd)
}

// printable writes lines that name what a file says, such as a tenant. What steers a
// terminal does not pass.
type printable struct{ to io.Writer }

// Write implements io.Writer.
func (p printable) Write(b []byte) (int, error) {
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		text, ended := strings.CutSuffix(line, "\n")
		out.WriteString(words.Printable(text))
		if ended {
			out.WriteByte('\n')
		}
	}
	if _, err := io.WriteString(p.to, out.String()); err != nil {
		return 0, err
	}
	return len(b), nil
}

// hearing does what may wait for ever, as to open a named pipe does until somebody writes
// to it. When ctx ends it returns ctx's error and leaves the work behind, because nothing
// ends such a wait: the program is about to.
func hearing[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := work()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// interruptible reads until ctx ends, also while a read of in waits for a terminal
// or a pipe.
type interruptible struct {
	ctx context.Context
	in  io.Reader
	buf []byte
}

// Read implements io.Reader.
func (r *interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if len(r.buf) < len(p) {
		r.buf = make([]byte, len(p))
	}
	type read struct {
		n   int
		err error
	}
	done := make(chan read, 1)
	go func() { // which may outlive this call, and so must not write to p
		n, err := r.in.Read(r.buf[:len(p)])
		done <- read{n, err}
	}()
	select {
	case got := <-done:
		return copy(p, r.buf[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
}

// interruptibleFile is a file that can also be read at any place, if it is a regular one.
type interruptibleFile struct {
	*interruptible
	file readableAnywhere
}

// readableAnywhere is a file that can be read at any place, if Stat says that it is a regular
// one.
type readableAnywhere interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// ReadAt implements io.ReaderAt. It does not wait as long as a pipe makes a reader wait.
func (f interruptibleFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.file.ReadAt(p, at)
}

// Stat says what kind of file it is.
func (f interruptibleFile) Stat() (fs.FileInfo, error) { return f.file.Stat() }
