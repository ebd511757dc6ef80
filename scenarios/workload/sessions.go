package workload

import (
	"fmt"
	"math"
	"time"

	"ratesim/sim/clock"
	"ratesim/sim/rng"
)

// Sessions describes conversations and agents, for the process "sessions".
//
//	turn 0  system prompt + first prompt                          → answer
//	turn 1  all of turn 0, its answer, and what the user adds     → answer
//	turn 2  all of turn 1, its answer, and what a tool returns    → answer  …
//
// Stream.Prompt is the first prompt beside the system prompt, and Stream.Output each
// answer. Arrivals.Think is the time between the answer and the next turn, in which a
// user reads or a tool works.
type Sessions struct {
	Start  Arrivals // [start] when sessions begin: a process that neither waits for calls nor is a trace
	Turns  rng.Dist // [turns] calls that a session makes one after another, 1 to MaxTurns
	Added  rng.Dist // [added_tokens] what each turn but the first adds to the conversation
	System uint32   // [system_tokens] with which every prompt of the stream begins
	// MaxContext bounds a prompt; 0 = nothing does. A conversation that would exceed it
	// is compacted: the system prompt and a summary, CompactTo tokens together, stand for
	// all that was said before. Where CompactTo is 0 it is truncated: the oldest messages
	// are left out until the prompt fits.
	MaxContext uint32 // [max_context]
	CompactTo  uint32 // [compact_to]
	FanOut     FanOut // [fan_out]
}

// FanOut describes the sub-agents that a session starts after a turn, Spacing apart. Each
// is a conversation of its own behind the same system prompt. The session's next turn
// comes when all of them have ended, and their last answers are a part of its prompt.
type FanOut struct {
	Share  float64  // [share] of the turns but the last that sub-agents follow; 0 = none
	Agents rng.Dist // [agents] how many they are, 1 to MaxAgents
	Turns  rng.Dist // [turns] calls that each makes, 1 to MaxAgentTurns
	Prompt rng.Dist // [prompt_tokens] the first prompt of each, beside the system prompt
	Output rng.Dist // [output_tokens] each of its answers
}

// Spacing is the time between the starts of two sub-agents. A client writes one request
// after another; and what has an order is the same in a simulation and over HTTP.
const Spacing = time.Millisecond

// A call of a session has the number of the session in the low bits of its own, so that a
// session of one turn has the number, and all the draws, of a plain call. Above it are the
// turn and, of a sub-agent's call, the number of the sub-agent from 1 and the turn of its
// own.
const (
	sessionBits   = 24
	turnBits      = 10
	agentBits     = 7
	agentTurnBits = 7

	turnAt      = sessionBits
	agentAt     = turnAt + turnBits
	agentTurnAt = agentAt + agentBits
)

// Bounds of sessions, which come from the width of call numbers.
const (
	MaxSessions   = 1 << sessionBits // of a stream in one run
	MaxTurns      = 1 << turnBits
	MaxAgents     = 1<<agentBits - 1
	MaxAgentTurns = 1 << agentTurnBits
)

// SessionCounts says what became of the sessions of a source.
type SessionCounts struct {
	Begun int64
	// Lost are the sessions that stopped because a call of theirs failed, and LostTurns
	// the calls that they had still to make. Those calls never arrive.
	Lost, LostTurns int64
}

// SessionsOf returns the counts of a source; they are 0 if it has no sessions.
func SessionsOf(s Source) SessionCounts {
	if of, ok := s.(*sessionSource); ok {
		return of.counts
	}
	return SessionCounts{}
}

// sessionSource is the process "sessions". It keeps some 100 bytes for each session and
// each sub-agent that is under way, and nothing of those that have ended: all else is drawn
// again from the number of the call.
type sessionSource struct {
	caller
	of     *Sessions
	until  clock.Time
	times  times
	counts SessionCounts
	open   map[uint64]session      // by the number of the session
	agents map[uint64]conversation // of sub-agents at work, by their number above that of the session
	err    error
}

// conversation is what has been said.
type conversation struct {
	context uint32 // tokens of the last prompt and, once it is there, its answer
	origin  uint16 // the turn in which it began, or was compacted last
}

// session is one that has not ended.
type session struct {
	conversation
	agents  uint8  // sub-agents at work
	stopped bool   // it makes no more calls
	lost    bool   // because one has failed
	results uint64 // tokens of the last answers of the sub-agents that have ended
}

func newSessions(c *caller, until clock.Time) (Source, error) {
	of := c.stream.Arrivals.Sessions
	if of == nil {
		return nil, fmt.Errorf("sessions are not described")
	}
	if err := of.check(); err != nil {
		return nil, err
	}
	t, err := of.Start.times(c.key.Sequence(rng.Arrivals), until)
	if err != nil {
		return nil, fmt.Errorf("start: %s: %w", of.Start.Process, err)
	}
	return &sessionSource{caller: *c, of: of, until: until, times: t, open: map[uint64]session{}, agents: map[uint64]conversation{}}, nil
}

func (s *Sessions) check() error {
	switch {
	case s.MaxContext > 0 && s.MaxContext <= s.System:
		return fmt.Errorf("max_context is %d tokens and the system prompt alone has %d; there is no room for a conversation", s.MaxContext, s.System)
	case s.CompactTo > 0 && (s.CompactTo < s.System || s.CompactTo >= s.MaxContext):
		return fmt.Errorf("compact_to must be at least the %d tokens of the system prompt and less than max_context, got %d", s.System, s.CompactTo)
	case !(s.FanOut.Share >= 0 && s.FanOut.Share <= 1):
		return fmt.Errorf("the share of turns that fan out must lie in 0..1, got %v", s.FanOut.Share)
	}
	return nil
}

func (s *sessionSource) Next(a *Arrival) bool {
	if s.err != nil {
		return false
	}
	at := s.times.next()
	if at >= s.until {
		return false
	}
	n := uint64(s.counts.Begun)
	if n == MaxSessions {
		s.err = fmt.Errorf("a stream has at most %d sessions", MaxSessions)
		return false
	}
	s.counts.Begun++
	s.open[n] = session{conversation: s.begin(a, n, at, &s.stream.Prompt)}
	return true
}

func (s *sessionSource) Err() error { return s.err }

// begin fills a with the first call of a conversation, which has the number n.
func (s *sessionSource) begin(a *Arrival, n uint64, at clock.Time, prompt *rng.Dist) conversation {
	said := uint64(tokens(prompt.Draw(s.key, rng.Prompt, s.base|n, 0))) + uint64(s.of.System)
	if most := uint64(s.of.MaxContext); most > 0 {
		said = min(said, most)
	}
	c := conversation{context: saturated(said)}
	s.ask(a, n, at, c)
	return c
}

// ask fills a with the call n of a conversation.
func (s *sessionSource) ask(a *Arrival, n uint64, at clock.Time, c conversation) {
	s.sized(a, n, at, c.context, s.output(n))
	// A prefix is the conversation since the call with which it began or was compacted.
	origin := part(n, 0, sessionBits) | uint64(c.origin)<<turnAt
	if isAgent(n) {
		origin = n&(1<<agentTurnAt-1) | uint64(c.origin)<<agentTurnAt
	}
	a.Prefix = (s.base | origin) + 1
}

// output draws the answer to the call n.
func (s *sessionSource) output(n uint64) uint32 {
	d := &s.stream.Output
	if isAgent(n) {
		d = &s.of.FanOut.Output
	}
	return tokens(d.Draw(s.key, rng.Output, s.base|n, 0))
}

// answer is output, cut to max_tokens as Arrival.Output is.
func (s *sessionSource) answer(n uint64) uint64 {
	out := s.output(n)
	if most := s.stream.MaxTokens; most > 0 {
		out = min(out, most)
	}
	return uint64(out)
}

// grow makes the prompt of a turn of all that was said and what is added, or of what
// max_context leaves of it.
func (c *conversation) grow(of *Sessions, added uint64, turn uint16) {
	prompt := uint64(c.context) + added
	if most := uint64(of.MaxContext); most > 0 && prompt > most {
		if of.CompactTo > 0 {
			prompt = uint64(of.CompactTo) + added
		}
		prompt, c.origin = min(prompt, most), turn
	}
	c.context = saturated(prompt)
}

// answered adds an answer to the conversation.
func (c *conversation) answered(tokens uint64) { c.context = saturated(uint64(c.context) + tokens) }

func saturated(n uint64) uint32 { return uint32(min(n, math.MaxUint32)) }

// Ended makes the calls for which the session or the sub-agent has waited.
func (s *sessionSource) Ended(now clock.Time, id uint64, succeeded bool, next []Arrival) []Arrival {
	n := id & (1<<sequenceBits - 1)
	number := part(n, 0, sessionBits)
	o, ok := s.open[number]
	if !ok {
		return next
	}
	if !succeeded && !o.stopped {
		o.stopped, o.lost = true, true
		s.counts.Lost++
		s.counts.LostTurns += s.rest(n)
	}
	if isAgent(n) {
		next = s.agentEnded(now, n, &o, next)
	} else if !o.stopped {
		o.answered(s.answer(n))
		next = s.turnEnded(now, n, &o, next)
	}
	if o.stopped && o.agents == 0 {
		delete(s.open, number)
	} else {
		s.open[number] = o
	}
	return next
}

// turnEnded goes on after a turn of the session itself that has been answered.
func (s *sessionSource) turnEnded(now clock.Time, n uint64, o *session, next []Arrival) []Arrival {
	turn := part(n, turnAt, turnBits)
	if turn+1 >= s.turns(n) {
		o.stopped = true // it is complete
		return next
	}
	k := s.fanOut(n)
	if k == 0 {
		return s.nextTurn(now, n, o, next)
	}
	start := func(i uint64) clock.Time { return now.Add(time.Duration(i) * Spacing) }
	if last := start(k - 1); last >= s.until || last < now {
		o.stopped = true
		return next
	}
	o.agents = uint8(k)
	for i := range k {
		var a Arrival
		first := n | (i+1)<<agentAt
		s.agents[agentOf(first)] = s.begin(&a, first, start(i), &s.of.FanOut.Prompt)
		next = append(next, a)
	}
	return next
}

// agentEnded goes on after a call of a sub-agent.
func (s *sessionSource) agentEnded(now clock.Time, n uint64, o *session, next []Arrival) []Arrival {
	turns, turn := s.agentTurns(n), part(n, agentTurnAt, agentTurnBits)
	last := turn+1 >= turns
	if !o.stopped && !last {
		c := s.agents[agentOf(n)]
		m := n + 1<<agentTurnAt
		at := now + clock.FromSeconds(s.think(m))
		if at >= now && at < s.until {
			c.answered(s.answer(n))
			c.grow(s.of, s.added(m), uint16(turn+1))
			s.agents[agentOf(n)] = c
			var a Arrival
			s.ask(&a, m, at, c)
			return append(next, a)
		}
		o.stopped = true // there is no time left for what others wait for
	} else if o.lost && !last {
		s.counts.LostTurns += int64(turns - turn - 1)
	}
	delete(s.agents, agentOf(n))
	o.results += s.answer(n)
	if o.agents--; o.agents > 0 || o.stopped {
		return next
	}
	return s.nextTurn(now, n&(1<<agentAt-1), o, next)
}

// nextTurn makes the turn after n.
func (s *sessionSource) nextTurn(now clock.Time, n uint64, o *session, next []Arrival) []Arrival {
	m := n + 1<<turnAt
	at := now + clock.FromSeconds(s.think(m))
	if at >= s.until || at < now {
		o.stopped = true
		return next
	}
	o.grow(s.of, o.results+s.added(m), uint16(part(m, turnAt, turnBits)))
	o.results = 0
	var a Arrival
	s.ask(&a, m, at, o.conversation)
	return append(next, a)
}

// rest returns how many calls a session had still to make when its call n failed, but for
// those of the sub-agents at work.
func (s *sessionSource) rest(n uint64) int64 {
	turn, turns := part(n, turnAt, turnBits), s.turns(n)
	calls := int64(turns - turn - 1)
	if isAgent(n) {
		turn++ // the sub-agents that follow this one are at work
	}
	for ; turn+1 < turns; turn++ {
		after := part(n, 0, sessionBits) | turn<<turnAt
		for i := range s.fanOut(after) {
			calls += int64(s.agentTurns(after | (i+1)<<agentAt))
		}
	}
	return calls
}

// The draws of a session. Each is keyed by the call that it is about.

// turns returns how many turns the session of a call has.
func (s *sessionSource) turns(n uint64) uint64 {
	return whole(s.of.Turns.Draw(s.key, rng.Turns, s.base|part(n, 0, sessionBits), 0), MaxTurns)
}

// fanOut returns how many sub-agents follow the turn n.
func (s *sessionSource) fanOut(n uint64) uint64 {
	f := &s.of.FanOut
	if f.Share == 0 || s.key.Float64(rng.SubAgents, s.base|n, 0) >= f.Share {
		return 0
	}
	return whole(f.Agents.Draw(s.key, rng.SubAgents, s.base|n, 1), MaxAgents)
}

// agentTurns returns how many turns the sub-agent of a call has.
func (s *sessionSource) agentTurns(n uint64) uint64 {
	return whole(s.of.FanOut.Turns.Draw(s.key, rng.Turns, s.base|n&(1<<agentTurnAt-1), 1), MaxAgentTurns)
}

// think returns how many seconds pass before the call n.
func (s *sessionSource) think(n uint64) float64 {
	return s.stream.Arrivals.Think.Draw(s.key, rng.Think, s.base|n, 0)
}

// added returns what the call n adds to the conversation.
func (s *sessionSource) added(n uint64) uint64 {
	return uint64(tokens(s.of.Added.Draw(s.key, rng.Added, s.base|n, 0)))
}

// part returns the width bits of a number from bit at on.
func part(n uint64, at, width int) uint64 { return n >> at & (1<<width - 1) }

func isAgent(n uint64) bool { return part(n, agentAt, agentBits) > 0 }

// agentOf returns what names the sub-agent of the call n among those at work: a session
// has no others while those of one turn are.
func agentOf(n uint64) uint64 { return part(n, 0, sessionBits) | part(n, agentAt, agentBits)<<turnAt }

// whole rounds x to a whole number from 1 to most.
func whole(x float64, most uint64) uint64 {
	if !(x >= 1) {
		return 1
	}
	return uint64(math.Round(min(x, float64(most))))
}

// Caches reports whether a provider's cache may have some of the prompts of s.
func (s *Stream) Caches() bool { return s.Cached > 0 || s.Arrivals.Process == InSessions }

// SystemTokens returns with how many tokens, always the same, every prompt of s begins.
func (s *Stream) SystemTokens() uint32 {
	if s.Arrivals.Process != InSessions || s.Arrivals.Sessions == nil {
		return 0
	}
	return s.Arrivals.Sessions.System
}
