package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"ratesim/sim"
)

// at returns the line that is drawn for one step, of a run that began so long ago.
func at(t *testing.T, ago time.Duration, width int, draw func(*progress)) string {
	t.Helper()
	var err bytes.Buffer
	s := streams{err: &err, progress: true, errWidth: width}
	p := s.newProgress(false, "runs")
	p.begin = time.Now().Add(-ago)
	draw(p)
	p.wipe()
	drawn, wiped := strings.CutSuffix(err.String(), "\r\x1b[K")
	if !wiped {
		t.Errorf("the line is left: %q", err.String())
	}
	p.counted(1, 2)
	if !strings.HasSuffix(err.String(), "\r\x1b[K") {
		t.Error("it draws after it was wiped")
	}
	lines := strings.Split(drawn, "\r")
	return lines[len(lines)-1]
}

func TestProgress(t *testing.T) {
	auto := sim.Progress{Done: 240, Most: 2400, Look: 2, Looks: 6, Attempts: 1_300_000}
	fixed := sim.Progress{Done: 30, Most: 120}
	for _, test := range []struct {
		ago  time.Duration
		draw func(*progress)
		want string
	}{
		// A quarter is done in 9.9 s: the other three take 29.7 s.
		{9900 * time.Millisecond, func(p *progress) { p.compared(fixed) }, "30 of 120 runs, 30 s left"},
		{9900 * time.Millisecond, func(p *progress) { p.compared(fixed) }, " 25% |█████               |"},
		{time.Millisecond, func(p *progress) { p.compared(fixed) }, "30 of 120 runs  25%"}, // too soon to tell
		// A tenth of what there can be is done in 9.9 s.
		{9900 * time.Millisecond, func(p *progress) { p.compared(auto) }, "240 runs, 1.3 million attempts, check 2 of 6, at most 90 s left"},
		{9900 * time.Millisecond, func(p *progress) { p.counted(10, 10) }, "10 of 10 runs  "},
		{time.Hour, func(p *progress) { p.counted(10, 20) }, "10 of 20 runs, 60 min left"},
		{3 * time.Hour, func(p *progress) { p.counted(10, 20) }, "10 of 20 runs, 3 h left"},
	} {
		if got := at(t, test.ago, 100, test.draw); !strings.Contains(got, test.want) {
			t.Errorf("%q lacks %q", got, test.want)
		}
	}
	// A line that wraps could not be wiped.
	for _, width := range []int{1, 30, 80} {
		got := at(t, time.Minute, width, func(p *progress) { p.compared(auto) })
		for _, code := range []string{"\x1b[2K", "\x1b[0K"} {
			got = strings.ReplaceAll(got, code, "")
		}
		if n := len([]rune(strings.TrimRight(got, " "))); n >= max(width, 21) {
			t.Errorf("%d characters in a terminal of %d: %q", n, width, got)
		}
	}
	// A few times a second, however often it is told.
	var err bytes.Buffer
	s := streams{err: &err, progress: true}
	p := s.newProgress(false, "runs")
	for i := range 100_000 {
		p.counted(i, 100_000)
	}
	if n := strings.Count(err.String(), "of 100000"); n == 0 || n > 20 {
		t.Errorf("the line was drawn %d times", n)
	}
	if s := (streams{err: &err}); s.newProgress(false, "runs") != nil {
		t.Error("it draws where there is no terminal")
	}
}
