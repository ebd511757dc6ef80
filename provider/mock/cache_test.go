package mock_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider/mock"
)

// sentence returns text of about n tokens of four characters, other for each key.
func sentence(key string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%02d ", key, i%100)
	}
	return b.String()
}

// cachedTokens asks OpenAI's chat and returns the tokens of the prompt, and those that came from
// the cache.
func cachedTokens(t *testing.T, s *mock.Server, key string, messages ...string) (prompt, cached float64) {
	t.Helper()
	var list []string
	for i, m := range messages {
		list = append(list, fmt.Sprintf(`{"role":%q,"content":%q}`, []string{"user", "assistant"}[i%2], m))
	}
	w := ask(s, "POST", "/v1/chat/completions", `{"model":"gpt-4o","max_tokens":1,"messages":[`+strings.Join(list, ",")+`]}`, "Authorization: Bearer "+key)
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	time.Sleep(time.Second) // until the answer is complete
	prompt, _ = field(t, w.Body.String(), "usage.prompt_tokens").(float64)
	cached, _ = field(t, w.Body.String(), "usage.prompt_tokens_details.cached_tokens").(float64)
	return prompt, cached
}

// OpenAI caches prompts of 1,024 tokens and more, in steps of 128, for five minutes from the
// last use, for one organization; source: its guide to prompt caching.
func TestCacheOfOpenAI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offer(t, mock.Config{}, "openai/gpt-4o@tier-5")
		long := sentence("a", 1500)
		for i, c := range []struct {
			wait     time.Duration
			key      string
			messages []string
			least    float64 // of the prompt's tokens, so many at least are cached
			most     float64
		}{
			{0, "k", []string{long}, 0, 0},
			{0, "k", []string{long}, 1408, 1408},                                         // 11 times 128
			{0, "other", []string{long}, 0, 0},                                           // of another account
			{0, "k", []string{long, "yes", "and then?"}, 1408, 1408},                     // the conversation goes on
			{0, "k", []string{long[:4800] + sentence("b", 1200)}, 1024, 1200},            // begins alike
			{0, "k", []string{sentence("c", 10) + long}, 0, 0},                           // begins in another way
			{0, "k", []string{sentence("d", 900)}, 0, 0},                                 // too short
			{0, "k", []string{sentence("d", 900)}, 0, 0},                                 //
			{4*time.Minute + 50*time.Second, "k", []string{long}, 1408, 1408},            // kept since its last use
			{5*time.Minute + time.Second, "k", []string{long, "yes", "and then?"}, 0, 0}, // forgotten
		} {
			time.Sleep(c.wait)
			prompt, cached := cachedTokens(t, s, c.key, c.messages...)
			if cached < c.least || cached > c.most || cached > prompt || int(cached)%128 != 0 {
				t.Errorf("request %d: %v of %v tokens are cached, want %v to %v", i, cached, prompt, c.least, c.most)
			}
		}
		if d := s.State().Accounts[0].Deployments[0]; d.Billed[1] < 3*1408 {
			t.Errorf("billed %v", d.Billed)
		}
	})
}

// Anthropic caches what requests mark, from a length on that the model has, and tells what was
// written and read; source: its guide to prompt caching.
func TestCacheOfAnthropic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offer(t, mock.Config{}, "anthropic/claude-sonnet-4.5@start")
		const mark = `,"cache_control":{"type":"ephemeral"}`
		block := func(text, mark string) string { return fmt.Sprintf(`{"type":"text","text":%q%s}`, text, mark) }
		system, first, second := sentence("s", 2000), sentence("q", 600), sentence("r", 600)
		for i, c := range []struct{ body, written, read string }{
			{`"system":[` + block(system, "") + `],"messages":[{"role":"user","content":"hi"}]`, "none", "none"},
			{`"system":[` + block(system, mark) + `],"messages":[{"role":"user","content":"hi"}]`, "system", "none"},
			{`"messages":[{"role":"user","content":"ho"}],"system":[` + block(system, mark) + `]`, "none", "system"},
			{`"system":[` + block(system, mark) + `],"messages":[{"role":"user","content":[` + block(first, mark) + `]}]`, "first", "system"},
			{`"system":[` + block(system, mark) + `],"messages":[{"role":"user","content":[` + block(first, "") + `]},{"role":"assistant","content":"yes"},{"role":"user","content":[` + block(second, mark) + `]}]`, "second", "both"},
			{`"system":[` + block(sentence("x", 900), mark) + `],"messages":[{"role":"user","content":"hi"}]`, "none", "none"},
			{`"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":` + fmt.Sprintf("%q", sentence("y", 1500)) + `}]`, "all", "none"},
			{`"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":` + fmt.Sprintf("%q", sentence("y", 1500)) + `}]`, "none", "all"},
		} {
			w := ask(s, "POST", "/v1/messages", `{"model":"claude-sonnet-4-5","max_tokens":1,`+c.body+`}`)
			if w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			time.Sleep(30 * time.Second)
			number := func(name string) float64 { n, _ := field(t, w.Body.String(), "usage."+name).(float64); return n }
			fresh, written, read := number("input_tokens"), number("cache_creation_input_tokens"), number("cache_read_input_tokens")
			// A sentence has four characters for each token, of which answers are counted here.
			near := func(got float64, what string) bool {
				want := map[string]float64{"none": 0, "system": 2000, "first": 600, "second": 600, "both": 2600, "all": 1500}[what]
				return got >= want*0.97 && got <= want*1.03
			}
			if !near(written, c.written) || !near(read, c.read) || number("cache_creation.ephemeral_5m_input_tokens") != written {
				t.Errorf("request %d: %v fresh, %v written, %v read; want %s and %s", i, fresh, written, read, c.written, c.read)
			}
		}
	})
}
