package bench

import (
	"context"
	"time"

	"ratesim/provider/quota"
	"ratesim/provider/wire"
)

// desk is where one instance asks the coordinator of the scenario, which is in
// this process, as far away as the scenario says.
type desk struct {
	run      *run
	of       *quota.Coordinator
	instance uint32
}

// Ask implements live.Coordinator. What is granted is granted, although the
// instance may have given up by then.
func (d *desk) Ask(ctx context.Context, q wire.Ask) (wire.Reply, error) {
	q.From = d.instance
	way := time.Duration(float64(d.of.Way(&q)) / d.run.p.Speed)
	type answer struct {
		reply wire.Reply
		took  time.Duration
	}
	answers := make(chan answer, 1)
	d.run.errands.Go(func() {
		time.Sleep(way)
		d.run.mu.Lock()
		defer d.run.mu.Unlock()
		d.run.run.Asks++
		var a answer
		a.took = d.of.Ask(d.run.now(), &q, &a.reply)
		answers <- a
	})
	select {
	case a := <-answers:
		if !sleep(ctx, time.Now().Add(time.Duration(float64(a.took)/d.run.p.Speed)+way)) {
			return wire.Reply{}, ctx.Err()
		}
		return a.reply, nil
	case <-ctx.Done():
		return wire.Reply{}, ctx.Err()
	}
}
