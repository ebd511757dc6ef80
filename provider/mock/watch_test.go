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

// Whoever watches is told of each request: whose it was, which call it belongs to, what
// it was answered, and how long it really has to wait.
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
			Waits           bool
			Call            uint64
			Number          int
		}
		var got []summary
		for _, e := range seen {
			got = append(got, summary{e.Key, e.Deployment, e.Reply.Status, e.Wait > 0, e.Attempt.Call, e.Attempt.Number})
			// A minute of the provider's is a second.
			if e.Wait > time.Second || e.Wait > 0 && e.Wait != e.Reply.RetryAfter/speed {
				t.Errorf("%v of %v to wait", e.Wait, e.Reply.RetryAfter)
			}
			if e.Reply.Status == 429 && e.Reply.Limit != wire.Requests {
				t.Errorf("refused by %v", e.Reply.Limit)
			}
		}
		want := []summary{{"sk-test", "main", 200, false, 1, 0}, {"sk-test", "main", 200, false, 2, 0}, {"sk-test", "main", 200, false, 3, 0},
			{"sk-test", "main", 200, false, 4, 0}, {"sk-test", "main", 429, true, 5, 0}, {"sk-test", "main", 429, true, 5, 1}, {"sk-test", "", 400, false, 6, 0}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if before := seen[5].Attempt.Before; before.Request != seen[4].Request || before.Wait != seen[4].Wait || !seen[5].Attempt.Early {
			t.Errorf("the last attempt comes too early after %+v, and is told as %+v", seen[4], seen[5])
		}
	})
}
