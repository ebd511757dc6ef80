package main

import (
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"ratesim/sim"
)

// progress draws on a terminal how far a command is. A nil progress draws nothing.
type progress struct {
	err   io.Writer
	width int    // of the terminal, in characters
	what  string // is counted
	begin time.Time

	mu   sync.Mutex // bench tells from a goroutine of its own
	bar  *progressbar.ProgressBar
	last time.Time // when the line was drawn
	over bool
}

const (
	redraw = 200 * time.Millisecond // how often the line is drawn, at most
	fine   = 1000                   // steps of the bar in one run
)

// newProgress returns what draws, or nil where nobody would see it.
func (s *streams) newProgress(quiet bool, what string) *progress {
	if quiet || !s.progress {
		return nil
	}
	width := s.errWidth
	if width <= 0 {
		width = 80
	}
	return &progress{err: s.err, width: max(width, 20), what: what, begin: time.Now()}
}

// counted draws how many of so many are done.
func (p *progress) counted(done, of int) {
	if p == nil {
		return
	}
	p.reached(done, float64(done), of)
}

// reached draws that so many of so many are done, and that parts of others are: at counts
// these in.
func (p *progress) reached(done int, at float64, of int) {
	left := ""
	if spent := time.Since(p.begin); spent > time.Second && at > 0 && done < of {
		left = ", " + remaining(spent, at, of) + " left"
	}
	// At its end the library would wipe the bar, and never draw again: it is a step longer.
	p.draw(of*fine+2, int(at*fine)+1, fmt.Sprintf("%d of %d %s%s", done, of, p.what, left))
}

// compared draws how far a comparison is. With as many replications as it takes nobody
// knows how many that is, so it says how much has been done and how long it takes at
// most.
func (p *progress) compared(now sim.Progress) {
	if p == nil {
		return
	}
	at := float64(now.Done) + now.Parts
	if now.Looks == 0 {
		p.reached(now.Done, at, now.Most)
		return
	}
	left := ""
	if spent := time.Since(p.begin); spent > time.Second && at > 0 {
		left = ", at most " + remaining(spent, at, now.Most) + " left"
	}
	p.draw(-1, now.Done, fmt.Sprintf("%d runs, %s attempts, check %d of %d%s", now.Done, rough(now.Attempts), now.Look, now.Looks, left))
}

// doing draws what is being done, where nobody knows how much of it there is.
func (p *progress) doing(what string) {
	if p != nil {
		p.draw(-1, 0, what)
	}
}

// draw draws a text, and a bar if it is known how much there will be: most is not -1.
func (p *progress) draw(most, done int, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || time.Since(p.last) < redraw {
		return
	}
	p.last = time.Now()
	if p.bar == nil {
		p.bar = progressbar.NewOptions(most, progressbar.OptionSetWriter(p.err), progressbar.OptionUseANSICodes(true),
			progressbar.OptionSpinnerType(14), progressbar.OptionSetWidth(max(1, min(20, p.width-60))),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false))
	}
	const beside = 10 // what stands beside the text without the bar: the share, or what turns
	if room := p.width - beside; len(text) > room {
		text = text[:room] // a line that wraps could not be wiped
	}
	if most > 0 {
		p.bar.ChangeMax(most)
	}
	p.bar.Describe(text)
	p.bar.Set(done) // it fails as the terminal does, which is no reason to stop
}

// wipe takes the line away.
func (p *progress) wipe() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over = true; p.bar != nil {
		fmt.Fprint(p.err, "\r\x1b[K")
	}
}

// remaining is how long the rest takes if it goes on as it did so far.
func remaining(spent time.Duration, done float64, of int) string {
	left := float64(spent) / done * (float64(of) - done)
	d := time.Duration(math.Ceil(left/float64(time.Second))) * time.Second
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour).Hours()))
}

// rough writes a number that is still growing.
func rough(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%d thousand", n/1000)
	}
	return fmt.Sprintf("%.1f million", float64(n)/1e6)
}
