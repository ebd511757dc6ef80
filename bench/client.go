package bench

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
	"ratesim/strategies/live"
)

// client sends the attempts of one instance over the network of the scenario.
type client struct {
	run  *run
	base http.RoundTripper
}

// route makes the request of an attempt to a deployment.
func (r *run) route(deployment int, request *http.Request) {
	p := request.Context().Value(pendingKey{}).(*pending)
	_, number, _, _ := live.AttemptOf(request.Context())
	to := &r.doors[deployment]
	streamed := p.Streamed && !r.p.Scenario.Deployments[deployment].Batch
	data := to.dialect.Chat(to.name, text(p.Prompt), p.MaxTokens, streamed)
	if request.URL = to.url; streamed {
		request.URL = to.streams
	}
	request.Host = to.url.Host
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	request.Header = maps.Clone(to.header)
	facts := wire.Facts{Seed: r.p.Seed, Replication: r.p.Replication, Start: r.p.Start, Attempt: wire.Attempt{Call: p.ID, Number: number,
		Prompt: p.Prompt, Guess: p.Guess, MaxTokens: p.MaxTokens, Output: p.Output, Cached: p.cached, Prefix: p.Prefix}}
	if p.Prefix != 0 {
		facts.Attempt.System, facts.Attempt.SystemID = r.sources[p.stream].system, uint16(p.stream)
	}
	request.Header[wire.FactsHeader] = []string{facts.String()}
}

// way draws how long the network takes, one way, as the simulator does.
func (r *run) way(purpose rng.Purpose, call uint64, number uint32) time.Duration {
	n := &r.p.Scenario.Fleet.Network
	d := n.Latency
	if n.Jitter != 0 {
		d += time.Duration((2*r.key.Float64(purpose, call, uint64(number)) - 1) * float64(n.Jitter))
	}
	return time.Duration(float64(d) / r.p.Speed)
}

// RoundTrip takes an attempt to the server and its answer back. What has left
// arrives, although the client may have hung up; the server hears of that as
// much later as the request was on its way.
func (c *client) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	p := ctx.Value(pendingKey{}).(*pending)
	_, number, deployment, _ := live.AttemptOf(ctx)
	out := c.run.way(rng.NetworkOut, p.ID, number)
	if number == 0 {
		c.run.waited(p)
	}
	a, ok := c.travel(request, out, p, number == 0, deployment)
	if !ok {
		return nil, ctx.Err()
	}
	in := c.run.way(rng.NetworkIn, p.ID, number)
	switch {
	case !sleep(ctx, time.Now().Add(in)):
		if a.streamed {
			time.AfterFunc(out, a.hangUp)
		}
		if a.streamed || a.reply.OK() {
			c.run.lost(a.reached, p)
		}
		return nil, ctx.Err()
	case a.err != nil:
		return nil, a.err
	case a.streamed:
		a.response.Body = c.far(ctx, &a, way{out, in}, p, deployment)
	case a.reply.OK():
		c.run.paid(deployment, &a)
	}
	return a.response, nil
}

// travel sends a request to a server that is so far away. It reports false when the
// client hung up before the answer was on its way.
func (c *client) travel(request *http.Request, out time.Duration, p *pending, first bool, deployment int) (answer, bool) {
	ctx := request.Context()
	if out <= 0 {
		a := c.exchange(request, p, first, deployment)
		a.hangUp = func() {} // which ctx does
		return a, a.err == nil || ctx.Err() == nil
	}
	there, cancel := context.WithCancel(context.WithoutCancel(ctx))
	answers := make(chan answer, 1)
	c.run.callers.Go(func() {
		time.Sleep(out)
		a := c.exchange(request.WithContext(there), p, first, deployment)
		if a.hangUp = cancel; !a.streamed {
			cancel()
		}
		answers <- a
	})
	select {
	case a := <-answers:
		return a, true
	case <-ctx.Done():
		time.AfterFunc(out, cancel)
		return answer{}, false
	}
}

// answer is what came of an attempt at the server.
type answer struct {
	reached  clock.Time // the server
	response *http.Response
	reply    wire.Reply
	err      error
	streamed bool   // its body comes piece by piece, and nothing of it has been read
	hangUp   func() // if so: lets the server hear at once that the client is gone
}

// exchange sends what has arrived at the server, and takes down what it says.
func (c *client) exchange(request *http.Request, p *pending, first bool, deployment int) (a answer) {
	a.reached = c.run.reached(p, deployment, first)
	var data []byte
	if a.response, a.err = c.base.RoundTrip(request); a.err == nil {
		if a.streamed = isStream(a.response); a.streamed {
			return a
		}
		data, a.err = read(a.response)
	}
	if a.err != nil {
		c.run.lost(a.reached, p)
		return a
	}
	a.response.Body = io.NopCloser(bytes.NewReader(data))
	wire.Parse(a.response.StatusCode, a.response.Header, data, time.Now(), &a.reply)
	if !a.reply.OK() {
		c.run.refused(a.reached, p, &a.reply, data)
	}
	return a
}

func (r *run) waited(p *pending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.Wait(r.now().Sub(p.At))
}

// reached takes down that an attempt is at its deployment.
func (r *run) reached(p *pending, deployment int, first bool) clock.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.run.Attempt(now, p.group, deployment, first)
	r.asked[deployment] = true
	return now
}

// lost takes down an attempt that had no answer.
func (r *run) lost(at clock.Time, p *pending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.Waste(p.Prompt)
	r.run.Lose(at)
}

// paid takes down the usage that an answer tells.
func (r *run) paid(deployment int, a *answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reply := &a.reply
	band := r.p.Scenario.Deployments[deployment].Price.Band(a.reached, reply.Prompt)
	r.billed[deployment][band].Add(provider.Usage{Prompt: int64(reply.Prompt), Cached: int64(reply.Cached), Written: int64(reply.Written), Output: int64(reply.Output)})
}

// refused takes down an answer that is no success, as it reached the client.
func (r *run) refused(at clock.Time, p *pending, reply *wire.Reply, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.Waste(p.Prompt)
	switch {
	case reply.Status == wire.StatusTooManyRequests, reply.Limit == wire.Oversize, reply.Limit == wire.Billing: // which may have a status of their own
		r.run.Reject(at, p.group, refuser(reply, body))
		return
	case reply.Status >= 500:
		r.run.ServerError()
	}
	r.run.Lose(at)
}

// refuser returns the limit that an answer names. A vendor that does not say over
// which window it counts means its limit per minute.
func refuser(r *wire.Reply, body []byte) limit.Name {
	switch r.Limit {
	case wire.Billing:
		return limit.ByBilling
	case wire.Oversize:
		return limit.ByOversize
	case wire.Utilisation:
		return limit.ByUtilisation
	case wire.Concurrency:
		return limit.ByConcurrency
	case wire.Ramp:
		return limit.ByRamp
	case wire.Requests, wire.Tokens, wire.Input, wire.Output, wire.Daily:
		unit, per := wire.Subject(r, body)
		if per == 0 {
			per = time.Minute
		}
		return provider.NameOf([...]provider.Unit{wire.Request: provider.Requests, wire.Token: provider.Tokens,
			wire.InputToken: provider.Input, wire.OutputToken: provider.Output}[unit], per)
	}
	return limit.Unnamed
}

// bill prices the answers that came, and the hours of provisioned deployments
// that were asked.
func (r *run) bill() {
	hours := max(r.end, r.run.LastEnd).Sub(0).Hours()
	for i := range r.billed {
		d := &r.p.Scenario.Deployments[i]
		if r.asked[i] {
			scenarios.Bill(r.run, d, &r.billed[i], hours)
		}
	}
	for i := range r.sources {
		n := workload.SessionsOf(r.sources[i].Source)
		r.run.Sessions += n.Begun
		r.run.LostSessions += n.Lost
		r.run.LostTurns += n.LostTurns
	}
}
