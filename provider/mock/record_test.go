package mock_test

import (
	"context"
	"maps"
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
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// record sends requests one after another and returns what is recorded of them.
func record(t *testing.T, c mock.Config, send func(s *mock.Server)) []mock.Record {
	var got []mock.Record
	c.Record = func(r mock.Record) { got = append(got, r) }
	s, err := mock.New(c)
	if err != nil {
		t.Fatal(err)
	}
	send(s)
	return got
}

// of is a deployment called main with these limits and faults, which answers after a
// second.
func of(c provider.Config) []mock.Deployment {
	c.Vendor, c.Model = "openai", "gpt-4o"
	c.Latency = provider.Latency{TTFT: rng.NewConstant(1), Refusal: 10 * time.Millisecond}
	return []mock.Deployment{{Name: "main", Config: c}}
}

// recordCase is requests with these bodies and headers, and what is recorded of the last.
type recordCase struct {
	deployments []mock.Deployment
	scripts     []script.Script
	bodies      []string
	headers     []string
	want        mock.Record
}

// reserved is how most vendors charge.
var reserved = provider.Charge{Reserve: provider.ReserveMaxTokens, Settle: true}

// toMain is a request whose prompt of 8 characters is taken for 2 tokens and counted as 5.
// At most 3 tokens of output are reserved and produced.
var toMain = strings.Replace(chatBody, "gpt-4o", "main", 1)

func with(r mock.Record, change func(*mock.Record)) mock.Record {
	change(&r)
	return r
}

// admitted and refused are what is recorded of toMain.
var (
	admitted = mock.Record{Took: time.Second, Key: "sk-test", Account: "sk-test", Deployment: "main", Method: "POST", Path: "/v1/chat/completions", Model: "main",
		Status: 200, Wait: wire.Absent, Why: mock.Admitted, End: mock.Complete, Requests: 1, Estimated: 5, Tokens: 8, Prompt: 5, Output: 3}
	refused = mock.Record{Took: 10 * time.Millisecond, Key: "sk-test", Account: "sk-test", Deployment: "main", Method: "POST", Path: "/v1/chat/completions", Model: "main",
		Status: 429, Wait: wire.Absent, Why: mock.ByLimit, End: mock.Complete}
)

// recordLimits are requests that limits decide about.
func recordLimits() map[string]recordCase {
	// Where synctest begins.
	facts := wire.Facts{Start: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), Attempt: wire.Attempt{Prompt: 6, Guess: 4, MaxTokens: 10, Output: 5}}
	return map[string]recordCase{
		"admitted": {of(provider.Config{RPM: 1, TPM: 100, Charge: reserved}), nil, []string{toMain}, nil, admitted},
		"by requests": {of(provider.Config{RPM: 1, TPM: 100, Charge: reserved}), nil, []string{toMain, toMain}, nil,
			with(refused, func(r *mock.Record) { r.Limit, r.Wait = wire.Requests, 59*time.Second })},
		"a refusal that counts": {of(provider.Config{RPM: 1, TPM: 100, Charge: provider.Charge{Rejected: true}}), nil, []string{toMain, toMain}, nil,
			with(refused, func(r *mock.Record) { r.Limit, r.Wait, r.Requests = wire.Requests, time.Minute, 1 })},
		"by tokens": {of(provider.Config{TPM: 9, Charge: reserved}), nil, []string{toMain, toMain}, nil,
			with(refused, func(r *mock.Record) { r.Limit, r.Wait = wire.Tokens, 59*time.Second })},
		"too large": {of(provider.Config{TPM: 4, Charge: reserved}), nil, []string{toMain}, nil,
			with(refused, func(r *mock.Record) { r.Limit = wire.Oversize })},
		"no limit on tokens": {of(provider.Config{RPM: 1}), nil, []string{toMain}, nil,
			with(admitted, func(r *mock.Record) { r.Estimated, r.Tokens = 0, 0 })},
		"without settlement": {of(provider.Config{TPM: 100}), nil, []string{toMain}, nil, with(admitted, func(r *mock.Record) { r.Tokens = 5 })},
		"a load generator": {of(provider.Config{TPM: 100, Charge: reserved}), nil, []string{toMain}, []string{wire.FactsHeader + ": " + facts.String()},
			with(admitted, func(r *mock.Record) { r.Estimated, r.Tokens, r.Prompt, r.Output = 14, 11, 6, 5 })},
	}
}

// recordOthers are requests that something else decides about.
func recordOthers() map[string]recordCase {
	always := func(f provider.Fault) []provider.Fault {
		f.Rate, f.Until = 1, clock.Never
		return []provider.Fault{f}
	}
	turnedAway := with(refused, func(r *mock.Record) { r.Took, r.Deployment, r.Why = 0, "", mock.BadQuery })
	return map[string]recordCase{
		"a fault": {of(provider.Config{TPM: 100, Charge: reserved, Faults: always(provider.Fault{Kind: provider.Errors, Status: 500})}), nil, []string{toMain}, nil,
			with(admitted, func(r *mock.Record) { r.Status, r.Why, r.Tokens, r.Prompt, r.Output = 500, mock.ByFault, 5, 0, 0 })},
		"a fault that refuses": {of(provider.Config{TPM: 100, Charge: reserved, Faults: always(provider.Fault{Kind: provider.Errors, Status: 429})}), nil, []string{toMain}, nil,
			with(refused, func(r *mock.Record) { r.Why, r.Limit = mock.ByFault, wire.Requests })},
		"nobody pays": {of(provider.Config{TPM: 100, Charge: reserved, Faults: always(provider.Fault{Kind: provider.Unpaid})}), nil, []string{toMain}, nil,
			with(refused, func(r *mock.Record) { r.Why, r.Limit = mock.ByFault, wire.Billing })},
		"what fails is free": {of(provider.Config{TPM: 100, Charge: provider.Charge{FailedFree: true}, Faults: always(provider.Fault{Kind: provider.Errors, Status: 500})}), nil, []string{toMain}, nil,
			with(admitted, func(r *mock.Record) { r.Status, r.Why, r.Tokens, r.Prompt, r.Output = 500, mock.ByFault, 0, 0, 0 })},
		"a script": {of(provider.Config{TPM: 100, Charge: reserved}), []script.Script{{Name: "twice", Replies: []script.Reply{{Status: 429, Limit: wire.Tokens, Wait: script.Wait{Form: script.Seconds, For: 2 * time.Second}}}}}, []string{toMain},
			[]string{script.Header + ": twice"}, with(refused, func(r *mock.Record) {
				r.Took, r.Why, r.Limit, r.Wait, r.Script = 0, mock.ByScript, wire.Tokens, 2*time.Second, "twice"
			})},
		"a script without a name": {of(provider.Config{TPM: 4, Charge: reserved}), []script.Script{{Where: "a.yaml:1:3", Replies: []script.Reply{{Status: 200}}}}, []string{toMain}, nil,
			with(admitted, func(r *mock.Record) {
				r.Why, r.Script, r.Requests, r.Estimated, r.Tokens = mock.ByScript, "a.yaml:1:3", 0, 0, 0
			})},
		"a script that leaves it to the limits": {of(provider.Config{TPM: 100, Charge: reserved}), []script.Script{{Where: "a.yaml:1:3", Replies: []script.Reply{{}}}}, []string{toMain}, nil,
			with(admitted, func(r *mock.Record) { r.Script = "a.yaml:1:3" })},
		"no such model": {of(provider.Config{}), nil, []string{strings.Replace(chatBody, "gpt-4o", "gpt-9", 1)}, nil,
			with(turnedAway, func(r *mock.Record) { r.Model, r.Status = "gpt-9", 404 })},
		"no key": {of(provider.Config{}), nil, []string{toMain}, []string{"Authorization: none"},
			with(turnedAway, func(r *mock.Record) { r.Key, r.Account, r.Model, r.Status = "", "", "", 401 })},
		"no JSON": {of(provider.Config{}), nil, []string{"{"}, nil, with(turnedAway, func(r *mock.Record) { r.Model, r.Status = "", 400 })},
		"too many bytes": {of(provider.Config{}), nil, []string{strings.Repeat(" ", 2000)}, nil,
			with(turnedAway, func(r *mock.Record) { r.Model, r.Status = "", 413 })},
	}
}

// Each request is recorded with what decided about it and what it was charged.
func TestRecord(t *testing.T) {
	cases := recordOthers()
	maps.Copy(cases, recordLimits())
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				c := mock.Config{Deployments: tt.deployments, Scripts: tt.scripts, Count: func(_, text string) int { return 5 }, Bounds: mock.Bounds{Body: 1000}, TrustBench: true}
				got := record(t, c, func(s *mock.Server) {
					for _, body := range tt.bodies {
						ask(s, "POST", "/v1/chat/completions", body, tt.headers...)
					}
				})
				if len(got) != len(tt.bodies) || !got[0].At.Equal(begin) {
					t.Fatalf("%+v", got)
				}
				last := got[len(got)-1]
				last.At = time.Time{}
				if diff := cmp.Diff(tt.want, last); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// What asks for no model is recorded too: a list, a path that there is not, and one that
// is not looked for. Names that are too long are cut.
func TestRecordOther(t *testing.T) {
	long := strings.Repeat("x", 5000)
	got := record(t, mock.Config{Deployments: of(provider.Config{})}, func(s *mock.Server) {
		ask(s, "GET", "/v1/models", "")
		ask(s, "GET", "/v1/nothing", "")
		ask(s, "POST", "//v1/chat/completions", chatBody)
		ask(s, "POST", "/"+long, chatBody)
		ask(s, "POST", "/v1/chat/completions", `{"model":"`+long+`"}`)
	})
	type row struct {
		path, model string
		status      int
		why         mock.Cause
	}
	var rows []row
	for _, r := range got {
		if len(r.Path) > 2000 || len(r.Model) > 2000 {
			t.Errorf("%d characters of a path, %d of a model", len(r.Path), len(r.Model))
		}
		rows = append(rows, row{r.Path[:min(len(r.Path), 22)], r.Model[:min(len(r.Model), 2)], r.Status, r.Why})
	}
	want := []row{{"/v1/models", "", 200, mock.Unlimited}, {"/v1/nothing", "", 404, mock.BadQuery}, {"//v1/chat/completions", "", 307, mock.BadQuery},
		{"/" + long[:21], "", 404, mock.BadQuery}, {"/v1/chat/completions", "", 400, mock.BadQuery}}
	if diff := cmp.Diff(want, rows, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// An answer ends complete, broken by a fault or a script, or because its client has hung
// up. What was admitted is charged all the same.
func TestRecordEnd(t *testing.T) {
	broken := []script.Script{{Name: "broken", Replies: []script.Reply{{Status: 200, BreakAfter: 2}}}, {Name: "error", Replies: []script.Reply{{Status: 200, ErrorAfter: 2}}}}
	stream := strings.Replace(chatBody, "{", `{"stream":true,`, 1)
	reset := provider.Config{TPM: 1000, Faults: []provider.Fault{{Kind: provider.Reset, Rate: 1, Until: clock.Never}}}
	garbled := provider.Config{TPM: 1000, Faults: []provider.Fault{{Kind: provider.Garbled, How: provider.BadStatusLine, Rate: 1, Until: clock.Never}}}
	stopping := reserved
	stopping.StopsStreams = true
	for name, tt := range map[string]struct {
		config provider.Config
		body   string
		script string
		wait   time.Duration
		want   mock.End
		status int
		why    mock.Cause
		tokens int64 // that it is charged; 0 = some
	}{
		"complete":            {provider.Config{TPM: 1000}, stream, "", time.Minute, mock.Complete, 200, mock.Admitted, 0},
		"broken by a script":  {provider.Config{TPM: 1000}, stream, "broken", time.Minute, mock.Broken, 200, mock.ByScript, 0},
		"an error event":      {provider.Config{TPM: 1000}, stream, "error", time.Minute, mock.Broken, 200, mock.ByScript, 0},
		"broken by a fault":   {reset, chatBody, "", time.Minute, mock.Broken, 200, mock.ByFault, 0},
		"no HTTP":             {garbled, chatBody, "", time.Minute, mock.Broken, 0, mock.ByFault, 0},
		"the client hangs up": {provider.Config{TPM: 1000}, chatBody, "", 300 * time.Millisecond, mock.HungUp, 0, mock.Admitted, 0},
		"or reads no further": {provider.Config{TPM: 1000, Charge: reserved}, stream, "", 300 * time.Millisecond, mock.HungUp, 0, mock.Admitted, 2 + 3},
		"and the vendor stops, before the first token": {provider.Config{TPM: 1000, Charge: stopping}, stream, "", 300 * time.Millisecond, mock.HungUp, 0, mock.Admitted, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := make(chan mock.Record, 1)
			s, err := mock.New(mock.Config{Deployments: of(tt.config), Scripts: broken, Record: func(r mock.Record) { told <- r }})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(s)
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), tt.wait)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/chat/completions", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer sk-test")
			r.Header.Set(script.Header, tt.script)
			go func() {
				if w, err := http.DefaultClient.Do(r); err == nil {
					buffer := make([]byte, 1<<16)
					for err == nil {
						_, err = w.Body.Read(buffer)
					}
					w.Body.Close()
				}
			}()
			got := <-told
			if got.End != tt.want || got.Status != tt.status || got.Why != tt.why || got.Tokens == 0 || tt.tokens > 0 && got.Tokens != tt.tokens || got.Stream != (tt.body == stream) {
				t.Errorf("%+v, want %d tokens (0: some)", got, tt.tokens)
			}
		})
	}
}

// The operator sees what is left of each limit, of all accounts or of one.
func TestStateOfLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offer(t, mock.Config{Deployments: of(provider.Config{RPM: 5, TPM: 100, Charge: provider.Charge{Reserve: provider.ReserveMaxTokens}})})
		ask(s, "POST", "/v1/chat/completions", toMain, "Authorization: Bearer sk-of-more-than-12-characters")
		one, ok := s.Account("sk-of-more-than-12-characters")
		want := []mock.LimitState{{Counts: "requests", Per: 60, Most: 5, Left: 4}, {Counts: "tokens", Per: 60, Most: 100, Left: 95}}
		if diff := cmp.Diff(want, one.Deployments[0].Limits); !ok || one.Account != "sk-of-…ters" || diff != "" {
			t.Errorf("%s (-want +got):\n%s", one.Account, diff)
		}
		if diff := cmp.Diff([]mock.AccountState{one}, s.State().Accounts); diff != "" {
			t.Errorf("one account and all (-one +all):\n%s", diff)
		}
		if _, ok := s.Account("sk-other"); ok {
			t.Error("there is an account that nobody has used")
		}
	})
}
