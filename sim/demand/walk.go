package demand

import (
	"context"
	"fmt"
	"slices"

	"ratesim/scenarios"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/queue"
	"ratesim/sim/rng"
)

// Survey is what the calls of one replication ask for.
type Survey struct {
	Calls int64
	// MostFirst and MostAll bound how many of them any client could have had
	// succeed, on the first deployment alone and on all of them; None if there is
	// no such bound.
	MostFirst, MostAll int64
	Load               *Load // of the first deployment
}

// None stands for a bound that there is not: how many calls a closed workload
// makes depends on the client.
const None = -1

// Look walks through the arrivals of a replication.
func Look(ctx context.Context, s *scenarios.Spec, seed uint64, replication int) (*Survey, error) {
	key := rng.New(seed, replication)
	sources, err := workload.Open(s.Workload, key, clock.Time(s.Duration))
	if err != nil {
		return nil, fmt.Errorf("demand of replication %d: %w", replication, err)
	}
	if slices.ContainsFunc(sources, isClosed) {
		return &Survey{MostFirst: None, MostAll: None, Load: &Load{}}, nil
	}
	w, err := newWalk(s, key, sources)
	if err == nil {
		err = w.walk(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("demand of replication %d: %w", replication, err)
	}
	return w.survey(), nil
}

func isClosed(s workload.Source) bool {
	_, closed := s.(workload.Closed)
	return closed
}

// The events of a walk, in the upper bits of their data.
const (
	arrival = iota << 62 // index: stream
	ending               // a call can be admitted no later; index: pending
	turning              // the conditions of a deployment change; index: deployment
	index   = 1<<32 - 1
)

// walk is one replication.
type walk struct {
	spec        *scenarios.Spec
	end         clock.Time
	sources     []workload.Source
	next        []workload.Arrival // of each source
	deployments []*deployment
	bounds      []bound // on the first deployment, and on all if there are more
	load        *load
	events      queue.Queue
	pending     pending
	calls       uint64
}

func newWalk(s *scenarios.Spec, key rng.Key, sources []workload.Source) (*walk, error) {
	w := &walk{spec: s, end: clock.Time(s.Duration).Add(s.Drain), sources: sources, next: make([]workload.Arrival, len(sources))}
	for i := range s.Deployments {
		w.deployments = append(w.deployments, newDeployment(s, i, key))
	}
	for i := range sources {
		w.fetch(i)
	}
	w.load = newLoad(s, w.deployments[0])
	w.pending.width = len(w.load.limits)
	if err := sample(s, w.deployments, key); err != nil {
		return nil, err
	}
	w.bounds = append(w.bounds, bound{deployments: w.deployments[:1], kinds: alone(w.deployments[0])})
	if len(w.deployments) > 1 {
		w.bounds = append(w.bounds, bound{deployments: w.deployments, kinds: together(s, w.deployments)})
	}
	for i := range w.bounds {
		w.pending.width += len(w.bounds[i].kinds)
	}
	for i := range w.deployments {
		w.watch(i)
	}
	return w, nil
}

// fetch puts the next arrival of a stream into the queue, for the time at which
// it can reach a deployment.
func (w *walk) fetch(stream int) {
	if a := &w.next[stream]; w.sources[stream].Next(a) {
		w.events.Push(a.At.Add(w.deployments[0].way), arrival|uint64(stream))
	}
}

// watch puts the next change of a deployment's conditions into the queue.
func (w *walk) watch(i int) {
	if at := w.deployments[i].now().until; at <= w.end {
		w.events.Push(at, turning|uint64(i))
	}
}

// checkEvery is how many events pass between looks at the context.
const checkEvery = 1 << 14

func (w *walk) walk(ctx context.Context) error {
	for n := 1; ; n++ {
		e, ok := w.events.Pop()
		if !ok {
			break
		}
		switch i := int(e.Data & index); e.Data &^ index {
		case arrival:
			w.arrive(e.At, i)
		case ending:
			w.finish(e.At, i)
		case turning:
			w.turn(e.At, i)
		}
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for _, source := range w.sources {
		if err := source.Err(); err != nil {
			return err
		}
	}
	for i := range w.bounds {
		w.bounds[i].close(w.end)
	}
	w.load.close(w.end)
	return nil
}

// arrive takes down the call of a stream that can be admitted from now on.
func (w *walk) arrive(now clock.Time, stream int) {
	a := &w.next[stream]
	due := clock.Time(0)
	for _, d := range w.deployments {
		d.look(a, w.spec.Workload[stream].Cached, now)
		if d.can {
			due = max(due, d.due)
		}
	}
	late := a.Deadline >= w.end || w.pending.full()
	slot, cells := w.pending.get(w.calls)
	counts := w.load.arrive(now, w.calls, late, cells)
	cells = cells[len(w.load.limits):]
	for i := range w.bounds {
		b := &w.bounds[i]
		counts = b.arrive(now, w.calls, late, cells[:len(b.kinds)]) || counts
		cells = cells[len(b.kinds):]
	}
	w.calls++
	if late || !counts || due == 0 {
		w.pending.put(slot)
	} else {
		w.events.Push(due+1, ending|uint64(slot)) // after whatever changes at due
	}
	w.fetch(stream)
}

// finish takes up a call at the latest time at which it can be admitted.
func (w *walk) finish(now clock.Time, slot int) {
	n, cells := w.pending.at(slot)
	w.load.finish(now, n, cells)
	cells = cells[len(w.load.limits):]
	for i := range w.bounds {
		b := &w.bounds[i]
		b.end(now, n, cells[:len(b.kinds)])
		cells = cells[len(b.kinds):]
	}
	w.pending.put(slot)
}

func (w *walk) turn(now clock.Time, i int) {
	d := w.deployments[i]
	for j := range w.bounds {
		w.bounds[j].change(d, now, true)
	}
	if i == 0 {
		w.load.change(now, true)
	}
	d.next()
	d.apply()
	for j := range w.bounds {
		w.bounds[j].change(d, now, false)
	}
	if i == 0 {
		w.load.change(now, false)
	}
	w.watch(i)
}

func (w *walk) survey() *Survey {
	s := &Survey{Calls: int64(w.calls), Load: w.load.sum()}
	last := &w.bounds[len(w.bounds)-1]
	s.MostAll = s.Calls - last.hopeless - last.lost
	// Who may use all deployments may also use the first alone.
	s.MostFirst = min(s.MostAll, s.Calls-w.bounds[0].hopeless-w.bounds[0].lost)
	return s
}

// pending holds the cells of calls between their arrival and the time at which
// they can be admitted no later, in memory that is reused.
type pending struct {
	width  int
	cells  []uint16
	number []uint64
	unused []int
}

// mostPending bounds the memory of pending: calls above it are taken to have all
// the time of the run, which makes the bound higher, and so never wrong.
const mostPending = 1 << 20

func (p *pending) full() bool { return len(p.number)-len(p.unused) >= mostPending }

func (p *pending) get(number uint64) (slot int, cells []uint16) {
	if n := len(p.unused); n > 0 {
		slot = p.unused[n-1]
		p.unused = p.unused[:n-1]
	} else {
		slot = len(p.number)
		p.number = append(p.number, 0)
		for range p.width {
			p.cells = append(p.cells, 0)
		}
	}
	p.number[slot] = number
	_, cells = p.at(slot)
	return slot, cells
}

func (p *pending) at(slot int) (number uint64, cells []uint16) {
	return p.number[slot], p.cells[slot*p.width : (slot+1)*p.width]
}

func (p *pending) put(slot int) { p.unused = append(p.unused, slot) }
