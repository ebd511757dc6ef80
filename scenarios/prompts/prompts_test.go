package prompts

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"ratesim/provider"
	"ratesim/provider/catalog"
	"ratesim/provider/tokens"
	"ratesim/scenarios/workload"
)

// same returns n requests of a size.
func same(n int, prompt, most uint32) []sized {
	r := make([]sized, n)
	for i := range r {
		r[i] = sized{prompt: prompt, most: most}
	}
	return r
}

// The times by hand. A sliding log or a bucket of 60 a minute lets 60 pass at once; a bucket then lets
// one pass each second, and a log the next 60 after a minute.
func TestTake(t *testing.T) {
	for _, tt := range []struct {
		name     string
		cfg      provider.Config
		requests []sized
		seconds  float64
		by       string
		tooLarge int64
	}{
		{"nothing in the way", provider.Config{RPM: 60}, same(60, 1, 0), 0, "", 0},
		{"log of requests", provider.Config{RPM: 60}, same(121, 1, 0), 120, "rpm", 0},
		{"bucket of requests", provider.Config{RPM: 60, Window: provider.TokenBucket}, same(121, 1, 0), 61, "rpm", 0},
		{"tokens reserved", provider.Config{TPM: 1000}, same(20, 60, 40), 60, "tpm", 0},                                                           // ten a minute
		{"prompts alone", provider.Config{TPM: 1000, Charge: provider.Charge{Reserve: provider.ReserveEstimate}}, same(20, 60, 40), 60, "tpm", 0}, // 16 in the first minute
		{"two limits", provider.Config{RPM: 100, TPM: 1000}, same(30, 100, 0), 120, "tpm", 0},
		{"a day", provider.Config{RPM: 60, Limits: []provider.Limit{{Counts: provider.Requests, Most: 100, Per: 24 * time.Hour}}}, same(101, 1, 0), 86400, "rpd", 0},
		{"one at a time", provider.Config{Limits: []provider.Limit{{Counts: provider.Requests, Most: 1}}, Latency: provider.Latency{PerToken: time.Second}}, same(5, 1, 3), 15, "", 0},
		{"too large", provider.Config{TPM: 1000}, append(same(1, 1001, 0), same(1, 1000, 0)...), 0, "", 1},
	} {
		tt.cfg.Name = "main"
		if err := tt.cfg.Validate(); err != nil {
			t.Fatal(tt.name, err)
		}
		seconds, by, tooLarge := take(&tt.cfg, tt.requests)
		if tt.name == "one at a time" {
			by = "" // a limit that refills nothing
		}
		if math.Abs(seconds-tt.seconds) > 0.05 || by != tt.by || tooLarge != tt.tooLarge {
			t.Errorf("%s: %v s by %q, %d too large; want %v s by %q, %d", tt.name, seconds, by, tooLarge, tt.seconds, tt.by, tt.tooLarge)
		}
	}
}

func TestRounds(t *testing.T) {
	for _, tt := range []struct {
		queue       int64
		requests    []sized
		n, tooLarge int64
	}{
		{0, same(1000, 1000, 0), 1, 0},
		{1000, same(10, 100, 0), 1, 0},
		{1000, same(11, 100, 0), 2, 0},
		{1000, same(4, 600, 0), 4, 0},
		{1000, same(3, 1001, 0), 0, 3},
	} {
		if n, tooLarge := rounds(tt.queue, tt.requests); n != tt.n || tooLarge != tt.tooLarge {
			t.Errorf("queue %d: %d rounds, %d too large; want %d and %d", tt.queue, n, tooLarge, tt.n, tt.tooLarge)
		}
	}
}

func TestSizes(t *testing.T) {
	var r []sized
	for i := range 101 {
		r = append(r, sized{prompt: uint32(100 - i), most: uint32(i)})
	}
	want := Sizes{Requests: 101, Tokens: 5050, Mean: 50, P50: 50, P95: 95, P99: 99, Max: 100, Answers: 5050, Undeclared: 1}
	if got := sizesOf(r); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

const (
	hello = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello world!"}],"max_tokens":10}` // 3 + 7 tokens
	line  = `{"custom_id":"%s","method":"POST","url":"/v1/chat/completions","body":` + hello + `}` + "\n"
)

func count(t testing.TB, text string, o Options) (*Counted, error) {
	o.Counter = tokens.New()
	return Count("f", strings.NewReader(text), o)
}

func TestCount(t *testing.T) {
	pretty := strings.NewReplacer(",", ",\n ", "{", "{\n ").Replace(hello)
	for _, tt := range []struct {
		name, text, kind string
		requests, tokens int64
		longest          string
		warnings         int
	}{
		{"text", "Hello world!", Text, 1, 3, "line 1", 0},
		{"text that begins as JSON does", "{{name}}, hello", Text, 1, 4, "line 1", 0},
		{"text with a byte order mark", "\ufeffHello world!", Text, 1, 3, "line 1", 0},
		{"text that is not UTF-8", "a\xffb", Text, 1, 3, "line 1", 1},
		{"a request", hello, Chat, 1, 10, "line 1", 0},
		{"a request over lines", "\n" + pretty, Chat, 1, 10, "line 2", 0},
		{"requests over lines", pretty + "\n" + pretty, Chat, 2, 20, "line 1", 0},
		{"requests in lines", hello + "\n\n" + hello + "\n", Chat, 2, 20, "line 1", 0},
		{"a list", "[" + hello + ",\n" + hello + "]", Chat, 2, 20, "request 1", 0},
		{"batch", fmt.Sprintf(line, "a") + fmt.Sprintf(line, "b"), Batch, 2, 20, "a", 0},
		{"batch with a name twice", fmt.Sprintf(line, "a") + fmt.Sprintf(line, "a"), Batch, 2, 20, "a", 1},
		{"batch of Anthropic", `{"custom_id":"x","params":` + hello + `}` + "\n", Batch, 1, 10, "x", 0},
		{"batch with another method", strings.Replace(fmt.Sprintf(line, "a"), "POST", "GET", 1), Batch, 1, 10, "a", 1},
	} {
		c, err := count(t, tt.text, Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if f := c.file; f.Kind != tt.kind || f.Requests != tt.requests || f.Tokens != tt.tokens || f.Longest != tt.longest || len(c.warnings) != tt.warnings || f.Bytes != int64(len(tt.text)) {
			t.Errorf("%s: %+v, warnings %q", tt.name, f, c.warnings)
		}
	}
}

func TestBadFiles(t *testing.T) {
	whole := fmt.Sprintf(line, "a")
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "f: the file is empty; want"},
		{"blank", " \n\n", "f: the file is empty; want"},
		{"cut batch", whole + whole[:100], "f:2: the line ends in the middle of a request"},
		{"cut request", hello[:60], "f:1: the file is cut off in the middle of the request that begins here"},
		{"empty list", "[]", "f: the file has no request in it"},
		{"cut list", "[" + hello + ",", "f:1: the file is cut off"},
		{"broken line", whole + `{"custom_id":"b" "method"` + "\n" + whole, "f:2:18: is no JSON of a request: invalid character"},
		{"no body", `{"custom_id":"b","method":"POST","url":"/v1/chat/completions","body":null}` + "\n", "f:1: has no body"},
		{"no custom_id", whole + strings.Replace(whole, `"custom_id":"a",`, "", 1), "f:2: has no custom_id"},
		{"a prompt of a wrong type", `{"messages":"hello"}`, "f:1: messages is a JSON string"},
		{"no prompt", `{"model":"gpt-4o"}` + "\n", "f:1: has no prompt"},
		{"negative bound", `{"model":"gpt-4o","input":"x","max_tokens":-1}`, "f:1: max_tokens must be at least 0"},
	} {
		c, err := count(t, tt.text, Options{})
		var bad *workload.FileError
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v; want %q", tt.name, c, err, tt.want)
		}
	}
}

// The price of gpt-4o-mini is 0.15 USD per million input tokens and 0.60 for output; a batch costs half.
func TestAnswer(t *testing.T) {
	c, err := count(t, fmt.Sprintf(line, "a")+fmt.Sprintf(line, "b"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Answer(&Question{Catalog: catalog.Embedded()}, []*Counted{c})
	if err != nil {
		t.Fatal(err)
	}
	m := r.Files[0].Models[0]
	near := func(v *float64, want float64) bool { return v != nil && math.Abs(*v-want) < 1e-12 }
	if !near(m.Input, 20*0.15e-6) || !near(m.Most, 20*0.15e-6+20*0.6e-6) || !near(m.BatchIn, 10*0.15e-6) || !near(m.BatchMost, 10*0.15e-6+10*0.6e-6) {
		t.Errorf("%+v: %v %v %v %v", m, *m.Input, *m.Most, *m.BatchIn, *m.BatchMost)
	}
	if len(m.Tiers) == 0 || m.Tiers[0].Ref != "openai/gpt-4o-mini@tier-1" || m.Tiers[0].Rounds != 1 || m.Tiers[0].Queue != 2_000_000 || m.Lo != 20 || m.Hi != 20 {
		t.Errorf("%+v", m)
	}
	if err := CheckModel("gpt-4o-mimi-9", catalog.Embedded()); err != nil {
		t.Error(err) // OpenAI's by its name
	}
	if err := CheckModel("claud-sonnet-4.5", catalog.Embedded()); err == nil || !strings.Contains(err.Error(), `did you mean "claude-sonnet-4.5"?`) {
		t.Error(err)
	}
}

// FuzzCount looks for a file with which the reader cannot cope.
func FuzzCount(f *testing.F) {
	for _, s := range []string{hello, fmt.Sprintf(line, "a"), "text", "[" + hello + "]", "[]", "{", "\ufeff{\n", `{"custom_id":"","body":{}}` + "\n"} {
		f.Add(s)
	}
	counter := tokens.New()
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Count("f", strings.NewReader(text), Options{Counter: counter})
		if err == nil && (c.file.Requests < 1 || c.file.Tokens < 0) {
			t.Errorf("%q: %+v", text, c.file)
		}
	})
}
