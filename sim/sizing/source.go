package sizing

import (
	"math"

	"ratesim/provider/capacity"
	"ratesim/scenarios/workload"
	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// shape is the size of a request, 1 being the mean.
type shape struct{ prompt, output float64 }

// shapes scales sizes to a mean of 1.
func shapes(sizes []capacity.Tokens) []shape {
	var sum capacity.Tokens
	for _, s := range sizes {
		sum.Prompt += s.Prompt
		sum.Output += s.Output
	}
	n := float64(len(sizes))
	out := make([]shape, len(sizes))
	for i, s := range sizes {
		out[i] = shape{1, 1}
		if sum.Prompt > 0 {
			out[i].prompt = s.Prompt * n / sum.Prompt
		}
		if sum.Output > 0 {
			out[i].output = s.Output * n / sum.Output
		}
	}
	return out
}

// minutes is a Source of arrivals that add up to what each minute used: its
// requests at uniformly random instants, as those of a Poisson process are once
// their number is known, and its tokens divided among them by shapes. Its memory
// is that of the busiest minute.
type minutes struct {
	used   []capacity.Tokens
	online float64 // the share of each minute that arrives
	shapes []shape
	draws  rng.Sequence
	until  clock.Time

	minute         int
	requests       float64            // due and not whole yet
	prompt, output float64            // due: of rounding, and of minutes with less than a request
	waiting        []workload.Arrival // of the minute at hand
	next           int
	n              uint64
}

// Next implements workload.Source.
func (s *minutes) Next(a *workload.Arrival) bool {
	for s.next == len(s.waiting) {
		if s.minute == len(s.used) {
			return false
		}
		s.fill()
	}
	*a = s.waiting[s.next]
	s.next++
	return a.At < s.until
}

// Err implements workload.Source.
func (s *minutes) Err() error { return nil }

// fill makes the arrivals of the next minute.
func (s *minutes) fill() {
	used := &s.used[s.minute]
	s.requests += used.Requests * s.online
	s.prompt += used.Prompt * s.online
	s.output += used.Output * s.online
	n := int(s.requests + 1e-9)
	s.requests -= float64(n)
	begin := float64(s.minute) * 60
	s.minute++
	s.waiting, s.next = s.waiting[:0], 0
	if n == 0 {
		return
	}
	// Sums of exponential gaps, divided by the sum of n+1, are n sorted uniforms.
	at, prompts, outputs := 0.0, 0.0, 0.0
	gaps := make([]float64, n)
	picked := make([]shape, n)
	for i := range n {
		at += s.draws.Exp()
		gaps[i] = at
		picked[i] = s.shapes[int(s.draws.Float64()*float64(len(s.shapes)))]
		prompts += picked[i].prompt
		outputs += picked[i].output
	}
	at += s.draws.Exp()
	prompt, output := s.prompt, s.output
	for i := range n {
		p := s.take(&s.prompt, share(prompt, picked[i].prompt, prompts, n))
		s.waiting = append(s.waiting, workload.Arrival{ID: s.n, At: clock.FromSeconds(begin + 60*gaps[i]/at), Deadline: clock.Never,
			Prompt: p, Estimate: p, Guess: p, Output: s.take(&s.output, share(output, picked[i].output, outputs, n))})
		s.n++
	}
}

// share is the part of a total that one of n takes, in equal parts where none
// has any.
func share(total, part, of float64, n int) float64 {
	if of == 0 {
		return total / float64(n)
	}
	return total * part / of
}

// take rounds a number of tokens, at least 1, and leaves in due what is still
// due.
func (s *minutes) take(due *float64, v float64) uint32 {
	whole := min(max(1, math.Round(v)), math.MaxUint32)
	*due -= whole
	return uint32(whole)
}
