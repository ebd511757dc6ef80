package mock_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/mock"
)

// tierOf asks for a service tier and returns which one has answered, or the status.
func tierOf(t *testing.T, s *mock.Server, path, model, tier string, tokens int) string {
	t.Helper()
	w := ask(s, "POST", path, fmt.Sprintf(`{"model":%q,"max_tokens":%d,"service_tier":%q,%s}`, model, tokens, tier, hello))
	if w.Code != 200 {
		return fmt.Sprint(w.Code)
	}
	return field(t, w.Body.String(), "service_tier").(string)
}

// Groq's flex has ten times the limits of on_demand, and auto goes on with flex when those of
// on_demand are used up. Source: console.groq.com, docs/flex-processing.
func TestTiersOfGroq(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Config: provider.Config{Vendor: "groq", Model: "llama", RPM: 2}}}})
		if err != nil {
			t.Fatal(err)
		}
		count := func(tier string, n int) map[string]int {
			got := map[string]int{}
			for range n {
				got[tierOf(t, s, "/openai/v1/chat/completions", "llama", tier, 1)]++
			}
			return got
		}
		for _, c := range []struct {
			tier string
			n    int
			want map[string]int
		}{
			{"on_demand", 3, map[string]int{"on_demand": 2, "429": 1}},
			{"auto", 5, map[string]int{"flex": 5}},
			{"flex", 16, map[string]int{"flex": 15, "429": 1}},
			{"auto", 1, map[string]int{"429": 1}},
		} {
			if diff := cmp.Diff(c.want, count(c.tier, c.n)); diff != "" {
				t.Errorf("%s: %s", c.tier, diff)
			}
		}
		time.Sleep(time.Minute)
		if diff := cmp.Diff(map[string]int{"on_demand": 2, "flex": 1}, count("auto", 3)); diff != "" {
			t.Errorf("a minute later: %s", diff)
		}
		names := []string{}
		for _, d := range s.State().Accounts[0].Deployments {
			names = append(names, d.Name)
		}
		if got := strings.Join(names, ", "); got != "llama, llama (flex)" {
			t.Error(got)
		}
	})
}

// Priority that grows by more than a half in 15 minutes is served as default, and told so;
// 1,000,000 tokens a minute are free of that. Source: concepts of priority processing at
// learn.microsoft.com.
func TestPriorityGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := mock.New(mock.Config{Deployments: []mock.Deployment{{Config: provider.Config{Vendor: "openai", Model: "gpt-4o"}}}})
		if err != nil {
			t.Fatal(err)
		}
		for minute := range 2 {
			got := map[string]int{}
			for range 15 {
				got[tierOf(t, s, chatPath, "gpt-4o", "priority", 99_990)]++
			}
			if diff := cmp.Diff(map[string]int{"priority": 10, "default": 5}, got); diff != "" {
				t.Errorf("minute %d: %s", minute, diff)
			}
			time.Sleep(time.Minute)
		}
		if got := tierOf(t, s, chatPath, "gpt-4o", "flex", 5); got != "flex" {
			t.Error(got)
		}
	})
}
