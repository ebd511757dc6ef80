package admin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
	"ratesim/provider/script"
)

// start returns the public and the admin handler of a server that admits 2
// requests a minute and answers at once.
func start(t *testing.T) (public, operator http.Handler) {
	t.Helper()
	m := NewMonitor(1, map[string]string{"sk-1": "web"}, conformance.Policy{})
	cfg := provider.Config{Name: "main", Vendor: "openai", Model: "gpt-4o", RPM: 2}
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Name: "main", Config: cfg}}, Watch: m.Watch})
	if err != nil {
		t.Fatal(err)
	}
	return m.Measure(s), New(Config{Server: s, Monitor: m, Hosts: []string{"mock"},
		Faults: List{Set: func(list []byte) error {
			if len(list) == 0 {
				return io.ErrUnexpectedEOF
			}
			return s.SetFaults([][]provider.Fault{{{Kind: provider.Outage, Status: 503, Until: 1 << 62}}})
		}},
		Scripts: List{Set: func([]byte) error {
			s.SetScripts([]script.Script{{Replies: []script.Reply{{Status: 418}}}})
			return nil
		}}})
}

func call(t *testing.T, h http.Handler, method, path, body string, headers ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8081"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func chat(t *testing.T, public http.Handler) int { t.Helper(); return chatAs(t, public, "sk-1") }

func chatAs(t *testing.T, public http.Handler, key string) int {
	t.Helper()
	code, _ := call(t, public, "POST", "/v1/chat/completions", `{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"max_tokens":1}`,
		"Authorization", "Bearer "+key)
	return code
}

func TestOperator(t *testing.T) {
	public, operator := start(t)
	for i, want := range []int{200, 200, 429} {
		if got := chat(t, public); got != want {
			t.Errorf("call %d: status %d, want %d", i, got, want)
		}
	}
	see := func(method, path, body string, status int, wants ...string) {
		t.Helper()
		code, text := call(t, operator, method, path, body)
		if code != status {
			t.Errorf("%s %s: status %d, want %d: %s", method, path, code, status, text)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s %s lacks %s:\n%s", method, path, want, text)
			}
		}
	}
	see("GET", "/metrics", "", 200,
		`ratesim_attempts_total{deployment="main",limit="none",status="200"} 2`,
		`ratesim_attempts_total{deployment="main",limit="requests",status="429"} 1`,
		`ratesim_tokens_total{deployment="main",kind="output"} 2`,
		"ratesim_request_duration_seconds_count 3", "ratesim_requests_in_flight 0", "ratesim_accounts 1")
	see("GET", "/admin/state", "", 200, `"admitted": 2`, `"refused": 1`)
	see("GET", "/admin/conformance", "", 200, `"grade": "untested"`, `"name": "retry-after"`, `"open": true`, `"key": "sk-1"`, `"tenant": "web"`, `"attempts": 3`)

	see("POST", "/admin/reset", "", 204)
	see("GET", "/admin/state", "", 200, `"accounts": []`)
	see("GET", "/admin/conformance", "", 200, `"attempts": 0`)
	if got := chat(t, public); got != 200 {
		t.Errorf("after the reset: status %d", got)
	}

	see("GET", "/admin/faults", "", 200, "[]")
	see("PUT", "/admin/faults", "", 400, "unexpected EOF")
	see("PUT", "/admin/faults", strings.Repeat(" ", MaxList+1), 413, "larger than")
	if got := chat(t, public); got != 200 {
		t.Errorf("after lists that were refused: status %d", got)
	}
	see("PUT", "/admin/faults", "- {kind: outage}", 204)
	see("GET", "/admin/faults", "", 200, "- {kind: outage}")
	for _, key := range []string{"sk-1", "sk-new"} {
		if got := chatAs(t, public, key); got != 503 {
			t.Errorf("%s during an outage: status %d", key, got)
		}
	}

	see("GET", "/admin/scripts", "", 200, "[]")
	see("PUT", "/admin/scripts", "- replies: [418]", 204)
	see("GET", "/admin/scripts", "", 200, "- replies: [418]")
	if got := chat(t, public); got != 418 {
		t.Errorf("with a script: status %d", got)
	}
	see("GET", "/admin/state", "", 200, `"scripts": [`, `"replies": 1`)

	see("GET", "/admin/reset", "", 405)
	see("POST", "/admin/state", "", 405)
	see("GET", "/v1/chat/completions", "", 404)
}

// What an operator can do is not to be had on the public address.
func TestNotPublic(t *testing.T) {
	public, _ := start(t)
	for _, path := range []string{"/metrics", "/admin/state", "/admin/reset", "/admin/faults", "/admin/scripts", "/admin/conformance"} {
		for _, method := range []string{"GET", "POST", "PUT"} {
			if code, _ := call(t, public, method, path, "", "Authorization", "Bearer sk-1"); code != 404 {
				t.Errorf("%s %s: status %d", method, path, code)
			}
		}
	}
}

// A page of another site cannot use the browser of someone who may.
func TestForeign(t *testing.T) {
	_, operator := start(t)
	for _, tt := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"a program", nil, 204},
		{"localhost", []string{"Host", "localhost:8081"}, 204},
		{"IPv6", []string{"Host", "[::1]:8081"}, 204},
		{"IPv6 without a port", []string{"Host", "[::1]"}, 204},
		{"a name that was given", []string{"Host", "mock:8081"}, 204},
		{"a page of its own", []string{"Host", "localhost:8081", "Origin", "http://localhost:8081", "Sec-Fetch-Site", "same-origin"}, 204},
		{"a rebound name", []string{"Host", "evil.example:8081"}, 403},
		{"a rebound name without a port", []string{"Host", "evil.example"}, 403},
		{"no host", []string{"Host", ""}, 403},
		{"a form elsewhere", []string{"Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		{"an old browser", []string{"Origin", "http://evil.example"}, 403},
	} {
		if got, _ := call(t, operator, "POST", "/admin/reset", "", tt.headers...); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
	if got, _ := call(t, operator, "GET", "/admin/state", "", "Host", "evil.example"); got != 403 {
		t.Errorf("reading by a rebound name: status %d", got)
	}
}

func TestConcurrent(t *testing.T) {
	public, operator := start(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				chat(t, public)
			}
		})
	}
	for range 20 {
		call(t, operator, "GET", "/metrics", "")
		call(t, operator, "GET", "/admin/conformance", "")
		call(t, operator, "POST", "/admin/reset", "")
		call(t, operator, "PUT", "/admin/faults", "x")
	}
	all.Wait()
}

func BenchmarkWatch(b *testing.B) {
	m := NewMonitor(1, nil, conformance.Policy{})
	e := conformance.Event{Key: "sk-1", Deployment: "main"}
	e.Reply.Status = 200
	b.ReportAllocs()
	for b.Loop() {
		m.Watch(e)
	}
}
