package mock_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/provider/script"
	"ratesim/provider/vendors"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// perVendor is what the vendors' own references, and for clients that hang up OpenRouter's,
// say of each of them. A vendor without a row fails TestVendorComplete.
var perVendor = map[string]struct {
	key      string // the header that carries an API key
	paths    [2]string
	unserved int  // the status for a model that nobody has
	stops    bool // a stream, when its client hangs up
	refused  wire.Limit
	tells    string           // what a refusal tells: r and t of requests and tokens, s with resets, w how long to wait, or b where no library looks
	limits   []provider.Limit // nil = three requests a minute
}{
	"openai":    {"Authorization", [2]string{"/v1/chat/completions", "/v1/chat/completions"}, 404, true, wire.Requests, "rtsw", nil},
	"azure":     {"Api-Key", [2]string{"/openai/deployments/main/chat/completions", "/openai/deployments/main/chat/completions"}, 404, true, wire.Requests, "rtsw", nil},
	"anthropic": {"X-Api-Key", [2]string{"/v1/messages", "/v1/messages"}, 404, true, wire.Requests, "rtsw", nil},
	"gemini": {"X-Goog-Api-Key", [2]string{"/v1beta/models/main:generateContent", "/v1beta/models/main:streamGenerateContent"}, 404, false, wire.Requests, "b",
		nil},
	"bedrock":  {"Authorization", [2]string{"/model/main/converse", "/model/main/converse-stream"}, 400, false, wire.Requests, "", nil},
	"groq":     {"Authorization", [2]string{"/openai/v1/chat/completions", "/openai/v1/chat/completions"}, 404, false, wire.Requests, "rtsw", nil},
	"mistral":  {"Authorization", [2]string{"/v1/chat/completions", "/v1/chat/completions"}, 400, false, wire.Requests, "rt", nil},
	"cerebras": {"Authorization", [2]string{"/v1/chat/completions", "/v1/chat/completions"}, 404, false, wire.Requests, "rtsw", nil},
	"xai":      {"Authorization", [2]string{"/v1/chat/completions", "/v1/chat/completions"}, 404, true, wire.Requests, "", nil},
	"deepseek": {"Authorization", [2]string{"/chat/completions", "/chat/completions"}, 400, true, wire.Concurrency, "",
		[]provider.Limit{{Counts: provider.Requests, Most: 3}}},
	"together": {"Authorization", [2]string{"/v1/chat/completions", "/v1/chat/completions"}, 404, true, wire.Ramp, "rtb", nil},
}

// deploymentOf returns a deployment of a vendor that admits three requests and then refuses.
func deploymentOf(t *testing.T, vendor string) mock.Deployment {
	c := provider.Config{Name: "main", Vendor: vendor, Model: "model", RPM: 3, Limits: perVendor[vendor].limits,
		Latency: provider.Latency{TTFT: rng.NewConstant(0.5), PerToken: 10 * time.Millisecond}}
	if c.Limits != nil {
		c.RPM = 0
	} else {
		c.Limits = []provider.Limit{{Counts: provider.Tokens, Most: 100_000, Per: time.Minute}}
	}
	if !vendors.Apply(&c) {
		t.Fatalf("%s has no rules", vendor)
	}
	c.Window = provider.TokenBucket // or slices of 10 s would refuse none of three in a minute
	return mock.Deployment{Name: "main", Config: c}
}

// send sends a request for 200 tokens at most as a client of the vendor does.
func send(s http.Handler, d *wire.Dialect, key, model string, streamed bool) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, request(d, key, model, streamed))
	return w
}

func request(d *wire.Dialect, key, model string, streamed bool) *http.Request {
	r := httptest.NewRequest("POST", d.Path(model, streamed), strings.NewReader(string(d.Chat(model, "12345678", 200, streamed))))
	r.Header.Set("Content-Type", "application/json")
	d.Authorize(r.Header, key)
	return r
}

// One dialect and one set of rules are all that a vendor needs: its requests arrive, its
// answers, streams and errors are read, and a refusal tells what the simulator's does.
func TestVendorComplete(t *testing.T) {
	for i := range wire.Dialects {
		d := &wire.Dialects[i]
		want, ok := perVendor[d.Vendor]
		if !ok {
			t.Errorf("%s: nothing is known of it here", d.Vendor)
			continue
		}
		t.Run(d.Vendor, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := mock.New(mock.Config{Deployments: []mock.Deployment{deploymentOf(t, d.Vendor)}, Keys: map[string]string{"sk-right": "a", "sk-other": "b"}})
				if err != nil {
					t.Fatal(err)
				}
				for streamed, path := range want.paths {
					if r := request(d, "sk-right", "main", streamed == 1); r.URL.Path != path || !strings.Contains(r.Header.Get(want.key), "sk-right") {
						t.Errorf("a request to %s with %v, want %s and the key in %s", r.URL.Path, r.Header, path, want.key)
					}
				}
				answers(t, s, d)
				refuses(t, d, want.refused, want.tells)
				errs(t, s, d, want.unserved)
				hangsUp(t, d, want.stops)
			})
		})
	}
	if len(perVendor) != len(wire.Dialects) {
		t.Errorf("%d vendors are known here, %d have a dialect", len(perVendor), len(wire.Dialects))
	}
}

// answers checks an answer in one piece and one that is streamed.
func answers(t *testing.T, s *mock.Server, d *wire.Dialect) {
	w := send(s, d, "sk-right", "main", false)
	var whole, streamed wire.Reply
	if wire.Parse(w.Code, w.Header(), w.Body.Bytes(), time.Now(), &whole); w.Code != 200 || whole.Prompt != 2 || whole.Output == 0 || whole.Output > 200 {
		t.Errorf("an answer: %d, read as %+v: %s", w.Code, whole, w.Body)
	}
	w = send(s, d, "sk-right", "main", true)
	wire.Parse(w.Code, w.Header(), wire.StreamUsage(w.Body.Bytes()), time.Now(), &streamed)
	if !wire.IsStream(w.Header()) || wire.EndingOf(w.Body.Bytes()) != wire.Complete || streamed.Prompt != 2 || streamed.Output == 0 {
		t.Errorf("a stream: %d %v, ends %v, read as %+v: %s", w.Code, w.Header(), wire.EndingOf(w.Body.Bytes()), streamed, w.Body)
	}
}

// refuses sends four requests at once, and compares what the last is told with what the
// simulator's model tells of them.
func refuses(t *testing.T, d *wire.Dialect, limit wire.Limit, tells string) {
	deployment := deploymentOf(t, d.Vendor)
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // a simulation begins at a whole second
	m := provider.New(&deployment.Config, rng.New(0, 0), nil)
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{deployment}})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan *httptest.ResponseRecorder, 4)
	for range 3 {
		go func() { got <- send(s, d, "sk-right", "main", false) }()
		synctest.Wait()
		m.Arrive(0, &wire.Attempt{Guess: 2, Prompt: 2, MaxTokens: 200, Output: 200}, &wire.Reply{})
	}
	last := send(s, d, "sk-right", "main", false)
	var told, want wire.Reply
	wire.Parse(last.Code, last.Header(), last.Body.Bytes(), time.Now(), &told)
	m.Arrive(0, &wire.Attempt{Guess: 2, Prompt: 2, MaxTokens: 200, Output: 200}, &want)
	if want.Limit != limit || want.Status != 429 {
		t.Errorf("refused with %d by %v, want 429 by %v", want.Status, want.Limit, limit)
	}
	if got := toldBy(&told); got != tells {
		t.Errorf("a refusal tells %q, want %q: %v", got, tells, last.Header())
	}
	if m.Tell(&want); want.Limit == wire.NoLimit { // but that none is left shows it
		want.Limit = limit
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("a refusal (-simulated +mock):\n%s%v\n%s", diff, last.Header(), last.Body)
	}
	for range 3 {
		if w := <-got; w.Code != 200 {
			t.Errorf("one of three: %d %s", w.Code, w.Body)
		}
	}
}

// toldBy says what a client reads of a refusal, as perVendor has it.
func toldBy(r *wire.Reply) (all string) {
	for _, is := range []struct {
		letter string
		told   bool
	}{
		{"r", r.Requests.Remaining >= 0}, {"t", r.Tokens.Remaining >= 0}, {"s", r.Requests.Reset >= 0 && r.Tokens.Reset >= 0},
		{"w", r.RetryAfter >= 0 && !r.InBody}, {"b", r.InBody},
	} {
		if is.told {
			all += is.letter
		}
	}
	return all
}

// errs checks the errors that no limit is the cause of.
func errs(t *testing.T, s *mock.Server, d *wire.Dialect, unserved int) {
	says := func(what string, w *httptest.ResponseRecorder, status int, words string) {
		if w.Code != status || !json.Valid(w.Body.Bytes()) || !strings.Contains(w.Body.String(), words) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %d and %q", what, w.Code, w.Body, status, words)
		}
	}
	says("an unknown model", send(s, d, "sk-other", "no-such", false), unserved, "ratesim serves main here")
	says("a wrong key", send(s, d, "sk-wrong", "main", false), 401, "")
	if err := s.SetFaults([][]provider.Fault{{{Kind: provider.Errors, Status: 500, Rate: 1, Until: clock.Never}}}); err != nil {
		t.Fatal(err)
	}
	says("a failure", send(s, d, "sk-other", "main", false), 500, "Internal Server Error")
	if err := s.SetFaults([][]provider.Fault{{{Kind: provider.Unpaid, Until: clock.Never}}}); err != nil {
		t.Fatal(err)
	}
	var r wire.Reply
	w := send(s, d, "sk-other", "main", false)
	if wire.Parse(w.Code, w.Header(), w.Body.Bytes(), time.Now(), &r); d.Vendor != "bedrock" && r.Limit != wire.Billing { // which says nothing of it
		t.Errorf("not paid: %d by %v: %s", w.Code, r.Limit, w.Body)
	}
}

// hangsUp leaves a stream of 200 tokens, of which one comes every 10 ms after half a second,
// when half have come.
func hangsUp(t *testing.T, d *wire.Dialect, stops bool) {
	s, err := mock.New(mock.Config{Deployments: []mock.Deployment{deploymentOf(t, d.Vendor)}, Answers: []script.Answer{{Text: strings.Repeat("abcd", 200)}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go s.ServeHTTP(httptest.NewRecorder(), request(d, "sk", "main", true).WithContext(ctx))
	time.Sleep(1500 * time.Millisecond)
	cancel()
	time.Sleep(time.Minute)
	billed := s.State().Accounts[0].Deployments[0].Billed[2]
	if low, high := int64(95), int64(105); stops && (billed < low || billed > high) || !stops && billed != 200 {
		t.Errorf("%d tokens billed to a client that left a stream of 200 after 100; the vendor stops then: %v", billed, stops)
	}
}

// A client of DeepSeek that waits for its first token gets a comment every second, or an
// empty line where the answer comes whole. Neither disturbs who reads it, and nobody else
// gets any.
func TestSignsOfLife(t *testing.T) {
	for _, c := range []struct {
		vendor   string
		streamed bool
		begin    string
	}{
		{"deepseek", true, ": keep-alive\n\n: keep-alive\n\n: keep-alive\n\ndata: {"},
		{"deepseek", false, "\n\n\n{"},
		{"openai", true, "data: {"},
		{"openai", false, "{"},
	} {
		synctest.Test(t, func(t *testing.T) {
			deployment := deploymentOf(t, c.vendor)
			deployment.Config.Latency = provider.Latency{TTFT: rng.NewConstant(3.5)}
			s, err := mock.New(mock.Config{Deployments: []mock.Deployment{deployment}})
			if err != nil {
				t.Fatal(err)
			}
			d, _ := wire.DialectOf(c.vendor)
			w := send(s, d, "sk", "main", c.streamed)
			var r wire.Reply
			body := w.Body.Bytes()
			if c.streamed {
				body = wire.StreamUsage(body)
			}
			if wire.Parse(w.Code, w.Header(), body, time.Now(), &r); !strings.HasPrefix(w.Body.String(), c.begin) || r.Output == 0 || c.streamed && wire.EndingOf(w.Body.Bytes()) != wire.Complete {
				t.Errorf("%s, streamed %v: read as %+v: %q", c.vendor, c.streamed, r, w.Body)
			}
			if length := w.Header().Get("Content-Length"); length != "" && c.vendor == "deepseek" {
				t.Errorf("it has begun, and says that it has %s bytes", length)
			}
			// Who is refused or fails is told so at once, with a status.
			if err := s.SetFaults([][]provider.Fault{{{Kind: provider.Errors, Status: 500, Rate: 1, Until: clock.Never}}}); err != nil {
				t.Fatal(err)
			}
			if w := send(s, d, "sk", "main", c.streamed); w.Code != 500 {
				t.Errorf("%s, streamed %v: a failure is %d %q", c.vendor, c.streamed, w.Code, w.Body)
			}
		})
	}
}
