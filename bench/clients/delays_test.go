// Package clients holds tests of vendors' own SDKs: how long they wait before they
// try again, and how they get on with the mock provider. It is a module of its own
// so that nobody who uses ratesim has to fetch them.
package clients

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

var update = flag.Bool("update", false, "write what was seen to delays/")

// refusal is one way to refuse every attempt. See cases.json.
type refusal struct {
	Name    string
	Status  int
	Headers map[string]string
	Code    string
}

// recording is what an SDK did, by the case's name. Streams has the cases of cases.json in
// which a streamed call waits otherwise, and the streams of events.json, which begin and fail.
type recording struct {
	SDK     string          `json:"sdk"`
	Version string          `json:"version"`
	Cases   map[string]seen `json:"cases"`
	Streams map[string]seen `json:"streams"`
}

// seen is what an SDK did in all runs of one case: the least and the most that it
// waited before each retry, in seconds.
type seen struct {
	Attempts int          `json:"attempts"`
	Waits    [][2]float64 `json:"waits"`
}

// runs of every case: of so many draws, the least and the most are within 2 % of
// the range's ends with a probability of 98 %. A few show whether a wait is random, and
// whether the waits of a stream are in the range of the other answers.
const runs, few = 400, 40

// refuse is a transport that refuses every attempt, or lets its stream fail, and notes when
// they came.
type refuse struct {
	refusal
	events []json.RawMessage // of a stream; the last is an error
	at     []time.Time
}

func (t *refuse) RoundTrip(r *http.Request) (*http.Response, error) {
	now := time.Now()
	t.at = append(t.at, now)
	h := http.Header{"Content-Type": {"application/json"}}
	body := fmt.Sprintf(`{"type":"error","error":{"type":"refused","message":"refused","code":%q}}`, t.Code)
	if t.events != nil {
		h.Set("Content-Type", "text/event-stream")
		body = sse(t.events)
	}
	for name, value := range t.Headers {
		if after, ok := strings.CutPrefix(value, "DATE+"); ok {
			seconds, err := strconv.Atoi(after)
			if err != nil {
				return nil, err
			}
			value = now.Add(time.Duration(seconds) * time.Second).UTC().Format(http.TimeFormat)
		}
		h.Set(name, value)
	}
	return &http.Response{StatusCode: t.Status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// sse returns the text of a stream. The events of Anthropic have names.
func sse(events []json.RawMessage) string {
	var b strings.Builder
	for _, data := range events {
		var e struct{ Type string }
		if err := json.Unmarshal(data, &e); err == nil && e.Type != "" {
			b.WriteString("event: " + e.Type + "\n")
		}
		fmt.Fprintf(&b, "data: %s\n\n", data)
	}
	return b.String()
}

// refusals returns the cases.
func refusals(t *testing.T) (cases []refusal) {
	data, err := os.ReadFile("cases.json")
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// streams returns the streams of events.json of a vendor.
func streams(t *testing.T, vendor string) map[string][]json.RawMessage {
	var all map[string]map[string][]json.RawMessage
	data, err := os.ReadFile("events.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil || len(all[vendor]) == 0 {
		t.Fatalf("events.json: %v, %d streams of %s", err, len(all[vendor]), vendor)
	}
	return all[vendor]
}

// asked makes a call with c and returns its error.
type asked func(ctx context.Context, c *http.Client, stream bool) error

// observe lets ask fail in one way, n times over if its waits are random, in fake time.
func observe(t *testing.T, ask asked, fail refuse, stream bool, n int) (s seen) {
	for i := range n {
		if i == few && s.exact() {
			break
		}
		synctest.Test(t, func(t *testing.T) {
			transport := fail
			if err := ask(t.Context(), &http.Client{Transport: &transport}, stream); err == nil {
				t.Errorf("%s: no error", fail.Name)
			}
			s.add(t, transport.at)
		})
	}
	return s
}

// record lets ask fail in every way.
func record(t *testing.T, r recording, vendor string, ask asked) recording {
	r.Cases, r.Streams = map[string]seen{}, map[string]seen{}
	for _, c := range refusals(t) {
		r.Cases[c.Name] = observe(t, ask, refuse{refusal: c}, false, runs)
		if s := observe(t, ask, refuse{refusal: c}, true, few); !s.within(r.Cases[c.Name]) {
			r.Streams[c.Name] = observe(t, ask, refuse{refusal: c}, true, runs)
		}
	}
	for name, events := range streams(t, vendor) {
		fails := refuse{refusal: refusal{Name: name, Status: http.StatusOK}, events: events}
		r.Streams[name] = observe(t, ask, fails, true, runs)
	}
	return r
}

// near is how exactly waits are held against each other.
func near(a, b float64) bool { return math.Abs(a-b) <= 0.02*max(a, b) }

// within reports whether the waits of s are among those of all.
func (s *seen) within(all seen) bool {
	if s.Attempts != all.Attempts {
		return false
	}
	for i, w := range s.Waits {
		least, most := all.Waits[i][0], all.Waits[i][1]
		if w[0] < least && !near(w[0], least) || w[1] > most && !near(w[1], most) {
			return false
		}
	}
	return true
}

// exact reports whether no wait is random.
func (s *seen) exact() bool {
	return !slices.ContainsFunc(s.Waits, func(w [2]float64) bool { return w[0] != w[1] })
}

func (s *seen) add(t *testing.T, at []time.Time) {
	if s.Attempts == 0 {
		s.Attempts = len(at)
		s.Waits = make([][2]float64, len(at)-1)
		for i := range s.Waits {
			s.Waits[i][0] = math.Inf(1)
		}
	}
	if len(at) != s.Attempts {
		t.Fatalf("%d attempts, and %d before", len(at), s.Attempts)
	}
	for i := range s.Waits {
		wait := at[i+1].Sub(at[i]).Seconds()
		s.Waits[i][0], s.Waits[i][1] = min(s.Waits[i][0], wait), max(s.Waits[i][1], wait)
	}
}

// versionOf returns the version of a module that is tested.
func versionOf(t *testing.T, path string) string {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", path).Output()
	if err != nil {
		t.Fatalf("go list -m %s: %v", path, err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}

// hold compares what was seen with what was recorded.
func hold(t *testing.T, got recording) {
	file := "delays/" + got.SDK + ".json"
	if *update {
		data, err := json.MarshalIndent(got, "", " ")
		if err == nil {
			err = os.WriteFile(file, append(data, '\n'), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want recording
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(near)); diff != "" {
		t.Errorf("%s (-recorded +seen):\n%s", file, diff)
	}
}

func TestOpenAIDelays(t *testing.T) {
	r := recording{SDK: "openai-go", Version: versionOf(t, "github.com/openai/openai-go/v3")}
	hold(t, record(t, r, "openai", func(ctx context.Context, c *http.Client, stream bool) error {
		client := openai.NewClient(option.WithHTTPClient(c), option.WithAPIKey("sk-test"))
		params := openai.ChatCompletionNewParams{Model: "gpt-4o", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")}}
		if !stream {
			_, err := client.Chat.Completions.New(ctx, params)
			return err
		}
		s := client.Chat.Completions.NewStreaming(ctx, params)
		for s.Next() {
		}
		return s.Err()
	}))
}

func TestAnthropicDelays(t *testing.T) {
	r := recording{SDK: "anthropic-sdk-go", Version: versionOf(t, "github.com/anthropics/anthropic-sdk-go")}
	hold(t, record(t, r, "anthropic", func(ctx context.Context, c *http.Client, stream bool) error {
		client := anthropic.NewClient(anthropicoption.WithHTTPClient(c), anthropicoption.WithAPIKey("sk-test"))
		params := anthropic.MessageNewParams{Model: "claude", MaxTokens: 10,
			Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))}}
		if !stream {
			_, err := client.Messages.New(ctx, params)
			return err
		}
		s := client.Messages.NewStreaming(ctx, params)
		for s.Next() {
		}
		return s.Err()
	}))
}
