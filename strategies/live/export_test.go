package live

import (
	"context"
	"fmt"
	"time"
)

// Residue returns what a closed Transport still holds, empty = nothing.
func (t *Transport) Residue() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := 0
	for _, c := range t.calls {
		if c != nil {
			held++
		}
	}
	alarm := t.alarm != nil && t.alarm.Stop()
	if held == 0 && t.open == 0 && len(t.free) == len(t.calls) && t.desk.asking == 0 && t.desk.late == 0 && !alarm {
		return ""
	}
	return fmt.Sprintf("%d calls, %d open, %d of %d slots free, %d asks, %d late asks, alarm is set: %v",
		held, t.open, len(t.free), len(t.calls), t.desk.asking, t.desk.late, alarm)
}

// Unlocked reports whether nobody holds the mutex that guards the strategy.
func (t *Transport) Unlocked() bool {
	if !t.mu.TryLock() {
		return false
	}
	t.mu.Unlock()
	return true
}

// Timers stops the timers of an attempt and of its call, given the context of the attempt,
// and returns which were set.
func Timers(ctx context.Context) (set string) {
	a := ctx.Value(attemptKey{}).(*attempt)
	for name, timer := range map[string]*time.Timer{" timeout": a.timer, " wake": a.c.wake, " deadline": a.c.expire} {
		if timer != nil && timer.Stop() {
			set += name
		}
	}
	return set
}
