package strategytest

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
	"ratesim/strategies"
)

// Refusal is an answer to every attempt of a call, as it crosses the wire. A header
// of DATE+30 is the date in 30 s. Status 0 is a timeout.
type Refusal struct {
	Name    string
	Status  int
	Headers map[string]string
	Body    string
}

// reply is what a client that came back at now would read from it.
func (c Refusal) reply(now time.Time) wire.Reply {
	h := http.Header{}
	for k, v := range c.Headers {
		if s, ok := strings.CutPrefix(v, "DATE+"); ok {
			n, _ := strconv.Atoi(s)
			v = now.Add(time.Duration(n) * time.Second).UTC().Format(http.TimeFormat)
		}
		h.Set(k, v)
	}
	var r wire.Reply
	wire.Parse(c.Status, h, []byte(c.Body), now, &r)
	return r
}

// Waits answers every attempt of one call so. It returns the waits before the retries, in
// seconds, and the reason for which the call then failed.
func (c Refusal) Waits(t *testing.T, f strategies.Factory, seed uint64) (list []float64, why string) {
	t.Helper()
	var trace strings.Builder
	env := Env()
	env.Key = rng.New(seed, 0)
	d := NewDriver(f(env), env.Deployments)
	d.Trace = &trace
	d.Submit(strategies.Call{EstimatedPrompt: 100, MaxTokens: 50, Deadline: clock.Never})
	for n := 0; d.Open() > 0; n++ {
		if n == 1000 {
			t.Fatalf("%s: no end", c.Name)
		}
		if a := d.InFlight(); len(a) > 0 {
			d.Reply(a[0], c.reply(time.Unix(1_700_000_000, 0)))
			if d.Open() > 0 {
				list = append(list, -d.Now().Seconds())
			}
		} else {
			d.Step()
		}
		if n := len(list); n > 0 && list[n-1] <= 0 && len(d.InFlight()) > 0 {
			list[n-1] += d.Now().Seconds()
		}
	}
	end := strings.TrimSpace(trace.String())
	return list, end[strings.LastIndexByte(end, ' ')+1:]
}
