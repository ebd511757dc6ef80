package workload

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// readUsage returns all rows of a log.
func readUsage(t testing.TB, name string, r io.Reader, o UsageOptions) (u *Usage, rows []Record, err error) {
	t.Helper()
	if u, err = OpenUsage(name, r, o); err != nil {
		return nil, nil, err
	}
	var rec Record
	for u.Next(&rec) {
		rows = append(rows, rec)
	}
	if u.Next(&rec) {
		t.Error("goes on after its end")
	}
	return u, rows, u.Err()
}

// minute is what was used from a minute on.
type minute struct{ Requests, Prompt, Cached, Output int64 }

// perMinute sums rows up; a bucket of more than a minute stays where it starts.
func perMinute(rows []Record) map[string]minute {
	sums := map[string]minute{}
	for _, r := range rows {
		at := r.Start.UTC().Truncate(time.Minute).Format("15:04")
		m := sums[at]
		sums[at] = minute{m.Requests + r.Requests, m.Prompt + r.Prompt, m.Cached + r.Cached, m.Output + r.Output}
	}
	return sums
}

// sample is a file that holds the same three requests as all others, as far as
// its format can say it.
type sample struct {
	file                     string
	format                   string
	width                    time.Duration
	requests, cached, refuse bool // it tells them; it has a refused request too
	model                    string
	warnings                 []string
	relative                 bool
}

func samples() []sample {
	return []sample{
		{"plain.csv", "plain", 0, true, true, false, "gpt-4o", nil, false},
		{"plain.jsonl", "plain", 0, true, true, false, "gpt-4o", nil, false},
		{"burstgpt.csv", "burstgpt", 0, true, false, false, "", nil, true},
		{"qwen-bailian.jsonl", "qwen-bailian", 0, true, false, false, "", nil, true},
		{"mooncake.jsonl", "mooncake", 0, true, false, false, "", nil, true},
		{"azure.csv", "azure", 0, true, false, false, "", []string{"azure.csv:2: times have no zone; UTC is assumed"}, false},
		{"openai.json", "openai", time.Minute, true, true, false, "gpt-4o", nil, false},
		{"openai-csv.csv", "openai-csv", time.Minute, true, true, false, "gpt-4o", nil, false},
		{"azure-monitor.json", "azure-monitor", time.Minute, true, false, false, "gpt-4o", []string{
			"azure-monitor.json:8: Azure's metrics do not tell cached tokens; none are assumed",
			"azure-monitor.json:8: has no total; nothing is assumed to have happened then (here and in 1 more rows)"}, false},
		{"azure-logs.csv", "azure-logs", time.Minute, true, false, false, "", []string{"azure-logs.csv:2: Azure's metrics do not tell cached tokens; none are assumed"}, false},
		{"azure-logs.json", "azure-logs", time.Minute, true, false, false, "", []string{"azure-logs.json:2: Azure's metrics do not tell cached tokens; none are assumed"}, false},
		{"anthropic.json", "anthropic", time.Minute, false, true, false, "claude-sonnet-4-5", []string{
			"anthropic.json:2: Anthropic's report does not count requests",
			"anthropic.json:2: is usage of the batch API, which has limits of its own; it is left out"}, false},
		{"litellm.csv", "litellm", 0, true, true, false, "gpt-4o", []string{
			"litellm.csv:5: was answered from the proxy's own cache and never reached a provider; it is left out",
			"litellm.csv:3: is earlier than the row above; rows are sorted by time"}, false},
		{"litellm.json", "litellm", 0, true, true, false, "gpt-4o", nil, false},
		{"langfuse.csv", "langfuse", 0, true, true, false, "gpt-4o", nil, false},
		{"langfuse.jsonl", "langfuse", 0, true, true, false, "gpt-4o", []string{"langfuse.jsonl:3: is earlier than the row above; rows are sorted by time"}, false},
		{"helicone.csv", "helicone", 0, true, false, false, "gpt-4o", []string{"helicone.csv:3: is earlier than the row above; rows are sorted by time (here and in 1 more rows)"}, false},
		{"helicone.jsonl", "helicone", 0, true, true, false, "gpt-4o", []string{"helicone.jsonl:2: is earlier than the row above; rows are sorted by time (here and in 1 more rows)"}, false},
		{"dev-proxy.csv", "dev-proxy", 0, true, true, true, "", nil, false},
	}
}

func TestSamples(t *testing.T) {
	var seen []string
	for _, tt := range samples() {
		text, err := os.ReadFile(filepath.Join("testdata", "usage", tt.file))
		if err != nil {
			t.Fatal(err)
		}
		u, rows, err := readUsage(t, tt.file, bytes.NewReader(text), UsageOptions{})
		if err != nil {
			t.Error(err)
			continue
		}
		seen = append(seen, u.Format())
		if u.Format() != tt.format || u.Granularity() != tt.width || u.Relative() != tt.relative {
			t.Errorf("%s: format %s, granularity %v, relative %v, want %s, %v and %v", tt.file, u.Format(), u.Granularity(), u.Relative(), tt.format, tt.width, tt.relative)
		}
		if diff := cmp.Diff(tt.warnings, u.Warnings()); diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", tt.file, diff)
		}
		adapt := func(m minute) minute {
			if !tt.requests {
				m.Requests = 0
			}
			if !tt.cached {
				m.Cached = 0
			}
			return m
		}
		want := map[string]minute{"09:00": adapt(minute{2, 1550, 1024, 270}), "09:01": adapt(minute{1, 4100, 0, 510})}
		if tt.refuse {
			want["09:00"] = minute{3, 1550, 1024, 270}
		}
		if tt.relative {
			want = map[string]minute{"00:00": want["09:00"], "00:01": want["09:01"]}
		}
		got := perMinute(rows)
		if got["09:02"] == (minute{}) {
			delete(got, "09:02") // a bucket that says that there was nothing
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: minutes (-want +got):\n%s", tt.file, diff)
		}
		if !slices.IsSortedFunc(rows, func(a, b Record) int { return a.Start.Compare(b.Start) }) {
			t.Errorf("%s: rows are not in time order: %v", tt.file, rows)
		}
		if tt.model != "" {
			checkModel(t, &tt, text)
		}
	}
	seen = append(seen, "servegen", "openai-batch") // which say nothing of tokens, or of times
	for _, name := range FormatNames()[1:] {
		if !slices.Contains(seen, name) {
			t.Errorf("no sample of format %s", name)
		}
	}
}

// checkModel reads the rows of one model of a sample.
func checkModel(t *testing.T, tt *sample, text []byte) {
	_, rows, err := readUsage(t, tt.file, bytes.NewReader(text), UsageOptions{Model: tt.model, Format: tt.format})
	var prompt int64
	for _, r := range rows {
		prompt += r.Prompt
	}
	if err != nil || prompt != 5300 {
		t.Errorf("%s: %d prompt tokens of %s and error %v, want 5300", tt.file, prompt, tt.model, err)
	}
	_, _, err = readUsage(t, tt.file, bytes.NewReader(text), UsageOptions{Model: "gpt-5"})
	if err == nil || !strings.Contains(err.Error(), `has no rows of model "gpt-5"; `) {
		t.Errorf("%s: model gpt-5: error %v", tt.file, err)
	}
}
