package mock

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ratesim/provider"
	"ratesim/sim/clock"
	"ratesim/sim/limit"
	"ratesim/sim/rng"
)

var (
	crowdSeed  = flag.Uint64("crowd.seed", 0, "the only seed that TestCrowd plays; 0 = several")
	crowdSeeds = flag.Int("crowd.seeds", 6, "how many seeds TestCrowd plays")
)

// TestCrowd lets clients do whatever they like to a server in fake time: they ask, stall,
// hang up at any moment, send what is malformed, keep and delete files, begin and cancel
// batches, and read slowly or not at all, while an operator resets the server and changes its
// faults. At all times the charges of every account are what is settled and what is open, and
// what is held in memory belongs to somebody; in the end nothing is left. To play one seed
// again: go test ./provider/mock -run Crowd -crowd.seed N.
func TestCrowd(t *testing.T) {
	first, last := uint64(1), uint64(*crowdSeeds)
	if *crowdSeed != 0 {
		first, last = *crowdSeed, *crowdSeed
	}
	decided, refused, failed := 0, 0, 0
	for seed := first; seed <= last && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(t, seed)
			c.play(400)
			decided, refused, failed = decided+c.ledger.decided, refused+c.ledger.refused, failed+c.ledger.failed
		})
	}
	t.Logf("%d attempts decided, %d refused, %d failed", decided, refused, failed)
	if *crowdSeed == 0 && (refused == 0 || failed == 0 || decided < 100*int(last)) {
		t.Errorf("%d attempts decided, %d refused, %d failed: the crowd is asleep", decided, refused, failed)
	}
}

// crowd are the clients, the operator, and the server.
type crowd struct {
	t      *testing.T
	seed   uint64
	draws  *rand.Rand
	s      *Server
	ledger *ledger
	conns  pipes
	work   sync.WaitGroup // of clients
	done   string         // what was done last

	mu      sync.Mutex
	files   []owned
	batches []owned
}

// owned is what a client has made, and with which key.
type owned struct{ key, id string }

// pipes is a listener in memory.
type pipes struct {
	c      chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.c:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// crowded are deployments with limits of all kinds that are soon met.
func crowded() []Deployment {
	slow := provider.Latency{TTFT: rng.NewConstant(1), PerToken: 20 * time.Millisecond, Refusal: 10 * time.Millisecond}
	return []Deployment{
		{Name: "gpt", Config: provider.Config{Vendor: "openai", Model: "gpt-4o", RPM: 30, TPM: 60_000, Latency: slow,
			Limits: []provider.Limit{{Counts: provider.Requests, Most: 4}}, Charge: provider.Charge{Reserve: provider.ReserveLarger, Settle: true, Rejected: true}}},
		{Name: "claude", Config: provider.Config{Vendor: "anthropic", Model: "claude", RPM: 40, Window: provider.TokenBucket, Latency: slow,
			Limits: []provider.Limit{{Counts: provider.Input, Most: 50_000, Per: limit.Window, Window: provider.TokenBucket}, {Counts: provider.Output, Most: 3000, Per: limit.Window, Window: provider.TokenBucket}},
			Charge: provider.Charge{Reserve: provider.ReserveEstimate, Settle: true}}},
		{Name: "plain", Config: provider.Config{Vendor: "openai", Model: "plain", RPM: 30, TPM: 40_000, Window: provider.FixedWindow, Latency: slow,
			Charge: provider.Charge{Reserve: provider.ReserveMaxTokens}}},
	}
}

func newCrowd(t *testing.T, seed uint64) *crowd {
	c := &crowd{t: t, seed: seed, draws: rand.New(rand.NewPCG(seed, 0)), conns: pipes{make(chan net.Conn), make(chan struct{})}}
	c.ledger = &ledger{t: t, asked: map[uint64]asked{}, recorded: map[string]int64{}, books: map[*account]*book{}}
	for _, d := range crowded() {
		c.ledger.configs = append(c.ledger.configs, d.Config)
	}
	s, err := New(Config{Deployments: crowded(), Seed: seed, Watch: c.ledger.watch, Record: c.ledger.record,
		Count:  func(_, text string) int { return len(text) / 3 },
		Bounds: Bounds{Body: 1 << 20, Bodies: 6 << 20, AccountStored: 64 << 10, Stored: 128 << 10, Accounts: 5}})
	if err != nil {
		t.Fatal(err)
	}
	c.s, c.ledger.s = s, s
	return c
}

// play does so many things one after another, and then waits until all is over.
func (c *crowd) play(steps int) {
	ctx, stop := context.WithCancel(c.t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, time.Hour, Endpoint{c.conns, c.s}) }()
	for step := range steps {
		time.Sleep(c.pause())
		c.step()
		synctest.Wait()
		if c.wrong(step) {
			break
		}
	}
	c.work.Wait()
	time.Sleep(30 * time.Minute) // all work is done
	synctest.Wait()
	c.wrong(steps)
	_, accounts := c.s.everyone()
	for _, a := range accounts { // nobody else is there
		if a.open != 0 || len(a.work.tasks) != 0 {
			c.t.Errorf("seed %d: in the end %s has %d requests and %d tasks", c.seed, a.name, a.open, len(a.work.tasks))
		}
	}
	if n := c.s.bodies.used.Load(); n != 0 {
		c.t.Errorf("seed %d: in the end %d bytes of requests are held", c.seed, n)
	}
	stop()
	if err := <-served; err != nil {
		c.t.Error(err)
	}
	c.ledger.recordsAgree()
}

func (c *crowd) wrong(step int) bool {
	problems := c.ledger.balance()
	for _, p := range problems[:min(3, len(problems))] {
		c.t.Errorf("seed %d, step %d, %s: %s", c.seed, step, c.done, p)
	}
	return c.t.Failed()
}

// pause draws a time, mostly of milliseconds and at times of minutes, of which no two are
// the same.
func (c *crowd) pause() time.Duration {
	longest := []time.Duration{10 * time.Millisecond, time.Second, time.Second, 10 * time.Second}[c.draws.IntN(4)]
	if c.chance(0.02) {
		longest = 20 * time.Minute
	}
	return 1 + time.Duration(c.draws.Int64N(int64(longest)))
}

func (c *crowd) chance(p float64) bool { return c.draws.Float64() < p }

// step does one thing.
func (c *crowd) step() {
	switch p := c.draws.Float64(); {
	case p < 0.01:
		c.done = "a reset"
		c.s.Reset()
	case p < 0.04:
		c.done = "other faults"
		c.ledger.setFaults(c.faults())
	case p < 0.05:
		c.done = "a look"
		c.s.State()
	case p < 0.35:
		c.done = "files and batches"
		c.send(c.filing())
	default:
		c.done = "requests"
		for range 1 + c.draws.IntN(3) {
			time.Sleep(1 + time.Duration(c.draws.IntN(1000)))
			c.send(c.asking())
		}
	}
}

// faults draws some for each deployment.
func (c *crowd) faults() [][]provider.Fault {
	lists := make([][]provider.Fault, len(c.ledger.configs))
	for i := range lists {
		for range c.draws.IntN(4) {
			f := provider.Fault{Kind: provider.FaultKind(c.draws.IntN(len(provider.FaultKinds))), Rate: c.draws.Float64() / 2, Until: clock.Never, Status: 500, To: 1}
			if ways := f.Kind.Ways(); ways != nil {
				f.How = provider.Way(c.draws.IntN(len(ways)))
			}
			switch f.Kind {
			case provider.Outage, provider.Unpaid:
				f.Until = clock.Time(time.Duration(c.draws.IntN(100)) * time.Second) // mostly over
			case provider.LimitCut:
				f.To = c.draws.Float64()
			case provider.SlowStream:
				f.To, f.BytesPerSecond = 1+c.draws.Float64(), float64(c.draws.IntN(2)*(10+c.draws.IntN(1000)))
			case provider.Reset:
				f.After = int64(c.draws.IntN(2) * c.draws.IntN(2000))
			}
			lists[i] = append(lists[i], f)
		}
	}
	return lists
}

// request is one client.
type request struct {
	key        string // empty = any
	head, body string
	pieces     int           // in which the body is sent
	stall      time.Duration // between them
	whole      bool          // all of the body is sent
	hangUp     time.Duration // after which the client goes in any case
	read       int           // bytes of the answer after which it reads no more
	then       func(key string, answer []byte)
}

// asking draws a request to a model.
func (c *crowd) asking() request {
	path, model := "/v1/chat/completions", []string{"gpt", "plain", "gpt-4o", "unknown"}[min(3, c.draws.IntN(13)/4)]
	if c.chance(0.3) {
		path, model = "/v1/messages", "claude"
	}
	size := 1 + c.draws.IntN(400)
	if c.chance(0.1) {
		size = 100_000 + c.draws.IntN(100_000) // more than is free
	}
	text := fmt.Sprintf("%d ", c.draws.Uint64()) + strings.Repeat("x", size)
	most := 1 + c.draws.IntN(500)
	streamed := c.chance(0.5)
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"max_tokens":%d,"messages":[{"role":"user","content":%q}]}`, model, streamed, most, text)
	if c.chance(0.07) {
		body = body[:len(body)-1-c.draws.IntN(20)] // malformed
	}
	c.ledger.mu.Lock()
	c.ledger.asked[maphash.String(c.s.hash, body)] = asked{uint32(estimate(text)), uint32(len(text) / 3), uint32(most), streamed}
	c.ledger.mu.Unlock()
	return c.behave(request{head: "POST " + path, body: body})
}

// filing draws a request about files and batches.
func (c *crowd) filing() request {
	c.mu.Lock()
	defer c.mu.Unlock()
	pick := func(of []owned) owned {
		switch {
		case len(of) == 0:
			return owned{"k0", "none"}
		case c.chance(0.5):
			return of[len(of)-1]
		}
		return of[c.draws.IntN(len(of))]
	}
	file, batch := pick(c.files), pick(c.batches)
	switch c.draws.IntN(9) {
	case 0, 1, 2:
		line := `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}}` + "\n"
		form := "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n" +
			strings.Repeat(line, c.draws.IntN(200)) + "\r\n--b--\r\n"
		if c.chance(0.2) {
			form = form[:c.draws.IntN(len(form))]
		}
		return c.behave(request{head: "POST /v1/files", body: form, then: c.keep(&c.files)})
	case 3, 4:
		return c.behave(request{key: file.key, head: "POST /v1/batches", then: c.keep(&c.batches),
			body: fmt.Sprintf(`{"input_file_id":%q,"endpoint":"/v1/chat/completions","completion_window":"24h","metadata":{"k":"v"}}`, file.id)})
	case 5:
		return c.behave(request{key: batch.key, head: "POST /v1/batches/" + batch.id + "/cancel"})
	case 6:
		return c.behave(request{key: file.key, head: "DELETE /v1/files/" + file.id})
	case 7:
		return c.behave(request{key: batch.key, head: "GET /v1/files/" + strings.Replace(batch.id, "batch_", "file-", 1) + "/content"})
	}
	return c.behave(request{head: "GET /v1/batches"})
}

// keep notes the id of what a client has made.
func (c *crowd) keep(all *[]owned) func(key string, answer []byte) {
	return func(key string, answer []byte) {
		var made struct{ ID string }
		if _, body, ok := bytes.Cut(answer, []byte("\r\n\r\n")); ok && json.Unmarshal(body, &made) == nil && made.ID != "" {
			c.mu.Lock()
			defer c.mu.Unlock()
			*all = append(*all, owned{key, made.ID})
		}
	}
}

// behave draws how well a client behaves.
func (c *crowd) behave(r request) request {
	if known := fmt.Sprintf("k%d", c.draws.IntN(3)); r.key == "" {
		r.key = known
		if c.chance(0.05) {
			r.key = fmt.Sprintf("new-%d", c.draws.IntN(1000))
		}
	}
	kind := "application/json"
	if strings.HasPrefix(r.body, "--b") {
		kind = "multipart/form-data; boundary=b"
	}
	r.head += fmt.Sprintf(" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", r.key, kind, len(r.body))
	r.pieces, r.whole, r.hangUp, r.read = 1, true, 15*time.Minute+c.pause(), 1<<30
	if c.chance(0.2) {
		r.pieces, r.stall = 2+c.draws.IntN(3), c.pause()
	}
	if c.chance(0.05) {
		r.whole = false
	}
	if c.chance(0.3) {
		r.hangUp = time.Duration(c.draws.Int64N(int64(20 * time.Second)))
	}
	if c.chance(0.1) {
		r.read = c.draws.IntN(3000)
	}
	return r
}

// send lets a client send its request, read the answer and go.
func (c *crowd) send(r request) {
	client, server := net.Pipe()
	c.conns.c <- server
	c.work.Go(func() {
		defer client.Close()
		gone := time.AfterFunc(r.hangUp, func() { _ = client.Close() })
		defer gone.Stop()
		c.work.Go(func() { r.write(client) })
		answer, err := io.ReadAll(io.LimitReader(client, int64(r.read)))
		if len(answer) == r.read && err == nil {
			time.Sleep(r.hangUp) // it is there, but does not read
		}
		if r.then != nil && err == nil {
			r.then(r.key, answer)
		}
	})
}

// write sends the request, or the beginning of it.
func (r *request) write(w io.Writer) {
	if _, err := io.WriteString(w, r.head); err != nil {
		return
	}
	for i := range r.pieces {
		if i > 0 {
			time.Sleep(r.stall)
		}
		if !r.whole && i == r.pieces-1 {
			return
		}
		if _, err := io.WriteString(w, r.body[len(r.body)*i/r.pieces:len(r.body)*(i+1)/r.pieces]); err != nil {
			return
		}
	}
}
