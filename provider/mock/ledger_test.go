package mock

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ratesim/provider"
	"ratesim/provider/conformance"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// ledger keeps the books of a server a second time. It knows what each request asks for,
// charges and settles it with models of its own in the plainest way, and holds the server's
// accounts against them. A server that loses, doubles or moves a charge or a settlement
// differs in a tally, in what is open, or in a reply.
type ledger struct {
	t *testing.T
	s *Server

	mu      sync.Mutex
	asked   map[uint64]asked // by the hash of the body
	books   map[*account]*book
	configs []provider.Config
	decided int
	refused int
	failed  int

	recorded map[string]int64 // tokens charged, as records say, by account and deployment
	records  int
}

// asked is what a request to a model asks for, in tokens.
type asked struct {
	guess, prompt, most uint32
	streamed            bool
}

// book is the twin of an account.
type book struct {
	models   []*provider.Model
	open     []entry // admitted, and the work is not over; the first to end first
	settled  []int64 // tokens that are charged for what is over
	attempts int64
	draws    account // for the length of answers
}

// entry is one attempt that a deployment works on.
type entry struct {
	due     clock.Time
	model   int
	attempt wire.Attempt
}

// bookOf returns the twin of a, which it makes when a is new.
func (l *ledger) bookOf(a *account) *book {
	if b := l.books[a]; b != nil {
		return b
	}
	b := &book{draws: account{key: a.key, outputs: a.outputs}, settled: make([]int64, len(l.configs))}
	var pools provider.Pools
	for i := range l.configs {
		b.models = append(b.models, provider.New(&l.configs[i], a.key.Sub(rng.Deployment, uint64(i)), &pools))
	}
	l.books[a] = b
	return b
}

// settle settles what was over by then.
func (b *book) settle(now clock.Time) {
	for len(b.open) > 0 && b.open[0].due <= now {
		e := b.open[0]
		b.open = b.open[1:]
		m := b.models[e.model]
		m.Finish(e.due, &e.attempt, false)
		b.settled[e.model] += cost(m.Config(), &e.attempt)
	}
}

// cost is what an attempt that is over counts against the limit on tokens: without
// settlement what was reserved, otherwise the prompt and what was produced, or the prompt
// alone where the limit is on input.
func cost(c *provider.Config, a *wire.Attempt) int64 {
	switch {
	case !c.Charge.Settle:
		return a.Reserved
	case c.TPM == 0:
		return int64(a.Prompt)
	}
	return int64(a.Prompt) + int64(a.Output)
}

// watch enters what a deployment has decided. It is Config.Watch.
func (l *ledger) watch(e conformance.Event) {
	if e.Deployment == "" {
		return // turned away before
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accountOf(e.Key)
	if a == nil {
		l.t.Errorf("nobody has decided about a request of %s", e.Key)
		return
	}
	b, q, model := l.bookOf(a), l.asked[e.Body], 0
	for l.s.c.Deployments[model].Name != e.Deployment {
		model++
	}
	now := clock.Time(e.At.Sub(a.zero))
	b.settle(now)
	x := wire.Attempt{Call: uint64(b.attempts), Prompt: q.guess, Guess: q.guess, MaxTokens: q.most, Streamed: q.streamed}
	b.attempts++
	x.Output = min(b.draws.length(&x), q.most)
	var r wire.Reply
	took := b.models[model].Arrive(now, &x, &r)
	if x.Admitted {
		if r.OK() {
			r.Prompt = q.prompt
			b.models[model].Tally.Billed[0].Prompt += int64(q.prompt) - int64(x.Prompt)
		}
		x.Prompt = q.prompt
		b.add(entry{now.Add(took), model, x})
	}
	if r != e.Reply {
		l.t.Errorf("%v: %s of %s was answered\n%+v, want\n%+v", now, e.Deployment, e.Key, e.Reply, r)
	}
	l.decided++
	switch {
	case r.Status == wire.StatusTooManyRequests:
		l.refused++
	case !r.OK():
		l.failed++
	}
}

// add keeps the order in which work is over, and of what is over at once that in which it
// came.
func (b *book) add(e entry) {
	i := len(b.open)
	for i > 0 && b.open[i-1].due > e.due {
		i--
	}
	b.open = append(b.open[:i:i], append([]entry{e}, b.open[i:]...)...)
}

// accountOf returns the account of that name that has decided more than its twin knows:
// after a reset there may be several, for requests that were on their way.
func (l *ledger) accountOf(name string) *account {
	l.meet()
	for a, b := range l.books {
		if a.name == name && a.decidedCount() == b.attempts+1 {
			return a
		}
	}
	return nil
}

func (a *account) decidedCount() (n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.tally {
		n += t.attempts
	}
	return n
}

// meet makes twins of new accounts.
func (l *ledger) meet() {
	_, accounts := l.s.everyone()
	for _, a := range accounts {
		l.bookOf(a)
	}
}

// setFaults changes the faults of the server and of the twins of all accounts that it
// still knows.
func (l *ledger) setFaults(lists [][]provider.Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.meet()
	if err := l.s.SetFaults(lists); err != nil {
		l.t.Fatal(err)
	}
	configs := make([]provider.Config, len(lists))
	for i := range configs {
		configs[i] = l.configs[i]
		configs[i].Faults = lists[i]
	}
	l.configs = configs
	_, accounts := l.s.everyone()
	for _, a := range accounts {
		now, b := clock.Time(time.Since(a.zero)), l.books[a]
		b.settle(now)
		for i, m := range b.models {
			m.SetFaults(now, &configs[i])
		}
	}
}

// record enters what a record says was charged. It is Config.Record.
func (l *ledger) record(r Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records++; r.Tokens != 0 {
		l.recorded[r.Account+" "+r.Deployment] += r.Tokens
	}
}

// recordsAgree holds the sums of what records say against the accounts. All work is over.
func (l *ledger) recordsAgree() {
	l.mu.Lock()
	defer l.mu.Unlock()
	charged := map[string]int64{}
	for a := range l.books {
		for _, d := range a.state(l.s) {
			if d.Charged != 0 {
				charged[a.name+" "+d.Name] += d.Charged
			}
		}
	}
	if diff := cmp.Diff(charged, l.recorded); diff != "" {
		l.t.Errorf("of %d records, charges differ from the books (-books +records):\n%s", l.records, diff)
	}
	if len(charged) < 3 || l.records < l.decided {
		l.t.Errorf("%d records of %d decided attempts, charges %v", l.records, l.decided, charged)
	}
}

// balance holds the accounts against the books. No client or server is doing anything.
func (l *ledger) balance() (problems []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.meet()
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	l.s.mu.Lock() // nobody waits for it, but the race detector cannot know
	defer l.s.mu.Unlock()
	held := int64(0)
	for a, b := range l.books {
		state := a.state(l.s)
		now := clock.Time(time.Since(a.zero))
		b.settle(now)
		for i, m := range b.models {
			reserved, working := int64(0), 0
			for _, e := range b.open {
				if e.model == i {
					working++
					reserved += e.attempt.Reserved
				}
			}
			charged, _ := m.Meter(now)
			if got := &state[i]; got.Charged != reserved+b.settled[i] || got.Charged != charged || got.Working != working {
				wrong("%v: %s of %s: charged %d with %d open; want %d for what is open + %d settled (a plain model: %d), and %d open",
					now, got.Name, a.name, got.Charged, got.Working, reserved, b.settled[i], charged, working)
			}
			if got := a.tallied(i); got != m.Tally {
				wrong("%v: %s of %s: tally %+v, want %+v", now, state[i].Name, a.name, got, m.Tally)
			}
		}
		held += a.bodies.used.Load()
		if n := a.bodies.used.Load(); a.open == 0 && n != 0 || n < 0 {
			wrong("%v: %s holds %d bytes of requests, and has %d open", now, a.name, n, a.open)
		}
	}
	if n := l.s.bodies.used.Load(); n != held {
		wrong("the server holds %d bytes of requests, its accounts %d", n, held)
	}
	return append(problems, l.stored()...)
}

func (a *account) tallied(model int) provider.Tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.models[model].Tally
}

// stored holds the room that files and batches take against what there is.
func (l *ledger) stored() (problems []string) {
	all, used := int64(0), 0
	for a := range l.books {
		kept := a.shelf.kept()
		if l.s.accounts.named[a.name] != a { // reset or forgotten
			continue
		}
		if n := a.stored.used.Load(); n != kept {
			problems = append(problems, fmt.Sprintf("%s: %d bytes count as stored, there are %d", a.name, n, kept))
		}
		all += kept
		if a.open > 0 {
			used++
		}
		if a.open < 0 || (a.place == nil) != (a.open > 0) {
			problems = append(problems, fmt.Sprintf("%s: %d requests are open, idle: %v", a.name, a.open, a.place != nil))
		}
	}
	if n := l.s.accounts.stored.used.Load(); n != all {
		problems = append(problems, fmt.Sprintf("%d bytes count as stored in all, there are %d", n, all))
	}
	if n, want := l.s.accounts.idle.Len(), len(l.s.accounts.named)-used; n != want {
		problems = append(problems, fmt.Sprintf("%d accounts count as idle, there are %d", n, want))
	}
	return problems
}

// kept returns the bytes of all files and batches.
func (s *shelf) kept() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		n += f.size()
	}
	for _, j := range s.batches {
		n += j.size()
	}
	return n
}
