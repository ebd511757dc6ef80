package mock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/mock"
	"ratesim/provider/wire"
)

// Whoever watches is told of each request: whose it was, what it was answered, how
// long it really has to wait, how much was left as told before, and whether it is
// one that was there already.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const speed = 60
		var seen []conformance.Event
		s, err := mock.New(mock.Config{Speed: speed, Watch: func(e conformance.Event) { seen = append(seen, e) },
			Deployments: []mock.Deployment{{Name: "main", Config: provider.Config{Vendor: "openai", Model: "gpt-4o", RPM: 4}}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{"a", "b", "c", "d", "e", "e"} {
			ask(s, "POST", "/v1/chat/completions", `{"model":"main","messages":[{"content":"`+body+`"}]}`)
		}
		ask(s, "POST", "/v1/chat/completions", `{"model":"main"}`)
		ask(s, "POST", "/v1/chat/completions", `{}`, "Authorization: none")
		type summary struct {
			Key, Deployment string
			Status          int
			Left            float64
			Waits           bool
		}
		var got []summary
		for _, e := range seen {
			got = append(got, summary{e.Key, e.Deployment, e.Reply.Status, e.Left, e.Wait > 0})
			// A minute of the provider's is a second.
			if e.Wait > time.Second || e.Wait > 0 && e.Wait != e.Reply.RetryAfter/speed {
				t.Errorf("%v of %v to wait", e.Wait, e.Reply.RetryAfter)
			}
			if e.Reply.Status == 429 && e.Reply.Limit != wire.Requests {
				t.Errorf("refused by %v", e.Reply.Limit)
			}
		}
		want := []summary{{"sk-test", "main", 200, 1, false}, {"sk-test", "main", 200, 0.75, false}, {"sk-test", "main", 200, 0.5, false},
			{"sk-test", "main", 200, 0.25, false}, {"sk-test", "main", 429, 0, true}, {"sk-test", "main", 429, 0, true}, {"sk-test", "", 400, 0, false}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if seen[4].Body != seen[5].Body || seen[3].Body == seen[4].Body {
			t.Error("the same body is not the same, or another is")
		}
	})
}
