// Package redisquota is a coordinator in Redis or Valkey. Instances that use the same
// key share a quota, on whatever machines they run. A script does in Redis what
// provider/quota does in the simulator: it grants times by GCRA and leases shares.
package redisquota

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"ratesim/provider/wire"
)

//go:embed quota.lua
var source string

// Config says what is shared, and by whom.
type Config struct {
	Key      string // of the quota: the same for all that share it
	Instance string // who asks: one of its own for each
	RPM, TPM int64  // what is handed out a minute, up to 1e11; 0 = no bound
	// Burst is what may be spent at once, as the time in which the quota gives
	// it; 0 = a minute.
	Burst time.Duration
}

// Coordinator implements live.Coordinator. It is safe for concurrent use.
type Coordinator struct {
	client redis.Scripter
	config Config
	keys   []string
	script *redis.Script
}

// New returns a coordinator for one instance. The client's timeouts and retries
// are its own; live.Options.Patience bounds them.
func New(client redis.Scripter, c Config) *Coordinator {
	if c.Burst == 0 {
		c.Burst = time.Minute
	}
	key := "{" + c.Key + "}" // all on one node of a cluster
	return &Coordinator{client: client, config: c, script: redis.NewScript(source),
		keys: []string{key + ":requests", key + ":tokens", key + ":leases"}}
}

// What the script answers beside HTTP's 200 and 429.
const tooLarge = 413

// Ask decides by the clock of the Redis server, to the microsecond.
func (k *Coordinator) Ask(ctx context.Context, q wire.Ask) (wire.Reply, error) {
	c := &k.config
	got, err := k.script.Run(ctx, k.client, k.keys, c.RPM, c.TPM, c.Burst.Microseconds(), q.Requests, q.Tokens, q.Within.Microseconds(),
		q.BackRequests, q.BackTokens, q.Lease.Microseconds(), c.Instance).Int64Slice()
	if err == nil && len(got) != 4 {
		err = fmt.Errorf("%d values", len(got))
	}
	if err != nil {
		return wire.Reply{}, fmt.Errorf("redisquota: asking %s: %w", c.Key, err)
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
