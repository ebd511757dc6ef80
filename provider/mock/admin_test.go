package mock_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ratesim/provider/catalog"
	"ratesim/provider/mock"
)

// The operator sees what was counted, and can make it go away; a web page
// cannot, and no client on the public address.
func TestAdmin(t *testing.T) {
	s := offer(t, mock.Config{Speed: 10_000}, all[0])
	for range 3 {
		ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o","max_tokens":3,`+hello+`}`)
	}
	admin := s.Admin()
	do := func(method, path, host, origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Host = host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, r)
		return w
	}
	var got mock.State
	if err := json.Unmarshal(do("GET", "/admin/state", "127.0.0.1:1", "").Body.Bytes(), &got); err != nil || len(got.Accounts) != 1 ||
		got.Accounts[0].Deployments[0].Attempts != 3 || got.Accounts[0].Deployments[0].Billed != [3]int64{6, 0, 9} {
		t.Errorf("%v, %+v", err, got)
	}
	for _, c := range []struct {
		method, path, host, origin string
		want                       int
	}{
		{"POST", "/admin/reset", "evil.example", "", 403},
		{"POST", "/admin/reset", "localhost:1", "http://evil.example", 403},
		{"GET", "/admin/reset", "localhost:1", "", 405},
		{"POST", "/admin/reset", "[::1]:1", "", 204},
	} {
		if w := do(c.method, c.path, c.host, c.origin); w.Code != c.want {
			t.Errorf("%s %s at %s from %q: %d, want %d", c.method, c.path, c.host, c.origin, w.Code, c.want)
		}
	}
	if n := len(s.State().Accounts); n != 0 {
		t.Errorf("%d accounts after reset", n)
	}
	if w := ask(s, "GET", "/admin/state", ""); w.Code != 404 {
		t.Errorf("on the public address: %d", w.Code)
	}
}

// A server that is told to stop answers what it has begun, and takes no more.
func TestDrain(t *testing.T) {
	config, err := catalog.Embedded().Find(all[0])
	if err != nil {
		t.Fatal(err)
	}
	config.Latency.PerToken = 100 * time.Millisecond
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Config: config}}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, listener, nil) }()
	r, _ := http.NewRequest("POST", "http://"+listener.Addr().String()+"/v1/chat/completions",
		strings.NewReader(`{"model":"gpt-4o","stream":true,"max_tokens":5,`+hello+`}`))
	r.Header.Set("Authorization", "Bearer sk-test")
	w, err := http.DefaultClient.Do(r) // returns at the first event
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	stop()
	if b, err := io.ReadAll(w.Body); err != nil || !strings.HasSuffix(string(b), "data: [DONE]\n\n") {
		t.Errorf("%v after\n%s", err, b)
	}
	if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("ended with %v", err)
	}
	if _, err := http.DefaultClient.Do(r.Clone(t.Context())); err == nil {
		t.Error("it still answers")
	}
}
