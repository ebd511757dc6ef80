package scenarios

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/script"
	"ratesim/provider/wire"
)

const everyKey = `# all that a script can say
- replies: [429, 429, 200]
- name: two kinds
  match: {model: gpt-4o, path: /v1/chat/completions, key: sk-1, contains: "weather in"}
  calls: 3
  replies:
    - {status: 429, times: 2, limit: tokens, retry_after: 2s, message: "slow down"}
    - {status: 429, retry_after_date: 3s, headers: {x-should-retry: "false"}, delay: 10ms}
    - {status: 503, for: 5s, retry_after_ms: 250ms}
    - {status: 200, break_after: 3}
    - {status: 200, error_after: 1}
    - decide
`

func TestParseScripts(t *testing.T) {
	const s = time.Second
	got, err := ParseScripts("x.yaml", []byte(everyKey))
	if err != nil {
		t.Fatal(err)
	}
	want := []script.Script{
		{Where: "x.yaml:2:3", Replies: []script.Reply{{Status: 429}, {Status: 429}, {Status: 200}}},
		{Name: "two kinds", Where: "x.yaml:3:3", Matches: true, Calls: 3,
			Match: script.Match{Model: "gpt-4o", Path: "/v1/chat/completions", Key: "sk-1", Contains: "weather in"},
			Replies: []script.Reply{
				{Status: 429, Times: 2, Limit: wire.Tokens, Message: "slow down", Wait: script.Wait{Form: script.Seconds, For: 2 * s}},
				{Status: 429, Wait: script.Wait{Form: script.Date, For: 3 * s}, Headers: map[string]string{"X-Should-Retry": "false"}, Delay: 10 * time.Millisecond},
				{Status: 503, For: 5 * s, Wait: script.Wait{Form: script.Millis, For: s / 4}},
				{Status: 200, BreakAfter: 3},
				{Status: 200, ErrorAfter: 1},
				{},
			}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, err := ParseScripts("x", []byte("[]")); err != nil || len(got) > 0 {
		t.Errorf("none: %v, %v", got, err)
	}
}

func TestParseScriptsErrors(t *testing.T) {
	for _, tt := range []struct{ data, want string }{
		{"", "x: is empty; want a list of scripts; [] is none"},
		{"replies: [429]", "x:1:1: scripts: want a list of scripts, got a mapping"},
		{"- {reply: [429]}", "x:1:3: scripts[0].replies: is missing\nx:1:4: scripts[0].reply: unknown key; did you mean \"replies\"? allowed: name, match, calls, replies"},
		{"- replies: []", "x:1:12: scripts[0].replies: is empty; want at least one reply, such as 429"},
		{"- replies: [42]", "x:1:13: scripts[0].replies[0]: want the status 200, or one from 400 to 599, or decide, with which the deployment decides, got \"42\""},
		{"- replies: [{status: 429, retry-after: 2s}]", "x:1:27: scripts[0].replies[0].retry-after: unknown key; did you mean \"retry_after\"? allowed: status, times, for, limit, message, retry_after, retry_after_date, retry_after_ms, headers, delay, break_after, error_after"},
		{"- replies: [{status: 429, retry_after: 250ms}]", "x:1:40: scripts[0].replies[0].retry_after: Retry-After has whole seconds; want retry_after_ms for a wait of 250ms"},
		{"- replies: [{status: 429, retry_after: 1s, retry_after_ms: 1s}]", "x:1:60: scripts[0].replies[0].retry_after_ms: a reply has one of retry_after, retry_after_date and retry_after_ms"},
		{"- replies: [{status: 500, limit: tokens}]", "x:1:34: scripts[0].replies[0].limit: only a reply with status 429 names a limit"},
		{"- replies: [{status: 429, limit: token}]", "x:1:34: scripts[0].replies[0].limit: unknown limit \"token\"; did you mean \"tokens\"? allowed: requests, tokens, input, output, daily, billing, capacity"},
		{"- replies: [{status: 500, break_after: 3}]", "x:1:40: scripts[0].replies[0].break_after: only an answer with status 200 can break"},
		{"- replies: [{status: 200, break_after: 3, error_after: 1}]", "x:1:56: scripts[0].replies[0].error_after: an answer ends in one way: leave out break_after or error_after"},
		{"- replies: [{status: 503, for: 5s, times: 2}]", "x:1:32: scripts[0].replies[0].for: the other of times and for says how long the reply is given"},
		{"- replies: [{status: decide, retry_after: 1s}]", "x:1:43: scripts[0].replies[0].retry_after: the deployment decides about this reply; give a status to set headers"},
		{"- replies: [{status: 429, headers: {\"a b\": c}}]", "x:1:37: scripts[0].replies[0].headers.\"a b\": is no name of a header"},
		{"- replies: [{status: 429, headers: {content-length: 3}}]", "x:1:37: scripts[0].replies[0].headers.content-length: is set by the server, which knows the length of its answer"},
		{"- {name: a, replies: [429]}\n- {name: a, replies: [429]}", "x:2:10: scripts[1].name: is the name of scripts[0] already"},
		{"- {name: \"é\", replies: [429]}", "x:1:10: scripts[0].name: want visible ASCII characters, as headers have, got \"é\""},
	} {
		if _, err := ParseScripts("x", []byte(tt.data)); err == nil || err.Error() != tt.want {
			t.Errorf("%s:\n%v; want\n%s", tt.data, err, tt.want)
		}
	}
}

// FuzzParseScripts: what is taken can be played; what is not is told with Errors.
func FuzzParseScripts(f *testing.F) {
	f.Add([]byte(everyKey))
	f.Add([]byte("- replies: [{status: 503, for: 5s}, 200]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseScripts("x", data)
		var es Errors
		if err != nil && !errors.As(err, &es) {
			t.Fatalf("%T", err)
		}
		p := script.NewPlayer(list)
		for range 3 {
			turn, err := p.Begin(time.Unix(0, 0), &script.Attempt{Key: "sk"})
			if err != nil {
				t.Fatal(err)
			}
			if turn != nil {
				turn.End(turn.Reply.Status == 200)
			}
		}
	})
}
