package tokens

import (
	"math"
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
		{"claude-sonnet-4.5", "お誕生日おめでとう", 3}, // 9 characters
		{"opus", "four", 1},
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

// library returns what counts the tokens of a text as tiktoken-go does.
func library(t *testing.T, file, pattern string) func(string) int {
	ranks, err := tiktoken_loader.NewOfflineLoader().LoadTiktokenBpe(file)
	if err != nil {
		t.Fatal(err)
	}
	bpe, err := tiktoken.NewCoreBPE(ranks, nil, pattern)
	if err != nil {
		t.Fatal(err)
	}
	encoder := tiktoken.NewTiktoken(bpe, nil, nil)
	return func(text string) int { return len(encoder.EncodeOrdinary(text)) }
}

// Counted word by word, a text has as many tokens as tiktoken-go finds in the whole.
func TestWords(t *testing.T) {
	c := New()
	encodings := []*encoding{&c.o200k, &c.cl100k}
	var libraries []func(string) int
	for _, e := range encodings {
		libraries = append(libraries, library(t, e.file, e.pattern))
	}
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{" ", "  ", "\n", " \n", "\t", "\u00a0", "\u2003", ".", "//", "'s", "12345", "Hello", "мир", "世界", "é", "🙂"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("aabnst")), 1, 60, -1), // many tokens a word
		rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "text"), ""), "")
		for i, e := range encodings {
			e.load.Do(e.unpack)
			if len(text) > maxWord {
				continue // a word of it may be cut
			}
			if got, want := c.count(e, text), libraries[i](text); got != want {
				t.Errorf("%s: %q: %d tokens, want %d", e.file, text, got, want)
			}
		}
	})
}

// A text of any length takes a bounded time, and a long one is counted by its
// beginning.
func TestHuge(t *testing.T) {
	c := New()
	c.Count("gpt-4o", "x")
	const words = 1_000_000
	if got := c.Count("gpt-4o", strings.Repeat(" word", words)); math.Abs(float64(got)/words-1) > 1e-4 {
		t.Errorf("%d tokens for %d words", got, words)
	}
	for _, text := range []string{strings.Repeat("a", 32<<20), strings.Repeat(" ", 32<<20), strings.Repeat("世", 10<<20), strings.Repeat("\xff", 1<<20)} {
		begin := time.Now()
		if n := c.Count("gpt-4o", text); n < len(text)/200 || n > len(text) {
			t.Errorf("%d bytes: %d tokens", len(text), n)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%.10q...: took %v", text, took)
		}
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
		if n := c.Count("gpt-4o", text); n < 0 || n > 3*len(text) || n == 0 && text != "" {
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

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New().Count("gpt-4o", chat)
	}
}
