// Package redisquota is a coordinator in Redis or Valkey. Instances that use the same
// key share a quota, on whatever machines they run. A script does in Redis what
// provider/quota does in the simulator: it grants times by GCRA and leases shares.
//
// # When Redis restarts empty
//
// A quota that Redis does not know begins without its burst, and gains that over the time
// Config.Burst. So nothing is granted twice at the moment of a restart. What was granted
// before, for times to come, is still spent: for as long as the instances may wait for a
// grant (wait_timeout of shared) or hold a lease (length of lease), up to twice the quota
// may be sent. Package provider/quota says how much that is, and why. The same holds for a
// failover that loses the latest writes. Redis keeps a quota that nobody asks for a day; after
// that its burst is gained anew.
package redisquota

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"ratesim/provider/wire"
)

//go:embed quota.lua
var source string

// Config says what is shared, and by whom.
type Config struct {
	Key      string // of the quota: the same for all that share it; without braces
	Instance string // who asks: a name of its own for each, or two get the share of one twice
	RPM, TPM int64  // what is handed out a minute, up to 1e11; 0 = no bound, of one of them
	// Burst is what may be spent at once, as the time in which the quota gives
	// it; 0 = a minute.
	Burst time.Duration
}

// The most that a quota may be. The script counts in floating point, to the microsecond.
const (
	maxRate  = 100_000_000_000
	maxBurst = 24 * time.Hour
)

// check returns what is wrong with a Config, all of it.
func (c *Config) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("redisquota: "+format, args...)) }
	if c.Key == "" {
		wrong("Config.Key is empty: name the quota, the same for all that share it")
	}
	if strings.ContainsAny(c.Key, "{}") {
		wrong("Config.Key is %q: it may have no braces, because the hash tag of a Redis Cluster is made of it", c.Key)
	}
	if c.Instance == "" {
		wrong("Config.Instance is empty: give each instance a name of its own, such as its host and process")
	}
	if c.RPM < 0 || c.RPM > maxRate || c.TPM < 0 || c.TPM > maxRate {
		wrong("Config.RPM is %d and Config.TPM is %d: 0 to 1e11 are possible", c.RPM, c.TPM)
	}
	if c.RPM == 0 && c.TPM == 0 {
		wrong("Config.RPM and Config.TPM are 0: there is nothing to share")
	}
	if c.Burst != 0 && (c.Burst < time.Millisecond || c.Burst > maxBurst) {
		wrong("Config.Burst is %v: 1ms to 24h are possible, 0 means a minute", c.Burst)
	}
	return errors.Join(errs...)
}

// Coordinator implements live.Coordinator. It is safe for concurrent use.
type Coordinator struct {
	client redis.Scripter
	config Config
	keys   []string
	script *redis.Script
	nonce  string // no other Coordinator has it
	asks   atomic.Uint64
}

// New returns a coordinator for one instance. It asks Redis once, for nothing, for at most
// a second. New returns an error when the Config cannot be meant, or when Redis refuses the
// script, because of a wrong password for example. When Redis cannot be reached it returns
// none: a service that starts during an outage does as one that runs.
//
// The client's timeouts and retries are its own; live.Options.Patience bounds them. An ask
// that the client sends again is charged once.
func New(ctx context.Context, client redis.Scripter, c Config) (*Coordinator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Burst == 0 {
		c.Burst = time.Minute
	}
	key := "{" + c.Key + "}" // all on one node of a cluster
	k := &Coordinator{client: client, config: c, script: redis.NewScript(source), nonce: rand.Text(),
		keys: []string{key + ":requests", key + ":tokens", key + ":leases", key + ":ask:"}}
	refused := make(chan error, 1)
	go func() { // go-redis hears a context only if it is told to
		_, err := k.Ask(ctx, wire.Ask{})
		refused <- err
	}()
	select {
	case err := <-refused:
		if errors.As(err, new(*SetupError)) {
			return nil, err
		}
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return k, nil
}

// SetupError says that Redis answers, but refuses the script: asking again does not help.
type SetupError struct{ Cause error }

func (e *SetupError) Error() string { return e.Cause.Error() }
func (e *SetupError) Unwrap() error { return e.Cause }

// Misconfigured tells live.Transport to fail the calls that ask.
func (e *SetupError) Misconfigured() bool { return true }

// passing are the beginnings of the errors of a Redis server that will answer in a while.
var passing = []string{"LOADING", "BUSY", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "TRYAGAIN", "NOREPLICAS", "MISCONF", "OOM", "ASK",
	"UNBLOCKED", "ERR max number of clients"}

// setup reports whether an error is the answer of a server that will answer so again.
func setup(err error) bool {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return false
	}
	return !slices.ContainsFunc(passing, func(p string) bool { return strings.HasPrefix(answer.Error(), p) })
}

// What the script answers beside HTTP's 200 and 429.
const tooLarge = 413

// Ask decides by the clock of the Redis server, to the microsecond.
func (k *Coordinator) Ask(ctx context.Context, q wire.Ask) (wire.Reply, error) {
	c := &k.config
	id := k.keys[3] + k.nonce + ":" + strconv.FormatUint(k.asks.Add(1), 36)
	got, err := k.script.Run(ctx, k.client, []string{k.keys[0], k.keys[1], k.keys[2], id}, c.RPM, c.TPM, c.Burst.Microseconds(), q.Requests, q.Tokens, q.Within.Microseconds(),
		q.BackRequests, q.BackTokens, q.Lease.Microseconds(), c.Instance).Int64Slice()
	if err == nil && len(got) != 4 {
		err = fmt.Errorf("%d values", len(got))
	}
	if err != nil {
		known := setup(err)
		err = fmt.Errorf("redisquota: asking %s: %w", c.Key, err)
		if known {
			err = &SetupError{err}
		}
		return wire.Reply{}, err
	}
	r := wire.Reply{Status: int(got[0]), RetryAfter: time.Duration(got[1]) * time.Microsecond, Requests: wire.NoQuota, Tokens: wire.NoQuota}
	if r.Status == tooLarge {
		r.Status, r.Limit, r.RetryAfter = wire.StatusTooManyRequests, wire.Oversize, wire.Absent
	}
	if q.Lease > 0 {
		r.RetryAfter = wire.Absent
		if c.RPM > 0 {
			r.Requests = wire.Quota{Limit: c.RPM, Remaining: got[2], Reset: q.Lease}
		}
		if c.TPM > 0 {
			r.Tokens = wire.Quota{Limit: c.TPM, Remaining: got[3], Reset: q.Lease}
		}
	}
	return r, nil
}
