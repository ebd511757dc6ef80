package metrics

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ratesim/sim/clock"
)

// A stored run is the same run, field by field, unexported ones too, but for what it did
// over time: a field that is added to Run and not stored fails here.
func TestStoredRunIsTheSame(t *testing.T) {
	r := NewRun(Setup{Deployments: 2, Tenants: 2, Instances: 2, Duration: time.Minute, Weights: []float64{1, 2}, Caches: true, Streams: true,
		Thirds: [2]uint32{5, 10}, FaultFrom: 5 * clock.Second, FaultUntil: 20 * clock.Second})
	for i := range 40 {
		now := clock.Time(i) * clock.Second
		w := Work{Group: i % 6, Instance: i % 2, Tokens: int64(100 + i), Due: i%2 == 0, Streamed: i%3 == 0, FirstToken: time.Second, PerToken: time.Millisecond}
		r.Arrive(now, w)
		r.Attempt(now, w.Group, i%2, true)
		r.Attempt(now, w.Group, i%2, false)
		r.Wait(time.Duration(i) * time.Millisecond)
		r.Reject(now, w.Group, 1)
		r.Lose(now)
		r.ServerError()
		r.Waste(7)
		if i%5 == 0 {
			r.Fail(now, w.Group, i%NumReasons)
		} else if i%7 != 0 {
			r.Succeed(now, time.Duration(i)*time.Second, w)
		}
	}
	r.Asks, r.CostUSD, r.BilledPrompt, r.BilledCached = 1, 0.1+0.2, 3, 4
	r.Sessions, r.LostSessions, r.LostTurns, r.Charged, r.Allowed, r.Most, r.Hash = 5, 6, 7, 8.5, 9.5, 10, 1<<63+1
	r.Close(clock.Time(time.Minute))
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got Run
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	r.series = nil
	if diff := cmp.Diff(r, &got, cmp.AllowUnexported(Run{}, Tally{}, Histogram{}, peak{}, recovery{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-run +stored:\n%s", diff)
	}
}
