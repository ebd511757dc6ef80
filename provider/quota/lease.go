package quota

import (
	"ratesim/provider/wire"
	"ratesim/sim/clock"
)

// lease is what one instance holds.
type lease struct {
	until clock.Time // it holds nothing from then on
	want  amount
	share amount // a minute
}

// amount is a number of requests and of tokens.
type amount struct{ requests, tokens int64 }

// lease gives the asker a share of the quota in proportion to what it wants
// among all that hold a lease: all of the quota is handed out, also to those who
// want less. But never more than the leases of others leave, which they keep as
// they are until they end or are renewed: a share that shrinks does so when its
// holder asks again. So shares never add up to more than the quota.
//
// (Doorman calls this proportional share. Its own gives no more than is
// wanted, which leaves nothing for a burst between two asks.)
func (c *Coordinator) lease(now clock.Time, q *wire.Ask, r *wire.Reply) {
	for int(q.From) >= len(c.leases) {
		c.leases = append(c.leases, lease{})
	}
	own := &c.leases[q.From]
	*own = lease{}
	want := amount{max(0, q.Requests), max(0, q.Tokens)}
	wants, held := want, amount{}
	for i := range c.leases {
		l := &c.leases[i]
		if l.until <= now {
			continue
		}
		wants.requests += l.want.requests
		wants.tokens += l.want.tokens
		held.requests += l.share.requests
		held.tokens += l.share.tokens
	}
	*own = lease{now.Add(q.Lease), want, amount{
		share(c.requests.minute, want.requests, wants.requests, held.requests),
		share(c.tokens.minute, want.tokens, wants.tokens, held.tokens),
	}}
	r.Requests = told(c.requests.minute, own.share.requests, q)
	r.Tokens = told(c.tokens.minute, own.share.tokens, q)
}

// share returns the part of all that is want of wants, at most what is not held.
func share(all, want, wants, held int64) int64 {
	if wants == 0 {
		return 0
	}
	return max(0, min(int64(float64(all)*(float64(want)/float64(wants))), all-held))
}

func told(all, share int64, q *wire.Ask) wire.Quota {
	if all == 0 {
		return wire.NoQuota
	}
	return wire.Quota{Limit: all, Remaining: share, Reset: q.Lease}
}
