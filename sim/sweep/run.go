package sweep

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"ratesim/scenarios"
	"ratesim/sim"
	"ratesim/sim/metrics"
	"ratesim/sim/sweep/cells"
	"ratesim/sim/verdict"
)

// Options says how the cells of a plan are run.
type Options struct {
	Shard Shard
	// Timeout is how long a cell may take; 0 = as long as it likes. What a cell's result is
	// does not depend on it.
	Timeout time.Duration
	// Most ends the run after so many cells; 0 = all. A dry run measures few.
	Most int
	// Progress, if not nil, is told after each cell how many of how many are done, from one
	// goroutine at a time.
	Progress func(done, of int)
	// Failed, if not nil, is told which cell failed and why, from one goroutine at a time.
	Failed func(error)
}

// Done is what became of the cells of a shard.
type Done struct {
	Cells  int   // of the shard
	There  int   // had been run before
	Ran    int   // were run now
	Failed int   // could not be run or stored
	Bytes  int64 // of those that were run now
}

// maxRefused is after how many failed cells in a row that all could not be stored nothing
// more is tried: the store is full, or refuses.
const maxRefused = 20

// Run runs the cells of a shard that are not in the store, on all cores, and stores each of
// them when it is done. A cell that fails is told and left out, and the others go on. It
// returns an error when ctx is cancelled, or the store cannot be read or takes nothing.
// Memory holds the cells that are being run, and the hashes of those that are there.
func Run(ctx context.Context, p *Plan, store *cells.Store, o Options) (Done, error) {
	names, err := store.List(ctx, true)
	if err != nil {
		return Done{}, err
	}
	r := &running{plan: p, store: store, options: o, there: make(map[string]bool, len(names))}
	for _, name := range names {
		r.there[name] = true
	}
	if err := r.count(); err != nil {
		return Done{}, err
	}
	ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for axes, id, ok := r.next(ctx); ok; axes, id, ok = r.next(ctx) {
				n, err := r.cell(ctx, axes, id)
				r.tell(ctx, axes, n, err)
			}
		})
	}
	workers.Wait()
	return r.done, context.Cause(ctx)
}

// running is a shard that is being run.
type running struct {
	plan    *Plan
	store   *cells.Store
	options Options
	there   map[string]bool
	cancel  context.CancelCauseFunc

	mu      sync.Mutex
	at      int // the next cell of the plan
	begun   int
	refused int // cells in a row that could not be stored
	done    Done
}

// count finds out how many cells the shard has, and how many of them are there.
func (r *running) count() error {
	for i := range r.plan.Len() {
		id, err := r.plan.Identity(r.plan.Axes(i))
		if err != nil {
			return err
		}
		if hash := id.Hash(); r.options.Shard.Has(hash) {
			r.done.Cells++
			if r.there[hash] {
				r.done.There++
			}
		}
	}
	return nil
}

// next takes the next cell that is to be run.
func (r *running) next(ctx context.Context) ([]cells.Setting, cells.Identity, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.at < r.plan.Len() && ctx.Err() == nil && (r.options.Most == 0 || r.begun < r.options.Most) {
		axes := r.plan.Axes(r.at)
		r.at++
		id, err := r.plan.Identity(axes)
		if err != nil {
			r.cancel(err)
			break
		}
		if hash := id.Hash(); r.options.Shard.Has(hash) && !r.there[hash] {
			r.begun++
			return axes, id, true
		}
	}
	return nil, cells.Identity{}, false
}

// errStore says that a cell was run and could not be stored.
var errStore = errors.New("the result could not be stored")

// cell runs and stores a cell and returns how many bytes it has.
func (r *running) cell(ctx context.Context, axes []cells.Setting, id cells.Identity) (int, error) {
	limited, stop := ctx, func() {}
	if r.options.Timeout > 0 {
		limited, stop = context.WithTimeoutCause(ctx, r.options.Timeout, fmt.Errorf("not finished after %v, the time that a cell may take", r.options.Timeout))
	}
	defer stop()
	spec, err := r.plan.read(axes)
	if err != nil {
		return 0, err
	}
	outcomes, err := Replicate(limited, spec, id.Seed, id.Replications)
	if err != nil {
		if cause := context.Cause(limited); cause != nil {
			err = cause
		}
		return 0, err
	}
	n, err := r.store.Put(ctx, &cells.Cell{Identity: id, Name: r.plan.name, Axes: axes, Judge: verdict.Of(spec), Outcomes: outcomes})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errStore, err)
	}
	return n, nil
}

// tell counts a cell that has been run.
func (r *running) tell(ctx context.Context, axes []cells.Setting, bytes int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && ctx.Err() != nil {
		return // it was interrupted
	}
	if err == nil {
		r.done.Ran++
		r.done.Bytes += int64(bytes)
		r.refused = 0
	} else {
		r.done.Failed++
		if r.options.Failed != nil {
			r.options.Failed(fmt.Errorf("the cell %s: %w", cells.Title(axes), err))
		}
		if r.refused++; !errors.Is(err, errStore) {
			r.refused = 0
		}
		if r.refused >= maxRefused {
			r.cancel(fmt.Errorf("%d results in a row could not be stored; nothing more was tried", maxRefused))
		}
	}
	if r.options.Progress != nil {
		r.options.Progress(r.done.There+r.done.Ran+r.done.Failed, r.done.Cells)
	}
}

// Replicate runs every strategy of a scenario in so many replications, one after the other.
func Replicate(ctx context.Context, s *scenarios.Spec, seed uint64, replications int) ([]metrics.Outcome, error) {
	outcomes := make([]metrics.Outcome, len(s.Strategies))
	for i := range s.Strategies {
		k := &s.Strategies[i]
		outcomes[i] = metrics.Outcome{Name: k.Name, Bound: k.Omniscient, Rank: k.Rank}
		for rep := range replications {
			if err := context.Cause(ctx); err != nil {
				return nil, err
			}
			// What happens over time is not stored, so it is kept as coarsely as can be.
			run, err := sim.Run(ctx, sim.Plan{Scenario: s, Strategy: k, Seed: seed, Replication: rep, Resolution: metrics.Resolution{Steps: 2}})
			if err != nil {
				return nil, err
			}
			outcomes[i].Runs = append(outcomes[i].Runs, run)
		}
	}
	return outcomes, nil
}
