package reports

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider/calls"
	"ratesim/provider/conformance"
	"ratesim/provider/wire"
)

// graded is a client that comes back early, and one that is never refused.
func graded(p conformance.Policy) *Document {
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	tracker, watcher := calls.New(), conformance.New(1, map[string]string{"sk-a": "web"})
	attempt := func(key, request string, at time.Duration, status int, wait time.Duration) {
		a := tracker.Begin(noon.Add(at), &calls.ID{Key: key, Name: "one", Retry: -1})
		e := conformance.Event{Key: key, Deployment: "d", Request: request, At: noon.Add(at), Told: noon.Add(at), Wait: wait, Attempt: *a,
			Reply: wire.Reply{Status: status, RetryAfter: wait, Requests: wire.NoQuota, Tokens: wire.NoQuota}}
		watcher.Observe(e)
		answer := e.Answer()
		tracker.End(a, &answer)
	}
	attempt("sk-a", "req_1", 0, 503, 2*time.Second)
	attempt("sk-a", "req_2", 500*time.Millisecond, 400, wire.Absent)
	attempt("sk-b", "req_3", time.Second, 200, wire.Absent)
	r := watcher.Report(p)
	return Grades(&r)
}

func TestGrades(t *testing.T) {
	for _, tt := range []struct {
		name     string
		reporter Reporter
		policy   conformance.Policy
		want     string
	}{
		{"text", Text{}, conformance.Policy{}, `API keys: 2 · requests: 3 · refused: 2

conformance: fail
Nothing exercised amplification.
--allow-untested accepts this.

web, sk-a: fail (2 requests for 1 calls, 0 refused by limits, 2 refused in all)
  untested: amplification, exhausted, headroom
✗ FAIL retry-after (1 of 1, 100 %, between 27 and 100 %)
         Came back before Retry-After asked with 1 of 1 retries; wait at least as long as the answer says.
         request req_2 of 12:00:00.500 came 1.5s too early; request req_1 before it was answered 503 at 12:00:00.000 and asked it to wait for 2s
✓ PASS hopeless (0 of 1, 0 %, between 0 and 73 %)
         Gives up on what can never succeed.

sk-b: untested (1 requests for 1 calls, 0 refused by limits, 0 refused in all)
  untested: retry-after, hopeless, amplification, exhausted, headroom

all keys: untested (3 requests for 2 calls, 0 refused by limits, 2 refused in all)
  untested: lockstep
✗ UNTESTED amplification (no case)
             Nothing exercised it. To test it, let calls fail more than three times: --script with '- replies: [{status: 503, times: 10}]'.
`},
		{"github", GitHub{}, conformance.Policy{FailOn: []conformance.Gate{{Rule: "hopeless", Share: -1}}}, `::warning title=web%2C sk-a%3A FAIL::retry-after (1 of 1, 100 %25, between 27 and 100 %25; Came back before Retry-After asked with 1 of 1 retries; wait at least as long as the answer says.; request req_2 of 12:00:00.500 came 1.5s too early; request req_1 before it was answered 503 at 12:00:00.000 and asked it to wait for 2s)
::notice title=conformance::conformance: warn
`},
		{"junit", JUnit{}, conformance.Policy{AllowUntested: true}, `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="ratesim grades" tests="2" failures="1">
  <testsuite name="web, sk-a" tests="2" failures="1">
    <testcase name="retry-after" classname="web, sk-a">
      <failure message="FAIL: 1 of 1, 100 %, between 27 and 100 %; Came back before Retry-After asked with 1 of 1 retries; wait at least as long as the answer says.; request req_2 of 12:00:00.500 came 1.5s too early; request req_1 before it was answered 503 at 12:00:00.000 and asked it to wait for 2s" type="expectation">retry-after: 1 of 1, 100 %, between 27 and 100 %; Came back before Retry-After asked with 1 of 1 retries; wait at least as long as the answer says.; request req_2 of 12:00:00.500 came 1.5s too early; request req_1 before it was answered 503 at 12:00:00.000 and asked it to wait for 2s</failure>
    </testcase>
    <testcase name="hopeless" classname="web, sk-a">
      <system-out>0 of 1, 0 %, between 0 and 73 %; Gives up on what can never succeed.</system-out>
    </testcase>
    <system-out>fail (2 requests for 1 calls, 0 refused by limits, 2 refused in all)</system-out>
  </testsuite>
  <testsuite name="sk-b" tests="0" failures="0">
    <system-out>untested (1 requests for 1 calls, 0 refused by limits, 0 refused in all)</system-out>
  </testsuite>
  <testsuite name="all keys" tests="0" failures="0">
    <system-out>untested (3 requests for 2 calls, 0 refused by limits, 2 refused in all)</system-out>
  </testsuite>
</testsuites>
`},
	} {
		var b bytes.Buffer
		if err := tt.reporter.Report(&b, graded(tt.policy)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
