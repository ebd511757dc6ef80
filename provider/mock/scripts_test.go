package mock_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
	"ratesim/provider/script"
	"ratesim/provider/wire"
)

const chatBody = `{"model":"gpt-4o","max_tokens":3,` + hello + `}`

// kinds are the kinds of sequences, each with what an attempt after another gets:
// statuses, 1 for a connection that breaks.
var kinds = []struct {
	name    string
	replies []script.Reply
	stream  bool
	want    []int
}{
	{"429, 429, 200", []script.Reply{{Status: 429}, {Status: 429}, {Status: 200}}, false, []int{429, 429, 200}},
	{"429 three times", []script.Reply{{Status: 429, Times: 3}, {Status: 200}}, false, []int{429, 429, 429, 200}},
	{"503 for a time", []script.Reply{{Status: 503, For: outage}, {Status: 200}}, false, nil},
	{"200, then broken", []script.Reply{{Status: 200, BreakAfter: 3}, {Status: 200}}, true, []int{1, 200}},
	{"200, then an error", []script.Reply{{Status: 200, ErrorAfter: 3}, {Status: 200}}, true, []int{500, 200}},
	{"Retry-After in seconds", []script.Reply{{Status: 429, Wait: script.Wait{Form: script.Seconds, For: 2 * time.Second}}, {Status: 200}}, false, []int{429, 200}},
	{"Retry-After as a date", []script.Reply{{Status: 503, Wait: script.Wait{Form: script.Date, For: 2 * time.Second}}, {Status: 200}}, false, []int{503, 200}},
	{"retry-after-ms", []script.Reply{{Status: 429, Wait: script.Wait{Form: script.Millis, For: 3 * time.Millisecond}}, {Status: 200}}, false, []int{429, 200}},
}

func scripted(t testing.TB, scripts ...script.Script) *mock.Server {
	t.Helper()
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{named("openai", "gpt-4o", ""), named("anthropic", "claude-sonnet-4.5", "")}, Scripts: scripts})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A way is how a client lets the attempts of a call be known.
type way int

const (
	byKey   way = iota // an idempotency key
	byCount            // the number of retries, as the SDKs of OpenAI and Anthropic
	byBody             // nothing but the body
	ways
)

// caller is one client, with connections of its own.
type caller struct {
	http http.Client
	url  string
	way  way
}

// send makes attempt number n of a call and returns its status: 1 when the connection
// breaks, and 500 when a stream ends with an error.
func (c *caller) send(ctx context.Context, call string, n int, stream bool) (int, error) {
	body := chatBody
	if stream {
		body = strings.Replace(body, "{", `{"stream":true,`, 1)
	}
	if c.way == byBody {
		body = strings.Replace(body, "{", `{"user":"`+call+`",`, 1)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer sk")
	switch c.way {
	case byKey:
		r.Header.Set("Idempotency-Key", call)
	case byCount:
		r.Header.Set("X-Stainless-Retry-Count", strconv.Itoa(n))
	}
	w, err := c.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	switch pieces := strings.Count(string(text), `"delta":{"content"`); {
	case !stream || w.StatusCode != 200:
	case err != nil || !strings.Contains(string(text), "[DONE]"):
		if pieces != 3 {
			return 0, fmt.Errorf("%d pieces, want 3: %s", pieces, text)
		}
		if err == nil {
			return 500, nil
		}
		return 1, nil
	}
	return w.StatusCode, err
}

// outage is how long the kind of 503 lasts.
const outage = 50 * time.Millisecond

// play makes a call and checks what its attempts get; without want it is to get 503
// until it gets 200.
func (c *caller) play(ctx context.Context, call string, stream bool, want []int) error {
	for n, status := range want {
		if got, err := c.send(ctx, call, n, stream); err != nil || got != status {
			return fmt.Errorf("attempt %d: %d, want %d (%v)", n, got, status, err)
		}
	}
	if want != nil {
		return nil
	}
	begin := time.Now() // before the first attempt arrives
	var first time.Time // when it has been answered
	for n := 0; ; n++ {
		sent := time.Now()
		got, err := c.send(ctx, call, n, stream)
		switch {
		case err != nil:
			return err
		case got == 503 && (n == 0 || sent.Sub(first) < outage):
			if n == 0 {
				first = time.Now()
			}
			time.Sleep(20 * time.Millisecond)
		case got == 200 && time.Since(begin) >= outage:
			return nil
		default:
			return fmt.Errorf("attempt %d, %v after the first: %d", n, sent.Sub(begin), got)
		}
	}
}

// Of clients at once with the same API key, each call gets its sequence, many times
// over, in whatever way a client lets its attempts be known. Where it is by their number
// or by an idempotency key, all bodies are the same.
func TestScriptedForMany(t *testing.T) {
	times := 1000
	if testing.Short() {
		times = 20
	}
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			server := httptest.NewServer(scripted(t, script.Script{Replies: kind.replies}))
			defer server.Close()
			const each = 4
			var callers sync.WaitGroup
			for i := range each * int(ways) {
				callers.Go(func() {
					c := &caller{url: server.URL, way: way(i % int(ways)), http: http.Client{Transport: &http.Transport{}}}
					defer c.http.CloseIdleConnections()
					for n := range times / each { // of each way as many as times
						if err := c.play(t.Context(), fmt.Sprint("call-", i, "-", n), kind.stream, kind.want); err != nil {
							t.Errorf("client %d, way %d, call %d: %v", i, c.way, n, err)
							return
						}
					}
				})
			}
			callers.Wait()
		})
	}
}

// Waits are written as the script says, and told to who grades clients; headers of the
// script come last.
func TestScriptedHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		s, err := mock.New(mock.Config{Deployments: []mock.Deployment{named("openai", "gpt-4o", "")}, Watch: func(e conformance.Event) {
			if waits = append(waits, e.Wait); e.Scripted != (e.Reply.Status != 200) || e.Attempt.Call != 1 || e.Attempt.Number+1 != len(waits) {
				t.Errorf("attempt %d is told as %+v", len(waits), e)
			}
		},
			Scripts: []script.Script{{Replies: []script.Reply{
				{Status: 429, Limit: wire.Tokens, Wait: script.Wait{Form: script.Seconds, For: 2 * time.Second}},
				{Status: 503, Wait: script.Wait{Form: script.Date, For: 2500 * time.Millisecond}, Message: "back soon"},
				{Status: 429, Wait: script.Wait{Form: script.Millis, For: 250 * time.Millisecond}},
				{Status: 500, Headers: map[string]string{"X-Should-Retry": "false"}, Delay: time.Minute},
				{Status: 200, Headers: map[string]string{"X-Ratelimit-Remaining-Requests": "0"}},
			}}}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for i, want := range []struct {
			status                     int
			after, ms, header, message string
		}{
			{429, "2", "", "", "on tokens per min"},
			{503, start.Add(3 * time.Second).UTC().Format(http.TimeFormat), "", "", `"message":"back soon"`},
			{429, "", "250", "", "on requests per min"},
			{500, "", "", "false", "server_error"},
			{200, "", "", "", "chat.completion"},
		} {
			w := ask(s, "POST", "/v1/chat/completions", chatBody, "Idempotency-Key: one")
			h := w.Header()
			if w.Code != want.status || h.Get("Retry-After") != want.after || h.Get("Retry-After-Ms") != want.ms || h.Get("X-Should-Retry") != want.header || !strings.Contains(w.Body.String(), want.message) {
				t.Errorf("reply %d: %d %v %s, want %+v", i, w.Code, h, w.Body, want)
			}
			if want.status == 200 && h.Get("X-Ratelimit-Remaining-Requests") != "0" {
				t.Errorf("the script's header is not the last: %v", h)
			}
		}
		if got := time.Since(start); got < time.Minute || got > 61*time.Second {
			t.Errorf("took %v, want the minute of the fourth reply", got)
		}
		if want := []time.Duration{2 * time.Second, 2500 * time.Millisecond, 250 * time.Millisecond, wire.Absent, wire.Absent}; !slices.Equal(waits, want) {
			t.Errorf("told %v, want %v", waits, want)
		}
	})
}

// A 200 of a script is one whatever limits and faults say, and decide leaves it to them.
func TestScriptedSuccess(t *testing.T) {
	d := mock.Deployment{Config: provider.Config{Vendor: "openai", Model: "gpt-4o", RPM: 1}}
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{d}, Scripts: []script.Script{{Replies: []script.Reply{{Status: 200}}, Calls: 3}, {Replies: []script.Reply{{}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{200, 200, 200, 429} {
		if w := ask(s, "POST", "/v1/chat/completions", chatBody); w.Code != want {
			t.Errorf("call %d: %d %s, want %d", i, w.Code, w.Body, want)
		} else if want == 200 && !strings.Contains(w.Body.String(), `"completion_tokens":3`) {
			t.Errorf("call %d: %s", i, w.Body)
		}
	}
}

// A request may name the script it wants, and every vendor's errors have its form.
func TestScriptedByName(t *testing.T) {
	s := scripted(t, script.Script{Name: "down", Replies: []script.Reply{{Status: 529, Times: 9}}})
	if w := ask(s, "POST", "/v1/messages", `{"model":"claude-sonnet-4-5","max_tokens":3,`+hello+`}`, script.Header+": down"); w.Code != 529 || !strings.Contains(w.Body.String(), "overloaded_error") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask(s, "POST", "/v1/chat/completions", chatBody); w.Code != 200 {
		t.Errorf("without the header: %d", w.Code)
	}
	if w := ask(s, "POST", "/v1/chat/completions", chatBody, script.Header+": up"); w.Code != 400 || !strings.Contains(w.Body.String(), `no script called \"up\"; there are down`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if played := s.Played(); played[0].Calls != 1 || played[0].Replies != 1 {
		t.Errorf("%+v", played)
	}
	s.SetScripts(nil)
	if w := ask(s, "POST", "/v1/chat/completions", chatBody, script.Header+": down"); w.Code != 400 {
		t.Errorf("without scripts: %d", w.Code)
	}
}

// The same body to another address is another call, and a long idempotency key is as
// good as a short one.
func TestScriptedIdentity(t *testing.T) {
	s := scripted(t, script.Script{Replies: []script.Reply{{Status: 503}, {Status: 200}}})
	long := strings.Repeat("k", 300)
	for i, c := range []struct {
		path, header string
		want         int
	}{
		{"/v1/chat/completions", "", 503}, {"/v1/responses", "", 503}, {"/v1/chat/completions", "", 200}, {"/v1/responses", "", 200},
		{"/v1/chat/completions", "Idempotency-Key: " + long + "1", 503}, {"/v1/chat/completions", "Idempotency-Key: " + long + "2", 503},
		{"/v1/chat/completions", "Idempotency-Key: " + long + "1", 200}, {"/v1/chat/completions", "Amz-Sdk-Invocation-Id: x", 503},
		{"/v1/chat/completions", "Amz-Sdk-Invocation-Id: x", 200},
	} {
		if w := ask(s, "POST", c.path, chatBody, c.header); w.Code != c.want {
			t.Errorf("request %d: %d %s, want %d", i, w.Code, w.Body, c.want)
		}
	}
}

// A client that hangs up while a reply waits has had its turn.
func TestScriptedHangUp(t *testing.T) {
	server := httptest.NewServer(scripted(t, script.Script{Replies: []script.Reply{{Status: 500, Delay: time.Hour}, {Status: 418}}}))
	defer server.Close()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c := &caller{url: server.URL, way: byCount}
	if _, err := c.send(short, "", 0, false); err == nil {
		t.Error("there was an answer")
	}
	if got, err := c.send(t.Context(), "", 1, false); err != nil || got != 418 {
		t.Errorf("%d, %v, want 418", got, err)
	}
}

// An answer that is not streamed breaks in its middle.
func TestScriptedBroken(t *testing.T) {
	server := httptest.NewServer(scripted(t, script.Script{Replies: []script.Reply{{Status: 200, BreakAfter: 1}}}))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(chatBody))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	if _, err := io.ReadAll(bufio.NewReader(w.Body)); err == nil || w.StatusCode != 200 {
		t.Errorf("%d, %v", w.StatusCode, err)
	}
}
