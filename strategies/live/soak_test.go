package live_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/live"
)

var soakFlag = flag.Duration("soak", 0, "run TestSoak for so long")

// soak is what TestSoak runs: three instances that share a quota, before a real server, both
// with faults.
type soak struct {
	server    *httptest.Server
	base      *http.Transport
	instances [3]*live.Transport
	calls     sync.WaitGroup
	mu        sync.Mutex
	ends      map[string]int
}

const (
	soakRate  = 50 // calls a second of all instances
	soakQuota = 4 * soakRate * 60
)

// For as long as -soak says, calls come at a quarter of the quota, over real sockets, while
// the server, the coordinator and the application do what goes wrong in production. What
// the process holds at rest is the same afterwards: goroutines, file descriptors and memory.
//
//	go test ./strategies/live -run TestSoak -soak 10m -timeout 1h
func TestSoak(t *testing.T) {
	if *soakFlag == 0 {
		t.Skip("no -soak")
	}
	s := newSoak(t)
	s.load(*soakFlag / 10) // until all that is kept for later is there
	before := s.atRest()
	t.Logf("at the start: %v", before)
	s.load(*soakFlag)
	after := s.atRest()
	t.Logf("at the end:   %v; calls ended: %v", after, s.ends)
	if after.goroutines > before.goroutines+5 || after.files > before.files+5 || after.heap > before.heap+2<<20 {
		t.Errorf("at the end %v are held, at the start %v were", after, before)
	}
	for _, i := range s.instances {
		t.Logf("asks: %+v", i.AskStats())
		if err := i.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func newSoak(t *testing.T) *soak {
	s := &soak{base: &http.Transport{MaxIdleConnsPerHost: 20}, ends: map[string]int{}}
	s.server = httptest.NewServer(http.HandlerFunc(serveBadly))
	t.Cleanup(s.server.Close)
	entry, _ := catalog.Find("shared")
	known := []strategies.Deployment{{Name: "main", RPM: soakQuota, TPM: 1e9, Coordinated: true}}
	for i := range s.instances {
		env := strategies.Env{Key: rng.New(1, i), Deployments: known}
		factory, problems := entry.Build(nil, env)
		if problems != nil {
			t.Fatal(problems)
		}
		s.instances[i] = live.New(factory(env), live.Options{Base: s.base, Timeout: 5 * time.Second, Coordinator: coordinator(answerBadly),
			Patience: 500 * time.Millisecond, Log: slog.New(slog.DiscardHandler), MaxAnswer: 1 << 20})
	}
	return s
}

// serveBadly answers six of ten requests as it should.
func serveBadly(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
	w.Header().Set("Content-Type", "application/json")
	kind := rand.IntN(30)
	switch {
	case kind < 3:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case kind < 5:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case kind == 5: // hangs
		<-r.Context().Done()
		return
	case kind == 6: // breaks the connection after part of the answer
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "part")
		panic(http.ErrAbortHandler)
	case kind == 7: // more than MaxAnswer
		_, _ = w.Write(make([]byte, 2<<20))
		return
	case kind < 15:
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 10 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
			if kind == 8 && i == 4 {
				panic(http.ErrAbortHandler)
			}
		}
		fmt.Fprint(w, "data: {\"usage\": {\"prompt_tokens\": 10, \"completion_tokens\": 10}}\n\ndata: [DONE]\n\n")
		return
	}
	fmt.Fprint(w, `{"usage": {"prompt_tokens": 10, "completion_tokens": 10}}`)
}

// answerBadly is a coordinator that grants most of what it is asked for.
func answerBadly(ctx context.Context, _ wire.Ask) (wire.Reply, error) {
	time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
	r := wire.Reply{Status: 200, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	switch rand.IntN(60) {
	case 0:
		return wire.Reply{}, errors.New("no route")
	case 1: // hangs
		<-ctx.Done()
		return wire.Reply{}, ctx.Err()
	case 2: // hangs, and does not hear its context
		time.Sleep(2 * time.Second)
	case 3:
		panic("a defect in the coordinator")
	case 4:
		r.Status = 429
	case 5, 6, 7:
		r.RetryAfter = 300 * time.Millisecond
	}
	return r, nil
}

// load makes calls for so long, and waits until they have ended.
func (s *soak) load(d time.Duration) {
	tick := time.NewTicker(time.Second / soakRate)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		<-tick.C
		i := s.instances[rand.IntN(len(s.instances))]
		s.calls.Go(func() {
			end := s.call(i)
			s.mu.Lock()
			s.ends[end]++
			s.mu.Unlock()
		})
	}
	s.calls.Wait()
}

// call makes one call, and returns how it ended.
func (s *soak) call(t *live.Transport) string {
	patience := 30 * time.Second
	if rand.IntN(10) == 0 {
		patience = time.Duration(rand.IntN(300)) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", s.server.URL, strings.NewReader(strings.Repeat("x", rand.IntN(10_000))))
	if err != nil {
		return err.Error()
	}
	if rand.IntN(4) == 0 {
		r.GetBody = nil
	}
	response, err := (&http.Client{Transport: t}).Do(r)
	if err != nil {
		return "error"
	}
	defer response.Body.Close()
	if rand.IntN(10) == 0 {
		return "not read"
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "broken stream"
	}
	return fmt.Sprint(response.StatusCode)
}

// holds is what a process holds.
type holds struct {
	goroutines, files int
	heap              uint64
}

func (h holds) String() string {
	return fmt.Sprintf("%d goroutines, %d file descriptors, %d KiB", h.goroutines, h.files, h.heap>>10)
}

// atRest measures when nothing is under way.
func (s *soak) atRest() holds {
	time.Sleep(3 * time.Second) // asks that were given up return
	s.base.CloseIdleConnections()
	time.Sleep(time.Second)
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd") // none where there is no such folder
	return holds{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}
