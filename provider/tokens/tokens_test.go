package tokens

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkoukk/tiktoken-go"
	tiktoken_loader "github.com/pkoukk/tiktoken-go-loader"
	"pgregory.net/rapid"
)

// The counts are those that OpenAI publishes: openai-cookbook,
// examples/How_to_count_tokens_with_tiktoken.ipynb.
func TestPublished(t *testing.T) {
	c := New()
	for _, tt := range []struct {
		model, text string
		want        int
	}{
		{"gpt-4", "tiktoken is great!", 6},
		{"gpt-4o", "tiktoken is great!", 6},
		{"gpt-3.5-turbo-0613", "antidisestablishmentarianism", 6},
		{"o3-mini", "antidisestablishmentarianism", 6},
		{"text-embedding-3-small", "2 + 2 = 4", 7},
		{"gpt-5.2", "2 + 2 = 4", 7},
		{"gpt-35-turbo", "お誕生日おめでとう", 9}, // the two encodings differ
		{"gpt-4", "お誕生日おめでとう", 9},
		{"gpt-4o-mini", "お誕生日おめでとう", 8},
		{"gpt-4.1", "お誕生日おめでとう", 8},
		{"ft:gpt-4o:acme", "お誕生日おめでとう", 8},
		{"chatgpt-4o-latest", "お誕生日おめでとう", 8},
		{"openai/gpt-oss-120b", "お誕生日おめでとう", 8},
		{"claude-sonnet-4.5", "お誕生日おめでとう", 10},                 // 8 × 1.2
		{"us.anthropic.claude-opus-4-7-v1:0", "お誕生日おめでとう", 12}, // 8 × 1.5
		{"gemini-2.5-flash", "", 0},
		{"gpt-4o", "", 0},
	} {
		for range 2 { // the second time from what is remembered
			if got := c.Count(tt.model, tt.text); got != tt.want {
				t.Errorf("%s: %q: %d tokens, want %d", tt.model, tt.text, got, tt.want)
			}
		}
	}
}

// The notebook's chat: 129 tokens by gpt-4-0613 and 124 by gpt-4o, as the API
// itself counted.
func TestPublishedChat(t *testing.T) {
	chat := []struct{ name, text string }{
		{"", "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
		{"example_user", "New synergies will help drive top-line growth."},
		{"example_assistant", "Things working well together will increase revenue."},
		{"example_user", "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
		{"example_assistant", "Let's talk later when we're less busy about how to do better."},
		{"", "This late pivot means we don't have time to boil the ocean for the client deliverable."},
	}
	c := New()
	for model, want := range map[string]int{"gpt-4-0613": 129, "gpt-4o": 124} {
		got := Overhead(len(chat))
		for _, m := range chat {
			got += c.Count(model, m.text)
			if m.name != "" {
				got += c.Count(model, m.name) + 1 // the notebook's tokens_per_name
			}
		}
		if got != want {
			t.Errorf("%s: %d tokens, want %d", model, got, want)
		}
	}
}

// library returns what counts the tokens of a text as tiktoken-go alone does.
func library(t testing.TB, e *encoding) func(string) int {
	ranks, err := tiktoken_loader.NewOfflineLoader().LoadTiktokenBpe(e.name + ".tiktoken")
	if err != nil {
		t.Fatal(err)
	}
	bpe, err := tiktoken.NewCoreBPE(ranks, nil, e.pattern)
	if err != nil {
		t.Fatal(err)
	}
	encoder := tiktoken.NewTiktoken(bpe, nil, nil)
	return func(text string) int { return len(encoder.EncodeOrdinary(text)) }
}

// Counted word by word, and with long words merged by a heap, a text has as many tokens as
// the library finds in the whole, whatever is in it.
func TestLikeLibrary(t *testing.T) {
	c := New()
	encodings := []*encoding{c.o200k, c.cl100k}
	var libraries []func(string) int
	for _, e := range encodings {
		libraries = append(libraries, library(t, e))
	}
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{" ", "  ", "\n", " \n", "\r\n", "\t", "\u00a0", "\u2003", "\u3000", "\u0085", "\x1c", ".", "/", "//", "'s", "'LL", "12345", "Hello", "HELLOworld", "мир", "世界", "é", "e\u0301", "🙂", "👩‍👩‍👧", "<|endoftext|>", "\xff", "\xe4\xb8"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("aabnstA")), 1, 300, -1), // many tokens a word, and words that are too long for the library
		rapid.Map(rapid.IntRange(1, 300), func(n int) string { return strings.Repeat(" ", n) }),
		rapid.Map(rapid.IntRange(1, 200), func(n int) string { return strings.Repeat("=", n) }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.String())
	for _, text := range []string{"a\u3000  x", ".\n/a", "a\n b", "<|endoftext|>", "\xff\xff \xc2"} { // the first has a token of two kinds of white space
		for i, e := range encodings {
			if got, want := e.count(text), libraries[i](text); got != want {
				t.Errorf("%s: %q: %d tokens, want %d", e.name, text, got, want)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "text"), "")
		for i, e := range encodings {
			if got, want := e.count(text), libraries[i](text); got != want {
				t.Errorf("%s: %q: %d tokens, want %d", e.name, text, got, want)
			}
		}
	})
}

// The time for texts without an end of a word grows with n log n and not with the square: sixteen
// times the text may take 36 times as long, where the square would take 256. The machine may be
// busy, so the best of some tries counts.
func TestTime(t *testing.T) {
	c := New()
	c.Count("gpt-4o", "x")
	const small = 16 << 10
	for _, unit := range []string{"a", "A", " ", "\n", "🙂", "世", "\xff", "ab", "=", "qzxj", "\u0301", "1", "a1"} {
		took := func(n int) time.Duration {
			text := strings.Repeat(unit, n/len(unit))
			clear(c.o200k.words[:])
			begin := time.Now()
			if n := c.o200k.count(text); n < len(text)/200 || n > 3*len(text) {
				t.Errorf("%q, %d bytes: %d tokens", unit, len(text), n)
			}
			return time.Since(begin)
		}
		if testing.Short() {
			took(small)
			continue
		}
		one, many := time.Hour, time.Hour
		for try := 0; try < 5 && (try == 0 || many > 36*one); try++ {
			one, many = min(one, took(small)), min(many, took(16*small))
		}
		t.Logf("%q: %v for 16 KiB, %v for 256 KiB", unit, one, many)
		if many > 36*one {
			t.Errorf("%q: %v for 16 KiB and %v for 256 KiB", unit, one, many)
		}
	}
}

// A server counts a text of any length in a bounded time, a long one by its beginning.
func TestBounded(t *testing.T) {
	c := New()
	const words = 1_000_000
	if got := c.CountBounded("gpt-4o", strings.Repeat(" word", words)); math.Abs(float64(got)/words-1) > 1e-4 {
		t.Errorf("%d tokens for %d words", got, words)
	}
	for _, text := range []string{strings.Repeat("a", 32<<20), strings.Repeat(" ", 32<<20), strings.Repeat("世", 10<<20), strings.Repeat("\xff", 1<<20)} {
		begin := time.Now()
		if n := c.CountBounded("gpt-4o", text); n < len(text)/200 || n > len(text) {
			t.Errorf("%d bytes: %d tokens", len(text), n)
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("%.10q...: took %v", text, took)
		}
	}
}

// What is longer than any word is cut, and a cut costs a token at most.
func TestCut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := New()
	n := c.Count("gpt-4o", strings.Repeat("a", maxLong+maxLong/2))
	if want := (maxLong + maxLong/2) / 8; n < want || n > want+1 { // aaaaaaaa is a token
		t.Errorf("%d tokens, want %d", n, want)
	}
}

func TestRatios(t *testing.T) {
	for model, want := range map[string]float64{
		"gpt-4o": 1, "openai/gpt-oss-120b": 1, "o3": 1, "ft:gpt-4o-mini:acme::x": 1, "chatgpt-4o-latest": 1, "codex-mini-latest": 1,
		"claude-3-5-sonnet-20241022": 1.2, "claude-sonnet-4": 1.2, "claude-sonnet-4-20250514": 1.2, "claude-opus-4-6": 1.2, "claude-haiku-4.5": 1.2,
		"claude-opus-4.7": 1.5, "claude-opus-4-8-20260401": 1.5, "claude-opus-5.5": 1.5, "anthropic/claude-sonnet-5": 1.5,
		"gemini-2.5-flash": 1.15, "models/gemini-3-pro-preview": 1.15, "grok-4": 1.1, "mistral-large-latest": 1.1, "llama-3.3-70b": 1.1, "nobody": 1.1,
	} {
		if got := RatioOf(model).Mean; got != want {
			t.Errorf("%s: ratio %v, want %v", model, got, want)
		}
	}
	if RatioOf("nobody").Known || !RatioOf("claude-opus-5").Known || RatioOf("opus").Known {
		t.Error("what is known and what is not")
	}
	if lo, hi := RatioOf("claude-opus-5").Range(1000); lo != 904 || hi != 1106 { // e^-0.1 and e^0.1
		t.Errorf("two of three texts have %d to %d tokens", lo, hi)
	}
}

func TestConcurrent(t *testing.T) {
	c := New()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 200 {
				if n := c.Count([]string{"gpt-4", "gpt-4o"}[i%2], "tiktoken is great!"); n != 6 {
					t.Errorf("%d tokens", n)
				}
			}
		})
	}
	all.Wait()
}

// FuzzCount looks for a text with which the counter cannot cope.
func FuzzCount(f *testing.F) {
	c := New()
	f.Add("tiktoken is great!")
	f.Add("\xff \xc2\xa0 \r\n<|endoftext|>")
	f.Fuzz(func(t *testing.T, text string) {
		if n := c.Count("gpt-4o", text); n > 3*len(text) || n == 0 && text != "" {
			t.Errorf("%q: %d tokens", text, n)
		}
	})
}

const chat = "Say hello to the whole world in five words please" // what an 84-byte request can hold

func BenchmarkCount(b *testing.B) {
	c := New()
	c.Count("gpt-4o", chat)
	for b.Loop() {
		c.Count("gpt-4o", chat)
	}
}

// BenchmarkText counts documentation, once with no word known and once with all.
func BenchmarkText(b *testing.B) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		b.Fatal(err, pages)
	}
	var text string
	for _, p := range pages {
		page, err := os.ReadFile(p)
		if err != nil {
			b.Fatal(err)
		}
		text += string(page)
	}
	c := New()
	tokens := c.Count("gpt-4o", text)
	for _, known := range []bool{false, true} {
		b.Run(map[bool]string{false: "new", true: "known"}[known], func(b *testing.B) {
			for b.Loop() {
				if !known {
					clear(c.o200k.words[:])
				}
				c.Count("gpt-4o", text)
			}
			b.ReportMetric(float64(tokens)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New().Count("gpt-4o", chat)
	}
}
