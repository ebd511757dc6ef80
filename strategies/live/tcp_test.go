package live_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/live"
)

const chat = `{"model":"gpt-4o","max_tokens":16,"messages":[{"role":"user","content":"Hello!"}]}`

func TestEstimate(t *testing.T) {
	for _, c := range []struct {
		body        string
		prompt, max uint32
	}{
		{chat, 2, 16}, // 6 characters
		{`{"messages":[{"role":"user","content":[{"type":"text","text":"12345678"}]}],"max_completion_tokens" : 7}`, 2, 7},
		{`{"input":["1234","5678"],"model":"text-embedding-3-small"}`, 2, 0},
		{`{"contents":[{"parts":[{"text":"äöüß\u00e4"}]}],"generationConfig":{"maxOutputTokens":9}}`, 3, 9}, // an escape counts as it is written
		{`{"max_tokens":99999999999999999999}`, 0, 1<<32 - 1},
		{`{"system":"abc\"d`, 2, 0},
		{`{"content":"\`, 1, 0},
		{``, 0, 0},
	} {
		if prompt, bound := live.Estimate([]byte(c.body)); prompt != c.prompt || bound != c.max {
			t.Errorf("%s: %d and %d, want %d and %d", c.body, prompt, bound, c.prompt, c.max)
		}
	}
}

// Counted by the vocabulary: the 6 characters of Hello! are 2 tokens, and a message costs 7 more.
func TestExact(t *testing.T) {
	count := live.NewExact("")
	for _, c := range []struct {
		body        string
		prompt, max uint32
	}{
		{chat, 9, 16},
		{`{"content":"\`, 1, 0}, // as Estimate
	} {
		if prompt, bound := count([]byte(c.body)); prompt != c.prompt || bound != c.max {
			t.Errorf("%s: %d and %d, want %d and %d", c.body, prompt, bound, c.prompt, c.max)
		}
	}
}

// A strategy with the estimator exact has its calls counted so: 9 prompt tokens and 16 of
// max_tokens fit a limit of 25 tokens a minute, and not one of 24.
func TestExactStrategy(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer server.Close()
	for tpm, fits := range map[string]bool{"25": true, "24": false} {
		transport := live.New(named(t, "queue", strategies.Args{"estimator": "exact", "tpm": tpm}), live.Options{})
		request, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, strings.NewReader(chat))
		if _, err := transport.RoundTrip(request); (err == nil) != fits {
			t.Errorf("tpm %s: %v", tpm, err)
		}
	}
}

func FuzzEstimate(f *testing.F) {
	f.Add([]byte(chat))
	f.Add([]byte(`{"content":"\`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if prompt, _ := live.Estimate(body); int(prompt) > len(body)/4+1 {
			t.Errorf("%d tokens in %d bytes", prompt, len(body))
		}
	})
}

// A stream reaches the application piece by piece, and ends the call when it
// has been read or closed.
func TestStream(t *testing.T) {
	more := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		fmt.Fprint(w, "data: one\n\n")
		w.(http.Flusher).Flush()
		if !<-more {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, `data: {"usage":{"prompt_tokens":3,"completion_tokens":4}}`+"\n\n")
	}))
	defer server.Close()
	for _, whole := range []bool{true, false} {
		transport := live.New(named(t, "jitter", nil), live.Options{})
		request, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, strings.NewReader(chat))
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(response.Body)
		if line, err := lines.ReadString('\n'); line != "data: one\n" || err != nil {
			t.Fatalf("%q, %v before the rest was sent", line, err)
		}
		more <- whole
		if _, err := io.ReadAll(lines); (err == nil) != whole {
			t.Errorf("whole %v: %v", whole, err)
		}
		if err := transport.Close(t.Context()); err != nil {
			t.Errorf("the call is open: %v", err)
		}
	}
}

// Broken and refused answers at random, many callers: every one of them gets an
// answer, and nothing stays behind.
func TestManyCallers(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != chat {
			t.Errorf("body %q, %v", body, err)
		}
		switch n.Add(1) % 7 {
		case 0:
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half") // and the connection breaks
		case 1, 2, 3:
			w.WriteHeader(429)
		default:
			fmt.Fprint(w, "whole")
		}
	}))
	defer server.Close()
	for _, body := range []func() io.Reader{
		func() io.Reader { return strings.NewReader(chat) },
		func() io.Reader { return io.MultiReader(strings.NewReader(chat)) }, // without GetBody
	} {
		transport := live.New(named(t, "naive", strategies.Args{"max_retries": "100"}), live.Options{})
		client := &http.Client{Transport: transport}
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				for range 20 {
					response, err := client.Post(server.URL, "application/json", body())
					if err != nil {
						t.Error(err)
						return
					}
					if b, err := io.ReadAll(response.Body); string(b) != "whole" || err != nil {
						t.Errorf("%q, %v", b, err)
					}
					response.Body.Close()
				}
			})
		}
		callers.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := transport.Close(ctx); err != nil {
			t.Errorf("calls are open: %v", err)
		}
		cancel()
		client.CloseIdleConnections()
	}
}

// BenchmarkOverhead is a call over a base that answers at once, without and
// with a strategy: the difference is what this package costs.
func BenchmarkOverhead(b *testing.B) {
	reply := `{"id":"x","object":"chat.completion","usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}`
	bare := base(func(*http.Request) (*http.Response, error) {
		return answer(200, reply, "x-ratelimit-remaining-requests: 59"), nil
	})
	entry, _ := catalog.Find("header-aware")
	env := strategies.Env{Deployments: []strategies.Deployment{{Name: "main", RPM: 1e9, TPM: 1e11}}}
	factory, _ := entry.Build(nil, env)
	for name, transport := range map[string]http.RoundTripper{"bare": bare, "live": live.New(factory(env), live.Options{Base: bare})} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				request, _ := http.NewRequestWithContext(b.Context(), "POST", "http://provider/v1/chat/completions", strings.NewReader(chat))
				response, err := transport.RoundTrip(request)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
}
