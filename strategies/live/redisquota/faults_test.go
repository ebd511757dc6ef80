package redisquota_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ratesim/provider/quota"
	"ratesim/provider/wire"
	"ratesim/sim/rng"
	"ratesim/strategies/live/redisquota"
)

// Every Config that cannot be meant is refused, and the error says which field it is.
func TestConfig(t *testing.T) {
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: filepath.Join(t.TempDir(), "nobody.sock"), MaxRetries: -1})
	defer client.Close()
	good := redisquota.Config{Key: "k", Instance: "i", RPM: 1, TPM: 1}
	for field, spoil := range map[string]func(*redisquota.Config){
		"":                func(*redisquota.Config) {},
		"Config.Key":      func(c *redisquota.Config) { c.Key = "" },
		`Key is "}x"`:     func(c *redisquota.Config) { c.Key = "}x" },
		`Key is "{tag}"`:  func(c *redisquota.Config) { c.Key = "{tag}" },
		"Config.Instance": func(c *redisquota.Config) { c.Instance = "" },
		"Config.RPM":      func(c *redisquota.Config) { c.RPM = -1 },
		"Config.TPM":      func(c *redisquota.Config) { c.TPM = 1e11 + 1 },
		"are 0":           func(c *redisquota.Config) { c.RPM, c.TPM = 0, 0 },
		"Config.Burst":    func(c *redisquota.Config) { c.Burst = -time.Second },
		"Burst is 1µs":    func(c *redisquota.Config) { c.Burst = time.Microsecond },
	} {
		c := good
		spoil(&c)
		if _, err := redisquota.New(t.Context(), client, c); (err != nil) != (field != "") || err != nil && !strings.Contains(err.Error(), field) {
			t.Errorf("%q: %v", field, err)
		}
	}
}

// A server that refuses the script is told apart from one that is gone, at the start and
// later.
func TestSetup(t *testing.T) {
	client := server(t)
	if err := client.LPush(t.Context(), "{taken}:requests", "of another program").Err(); err != nil {
		t.Fatal(err)
	}
	_, err := redisquota.New(t.Context(), client, redisquota.Config{Key: "taken", Instance: "1", RPM: 60})
	if e := new(redisquota.SetupError); !errors.As(err, &e) || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("wrong type: %v", err)
	}

	k := coordinator(t, client, redisquota.Config{Key: "later", Instance: "1", RPM: 60})
	if err := client.LPush(t.Context(), "{later}:tokens", "x").Err(); err != nil {
		t.Fatal(err)
	}
	client.Del(t.Context(), "{later}:requests")
	client.LPush(t.Context(), "{later}:requests", "x")
	if _, err := k.Ask(t.Context(), wire.Ask{Requests: 1}); !errors.As(err, new(*redisquota.SetupError)) {
		t.Errorf("wrong type later: %v", err)
	}

	locked, _ := start(t, filepath.Join(t.TempDir(), "redis.sock"), "--requirepass", "secret")
	if _, err := redisquota.New(t.Context(), locked, redisquota.Config{Key: "k", Instance: "1", RPM: 60}); !errors.As(err, new(*redisquota.SetupError)) {
		t.Errorf("no password: %v", err)
	}
	wrong := redis.NewClient(&redis.Options{Network: "unix", Addr: locked.Options().Addr, Password: "guess"})
	defer wrong.Close()
	if _, err := redisquota.New(t.Context(), wrong, redisquota.Config{Key: "k", Instance: "1", RPM: 60}); !errors.As(err, new(*redisquota.SetupError)) {
		t.Errorf("wrong password: %v", err)
	}
}

// A server that accepts connections and never answers holds New up for a second, and is no
// error.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "silent.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: l.Addr().String()})
	defer client.Close()
	start := time.Now()
	if _, err := redisquota.New(context.Background(), client, redisquota.Config{Key: "k", Instance: "1", RPM: 60}); err != nil || time.Since(start) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// lossy forwards connections to a server and loses the first answer to an EVALSHA or EVAL
// while it is told to: the client sees the connection end, after the script has run.
func lossy(t *testing.T, server string) (address string, lose *atomic.Bool, lost *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "lossy.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	lose, lost = new(atomic.Bool), new(atomic.Int64)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", server)
			if err != nil {
				in.Close()
				return
			}
			go func() { _, _ = io.Copy(out, in); out.Close() }()
			go func() {
				defer in.Close()
				defer out.Close()
				r := bufio.NewReader(out)
				for {
					if _, err := r.Peek(1); err != nil {
						return
					}
					if lose.CompareAndSwap(true, false) {
						lost.Add(1)
						return
					}
					b, _ := r.Peek(r.Buffered())
					if _, err := in.Write(b); err != nil {
						return
					}
					_, _ = r.Discard(len(b))
				}
			}()
		}
	}()
	return l.Addr().String(), lose, lost
}

// An ask whose answer was lost is sent again by go-redis, and charged once: of 60 requests
// a minute the next ask gets what is due after one, not after two.
func TestRetryIsChargedOnce(t *testing.T) {
	direct := server(t)
	address, lose, lost := lossy(t, direct.Options().Addr)
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: address})
	defer client.Close()
	k := coordinator(t, client, redisquota.Config{Key: "once", Instance: "1", RPM: 60, Burst: time.Millisecond})
	began := time.Now()
	lose.Store(true)
	first := ask(t, k, wire.Ask{Requests: 1, Within: time.Minute})
	if lost.Load() != 1 {
		t.Fatalf("%d answers were lost, want 1", lost.Load())
	}
	second := ask(t, k, wire.Ask{Requests: 1, Within: time.Minute})
	if !first.OK() || first.RetryAfter > time.Second {
		t.Errorf("first: %+v", first)
	}
	if least, most := 2*time.Second-time.Since(began)-100*time.Millisecond, 2*time.Second; !second.OK() || second.RetryAfter < least || second.RetryAfter > most {
		t.Errorf("second: a grant in %v, want %v to %v", second.RetryAfter, least, most)
	}
}

// A server that restarts empty, while instances ask, costs what provider/quota derives and no
// more: in no span of L seconds are more than B + r L + r W requests granted. The quota is
// r = 100 a second with a burst of B = 300, and asks wait for W = 0.5 s at most. The 300
// have been gained and spent before the restart; a server that granted them again would
// pass the bound by 250.
func TestRestart(t *testing.T) {
	const (
		rate, burst = 100, 3 * time.Second
		within      = 500 * time.Millisecond
	)
	socket := filepath.Join(t.TempDir(), "redis.sock")
	client, end := start(t, socket)
	k := coordinator(t, client, redisquota.Config{Key: "restart", Instance: "1", RPM: 60 * rate, Burst: burst})
	time.Sleep(burst + 100*time.Millisecond)
	var grants []time.Time
	asking := func(k *redisquota.Coordinator, d time.Duration) (at int) {
		for until := time.Now().Add(d); time.Now().Before(until); time.Sleep(time.Millisecond) {
			if r, err := k.Ask(t.Context(), wire.Ask{Requests: 1, Within: within}); err == nil && r.OK() {
				grants = append(grants, time.Now().Add(r.RetryAfter))
			}
		}
		return len(grants)
	}
	before := asking(k, time.Second)
	if least := 300 + rate; before < least {
		t.Errorf("%d grants within a second of a full burst, want at least %d", before, least)
	}
	end()
	client, _ = start(t, socket) // as the client of k would connect anew
	k = coordinator(t, client, redisquota.Config{Key: "restart", Instance: "1", RPM: 60 * rate, Burst: burst})
	if after := asking(k, time.Second) - before; after < rate {
		t.Errorf("%d grants within a second of the restart, want at least %d", after, rate)
	}
	slices.SortFunc(grants, time.Time.Compare)
	const late = rate / 10 // an answer comes up to 0.1 s after the decision
	for i := range grants {
		for j := i; j < len(grants); j++ {
			span := grants[j].Sub(grants[i]).Seconds()
			if most := 300 + rate*span + rate*within.Seconds() + late; float64(j-i+1) > most {
				t.Fatalf("%d grants within %v s, want at most %v", j-i+1, span, most)
			}
		}
	}
}

// A quota begins without its burst, as in the simulation: of 60,000 tokens a minute with a
// burst of a minute 1,000 are granted for 1 s after the beginning, and the next 500 for 0.5 s
// after them.
func TestBegins(t *testing.T) {
	client := server(t)
	began := time.Now()
	k := coordinator(t, client, redisquota.Config{Key: "begins", Instance: "1", TPM: 60_000})
	simulated := quota.New(&quota.Config{TPM: 60_000, Burst: quota.DefaultBurst}, rng.New(1, 0))
	for _, tokens := range []int64{1000, 500} {
		q := wire.Ask{Tokens: tokens, Within: time.Minute}
		live := ask(t, k, q)
		var same wire.Reply
		simulated.Ask(0, &q, &same)
		if passed := time.Since(began); live.RetryAfter > same.RetryAfter || live.RetryAfter < same.RetryAfter-passed {
			t.Errorf("%d tokens are granted in %v, %v after the beginning, and simulated in %v", tokens, live.RetryAfter, passed, same.RetryAfter)
		}
	}
}
