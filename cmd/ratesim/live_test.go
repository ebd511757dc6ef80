package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/mock"
)

// screen is a terminal: it knows of escape sequences what the live view uses, and wraps
// lines anew when its width changes, as terminals do.
type screen struct {
	t      *testing.T
	mu     sync.Mutex
	w, h   int
	lines  [][]rune // each takes as many rows as it needs
	y, x   int      // the cursor: a line, and a place in it
	colors bool     // were used
	back   bool     // in the background
	narrow bool     // it has been made narrower, so that what is on it may be higher than it
	beyond bool     // and was, so that something has left it where no program reaches it
}

func (s *screen) size() (int, int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w, s.h, !s.back
}

func (s *screen) resize(w int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.narrow = s.narrow || w < s.w
	s.w = w
}

// rows returns how many rows a line takes.
func (s *screen) rows(line []rune) int { return max(1, (len(line)+s.w-1)/s.w) }

// up moves the cursor, which is at the beginning of a line, n rows up.
func (s *screen) up(n int) {
	above := 0
	for _, line := range s.lines[:s.y] {
		above += s.rows(line)
	}
	most := min(above, s.h-1)
	if n > most && !s.narrow {
		s.t.Errorf("the cursor is moved %d rows up, and there are %d", n, most)
	}
	s.beyond = s.beyond || n > most
	for n = min(n, most); n > 0; n -= s.rows(s.lines[s.y]) {
		s.y--
	}
	s.x = -n * s.w
}

var sequence = regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text := string(b); text != ""; {
		for len(s.lines) <= s.y {
			s.lines = append(s.lines, nil)
		}
		line := &s.lines[s.y]
		if m := sequence.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			switch n, _ := strconv.Atoi(m[1]); m[2] {
			case "A":
				s.up(n)
			case "K":
				*line = (*line)[:min(s.x, len(*line))]
			case "J":
				*line = (*line)[:min(s.x, len(*line))]
				s.lines = s.lines[:s.y+1]
			case "m":
				s.colors = true
			default:
				s.t.Errorf("sequence %q", m[0])
			}
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\n':
			s.y, s.x = s.y+1, 0
		case '\r':
			s.x -= s.x % s.w
		default:
			for len(*line) <= s.x {
				*line = append(*line, ' ')
			}
			(*line)[s.x] = r
			s.x++
		}
	}
	for len(s.lines) <= s.y {
		s.lines = append(s.lines, nil)
	}
	return len(b), nil
}

// String returns what is seen.
func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []string
	for _, line := range s.lines {
		for n := s.rows(line); n > 0; n-- {
			row := line[:min(len(line), s.w)]
			rows, line = append(rows, strings.TrimRight(string(row), " ")), line[len(row):]
		}
	}
	return strings.Join(rows[max(0, len(rows)-s.h):], "\n")
}

// liveOn is a server with one deployment that a live view shows on a screen.
func liveOn(t *testing.T, s *screen, color bool) (*live, func(key, model string)) {
	f := &serveFlags{}
	l := f.newLive(&streams{out: s, live: s.size, color: color})
	config := provider.Config{Vendor: "openai", Model: "gpt-4o", RPM: 3, TPM: 40_000,
		Limits: []provider.Limit{{Counts: provider.Requests, Most: 1000, Per: 24 * time.Hour}, {Counts: provider.Requests, Most: 50}}}
	served, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Name: "main", Config: config}}, Record: l.record})
	if err != nil {
		t.Fatal(err)
	}
	handler := l.measure(served)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	l.start(ctx, served)
	return l, func(key, model string) {
		r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(`{"model":"`+model+`","max_tokens":96,"messages":[{"role":"user","content":"0123456789abcdef"}]}`))
		r.Header.Set("Authorization", "Bearer "+key)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// The block shows rates, refusals and what is left: of 3 requests a minute and 1000 a day
// after three, and of 40,000 tokens less three times the 4 of the prompt and 96 for output.
func TestLiveShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &screen{t: t, w: 120, h: 24}
		fmt.Fprintln(s, "listening on http://127.0.0.1:1")
		l, ask := liveOn(t, s, true)
		time.Sleep(100 * time.Millisecond)
		for range 5 {
			ask("sk-1", "main")
		}
		ask("sk-2", "other")
		time.Sleep(5 * time.Second)
		want := `listening on http://127.0.0.1:1
1.2 requests/s · 0 open · 6 answered · 2 refused with 429 (requests: 2) · 1 failed (status 404: 1)
sk-1 main                 requests/min       ░░░░░░░░░░  0 of 3 left
                          tokens/min         █████████░  39700 of 40000 left
                          requests/day       █████████░  997 of 1000 left
                          requests at a time ██████████  50 of 50 left
`
		if got := s.String(); got != want || !s.colors {
			t.Errorf("colours: %v; shown:\n%s\nwant\n%s", s.colors, got, want)
		}
		time.Sleep(time.Minute) // nothing comes, the limits are whole, and the account stays
		if got := s.String(); !strings.Contains(got, "0.0 requests/s") || !strings.Contains(got, "3 of 3 left") {
			t.Errorf("a minute later:\n%s", got)
		}
		l.above(func() { fmt.Fprintln(s, "a message") })
		time.Sleep(time.Second)
		if got := s.String(); !strings.HasPrefix(got, "listening on http://127.0.0.1:1\na message\n0.0 requests/s") {
			t.Errorf("after a message:\n%s", got)
		}
		l.stop()
		if got, want := s.String(), "listening on http://127.0.0.1:1\na message\n"; got != want {
			t.Errorf("at the end %q, want %q", got, want)
		}
	})
}

// However narrow, low or wide the terminal is or becomes, the block stands there once, no
// line of it wraps, and nothing of it is left at the end.
func TestLiveFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		draws := rand.New(rand.NewPCG(1, 0))
		for range 60 {
			s := &screen{t: t, w: 1 + draws.IntN(130), h: 2 + draws.IntN(12)}
			fmt.Fprintln(s, "above")
			l, ask := liveOn(t, s, false)
			for range 12 {
				ask([]string{"sk-1", "sk-2", "ключ", "sk-long-0123456789-0123456789"}[draws.IntN(4)], "main")
				time.Sleep(time.Duration(draws.IntN(900)) * time.Millisecond)
				if draws.IntN(4) == 0 {
					s.resize(1 + draws.IntN(130))
				}
				synctest.Wait()
				if n := strings.Count(s.String(), "requests/s"); n > 1 && !s.beyond {
					t.Fatalf("the block is there %d times:\n%s", n, s)
				}
			}
			time.Sleep(time.Second)
			l.stop()
			for _, line := range l.frame(1, true, s.w-1) {
				if cells(line) >= max(2, s.w) {
					t.Errorf("%d columns in a terminal of %d: %q", cells(line), s.w, line)
				}
			}
			if rest := strings.Trim(strings.ReplaceAll(s.String(), "\n", ""), " "); rest != "above" && !s.beyond {
				t.Errorf("left on a screen of %d × %d:\n%s", s.w, s.h, s)
			}
			if s.colors {
				t.Error("there are colours")
			}
		}
	})
}

// In the background nothing is drawn, and what was drawn before is not touched when the
// server comes back.
func TestLiveInBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &screen{t: t, w: 80, h: 24, back: true}
		l, ask := liveOn(t, s, false)
		ask("sk-1", "main")
		time.Sleep(10 * time.Second)
		if got := s.String(); got != "" {
			t.Errorf("in the background:\n%s", got)
		}
		fmt.Fprintln(s, "$ fg")
		s.mu.Lock()
		s.back = false
		s.mu.Unlock()
		time.Sleep(time.Second)
		if got := s.String(); !strings.HasPrefix(got, "$ fg\n") || !strings.Contains(got, "1 answered") {
			t.Errorf("in front again:\n%s", got)
		}
		l.stop()
	})
}

// Where nobody looks, or a program has started the server, nothing is drawn.
func TestLiveOnlyWhereItIsSeen(t *testing.T) {
	size := func() (int, int, bool) { return 80, 24, true }
	for _, tt := range []struct {
		f    serveFlags
		s    streams
		want bool
	}{
		{serveFlags{}, streams{live: size}, true}, {serveFlags{}, streams{}, false}, {serveFlags{quiet: true}, streams{live: size}, false},
		{serveFlags{portFile: "ports"}, streams{live: size}, false}, {serveFlags{log: "-"}, streams{live: size}, false}, {serveFlags{log: "file"}, streams{live: size}, true},
	} {
		if got := tt.f.newLive(&tt.s) != nil; got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.f, got, tt.want)
		}
	}
	var none *live
	none.start(t.Context(), nil)
	none.record(mock.Record{})
	none.above(func() {})
	none.stop()
	if h := http.NotFoundHandler(); none.measure(h) == nil {
		t.Error("no handler")
	}
}

// The accounts that are shown are those with the most requests lately.
func TestLiveBusiest(t *testing.T) {
	l := &live{recent: map[string]int64{}, earlier: map[string]int64{"a": 5}}
	for i, name := range []string{"b", "c", "d", "e"} {
		for range i + 3 {
			l.record(mock.Record{Account: name, Status: http.StatusOK, End: mock.Complete})
		}
	}
	if got := l.busiest(); !slices.Equal(got, []string{"a", "d", "e"}) {
		t.Errorf("%q", got)
	}
}

// Lines are cut by columns, of which some characters take two.
func TestFit(t *testing.T) {
	var got []string
	for _, w := range []int{1, 4, 5, 6, 7, 8} {
		got = append(got, fit("a漢字bcd", w))
	}
	if diff := cmp.Diff([]string{"…", "a漢…", "a漢…", "a漢字…", "a漢字b…", "a漢字bcd"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := joined([]string{"ab", "cd", "efgh"}, " · ", 7); !slices.Equal(got, []string{"ab · cd", "efgh"}) {
		t.Errorf("%q", got)
	}
}
