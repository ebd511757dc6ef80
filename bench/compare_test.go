package bench_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
