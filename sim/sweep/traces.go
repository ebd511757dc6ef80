package sweep

import (
	"fmt"
	"sync"

	"ratesim/scenarios/workload"
)

// traces keeps what logs were summed up to: every cell reads the scenario again, and a log
// may have a million rows.
type traces struct {
	mu    sync.Mutex
	known map[string]known
}

type known struct {
	summary workload.Summary
	content *workload.Content
}

func newTraces() *traces { return &traces{known: map[string]known{}} }

func (t *traces) describe(l *workload.Log) (workload.Summary, error) {
	if l.Data != nil {
		return l.Describe()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := fmt.Sprint(l.Name, "\x00", l.Format, "\x00", l.Columns, "\x00", l.SkipBadRows)
	if k, ok := t.known[key]; ok {
		l.Read = k.content
		return k.summary, nil
	}
	s, err := l.Describe()
	if err == nil {
		t.known[key] = known{s, l.Read}
	}
	return s, err
}
