package redisquota_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ratesim/provider/wire"
	"ratesim/sim/rng"
	"ratesim/strategies"
	"ratesim/strategies/catalog"
	"ratesim/strategies/live"
	"ratesim/strategies/live/redisquota"
)

// server starts a Redis or Valkey of the test's own, on a socket of a name that is free.
func server(t *testing.T) *redis.Client {
	t.Helper()
	client, _ := start(t, filepath.Join(t.TempDir(), "redis.sock"))
	return client
}

// start starts a server and returns a function that ends it.
func start(t *testing.T, socket string, args ...string) (client *redis.Client, end func()) {
	t.Helper()
	var path string
	for _, name := range []string{"redis-server", "valkey-server"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
		}
	}
	if path == "" {
		t.Skip("neither redis-server nor valkey-server is installed: apt-get install redis-server")
	}
	cmd := exec.Command(path, append([]string{"--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	client = redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
	end = sync.OnceFunc(func() {
		client.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(end)
	for range 100 {
		var answer redis.Error
		if err := client.Ping(t.Context()).Err(); err == nil || errors.As(err, &answer) {
			return client, end
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the server does not answer")
	return nil, nil
}

func coordinator(t *testing.T, client redis.Scripter, c redisquota.Config) *redisquota.Coordinator {
	t.Helper()
	k, err := redisquota.New(t.Context(), client, c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ask(t *testing.T, c *redisquota.Coordinator, q wire.Ask) wire.Reply {
	t.Helper()
	r, err := c.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Grants follow GCRA: of 60,000 tokens a minute, 1,000 a second, with a burst of
// two seconds, asks of 1,000 are granted for now, now, in 1 s, in 2 s and so on,
// less the time that has passed, whoever asks.
func TestGrants(t *testing.T) {
	client := server(t)
	var c [2]*redisquota.Coordinator
	for i := range c {
		c[i] = coordinator(t, client, redisquota.Config{Key: "grants", Instance: fmt.Sprint(i), TPM: 60_000, Burst: 2 * time.Second})
	}
	time.Sleep(2 * time.Second) // until the burst has been gained
	start := time.Now()
	within := func(r wire.Reply, want time.Duration) {
		t.Helper()
		if least := want - time.Since(start); !r.OK() || r.RetryAfter > want || r.RetryAfter < least {
			t.Errorf("%+v, want a grant in %v to %v", r, least, want)
		}
	}
	for i := range 6 {
		within(ask(t, c[i%2], wire.Ask{Tokens: 1000, Within: time.Minute}), time.Duration(max(0, i-1))*time.Second)
	}
	// Of 6,000 are 2,500 given back: there is room for 1,000 in 2.5 s.
	within(ask(t, c[0], wire.Ask{Tokens: 1000, Within: time.Minute, BackTokens: 2500}), 2500*time.Millisecond)
	// A large one waits until nothing is owed.
	within(ask(t, c[1], wire.Ask{Tokens: 30_000, Within: time.Minute}), 4500*time.Millisecond)
	if r := ask(t, c[0], wire.Ask{Tokens: 1, Within: time.Second}); r.Status != 429 || r.Limit != wire.NoLimit || r.RetryAfter < 30*time.Second {
		t.Errorf("%+v, want a refusal", r)
	}
	if r := ask(t, c[0], wire.Ask{Tokens: 60_001, Within: time.Hour}); r.Status != 429 || r.Limit != wire.Oversize {
		t.Errorf("%+v, want oversize", r)
	}
}

// Leases never add up to more than the quota, and end up alike.
func TestLeases(t *testing.T) {
	client := server(t)
	draw := rand.New(rand.NewPCG(1, 2))
	type held struct {
		until            time.Time
		requests, tokens int64
	}
	leases := map[int]held{}
	var last [5]int64
	for i := range 300 {
		who := draw.IntN(5)
		c := coordinator(t, client, redisquota.Config{Key: "leases", Instance: fmt.Sprint(who), RPM: 500, TPM: 30_000})
		q := wire.Ask{Requests: draw.Int64N(1000), Tokens: draw.Int64N(1e9), Lease: time.Duration(20+draw.IntN(50)) * time.Millisecond}
		if i > 270 {
			who = i % 5
			c = coordinator(t, client, redisquota.Config{Key: "leases", Instance: fmt.Sprint(who), RPM: 500, TPM: 30_000})
			q = wire.Ask{Requests: 7, Tokens: 900, Lease: time.Minute}
		}
		asked := time.Now()
		r := ask(t, c, q)
		leases[who] = held{asked.Add(q.Lease), r.Requests.Remaining, r.Tokens.Remaining}
		last[who] = r.Tokens.Remaining
		requests, tokens := int64(0), int64(0)
		for _, l := range leases {
			if l.until.After(time.Now()) {
				requests, tokens = requests+l.requests, tokens+l.tokens
			}
		}
		if requests > 500 || tokens > 30_000 {
			t.Fatalf("%d requests and %d tokens a minute are leased", requests, tokens)
		}
		if i == 270 {
			time.Sleep(80 * time.Millisecond) // until all have ended
		}
	}
	for _, share := range last {
		if share != 6000 {
			t.Errorf("shares %v, want 6000 each", last)
		}
	}
}

type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// Two instances of shared, as a service runs them, send what the quota gives and
// no more: of 600 requests a minute with hardly a burst, one every 100 ms.
func TestShared(t *testing.T) {
	client := server(t)
	entry, _ := catalog.Find("shared")
	env := strategies.Env{Key: rng.New(1, 0), Deployments: []strategies.Deployment{{Name: "main", RPM: 600, Coordinated: true}}}
	factory, problems := entry.Build(nil, env)
	if problems != nil {
		t.Fatal(problems)
	}
	var mu sync.Mutex
	var sent []time.Time
	base := answering(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, time.Now())
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	})
	start := time.Now()
	var calls sync.WaitGroup
	for i := range 2 {
		transport := live.New(factory(env), live.Options{Base: base,
			Coordinator: coordinator(t, client, redisquota.Config{Key: "shared", Instance: fmt.Sprint(i), RPM: 600, Burst: time.Millisecond})})
		for range 5 {
			calls.Go(func() {
				r, _ := http.NewRequest(http.MethodPost, "http://example.test", strings.NewReader("{}"))
				if response, err := transport.RoundTrip(r); err != nil || response.StatusCode != 200 {
					t.Error(response, err)
				}
			})
		}
	}
	calls.Wait()
	if len(sent) != 10 {
		t.Fatalf("%d attempts, want 10", len(sent))
	}
	for i, at := range sent { // they may be late, never early
		if least := start.Add(time.Duration(i) * 100 * time.Millisecond); at.Before(least) {
			t.Errorf("attempt %d was sent %v early", i, least.Sub(at))
		}
	}
}

// A server that is gone is an error, and the strategy does without it.
func TestGone(t *testing.T) {
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: filepath.Join(t.TempDir(), "nobody.sock"), MaxRetries: -1})
	defer client.Close()
	if _, err := coordinator(t, client, redisquota.Config{Key: "gone", Instance: "1", RPM: 1}).Ask(t.Context(), wire.Ask{Requests: 1}); err == nil || !strings.Contains(err.Error(), "asking gone") {
		t.Errorf("error %v", err)
	}
}
