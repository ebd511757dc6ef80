package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/text/width"

	"ratesim/provider/mock"
	"ratesim/reports/words"
)

const (
	liveEvery  = 500 * time.Millisecond // how often the block is drawn, at most
	liveRates  = 10                     // draws over which requests a second are averaged
	liveRecent = 20                     // draws after which an account that is idle may give its place to another
	liveMost   = 3                      // accounts that are shown
	liveKnown  = 1 << 10                // accounts that are told apart until then
)

// live shows on a terminal what a server is doing: one block of lines below what was
// printed before, drawn again and again in its place. A nil live shows nothing.
type live struct {
	out    io.Writer
	size   func() (width, height int, ok bool)
	color  bool
	served *mock.Server
	end    func()        // of the loop
	ended  chan struct{} // it is over

	open, begun atomic.Int64 // requests

	mu       sync.Mutex // of what is counted
	answered int64
	refused  map[string]int64 // answers with 429, by the limit or what else refused
	failed   map[string]int64 // other answers that are no success, by their status
	recent   map[string]int64 // requests by account, lately
	earlier  map[string]int64 // and before that

	screen sync.Mutex       // of the terminal, which may make its writer wait
	rates  [liveRates]int64 // begun at the last draws
	draws  int
	last   time.Time // when it was drawn
	drawn  []string  // what the terminal shows
}

// newLive returns what draws, or nil where nobody would see it or it would disturb: on what
// is no terminal, where the log uses the same one, and where a program has started the
// server, which reads the ports from a file and may print something itself.
func (f *serveFlags) newLive(s *streams) *live {
	if s.live == nil || f.quiet || f.portFile != "" || f.log == "-" {
		return nil
	}
	return &live{out: s.out, size: s.live, color: s.color, refused: map[string]int64{}, failed: map[string]int64{}, recent: map[string]int64{}, ended: make(chan struct{})}
}

// measure returns a handler that does what h does and is counted.
func (l *live) measure(h http.Handler) http.Handler {
	if l == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.begun.Add(1)
		l.open.Add(1)
		defer l.open.Add(-1) // also when h breaks the connection, with a panic
		h.ServeHTTP(w, r)
	})
}

// record takes down one request.
func (l *live) record(r mock.Record) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered++
	switch {
	case r.Status == http.StatusTooManyRequests && r.Why == mock.ByLimit:
		l.refused[r.Limit.String()]++
	case r.Status == http.StatusTooManyRequests:
		l.refused["by "+string(r.Why)]++
	case r.Status < 200 || r.Status >= 300 || r.End != mock.Complete:
		l.failed[failureOf(&r)]++
	}
	if _, known := l.recent[r.Account]; r.Account != "" && (known || len(l.recent) < liveKnown) {
		l.recent[r.Account]++
	}
}

// start begins to draw. When ctx ends, the block says that the server waits.
func (l *live) start(ctx context.Context, served *mock.Server) {
	if l == nil {
		return
	}
	l.served = served
	drawing, end := context.WithCancel(context.WithoutCancel(ctx))
	l.end = end
	go func() {
		defer close(l.ended)
		tick := time.NewTicker(liveEvery)
		defer tick.Stop()
		for drawing.Err() == nil {
			l.draw(ctx.Err() != nil)
			select {
			case <-tick.C:
			case <-drawing.Done():
			}
		}
	}()
}

// stop wipes the block away, and draws no more. The cursor was never hidden and the
// terminal's mode never changed, so there is nothing else to put back.
func (l *live) stop() {
	if l == nil {
		return
	}
	l.end()
	<-l.ended
	l.above(func() {})
}

// above lets what is printed stand above the block.
func (l *live) above(print func()) {
	if l == nil {
		print()
		return
	}
	l.screen.Lock()
	defer l.screen.Unlock()
	if w, _, ok := l.size(); ok && len(l.drawn) > 0 {
		io.WriteString(l.out, l.back(w)+wipeDown)
	}
	l.drawn = nil
	print()
}

// wipeLine and wipeDown wipe what is right of the cursor in its line, and all below it too.
const (
	wipeLine = "\x1b[K"
	wipeDown = "\x1b[J"
)

// back returns what moves the cursor to where the block begins. On a terminal that has become
// narrower, its lines are wrapped.
func (l *live) back(w int) string {
	rows := 0
	for _, line := range l.drawn {
		rows += max(1, (cells(line)+w-1)/w)
	}
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r", rows)
}

// draw draws the block if it has changed.
func (l *live) draw(stopping bool) {
	l.screen.Lock()
	defer l.screen.Unlock()
	w, h, ok := l.size()
	if !ok || time.Since(l.last) > 6*liveEvery { // in the background, or it was: others have printed there
		l.drawn = nil
	}
	l.last = time.Now()
	begun := l.begun.Load()
	slot := &l.rates[l.draws%liveRates]
	since := begun - *slot
	*slot = begun
	l.draws++
	if !ok {
		return
	}
	seconds := liveEvery.Seconds() * float64(min(l.draws, liveRates))
	lines := l.frame(float64(since)/seconds, stopping, w-1) // without the last column, after which some terminals wrap
	lines = lines[:min(len(lines), h-1)]                    // in the last one is the cursor
	if slices.Equal(lines, l.drawn) {
		return
	}
	text := l.back(w)
	for _, line := range lines {
		text += l.painted(line) + wipeLine + "\n"
	}
	io.WriteString(l.out, text+wipeDown) // it fails as the terminal does, which is no reason to stop
	l.drawn = lines
}

// frame returns the lines of the block, each w columns wide at most.
func (l *live) frame(perSecond float64, stopping bool, w int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draws%liveRecent == 0 && len(l.recent) > 0 {
		l.earlier, l.recent = l.recent, map[string]int64{}
	}
	parts := []string{fmt.Sprintf("%.1f requests/s", perSecond), fmt.Sprintf("%d open", l.open.Load()), fmt.Sprintf("%d answered", l.answered)}
	if stopping {
		parts[0] = "stopping when open requests are answered"
	}
	if n, by := total(l.refused); n > 0 {
		parts = append(parts, fmt.Sprintf("%d refused with 429 (%s)", n, by))
	}
	if n, by := total(l.failed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d failed (%s)", n, by))
	}
	lines := joined(parts, " · ", w)
	for _, name := range l.busiest() {
		if a, ok := l.served.Account(name); ok {
			lines = append(lines, left(&a, w)...)
		}
	}
	return lines
}

// total adds up counts, and lists them by their names.
func total(counts map[string]int64) (n int64, by string) {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		n += counts[name]
		list = append(list, fmt.Sprintf("%s: %d", name, counts[name]))
	}
	return n, strings.Join(list, ", ")
}

// failureOf says what an answer was that is no success: its status, or how it ended.
func failureOf(r *mock.Record) string {
	if r.Status >= 300 {
		return "status " + strconv.Itoa(r.Status)
	}
	return string(r.End)
}

// busiest returns the accounts with the most requests lately, in order of their names.
func (l *live) busiest() []string {
	counts := maps.Clone(l.recent)
	for name, n := range l.earlier {
		counts[name] += n
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return int(counts[b] - counts[a])
		}
		return strings.Compare(a, b)
	})
	names = names[:min(len(names), liveMost)]
	slices.Sort(names) // so that they keep their places
	return names
}

// left returns a line for each limit of each deployment that an account has called.
func left(a *mock.AccountState, w int) (lines []string) {
	for _, d := range a.Deployments {
		if d.Attempts == 0 {
			continue
		}
		name := words.Printable(a.Account + " " + d.Name)
		if len(d.Limits) == 0 {
			lines = append(lines, fit(name+"  no limits", w))
		}
		for _, limit := range d.Limits {
			what := fmt.Sprintf("%s/%s", limit.Counts, period(limit.Per))
			if limit.Per == 0 {
				what = limit.Counts + " at a time"
			}
			rest := fmt.Sprintf("%-18s %d of %d left", what, limit.Left, limit.Most)
			if room := w - 26 - cells(rest); room >= 12 {
				rest = fmt.Sprintf("%-18s %s  %d of %d left", what, bar(limit.Left, limit.Most), limit.Left, limit.Most)
			}
			lines = append(lines, fit(pad(fit(name, 24), min(24, w/3))+"  "+rest, w))
			name = ""
		}
	}
	return lines
}

// period writes a time over which a limit counts.
func period(seconds float64) string {
	switch seconds {
	case 1:
		return "s"
	case 60:
		return "min"
	case 3600:
		return "h"
	case 86400:
		return "day"
	}
	return fmt.Sprintf("%gs", seconds)
}

// bar shows how much of a limit is left. It is full only where all is, and empty only where
// nothing is.
func bar(left, most int64) string {
	const size = 10
	full := 0
	if most > 0 {
		full = int(min(left*size/most, size))
	}
	if left > 0 {
		full = max(full, 1)
	}
	return strings.Repeat("█", full) + strings.Repeat("░", size-full)
}

// painted makes the lines of limits stand out of which nothing is left.
func (l *live) painted(line string) string {
	if l.color && strings.Contains(line, " 0 of ") {
		return "\x1b[31m" + line + "\x1b[0m"
	}
	return line
}

// joined joins parts with sep, in as many lines as it takes.
func joined(parts []string, sep string, w int) []string {
	var lines []string
	line := ""
	for _, p := range parts {
		switch {
		case line == "":
			line = p
		case cells(line+sep+p) <= w:
			line += sep + p
		default:
			lines, line = append(lines, fit(line, w)), p
		}
	}
	return append(lines, fit(line, w))
}

// cells returns how many columns of a terminal a text takes.
func cells(s string) (n int) {
	for _, r := range s {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}

// fit cuts a text to w columns.
func fit(s string, w int) string {
	if cells(s) <= w {
		return s
	}
	for i, r := range s {
		if cells(s[:i])+cells(string(r)) > w-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// pad adds spaces up to w columns.
func pad(s string, w int) string {
	return s + strings.Repeat(" ", max(0, w-cells(s)))
}
