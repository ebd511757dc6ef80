package provider

import (
	"time"

	"ratesim/sim/clock"
)

// Stand says what is left of a limit.
type Stand struct {
	Counts Unit
	Per    time.Duration // 0 = at a time
	Most   int64         // as it is cut now
	Left   int64
}

// Stands appends to list what is left of each limit at now, for whoever looks at the
// server. Replies tell less; see Headers. A limit on growth is left out: it has no size.
func (m *Model) Stands(now clock.Time, list []Stand) []Stand {
	m.advance(now)
	for i, r := range m.cfg.Rules() {
		s := &m.slots[i]
		if s.ramp {
			continue
		}
		left, _ := s.limiter.Left(now)
		list = append(list, Stand{Counts: r.Counts, Per: r.Width, Most: m.scaled(s.window), Left: max(0, left)})
	}
	return list
}
