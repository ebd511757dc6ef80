package bench_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ratesim/bench"
	"ratesim/scenarios"
)

// A server that has other deployments is said to, where every call failed.
func TestNoneSucceeded(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	spec, err := scenarios.Parse("stalling.yaml", []byte(stalling), scenarios.Options{Strategies: []string{"none"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Compare(t.Context(), spec, bench.Options{Replications: 1, Speed: 20, URL: server.URL})
	if err != nil || !strings.Contains(strings.Join(r.Warnings, "\n"), "no call succeeded: the server at "+server.URL) {
		t.Errorf("%v, %v", r, err)
	}
}

// Three replications at speed 5 are two side by side and then one. Each has an
// account of its own, and none runs twice.
func TestReplicationsSideBySide(t *testing.T) {
	var mu sync.Mutex
	firsts := map[string]time.Time{} // when each account was heard of
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		key := r.Header.Get("Authorization")
		if _, known := firsts[key]; !known {
			firsts[key] = time.Now()
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	spec, err := scenarios.Parse("stalling.yaml", []byte(stalling), scenarios.Options{Strategies: []string{"none"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.Compare(t.Context(), spec, bench.Options{Replications: 3, Speed: 5, URL: server.URL})
	if err != nil || r.Replications != 3 {
		t.Fatalf("%+v, %v; want 3 replications", r, err)
	}
	if n := len(r.Setting); n == 0 || !strings.HasPrefix(r.Setting[n-1].Text, "3 replications with seed 0.") {
		t.Errorf("the setting is %+v", r.Setting)
	}
	took := time.Duration(float64(spec.Duration) / 5)
	at := slices.SortedFunc(maps.Values(firsts), time.Time.Compare)
	if len(at) != 3 || at[1].Sub(at[0]) > took/2 || at[2].Sub(at[1]) < took/2 {
		t.Errorf("accounts began at %v, want 2 at once and 1 after %v", at, took)
	}
}
