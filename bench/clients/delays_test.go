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

// recording is what an SDK did, by the case's name.
type recording struct {
	SDK     string          `json:"sdk"`
	Version string          `json:"version"`
	Cases   map[string]seen `json:"cases"`
}

// seen is what an SDK did in all runs of one case: the least and the most that it
// waited before each retry, in seconds.
type seen struct {
	Attempts int          `json:"attempts"`
	Waits    [][2]float64 `json:"waits"`
}

// runs of every case: of so many draws, the least and the most are within 2 % of
// the range's ends with a probability of 98 %.
const runs = 400

// refuse is a transport that refuses every attempt, and notes when they came.
type refuse struct {
	refusal
	at []time.Time
}

func (t *refuse) RoundTrip(r *http.Request) (*http.Response, error) {
	now := time.Now()
	t.at = append(t.at, now)
	h := http.Header{"Content-Type": {"application/json"}}
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
	body := fmt.Sprintf(`{"type":"error","error":{"type":"refused","message":"refused","code":%q}}`, t.Code)
	return &http.Response{StatusCode: t.Status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
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

// record lets ask be refused in every way, in fake time.
func record(t *testing.T, ask func(ctx context.Context, c *http.Client) error) map[string]seen {
	found := map[string]seen{}
	for _, c := range refusals(t) {
		var s seen
		for range runs {
			synctest.Test(t, func(t *testing.T) {
				transport := refuse{refusal: c}
				if err := ask(t.Context(), &http.Client{Transport: &transport}); err == nil {
					t.Errorf("%s: no error", c.Name)
				}
				s.add(t, transport.at)
			})
		}
		found[c.Name] = s
	}
	return found
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
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 0.02*max(a, b) })
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Errorf("%s (-recorded +seen):\n%s", file, diff)
	}
}

func TestOpenAIDelays(t *testing.T) {
	hold(t, recording{"openai-go", versionOf(t, "github.com/openai/openai-go/v3"), record(t, func(ctx context.Context, c *http.Client) error {
		client := openai.NewClient(option.WithHTTPClient(c), option.WithAPIKey("sk-test"))
		_, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: "gpt-4o",
			Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")}})
		return err
	})})
}

func TestAnthropicDelays(t *testing.T) {
	hold(t, recording{"anthropic-sdk-go", versionOf(t, "github.com/anthropics/anthropic-sdk-go"), record(t, func(ctx context.Context, c *http.Client) error {
		client := anthropic.NewClient(anthropicoption.WithHTTPClient(c), anthropicoption.WithAPIKey("sk-test"))
		_, err := client.Messages.New(ctx, anthropic.MessageNewParams{Model: "claude", MaxTokens: 10,
			Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))}})
		return err
	})})
}
