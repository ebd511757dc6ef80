package strategies_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/strategies"
	"ratesim/strategies/strategytest"
)

// crew is several instances of one strategy before one provider, and all that
// they send, as a provider that counts every attempt for 60 s would keep it.
type crew struct {
	instances []*strategytest.Driver
	log       []charge
}

type charge struct {
	at       clock.Time
	call     *strategies.Call
	instance int
	tokens   int64
}

// tap notes what an instance sends.
type tap struct {
	strategies.Strategy
	crew     *crew
	instance int
}

func (t *tap) note(now clock.Time, out *strategies.Effects) {
	for _, f := range out.List {
		if f.Kind == strategies.SendKind {
			t.crew.log = append(t.crew.log, charge{now, f.Call, t.instance, f.Call.Cost()})
		}
	}
}

func (t *tap) Submit(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	t.Strategy.Submit(now, c, out)
	t.note(now, out)
}

func (t *tap) Reply(now clock.Time, c *strategies.Call, r *wire.Reply, out *strategies.Effects) {
	t.Strategy.Reply(now, c, r, out)
	t.note(now, out)
}

func (t *tap) Wake(now clock.Time, c *strategies.Call, out *strategies.Effects) {
	t.Strategy.Wake(now, c, out)
	t.note(now, out)
}

func newCrew(n int, env strategies.Env, factory strategies.Factory) *crew {
	c := &crew{}
	for i := range n {
		c.instances = append(c.instances, strategytest.NewDriver(&tap{factory(env), c, i}, env.Deployments))
	}
	return c
}

// reply answers the oldest attempt of an instance, if there is one.
func (c *crew) reply(instance int, status int, used int64) {
	d := c.instances[instance]
	if len(d.InFlight()) == 0 {
		return
	}
	a := d.InFlight()[0]
	for i := len(c.log) - 1; i >= 0; i-- {
		if c.log[i].call == a.Call && c.log[i].instance == instance {
			switch status {
			case 200:
				used = min(used, c.log[i].tokens)
				c.log[i].tokens = used
			case 429:
				c.log[i].tokens = 0
			}
			break
		}
	}
	d.Reply(a, wire.Reply{Status: status, RetryAfter: wire.Absent, Requests: wire.NoQuota, Tokens: wire.NoQuota, Output: uint32(used)})
}

// inWindow returns the requests and tokens of the last 60 s.
func (c *crew) inWindow(now clock.Time) (requests, tokens int64) {
	for _, s := range c.log {
		if now.Sub(s.at) < time.Minute {
			requests++
			tokens += s.tokens
		}
	}
	return requests, tokens
}

// TestSplitStaysWithinTheLimit: whatever arrives where and whatever is answered,
// all instances together send at most the limits in any 60 s.
func TestSplitStaysWithinTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "instances")
		env := strategies.Env{Deployments: []strategies.Deployment{{Name: "main", RPM: 25, TPM: 9000}},
			Instances: func(clock.Time) int { return n }}
		c := newCrew(n, env, build(t, "split", nil, env.Deployments))
		for now := clock.Time(0); now < 200*clock.Second; now += clock.Second {
			for _, d := range c.instances {
				d.AdvanceTo(now)
			}
			for range rapid.IntRange(0, 3).Draw(t, "calls") {
				c.instances[rapid.IntRange(0, n-1).Draw(t, "where")].Submit(strategies.Call{EstimatedPrompt: rapid.Uint32Range(1, 900).Draw(t, "prompt"), MaxTokens: 300})
			}
			who := rapid.IntRange(0, n-1).Draw(t, "who")
			c.reply(who, rapid.SampledFrom([]int{200, 200, 429, 500}).Draw(t, "status"), rapid.Int64Range(1, 1200).Draw(t, "used"))
			if requests, tokens := c.inWindow(now); requests > 25 || tokens > 9000 {
				t.Fatalf("%v: %d requests and %d tokens in 60 s", now, requests, tokens)
			}
		}
		for i, d := range c.instances {
			if len(d.Violations) > 0 {
				t.Fatalf("instance %d: %v", i, d.Violations)
			}
		}
	})
}
