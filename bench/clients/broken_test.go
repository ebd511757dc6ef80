package clients

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"

	"ratesim/provider"
	"ratesim/provider/mock"
	"ratesim/scenarios"
	"ratesim/sim"
)

// What an SDK makes of a connection that breaks.
type broke struct {
	Attempts int    `json:"attempts"`
	End      string `json:"end"`
}

// How calls end. A stream that is cut is one that ends without an error, as if the model had
// said no more; an error event is the last of a stream that has begun.
const (
	fine       = "answer"
	timedOut   = "timeout"
	connection = "connection"
	unreadable = "unreadable"
	status     = "status"
	errorEvent = "event"
	cut        = "cut"
	hangs      = "hangs"
)

// brokenRecording is what an SDK did, by the deployments of broken.yaml.
type brokenRecording struct {
	SDK     string           `json:"sdk"`
	Version string           `json:"version"`
	Answers map[string]broke `json:"answers"`
	Streams map[string]broke `json:"streams"`
}

// An SDK is asked to wait for patience, and counts as hanging when it does not end within
// endless: three attempts with the waits between them take up to 7.5 s.
const (
	patience = 2 * time.Second
	endless  = 12 * time.Second
	bound    = 50 // tokens of an answer
)

// brokenFaults returns the deployments of broken.yaml and the faults of each.
func brokenFaults(t *testing.T) (names []string, faults [][]provider.Fault) {
	data, err := os.ReadFile("broken.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var known []provider.Config
	for _, m := range regexp.MustCompile(`deployment: ([a-z0-9-]+)`).FindAllStringSubmatch(string(data), -1) {
		names, known = append(names, m[1]), append(known, provider.Config{Name: m[1]})
	}
	if faults, err = scenarios.ParseFaults("broken.yaml", data, known); err != nil {
		t.Fatal(err)
	}
	return names, faults
}

// breakAll asks each deployment of broken.yaml for an answer and for a stream, all at once.
func breakAll(t *testing.T, vendor string, ask func(ctx context.Context, url, model, key string, stream bool) error) (answers, streams map[string]broke) {
	names, faults := brokenFaults(t)
	var c mock.Config
	for i, name := range names {
		c.Deployments = append(c.Deployments, mock.Deployment{Name: name, Config: provider.Config{Vendor: vendor, Model: name, RPM: 1000, Faults: faults[i]}})
	}
	s, err := mock.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.CloseClientConnections()
	answers, streams = map[string]broke{}, map[string]broke{}
	var callers sync.WaitGroup
	var mu sync.Mutex
	for i, name := range names {
		for _, stream := range []bool{false, true} {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), endless)
				defer cancel()
				key, into := fmt.Sprintf("a-%d", i), answers
				if stream {
					key, into = fmt.Sprintf("s-%d", i), streams
				}
				err := ask(ctx, server.URL, name, key, stream)
				end := endOf(err)
				t.Logf("%s %v: %v", name, stream, err)
				if ctx.Err() != nil {
					end = hangs
				}
				mu.Lock()
				defer mu.Unlock()
				for _, a := range s.State().Accounts {
					if a.Account == key {
						into[name] = broke{int(a.Deployments[i].Attempts), end}
					}
				}
			})
		}
	}
	callers.Wait()
	return answers, streams
}

var errCut = errors.New("the stream ended without a reason")

// endOf sorts the errors of the SDKs for Go.
func endOf(err error) string {
	switch {
	case err == nil:
		return fine
	case errors.Is(err, errCut):
		return cut
	case errors.Is(err, context.DeadlineExceeded):
		return timedOut
	case strings.Contains(err.Error(), "parsing response json"):
		return unreadable
	case errors.As(err, new(*ssestream.StreamError)):
		return errorEvent
	}
	code := 0
	if e, ok := errors.AsType[*openai.Error](err); ok {
		code = e.StatusCode
	} else if e, ok := errors.AsType[*anthropic.Error](err); ok {
		code = e.StatusCode // of an error event, that of its answer
	}
	switch {
	case code >= 400:
		return status
	case code > 0:
		return errorEvent
	}
	return connection
}

func TestOpenAIBroken(t *testing.T) {
	answers, streams := breakAll(t, "openai", func(ctx context.Context, url, model, key string, stream bool) error {
		client := openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey(key), option.WithRequestTimeout(patience))
		params := ask(model)
		params.MaxCompletionTokens = openai.Int(bound)
		if !stream {
			_, err := client.Chat.Completions.New(ctx, params)
			return err
		}
		s := client.Chat.Completions.NewStreaming(ctx, params)
		err := errCut
		for s.Next() {
			if choices := s.Current().Choices; len(choices) > 0 && choices[0].FinishReason != "" {
				err = nil
			}
		}
		return cmp.Or(s.Err(), err)
	})
	holdBroken(t, brokenRecording{"openai-go", versionOf(t, "github.com/openai/openai-go/v3"), answers, streams})
}

func TestAnthropicBroken(t *testing.T) {
	answers, streams := breakAll(t, "anthropic", func(ctx context.Context, url, model, key string, stream bool) error {
		client := anthropic.NewClient(anthropicoption.WithBaseURL(url), anthropicoption.WithAPIKey(key), anthropicoption.WithRequestTimeout(patience))
		params := anthropic.MessageNewParams{Model: anthropic.Model(model), MaxTokens: bound,
			Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))}}
		if !stream {
			_, err := client.Messages.New(ctx, params, anthropicoption.WithRequestTimeout(patience))
			return err
		}
		s := client.Messages.NewStreaming(ctx, params)
		err := errCut
		for s.Next() {
			if s.Current().Type == "message_stop" {
				err = nil
			}
		}
		return cmp.Or(s.Err(), err)
	})
	holdBroken(t, brokenRecording{"anthropic-sdk-go", versionOf(t, "github.com/anthropics/anthropic-sdk-go"), answers, streams})
}

func readBroken(t *testing.T, sdk string) (r brokenRecording) {
	data, err := os.ReadFile("broken/" + sdk + ".json")
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// holdBroken compares what was seen with what was recorded.
func holdBroken(t *testing.T, got brokenRecording) {
	if *update {
		data, err := json.MarshalIndent(got, "", " ")
		if err == nil {
			err = os.WriteFile("broken/"+got.SDK+".json", append(data, '\n'), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(readBroken(t, got.SDK), got); diff != "" {
		t.Errorf("%s (-recorded +seen):\n%s", got.SDK, diff)
	}
}

// presetOf is the preset of each SDK that was recorded.
var presetOf = []struct{ sdk, title, preset string }{
	{"openai-go", "openai-go", "sdk:openai-go@3.96"},
	{"anthropic-sdk-go", "anthropic-sdk-go", "sdk:anthropic-go@1.84"},
	{"openai", "openai (Node.js)", "sdk:openai-node@7.57"},
	{"anthropic-ai-sdk", "@anthropic-ai/sdk", "sdk:anthropic-typescript@1.13"},
	{"ai", "ai (Vercel)", "sdk:vercel-ai@7"},
}

// differs are the cases in which a preset does otherwise than the SDK that it stands for, and
// why.
var differs = map[string]string{
	"anthropic-ai-sdk no-body":     bodyUnbounded,
	"anthropic-ai-sdk half-a-body": bodyUnbounded,
	"anthropic-ai-sdk no-end":      bodyUnbounded,
	"anthropic-ai-sdk drips":       bodyUnbounded,
	"ai no-answer":                 unbounded,
	"ai no-body":                   unbounded,
	"ai half-a-body":               unbounded,
	"ai no-end":                    unbounded,
	"ai drips":                     unbounded,

	"ai no-answer, streamed":                            unbounded,
	"ai closed-after-100-bytes, streamed":               "the SDK retries until the first text, a preset until the headers",
	"openai-go drips, streamed":                         wholeBounded,
	"anthropic-sdk-go drips, streamed":                  wholeBounded,
	"anthropic-sdk-go shorter-than-announced, streamed": readsOn,
	"anthropic-ai-sdk shorter-than-announced, streamed": readsOn,
	"ai shorter-than-announced, streamed":               readsOn,
}

const (
	bodyUnbounded = "the SDK's timeout ends with the headers, fleet.timeout with the answer"
	unbounded     = "the SDK has no timeout unless it is told to"
	wholeBounded  = "the SDK's timeout ends with the stream, fleet.timeout with its first token"
	readsOn       = "the SDK reads on after the last event, and fails because the connection then breaks"
)

// In the simulator, the preset of an SDK makes as many attempts as the SDK, and its call
// succeeds where that of the SDK does, streamed or not.
func TestBrokenPresets(t *testing.T) {
	data, err := os.ReadFile("broken.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range presetOf {
		recorded := readBroken(t, p.sdk)
		for streamed, cases := range map[string]map[string]broke{"false": recorded.Answers, "true": recorded.Streams} {
			for name, want := range cases {
				fault := regexp.MustCompile(`(?m)^- \{deployment: ` + name + `, (.*)\}$`).FindStringSubmatch(string(data))
				spec, err := scenarios.Parse("broken", []byte(fmt.Sprintf(`{name: x, duration: 1m, drain: 30m, fleet: {timeout: 2s},
workload: [{arrivals: {process: spike, at: 0s, calls: 1}, prompt_tokens: 10, output_tokens: 50, stream: %s}],
deployments: [{name: main, provider: openai/gpt-4o@tier-1, latency: {ttft: 0s, per_token: 0s}}],
faults: [{%s}], strategies: [%q]}`, streamed, fault[1], p.preset)), scenarios.Options{})
				if err != nil {
					t.Fatal(err)
				}
				run, err := sim.Run(t.Context(), sim.Plan{Scenario: spec, Strategy: &spec.Strategies[0], Seed: 1})
				if err != nil {
					t.Fatal(err)
				}
				known := p.sdk + " " + name
				if streamed == "true" {
					known += ", streamed"
				}
				same := int(run.Attempts) == want.Attempts && (run.Succeeded == 1) == (want.End == fine)
				if why := differs[known]; same == (why != "") {
					t.Errorf("%s, %s: simulated %d attempts, %d succeeded; the SDK: %+v; known to differ: %q", p.preset, known, run.Attempts, run.Succeeded, want, why)
				}
			}
		}
	}
}

// brokenTable is the table of bench/README.md.
func brokenTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| what happens to the connection |")
	for _, p := range presetOf {
		b.WriteString(" " + p.title + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(presetOf)) + "\n")
	names, _ := brokenFaults(t)
	for _, name := range names {
		fmt.Fprintf(&b, "| `%s` |", name)
		for _, p := range presetOf {
			r := readBroken(t, p.sdk)
			a, s := inWords(r.Answers[name]), inWords(r.Streams[name])
			if s == a {
				s = "the same"
			}
			fmt.Fprintf(&b, " %s; stream: %s |", a, s)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func inWords(b broke) string {
	ends := map[string]string{fine: "answer", timedOut: "time-out", connection: "connection error", unreadable: "cannot be read", status: "error status", errorEvent: "error event", cut: "**ends as if complete**", hangs: "**hangs**"}
	return fmt.Sprintf("%s, %d×", ends[b.End], b.Attempts)
}

// The README shows what was recorded.
func TestBrokenTable(t *testing.T) {
	const begin, end = "<!-- table of broken connections -->\n", "<!-- end of table -->\n"
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("no place for the table")
	}
	want := before + begin + brokenTable(t) + end + after
	if *update {
		if err := os.WriteFile("../README.md", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("go test -update writes:\n%s", brokenTable(t))
	}
}
