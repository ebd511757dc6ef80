package prompts

import (
	"container/heap"
	"time"

	"ratesim/provider"
	"ratesim/provider/wire"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// sender is a client that sends requests in order, each as soon as all limits of a deployment
// have room for it, and is never refused. The deployment is the model that the simulator
// runs.
type sender struct {
	model *provider.Model
	open  flights
	now   clock.Time
	end   clock.Time // of the last answer
}

// take says how long the requests take at a deployment, from the first request to the last
// answer, which limit they are slowed down by, and how many requests are too large for its
// limits. Answers are as long as max_tokens allows.
func take(cfg *provider.Config, requests []sized) (seconds float64, by string, tooLarge int64) {
	s := &sender{model: provider.New(cfg, rng.New(1, 0), nil)}
	s.model.Foresee()
	s.model.Unread()
	var total provider.Costs
	for i, r := range requests {
		a := wire.Attempt{Call: uint64(i), Prompt: r.prompt, Guess: r.prompt, MaxTokens: r.most, Output: r.most}
		if !s.model.Fits(s.now, &a) {
			tooLarge++
			continue
		}
		_, over := s.model.Charges(&a)
		for unit := range total {
			total[unit] += over[unit]
		}
		s.send(&a)
	}
	if s.now > 0 {
		by = slowest(cfg, &total)
	}
	return s.end.Sub(0).Seconds(), by, tooLarge
}

// slowest returns the limit that needs the longest to let pass what the requests cost in all.
func slowest(cfg *provider.Config, total *provider.Costs) (name string) {
	longest := 0.0
	for _, l := range cfg.All() {
		if l.Per == 0 || l.Most == 0 {
			continue
		}
		if needs := float64(total[l.Counts]) / float64(l.Most) * l.Per.Seconds(); needs > longest {
			longest, name = needs, provider.NameOf(l.Counts, l.Per).String()
		}
	}
	return name
}

// manyLooks is how often Admits is believed that says to look again in a millisecond. After that only
// the end of a request can make room.
const manyLooks = 8

// send waits until there is room for a, and sends it.
func (s *sender) send(a *wire.Attempt) {
	for looks := 0; ; looks++ {
		for len(s.open) > 0 && s.open[0].ends <= s.now {
			f := heap.Pop(&s.open).(*flight)
			s.model.Finish(f.ends, &f.attempt, false)
		}
		at := s.model.Admits(s.now, s.now, a, 0, 0)
		if at <= s.now {
			var r wire.Reply
			took := s.model.Arrive(s.now, a, &r)
			if r.OK() {
				ends := s.now.Add(took)
				heap.Push(&s.open, &flight{ends, *a})
				s.end = max(s.end, ends)
				return
			}
			at = s.now.Add(max(r.RetryAfter, time.Second)) // by a limit on output, which cannot be foreseen
		}
		if len(s.open) > 0 && (at > s.open[0].ends || looks > manyLooks) {
			at = s.open[0].ends
		}
		s.now = max(at, s.now+1)
	}
}

// flight is an open request.
type flight struct {
	ends    clock.Time
	attempt wire.Attempt
}

// flights is a heap of them, the first to end on top.
type flights []*flight

func (f flights) Len() int           { return len(f) }
func (f flights) Less(i, j int) bool { return f[i].ends < f[j].ends }
func (f flights) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)        { *f = append(*f, x.(*flight)) }
func (f *flights) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// rounds returns how often a batch queue of so many tokens has to be filled, in the order of the
// requests, and how many requests are too large for it. Batches take up to a day each, and the next
// is taken when the one before is done.
func rounds(queue int64, requests []sized) (n, tooLarge int64) {
	left := int64(0)
	for _, r := range requests {
		cost := int64(r.prompt)
		switch {
		case queue > 0 && cost > queue:
			tooLarge++
			continue
		case n == 0 || queue > 0 && cost > left:
			n++
			left = queue
		}
		left -= cost
	}
	return n, tooLarge
}
